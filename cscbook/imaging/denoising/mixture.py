"""The Gaussian mixture of :func:`denoise_epll`: learned from clean patches, kept in a file."""

import math

import numpy as np

from ...arrays import (
    array_namespace,
    as_generator,
    asarray,
    check,
    check_whole,
    check_wholes,
    eye,
    float64,
    indices,
    to_numpy,
)
from ...checkpoints import write_npz
from ...datasets.files import _read
from .checks import check_scale
from .patch_models import check_mixture


def learn_mixture(P, kinds, n_iter=20, floor=1.0, rng=None):
    """Yield rounds ``(weights, covariances, log-likelihood per patch)`` of expectation maximisation for
    ``p(p) = sum_k w_k N(p; 0, S_k)``.

    A round computes how probable each kind is for each patch, ``r_ki``, and then sets
    ``w_k = mean_i r_ki`` and ``S_k = sum_i r_ki p_i p_i^T / sum_i r_ki``. It never lowers the likelihood, but
    for the ``floor``. The likelihood is that of the kinds before the round. It starts from groups of patches:
    each belongs to the nearest of ``kinds`` random ones, or of their negatives.

    Parameters
    ----------
    P : array (n, p)
        Patches without their means, as columns.
    kinds : int
        At most p.
    n_iter : int
    floor : float
        Added to the diagonal of all covariances: the variance of what is too small to matter.
    rng : numpy Generator, optional

    Yields
    ------
    weights (kinds,), covariances (kinds, n, n), float
    """
    xp, rng, floor = array_namespace(check("P", P, ndim=2)), as_generator(rng), check_scale("floor", floor)
    kinds, n_iter = check_wholes(kinds=kinds, n_iter=n_iter)
    if kinds > P.shape[1]:
        raise ValueError(f"kinds = {kinds}: expected at most {P.shape[1]}, the number of patches")
    seeds = xp.take(P, indices(np.sort(rng.choice(P.shape[1], kinds, replace=False)), like=P), axis=1)
    near = 2 * xp.abs(seeds.T @ P) - xp.sum(seeds * seeds, axis=0)[:, None]
    number = indices(range(kinds), like=P)[:, None]
    share = xp.astype(xp.argmax(near, axis=0)[None, :] == number, P.dtype)
    return _rounds(P, share, n_iter, floor)


def _rounds(P, share, n_iter, floor):
    weights, covariances = fit_kinds(P, share, floor)
    for _ in range(n_iter):
        share, likelihood = kinds_of(P, weights, covariances)
        weights, covariances = fit_kinds(P, share, floor)
        yield weights, covariances, likelihood


def kinds_of(P, weights, covariances):
    """How probable each kind is for each patch, (K, p), and the mean log-likelihood of the patches."""
    xp, n = array_namespace(P), P.shape[0]
    score = []
    for k in range(weights.shape[0]):
        root = xp.linalg.cholesky(covariances[k, ...])
        white = xp.astype(xp.linalg.inv(root), P.dtype) @ P
        size = float(xp.sum(xp.log(xp.linalg.diagonal(root))))
        size = math.log(float(weights[k])) - size - n / 2 * math.log(2 * math.pi)
        score.append(size - xp.sum(white * white, axis=0) / 2)
    score = xp.stack(score)
    top = xp.max(score, axis=0, keepdims=True)
    share = xp.exp(score - top)
    total = xp.sum(share, axis=0, keepdims=True)
    return share / total, float(xp.mean(float64(top + xp.log(total))))


def fit_kinds(P, share, floor):
    """The weights and covariances that are most likely, given how probable each kind is for each patch."""
    xp, n = array_namespace(P), P.shape[0]
    mass = xp.sum(float64(share), axis=1) + 1e-9  # a kind that nobody has becomes that of flat patches
    covariances = [float64((P * share[k, :]) @ P.T) / mass[k] for k in range(share.shape[0])]
    return mass / xp.sum(mass), xp.stack(covariances) + floor * eye(n, like=mass)


def save_mixture(file, weights, covariances):
    """Write a mixture as an npz in half precision: the lower triangle of a root of each covariance.

    The root is the symmetric one, so that what is read back is positive semidefinite whatever is rounded.
    """
    weights, covariances = check_mixture(weights, covariances, covariances)
    eig, U = np.linalg.eigh(to_numpy(covariances))
    roots = (U * np.sqrt(np.maximum(eig, 0))[:, None, :]) @ U.transpose(0, 2, 1)
    rows, columns = np.tril_indices(roots.shape[1])
    kept = {"weights": to_numpy(weights).astype(np.float32), "roots": roots[:, rows, columns]}
    write_npz(file, kept | {"roots": kept["roots"].astype(np.float16)})


def load_mixture(file=None):
    """``(weights, covariances)`` from a file of :func:`save_mixture`; by default the mixture of a hundred
    kinds of 8 x 8 that ``data/train_mixture.py`` learned from seven photographs."""
    with np.load(_read("mixture.npz") if file is None else file, allow_pickle=False) as kept:
        weights, entries = kept["weights"].astype(float), kept["roots"].astype(float)
    n = check_whole("n", (math.isqrt(8 * entries.shape[1] + 1) - 1) // 2)
    roots = np.zeros((len(weights), n, n))
    rows, columns = np.tril_indices(n)
    roots[:, rows, columns] = roots[:, columns, rows] = entries
    return asarray(weights / weights.sum()), asarray(roots @ roots)
