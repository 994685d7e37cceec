"""Sounds: pitches and their names, random pieces, and the kernels of the ear.

Waveforms have shape (samples, 1). A piece is a list of ``(onset in s, pitch in Hz, instrument)``.
"""

import math

import numpy as np
from scipy.signal import fftconvolve

from ..arrays import array_namespace, as_generator, asarray, check, check_level, to_numpy, zeros
from ..datasets.synthetic import check_score

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def midi(pitch):
    """The number of a pitch in Hz on the keyboard, ``69 + 12 log2(pitch / 440)``."""
    return 69 + 12 * math.log2(pitch / 440)


def name_of(pitch):
    """The name of the key nearest to a pitch in Hz, such as ``C#4``; A4 is 440 Hz."""
    key = round(midi(pitch))
    return f"{NAMES[key % 12]}{key // 12 - 1}"


def pitch_of(name):
    """The pitch in Hz of a name such as ``A4`` or ``C#4``."""
    key, octave = name[:-1], name[-1:]
    if key not in NAMES or not octave.isdigit():
        raise ValueError(f"no note {name!r}: expected {', '.join(NAMES)} and an octave, such as C#4")
    return 440 * 2 ** ((NAMES.index(key) - 9) / 12 + int(octave) - 4)


def random_score(seconds, pitches, gap, instrument=0, most=1, rng=None):
    """A random piece: every ``gap`` seconds, give or take a third, 1 to ``most`` different pitches
    start."""
    if not 1 <= most <= len(pitches) or not gap > 0:
        raise ValueError(f"most = {most}, gap = {gap}: expected 1 <= most <= {len(pitches)} and gap > 0")
    rng = as_generator(rng)
    score, onset = [], rng.uniform(0.1, 0.3)
    while onset < seconds - 0.5:
        for pitch in rng.choice(pitches, rng.integers(1, most + 1), replace=False):
            score.append((float(onset), float(pitch), instrument))
        onset += gap * rng.uniform(2 / 3, 4 / 3)
    return score


def play_notes(score, notes, pitches, rate, seconds, rng=None):
    """A waveform (samples, 1) of recorded notes (count, length, 1): each note of the score at a random
    loudness from 1/2 to 1."""
    rng, xp = as_generator(rng), array_namespace(check("notes", notes, ndim=3))
    known = [check_level("pitches", pitch, positive=True) for pitch in pitches]
    if len(known) != notes.shape[0]:
        raise ValueError(f"{len(known)} pitches for {notes.shape[0]} notes: expected one each")
    rate, seconds = check_level("rate", rate, positive=True), check_level("seconds", seconds)
    x = zeros((int(rate * seconds) + notes.shape[1], 1), like=notes)
    for onset, pitch, _ in check_score(score):
        if onset > seconds:
            raise ValueError(f"score has an onset of {onset} s: expected at most seconds = {seconds}")
        which = int(np.argmin(np.abs(np.log2(np.asarray(known) / pitch))))
        first = int(onset * rate)
        before = zeros((first, 1), like=x)
        after = zeros((x.shape[0] - first - notes.shape[1], 1), like=x)
        x = x + float(rng.uniform(0.5, 1)) * xp.concat([before, notes[which, ...], after], axis=0)
    return x[: int(rate * seconds), :]


def reverberate(x, rate, decay, wet=0.5, rng=None):
    """A waveform (samples, 1) in a room: ``x + wet (h * x)``, with a tail ``h`` of white noise that falls by
    60 decibels in ``decay`` seconds, of norm one [Moorer, 1979].

    The result is as long as ``x``; the rest of the tail is cut off.
    """
    dry, rng = to_numpy(check("x", x, ndim=2)), as_generator(rng)
    decay, wet = check_level("decay", decay, positive=True), check_level("wet", wet)
    t = np.arange(1, max(2, int(check_level("rate", rate, positive=True) * decay)))[:, None] / rate
    tail = rng.standard_normal(t.shape) * 10 ** (-3 * t / decay)
    tail = np.concatenate([[[0.0]], tail / np.linalg.norm(tail)])
    return asarray(dry + wet * fftconvolve(dry, tail, axes=0)[: len(dry)], like=x)


def gammatones(pitches, rate, n, order=4):
    """Gammatones of these frequencies, unit filters (n, 1, m): ``t^3 exp(-2 pi b t) cos(2 pi f t)``.

    The impulse responses of the inner ear, near enough; ``b = 1.019 (24.7 + f / 9.265)`` Hz is their
    bandwidth. Codes of sound over such kernels are spikes in time [Smith & Lewicki, 2006].
    """
    f, t = np.asarray(pitches, dtype=float), np.arange(n)[:, None] / rate
    if not (f > 0).all() or not (f < rate / 2).all():
        raise ValueError(
            f"frequencies from {f.min():g} to {f.max():g} Hz: expected between 0 and {rate / 2:g}"
        )
    decay = np.exp(-2 * np.pi * 1.019 * (24.7 + f / 9.265) * t)
    wave = t ** (order - 1) * decay * np.cos(2 * np.pi * f * t)
    return asarray((wave / np.linalg.norm(wave, axis=0))[:, None, :])
