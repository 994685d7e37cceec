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
    """Draw an image (H, W, c) on ``ax``: grey for one channel, colour for three; values are shown from ``limits``."""
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
    for i, (x, ax) in enumerate(zip(xs, axes.flat)):
        image(x, ax, titles[i] if titles else None, limits)
    return fig


def atoms(D, ax=None, size=None, order=None, title=None):
    """Draw the atoms of a matrix (n, m) as small square pictures in a square, each stretched to full contrast."""
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
    """Draw named curves over ``x``; a name in ``COLORS`` gets its colour. ``log`` makes the vertical axis logarithmic."""
    ax = plt.gca() if ax is None else ax
    for (name, y), marker in zip(series.items(), "osD^vPX*" * len(series)):
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
    """Codes side by side, ``{name: code}``, each over the true one as open circles; returns the figure."""
    fig, axes = plt.subplots(
        1, len(found), squeeze=False, sharey=True, layout="constrained", figsize=(width, height)
    )
    for (name, gamma), ax in zip(found.items(), axes.flat, strict=True):
        word = name.split(":")[0].lower()
        stems(gamma, ax, word if word in COLORS else "code")
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
