"""Classifiers under attack: margins before and after, and accuracy against the strength of the noise."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from .colors import COLORS
from .curves import curves


def margins(before, after, bound, ax=None, limits=None):
    """Margins of signals before and after an attack: below zero the label has flipped, right of ``bound``
    none may."""
    ax = plt.subplots(figsize=(5.6, 3.2), layout="constrained")[1] if ax is None else ax
    before, after = to_numpy(before), to_numpy(after)
    for on, name, marker, color in (
        (after > 0, "label kept", "o", COLORS["code"]),
        (after <= 0, "label flipped", "x", COLORS["thresholding"]),
    ):
        ax.plot(before[on], after[on], marker, ms=4, color=color, label=f"{name}: {int(on.sum())}")
    ax.axhline(0, color="0.5", lw=0.8)
    ax.axvline(bound, ls="--", color=COLORS["bound"], label=f"bound: {int((before > bound).sum())} protected")
    ax.set(xlabel="margin before the attack", ylabel="margin after it", xlim=limits, ylim=limits)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8, loc="upper left")
    return ax


def attack(strengths, series, at, picture, noise, title, width=7.0):
    """Accuracies ``{name: values}`` over the strengths of an attack with ``at`` marked, beside the attacked
    picture in 0..1 and the noise, grey where it is zero; returns the figure."""
    fig, axes = plt.subplots(
        1, 3, figsize=(width, 2.7), layout="constrained", gridspec_kw={"width_ratios": (2.2, 1, 1)}
    )
    curves(strengths, series, axes[0], r"strength $\epsilon$ of the noise", "share of digits")
    axes[0].axvline(at, color="0.5", lw=0.8)
    axes[0].set_ylim(-0.03, 1.03)
    axes[0].legend(frameon=False, fontsize=8)
    top = np.abs(to_numpy(noise)).max()
    for shown, low, high, name, ax in (
        (picture, 0.0, 1.0, title, axes[1]),
        (noise, -top, top, f"the noise, at most {top:.2f}", axes[2]),
    ):
        ax.imshow(to_numpy(shown)[..., 0], cmap="Greys", vmin=low, vmax=high, interpolation="nearest")
        ax.set_title(name, fontsize=9)
        ax.set_axis_off()
    return fig
