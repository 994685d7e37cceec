"""Codes of one-dimensional signals, and the steps of pursuits."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
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
