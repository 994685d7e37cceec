"""Relaxation: basis pursuit, and the duality gap that certifies it."""

from dataclasses import dataclass, replace

import numpy as np

from .. import kernels
from ..arrays import (
    array_namespace,
    arrays_in,
    as_mask,
    check,
    check_level,
    check_type,
    check_whole,
    float64,
    is_traced,
    on_host,
)
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.matrix import atom_norms, lipschitz
from ..dictionaries.places import SparseCode, check_planar, sparse_code
from ..shrinkage import soft_nonnegative
from . import short_signals
from .iterative import Pursuit, check_problem, check_weight, fista
from .working_set import projection, sparse_steps


def lam_max(D, y):
    """The smallest ``lam`` for which the code is zero, ``||D^T y||_inf``."""
    xp = array_namespace(check_problem(D, y))
    return float(xp.max(xp.abs(D.T @ y)))


def objective(D, y, gamma, lam):
    """``||y - D g||^2 / 2 + lam ||g||_1`` of each signal: one number, or an array with the shape of the
    batch."""
    return _primal(D, check_problem(D, y), check("gamma", gamma), check_weight(lam))[0]


def duality_gap(D, y, gamma, lam, nonnegative=False):
    """Relative duality gap ``(P - dual) / P`` of ``||y - D g||^2 / 2 + lam ||g||_1``: a certificate of
    optimality.

    With ``r = y - D g``, the vector ``v = r min(1, lam / ||D^T r||_inf)`` is feasible for the dual
    problem, so no code has an objective below ``||y||^2 / 2 - ||y - v||^2 / 2``. For a convolutional
    dictionary and a ``lam`` of at most one entry per atom a second v is tried, r less a short pursuit of r,
    which is nearly the feasible vector that is nearest to r, and the better counts. The worst signal of a
    batch counts. Sums run in float64. ``lam``, positive, may be an array that broadcasts against the code;
    ``nonnegative`` restricts the problem to ``g >= 0``.
    """
    check_problem(D, y), check("gamma", gamma), check_type("nonnegative", nonnegative, bool, np.bool_)
    lam = check_weight(lam, positive=True)
    primal, D, y, r, axes = _primal(D, y, gamma, lam)
    dual = _dual(D, y, r, lam, nonnegative, axes)
    space, mask = (D.D, D.mask) if isinstance(D, Masked) else (D, None)
    if isinstance(space, ConvDictionary) and len(space.space) <= 2 and np.ndim(lam) <= 1 and not is_traced(y):
        near = _dual(D, y, _projections(space, r, lam, mask, nonnegative), lam, nonnegative, axes)
        dual = array_namespace(dual).where(near > dual, near, dual)
    return _worst_gap(primal, dual)


@on_host
def _projections(D, r, lam, mask, nonnegative):
    """The residual of each signal of a batch, projected on ``|D^T v| <= lam``, nearly."""
    found, masks = np.empty_like(r), None if mask is None else np.broadcast_to(float64(mask), r.shape)
    for at in np.ndindex(r.shape[: -1 - len(D.space)]):
        M, left = None if masks is None else masks[at], r[at]
        if M is not None:
            left = np.divide(left, M, out=np.zeros_like(left), where=M != 0)
        _, left, _ = projection(D, left, lam, M, nonnegative)
        found[at] = left if M is None else M * left
    return found


def _worst_gap(primal, dual):
    xp = array_namespace(primal)
    tiny = xp.astype(primal == 0, primal.dtype)  # a zero signal is coded by zero: no gap
    return float(xp.max((primal - dual) / (primal + tiny)))


def _primal(D, y, gamma, lam):
    """The objective of each signal; then the dictionary, the signals and the residuals in double precision,
    and the axes of one signal."""
    xp = array_namespace(y)
    if getattr(D, "ndim", None) == 2:
        D, axes = float64(D), 0
    else:
        axes = tuple(range(-1 - len(D.space), 0)) if hasattr(D, "space") else None
        if isinstance(D, Masked) and axes is None:  # a matrix behind the mask
            D = Masked(float64(D.D), D.mask)
    y, gamma = float64(y), float64(gamma)
    r = y - D @ gamma
    primal = xp.sum(r * r, axis=axes) / 2 + xp.sum(lam * xp.abs(gamma), axis=axes)
    return primal, D, y, r, axes


