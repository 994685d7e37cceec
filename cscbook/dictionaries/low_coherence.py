"""A dictionary as incoherent as shifts allow: the filters of the talk's experiments."""

import numpy as np
import scipy

from ..arrays import asarray, check_whole


def low_coherence_dictionary(m, n, starts=4):
    """Filters (n, 1, m) of unit norm whose shifts correlate as little as we can make them; deterministic.

    Minimises the p-norm of all correlations of distinct shifted atoms by L-BFGS, for p = 4, 8, ...,
    1024, from ``starts`` random starts, and keeps the filters with the smallest coherence. For m = 2, n
    = 64 it is below 0.076, where the Welch bound (:func:`~cscbook.theory.guarantees.welch_bound`) is 0.0629.
    """
    m, n = check_whole("m", m), check_whole("n", n, least=2)
    found = []
    for seed in range(check_whole("starts", starts)):
        d = np.random.default_rng(seed).standard_normal((m, n))
        for p in 2 ** np.arange(2, 11):
            d = scipy.optimize.minimize(
                _p_norm, d.ravel(), args=(m, n, p), jac=True, method="L-BFGS-B", options={"maxiter": 60}
            ).x
        d = d.reshape(m, n) / np.linalg.norm(d.reshape(m, n), axis=1, keepdims=True)
        found.append((np.abs(_correlations(d)[0]).max(), seed, d))
    return asarray(min(found)[2].T[:, None, :])


def _correlations(d):
    """Correlations c[i, j, l] = sum_t d_i(t) d_j(t + l) for all lags, without an atom's own energy; and
    the spectra."""
    spectrum = scipy.fft.rfft(d, 2 * d.shape[1])
    c = scipy.fft.irfft(spectrum[:, None].conj() * spectrum[None])
    c[range(len(d)), range(len(d)), 0] = 0
    return c, spectrum


def _p_norm(flat, m, n, p):
    """The p-norm of the correlations of the normalised filters, and its gradient."""
    d = flat.reshape(m, n)
    norms = np.linalg.norm(d, axis=1, keepdims=True)
    u = d / norms
    c, spectrum = _correlations(u)
    top = np.abs(c).max()
    power = np.sum((np.abs(c) / top) ** p)
    value = top * power ** (1 / p)
    weight = np.sign(c) * (np.abs(c) / top) ** (p - 1) * power ** (1 / p - 1)
    gradient = 2 * scipy.fft.irfft(scipy.fft.rfft(weight).conj() * spectrum[None]).sum(axis=1)[:, :n]
    gradient -= np.sum(gradient * u, axis=1, keepdims=True) * u
    return value, (gradient / norms).ravel()
