"""Dictionaries that are matrices: their coherence, their norms, and the over-complete DCT."""

import math

import numpy as np

from ..arrays import (
    array_namespace,
    asarray,
    check,
    check_type,
    check_whole,
    computed_now,
    eye,
    is_traced,
    to_numpy,
)
from .checks import check_dictionary
from .convolution import ConvDictionary


def atom_norms(D):
    """Euclidean norms of the atoms (columns) of a matrix; a zero atom is an error."""
    xp = array_namespace(D)
    norms = xp.linalg.vector_norm(check("D", D, ndim=2), axis=0)
    some = xp.any(norms == 0)
    if not is_traced(some) and bool(some):
        zero = [j for j, norm in enumerate(norms) if float(norm) == 0]
        raise ValueError(f"atom {zero[0]} of D is zero ({len(zero)} in all)")
    return norms


def normalize(D):
    """The dictionary with unit atoms, ``d_j / ||d_j||_2``; a zero atom is an error."""
    return D / atom_norms(D)


def coherence(D):
    """Mutual coherence ``mu(D) = max_{i != j} |d_i^T d_j| / (||d_i|| ||d_j||)`` [Donoho & Elad, 2003].

    For a convolutional dictionary over all pairs of distinct shifted atoms, exactly.
    """
    D = getattr(D, "effective", D)  # of a product: its effective atoms
    if hasattr(D, "stripe_dictionary"):
        if all(len(range(0, n, D.stride)) * 2 - 1 <= P for n, P in zip(D.size, D.positions, strict=True)):
            return min(1.0, float(shifted_coherence(D).max()))
        D = dense(D)  # an atom meets another around the circle on both sides, or the border cuts shifts off
    xp = array_namespace(D)
    D = normalize(D)
    gram = xp.abs(D.T @ D)
    if gram.shape[0] < 2:
        raise ValueError("coherence needs at least two atoms")
    return min(1.0, float(xp.max(xp.triu(gram, k=1))))  # rounding must not make it larger


def shifted_coherence(D):
    """Shifted coherences ``mu_s = max_{i,j} |<d_i, d_j shifted by s>|`` of unit atoms, ``i != j`` where
    s = 0.

    A NumPy array with one axis for each space axis of the ConvDictionary, over the shifts ``-(r - 1),
    ..., r - 1`` in positions, ``r = ceil(n / stride)`` [Papyan, Sulam & Elad, 2017].
    """
    m = check_type("D", D, ConvDictionary).filters.shape[-1]
    reach = [len(range(0, n, D.stride)) for n in D.size]
    norms = to_numpy(atom_norms(D.local))
    cross = to_numpy(D.local.T @ D.stripe_dictionary).reshape(m, *(2 * r - 1 for r in reach), m)
    cross = np.abs(cross) / norms / norms.reshape(m, *[1] * len(reach), 1)
    cross[(range(m), *(r - 1 for r in reach), range(m))] = 0  # an atom with itself
    return cross.max(axis=(0, -1))


def dense(D):
    """The dictionary as an explicit matrix (N c, P m), columns in the order of ``gamma.ravel()``; small
    signals only."""
    if hasattr(check_dictionary(D), "ndim"):
        return D
    xp, m = array_namespace(D.filters), D.filters.shape[-1]
    count = math.prod(D.positions) * m
    units = eye(count, like=D.filters)
    return xp.reshape(D @ xp.reshape(units, (count, *D.positions, m)), (count, -1)).T


def lipschitz(D):
    """Largest eigenvalue of ``D^T D``: the Lipschitz constant of the gradient of ``||y - D gamma||^2 /
    2``."""
    if hasattr(D, "lipschitz"):
        return float(D.lipschitz)
    xp = array_namespace(D)
    with computed_now(D):
        gram = D @ D.T if D.shape[0] < D.shape[1] else D.T @ D
        return float(xp.linalg.eigvalsh(gram)[-1])


def dct_matrix(n):
    """Orthonormal DCT-II basis of length ``n``: column k is ``cos((2 t + 1) k pi / (2 n))``, normalised."""
    t = np.arange(check_whole("n", n))
    D = np.cos((2 * t[:, None] + 1) * t * math.pi / (2 * n))
    return asarray(D / np.linalg.norm(D, axis=0))


def dct_dictionary(n=8, m=16):
    """Over-complete 2-D DCT with atoms of n x n pixels, shape (n^2, m^2) [Elad & Aharon, 2006].

    The 1-D atoms ``v_k(t) = cos(t k pi / m)``, t = 0..n-1, k = 0..m-1, lose their mean for k > 0 and
    are normalised; the 2-D atoms are their products. The first is constant.
    """
    if not 2 <= check_whole("n", n) <= check_whole("m", m):
        raise ValueError(f"dct_dictionary({n}, {m}): expected 2 <= n <= m")
    V = np.cos(np.arange(n)[:, None] * np.arange(m) * math.pi / m)
    V[:, 1:] -= V[:, 1:].mean(axis=0)
    V /= np.linalg.norm(V, axis=0)
    return asarray(np.kron(V, V))
