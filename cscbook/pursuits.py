"""Pursuits: given a dictionary and a signal, find a sparse code.

Each is written for anything with ``D @ gamma`` and ``D.T @ x``. A matrix takes one signal ``y`` of shape (n,) or columns
(n, p), and its fast routes use the shared Gram matrix ``D^T D``.
"""

import math
from dataclasses import dataclass

import numpy as np

from . import kernels
from .arrays import (
    array_namespace,
    check,
    check_level,
    float64,
    indices,
    is_numpy,
    sparse,
    zeros,
)
from .dictionary import atom_norms
from .dictionary import lipschitz as largest_eigenvalue
from .shrinkage import soft


@dataclass(frozen=True)
class Pursuit:
    """What a pursuit found.

    Attributes
    ----------
    gamma : array, or sparse matrix (atoms, p) for ``omp`` over columns
        The code.
    trace : tuple of float
        The objective (basis pursuit) or the residual norm (OMP of one signal), one per iteration.
    converged : bool
        Whether the stopping rule of every signal was met.
    """

    gamma: object
    trace: tuple = ()
    converged: bool = True


def _check(D, y):
    if getattr(D, "ndim", None) == 2:
        array_namespace(check("D", D, ndim=2), check("y", y, ndim=(1, 2)))
        if D.shape[0] != y.shape[0]:
            raise ValueError(f"D has {D.shape[0]} rows, y has shape {tuple(y.shape)}: expected ({D.shape[0]},) or columns")
    return check("y", y)


def thresholding(D, y, beta, shrink=soft):
    """Thresholding pursuit, ``shrink(D^T y, beta)``: the simplest of all, one product and one scalar function.

    Parameters
    ----------
    D : dictionary
    y : array
        The signal, or columns of signals.
    beta : float
        Threshold, at least 0.
    shrink : callable
        ``soft``, ``hard`` or ``soft_nonnegative``.
    """
    return Pursuit(shrink(D.T @ _check(D, y), check_level("beta", beta)))


def ista(D, y, lam, lipschitz=None, shrink=soft):
    """Yield the iterates of iterative soft thresholding for ``||y - D g||^2 / 2 + lam ||g||_1``, from zero on, for ever.

    ``g <- soft(g + D^T (y - D g) / c, lam / c)`` with ``c = lipschitz``, by default the largest eigenvalue of ``D^T D``
    [Daubechies, Defrise & De Mol, 2004]. ``shrink=hard`` with ``lam`` replaced by ``sqrt(2 lam c)`` is iterative hard
    thresholding for ``lam ||g||_0`` [Blumensath & Davies, 2008].
    """
    c = lipschitz or largest_eigenvalue(D)
    gamma = 0 * (D.T @ _check(D, y))
    check_level("lam", lam)
    while True:
        gamma = shrink(gamma + D.T @ (y - D @ gamma) / c, lam / c)
        yield gamma


def fista(D, y, lam, lipschitz=None, shrink=soft):
    """Yield the iterates of FISTA [Beck & Teboulle, 2009]: :func:`ista` with momentum, and a restart when it overshoots.

    The objective is at most ``2 c ||g*||^2 / (t + 1)^2`` above the optimum after t steps (without restarts), where ISTA
    needs ``c ||g*||^2 / (2 t)``.
    """
    c = lipschitz or largest_eigenvalue(D)
    gamma = z = 0 * (D.T @ _check(D, y))
    xp, t = array_namespace(gamma), 1.0
    check_level("lam", lam)
    while True:
        before, gamma = gamma, shrink(z + D.T @ (y - D @ z) / c, lam / c)
        overshoots = float(xp.sum((z - gamma) * (gamma - before))) > 0
        t, last = (1.0, 1.0) if overshoots else ((1 + math.sqrt(1 + 4 * t * t)) / 2, t)
        z = gamma + (last - 1) / t * (gamma - before)
        yield gamma


