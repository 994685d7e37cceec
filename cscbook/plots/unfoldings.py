"""Unfolded pursuits: what more steps with the same parameters are worth, beside what chance can tell."""

import matplotlib.pyplot as plt
import numpy as np

from .colors import COLORS


def unfoldings(hits, at, width=7.0, height=2.9):
    """Accuracies of networks over their unfoldings, one point a seed, ``hits = {T: (seeds, digits)}`` true
    where the label was right; the column ``at`` is marked.

    Bars are mean and standard deviation over the seeds. The band is the standard error of a count,
    ``sqrt(p (1 - p) / digits)``, about the mean p of the first column; returns the figure.
    """
    fig, ax = plt.subplots(figsize=(width, height), layout="constrained")
    rates = {T: 100 * np.mean(rows, axis=1) for T, rows in hits.items()}
    first, digits = next(iter(rates.values())).mean(), next(iter(hits.values())).shape[1]
    error = np.sqrt(first * (100 - first) / digits)
    ax.axhspan(
        first - error, first + error, color=COLORS["other"], alpha=0.25, lw=0, label="error of a count"
    )
    for T, found in rates.items():
        on, color = T == at, COLORS["code" if T == at else "other"]
        ax.errorbar(T + 0.12, found.mean(), found.std(ddof=1), fmt="D", ms=3, capsize=5, color=color)
        ax.plot(
            T + np.linspace(-0.12, 0, len(found)), found, "o", ms=5, mec=color, mfc=color if on else "none"
        )
    mean, spread, cost = rates[at].mean(), rates[at].std(ddof=1), 2 * at + 1
    ax.set_title(f"T = {at}: {mean:.1f} % $\\pm$ {spread:.1f} over seeds, {cost} times the work", fontsize=10)
    ax.set(xlabel="unfoldings $T$", ylabel=f"% of {digits} held-out digits", xticks=list(rates))
    ax.set(xlim=(min(rates) - 0.4, max(rates) + 0.4), ylim=(first - 5, min(first + 5, 100.5)))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8, loc="lower left")
    return fig