def _primal_dual(D, y, gamma, lam, nonnegative=False):
    primal, D, y, r, axes = _primal(D, y, gamma, lam)
    return primal, _dual(D, y, r, lam, nonnegative, axes)


def _dual(D, y, v, lam, nonnegative, axes):
    """The dual objective at v, scaled until ``|D^T v| <= lam``."""
    xp, seen = array_namespace(y), D.T @ v
    top = xp.max((seen if nonnegative else xp.abs(seen)) / lam, axis=axes)
    scale = 1 / xp.maximum(top, xp.ones_like(top))
    return scale * xp.sum(y * v, axis=axes) - scale**2 * xp.sum(v * v, axis=axes) / 2


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


def basis_pursuit(
    D, y, lam, tol=None, max_iter=1000, method=None, mask=None, weights=None, nonnegative=False, start=None,
    sparse=False,
):  # fmt: skip
    """Basis pursuit in Lagrangian form, ``min_g ||y - D g||^2 / 2 + lam ||g||_1`` [Chen, Donoho &
    Saunders, 1998].

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
        Such as ``ista`` or ``fista``, which stay on the device of the arrays. Default: coordinate
        descent on the correlations of short signals or on a working set for a ``ConvDictionary``, and
        on the Gram matrix for a matrix of at most 4,096 atoms; one coordinate waits for the other, so
        arrays on a device are copied to the host and the code is copied back. Elsewhere ``fista``.
    mask : array, optional
        Minimise ``||M (y - D g)||^2 / 2 + ...`` instead; broadcasts against ``y``.
    weights : array, optional
        ``lam`` is multiplied by one weight per atom, or by any array that broadcasts against the code; all
        positive.
    nonnegative : bool
        Search among ``g >= 0`` only.
    start : array or SparseCode, optional
        A code to start from, such as that of a neighbouring ``lam``.
    sparse : bool
        Return a :class:`~cscbook.SparseCode` (a tuple of them for a batch): places and values, on the host.
        On the working set of long signals nothing of the size of the dense code is made.

    Returns
    -------
    Pursuit
        ``trace`` holds the objective (summed over the batch) at each check of the certificate.
    """
    xp = array_namespace(check_problem(D, y))
    lam, mask = _weighted(lam, weights, y), mask if mask is None else as_mask("mask", mask, y)
    tol = check_level("tol", tol or 0) or (1e-4 if y.dtype == xp.float32 else 1e-6)
    max_iter = check_whole("max_iter", max_iter)
    nonnegative = bool(check_type("nonnegative", nonnegative, bool, np.bool_))
    if start is not None and not isinstance(start, SparseCode):
        check("start", start)
    sparse = _check_sparse(sparse, D, lam, method)
    plain = mask is None and weights is None and not nonnegative
    if method is None and isinstance(D, ConvDictionary) and np.ndim(lam) <= 1:
        return _by_descent(D, y, lam, tol, max_iter, mask, nonnegative, start, sparse)
    if method is None and plain and hasattr(D, "ndim") and D.shape[1] <= 4096:
        return _by_gram(D, y, lam, tol, max_iter, start)
    if mask is not None:
        D, y = Masked(D, mask), mask * y
    options = {"shrink": soft_nonnegative} if nonnegative else {}
    iterates = (method or fista)(D, y, lam, **options, **({} if start is None else {"start": start}))
    return _until_certified(iterates, D, y, lam, tol, max_iter, nonnegative)


def _check_sparse(sparse, D, lam, method):
    sparse = bool(check_type("sparse", sparse, bool, np.bool_))
    if sparse and (method is not None or not isinstance(D, ConvDictionary) or np.ndim(lam) > 1):
        raise ValueError(
            "sparse = True: expected a ConvDictionary, the default method, and weights of one entry per atom"
        )
    return sparse


def _weighted(lam, weights, y):
    """``lam`` times the weights, for ``y``; both must be positive."""
    if check_weight(lam) == 0:
        raise ValueError(
            "lam = 0: expected a positive weight (see basis_pursuit_equality for the noiseless problem)"
        )
    if weights is None:
        return lam
    least = array_namespace(check("weights", weights)).min(weights)
    if not is_traced(least) and not float(least) > 0:
        raise ValueError(f"the smallest weight is {float(least)}: expected positive weights")
    array_namespace(*arrays_in((y, lam, weights)))
    return lam * weights