def lam_max(D, y):
    """The smallest ``lam`` for which the code is zero, ``||D^T y||_inf``."""
    xp = array_namespace(y)
    return float(xp.max(xp.abs(D.T @ _check(D, y))))


def objective(D, y, gamma, lam):
    """``||y - D g||^2 / 2 + lam ||g||_1`` of each signal: a float, or an array (p,) for columns."""
    return _primal_dual(D, y, gamma, lam)[0]


def duality_gap(D, y, gamma, lam):
    """Relative duality gap ``(P - dual) / P`` of ``||y - D g||^2 / 2 + lam ||g||_1``: a certificate of optimality.

    With ``r = y - D g``, the vector ``v = r min(1, lam / ||D^T r||_inf)`` is feasible for the dual problem, so no code has
    an objective below ``||y||^2 / 2 - ||y - v||^2 / 2``. The worst column counts. Sums run in float64.
    """
    xp = array_namespace(y)
    primal, dual = _primal_dual(D, y, gamma, lam)
    tiny = xp.asarray(primal == 0, dtype=primal.dtype)  # a zero signal is coded by zero: no gap
    return float(xp.max((primal - dual) / (primal + tiny)))


def _primal_dual(D, y, gamma, lam):
    D = float64(D) if getattr(D, "ndim", None) == 2 else D
    xp, y, gamma = array_namespace(y), float64(y), float64(gamma)
    axis = 0 if y.ndim == 2 and getattr(D, "ndim", None) == 2 else None
    r = y - D @ gamma
    top = xp.max(xp.abs(D.T @ r), axis=axis)
    scale = lam / xp.maximum(top, xp.ones_like(top) * max(lam, 1e-300))
    primal = xp.sum(r * r, axis=axis) / 2 + lam * xp.sum(xp.abs(gamma), axis=axis)
    return primal, xp.sum(scale * (y * r), axis=axis) - xp.sum((scale * r) ** 2, axis=axis) / 2


def basis_pursuit(D, y, lam, tol=None, max_iter=1000, method=None):
    """Basis pursuit in Lagrangian form, ``min_g ||y - D g||^2 / 2 + lam ||g||_1`` [Chen, Donoho & Saunders, 1998].

    Parameters
    ----------
    D : dictionary
    y : array
        The signal, or columns of signals.
    lam : float
        Weight of the l1 norm, positive. From :func:`lam_max` on the code is zero.
    tol : float
        Stop at this relative duality gap (of the worst column); default 1e-6, or 1e-4 for float32.
    max_iter : int
        At most so many full correlations ``D^T r``.
    method : generator function, optional
        Such as ``ista`` or ``fista``. Default: coordinate descent on the Gram matrix where ``D`` is a NumPy matrix of at
        most 4,096 atoms, else ``fista``.

    Returns
    -------
    Pursuit
        ``trace`` holds the objective (summed over columns) at each check of the certificate.
    """
    xp = array_namespace(_check(D, y))
    if check_level("lam", lam) == 0:
        raise ValueError("lam = 0: expected a positive weight (see basis_pursuit_equality for the noiseless problem)")
    tol = tol or (1e-4 if y.dtype == xp.float32 else 1e-6)
    every = 10
    if method is None and is_numpy(y) and is_numpy(D) and D.shape[1] <= 4096:
        iterates, every = _coordinate_descent(D, y, lam), 1
    else:
        iterates = (method or fista)(D, y, lam)
    trace, gap = [], math.inf
    for t, gamma in enumerate(iterates, 1):
        if t % every == 0 or t >= max_iter:
            trace.append(float(xp.sum(objective(D, y, gamma, lam))))
            gap = duality_gap(D, y, gamma, lam)
            if gap <= tol or t >= max_iter:
                return Pursuit(gamma, tuple(trace), gap <= tol)


