"""Curves: measurements against a knob, with the bounds that the theorems draw."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from .colors import COLORS


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
