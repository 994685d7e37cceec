"""Multi-layer models: effective atoms at each depth, and codes layer by layer."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from ..layered import effective
from .colors import COLORS
from .imaging import image
from .learning import filters


def effective_atoms(dictionaries, most=8, width=7.0):
    """A row for each depth with the first ``most`` effective atoms, all on one scale of size; returns the
    figure.

    Pictures for 2-D layers, curves for 1-D ones; ``most`` is a number or one per depth.
    """
    chain = effective(dictionaries)
    most = [most] * len(chain) if isinstance(most, int) else most
    columns, full = max(most), max(D.size[0] for D in chain)
    flat = len(chain[0].size) == 2
    height = width / columns * len(chain) if flat else 1.1 * len(chain)
    fig, axes = plt.subplots(
        len(chain), columns, squeeze=False, layout="constrained", figsize=(width, height + 0.2)
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for depth, (D, row) in enumerate(zip(chain, axes, strict=True), 1):
        for k, ax in zip(range(min(most[depth - 1], D.filters.shape[-1])), row, strict=False):
            atom = to_numpy(D.filters)[..., 0, k]
            if flat:
                _stamp(ax, atom, full)
            else:
                ax.plot(np.arange(len(atom)) + (full - len(atom)) // 2, atom, color=COLORS["code"], lw=1)
                ax.set_xlim(0, full)
        size = " x ".join(map(str, D.size))
        row[0].set_title(f"depth {depth}: {size}", fontsize=9, loc="left")
    return fig


def _stamp(ax, atom, full):
    """One atom in the middle of a square of ``full`` pixels, in a frame of its own size."""
    canvas, (n, m) = np.zeros((full, full)), atom.shape
    i, j = (full - n) // 2, (full - m) // 2
    canvas[i : i + n, j : j + m] = atom
    ax.imshow(canvas, cmap="Greys", vmin=0, vmax=np.abs(atom).max() or 1, interpolation="nearest")
    frame = plt.Rectangle((j - 0.5, i - 0.5), m, n, fill=False, ec=COLORS["bound"], lw=0.8)
    ax.add_patch(frame)


def layer_codes(codes, truth=None, titles=None, width=7.0, height=1.25):
    """1-D codes ``[gamma_1, ..., gamma_K]`` below each other, over the true ones as open circles; what is
    not sparse is drawn as a curve; returns the figure."""
    fig, axes = plt.subplots(
        len(codes), 1, squeeze=False, layout="constrained", figsize=(width, 0.3 + height * len(codes))
    )
    for i, (gamma, ax) in enumerate(zip(codes, axes.flat, strict=True)):
        gamma = to_numpy(gamma)
        at, k = np.nonzero(np.abs(gamma) > 1e-12 * np.abs(gamma).max(initial=0))
        if len(at) > len(gamma) / 8:  # a signal rather than a code
            ax.plot(gamma, color=COLORS["truth"], lw=0.9)
        else:
            ax.vlines(at, 0, gamma[at, k], color=COLORS["code"], lw=1.1)
            ax.plot(at, gamma[at, k], "o", markersize=3, color=COLORS["code"], label="found")
        if truth is not None:
            at, k = np.nonzero(to_numpy(truth[i]))
            value = to_numpy(truth[i])[at, k]
            ax.plot(at, value, "o", markersize=7, mfc="none", color=COLORS["truth"], label="true")
        ax.axhline(0, color="0.6", lw=0.6)
        ax.set_title(titles[i] if titles else rf"layer {i + 1}", fontsize=9, loc="left")
        ax.set_xlim(-5, len(gamma) + 5)
        ax.margins(y=0.15)
        ax.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("position")
    if truth is not None:
        axes[0, 0].legend(frameon=False, fontsize=8, ncols=2, loc="lower right", bbox_to_anchor=(1, 0.97))
    return fig


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
