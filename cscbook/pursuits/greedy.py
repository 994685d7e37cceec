"""Greed: orthogonal matching pursuit, of one signal or of many at once."""

import math

import numpy as np
from scipy.sparse import csc_matrix

from .. import kernels
from ..arrays import check_level, check_whole, on_host
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.matrix import atom_norms, dense
from ..dictionaries.places import check_planar
from .iterative import Pursuit, check_problem


@on_host
def omp(D, y, k=None, tol=None):
    """Orthogonal matching pursuit [Pati, Rezaiifar & Krishnaprasad, 1993]: one atom at a time, least
    squares on all chosen.

    Each step adds the atom with the largest ``|d_j^T r| / ||d_j||`` and makes the residual ``r``
    orthogonal to all chosen. One step waits for the other: arrays that live on a device are copied to the
    host, and the code is copied back.

    Parameters
    ----------
    D : matrix (n, m) or ConvDictionary
        A zero atom is an error.
    y : array, shape (n,) or (n, p), or (*batch, *space, c)
        One signal, or columns of signals: all of them at once by batch-OMP [Rubinstein, Zibulevsky &
        Elad, 2008].
    k : int, optional
        At most so many atoms per signal, 1 <= k <= min(n, m).
    tol : float, optional
        Stop at a residual norm of ``tol``. One of the two is required, the first limit met stops; a
        zero residual stops too.

    Returns
    -------
    Pursuit
        ``gamma``: shape (m,) for one signal; for columns a sparse (m, p) matrix (dense where the
        library has none). ``trace``: for one signal, the residual norm after each atom. ``converged``:
        all residuals are at most ``tol`` where it is given, else every signal got ``k`` atoms or a zero
        residual.
    """
    check_problem(D, y)
    D = getattr(D, "effective", D)  # of a product: its effective atoms
    local = D.local if isinstance(D, ConvDictionary) else D
    norms, most = atom_norms(local), min(D.shape)
    if k is None and tol is None:
        raise ValueError("omp needs k, tol or both")
    if k is not None and check_whole("k", k) > most:
        raise ValueError(
            f"k = {k}: expected an integer with 1 <= k <= {most} for D of shape {tuple(D.shape)}"
        )
    bound = -1.0 if tol is None else check_level("tol", tol) ** 2
    k = int(k or most)
    if isinstance(D, ConvDictionary):
        return _convolutional(D, y, norms, k, bound)
    unit, norms = (D / norms).astype(y.dtype), norms.astype(y.dtype)
    if y.ndim == 1:
        gamma, left, trace = _one_column(unit, y, k, bound)
        return Pursuit(gamma / norms, trace, _reached(left, len(trace), y, k, bound))
    gamma, left = _compiled_columns(unit, y, k, bound)
    gamma.data /= norms[gamma.indices]
    return Pursuit(gamma, (), _reached(left, np.diff(gamma.indptr), y, k, bound))


def _zero_level(y):
    """Squared residual below which a column of ``y`` counts as represented: rounding, not signal."""
    return (100 * np.finfo(y.dtype).eps) ** 2 * np.sum(y.astype(np.float64) ** 2, axis=0)


def _reached(left, used, y, k, bound):
    """Whether every column met its stopping rule."""
    if bound >= 0:
        return bool(np.all(left <= bound))
    return bool(np.all((left <= _zero_level(y)) | (used >= k)))


def _one_column(D, y, k, bound):
    """OMP of one signal over unit atoms, the chosen ones kept orthonormal: the code, the squared residual,
    and the residual norm after every atom."""
    r, left, zero = y, float(np.sum(y.astype(np.float64) ** 2)), float(_zero_level(y))
    atoms, basis, triangle, along, trace = [], np.zeros((0, len(y)), y.dtype), [], [], []
    while len(atoms) < k and left > bound and left > zero:
        j = int(np.argmax(np.abs(D.T @ r)))
        u, column = D[:, j], []
        for q in basis:  # Gram-Schmidt
            column.append(q @ u)
            u = u - column[-1] * q
        norm = np.linalg.norm(u)
        if norm <= (3e-3 if y.dtype == np.float32 else 1e-6):  # j lies in the span of the chosen
            break
        u = u / norm
        along.append(u @ r)
        r = r - along[-1] * u
        left = float(np.sum(r.astype(np.float64) ** 2))
        atoms.append(j), triangle.append([*column, norm]), trace.append(math.sqrt(left))
        basis = np.vstack([basis, u])
    gamma = np.zeros(D.shape[1], y.dtype)
    for i in reversed(range(len(atoms))):  # back substitution
        later = sum(triangle[t][i] * gamma[atoms[t]] for t in range(i + 1, len(atoms)))
        gamma[atoms[i]] = (along[i] - later) / triangle[i][i]
    return gamma, left, tuple(trace)


