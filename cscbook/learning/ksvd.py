"""The learner K-SVD: from patches to the dictionary that codes them sparsely.

Denoising with it is :mod:`cscbook.imaging.denoising.ksvd`.
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import csr_matrix, issparse

from .. import kernels
from ..arrays import array_namespace, as_generator, check, check_level, check_whole, on_host
from ..checkpoints import run
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
        One entry per iteration: ``nonzeros`` per signal and root mean square ``error``, after its coding.
    """

    D: object
    gamma: object
    trace: tuple = ()


@on_host
def ksvd(Y, n_atoms=None, D0=None, k=None, tol=None, n_iter=10, rng=None, **shared):
    """K-SVD: alternate batch-OMP and updates of one atom at a time [Aharon, Elad & Bruckstein, 2006].

    Atom j and its coefficients become the leading singular pair of ``E_j = Y - sum_{i != j} d_i g_i``,
    restricted to the signals that use it; one power step from the current pair is taken [Rubinstein,
    Zibulevsky & Elad, 2008]. Clean-up after each sweep: an atom used at most 3 times, or with ``|d_i^T
    d_j| > 0.99`` for an earlier one, becomes the signal that is represented worst. All of it runs on the
    host, whatever device ``Y`` lives on.

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
    progress : bool, default False
        Show a bar.
    checkpoint : path, optional
        Keep the state there after each round, and go on from it: see
        :func:`~cscbook.checkpoints.run`.

    Returns
    -------
    Learned
    """
    check("Y", Y, ndim=2, most=math.inf)  # of any size: it is scaled
    rng, n_iter = as_generator(rng), check_whole("n_iter", n_iter)
    if (n_atoms is None) == (D0 is None):
        raise ValueError("ksvd needs n_atoms or D0, and not both")
    unit = _power_of_two(Y)  # rounds nothing, and no square leaves the range of float32
    Y, tol = Y / unit, None if tol is None else min(check_level("tol", tol) / float(unit), 1e100)
    if D0 is None:
        D0 = _some_signals(Y, check_whole("n_atoms", n_atoms), rng)
    elif check("D0", D0, ndim=2).shape[0] != Y.shape[0]:
        raise ValueError(f"D0 has {D0.shape[0]} rows, Y has {Y.shape[0]}")
    array_namespace(Y, D0)  # one library
    D0 = normalize(D0.astype(Y.dtype))
    settings, step = ("ksvd", Y, D0, k, tol), partial(ksvd_round, Y, k, tol)
    state, trace = run(step, {"D": D0}, n_iter, rng=rng, settings=settings, **shared)
    trace = tuple(row | {"error": float(unit) * row["error"]} for row in trace)
    return Learned(state["D"], omp(state["D"], Y, k=k, tol=tol).gamma * unit, trace)


def _power_of_two(Y):
    """The power of two next to the largest entry; 1 where all are zero."""
    return np.asarray(np.ldexp(1.0, np.frexp(np.abs(Y).max())[1]), Y.dtype) if Y.any() else Y.dtype.type(1)


def ksvd_round(Y, k, tol, state, rng):
    """One round of :func:`ksvd`: all codes, a sweep over the atoms in random order, the clean-up."""
    D = state["D"]
    gamma = omp(D, Y, k=k, tol=tol).gamma
    residual = Y - D @ gamma
    row = {"nonzeros": l0(gamma) / Y.shape[1], "error": math.sqrt(np.mean(residual * residual))}
    D, residual, used = _sweep(D, residual, gamma, rng.permutation(D.shape[1]))
    return {"D": _clean_up(D, Y, residual, used)}, row


def _some_signals(Y, m, rng):
    loud = np.flatnonzero(np.linalg.norm(Y, axis=0))
    if m > len(loud):
        raise ValueError(
            f"n_atoms = {m}: expected between 1 and {len(loud)}, the number of signals that are not zero"
        )
    return Y[:, rng.choice(loud, m, replace=False)]


@on_host
def ksvd_update(D, S, gamma, order):
    """One sweep of K-SVD over the atoms of ``S = D gamma``: each becomes the leading direction of what
    the others leave, on the signals that use it [Aharon, Elad & Bruckstein, 2006].

    Parameters
    ----------
    D : array (n, m)
        Unit atoms; those that no signal uses stay.
    S : array (n, p)
        Signals, or slices, as columns.
    gamma : array (m, p)
        Their codes.
    order : permutation of the atoms
        Integers from 0 to m - 1.
    """
    codes = csr_matrix(gamma if issparse(gamma) else check("gamma", gamma, ndim=2), copy=True)
    check_pairs(D, S, codes)
    order = np.asarray(order)
    if order.dtype.kind not in "iu":
        raise TypeError(f"order has dtype {order.dtype}: expected integers, a permutation of the atoms")
    if order.ndim != 1 or not np.array_equal(np.sort(order), np.arange(D.shape[1])):
        raise ValueError(f"order of shape {order.shape}: expected a permutation of 0 to {D.shape[1] - 1}")
    return _sweep(D, S - D @ gamma, codes, order.astype(np.int64))[0]


def check_pairs(D, S, gamma):
    """Raise unless these are atoms, signals, and codes that fit them; the codes may be sparse."""
    array_namespace(check("D", D, ndim=2), check("S", S, ndim=2))
    if not issparse(gamma):
        array_namespace(D, check("gamma", gamma, ndim=2))
    elif gamma.nnz:
        check("gamma", gamma.data)
    if (S.shape[0], D.shape[1], S.shape[1]) != (D.shape[0], *gamma.shape):
        shapes = ", ".join(str(tuple(a.shape)) for a in (D, S, gamma))
        raise ValueError(f"D, S and gamma have shapes {shapes}: expected (n, m), (n, p) and (m, p)")


def _sweep(D, residual, gamma, order):
    """One sweep of atom updates; returns the dictionary, the residual and how often each atom is used."""
    by_atom = gamma.tocsr()
    atoms, rows = np.array(D.T, order="C"), np.ascontiguousarray(residual.T)  # the atoms are a copy
    kernels.patches.ksvd_sweep(atoms, rows, by_atom.indptr, by_atom.indices, by_atom.data, np.asarray(order))
    return atoms.T, rows.T, np.diff(by_atom.indptr)


def _clean_up(D, Y, residual, used):
    """Replace atoms that are hardly used, or nearly equal to an earlier one, by the signals represented
    worst."""
    twin = np.triu(np.abs(D.T @ D), k=1).max(axis=0) > 0.99
    weak = np.flatnonzero(twin | (np.asarray(used) <= 3))
    worst = np.argsort(-np.sum(residual**2, axis=0), kind="stable")[: len(weak)]
    D, atoms = D.copy(), Y[:, worst]
    norms = np.linalg.norm(atoms, axis=0)
    D[:, weak[: len(worst)][norms > 0]] = atoms[:, norms > 0] / norms[norms > 0]
    return D
