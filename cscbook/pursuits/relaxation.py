"""Relaxation: basis pursuit, with and without noise, and the duality gaps that certify it."""

import functools
import math
from dataclasses import dataclass

import numpy as np

from .. import kernels
from ..arrays import array_namespace, float64, is_numpy
from ..convolution import ConvDictionary
from ..dictionary import atom_norms, lipschitz
from ..shrinkage import soft, soft_nonnegative
from .iterative import Pursuit, check_problem, check_weight, fista
from .working_set import working_set


def lam_max(D, y):
    """The smallest ``lam`` for which the code is zero, ``||D^T y||_inf``."""
    xp = array_namespace(y)
    return float(xp.max(xp.abs(D.T @ check_problem(D, y))))


def objective(D, y, gamma, lam):
    """``||y - D g||^2 / 2 + lam ||g||_1`` of each signal: one number, or an array with the shape of the batch."""
    return _primal_dual(D, y, gamma, lam)[0]


def duality_gap(D, y, gamma, lam, nonnegative=False):
    """Relative duality gap ``(P - dual) / P`` of ``||y - D g||^2 / 2 + lam ||g||_1``: a certificate of optimality.

    With ``r = y - D g``, the vector ``v = r min(1, lam / ||D^T r||_inf)`` is feasible for the dual problem, so no code has
    an objective below ``||y||^2 / 2 - ||y - v||^2 / 2``. The worst signal of a batch counts. Sums run in float64. ``lam``
    may be an array that broadcasts against the code; ``nonnegative`` restricts the problem to ``g >= 0``.
    """
    xp = array_namespace(y)
    primal, dual = _primal_dual(D, y, gamma, lam, nonnegative)
    tiny = xp.asarray(primal == 0, dtype=primal.dtype)  # a zero signal is coded by zero: no gap
    return float(xp.max((primal - dual) / (primal + tiny)))


def _primal_dual(D, y, gamma, lam, nonnegative=False):
    xp = array_namespace(y)
    if getattr(D, "ndim", None) == 2:
        D, axes = float64(D), 0
    else:
        axes = tuple(range(-1 - len(D.space), 0)) if hasattr(D, "space") else None
    y, gamma = float64(y), float64(gamma)
    r = y - D @ gamma
    seen = D.T @ r
    top = xp.max((seen if nonnegative else xp.abs(seen)) / lam, axis=axes)
    scale = 1 / xp.maximum(top, xp.ones_like(top))
    primal = xp.sum(r * r, axis=axes) / 2 + xp.sum(lam * xp.abs(gamma), axis=axes)
    return primal, scale * xp.sum(y * r, axis=axes) - scale ** 2 * xp.sum(r * r, axis=axes) / 2


@dataclass(frozen=True)
class Masked:
    """``M D``: a dictionary behind a mask that multiplies the signal entry by entry."""

    D: object
    mask: object

    def __matmul__(self, gamma):
        return self.mask * (self.D @ gamma)

    @property
    def T(self):
        return _MaskedAdjoint(self)

    @property
    def space(self):
        return self.D.space

    @property
    def lipschitz(self):
        xp = array_namespace(self.mask)
        return lipschitz(self.D) * float(xp.max(xp.abs(self.mask))) ** 2


@dataclass(frozen=True)
class _MaskedAdjoint:
    T: Masked

    def __matmul__(self, x):
        return self.T.D.T @ (self.T.mask * x)


def basis_pursuit(D, y, lam, tol=None, max_iter=1000, method=None, mask=None, weights=None, nonnegative=False, start=None):
    """Basis pursuit in Lagrangian form, ``min_g ||y - D g||^2 / 2 + lam ||g||_1`` [Chen, Donoho & Saunders, 1998].

    Parameters
    ----------
    D : dictionary
    y : array
        The signal; columns of signals for a matrix, a batch for a ``ConvDictionary``.
    lam : float
        Weight of the l1 norm, positive. From :func:`lam_max` on the code is zero.
    tol : float
        Stop at this relative duality gap (of the worst signal); default 1e-6, or 1e-4 for float32.
    max_iter : int
        At most so many full correlations ``D^T r``.
    method : generator function, optional
        Such as ``ista`` or ``fista``. Default, in NumPy: a working set for a ``ConvDictionary``, coordinate descent on the
        Gram matrix for a matrix of at most 4,096 atoms. Elsewhere ``fista``.
    mask : array, optional
        Minimise ``||M (y - D g)||^2 / 2 + ...`` instead; broadcasts against ``y``.
    weights : array, optional
        ``lam`` is multiplied by one weight an atom, or by any array that broadcasts against the code.
    nonnegative : bool
        Search among ``g >= 0`` only.
    start : array, optional
        A code to start from, such as that of a neighbouring ``lam``.

    Returns
    -------
    Pursuit
        ``trace`` holds the objective (summed over the batch) at each check of the certificate.
    """
    xp = array_namespace(check_problem(D, y))
    if check_weight(lam) == 0:
        raise ValueError("lam = 0: expected a positive weight (see basis_pursuit_equality for the noiseless problem)")
    tol = tol or (1e-4 if y.dtype == xp.float32 else 1e-6)
    lam = lam if weights is None else lam * check_weight(weights)
    plain = mask is None and weights is None and start is None and not nonnegative
    if method is None and isinstance(D, ConvDictionary) and is_numpy(y, D.filters) and np.ndim(lam) <= 1:
        return _by_working_set(D, y, lam, tol, max_iter, mask, nonnegative, start)
    if method is None and plain and is_numpy(y) and is_numpy(D) and D.shape[1] <= 4096:
        return _until_certified(_coordinate_descent(D, y, lam), D, y, lam, tol, max_iter, every=1)
    if mask is not None:
        D, y = Masked(D, mask), mask * y
    options = {"shrink": soft_nonnegative} if nonnegative else {}
    iterates = (method or fista)(D, y, lam, **options, **({} if start is None else {"start": start}))
    return _until_certified(iterates, D, y, lam, tol, max_iter, nonnegative)


