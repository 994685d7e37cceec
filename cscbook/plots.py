"""Plots: matplotlib only. Each function draws on a given axes, or makes a figure and returns it.

The same object has the same colour in the whole book: ``COLORS``.
"""

import math

import matplotlib.pyplot as plt
import numpy as np

from .arrays import to_numpy

COLORS = {  # readable in grey and to the colour-blind [Okabe & Ito, 2008]
    "truth": "#000000",
    "noisy": "#999999",
    "code": "#0072B2",
    "bound": "#D55E00",
    "omp": "#009E73",
    "bp": "#0072B2",
    "thresholding": "#CC79A7",
    "ksvd": "#D55E00",
    "dct": "#56B4E9",
    "other": "#999999",
}


def image(x, ax=None, title=None, limits=(0, 255)):
    """Draw an image (H, W, c) on ``ax``: grey for one channel, colour for three; values are shown from
    ``limits``."""
    ax = plt.gca() if ax is None else ax
    low, high = limits
    x = np.clip((to_numpy(x) - low) / (high - low), 0, 1)
    ax.imshow(x[..., 0] if x.shape[-1] == 1 else x, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    if title:
        ax.set_title(title, fontsize=10)
    return ax


def images(xs, titles=None, columns=None, limits=(0, 255), width=7.0):
    """Images side by side, or in rows of ``columns``; returns the figure."""
    columns = columns or min(len(xs), 4)
    rows, (H, W) = math.ceil(len(xs) / columns), to_numpy(xs[0]).shape[:2]
    title = 0.3 if titles else 0.0
    fig, axes = plt.subplots(
        rows,
        columns,
        squeeze=False,
        layout="constrained",
        figsize=(width, rows * (width / columns * H / W + title)),
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for i, (x, ax) in enumerate(zip(xs, axes.flat, strict=False)):
        image(x, ax, titles[i] if titles else None, limits)
    return fig


def atoms(D, ax=None, size=None, order=None, title=None):
    """Draw the atoms of a matrix (n, m) as small square pictures in a square, each stretched to full
    contrast."""
    D = to_numpy(D)
    D = D if order is None else D[:, to_numpy(order)]
    size = size or math.isqrt(D.shape[0])
    side = math.ceil(math.sqrt(D.shape[1]))
    canvas = np.full((side * (size + 1) + 1,) * 2, 0.5)
    for j, atom in enumerate(D.T):
        top = np.abs(atom).max() or 1
        i0, j0 = (size + 1) * (j // side) + 1, (size + 1) * (j % side) + 1
        canvas[i0 : i0 + size, j0 : j0 + size] = 0.5 + atom.reshape(size, size) / (2 * top)
    return image(canvas[..., None], plt.gca() if ax is None else ax, title, limits=(0, 1))


def curves(x, series, ax=None, xlabel=None, ylabel=None, log=False):
    """Draw named curves over ``x``; a name in ``COLORS`` gets its colour. ``log`` makes the vertical
    axis logarithmic."""
    ax = plt.gca() if ax is None else ax
    for (name, y), marker in zip(series.items(), "osD^vPX*" * len(series), strict=False):
        ax.plot(x, y, marker=marker, markersize=4, color=COLORS.get(name.lower()), label=name)
    if log:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return ax


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


def against_bounds(x, series, ax=None, xlabel=None, ylabel=None):
    """Measured values and bounds, ``{name: (values, bounds)}``, on logarithmic axes; bounds are dashed."""
    ax = plt.gca() if ax is None else ax
    for (name, (values, bounds)), marker in zip(series.items(), "osD^v", strict=False):
        (line,) = ax.loglog(x, values, marker=marker, markersize=4, label=name)
        ax.loglog(x, bounds, "--", color=line.get_color(), label=f"bound for {name}")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
    return ax


def correlations(D, levels, width=7.0, height=2.6):
    """``|<d_i, d_j shifted by s>|`` over all shifts of a 1-D ConvDictionary with unit atoms, under the
    named ``levels``; returns the figure."""
    fig, ax = plt.subplots(figsize=(width, height), layout="constrained")
    n, m = D.size[0], D.filters.shape[-1]
    cross = np.abs(to_numpy(D.local.T @ D.stripe_dictionary)).reshape(m, 2 * n - 1, m)
    cross[range(m), n - 1, range(m)] = np.nan  # an atom with itself
    for i in range(m):
        for j in range(i, m):
            marker = "osx^v"[(i + j) % 5]
            ax.plot(range(1 - n, n), cross[i, :, j], marker, markersize=3, label=f"filters {i}, {j}")
    for (name, level), style in zip(levels.items(), ("--", "-", ":"), strict=False):
        ax.axhline(level, ls=style, color=COLORS["bound"], lw=1.2, label=name)
    ax.set(xlabel="shift $s$", ylabel="correlation", ylim=(0, None))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return fig


def stripe_counts(codes, size, level=None, width=7.0, height=3.2):
    """1-D codes (N, m) side by side, ``{name: code}``, each over how many non-zeros its stripes hold;
    returns the figure."""
    from .local import stripes

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


def recovery(rates, level=None, ax=None, title=None):
    """Draw success rates ``{name: (centre, rate, low, high)}`` against ``||gamma||_0,inf``, with intervals.

    ``level`` is drawn as the guarantee: below it nothing may fail.
    """
    ax = plt.gca() if ax is None else ax
    if level is not None:
        ax.axvspan(0, level, color=COLORS["bound"], alpha=0.15, lw=0)
        ax.axvline(level, color=COLORS["bound"], ls="--", lw=1.2, label=f"guarantee: below {level:.2f}")
    for (name, (centre, rate, low, high)), marker in zip(rates.items(), "os^D", strict=False):
        bars = np.maximum((rate - low, high - rate), 0)
        color = COLORS.get(name.lower())
        ax.errorbar(
            centre, rate, bars, marker=marker, markersize=4, capsize=2, lw=1.2, color=color, label=name
        )
    ax.set(xlabel=r"$\Vert\Gamma\Vert_{0,\infty}^s$ of the draw", xlim=(0, None), ylim=(-0.04, 1.04))
    ax.set_ylabel("rate of success")
    ax.set_title(title, fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
    return ax


def recoveries(panels, level=None, width=7.0, height=2.5):
    """Panels ``{title: rates}`` of :func:`recovery` side by side; returns the figure."""
    fig, axes = plt.subplots(
        1, len(panels), squeeze=False, sharey=True, layout="constrained", figsize=(width, height)
    )
    for (title, rates), ax in zip(panels.items(), axes.flat, strict=True):
        recovery(rates, level, ax, title)
        ax.get_legend().remove()
        ax.label_outer()
    names = axes[0, 0].get_legend_handles_labels()
    fig.legend(*names, loc="outside upper center", ncols=len(names[0]), frameon=False, fontsize=9)
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


def feature_maps(gamma, filters, width=7.0):
    """Feature maps (H, W, m) of an image, a dot for each atom, each with its filter; returns the figure."""
    gamma, filters = to_numpy(gamma), to_numpy(filters)
    m, (H, W) = gamma.shape[-1], gamma.shape[:2]
    columns = min(4, m)
    rows = math.ceil(m / columns)
    fig, axes = plt.subplots(
        rows, columns, squeeze=False, layout="constrained", figsize=(width, rows * width / columns * H / W)
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for k, ax in zip(range(m), axes.flat, strict=False):
        i, j = np.nonzero(gamma[..., k])
        ax.scatter(j, i, s=0.6 + 7 * np.abs(gamma[i, j, k]) / np.abs(gamma).max(), color="k", lw=0)
        ax.set(xlim=(-0.5, W - 0.5), ylim=(H - 0.5, -0.5))
        ax.add_patch(plt.Rectangle((0, 0), 1, 1, transform=ax.transAxes, fill=False, ec="0.6", lw=0.8))
        inset = ax.inset_axes((0.0, 0.76, 0.24, 0.24))
        inset.imshow(filters[..., 0, k], cmap="gray", interpolation="nearest")
        inset.set(xticks=[], yticks=[])
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
    from .local import stripes

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


def atoms_and_image(x, gamma, title=None, limits=(-60, 60), width=7.0):
    """An image beside the places where its atoms stand, darker for more of them; returns the figure."""
    count = np.count_nonzero(to_numpy(gamma), axis=-1)
    fig, (left, right) = plt.subplots(1, 2, layout="constrained", figsize=(width, 0.3 + width / 2))
    image(x, left, title, limits)
    right.imshow(np.minimum(count, 3), cmap="Greys", vmin=0, vmax=3, interpolation="nearest")
    right.set(xticks=[], yticks=[])
    right.set_title(f"{np.count_nonzero(to_numpy(gamma))} atoms, where they stand", fontsize=10)
    return fig


def maps(values, titles, label, top=None, width=7.0):
    """Maps (H, W) side by side on one scale from 0 to ``top``, with one colour bar; returns the figure."""
    values = [to_numpy(v) for v in values]
    top = max(v.max() for v in values) if top is None else top
    H, W = values[0].shape
    size = (width, 0.3 + 0.88 * width / len(values) * H / W)
    fig, axes = plt.subplots(1, len(values), squeeze=False, layout="constrained", figsize=size)
    for v, title, ax in zip(values, titles, axes.flat, strict=True):
        shown = ax.imshow(v, cmap="magma", vmin=0, vmax=top, interpolation="nearest")
        ax.set_axis_off()
        ax.set_title(title, fontsize=10)
    fig.colorbar(shown, ax=axes, label=label, shrink=0.85, pad=0.02)
    return fig


def equation(pictures, signs, titles=None, limits=(-1, 1), width=7.0):
    """Small pictures (H, W) in a row, with ``signs`` such as "+" and "=" between them; returns the
    figure."""
    fig, axes = plt.subplots(1, len(pictures), figsize=(width, 0.3 + width / (1.3 * len(pictures))))
    fig.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=0.84, wspace=0.3)
    for i, (picture, ax) in enumerate(zip(pictures, axes, strict=True)):
        image(to_numpy(picture)[..., None], ax, titles[i] if titles else None, limits)
        if i:
            ax.text(-0.15, 0.5, signs[i - 1], transform=ax.transAxes, ha="center", va="center", fontsize=14)
    return fig
