"""Codes of one-dimensional signals: stems, stripes, slices, and the matrices behind them."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from ..local import stripes
from .colors import COLORS


def stems(gamma, ax=None, color="code", label=None, offset=0.0):
    """Draw the non-zeros of a code as stems."""
    ax = plt.gca() if ax is None else ax
    gamma = to_numpy(gamma).ravel()
    at = np.flatnonzero(gamma)
    ax.vlines(at + offset, 0, gamma[at], color=COLORS.get(color, color), lw=1.2)
    ax.plot(at + offset, gamma[at], "o", markersize=3.5, color=COLORS.get(color, color), label=label)
    ax.axhline(0, color="0.6", lw=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def codes(found, truth=None, width=7.0, height=2.1):
    """Codes side by side, ``{name: code}``, each over the true one as open circles; returns the figure.

    Entries below a millionth of the largest are rounding, and not drawn.
    """
    fig, axes = plt.subplots(
        1, len(found), squeeze=False, sharey=True, layout="constrained", figsize=(width, height)
    )
    for (name, gamma), ax in zip(found.items(), axes.flat, strict=True):
        gamma = to_numpy(gamma)
        gamma = np.where(np.abs(gamma) > 1e-6 * np.abs(gamma).max(initial=0), gamma, 0)
        stems(gamma, ax, name.lower() if name.lower() in COLORS else "code")
        ax.set_xlim(-0.02 * gamma.size, 1.02 * gamma.size)
        if truth is not None:
            at, color = np.flatnonzero(to_numpy(truth)), COLORS["truth"]
            ax.plot(at, to_numpy(truth)[at], "o", markersize=7, markerfacecolor="none", color=color)
        ax.set_title(name, fontsize=9)
        ax.set_xlabel("atom")
    return fig


def pursuit_steps(steps, width=7.0):
    """Steps ``(|D^T r|, atom, residual after it)`` of a greedy pursuit, a row each; returns the figure."""
    fig, axes = plt.subplots(
        len(steps),
        2,
        sharex="col",
        sharey="col",
        squeeze=False,
        layout="constrained",
        figsize=(width, 0.4 + 1.05 * len(steps)),
    )
    for number, ((corr, j, r), (left, right)) in enumerate(zip(steps, axes, strict=True), 1):
        corr = to_numpy(corr)
        left.vlines(range(corr.size), 0, corr, color=COLORS["other"], lw=1)
        left.vlines(j, 0, corr[j], color=COLORS["omp"], lw=2.5)
        left.annotate(
            f"step {number}: atom {j}", (j, corr[j]), (6, -4), textcoords="offset points", fontsize=8
        )
        right.plot(to_numpy(r), color=COLORS["truth"], lw=1, drawstyle="steps-mid")
        for ax in (left, right):
            ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_title("correlations $|D^T r|$ before the step", fontsize=9)
    axes[0, 1].set_title("residual $r$ after it", fontsize=9)
    axes[-1, 0].set_xlabel("atom")
    axes[-1, 1].set_xlabel("sample")
    return fig


def stripe_counts(codes, size, level=None, width=7.0, height=3.2):
    """1-D codes (N, m) side by side, ``{name: code}``, each over how many non-zeros its stripes hold;
    returns the figure."""
    fig, axes = plt.subplots(
        2, len(codes), squeeze=False, sharex=True, sharey="row", layout="constrained", figsize=(width, height)
    )
    for (name, gamma), (top, bottom) in zip(codes.items(), axes.T, strict=True):
        held = to_numpy(stripes(gamma, size) != 0).sum(axis=-1)
        for column, face in zip(to_numpy(gamma).T, (COLORS["code"], "none", "0.7"), strict=False):
            at = np.flatnonzero(column)
            top.vlines(at, 0, column[at], color=COLORS["code"], lw=1.1)
            top.plot(at, column[at], "o", markersize=4, color=COLORS["code"], markerfacecolor=face)
        top.axhline(0, color="0.6", lw=0.6)
        top.set_title(name, fontsize=9)
        bottom.fill_between(range(len(held)), held, step="mid", color="0.8")
        bottom.step(range(len(held)), held, where="mid", color=COLORS["truth"], lw=1)
        if level is not None:
            bottom.axhline(level, color=COLORS["bound"], ls="--", lw=1.2)
        bottom.set_xlabel("position $i$")
        bottom.set_ylim(0, None)
        for ax in (top, bottom):
            ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel(r"code $\Gamma$")
    axes[1, 0].set_ylabel("non-zeros\nin stripe $i$")
    return fig


def long_codes(found, truth, tiny=0.0, width=7.0, height=1.5):
    """Codes (N, m) of a long signal in rows, ``{title: code}``; returns the figure.

    Right non-zeros are dots, false ones crosses, missed ones circles; entries up to ``tiny`` count as zero.
    """
    fig, axes = plt.subplots(
        len(found),
        1,
        squeeze=False,
        sharex=True,
        sharey=True,
        layout="constrained",
        figsize=(width, height * len(found)),
    )
    truth = np.where(np.abs(to_numpy(truth)) > tiny, to_numpy(truth), 0)
    where = np.broadcast_to(np.arange(len(truth))[:, None], truth.shape)
    for (title, gamma), ax in zip(found.items(), axes.flat, strict=True):
        gamma = to_numpy(gamma)
        chosen = np.abs(gamma) > tiny
        right, false, missed = chosen & (truth != 0), chosen & (truth == 0), ~chosen & (truth != 0)
        color = COLORS.get(title.split(":")[0].split()[0].lower(), COLORS["code"])
        ax.vlines(where[chosen], 0, gamma[chosen], color=color, lw=0.8)
        ax.plot(where[right], gamma[right], "o", markersize=3, color=color, label="right")
        ax.plot(where[false], gamma[false], "x", markersize=6, color=COLORS["bound"], label="false")
        ax.plot(where[missed], truth[missed], "ko", markersize=5, markerfacecolor="none", label="missed")
        ax.axhline(0, color="0.6", lw=0.6)
        ax.set_title(title, fontsize=9, loc="left")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].legend(frameon=False, fontsize=8, ncols=3, loc="lower right", bbox_to_anchor=(1, 0.97))
    axes[-1, 0].set_xlabel("position of the atom")
    return fig


def convolutional_sum(D, gamma, width=7.0):
    """A 1-D signal as the sum of its filtered feature maps, a row for each filter; returns the figure."""
    x, m, filters = to_numpy(D @ gamma), gamma.shape[-1], to_numpy(D.filters)
    fig, axes = plt.subplots(
        m + 1, 3, layout="constrained", figsize=(width, 0.4 + 1.05 * (m + 1)), width_ratios=(0.5, 3, 3)
    )
    for k, (small, left, right) in enumerate(axes[:m]):
        one = 0 * gamma
        one[:, k] = gamma[:, k]
        small.plot(filters[:, 0, k], color=COLORS["bound"], lw=1.2)
        small.set_ylabel(f"filter {k + 1}", fontsize=9)
        stems(gamma[:, k], left).margins(y=0.15)
        right.plot(to_numpy(D @ one)[:, 0], color=COLORS["code"], lw=1.2)
    for ax, title in zip(axes[0, 1:], ("feature map", "filter * feature map"), strict=True):
        ax.set_title(title, fontsize=9)
    axes[m, 2].plot(x[:, 0], color=COLORS["truth"], lw=1.4)
    axes[m, 2].set_title("their sum: the signal $X$", fontsize=9)
    for ax in axes[:m, 0]:
        ax.spines[:].set_visible(False)
        ax.set(xticks=[], yticks=[])
    for ax in axes[m, :2]:
        ax.set_axis_off()
    for ax in axes[:, 1:].flat:
        ax.axhline(0, color="0.6", lw=0.6)
        ax.set_xlim(-1, len(x))
        ax.spines[["top", "right"]].set_visible(False)
    for ax in (axes[m - 1, 1], axes[m, 2]):
        ax.set_xlabel("sample")
    return fig


def matrices(found, width=7.0, height=2.4, xlabel="column", mark=None):
    """Magnitudes of matrices side by side, ``{title: matrix}``, black where largest; returns the figure.

    ``mark = (rows, columns)``, two slices, frames a part of the first.
    """
    found = {title: np.abs(to_numpy(M)) for title, M in found.items()}
    fig, axes = plt.subplots(
        1,
        len(found),
        squeeze=False,
        layout="constrained",
        figsize=(width, height),
        width_ratios=[M.shape[1] for M in found.values()],
    )
    for (title, M), ax in zip(found.items(), axes.flat, strict=True):
        ax.imshow(M, cmap="Greys", interpolation="nearest", aspect="auto", vmin=0)
        ax.set_title(title, fontsize=9)
        ax.set_xlabel(xlabel)
        if mark is not None and ax is axes[0, 0]:
            (r0, r1), (c0, c1) = ((s.start - 0.5, s.stop - 0.5) for s in mark)
            ax.plot([c0, c1, c1, c0, c0], [r0, r0, r1, r1, r0], color=COLORS["bound"], lw=1.8)
    axes[0, 0].set_ylabel("row")
    return fig


def slices_and_patches(x, slices, size, where, width=7.0):
    """Slices and patches of a signal at a few positions, over the signal; returns the figure."""
    x, slices = to_numpy(x)[:, 0], to_numpy(slices)
    fig, axes = plt.subplots(1, 2, sharey=True, layout="constrained", figsize=(width, 2.4))
    for ax, title in zip(axes, ("slices: add up to the signal", "patches: overlap, and agree"), strict=True):
        ax.plot(x, color=COLORS["noisy"], lw=3, label="X")
        ax.set_title(title, fontsize=9)
        ax.set_xlabel("sample")
        ax.spines[["top", "right"]].set_visible(False)
    for i, style in zip(where, ("-", "--", "-.", ":") * len(where), strict=False):
        at = (i + np.arange(size)) % len(x)
        order = np.argsort(at)
        axes[0].plot(at[order], slices[i][order], style, color=COLORS["code"], lw=1.4)
        axes[1].plot(at[order], x[at][order], style, color=COLORS["bound"], lw=1.4)
    return fig


def needles_and_stripes(gamma, size, spike=None, width=7.0):
    """A code (N, m), the non-zeros of its needles, and of its stripes; returns the figure.

    ``spike`` shades the stripes that one position belongs to.
    """
    gamma = to_numpy(gamma)
    N, (n,) = len(gamma), size
    fig, axes = plt.subplots(
        3, 1, sharex=True, layout="constrained", figsize=(width, 4.2), height_ratios=(1.3, 0.8, 1.3)
    )
    for k, marker in zip(range(gamma.shape[-1]), "os^D*" * gamma.shape[-1], strict=False):
        at = np.flatnonzero(gamma[:, k])
        axes[0].vlines(at, 0, gamma[at, k], color=COLORS["code"], lw=1.2)
        face = "white" if k else COLORS["code"]
        axes[0].plot(
            at, gamma[at, k], marker, color=COLORS["code"], mfc=face, markersize=5, label=f"filter {k + 1}"
        )
    needle, filled = np.count_nonzero(gamma, axis=-1), np.count_nonzero(stripes(gamma, size), axis=-1)
    axes[0].axhline(0, color="0.6", lw=0.6)
    axes[0].legend(frameon=False, fontsize=8, loc="upper right")
    axes[0].set_ylabel("code")
    axes[1].bar(range(N), needle, color=COLORS["code"], width=1)
    axes[1].set_ylabel("needle")
    axes[2].step(range(N), filled, where="mid", color=COLORS["truth"], lw=1.4)
    top = filled.max()
    axes[2].axhline(top, color=COLORS["bound"], ls="--", lw=1.2)
    axes[2].annotate(
        rf"$\|\Gamma\|_{{0,\infty}} = {top}$", (N - 1, top), (0, 4), textcoords="offset points", ha="right",
        color=COLORS["bound"], fontsize=9,
    )  # fmt: skip
    axes[2].set(ylabel="stripe", xlabel="position $i$", ylim=(0, max(4, top + 1)), xlim=(-1, N))
    axes[1].set_ylim(0, 2.3)
    axes[0].set_ylim(-1.6, 1.9)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        for shift in (-N, 0, N) if spike is not None else ():
            ax.axvspan(spike + shift - n + 0.5, spike + shift + n - 0.5, color="0.88", zorder=0)
    return fig
