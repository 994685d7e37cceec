"""Separation: a cartoon has small total variation, a texture has a sparse code, and an image is their sum."""

from dataclasses import dataclass

from ..arrays import array_namespace, check, check_level, check_whole
from ..checkpoints import take_all
from ..learning.filters import descend, unit
from ..learning.problem import Problem
from ..pursuits import basis_pursuit
from .batches import check_filters, crop, from_batch, pad, padded_dictionary, patch_filters, to_batch
from .denoising.checks import check_scale
from .denoising.ksvd import PEAK, single
from .total_variation import denoise_tv


@dataclass(frozen=True)
class Separated:
    """An image as ``cartoon + texture`` and a small rest.

    Attributes
    ----------
    cartoon, texture : array (H, W, c)
    gamma : array (H', W', m), or one for each channel
        The code of the texture; atoms may stick out of the image, which is padded by at least n - 1.
    D : array (n, n, c, m)
        The filters of the texture.
    converged : bool
        Whether the last code and the last cartoon reached their duality gaps.
    """

    cartoon: object
    texture: object
    gamma: object
    D: object
    converged: bool


def separate(y, D=None, lam=0.05, tv=0.06, *, rounds=12, start=5.0, learn=None, tol=1e-2, **own):
    """Split an image in cartoon and texture by block-coordinate descent.

    ``min ||y - D g - u||^2 / 2 + lam ||g||_1 + tv TV(u)`` over the code ``g``, the cartoon ``u`` and, where
    the texture is not known beforehand, the zero-mean filters of ``D`` [Papyan, Romano, Sulam & Elad, 2017,
    with a dictionary for the cartoon as well]. A round codes ``y - u``, moves the filters, and denoises
    ``y - D g`` by total variation.

    Parameters
    ----------
    y : array (H, W, c)
        In 0..255.
    D : array (n, n, c, m) or ConvDictionary, optional
        Filters of the texture. Default: :func:`texture_filters` of the image itself.
    lam, tv : float
        For intensities in 0..1. With a large ``tv`` parts of the cartoon go into the code.
    size, m : int, default 12 and 32
        Of the filters, if they come from the image itself; the Generator ``rng`` then chooses patches.
    rounds : int
    start : float
        The first cartoon, before there is a code, has ``start`` times the weight ``tv``.
    learn : bool, optional
        Whether the filters move; default: only those from the image itself.
    tol : float
        Relative duality gap of each code, and a hundred times that of each cartoon.

    Returns
    -------
    Separated
    """
    size, m, rng = take_all("separate", own, size=12, m=32, rng=None)
    rounds, lam, tol = check_whole("rounds", rounds), check_scale("lam", lam), check_level("tol", tol)
    tv = check_scale("tv", tv, zero=True)
    first = check_scale("start times tv", check_level("start", start) * tv, zero=True)
    learn = D is None if learn is None else learn
    D = texture_filters(y, size, m, first, rng=rng) if D is None else D
    filters = unit(single(check_filters(check("y", y, ndim=3), D)), zero_mean=learn)
    image, gamma = single(y) / PEAK, None
    signals = to_batch(image, filters)
    seen, cartoon = pad(0 * signals + 1, filters.shape[:2]), denoise_tv(image, first, tol / 100)
    for _ in range(rounds):
        rest = pad(signals - to_batch(cartoon.x, filters), filters.shape[:2])
        code = basis_pursuit(padded_dictionary(filters, signals), rest, lam, tol=tol, mask=seen, start=gamma)
        gamma = code.gamma
        if learn:
            filters = move_filters(filters, rest, seen, gamma, lam)
        texture = from_batch(crop(padded_dictionary(filters, signals) @ gamma, signals))
        cartoon = denoise_tv(image - texture, tv, tol / 100, start=cartoon.dual)
    return _result(y, cartoon.x, texture, gamma, filters, code.converged and cartoon.converged)


def _result(y, cartoon, texture, gamma, filters, converged):
    xp = array_namespace(y)
    cartoon, texture, gamma = (PEAK * xp.astype(part, y.dtype) for part in (cartoon, texture, gamma))
    gamma = gamma[0, ...] if gamma.shape[0] == 1 else gamma
    return Separated(cartoon, texture, gamma, xp.astype(filters, y.dtype), converged)


def move_filters(filters, signals, masks, gamma, lam, steps=5):
    """Filters of norm one and mean zero that explain the signals better, for codes that stay."""
    ys, masks, codes = (tuple(a[b, ...] for b in range(a.shape[0])) for a in (signals * masks, masks, gamma))
    problem = Problem(ys, masks, tuple(filters.shape[:2]), lam, True, True, anchor=filters)
    return descend(problem, filters, codes, steps)[0]


def texture_filters(y, size=12, m=32, tv=0.06, rng=None):
    """Filters to start from: :func:`patch_filters` of ``y - TV(y)``, what is left of the image by its
    cartoon; ``tv`` is meant for intensities in 0..1."""
    cartoon = denoise_tv(check("y", y, ndim=3), PEAK * check_scale("tv", tv, zero=True), 1e-3).x
    return patch_filters([y - cartoon], size, m, k=3, patches=5000, n_iter=5, rng=rng)
