"""Noiseless basis pursuit: the smallest l1 norm among all codes of a signal."""

from ..arrays import array_namespace, check_level, check_whole, eye, fft, float64, indices
from ..dictionaries.convolution import ConvDictionary
from ..shrinkage import soft
from .iterative import Pursuit, check_problem


def basis_pursuit_equality(D, x, tol=1e-6, max_iter=20_000):
    """Noiseless basis pursuit, ``min ||g||_1`` subject to ``x = D g``.

    Splitting between soft thresholding and the projection on ``x = D g`` (ADMM, over-relaxed). It stops
    on a certificate: the code is feasible, and a dual vector ``v`` with ``||D^T v||_inf <= 1`` proves
    ``||g||_1 - x^T v <= tol ||g||_1``.

    Parameters
    ----------
    D : matrix (n, m), or a circular ConvDictionary of stride 1
        Its ``D D^T`` is inverted in the Fourier domain.
    x : array, shape (n,) or (n, p), or (*batch, *space, c)
        In the range of D, else an error.
    tol : float
        Relative duality gap, of the worst signal.

    Returns
    -------
    Pursuit
        ``trace`` holds ``||g||_1``, summed over the batch, at each check of the certificate.
    """
    xp, matrix = array_namespace(check_problem(D, x, "x")), hasattr(D, "ndim")
    check_level("the largest entry of D", float(xp.max(xp.abs(D if matrix else D.filters))), positive=True)
    tol, max_iter = check_level("tol", tol), check_whole("max_iter", max_iter)
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
    gamma = (_matrix_codes if matrix else _spectral_codes)(D, x, signals, found)
    return Pursuit(xp.astype(gamma, x.dtype), tuple(trace), all(sure for _, _, sure in found))


def _matrix_codes(D, x, signals, found):
    """The codes as columns, each as exact as its support allows."""
    xp, D = array_namespace(x), float64(D)
    gamma = xp.stack([_sharpen(D, signals[i, ...], g, z) for i, (g, z, _) in enumerate(found)], axis=1)
    return xp.reshape(gamma, (-1,) + tuple(x.shape[1:]))


def _spectral_codes(D, x, signals, found):
    """The codes as a batch, atoms in the last axis."""
    xp = array_namespace(x)
    gamma = xp.moveaxis(xp.stack([g for g, _, _ in found]), 1, -1)
    return xp.reshape(gamma, (*x.shape[: -1 - len(D.space)], *gamma.shape[1:]))


def _out_of_range(D):
    return ValueError(f"x is not in the range of D (shape {tuple(D.shape)}): x = D g has no solution")


def _matrix_equality(D, signals):
    """Projection on ``x = D g``, and ``(||D^T v||_inf, x^T v)`` of the dual vector, for codes as rows
    (p, m)."""
    xp, D = array_namespace(D), float64(D)
    lift = xp.linalg.pinv(D).T  # (n, m): g -> g + (x - g D^T) lift projects
    if float(xp.max(xp.abs((signals @ lift) @ D.T - signals))) > 1e-6 * float(xp.max(xp.abs(signals))):
        raise _out_of_range(D)

    def project(gamma, live):
        x = xp.take(signals, live, axis=0)
        return x @ lift if gamma is None else gamma + (x - gamma @ D.T) @ lift

    def norm_and_product(dual, live):
        v = dual @ lift.T
        return xp.max(xp.abs(v @ D), axis=1), xp.sum(xp.take(signals, live, axis=0) * v, axis=1)

    return project, norm_and_product


def _spectral_equality(D, signals):
    """The same in the Fourier domain, for codes ``(batch, m, *space)``: two transforms a map."""
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
    if float(xp.max(xp.abs(missed))) > 1e-6 * float(xp.max(xp.abs(signals))):
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
            gamma = xp.take(eye(z.shape[0], like=x), on, axis=1) @ value
    return gamma
