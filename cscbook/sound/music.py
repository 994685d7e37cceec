"""Music: the convolutional code of a log-frequency spectrogram is a score.

A spectrogram is a signal (frequencies, frames, 1); rows are a quarter tone apart, row 0 is ``LOWEST``.
A higher pitch shifts a note up, a later onset shifts it to the right, so one atom per instrument is enough
[Mørup, Schmidt & Hansen, 2008]. Templates are filters (height, width, 1, m).
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from ..arrays import (
    array_namespace,
    as_labels,
    as_sizes,
    asarray,
    check,
    check_level,
    check_type,
    check_whole,
    to_numpy,
    zeros,
)
from ..dictionaries.convolution import ConvDictionary
from ..pursuits import basis_pursuit, fista
from ..shrinkage import soft_nonnegative
from .waveforms import midi, name_of

BINS = 24  # rows an octave
FRAME = 0.016  # seconds from frame to frame, at every rate: a template fits all recordings
LOWEST = 110.0  # Hz, of row 0: the note A2
ORIGIN = (4, 8)  # row and frame of a template where its fundamental and its onset stand


@dataclass(frozen=True)
class Note:
    """A note: onset in seconds, pitch in Hz, the number of its instrument, and how strong it is."""

    onset: float
    pitch: float
    instrument: int = 0
    strength: float = 1.0

    @property
    def name(self):
        """The name of the nearest key, such as ``C#4``."""
        return name_of(self.pitch)


def check_notes(name, notes):
    """Raise unless this is a list of :class:`Note` with numbers in them."""
    for i, note in enumerate(check_type(name, notes, list, tuple)):
        one = f"{name}[{i}]"
        check_level(f"onset of {one}", check_type(one, note, Note).onset)
        check_level(f"pitch of {one}", note.pitch, positive=True)
        check_whole(f"instrument of {one}", note.instrument, least=0)
        check_level(f"strength of {one}", note.strength)
    return notes


def hop(rate):
    """Samples from frame to frame, ``FRAME rate`` to the nearest: 128 at 8,000 samples a second."""
    if round(FRAME * check_level("rate", rate)) < 1:
        raise ValueError(f"rate = {rate}: expected samples a second, at least {0.5 / FRAME:g}")
    return round(FRAME * rate)


# --- the picture of a sound ---------------------------------------------------------------------


def tones(rate, rows=124):
    """Windowed cosines and sines, one pair per row: filters (samples, 1, 2 rows).

    A window (Hann) holds the same number of periods in each row, ``1 / (2^(1/BINS) - 1)``: that is what
    makes the resolution constant on a logarithmic axis [Brown, 1991]. A sine wave of amplitude 1 has
    correlations ``(cos, sin) / 2`` with the pair of its row.
    """
    pitch = LOWEST * 2 ** (np.arange(rows) / BINS)
    if not pitch[-1] < rate / 2:
        raise ValueError(
            f"{rows} rows reach {pitch[-1]:.0f} Hz: expected less than rate / 2 = {rate / 2:g} Hz"
        )
    seconds = 1 / (2 ** (1 / BINS) - 1) / pitch
    reach = math.ceil(seconds[0] * rate / 2)
    t = np.arange(-reach, reach + 1)[:, None] / rate
    window = np.where(np.abs(t) < seconds / 2, 1 + np.cos(2 * np.pi * t / seconds), 0)
    window /= window.sum(axis=0)
    turn = 2 * np.pi * pitch * t
    return np.concatenate([window * np.cos(turn), window * np.sin(turn)], axis=1)[:, None, :]


