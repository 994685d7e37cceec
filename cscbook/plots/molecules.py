"""Molecules: a digit and its codes at every depth, and the atoms that it is made of."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from .colors import COLORS
from .learning import filters
from .pictures import image


def digit_codes(x, codes, atoms, limits=(1, 0), width=7.0):
    """A signal (H, W, c) beside what synthesises it: the deepest atoms it uses, where each code between
    is not zero, and their sum; returns the figure.

    Parameters
    ----------
    x : array
    codes : list
        ``[gamma_K, ..., gamma_1, synthesis]``, as :func:`~cscbook.layered.synthesize` returns it.
    atoms : array (h, w, c, m_K)
        The effective atoms.
    """
    deepest, *between, synthesis = map(to_numpy, codes)
    fig, axes = plt.subplots(1, len(codes) + 1, figsize=(width, 1.75), layout="constrained")
    image(x, axes[0], "signal", limits)
    used = np.flatnonzero(deepest.reshape(-1, deepest.shape[-1]).any(axis=0))
    used = used[np.argsort(-np.abs(deepest[..., used]).max(axis=(0, 1)), kind="stable")][:25]
    sign = np.sign(deepest[..., used].sum(axis=(0, 1)))
    dark = -1 if limits[0] > limits[1] else 1
    filters(dark * sign * to_numpy(atoms)[..., used], axes[1], columns=_square(len(used)))
    axes[1].set_title(_title(len(between) + 1, deepest), fontsize=10)
    for depth, (gamma, ax) in enumerate(zip(between, axes[2:], strict=False)):
        _places(gamma, ax, _title(len(between) - depth, gamma))
    image(synthesis, axes[-1], "their sum", limits)
    return fig


def _square(count):
    return max(1, int(np.ceil(np.sqrt(count))))


def _title(depth, gamma):
    return f"$\\Gamma_{depth}$: {np.count_nonzero(gamma)}"


def _places(gamma, ax, title):
    """A dot at every position of a code, as large as the number of its non-zeros."""
    H, W = gamma.shape[:2]
    i, j = np.nonzero(np.any(gamma, axis=-1))
    ax.scatter(j, i, s=7 * np.count_nonzero(gamma, axis=-1)[i, j], color=COLORS["code"], lw=0)
    ax.set(xlim=(-0.7, W - 0.3), ylim=(H - 0.3, -0.7), xticks=[], yticks=[], aspect="equal")
    ax.set_title(title, fontsize=10)


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
