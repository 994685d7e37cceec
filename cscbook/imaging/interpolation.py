"""Interpolation: pixels between those of a grid, filled by a denoiser that is run on the current estimate."""

from ..arrays import array_namespace, check_type
from .denoising.checks import check_intensities, check_mask, check_scale
from .denoising.ksvd import denoise_ksvd
from .denoising.lssc import denoise_lssc
from .inpainting import plate

SMOOTH = 1e-3  # weight of the thin plate that the rounds start from


def ksvd_together(x, sigma, members=8, window=24, gain=1.0, rng=None):
    """K-SVD on ``x``, then similar patches together over its dictionary: :func:`denoise_ksvd` with ten
    rounds, then :func:`denoise_lssc`. Returns an image like ``x`` (H, W, c)."""
    start = denoise_ksvd(x, sigma, n_iter=10, train=10_000, gain=gain, rng=rng)
    return denoise_lssc(x, sigma, start, members, window, gain).x


def interpolate(y, mask, denoise=ksvd_together, sigmas=(8.0, 8.0)):
    """Yield rounds of filling missing pixels: denoise the estimate, put back the pixels that are seen.

    The first estimate is a thin plate through the pixels seen. Round t takes ``denoise(x, sigmas[t])``,
    which treats the errors of interpolation as noise of this strength. With :func:`ksvd_together`, groups
    of similar patches share atoms of a dictionary that the estimate itself has taught, in two stages. A
    short variant of [Romano, Protter & Elad, 2014]: known and estimated pixels of a patch count alike.

    Parameters
    ----------
    y : array (H, W, c)
        In 0..255. What stands at missing pixels is not looked at, but must be finite.
    mask : array that broadcasts against ``y``
        1 where a pixel is seen, 0 where it is missing.
    denoise : function
        Of an image and ``sigma``.
    sigmas : sequence of float

    Yields
    ------
    array (H, W, c)
    """
    xp, seen = array_namespace(check_intensities("y", y)), check_mask(mask, y)
    check_type("sigmas", sigmas, tuple, list)
    sigmas = [check_scale("sigmas", sigma) for sigma in sigmas]
    if not sigmas:
        raise ValueError("sigmas is empty: expected one strength per round")
    return _rounds(xp.where(seen > 0, y, xp.zeros_like(y)), seen, denoise, sigmas)


def _rounds(y, seen, denoise, sigmas):
    xp = array_namespace(y)
    level = xp.sum(y, axis=(0, 1), keepdims=True) / xp.sum(seen, axis=(0, 1), keepdims=True)
    x = plate(y, seen, SMOOTH, level + xp.zeros_like(y))
    for sigma in sigmas:
        x = xp.where(seen > 0, y, denoise(xp.where(seen > 0, y, x), sigma))
        yield x