def _coordinate_descent(D, y, lam):
    """Yield the codes after every few sweeps of coordinate descent on the Gram matrix, in double precision (NumPy)."""
    D, Y = float64(D), float64(y).reshape(y.shape[0], -1)
    atom_norms(D)
    gram, corr = D.T @ D, np.ascontiguousarray(Y.T @ D)
    gamma = np.zeros_like(corr)  # one row a signal
    while True:
        kernels.over_columns(lambda a, b: kernels.lasso_descent(gram, corr[a:b], gamma[a:b], lam, 5), len(gamma), 1024)
        yield gamma.T.reshape(-1, *y.shape[1:]).astype(y.dtype)


def basis_pursuit_equality(D, x, tol=1e-6, max_iter=20_000):
    """Noiseless basis pursuit, ``min ||g||_1`` subject to ``x = D g``.

    Splitting between soft thresholding and the projection on ``x = D g`` (ADMM, over-relaxed). It stops on a certificate:
    the code is feasible, and a dual vector ``v`` with ``||D^T v||_inf <= 1`` proves ``||g||_1 - x^T v <= tol ||g||_1``.

    Parameters
    ----------
    D : matrix (n, m)
    x : array, shape (n,) or (n, p)
        In the range of D, else an error.
    tol : float
        Relative duality gap, of the worst column.
    """
    xp = array_namespace(_check(D, x))
    columns = xp.reshape(x, (x.shape[0], -1))
    D64, columns = float64(D), float64(columns)
    lift = xp.linalg.pinv(D64)  # D^T (D D^T)^-1: one multiplication projects on x = D g
    if float(xp.max(xp.abs(D64 @ (lift @ columns) - columns))) > 1e-6 * (1 + float(xp.max(xp.abs(columns)))):
        raise ValueError(f"x is not in the range of D (shape {tuple(D.shape)}): x = D g has no solution")
    z = lift @ columns
    beta = 0.2 * xp.max(xp.abs(z), axis=0, keepdims=True)
    beta = xp.where(beta > 0, beta, xp.ones_like(beta))
    dual, trace, gap = xp.zeros_like(z), [], math.inf
    for t in range(1, max_iter + 1):
        gamma = z - dual
        gamma = gamma + lift @ (columns - D64 @ gamma)
        mixed = 1.7 * gamma - 0.7 * z
        z = soft(mixed + dual, beta)
        dual = dual + mixed - z
        if t % 25 == 0 or t == max_iter:
            gamma = gamma + lift @ (columns - D64 @ gamma)
            trace.append(float(xp.sum(xp.abs(gamma))))
            gap = _equality_gap(D64, columns, gamma, lift.T @ dual)
            if gap <= tol:
                break
    gamma = xp.concat([_sharpen(D64, columns[:, j], gamma[:, j], z[:, j]) for j in range(z.shape[1])], axis=1)
    return Pursuit(xp.astype(xp.reshape(gamma, (-1,) + tuple(x.shape[1:])), x.dtype), tuple(trace), gap <= tol)


def _equality_gap(D, x, gamma, v):
    """Largest ``(||g||_1 - x^T v) / ||g||_1`` over the columns, with v scaled to ``||D^T v||_inf = 1``."""
    xp = array_namespace(x)
    primal = xp.sum(xp.abs(gamma), axis=0)
    top = xp.max(xp.abs(D.T @ v), axis=0)
    dual = xp.sum(x * v, axis=0) / xp.where(top > 0, top, xp.ones_like(top))
    return float(xp.max((primal - dual) / xp.where(primal > 0, primal, xp.ones_like(primal))))


def _sharpen(D, x, gamma, z):
    """Column (m, 1): least squares on the support of the thresholded ``z`` where that represents ``x``, else ``gamma``."""
    xp = array_namespace(x)
    on = xp.nonzero(z)[0]
    if 0 < on.shape[0] <= D.shape[0]:
        atoms = xp.take(D, on, axis=1)
        value = xp.linalg.pinv(atoms) @ x
        exact = float(xp.linalg.vector_norm(x - atoms @ value)) <= 1e-10 * float(xp.linalg.vector_norm(x))
        if exact and float(xp.sum(xp.abs(value))) <= float(xp.sum(xp.abs(gamma))) * (1 + 1e-12):
            gamma = xp.take(xp.eye(z.shape[0], dtype=x.dtype, device=x.device), on, axis=1) @ value
    return gamma[:, None]


