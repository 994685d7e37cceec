"""Total variation: the model of a cartoon, and the smallest of all models for an image with holes."""

from dataclasses import dataclass
from itertools import islice

from ..arrays import array_namespace, check, check_level, check_whole, float64
from .denoising.checks import check_intensities, check_mask, check_scale


@dataclass(frozen=True)
class Cartoon:
    """An image denoised by total variation.

    Attributes
    ----------
    x : array (H, W, c)
    dual : array (2, H, W, c)
        The certificate: ``x = y - weight grad^T dual`` with ``|dual| <= 1`` at each pixel.
    converged : bool
        Whether the relative duality gap came down to ``tol``.
    """

    x: object
    dual: object
    converged: bool


def gradient(x):
    """Differences to the next row and column, shape ``(2, *batch, H, W, c)``; zero in the last of them."""
    xp = array_namespace(x)
    down = xp.concat([x[..., 1:, :, :] - x[..., :-1, :, :], 0 * x[..., :1, :, :]], axis=-3)
    right = xp.concat([x[..., 1:, :] - x[..., :-1, :], 0 * x[..., :1, :]], axis=-2)
    return xp.stack([down, right])


def gradient_adjoint(p):
    """``grad^T p``, minus the divergence: ``(2, *batch, H, W, c)`` to ``(*batch, H, W, c)``."""
    xp, (down, right) = array_namespace(p), (p[0, ...], p[1, ...])
    row, column = 0 * down[..., :1, :, :], 0 * right[..., :1, :]
    down, right = down[..., :-1, :, :], right[..., :-1, :]
    rows = xp.concat([row, down], axis=-3) - xp.concat([down, row], axis=-3)
    return rows + xp.concat([column, right], axis=-2) - xp.concat([right, column], axis=-2)


def length(p):
    """Length of the gradient at each pixel, ``(p_1^2 + p_2^2)^(1/2)``."""
    xp = array_namespace(p)
    return xp.sqrt(xp.sum(p * p, axis=0))


def total_variation(x):
    """``TV(x) = sum_i |grad x|_i``, the lengths of the gradient added up over pixels and channels [Rudin,
    Osher & Fatemi, 1992]."""
    if check("x", x).ndim < 3:
        raise ValueError(f"x has shape {tuple(x.shape)}: expected (*batch, H, W, c), at least 3 axes")
    return _variation(x)


def _variation(x):
    return float(array_namespace(x).sum(float64(length(gradient(x)))))


def denoise_tv(y, weight, tol=1e-4, max_iter=1000, start=None):
    """The prox of total variation, ``argmin_x ||x - y||^2 / 2 + weight TV(x)``.

    Fast gradient projection on the dual problem, ``min_p ||y - weight grad^T p||^2`` with ``|p| <= 1``
    [Chambolle, 2004; Beck & Teboulle, 2009]. It stops on the duality gap ``weight (TV(x) - <grad x, p>)``.

    Parameters
    ----------
    y : array (H, W, c)
        Channels are denoised one by one.
    weight : float
        On the scale of ``y``.
    tol : float
        Relative duality gap.
    start : array (2, H, W, c), optional
        A dual to start from, such as that of a similar image.

    Returns
    -------
    Cartoon
    """
    xp = array_namespace(check("y", y, ndim=3))
    p = xp.stack([0 * y, 0 * y]) if start is None else check("start", start, ndim=4)
    array_namespace(y, p)
    if tuple(p.shape) != (2, *y.shape):
        raise ValueError(f"start has shape {tuple(p.shape)}: expected {(2, *y.shape)}")
    tol, max_iter = check_level("tol", tol), check_whole("max_iter", max_iter)
    weight = check_scale("weight", weight, zero=True)
    if weight == 0:
        return Cartoon(y, p, True)
    steps = _dual_steps(y, weight, p)
    for t, p in enumerate(islice(steps, max_iter), 1):
        if t % 10 == 0 or t == max_iter:
            x = y - weight * gradient_adjoint(p)
            primal = float(xp.sum(float64(x - y) ** 2)) / 2 + weight * _variation(x)
            gap = weight * (_variation(x) - float(xp.sum(float64(gradient(x) * p))))
            if gap <= tol * primal:
                return Cartoon(x, p, True)
    return Cartoon(x, p, False)


def _dual_steps(y, weight, p):
    """Accelerated projected gradient steps of length ``1 / (8 weight)``, for ever."""
    xp, ahead, t = array_namespace(y), p, 1.0
    while True:
        moved = ahead + gradient(y - weight * gradient_adjoint(ahead)) / (8 * weight)
        size = length(moved)
        new = moved / xp.maximum(size, xp.ones_like(size))
        before, t = t, (1 + (1 + 4 * t * t) ** 0.5) / 2
        ahead, p = new + (before - 1) / t * (new - p), new
        yield p


def inpaint_tv(y, mask, n_iter=400, step=0.02):
    """The image of least total variation among those that agree with the pixels seen, ``x = y`` where
    ``mask`` is 1.

    Primal-dual steps [Chambolle & Pock, 2011]: ``p <- P(p + grad x' / (8 step))`` with ``P`` onto ``|p|
    <= 1``, ``x <- x - step grad^T p`` on the missing pixels, ``x' = 2 x - x_before``. A baseline, without
    a certificate: it runs ``n_iter`` steps from the mean of the pixels seen.

    Parameters
    ----------
    y : array (H, W, c)
        In 0..255 (``step`` is meant for that scale).
    mask : array that broadcasts against ``y``
        1 where a pixel is seen, 0 where it is missing.
    """
    xp = array_namespace(check_intensities("y", y))
    n_iter, step = check_whole("n_iter", n_iter), 255 * check_scale("step", step)
    seen = check_mask(mask, y)
    x = xp.where(seen > 0, y, xp.sum(seen * y) / xp.sum(seen) * xp.ones_like(y))
    p, ahead = xp.stack([0 * y, 0 * y]), x
    for _ in range(n_iter):
        moved = p + gradient(ahead) / (8 * step)
        size = length(moved)
        p = moved / xp.maximum(size, xp.ones_like(size))
        new = xp.where(seen > 0, y, x - step * gradient_adjoint(p))
        ahead, x = 2 * new - x, new
    return x
