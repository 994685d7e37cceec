"""Curves: measurements against a knob, with the bounds that the theorems draw."""

import matplotlib.pyplot as plt

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