def _until_certified(iterates, D, y, lam, tol, max_iter, nonnegative=False, every=10):
    """Run ``iterates`` until the duality gap, looked at after ``every`` steps, is at most ``tol``."""
    xp, trace = array_namespace(y), []
    for t, gamma in enumerate(iterates, 1):
        if t % every == 0 or t >= max_iter:
            trace.append(float(xp.sum(objective(D, y, gamma, lam))))
            gap = duality_gap(D, y, gamma, lam, nonnegative)
            if gap <= tol or t >= max_iter:
                return Pursuit(gamma, tuple(trace), gap <= tol)


def _by_working_set(D, y, lam, tol, max_iter, mask, nonnegative, start):
    """One signal of the batch after the other; the trace of a batch is its final objective."""
    D._check(y, D.space, D.filters.shape[-2], "signal")
    d, m = len(D.space), D.filters.shape[-1]
    batch, traces, codes, certified = y.shape[:-1 - d], [], [], True
    if start is not None:
        start = np.broadcast_to(start, (*batch, *D.positions, m)).reshape(-1, *D.positions, m)
    for b, signal in enumerate(y.reshape(-1, *y.shape[len(batch):])):
        one = mask if mask is None or np.ndim(mask) <= d + 1 else mask.reshape(-1, *mask.shape[len(batch):])[b]
        steps = working_set(D, signal, lam, one, nonnegative, None if start is None else start[b])
        trace = []
        for t, (gamma, value, gap) in enumerate(steps, 1):
            trace.append(value)
            if gap <= tol or t >= max_iter:
                break
        codes.append(gamma), traces.append(tuple(trace))
        certified &= gap <= tol
    gamma = np.stack(codes).reshape(*batch, *D.positions, m)
    trace = traces[0] if len(traces) == 1 else (sum(t[-1] for t in traces),)
    return Pursuit(gamma, trace, bool(certified))


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
    D : matrix (n, m), or a circular ConvDictionary of stride 1, whose ``D D^T`` is inverted in the Fourier domain
    x : array, shape (n,) or (n, p), or (*batch, *space, c)
        In the range of D, else an error.
    tol : float
        Relative duality gap, of the worst signal.

    Returns
    -------
    Pursuit
        ``trace`` holds ``||g||_1``, summed over the batch, at each check of the certificate.
    """
    xp, matrix = array_namespace(check_problem(D, x)), getattr(D, "ndim", None) == 2
    signal = float64(xp.reshape(x, (x.shape[0], -1))) if matrix else float64(x)
    D = float64(D) if matrix else ConvDictionary(float64(D.filters), D.space, D.stride, D.circular)
    axes, solve = (0, _inverse(D)) if matrix else (tuple(range(-1 - len(D.space), 0)), D.inverse_gram)
    z = D.T @ solve(signal)
    if float(xp.max(xp.abs(D @ z - signal))) > 1e-6 * (1 + float(xp.max(xp.abs(signal)))):
        raise ValueError(f"x is not in the range of D (shape {tuple(D.shape)}): x = D g has no solution")
    beta = 0.2 * xp.max(xp.abs(z), axis=axes, keepdims=True)
    beta = xp.where(beta > 0, beta, xp.ones_like(beta))
    dual, trace, gap = xp.zeros_like(z), [], math.inf
    for t in range(1, max_iter + 1):
        gamma = z - dual
        gamma = gamma + D.T @ solve(signal - D @ gamma)
        mixed = 1.7 * gamma - 0.7 * z
        z = soft(mixed + dual, beta)
        dual = dual + mixed - z
        if t % 25 == 0 or t == max_iter:
            gamma = gamma + D.T @ solve(signal - D @ gamma)  # once more, against rounding
            trace.append(float(xp.sum(xp.abs(gamma))))
            gap = _equality_gap(D, signal, gamma, solve(D @ dual), axes)
            if gap <= tol:
                break
    if matrix:
        gamma = xp.concat([_sharpen(D, signal[:, j], gamma[:, j], z[:, j]) for j in range(z.shape[1])], axis=1)
        gamma = xp.reshape(gamma, (-1,) + tuple(x.shape[1:]))
    return Pursuit(xp.astype(gamma, x.dtype), tuple(trace), gap <= tol)


def _inverse(D):
    """``v -> (D D^T)^-1 v`` for a matrix."""
    inverse = array_namespace(D).linalg.pinv(D @ D.T)
    return lambda v: inverse @ v


def _equality_gap(D, x, gamma, v, axes):
    """Largest ``(||g||_1 - x^T v) / ||g||_1`` over the signals, with v scaled to ``||D^T v||_inf = 1``."""
    xp = array_namespace(x)
    primal = xp.sum(xp.abs(gamma), axis=axes)
    top = xp.max(xp.abs(D.T @ v), axis=axes)
    dual = xp.sum(x * v, axis=axes) / xp.where(top > 0, top, xp.ones_like(top))
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
