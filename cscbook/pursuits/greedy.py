"""Greed: orthogonal matching pursuit, of one signal or of many at once."""

import math

import numpy as np

from .. import kernels
from ..arrays import array_namespace, check_level, float64, indices, is_numpy, sparse, zeros
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.matrix import atom_norms, dense
from .iterative import Pursuit, check_problem


def omp(D, y, k=None, tol=None):
    """Orthogonal matching pursuit [Pati, Rezaiifar & Krishnaprasad, 1993]: one atom at a time, least
    squares on all chosen.

    Each step adds the atom with the largest ``|d_j^T r| / ||d_j||`` and makes the residual ``r``
    orthogonal to all chosen.

    Parameters
    ----------
    D : matrix (n, m) or ConvDictionary
        A zero atom is an error.
    y : array, shape (n,) or (n, p), or (*batch, *space, c)
        One signal, or columns of signals: all of them at once by batch-OMP [Rubinstein, Zibulevsky &
        Elad, 2008].
    k : int, optional
        At most so many atoms a signal, 1 <= k <= min(n, m).
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
    if k is not None and (k != int(k) or not 1 <= k <= most):
        raise ValueError(
            f"k = {k}: expected an integer with 1 <= k <= {most} for D of shape {tuple(D.shape)}"
        )
    bound = -1.0 if tol is None else check_level("tol", tol) ** 2
    xp, k = array_namespace(y), int(k or most)
    if isinstance(D, ConvDictionary):
        return _convolutional(D, y, norms, k, bound)
    unit, norms = xp.astype(D / norms, y.dtype), xp.astype(norms, y.dtype)
    if y.ndim == 1:
        steps, left, trace = _array_columns(unit, y[:, None], k, bound)
        gamma = _dense_code(steps, unit, 1)[:, 0] / norms
        return Pursuit(
            gamma, trace, bool(_reached(left, indices([len(steps)], like=y), y[:, None], k, bound))
        )
    if is_numpy(D, y):
        gamma, left = _compiled_columns(unit, y, k, bound)
        gamma.data /= norms[gamma.indices]
        return Pursuit(gamma, (), bool(_reached(left, np.diff(gamma.indptr), y, k, bound)))
    steps, left, _ = _array_columns(unit, y, k, bound)
    gamma = _dense_code(steps, unit, y.shape[1]) / norms[:, None]
    used = xp.sum(xp.astype(gamma != 0, xp.int64), axis=0)
    module = sparse(y)
    return Pursuit(module.csc_matrix(gamma) if module else gamma, (), bool(_reached(left, used, y, k, bound)))


def _zero_level(y):
    """Squared residual below which a column of ``y`` counts as represented: rounding, not signal."""
    xp = array_namespace(y)
    return (100 * xp.finfo(y.dtype).eps) ** 2 * xp.sum(float64(y) ** 2, axis=0)


def _reached(left, used, y, k, bound):
    """Whether every column met its stopping rule."""
    xp = array_namespace(left)
    if bound >= 0:
        return xp.all(left <= bound)
    return xp.all((left <= _zero_level(y)) | (used >= k))


def _array_columns(D, Y, k, bound):
    """OMP of all columns of ``Y`` in lock step, with the chosen atoms kept orthonormal (unit atoms in
    ``D``).

    Returns the steps (atom, coefficient) with one entry a column, the squared residuals, and their
    largest roots.
    """
    xp, r = array_namespace(Y), Y
    left, zero = xp.sum(float64(Y) ** 2, axis=0), _zero_level(Y)
    live = (left > bound) & (left > zero)
    atoms, basis, triangle, along, trace = [], [], [], [], []
    while len(atoms) < k and bool(xp.any(live)):
        j = xp.argmax(xp.abs(D.T @ r), axis=0)
        u, column = xp.take(D, j, axis=1), []
        for q in basis:  # Gram-Schmidt
            column.append(xp.sum(q * u, axis=0))
            u = u - column[-1] * q
        norm = xp.linalg.vector_norm(u, axis=0)
        live = live & (
            norm > 3e-3 if Y.dtype == xp.float32 else norm > 1e-6
        )  # else j lies in the span of the chosen
        norm = xp.where(live, norm, xp.ones_like(norm))
        u = xp.where(live, u / norm, xp.zeros_like(u))
        step = xp.sum(u * r, axis=0)
        r = r - step * u
        left = xp.sum(float64(r) ** 2, axis=0)
        atoms.append(j), basis.append(u), triangle.append([*column, norm]), along.append(step)
        trace.append(math.sqrt(float(xp.max(left))))
        live = live & (left > bound) & (left > zero)
    values = [None] * len(atoms)
    for i in reversed(range(len(atoms))):  # back substitution
        later = sum(triangle[t][i] * values[t] for t in range(i + 1, len(atoms)))
        values[i] = (along[i] - later) / triangle[i][i]
    return list(zip(atoms, values, strict=True)), left, tuple(trace)


def _dense_code(steps, D, p):
    """The code (m, p) of OMP's steps, without scattering: each step adds its coefficient where its atom
    stands."""
    xp = array_namespace(D)
    number, gamma = indices(range(D.shape[1]), like=D)[:, None], zeros((D.shape[1], p), like=D)
    for j, value in steps:
        gamma = gamma + xp.where(number == j, value, xp.zeros_like(value))
    return gamma


def _compiled_columns(D, Y, k, bound):
    """:func:`_array_columns` by the compiled batch-OMP; returns the sparse code and the squared
    residuals."""
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
    return sparse(Y).csc_matrix((np.concatenate(data), np.concatenate(rows), pointer), shape=(m, p)), left


def _convolutional(D, y, norms, k, bound):
    """OMP on a convolutional dictionary, one signal of the batch after the other."""
    xp = array_namespace(y)
    unit = ConvDictionary(D.filters / norms, D.space, D.stride, D.circular)
    d, signals = len(D.space), xp.reshape(y, (-1, *D.space, D.filters.shape[-2]))
    batch, route = y.shape[: -1 - d], _compiled_shifts if is_numpy(y, D.filters) else _array_shifts
    if is_numpy(y, D.filters) and len(signals) >= 8 and math.prod(D.shape) <= 1 << 21:
        return _many_small(dense(unit), signals, batch, D, norms, k, bound)
    found = [route(unit, signals[b, ...], k, bound) for b in range(signals.shape[0])]
    gamma = (
        xp.reshape(xp.stack([code for code, _, _ in found]), (*batch, *D.positions, norms.shape[0])) / norms
    )
    return Pursuit(gamma, found[0][1] if len(found) == 1 else (), all(done for _, _, done in found))


def _many_small(M, signals, batch, D, norms, k, bound):
    """Many short signals: their explicit matrix is small, and batch-OMP shares its Gram matrix among
    them."""
    gamma, left = _compiled_columns(M, signals.reshape(len(signals), -1).T, k, bound)
    done = _reached(left, np.diff(gamma.indptr), signals.reshape(len(signals), -1).T, k, bound)
    gamma = gamma.T.toarray().reshape(*batch, *D.positions, len(norms)) / norms
    return Pursuit(gamma.astype(signals.dtype), (), bool(done))


def _compiled_shifts(D, y, k, bound):
    """One signal, by local updates; D has unit atoms."""
    m, dtype = D.filters.shape[-1], y.dtype
    space = D.positions if len(D.positions) == 2 else (1, *D.positions)
    cross = _cross_correlations(D).astype(dtype)
    corr = np.ascontiguousarray((D.T @ y).reshape(space[0], space[1] * m), dtype)
    tiny = float(np.abs(corr).max()) * (1e-10 if dtype == np.float64 else 1e-5)
    support, z, trace = np.empty(k, np.int64), np.empty(k, dtype), np.empty(k)
    energy = float(np.sum(y * y, dtype=np.float64))
    t, left = kernels.greedy.greedy(corr, cross, space, D.circular, bound, energy, tiny, support, z, trace)
    gamma = np.zeros(math.prod(D.positions) * m, dtype)
    gamma[support[:t]] = z[:t]
    done = left <= bound if bound >= 0 else t == k or left <= 1e-15 * energy
    return gamma.reshape(*D.positions, m), tuple(trace[:t].tolist()), bool(done)


def _cross_correlations(D):
    """``D_L^T Omega``, each atom with all atoms of its stripe, as (m, rows of the stripe, the rest), for
    the kernel.

    Each atom is put in the middle of a signal that just holds its stripe, and correlated: Omega itself
    may not fit into memory.
    """
    reach, m = [D.stride * (-(-n // D.stride) - 1) for n in D.size], D.filters.shape[-1]
    span = tuple(n + 2 * r for n, r in zip(D.size, reach, strict=True))
    middle = np.pad(np.moveaxis(D.filters, -1, 0), [(0, 0), *((r, r) for r in reach), (0, 0)])
    cross = ConvDictionary(D.filters, span, D.stride, circular=False).T @ middle  # (m, *stripe, m)
    return cross.reshape(m, -1 if len(reach) == 2 else 1, cross.shape[-2] * m)


def _array_shifts(D, y, k, bound):
    """The definition: all correlations, then least squares on the chosen columns, by QR on the whole
    signal."""
    xp, m = array_namespace(y), D.filters.shape[-1]
    columns, r, trace, chosen = [], y, [], []
    number = indices(range(math.prod(D.positions) * m), like=y)
    energy = float(xp.sum(float64(y) ** 2))
    left, value = energy, None
    while len(chosen) < k and left > bound and left > 1e-15 * energy:
        j = int(xp.argmax(xp.abs(xp.reshape(D.T @ r, (-1,)))))
        one = xp.reshape(xp.astype(number == j, y.dtype), (*D.positions, m))
        chosen.append(one)
        columns.append(xp.reshape(D @ one, (-1,)))
        basis, triangle = xp.linalg.qr(xp.stack(columns, axis=1))
        along = basis.T @ xp.reshape(y, (-1,))
        r = y - xp.reshape(basis @ along, y.shape)
        left = float(xp.sum(float64(r) ** 2))
        trace.append(math.sqrt(left))
        value = xp.linalg.solve(triangle, along)
    gamma = sum((value[i] * one for i, one in enumerate(chosen)), 0 * (D.T @ y))
    done = left <= bound if bound >= 0 else len(chosen) == k or left <= 1e-15 * energy
    return gamma, tuple(trace), bool(done)