def _compiled_columns(D, Y, k, bound):
    """Batch-OMP of all columns of ``Y`` over unit atoms: the sparse code and the squared residuals."""
    m, p = D.shape[1], Y.shape[1]
    gram, rows_of_D = D.T @ D, np.ascontiguousarray(D.T)
    used, left = np.zeros(p, np.int64), np.empty(p)

    def work(start, stop):
        y = np.ascontiguousarray(Y[:, start:stop].T)
        energy = np.einsum("ij,ij->i", y, y, dtype=np.float64)
        live = np.flatnonzero(energy > max(bound, 0))
        y = y[live]
        support, value = np.empty((len(live), k), np.int32), np.empty((len(live), k), D.dtype)
        count, rest = np.zeros(len(live), np.int64), energy[live]
        kernels.patches.batch_omp(y @ D, gram, y, rows_of_D, rest, bound, k, support, value, count)
        energy[live] = rest
        used[start:stop][live], left[start:stop] = count, energy
        rows, data = np.empty(count.sum(), np.int32), np.empty(count.sum(), D.dtype)
        kernels.patches.compact(support, value, count, rows, data)
        return rows, data

    rows, data = zip(*kernels.patches.over_columns(work, p, 4096), strict=True)
    pointer = np.concatenate([[0], np.cumsum(used)])
    return csc_matrix((np.concatenate(data), np.concatenate(rows), pointer), shape=(m, p)), left


def _convolutional(D, y, norms, k, bound):
    """OMP on a convolutional dictionary, one signal of the batch after the other."""
    check_planar(D)
    unit = ConvDictionary(D.filters / norms, D.space, D.stride, D.circular)
    batch, signals = y.shape[: -1 - len(D.space)], y.reshape(-1, *D.space, D.filters.shape[-2])
    if len(signals) >= 8 and math.prod(D.shape) <= 1 << 21:
        return _many_small(dense(unit), signals, batch, D, norms, k, bound)
    found = [_compiled_shifts(unit, signal, k, bound) for signal in signals]
    gamma = np.stack([code for code, _, _ in found]).reshape(*batch, *D.positions, len(norms)) / norms
    return Pursuit(gamma, found[0][1] if len(found) == 1 else (), all(done for _, _, done in found))


def _many_small(M, signals, batch, D, norms, k, bound):
    """Many short signals: their explicit matrix is small, and batch-OMP shares its Gram matrix among
    them."""
    gamma, left = _compiled_columns(M, signals.reshape(len(signals), -1).T, k, bound)
    done = _reached(left, np.diff(gamma.indptr), signals.reshape(len(signals), -1).T, k, bound)
    gamma = gamma.T.toarray().reshape(*batch, *D.positions, len(norms)) / norms
    return Pursuit(gamma.astype(signals.dtype), (), done)


def _compiled_shifts(D, y, k, bound):
    """One signal, by local updates; D has unit atoms."""
    m, dtype = D.filters.shape[-1], y.dtype
    space = D.positions if len(D.positions) == 2 else (1, *D.positions)
    cross = _cross_correlations(D).astype(dtype)
    corr = np.ascontiguousarray((D.T @ y).reshape(space[0], space[1] * m), dtype)
    energy = float(np.sum(y * y, dtype=np.float64))
    support, z, trace, left = kernels.greedy.greedy(corr, cross, space, D.circular, bound, energy, k)
    gamma = np.zeros(math.prod(D.positions) * m, dtype)
    gamma[support] = z
    done = left <= bound if bound >= 0 else len(support) == k or left <= 1e-15 * energy
    return gamma.reshape(*D.positions, m), tuple(trace.tolist()), bool(done)


def _cross_correlations(D):
    """``D_L^T Omega``, each atom with all atoms of its stripe, as (m, rows of the stripe, the rest), for
    the kernel.

    Each atom is put in the middle of a signal that just holds its stripe, and correlated: Omega itself
    may not fit into memory.
    """
    far = [-(-n // D.stride) - 1 for n in D.size]
    if not D.circular:  # two atoms are at most so many positions apart
        far = [min(steps, P - 1) for steps, P in zip(far, D.positions, strict=True)]
    reach, m = [D.stride * steps for steps in far], D.filters.shape[-1]
    span = tuple(n + 2 * r for n, r in zip(D.size, reach, strict=True))
    middle = np.pad(np.moveaxis(D.filters, -1, 0), [(0, 0), *((r, r) for r in reach), (0, 0)])
    cross = ConvDictionary(D.filters, span, D.stride, circular=False).T @ middle  # (m, *stripe, m)
    return cross.reshape(m, -1 if len(reach) == 2 else 1, cross.shape[-2] * m)
