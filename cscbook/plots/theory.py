"""Theory: how full the stripes are, and how often codes are recovered."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from ..local import stripes
from .colors import COLORS


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


def recovery(rates, level=None, ax=None, title=None, full=None):
    """Draw success rates ``{name: (centre, rate, low, high)}`` against ``||gamma||_0,inf``, with intervals.

    ``level`` is drawn as the guarantee: below it nothing may fail. ``full`` holds the rates of a larger run,
    which become lines with a band; ``rates`` are then points alone.
    """
    ax = plt.gca() if ax is None else ax
    if level is not None:
        ax.axvspan(0, level, color=COLORS["bound"], alpha=0.15, lw=0)
        ax.axvline(level, color=COLORS["bound"], ls="--", lw=1.2, label=f"guarantee: below {level:.2f}")
    for (name, (centre, rate, low, high)), marker in zip(rates.items(), "os^D", strict=False):
        bars = np.maximum((rate - low, high - rate), 0)
        color = COLORS.get(name.lower())
        line = "none" if full else "-"
        ax.errorbar(
            centre, rate, bars, marker=marker, ms=4, capsize=2, lw=1.2, ls=line, color=color, label=name
        )
    for name, (centre, rate, low, high) in (full or {}).items():
        color = COLORS.get(name.lower(), COLORS["other"])
        ax.plot(centre, rate, lw=1.2, color=color, label=f"{name}, full scale")
        ax.fill_between(centre, low, high, color=color, alpha=0.25, lw=0)
    ax.set(xlabel=r"$\Vert\Gamma\Vert_{0,\infty}^s$ of the draw", xlim=(0, None), ylim=(-0.04, 1.04))
    ax.set_ylabel("rate of success")
    ax.set_title(title, fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
    return ax


def recoveries(panels, level=None, width=7.0, height=2.5, full=None):
    """Panels ``{title: rates}`` of :func:`recovery` side by side, with ``full`` one such dict more; returns
    the figure."""
    fig, axes = plt.subplots(
        1, len(panels), squeeze=False, sharey=True, layout="constrained", figsize=(width, height)
    )
    for (title, rates), ax in zip(panels.items(), axes.flat, strict=True):
        recovery(rates, level, ax, title, (full or {}).get(title))
        ax.get_legend().remove()
        ax.label_outer()
    names = axes[0, 0].get_legend_handles_labels()
    fig.legend(*names, loc="outside upper center", ncols=len(names[0]), frameon=False, fontsize=9)
    return fig