def _until_certified(iterates, D, y, lam, tol, max_iter, nonnegative=False, every=10):
    """Run ``iterates`` until the duality gap, looked at after ``every`` steps, is at most ``tol``."""
    xp, trace = array_namespace(y), []
    for t, gamma in enumerate(iterates, 1):
        if t % every == 0 or t >= max_iter:
            primal, dual = _primal_dual(D, y, gamma, lam, nonnegative)
            trace.append(float(xp.sum(primal)))
            gap = _worst_gap(primal, dual)
            if gap <= tol or t >= max_iter:
                return Pursuit(gamma, tuple(trace), gap <= tol)


@on_host
def _by_descent(D, y, lam, tol, max_iter, mask, nonnegative, start, sparse):
    """Short signals all at once, long ones or those under a mask one after the other; the trace of
    these is their final objective."""
    check_planar(D)
    batch, code = y.shape[: -1 - len(D.space)], (*D.positions, D.filters.shape[-1])
    signals, starts = y.reshape(-1, *D.space, y.shape[-1]), None
    if isinstance(start, SparseCode):
        start = start.dense()
    if start is not None:
        starts = np.broadcast_to(start, (*batch, *code)).reshape(-1, *code)
    if mask is None and short_signals.suits(D):
        steps = short_signals.correlation_descent(D, signals, lam, nonnegative, starts, tol)
        found = _certified(steps, tol, max_iter)
        return replace(found, gamma=_shaped([sparse_code(g) for g in found.gamma], batch, sparse))
    masks = None if mask is None else np.broadcast_to(mask, y.shape).reshape(signals.shape)
    found = []
    for b, signal in enumerate(signals):
        M, g = (None if a is None else a[b] for a in (masks, starts))
        found.append(_certified(sparse_steps(D, signal, lam, M, nonnegative, g, tol), tol, max_iter))
    trace = found[0].trace if len(found) == 1 else (sum(one.trace[-1] for one in found),)
    codes = _shaped([one.gamma() for one in found], batch, sparse)
    return Pursuit(codes, trace, all(one.converged for one in found))


def _shaped(codes, batch, sparse):
    """Sparse codes as they were asked for: one or a tuple of them, or an array (*batch, *positions, m)."""
    if sparse:
        return tuple(codes) if batch else codes[0]
    if len(codes) == 1:
        return codes[0].dense().reshape(*batch, *codes[0].shape)
    return np.stack([one.dense() for one in codes]).reshape(*batch, *codes[0].shape)


def _certified(steps, tol, max_iter):
    """Run steps that come with objectives and duality gaps until the worst gap is at most ``tol``."""
    trace = []
    for t, (gamma, value, gap) in enumerate(steps, 1):
        trace.append(float(np.sum(value)))
        if np.max(gap) <= tol or t >= max_iter:
            return Pursuit(gamma, tuple(trace), bool(np.max(gap) <= tol))


@on_host
def _by_gram(D, y, lam, tol, max_iter, start):
    """Coordinate descent on the Gram matrix of a matrix."""
    return _until_certified(_coordinate_descent(D, y, lam, start), D, y, lam, tol, max_iter, every=1)


def _coordinate_descent(D, y, lam, start=None):
    """Yield the codes after every few sweeps of coordinate descent on the Gram matrix, in double
    precision."""
    D, Y = float64(D), float64(y).reshape(y.shape[0], -1)
    atom_norms(D)
    gram, corr = D.T @ D, np.ascontiguousarray(Y.T @ D)
    gamma = np.zeros_like(corr)  # one row per signal
    if start is not None:
        gamma += np.asarray(start).reshape(len(gram), -1).T
        corr -= gamma @ gram
    while True:
        kernels.patches.over_columns(
            lambda a, b: kernels.patches.lasso_descent(gram, corr[a:b], gamma[a:b], lam, 5), len(gamma), 1024
        )
        yield gamma.T.reshape(-1, *y.shape[1:]).astype(y.dtype)
