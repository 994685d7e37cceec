"""Dictionaries: their atoms, their matrices, and how their atoms correlate."""

import math

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from .colors import COLORS
from .imaging import image
from .pursuits import stems


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
