"""Relaxation: basis pursuit, with and without noise, and the duality gaps that certify it."""

from dataclasses import dataclass

import numpy as np

from .. import kernels
from ..arrays import array_namespace, fft, float64, indices, is_numpy
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
    """``||y - D g||^2 / 2 + lam ||g||_1`` of each signal: one number, or an array with the shape of the
    batch."""
    return _primal_dual(D, y, gamma, lam)[0]


def duality_gap(D, y, gamma, lam, nonnegative=False):
    """Relative duality gap ``(P - dual) / P`` of ``||y - D g||^2 / 2 + lam ||g||_1``: a certificate of
    optimality.

    With ``r = y - D g``, the vector ``v = r min(1, lam / ||D^T r||_inf)`` is feasible for the dual
    problem, so no code has an objective below ``||y||^2 / 2 - ||y - v||^2 / 2``. The worst signal of a
    batch counts. Sums run in float64. ``lam`` may be an array that broadcasts against the code;
    ``nonnegative`` restricts the problem to ``g >= 0``.
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
    return primal, scale * xp.sum(y * r, axis=axes) - scale**2 * xp.sum(r * r, axis=axes) / 2


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
    D, y, lam, tol=None, max_iter=1000, method=None, mask=None, weights=None, nonnegative=False, start=None
):
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
        Such as ``ista`` or ``fista``. Default, in NumPy: a working set for a ``ConvDictionary``,
        coordinate descent on the Gram matrix for a matrix of at most 4,096 atoms. Elsewhere ``fista``.
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
        raise ValueError(
            "lam = 0: expected a positive weight (see basis_pursuit_equality for the noiseless problem)"
        )
    tol = tol or (1e-4 if y.dtype == xp.float32 else 1e-6)
    lam = lam if weights is None else lam * check_weight(weights)
    plain = mask is None and weights is None and not nonnegative
    fast = isinstance(D, ConvDictionary) and is_numpy(y, D.filters) and np.ndim(lam) <= 1
    if method is None and fast and _is_binary(mask):
        return _by_working_set(D, y, lam, tol, max_iter, mask, nonnegative, start)
    if method is None and plain and is_numpy(y) and is_numpy(D) and D.shape[1] <= 4096:
        return _until_certified(_coordinate_descent(D, y, lam, start), D, y, lam, tol, max_iter, every=1)
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


def _is_binary(mask):
    """Whether a mask is absent, or of zeros and ones only: what the compiled loops are made for."""
    return mask is None or bool(np.all((mask == 0) | (mask == 1)))


def _by_working_set(D, y, lam, tol, max_iter, mask, nonnegative, start):
    """One signal of the batch after the other; the trace of a batch is its final objective."""
    D._check(y, D.space, D.filters.shape[-2], "signal")
    c, m = D.filters.shape[-2:]
    batch = y.shape[: -1 - len(D.space)]
    masks = None if mask is None else np.broadcast_to(mask, y.shape).reshape(-1, *D.space, c)
    starts = start
    if start is not None:
        starts = np.broadcast_to(start, (*batch, *D.positions, m)).reshape(-1, *D.positions, m)
    found = []
    for b, signal in enumerate(y.reshape(-1, *D.space, c)):
        mask, start = (None if a is None else a[b] for a in (masks, starts))
        found.append(_certified(working_set(D, signal, lam, mask, nonnegative, start), tol, max_iter))
    gamma = np.stack([one.gamma for one in found]).reshape(*batch, *D.positions, m)
    trace = found[0].trace if len(found) == 1 else (sum(one.trace[-1] for one in found),)
    return Pursuit(gamma, trace, all(one.converged for one in found))


def _certified(steps, tol, max_iter):
    """Run the steps of a working set until the duality gap that comes with them is at most ``tol``."""
    trace = []
    for t, (gamma, value, gap) in enumerate(steps, 1):
        trace.append(value)
        if gap <= tol or t >= max_iter:
            return Pursuit(gamma, tuple(trace), gap <= tol)


def _coordinate_descent(D, y, lam, start=None):
    """Yield the codes after every few sweeps of coordinate descent on the Gram matrix, in double
    precision (NumPy)."""
    D, Y = float64(D), float64(y).reshape(y.shape[0], -1)
    atom_norms(D)
    gram, corr = D.T @ D, np.ascontiguousarray(Y.T @ D)
    gamma = np.zeros_like(corr)  # one row a signal
    if start is not None:
        gamma += np.asarray(start).reshape(len(gram), -1).T
        corr -= gamma @ gram
    while True:
        kernels.over_columns(
            lambda a, b: kernels.lasso_descent(gram, corr[a:b], gamma[a:b], lam, 5), len(gamma), 1024
        )
        yield gamma.T.reshape(-1, *y.shape[1:]).astype(y.dtype)


def basis_pursuit_equality(D, x, tol=1e-6, max_iter=20_000):
    """Noiseless basis pursuit, ``min ||g||_1`` subject to ``x = D g``.

    Splitting between soft thresholding and the projection on ``x = D g`` (ADMM, over-relaxed). It stops
    on a certificate: the code is feasible, and a dual vector ``v`` with ``||D^T v||_inf <= 1`` proves
    ``||g||_1 - x^T v <= tol ||g||_1``.

    Parameters
    ----------
    D : matrix (n, m), or a circular ConvDictionary of stride 1, whose ``D D^T`` is inverted in the
    Fourier domain x : array, shape (n,) or (n, p), or (*batch, *space, c)
        In the range of D, else an error.
    tol : float
        Relative duality gap, of the worst signal.

    Returns
    -------
    Pursuit
        ``trace`` holds ``||g||_1``, summed over the batch, at each check of the certificate.
    """
    xp, matrix = array_namespace(check_problem(D, x)), getattr(D, "ndim", None) == 2
    signals = float64(
        xp.reshape(x, (x.shape[0], -1)).T if matrix else xp.reshape(x, (-1, *D.space, D.filters.shape[-2]))
    )
    project, dual_norm_and_product = (_matrix_equality if matrix else _spectral_equality)(D, signals)
    every = indices(range(signals.shape[0]), like=x)
    z, done, trace, settled = project(None, every), {}, [], 0.0
    axes = tuple(range(1, z.ndim))
    beta = 0.2 * xp.max(xp.abs(z), axis=axes, keepdims=True)
    beta = xp.where(beta > 0, beta, xp.ones_like(beta))
    dual, live, number = xp.zeros_like(z), every, list(range(signals.shape[0]))
    for t in range(1, max_iter + 1):
        gamma = project(z - dual, live)
        mixed = 1.7 * gamma - 0.7 * z
        z = soft(mixed + dual, beta)
        dual = dual + mixed - z
        if t % 25 == 0 or t == max_iter:
            gamma = project(gamma, live)  # once more, against rounding
            norm = xp.sum(xp.abs(gamma), axis=axes)
            top, product = dual_norm_and_product(dual, live)
            bound = product / xp.where(top > 0, top, xp.ones_like(top))
            gap = (norm - bound) / xp.where(norm > 0, norm, xp.ones_like(norm))
            trace.append(settled + float(xp.sum(norm)))
            leave = [i for i, g in enumerate(gap) if float(g) <= tol or t == max_iter]
            for i in leave:
                done[number[i]] = (gamma[i, ...], z[i, ...], float(gap[i]) <= tol)
                settled += float(norm[i])
            stay = [i for i in range(len(number)) if i not in set(leave)]
            if not stay:
                break
            if leave:  # the others go on alone
                at, number = indices(stay, like=x), [number[i] for i in stay]
                z, dual, beta, live = (xp.take(a, at, axis=0) for a in (z, dual, beta, live))
    found = [done[i] for i in range(signals.shape[0])]
    if matrix:
        D = float64(D)
        gamma = xp.stack([_sharpen(D, signals[i, ...], g, z) for i, (g, z, _) in enumerate(found)], axis=1)
        gamma = xp.reshape(gamma, (-1,) + tuple(x.shape[1:]))
    else:
        gamma = xp.moveaxis(xp.stack([g for g, _, _ in found]), 1, -1)
        gamma = xp.reshape(gamma, (*x.shape[: -1 - len(D.space)], *gamma.shape[1:]))
    return Pursuit(xp.astype(gamma, x.dtype), tuple(trace), all(sure for _, _, sure in found))


def _out_of_range(D):
    return ValueError(f"x is not in the range of D (shape {tuple(D.shape)}): x = D g has no solution")


def _matrix_equality(D, signals):
    """Projection on ``x = D g``, and ``(||D^T v||_inf, x^T v)`` of the dual vector, for codes as rows
    (p, m)."""
    xp, D = array_namespace(D), float64(D)
    lift = xp.linalg.pinv(D).T  # (n, m): g -> g + (x - g D^T) lift projects
    if float(xp.max(xp.abs((signals @ lift) @ D.T - signals))) > 1e-6 * (1 + float(xp.max(xp.abs(signals)))):
        raise _out_of_range(D)

    def project(gamma, live):
        x = xp.take(signals, live, axis=0)
        return x @ lift if gamma is None else gamma + (x - gamma @ D.T) @ lift

    def norm_and_product(dual, live):
        v = dual @ lift.T
        return xp.max(xp.abs(v @ D), axis=1), xp.sum(xp.take(signals, live, axis=0) * v, axis=1)

    return project, norm_and_product


def _spectral_equality(D, signals):
    """The same in the Fourier domain, for codes (batch, m, *space): two transforms a map and a product."""
    if not D.circular or D.stride != 1:
        raise ValueError(
            f"D is circulant for circular=True and stride=1, not {D.circular} and {D.stride} (use dense(D))"
        )
    xp, d = array_namespace(signals), len(D.space)
    D = ConvDictionary(float64(D.filters), D.space, D.stride, D.circular)
    axes, transform, spectrum = tuple(range(-d, 0)), fft(signals), D.spectrum
    x = transform.rfftn(xp.moveaxis(signals, -1, 1), axes=axes)  # (batch, c, *frequencies)
    size = xp.linalg.svdvals(spectrum)[..., 0]  # frequencies that no filter reaches are left out
    lift = xp.linalg.pinv(spectrum, rtol=1e-8 * xp.max(size) / xp.maximum(size, 1e-8 * xp.max(size)))
    atoms = xp.moveaxis(spectrum, (-2, -1), (0, 1))  # (c, m, *frequencies)
    lift = xp.moveaxis(lift, (-1, -2), (0, 1))

    def times(a, codes):  # (batch, m, ...) -> (batch, c, ...)
        return xp.stack([xp.sum(a[i, ...] * codes, axis=1) for i in range(a.shape[0])], axis=1)

    def adjoint(a, seen):  # (batch, c, ...) -> (batch, m, ...)
        return sum(a[i, ...] * seen[:, i : i + 1, ...] for i in range(a.shape[0]))

    missed = transform.irfftn(x - times(atoms, adjoint(lift, x)), s=D.space, axes=axes)
    if float(xp.max(xp.abs(missed))) > 1e-6 * (1 + float(xp.max(xp.abs(signals)))):
        raise _out_of_range(D)

    def project(gamma, live):
        seen = xp.take(x, live, axis=0)
        if gamma is None:
            return transform.irfftn(adjoint(lift, seen), s=D.space, axes=axes)
        code = transform.rfftn(gamma, axes=axes)
        return transform.irfftn(code + adjoint(lift, seen - times(atoms, code)), s=D.space, axes=axes)

    def norm_and_product(dual, live):
        v = times(xp.conj(lift), transform.rfftn(dual, axes=axes))
        seen = transform.irfftn(adjoint(xp.conj(atoms), v), s=D.space, axes=axes)
        v = xp.moveaxis(transform.irfftn(v, s=D.space, axes=axes), 1, -1)
        over = tuple(range(1, v.ndim))
        return xp.max(xp.abs(seen), axis=over), xp.sum(xp.take(signals, live, axis=0) * v, axis=over)

    return project, norm_and_product


def _sharpen(D, x, gamma, z):
    """Code (m,): least squares on the support of the thresholded ``z`` where that represents ``x``,
    else ``gamma``."""
    xp = array_namespace(x)
    on = xp.nonzero(z)[0]
    if 0 < on.shape[0] <= D.shape[0]:
        atoms = xp.take(D, on, axis=1)
        value = xp.linalg.pinv(atoms) @ x
        exact = float(xp.linalg.vector_norm(x - atoms @ value)) <= 1e-10 * float(xp.linalg.vector_norm(x))
        if exact and float(xp.sum(xp.abs(value))) <= float(xp.sum(xp.abs(gamma))) * (1 + 1e-12):
            gamma = xp.take(xp.eye(z.shape[0], dtype=x.dtype, device=x.device), on, axis=1) @ value
    return gamma
