"""Music: sounds as pictures, codes as scores, waveforms as spikes."""

import matplotlib.pyplot as plt
import numpy as np

from ..arrays import to_numpy
from ..sound.music import BINS, ORIGIN, hop
from ..sound.waveforms import midi
from .colors import COLORS

INSTRUMENTS = ((COLORS["code"], "o"), ("#E69F00", "s"), (COLORS["omp"], "^"))


def spectrogram(V, rate, ax=None, title=None):
    """A log-frequency spectrogram (rows, frames, 1): dark is strong, an octave is always as high."""
    ax = plt.gca() if ax is None else ax
    V = to_numpy(V)[..., 0]
    step = hop(rate) / rate
    ax.imshow(
        V,
        cmap="Greys",
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(-step / 2, (V.shape[1] - 0.5) * step, -0.5, V.shape[0] - 0.5),
    )
    ticks = np.arange(0, V.shape[0], BINS)
    ax.set_yticks(ticks, [f"A{2 + r // BINS}" for r in ticks])
    ax.spines[["top", "right"]].set_visible(False)
    ax.set(xlabel="time in s", ylabel="frequency")
    ax.set_title(title or "", fontsize=10)
    return ax


def piano_roll(found, truth, ax=None, title=None):
    """Found notes (filled, larger when stronger) over the true ones (open, black): time against pitch."""
    ax = plt.gca() if ax is None else ax
    top = max((note.strength for note in found), default=1.0)
    for k in sorted({note.instrument for note in [*found, *truth]}):
        color, marker = INSTRUMENTS[k % len(INSTRUMENTS)]
        there = [note for note in truth if note.instrument == k]
        seen = [note for note in found if note.instrument == k]
        size = [12 + 38 * note.strength / top for note in seen]
        ax.scatter(
            [n.onset for n in there],
            [midi(n.pitch) for n in there],
            s=110,
            marker=marker,
            facecolors="none",
            edgecolors=COLORS["truth"],
            linewidths=1.1,
            label=f"true, instrument {k}",
        )
        ax.scatter(
            [n.onset for n in seen],
            [midi(n.pitch) for n in seen],
            s=size,
            marker=marker,
            color=color,
            label=f"found, instrument {k}",
        )
    ax.yaxis.set_major_locator(plt.MultipleLocator(12, offset=9))
    ax.yaxis.set_minor_locator(plt.MultipleLocator(1))
    ax.yaxis.set_major_formatter(lambda key, _: f"A{round(key) // 12 - 1}")
    ax.grid(alpha=0.25)
    ax.set(xlabel="onset in s", ylabel="pitch")
    ax.set_title(title or "", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def score_and_roll(V, rate, found, truth, title=None, width=7.0):
    """A spectrogram above the notes found in it and the true ones; returns the figure."""
    fig, (above, below) = plt.subplots(2, 1, sharex=True, layout="constrained", figsize=(width, 5.2))
    spectrogram(V, rate, above)
    above.set_xlabel(None)
    piano_roll(found, truth, below, title)
    below.legend(frameon=False, fontsize=8, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return fig


def templates(panels, rate, width=7.0):
    """Atoms (height, width, 1, 1) side by side, ``{title: atom}``: rows above the fundamental, time after
    the onset; returns the figure."""
    fig, axes = plt.subplots(
        1, len(panels), squeeze=False, sharey=True, layout="constrained", figsize=(width, 2.7)
    )
    for (title, W), ax in zip(panels.items(), axes.flat, strict=True):
        W = to_numpy(W)[:, :, 0, 0]
        step = hop(rate) / rate
        first = -ORIGIN[1] * step
        extent = (first, first + W.shape[1] * step, -ORIGIN[0] - 0.5, W.shape[0] - ORIGIN[0] - 0.5)
        ax.imshow(
            W, cmap="Greys", origin="lower", aspect="auto", vmin=0, extent=extent, interpolation="nearest"
        )
        ax.set_yticks([BINS * np.log2(h) for h in range(1, 6)], range(1, 6))
        ax.set(xlabel="s after the onset")
        ax.set_title(title, fontsize=10)
    axes[0, 0].set_ylabel("harmonic")
    return fig


def spikes(x, gamma, pitches, rate, title=None, width=7.0):
    """A waveform above its spike code (positions, m): one dot per spike, larger when stronger; returns the
    figure."""
    x, gamma = to_numpy(x)[:, 0], to_numpy(gamma)
    fig, (above, below) = plt.subplots(
        2, 1, sharex=True, layout="constrained", figsize=(width, 3.8), height_ratios=(1, 2)
    )
    above.plot(1000 * np.arange(len(x)) / rate, x, color=COLORS["truth"], lw=0.6)
    above.set_ylabel("waveform")
    at, which = np.nonzero(gamma)
    size = 60 * np.abs(gamma[at, which]) / np.abs(gamma).max()
    below.scatter(1000 * at / rate, np.asarray(pitches)[which], s=size, color=COLORS["code"], lw=0)
    below.set(yscale="log", xlabel="start of the kernel in ms", ylabel="its frequency in Hz")
    below.set_yticks([200, 400, 800, 1600, 3200], ["200", "400", "800", "1600", "3200"])
    below.minorticks_off()
    above.set_title(title or "", fontsize=10)
    for ax in (above, below):
        ax.spines[["top", "right"]].set_visible(False)
    return fig
