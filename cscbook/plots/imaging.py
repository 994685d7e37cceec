"""Pictures: images, maps over them, and where their atoms stand."""

import math

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy


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


def atoms_and_image(x, gamma, title=None, limits=(-60, 60), width=7.0):
    """An image beside the places where its atoms stand, darker for more of them; returns the figure."""
    count = np.count_nonzero(to_numpy(gamma), axis=-1)
    fig, (left, right) = plt.subplots(1, 2, layout="constrained", figsize=(width, 0.3 + width / 2))
    image(x, left, title, limits)
    right.imshow(np.minimum(count, 3), cmap="Greys", vmin=0, vmax=3, interpolation="nearest")
    right.set(xticks=[], yticks=[])
    right.set_title(f"{np.count_nonzero(to_numpy(gamma))} atoms, where they stand", fontsize=10)
    return fig
