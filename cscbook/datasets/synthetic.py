"""Random signals: seeded dictionaries, codes and noise, and a waveform of known notes.

Random numbers come from a NumPy ``Generator``; ``rng=None`` means ``np.random.default_rng(0)``. Arrays
are float64 and live in the chosen backend.
"""

import numpy as np

from ..arrays import as_generator, asarray, check, check_level, check_whole


def random_dictionary(n, m, rng=None):
    """Unit atoms drawn uniformly from the sphere, shape (n, m)."""
    D = as_generator(rng).standard_normal((check_whole("n", n), check_whole("m", m)))
    return asarray(D / np.linalg.norm(D, axis=0))


def random_code(m, k, p=None, rng=None, low=None, high=None):
    """A code with exactly ``k`` non-zeros at random places, shape (m,), or (m, p) for p of them.

    The non-zeros are standard Gaussian; with ``low`` and ``high``, magnitudes uniform between them and
    random signs.
    """
    m, k, columns = check_whole("m", m), check_whole("k", k, least=0), 1 if p is None else check_whole("p", p)
    if k > m:
        raise ValueError(f"k = {k}: expected 0 <= k <= {m}")
    rng = as_generator(rng)
    if low is not None:
        low, high = check_level("low", low), check_level("high", high)
    gamma = np.zeros((m, columns))
    for j in range(columns):
        values = (
            rng.standard_normal(k) if low is None else rng.choice([-1.0, 1.0], k) * rng.uniform(low, high, k)
        )
        gamma[rng.choice(m, k, replace=False), j] = values
    return asarray(gamma[:, 0] if p is None else gamma)


def noise(x, sigma, rng=None):
    """White Gaussian noise of standard deviation ``sigma``, in the shape and library of ``x``."""
    drawn = as_generator(rng).standard_normal(tuple(check("x", x).shape))
    return asarray(check_level("sigma", sigma) * drawn, like=x)


def add_noise(x, sigma, rng=None):
    """``y = x + e`` with white Gaussian ``e`` of standard deviation ``sigma``; nothing is clipped or
    rounded."""
    return x + noise(x, sigma, rng)


def check_score(score):
    """The notes of a piece, each as ``(onset, pitch, instrument)``; raise unless they are such numbers."""
    found = []
    for i, (onset, pitch, instrument) in enumerate(score):
        onset, pitch = check_level(f"onset {i} of score", onset), check_level(f"pitch {i} of score", pitch)
        found.append((onset, pitch, check_whole(f"instrument {i} of score", instrument, least=0)))
    return found


def synthesize_notes(
    score, rate=8000, seconds=4.0, partials=((1.0, 0.5, 0.3, 0.2), (1.0, 0.0, 0.6, 0.0, 0.4))
):
    """A waveform (samples, 1) of known notes: each ``(onset in s, pitch in Hz, instrument)`` rings and
    decays.

    ``partials[instrument]`` are the amplitudes of the harmonics; a note falls by half in 0.2 s.
    """
    rate, score = check_level("rate", rate, positive=True), check_score(score)
    for i, amplitudes in enumerate(partials):
        check(f"partials[{i}]", np.asarray(amplitudes, dtype=float), ndim=1)
    t = np.arange(int(rate * check_level("seconds", seconds))) / rate
    x = np.zeros_like(t)
    for onset, pitch, instrument in score:
        if instrument >= len(partials):
            raise ValueError(f"score has instrument {instrument}: expected less than {len(partials)}")
        since = np.maximum(t - onset, 0)
        tone = sum(a * np.sin(2 * np.pi * h * pitch * since) for h, a in enumerate(partials[instrument], 1))
        x += (t >= onset) * tone * 0.5 ** (since / 0.2) * np.minimum(since / 0.005, 1)
    return asarray(x[:, None])
