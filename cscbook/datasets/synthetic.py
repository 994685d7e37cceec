"""Random signals: seeded dictionaries, codes and noise, and a waveform of known notes.

Random numbers come from a NumPy ``Generator``; ``rng=None`` means ``np.random.default_rng(0)``. Arrays
are float64 and live in the chosen backend.
"""

import numpy as np

from ..arrays import asarray, check, check_level


def _generator(rng):
    return np.random.default_rng(0) if rng is None else rng


def random_dictionary(n, m, rng=None):
    """Unit atoms drawn uniformly from the sphere, shape (n, m)."""
    D = _generator(rng).standard_normal((n, m))
    return asarray(D / np.linalg.norm(D, axis=0))


def random_code(m, k, p=None, rng=None, low=None, high=None):
    """A code with exactly ``k`` non-zeros at random places, shape (m,), or (m, p) for p of them.

    The non-zeros are standard Gaussian; with ``low`` and ``high``, magnitudes uniform between them and
    random signs.
    """
    if not 0 <= k <= m:
        raise ValueError(f"k = {k}: expected 0 <= k <= {m}")
    rng, columns = _generator(rng), 1 if p is None else p
    gamma = np.zeros((m, columns))
    for j in range(columns):
        values = (
            rng.standard_normal(k) if low is None else rng.choice([-1.0, 1.0], k) * rng.uniform(low, high, k)
        )
        gamma[rng.choice(m, k, replace=False), j] = values
    return asarray(gamma[:, 0] if p is None else gamma)


def noise(x, sigma, rng=None):
    """White Gaussian noise of standard deviation ``sigma``, in the shape and library of ``x``."""
    drawn = _generator(rng).standard_normal(tuple(check("x", x).shape))
    return asarray(check_level("sigma", sigma) * drawn, like=x)


def add_noise(x, sigma, rng=None):
    """``y = x + e`` with white Gaussian ``e`` of standard deviation ``sigma``; nothing is clipped or
    rounded."""
    return x + noise(x, sigma, rng)


def synthesize_notes(
    score, rate=8000, seconds=4.0, partials=((1.0, 0.5, 0.3, 0.2), (1.0, 0.0, 0.6, 0.0, 0.4))
):
    """A waveform (samples, 1) of known notes: each ``(onset in s, pitch in Hz, instrument)`` rings and
    decays.

    ``partials[instrument]`` are the amplitudes of the harmonics; a note falls by half in 0.2 s.
    """
    t = np.arange(int(rate * seconds)) / rate
    x = np.zeros_like(t)
    for onset, pitch, instrument in score:
        since = np.maximum(t - onset, 0)
        tone = sum(a * np.sin(2 * np.pi * h * pitch * since) for h, a in enumerate(partials[instrument], 1))
        x += (t >= onset) * tone * 0.5 ** (since / 0.2) * np.minimum(since / 0.005, 1)
    return asarray(x[:, None])
