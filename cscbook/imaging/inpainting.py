"""Inpainting: the mask enters the data term and nothing else; atoms that fit what is seen go on into what is
not."""

from dataclasses import dataclass

from ..arrays import array_namespace, as_mask, check, check_level, check_whole
from ..pursuits import basis_pursuit
from ..pursuits.conjugate_gradients import conjugate_gradients
from .batches import (
    check_filters,
    crop,
    from_batch,
    pad,
    padded_dictionary,
    patch_filters,
    roughness,
    to_batch,
)
from .denoising.checks import check_intensities, check_mask, check_scale, check_seen
from .denoising.ksvd import PEAK, single
from .total_variation import gradient, gradient_adjoint


@dataclass(frozen=True)
class Inpainted:
    """An image with its holes filled.

    Attributes
    ----------
    x : array (H, W, c)
        The pixels seen as they were, and ``model`` at the missing ones.
    model : array (H, W, c)
        ``low + D gamma``, also where the pixels are seen.
    low : array (H, W, c)
        The smooth part.
    gamma : array (H', W', m), or one for each channel
        The code. Atoms may stick out of the image: it is padded with at least n - 1 missing pixels.
    converged : bool
        Whether the last code reached its duality gap.
    """

    x: object
    model: object
    low: object
    gamma: object
    converged: bool


def inpaint(y, mask, D, lam=0.01, mu=1.0, steps=(8, 2, 1), tol=1e-2):
    """Fill missing pixels by convolutional sparse coding: what is smooth and what is sparse explain what is
    seen.

    ``min_{l, g} ||M (y - l - D g)||^2 / 2 + mu / 2 ||grad^T grad l||^2 + lam sum_k w_k ||g_k||_1``, where
    ``l`` is a thin plate that carries what is too slow for the atoms, and ``w_k = ||grad d_k||`` (1 in the
    mean) makes rough atoms expensive, as they are rare in photographs. The two alternate, from a large
    ``lam`` down, and the code comes last. [Heide, Heidrich & Wetzstein, 2015] have the mask in the data
    term and equal weights.

    Parameters
    ----------
    y : array (H, W, c)
        In 0..255. What stands at missing pixels is not looked at, but must be finite.
    mask : array that broadcasts against ``y``
        1 where a pixel is seen, 0 where it is missing.
    D : array (n, n, c, m) or ConvDictionary
        Filters. With one channel they fill the channels of the image one by one.
    lam, mu : float
        For intensities in 0..1.
    steps : sequence of float
        One round for each, with ``lam`` times this.
    tol : float
        Relative duality gap of each code.

    Returns
    -------
    Inpainted
    """
    y, seen, filters = check_problem(y, mask, D)
    lam, mu, steps = check_scale("lam", lam), check_mu(mu), [check_scale("steps", step) for step in steps]
    if not steps:
        raise ValueError("steps is empty: expected one number per round")
    signals, M = to_batch(single(y) / PEAK, filters), to_batch(single(seen), filters)
    D, size = padded_dictionary(filters, signals), filters.shape[:2]
    weights, (low, texture, gamma) = roughness(filters), (0 * signals, 0 * signals, None)
    for step in steps:
        low = _plate(signals - texture, M, mu, low)
        rest, holes = (pad(a, size) for a in (M * (signals - low), M))
        code = basis_pursuit(D, rest, step * lam, tol=tol, mask=holes, weights=weights, start=gamma)
        gamma, texture = code.gamma, crop(D @ code.gamma, signals)
    return _result(y, seen, low, texture, code)


def _result(y, seen, low, texture, code):
    xp = array_namespace(y)
    low, texture = (PEAK * xp.astype(from_batch(part), y.dtype) for part in (low, texture))
    model, gamma = low + texture, PEAK * xp.astype(code.gamma, y.dtype)
    gamma = gamma[0, ...] if gamma.shape[0] == 1 else gamma
    return Inpainted(xp.where(seen > 0, y, model), model, low, gamma, code.converged)


def self_dictionary(y, mask, D0, m=128, k=4, rounds=1, rng=None, **options):
    """Filters from the corrupted image itself, beside those from other images.

    Fill the image over what there is, learn filters on the result (:func:`patch_filters`), and put them
    beside ``D_0``: where the image shows too little, the code falls back on the others. Filters learned on
    the image alone fit its holes.

    Parameters
    ----------
    y, mask
        As for :func:`inpaint`.
    D0 : array (n, n, 1, m0)
        Filters from other images.
    m, k : int
        How many filters to learn, and atoms per patch.
    rounds : int
        A further one learns on a better filled image.
    **options
        Of :func:`inpaint`.

    Returns
    -------
    array (n, n, 1, m0 + m)
    """
    D0 = filters = check_filters(check_intensities("y", y), D0, "D0")
    if filters.shape[2] != 1 or filters.shape[0] != filters.shape[1]:
        raise ValueError(f"D0 of shape {tuple(filters.shape)}: expected square filters of one channel")
    rounds = check_whole("rounds", rounds)
    for _ in range(rounds):
        filled = inpaint(y, mask, filters, **options).x
        own = patch_filters([filled], filters.shape[0], m, k, rng=rng)
        filters = array_namespace(own, D0).concat([D0, own], axis=-1)
    return filters


def check_problem(y, mask, D):
    """The image, its mask in the shape and type of the image, and the filters in single precision."""
    return check_intensities("y", y), check_mask(mask, y), single(check_filters(y, D))


def plate(y, mask, mu, start, tol=1e-3, max_iter=500):
    """A thin plate through the pixels seen, ``argmin_l ||M (y - l)||^2 / 2 + mu / 2 ||grad^T grad l||^2``,
    for ``(*batch, H, W, c)``; ``start`` has the shape of ``y``, and ``mask`` broadcasts against it."""
    xp = array_namespace(check("y", y), check("start", start))
    if y.ndim < 3:
        raise ValueError(f"y has shape {tuple(y.shape)}: expected (*batch, H, W, c), at least 3 axes")
    mask = check_seen(xp.broadcast_to(as_mask("mask", mask, y), y.shape))
    if tuple(start.shape) != tuple(y.shape):
        raise ValueError(f"start has shape {tuple(start.shape)}: expected {tuple(y.shape)}")
    tol, max_iter = check_level("tol", tol), check_whole("max_iter", max_iter)
    return _plate(y, mask, check_mu(mu), start, tol, max_iter)


def check_mu(mu):
    """``mu`` as a Python float; raise unless it is positive."""
    if check_level("mu", mu) == 0:
        raise ValueError("mu = 0: expected a positive weight, else missing pixels have no smooth part")
    return check_scale("mu", mu)


def _plate(y, mask, mu, start, tol=1e-3, max_iter=500):
    def bend(x):
        return gradient_adjoint(gradient(x))

    return conjugate_gradients(lambda x: mask * x + mu * bend(bend(x)), mask * y, start, tol, max_iter)
