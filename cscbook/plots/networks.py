"""Networks: what they answer and how surely, under attack, and with more steps."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from .colors import COLORS
from .curves import curves
from .imaging import image


def answers(x, named, label=None, width=7.0, height=2.6):
    """A picture (H, W, c) in 0..1 beside the probabilities of all classes that each network gives it,
    ``{name: scores}``; the right class ``label`` is drawn darker; returns the figure.
    """
    ratios = [1] + [1.6] * len(named)
    fig, axes = plt.subplots(
        1, 1 + len(named), figsize=(width, height), layout="constrained", width_ratios=ratios
    )
    image(x, axes[0], limits=(0, 1))
    for ax, (name, scores) in zip(axes[1:], named.items(), strict=True):
        p = np.exp(to_numpy(scores) - to_numpy(scores).max())
        colors = [COLORS["code" if k == label else "other"] for k in range(len(p))]
        ax.bar(range(len(p)), p / p.sum(), color=colors)
        ax.set(ylim=(0, 1), xticks=range(len(p)), xlabel="class", title=name)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[2:]:
        ax.tick_params(labelleft=False)
    axes[1].set_ylabel("probability")
    return fig


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


def unfoldings(hits, at, width=7.0, height=2.9):
    """Accuracies of networks over their unfoldings, one point per seed, ``hits = {T: (seeds, digits)}`` true
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


def error_bars(named, best=None, width=7.0):
    """Shares of errors in percent, ``{name: share}``, as horizontal bars; ``best`` names the bars that
    stand out; returns the figure."""
    fig, ax = plt.subplots(figsize=(width, 0.5 + 0.32 * len(named)), layout="constrained")
    for place, (name, share) in enumerate(named.items()):
        color = COLORS["code" if name in (best or ()) else "other"]
        ax.barh(place, 100 * share, color=color, height=0.62)
        ax.text(100 * share, place, f" {100 * share:.1f} %", va="center", fontsize=9)
    ax.set(yticks=range(len(named)), xlabel="errors on held-out digits, in percent")
    ax.set_yticklabels(list(named))
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    return fig
