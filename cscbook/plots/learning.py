"""Learning: the filters, and how good they have become after how much work."""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from ..arrays import to_numpy


def filters(D, ax=None, usage=None, columns=None, title=None):
    """Filters (h, w, c, m) as small pictures in rows, each stretched to full contrast.

    With ``usage`` (m,), such as the non-zeros of each filter, the most used come first and the unused
    are left blank. Three channels are drawn in colour.
    """
    D, ax = to_numpy(D), plt.gca() if ax is None else ax
    usage = np.ones(D.shape[-1]) if usage is None else to_numpy(usage)
    h, w, c, m = D.shape
    columns = columns or math.ceil(math.sqrt(1.6 * m))
    rows = math.ceil(m / columns)
    canvas = np.full((rows * (h + 1) + 1, columns * (w + 1) + 1, c), 0.5)
    for place, k in enumerate(np.argsort(-usage, kind="stable")):
        i, j = (h + 1) * (place // columns) + 1, (w + 1) * (place % columns) + 1
        top = np.abs(D[..., k]).max() or 1
        canvas[i : i + h, j : j + w] = 0.5 + D[..., k] / (2 * top) if usage[k] else 1.0
    ax.imshow(canvas if c == 3 else canvas[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    if title:
        ax.set_title(title, fontsize=10)
    return ax


def filter_sets(named, width=7.0, **options):
    """Several sets of filters side by side, ``{title: D}``; returns the figure."""
    fig, axes = plt.subplots(
        1, len(named), squeeze=False, figsize=(width, 0.3 + 0.72 * width / len(named)), layout="constrained"
    )
    for ax, (title, D) in zip(axes.flat, named.items(), strict=True):
        filters(D, ax, title=title, **options)
    return fig


def learning_curves(named, width=7.0, height=2.8):
    """Scores against CPU seconds, ``{name: (seconds, seen, unseen)}``: signals learned from on the left,
    others on the right; returns the figure."""
    fig, axes = plt.subplots(1, 2, figsize=(width, height), layout="constrained")
    for (name, (seconds, *scores)), marker in zip(named.items(), "osD^v" * len(named), strict=False):
        for ax, score in zip(axes, scores, strict=True):
            ax.plot(seconds, score, marker=marker, markersize=4, label=name)
    for ax, title in zip(axes, ("learned from", "held out"), strict=True):
        ax.set(title=title, xlabel="CPU seconds", ylabel="best objective")
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_locator(NullLocator())
        ax.spines[["top", "right"]].set_visible(False)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return fig