def omp(D, y, k=None, tol=None):
    """Orthogonal matching pursuit [Pati, Rezaiifar & Krishnaprasad, 1993]: one atom at a time, least squares on all chosen.

    Each step adds the atom with the largest ``|d_j^T r| / ||d_j||`` and makes the residual ``r`` orthogonal to all chosen.

    Parameters
    ----------
    D : matrix (n, m)
        A zero atom is an error.
    y : array, shape (n,) or (n, p)
        One signal, or columns of signals: all of them at once by batch-OMP [Rubinstein, Zibulevsky & Elad, 2008].
    k : int, optional
        At most so many atoms a signal, 1 <= k <= min(n, m).
    tol : float, optional
        Stop at a residual norm of ``tol``. One of the two is required, the first limit met stops; a zero residual stops too.

    Returns
    -------
    Pursuit
        ``gamma``: shape (m,) for one signal; for columns a sparse (m, p) matrix (dense where the library has none).
        ``trace``: for one signal, the residual norm after each atom. ``converged``: all residuals are at most ``tol`` where
        it is given, else every signal got ``k`` atoms or a zero residual.
    """
    _check(D, y)
    norms, most = atom_norms(D), min(D.shape)
    if k is None and tol is None:
        raise ValueError("omp needs k, tol or both")
    if k is not None and (k != int(k) or not 1 <= k <= most):
        raise ValueError(f"k = {k}: expected an integer with 1 <= k <= {most} for D of shape {tuple(D.shape)}")
    bound = -1.0 if tol is None else check_level("tol", tol) ** 2
    xp, k = array_namespace(y), int(k or most)
    unit, norms = xp.astype(D / norms, y.dtype), xp.astype(norms, y.dtype)
    if y.ndim == 1:
        steps, left, trace = _array_columns(unit, y[:, None], k, bound)
        gamma = _dense_code(steps, unit, 1)[:, 0] / norms
        return Pursuit(gamma, trace, bool(_reached(left, indices([len(steps)], like=y), y[:, None], k, bound)))
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
    """OMP of all columns of ``Y`` in lock step, with the chosen atoms kept orthonormal (unit atoms in ``D``).

    Returns the steps (atom, coefficient) with one entry a column, the squared residuals, and their largest roots.
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
        live = live & (norm > 3e-3 if Y.dtype == xp.float32 else norm > 1e-6)  # else j lies in the span of the chosen
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
    """The code (m, p) of OMP's steps, without scattering: each step adds its coefficient where its atom stands."""
    xp = array_namespace(D)
    number, gamma = indices(range(D.shape[1]), like=D)[:, None], zeros((D.shape[1], p), like=D)
    for j, value in steps:
        gamma = gamma + xp.where(number == j, value, xp.zeros_like(value))
    return gamma


def _compiled_columns(D, Y, k, bound):
    """:func:`_array_columns` by the compiled batch-OMP; returns the sparse code and the squared residuals."""
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
        kernels.batch_omp(y @ D, gram, y, rows_of_D, rest, bound, k, support, value, count)
        energy[live] = rest
        used[start:stop][live], left[start:stop] = count, energy
        rows, data = np.empty(count.sum(), np.int32), np.empty(count.sum(), D.dtype)
        kernels.compact(support, value, count, 0, rows, data)
        return rows, data

    rows, data = zip(*kernels.over_columns(work, p, 4096), strict=True)
    pointer = np.concatenate([[0], np.cumsum(used)])
    return sparse(Y).csc_matrix((np.concatenate(data), np.concatenate(rows), pointer), shape=(m, p)), left
