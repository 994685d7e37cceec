"""The same local model at two scales of one image: EPLL with a quadratic term for each."""

import itertools
import math

from ..arrays import array_namespace, check, check_level, zeros
from ..local import aggregate, counts
from .denoising.checks import check_image, check_scale
from .denoising.ksvd import by_channel, centred_patches
from .denoising.patch_models import check_mixture, mixture_patches
from .inpainting import conjugate_gradients

LEFT = 6 / 16  # standard deviation of white noise after :func:`low_pass`: the norm of its kernel


def low_pass(x):
    """The binomial kernel (1, 2, 1) / 4 along rows and columns of (H, W, c), mirrored at the border: a
    symmetric matrix."""
    xp = array_namespace(check("x", x, ndim=3))
    for axis in (0, 1):
        ends = [(slice(None),) * axis + (slice(*s), ...) for s in ((0, 1), (-1, None), (None, -1), (1, None))]
        first, last, before, after = (x[end] for end in ends)
        x = (xp.concat([first, before], axis=axis) + 2 * x + xp.concat([after, last], axis=axis)) / 4
    return x


def _put_back(P, y, size):
    """``sum_i R_i^T p_i`` and ``sum_i R_i^T R_i 1`` on the pixels of an image (H, W, 1)."""
    xp, space, window = array_namespace(y), tuple(y.shape[:2]), (size, size)
    grid = tuple(N - size + 1 for N in space)
    total = aggregate(xp.reshape(P.T, (*grid, size * size)), window, space, circular=False)
    return xp.astype(total, y.dtype), counts(window, space, circular=False, like=y)


def _targets(x, noise, weights, covariances, step):
    """The sums of :func:`_put_back` for patches of every ``step``-th pixel, denoised by the mixture."""
    size, total, cover = math.isqrt(covariances.shape[1]), zeros(x.shape, like=x), zeros(x.shape, like=x)
    for i, j in itertools.product(range(step), repeat=2):
        at = (slice(i, None, step), slice(j, None, step), slice(None))
        P, mean = centred_patches(x[at], size)
        z = mixture_patches(P, noise, weights, covariances) + mean
        total[at], cover[at] = _put_back(z, x[at], size)
    return total, cover


def denoise_epll_scales(y, sigma, weights, covariances, coarse=1.0, betas=(1, 4, 8, 16, 32), fidelity=0.5):
    """EPLL whose mixture must explain the patches of the image and those of a coarser version of it.

    As :func:`denoise_epll`, but each round also denoises the patches ``z'_i`` of the image after a low pass
    S with every second pixel left out, in all four ways, and solves by conjugate gradients
    ``min_x lam ||x - y||^2 + beta sum_i ||R_i x - z_i||^2 + coarse beta sum_i ||R_i S x - z'_i||^2``. A
    variant of [Papyan & Elad, 2016] with two scales; the coarse patches are denoised for the noise
    that the low pass leaves.

    Parameters
    ----------
    y : array (H, W, c)
    sigma, weights, covariances, betas, fidelity
        Of :func:`denoise_epll`.
    coarse : float
        Weight of the second scale; without it this is :func:`denoise_epll`.

    Returns
    -------
    array (H, W, c)
    """
    mixture = check_mixture(weights, covariances, y)
    n = mixture[1].shape[1]
    sigma, lam = check_image(y, sigma, 2 * math.isqrt(n)), n * check_level("fidelity", fidelity)
    betas = [check_scale("betas", beta) for beta in betas]
    coarse = check_level("coarse", coarse)
    if not betas:
        raise ValueError("betas is empty: expected at least one positive number")
    return by_channel(lambda part: _at_scales(part, sigma, mixture, coarse, betas, lam), y)


def _at_scales(y, sigma, mixture, coarse, betas, lam):
    x = y
    for beta in betas:
        noise = sigma / math.sqrt(beta)
        fine, cover = _targets(x, noise, *mixture, 1)
        far, often = _targets(low_pass(x), LEFT * noise, *mixture, 2)

        def normal(v, own=lam / beta + cover, often=often):
            return own * v + coarse * low_pass(often * low_pass(v))

        x = conjugate_gradients(normal, lam / beta * y + fine + coarse * low_pass(far), x, 1e-7, 200)
    return x
