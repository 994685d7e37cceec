"""Local pursuits: how far a change has spread, and slices beside their patches."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from .colors import COLORS


def spreading(changes, at, reach, width=7.0, height=3.0):
    """``log10`` of changes (steps, N) caused at sample ``at``, with the cone ``reach`` wider a step;
    returns the figure."""
    changes = to_numpy(changes)
    fig, ax = plt.subplots(figsize=(width, height), layout="constrained")
    shown = np.log10(np.maximum(changes, 1e-16))
    T, N = changes.shape
    mesh = ax.imshow(
        shown, cmap="Greys", aspect="auto", vmin=-12, vmax=0, extent=(-0.5, N - 0.5, T + 0.5, 0.5)
    )
    steps = np.arange(1, T + 1)
    for left, right in ((at - reach * steps, at + reach * (steps - 1)),):
        ax.plot(left, steps, "--", color=COLORS["bound"], lw=1.4)
        ax.plot(right, steps, "--", color=COLORS["bound"], lw=1.4, label="reach of one patch a step")
    ax.set(xlim=(-0.5, N - 0.5), ylim=(T + 0.5, 0.5), xlabel="position of the needle", ylabel="step")
    ax.legend(frameon=True, fontsize=8, loc="lower right")
    fig.colorbar(mesh, label=r"$\log_{10}$ of the change")
    return fig


def patches_and_slices(patches, slices, size, width=7.0):
    """Patches (k, n) of an image above their slices (k, n), each row on one scale; returns the figure."""
    rows = [to_numpy(patches), to_numpy(slices)]
    count = len(rows[0])
    fig, axes = plt.subplots(
        2, count, squeeze=False, layout="constrained", figsize=(width, 0.2 + 2 * width / count)
    )
    for row, found, name in zip(axes, rows, ("patch", "slice"), strict=True):
        top = np.abs(found).max()
        for ax, p in zip(row, found, strict=True):
            ax.imshow(p.reshape(size), cmap="gray", vmin=-top, vmax=top, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
        row[0].set_ylabel(name)
    return fig
