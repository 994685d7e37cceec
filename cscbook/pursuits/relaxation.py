"""Relaxation: basis pursuit, with and without noise, and the duality gaps that certify it."""

import math

import numpy as np

from .. import kernels
from ..arrays import array_namespace, check_level, float64, is_numpy
from ..dictionary import atom_norms
from ..shrinkage import soft
from .iterative import Pursuit, check_problem, fista


def lam_max(D, y):
    """The smallest ``lam`` for which the code is zero, ``||D^T y||_inf``."""
    xp = array_namespace(y)
    return float(xp.max(xp.abs(D.T @ check_problem(D, y))))


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
    xp = array_namespace(check_problem(D, y))
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
    xp = array_namespace(check_problem(D, x))
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
