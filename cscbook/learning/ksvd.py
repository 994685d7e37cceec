"""The learner K-SVD: from patches to the dictionary that codes them sparsely.

Denoising with it is :mod:`cscbook.imaging.denoising.ksvd`.
"""

import math
from dataclasses import dataclass

import numpy as np

from .. import kernels
from ..arrays import array_namespace, asarray, check, is_numpy, to_numpy
from ..dictionaries.matrix import normalize
from ..norms import l0
from ..pursuits import omp


@dataclass(frozen=True)
class Learned:
    """A learned dictionary.

    Attributes
    ----------
    D : array (n, m)
        Unit atoms.
    gamma : sparse or dense matrix (m, p)
        Codes of the training signals over ``D``.
    trace : tuple of dict
        One entry an iteration: ``nonzeros`` a signal and root mean square ``error``, after its coding step.
    """

    D: object
    gamma: object
    trace: tuple = ()


def ksvd(Y, n_atoms=None, D0=None, k=None, tol=None, n_iter=10, rng=None):
    """K-SVD: alternate batch-OMP and updates of one atom at a time [Aharon, Elad & Bruckstein, 2006].

    Atom j and its coefficients become the leading singular pair of ``E_j = Y - sum_{i != j} d_i g_i``,
    restricted to the signals that use it; one power step from the current pair is taken [Rubinstein,
    Zibulevsky & Elad, 2008]. Clean-up after each sweep: an atom used at most 3 times, or with ``|d_i^T
    d_j| > 0.99`` for an earlier one, becomes the signal that is represented worst.

    Parameters
    ----------
    Y : array (n, p)
        Training signals as columns. Nothing is centred.
    n_atoms : int, optional
        Start from so many distinct random signals.
    D0 : array (n, m), optional
        Start from this dictionary; one of the two is required.
    k, tol
        Stopping rule of :func:`~cscbook.pursuits.omp`.
    n_iter : int
    rng : numpy Generator, optional

    Returns
    -------
    Learned
    """
    xp, rng = array_namespace(check("Y", Y, ndim=2)), np.random.default_rng(0) if rng is None else rng
    if (n_atoms is None) == (D0 is None):
        raise ValueError("ksvd needs n_atoms or D0, and not both")
    if n_iter < 1:
        raise ValueError(f"n_iter = {n_iter}: expected at least 1")
    if D0 is None:
        D0 = _some_signals(Y, n_atoms, rng)
    elif D0.shape[0] != Y.shape[0]:
        raise ValueError(f"D0 has {D0.shape[0]} rows, Y has {Y.shape[0]}")
    array_namespace(Y, D0)  # one library, one device
    D, trace = normalize(xp.astype(D0, Y.dtype)), []
    sweep = _compiled_sweep if is_numpy(Y, D) else _array_sweep
    for _ in range(n_iter):
        gamma = omp(D, Y, k=k, tol=tol).gamma
        residual = Y - D @ gamma
        error = math.sqrt(float(xp.mean(residual * residual)))
        trace.append({"nonzeros": l0(gamma) / Y.shape[1], "error": error})
        D, residual, used = sweep(D, residual, gamma, rng.permutation(D.shape[1]))
        D = _clean_up(D, Y, residual, used)
    return Learned(D, omp(D, Y, k=k, tol=tol).gamma, tuple(trace))


def _some_signals(Y, m, rng):
    xp = array_namespace(Y)
    loud = to_numpy(xp.linalg.vector_norm(Y, axis=0)) > 0
    if not 1 <= m <= loud.sum():
        raise ValueError(
            f"n_atoms = {m}: expected between 1 and {loud.sum()}, the number of signals that are not zero"
        )
    return asarray(to_numpy(Y)[:, rng.choice(np.flatnonzero(loud), m, replace=False)], like=Y)


def _array_sweep(D, residual, gamma, order):
    """One sweep of atom updates; returns the dictionary, the residual and how often each atom is used."""
    xp = array_namespace(D)
    gamma = xp.asarray(gamma.toarray()) if hasattr(gamma, "toarray") else gamma
    atoms, used = [D[:, j] for j in range(D.shape[1])], []
    for j in range(D.shape[1]):
        used.append(int(xp.sum(xp.astype(gamma[j, :] != 0, xp.int64))))
    for j in map(int, order):
        if used[j]:
            g, d = gamma[j, :], atoms[j]
            residual = residual + d[:, None] * g  # E_j, on the signals that use the atom
            d = residual @ g
            d = d / xp.linalg.vector_norm(d)
            g = xp.where(g != 0, d @ residual, xp.zeros_like(g))
            residual, atoms[j] = residual - d[:, None] * g, d
    return xp.stack(atoms, axis=1), residual, used


def _compiled_sweep(D, residual, gamma, order):
    by_atom = gamma.tocsr()
    atoms, rows = np.ascontiguousarray(D.T), np.ascontiguousarray(residual.T)
    kernels.patches.ksvd_sweep(atoms, rows, by_atom.indptr, by_atom.indices, by_atom.data, order)
    return atoms.T, rows.T, np.diff(by_atom.indptr)


def _clean_up(D, Y, residual, used):
    """Replace atoms that are hardly used, or nearly equal to an earlier one, by the signals represented
    worst."""
    xp = array_namespace(D)
    twin = to_numpy(xp.max(xp.triu(xp.abs(D.T @ D), k=1), axis=0)) > 0.99
    weak = np.flatnonzero(twin | (np.asarray(used) <= 3))
    if not len(weak):
        return D
    worst = np.argsort(-to_numpy(xp.sum(residual**2, axis=0)), kind="stable")[: len(weak)]
    D, atoms = np.array(to_numpy(D)), to_numpy(Y)[:, worst]
    loud = np.linalg.norm(atoms, axis=0) > 0
    D[:, weak[: len(worst)][loud]] = atoms[:, loud] / np.linalg.norm(atoms, axis=0)[loud]
    return asarray(D, like=Y)