def constant_q(x, rate, rows=124, power=0.8):
    """Log-frequency (constant-Q) spectrogram (rows, frames, 1) of a waveform (samples, 1), scaled to
    maximum 1.

    The magnitudes ``|D^T x|`` for the convolutional dictionary of :func:`tones` with stride :func:`hop`,
    raised to ``power``: weak partials count, as they do for the ear. Frame t is centred on sample
    ``t hop(rate)``: frames are 16 ms apart at every rate, so templates and codes of one rate fit another.
    """
    xp = array_namespace(check("x", x, ndim=2))
    rate, rows = check_level("rate", rate, positive=True), check_whole("rows", rows)
    power, filters = check_level("power", power), asarray(tones(rate, rows), like=x)
    border = zeros((filters.shape[0] // 2, 1), like=x)
    padded = xp.concat([border, x, border], axis=0)
    seen = ConvDictionary(filters, padded.shape[:1], hop(rate), circular=False).T @ padded  # (frames, 2 rows)
    V = xp.sqrt(seen[:, :rows] ** 2 + seen[:, rows:] ** 2).T ** power
    top = float(xp.max(V))
    return V[..., None] / (top or 1.0)


# --- templates ----------------------------------------------------------------------------------


def note_template(spectrograms, pitches, size=(62, 72)):
    """The mean of isolated notes that start at time 0, shifted to one pitch: a unit atom ``(*size, 1, 1)``.

    Each is a spectrogram of :func:`constant_q`; its fundamental moves to row ``ORIGIN[0]``, its onset to
    frame ``ORIGIN[1]``. An atom must last as long as the note, else the code explains its tail by more
    notes.
    """
    size, cuts = as_sizes("size", size, 2), []
    if len(size) != 2:
        raise ValueError(f"size = {size}: expected two, of rows and frames")
    for i, (V, pitch) in enumerate(zip(spectrograms, pitches, strict=True)):
        xp, pitch = array_namespace(check(f"spectrograms[{i}]", V, ndim=3)), check_level("pitch", pitch, True)
        row = round(BINS * math.log2(pitch / LOWEST)) - ORIGIN[0]
        if row < 0 or row + size[0] > V.shape[0]:
            raise ValueError(f"a note of {pitch:g} Hz has rows {row} to {row + size[0]} of {V.shape[0]}")
        before, after = zeros((size[0], ORIGIN[1], 1), like=V), zeros((size[0], size[1], 1), like=V)
        cut = xp.concat([before, V[row : row + size[0], ...], after], axis=1)[:, : size[1], :]
        norm = xp.sqrt(xp.sum(cut**2))
        if not float(norm) > 0:
            raise ValueError(f"spectrograms[{i}] is silent at a note of {pitch:g} Hz")
        cuts.append(cut / norm)
    if not cuts:
        raise ValueError("spectrograms is empty: expected at least one note")
    mean = sum(cuts)
    return (mean / xp.sqrt(xp.sum(mean**2)))[..., None]


def harmonic_template(partials, size=(62, 72), half_life=20):
    """A guessed atom ``(*size, 1, 1)``: lines at the harmonics with these amplitudes, falling by half in
    ``half_life`` frames."""
    row, frame = np.arange(size[0])[:, None] - ORIGIN[0], np.arange(size[1]) - ORIGIN[1]
    lines = sum(a * np.exp(-((row - BINS * math.log2(h)) ** 2) / 2) for h, a in enumerate(partials, 1))
    fall = np.where(frame < 0, np.maximum(0, 1 + frame / 4), 0.5 ** (frame / half_life))
    return asarray((lines * fall / np.linalg.norm(lines * fall))[..., None, None])


def learn_templates(V, start, lam=1.0, steps=20, tol=1e-2):
    """Yield ``(templates, code)`` learned from a mixture alone, for ever.

    Code and templates take turns, both non-negative. Convolution commutes, ``W * H = H * W``, so a
    template is a code over the dictionary whose filters are the codes: ``steps`` of FISTA without a
    penalty, then atoms of norm 1.
    """
    xp, W, gamma = array_namespace(V, start), start, None
    V = _with_margins(V, W)
    while True:
        D = ConvDictionary(W, V.shape[:2], circular=False)
        gamma = basis_pursuit(D, V, lam, tol, nonnegative=True, start=gamma).gamma
        turned = ConvDictionary(gamma[:, :, None, :], V.shape[:2], circular=False)
        bound = float(xp.sum(xp.sum(gamma, axis=(0, 1)) ** 2)) or 1.0  # non-negative filters peak at 0 Hz
        iterates = fista(turned, V, 0.0, bound, soft_nonnegative, start=W[:, :, 0, :])
        for _ in range(steps):
            atoms = next(iterates)
        norm = xp.sqrt(xp.sum(atoms**2, axis=(0, 1)))
        silent = norm == 0  # an atom that nothing uses stays as it was
        atoms = xp.where(silent, W[:, :, 0, :], atoms / xp.where(silent, xp.ones_like(norm), norm))
        W = atoms[:, :, None, :]
        yield W, gamma


# --- from a spectrogram to notes ----------------------------------------------------------------


def _with_margins(V, W):
    """Silence before and after, so that a template can stand at every frame."""
    before = zeros((check("V", V, ndim=3).shape[0], ORIGIN[1], 1), like=V)
    if check("templates", W, ndim=4).shape[1] <= ORIGIN[1]:
        raise ValueError(f"templates has shape {tuple(W.shape)}: expected more than {ORIGIN[1]} frames")
    after = zeros((V.shape[0], W.shape[1] - ORIGIN[1] - 1, 1), like=V)
    return array_namespace(V).concat([before, V, after], axis=1)


def note_code(V, templates, lam=1.0, tol=1e-2):
    """The non-negative code (pitches, frames, m) of a spectrogram, ``min ||V - D g||^2 / 2 + lam sum g``
    over ``g >= 0``: ``g[i, t, k]`` says how much of instrument k starts at frame t with row
    ``i + ORIGIN[0]`` as its fundamental."""
    V = _with_margins(V, templates)
    D = ConvDictionary(templates, V.shape[:2], circular=False)
    return basis_pursuit(D, V, lam, tol, nonnegative=True).gamma


def pick_notes(gamma, rate, threshold=0.3, instruments=None):
    """The peaks of a code of :func:`note_code`, smoothed by a Gaussian, as a list of :class:`Note`, in
    time.

    Parameters
    ----------
    gamma : array (pitches, frames, m)
    rate : float
        Samples a second of the waveform.
    threshold : float
        Peaks count from this share of the highest on, 0 to 1.
    instruments : sequence of int, optional
        The instrument of each template, where one has several; their codes are added.
    """
    if not check_level("threshold", threshold) <= 1:
        raise ValueError(f"threshold = {threshold}: expected a share of the highest peak, 0 to 1")
    gamma = to_numpy(check("gamma", gamma, ndim=3))
    which = np.arange(gamma.shape[-1])
    if instruments is not None:
        which = as_labels("instruments", instruments, gamma.shape[-1])
    notes = []
    for k in np.unique(which):
        notes.append(scipy.ndimage.gaussian_filter(gamma[..., which == k].sum(axis=-1), (1, 2)))
    level = threshold * max(smooth.max() for smooth in notes)
    found = []
    for k, smooth in zip(np.unique(which), notes, strict=True):
        peaks = (smooth == scipy.ndimage.maximum_filter(smooth, (5, 9))) & (smooth >= level) & (smooth > 0)
        for i, t in zip(*np.nonzero(peaks), strict=True):
            pitch = LOWEST * 2 ** ((i + ORIGIN[0]) / BINS)
            found.append(Note(float(t * hop(rate) / rate), float(pitch), int(k), float(smooth[i, t])))
    return sorted(found, key=lambda note: (note.onset, note.pitch))


def transcribe(x, rate, templates, lam=1.0, threshold=0.3, instruments=None):
    """The notes of a waveform (samples, 1): spectrogram, code, peaks."""
    V = constant_q(x, rate)
    return pick_notes(note_code(V, templates, lam), rate, threshold, instruments)


def note_scores(found, truth, tolerance=0.05):
    """``(precision, recall, F1)`` of notes.

    A note is right when a true one of the same instrument starts within ``tolerance`` seconds and half a
    semitone; each true note counts once, and the strongest chooses first.
    """
    tolerance, left, hits = check_level("tolerance", tolerance), list(check_notes("truth", truth)), 0
    for note in sorted(check_notes("found", found), key=lambda n: -n.strength):
        close = [
            other
            for other in left
            if other.instrument == note.instrument
            and abs(other.onset - note.onset) <= tolerance
            and abs(midi(other.pitch) - midi(note.pitch)) <= 0.5
        ]
        if close:
            left.remove(min(close, key=lambda other: abs(other.onset - note.onset)))
            hits += 1
    precision, recall = hits / max(len(found), 1), hits / max(len(truth), 1)
    return precision, recall, 2 * precision * recall / ((precision + recall) or 1.0)
