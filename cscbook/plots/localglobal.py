"""Local pursuits: slices beside their patches, needles in their stripes, and how far a change has spread."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from ..local import stripes
from .colors import COLORS


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


def spreading(changes, at, reach, width=7.0, height=3.0):
    """``log10`` of changes (steps, N) caused at sample ``at``, with the cone ``reach`` wider per step;
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
        ax.plot(right, steps, "--", color=COLORS["bound"], lw=1.4, label="reach of one patch per step")
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
