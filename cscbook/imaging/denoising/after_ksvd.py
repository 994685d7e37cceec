"""Beyond K-SVD denoising: ingredients that patch averaging lacks, each over the same patches.

Agreement of overlapping patches, boosting, the model on the final patches, and several scales;
self-similarity is in :mod:`.lssc`. What works in rounds yields one result per round, so the last is
``*_, x = sos(...)``.
"""

import itertools
import math

from ...arrays import array_namespace, asarray, check, check_level, check_whole
from ...norms import l0
from .checks import check_image
from .ksvd import GAIN, Denoised, averaged, centred_patches, code_patches, image_patches, single, synthesize


def by_dictionary(y, sigma, D, name="D"):
    """Pairs (channel, dictionary), the side of a patch, and ``sigma`` as a float; a tuple ``D`` holds one
    dictionary per channel."""
    check("y", y, ndim=3)
    each = D if isinstance(D, tuple) else (D,) * y.shape[-1]
    rows = [check(name, one, ndim=2).shape[0] for one in each]
    if len(rows) != y.shape[-1] or any(n != math.isqrt(rows[0]) ** 2 for n in rows):
        raise ValueError(
            f"dictionaries with {rows} rows for an image of shape {tuple(y.shape)}: "
            "expected one, or one per channel, with the square of a patch size"
        )
    size = math.isqrt(rows[0])
    sigma = check_image(y, sigma, size)
    return [(y[..., i : i + 1], asarray(one, like=y)) for i, one in enumerate(each)], size, sigma


def join(parts):
    """Results of single channels as one."""
    D = parts[0].D if len(parts) == 1 else tuple(part.D for part in parts)
    x = array_namespace(parts[0].x).concat([part.x for part in parts], axis=-1)
    return Denoised(x, D, sum(part.atoms_per_patch for part in parts) / len(parts))


def _in_rounds(method, y, sigma, D, rounds, gain):
    """The rounds of ``method(channel, sigma, D, size, rounds, gain)`` on every channel, side by side."""
    (channels, size, sigma), gain = by_dictionary(y, sigma, D), check_level("gain", gain)
    each = [method(part, sigma, D, size, check_whole("rounds", rounds), gain) for part, D in channels]
    return map(join, zip(*each, strict=True))


# --- agreement ----------------------------------------------------------------------------------------------


def disagreement(P, x, size):
    """By how much each patch differs from the image, ``q_i = p_i - R_i x``, as columns (size^2, p).

    Where ``x`` is the plain average of the patches ``P``, ``sum_i R_i^T q_i = 0``
    [Romano & Elad, 2015].
    """
    R = image_patches(check("x", x, ndim=3), size)
    array_namespace(check("P", P, ndim=2), R)
    if tuple(P.shape) != tuple(R.shape):
        raise ValueError(
            f"patches of shape {tuple(P.shape)}, image of shape {tuple(x.shape)}: "
            f"expected {tuple(R.shape)} patches of {size} x {size}"
        )
    return P - R


def share_disagreement(y, sigma, D, rounds=3, gain=GAIN):
    """Yield rounds of sharing the disagreement: code ``R_i y - q_i``, average, and compute ``q_i`` anew.

    ``q_i = D g_i - R_i x`` starts from zero, so the first round is :func:`denoise_omp`. After
    [Romano & Elad, 2015], who also go on learning the dictionary.

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    D : array (n, m), or a tuple of one per channel
        What :func:`denoise_ksvd` learned on ``y``.
    rounds : int

    Yields
    ------
    Denoised
    """
    return _in_rounds(_share, y, sigma, D, rounds, gain)


def _share(y, sigma, D, size, rounds, gain):
    P = image_patches(single(y), size)
    xp, q = array_namespace(P), 0 * P
    for _ in range(rounds):
        mean = xp.mean(P - q, axis=0, keepdims=True)
        code = code_patches(P - q - mean, D, sigma, gain)
        coded = synthesize(D, code) + mean
        x = averaged(coded, y, size, 30 / sigma)
        q = disagreement(coded, single(x), size)
        yield Denoised(x, D, l0(code) / P.shape[1])


# --- boosting -----------------------------------------------------------------------------------------------


def sos(denoise, y, rho=0.5, rounds=5):
    """Yield rounds of SOS boosting, ``x <- f(y + rho x) - rho x`` from 0.

    Strengthen, operate, subtract. For a linear denoiser ``f = W`` the fixed
    point is ``(I + rho (I - W))^{-1} W y``, reached if every eigenvalue of W
    has ``rho |1 - eig| < 1`` [Romano & Elad, 2015].

    Parameters
    ----------
    denoise : function
        Takes and returns arrays like ``y``.
    y : array
    rho : float
        How much of the last result is added; 0 repeats the first round.
    rounds : int
    """
    rho, x = check_level("rho", rho), 0 * check("y", y)
    for _ in range(check_whole("rounds", rounds)):
        x = denoise(y + rho * x) - rho * x
        yield x


# --- the model on the final patches -------------------------------------------------------------------------


def ksvd_epll(y, sigma, D, rounds=3, gain=1.05):
    """Yield rounds of K-SVD under the expected patch log-likelihood: the result's own patches get sparse.

    Round t codes the patches of the last result up to ``gain sigma_t`` per pixel, from ``y`` and
    ``sigma`` on, and solves ``min_x w_t ||x - y||^2 + sum_i ||R_i x - D g_i||^2`` with
    ``w_t = (30 / sigma) (sigma_t / sigma)^2``. Then :func:`remaining_noise` gives the next ``sigma_t``.

    A variant of [Sulam & Elad, 2015]: they go on learning the dictionary, take the most frequent noise
    level over the image instead of the mean, and correct it once.

    Parameters
    ----------
    y : array (H, W, c)
        Each channel has its own ``sigma_t``.
    sigma : float
    D : array (n, m), or a tuple of one per channel
        What :func:`denoise_ksvd` learned on ``y``.
    rounds : int

    Yields
    ------
    Denoised
    """
    return _in_rounds(_epll, y, sigma, D, rounds, gain)


def _epll(y, sigma, D, size, rounds, gain):
    x, level = y, sigma
    for _ in range(rounds):
        P, mean = centred_patches(single(x), size)
        code = code_patches(P, D, level, gain)
        weight = 30 / sigma * (level / sigma) ** 2
        x = averaged(synthesize(D, code) + mean, y, size, weight)
        atoms = l0(code) / P.shape[1]
        level = remaining_noise(level, atoms, P.shape[0])
        yield Denoised(x, D, atoms)


def remaining_noise(sigma, atoms, n):
    """White noise that is left in patches projected on their mean and some atoms.

    ``sigma sqrt((atoms + 1) / n)`` for n pixels: a projection P of rank r
    leaves ``E ||P e||^2 = r sigma^2``.
    """
    share = (check_level("atoms", atoms) + 1) / check_whole("n", n)
    return check_level("sigma", sigma) * math.sqrt(share)


# --- several scales -----------------------------------------------------------------------------------------


def haar(x):
    """The bands ``low, horizontal, vertical, diagonal`` of one orthonormal Haar step on an image (H, W, c).

    Each is (H / 2, W / 2, c). White noise has the same strength in all, while a constant doubles in ``low``.
    """
    check("x", x, ndim=3)
    if x.shape[0] % 2 or x.shape[1] % 2:
        raise ValueError(f"image of shape {tuple(x.shape)}: a Haar step needs even height and width")
    a, b, c, d = (x[i::2, j::2, :] for i, j in itertools.product((0, 1), repeat=2))
    return (a + b + c + d) / 2, (a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2


def inverse_haar(low, horizontal, vertical, diagonal):
    """The image of four Haar bands: the inverse of :func:`haar`, and its adjoint."""
    xp, (H, W, c) = array_namespace(low, horizontal, vertical, diagonal), check("low", low, ndim=3).shape
    details = {"horizontal": horizontal, "vertical": vertical, "diagonal": diagonal}
    for name, band in details.items():
        if check(name, band, ndim=3).shape != low.shape:
            raise ValueError(f"{name} has shape {tuple(band.shape)}: expected that of low, {(H, W, c)}")
    left, right = low + horizontal, low - horizontal
    upper = xp.stack([left + vertical + diagonal, right + vertical - diagonal], axis=2)
    lower = xp.stack([left - vertical - diagonal, right - vertical + diagonal], axis=2)
    return xp.reshape(xp.stack([upper, lower], axis=1), (2 * H, 2 * W, c)) / 2


def denoise_pyramid(denoise, y, levels=1):
    """Denoise each band of the Haar pyramid of ``y`` on its own, and put the bands together again.

    White noise is equally strong in all bands, so one ``denoise`` serves them all; with K-SVD, each band
    learns its own dictionary [Ophir, Lustig & Elad, 2011].

    Parameters
    ----------
    denoise : function
        Takes and returns an image.
    y : array (H, W, c)
        Height and width divisible by ``2^levels``.
    levels : int
    """
    levels = check_whole("levels", levels, 0)
    if any(length % 2**levels for length in check("y", y, ndim=3).shape[:2]):
        raise ValueError(f"image of shape {tuple(y.shape)}: expected sides divisible by 2^{levels}")
    if levels == 0:
        return denoise(y)
    low, *details = haar(y)
    return inverse_haar(denoise_pyramid(denoise, low, levels - 1), *map(denoise, details))


def fuse_scales(denoise, y, x, weight=0.75):
    """Correct a result ``x`` by the next coarser scale, which is denoised on its own.

    The 2 x 2 patches of ``y``, summed and halved, are four coarse images with equally strong noise,
    one for each way to tile ``y``. Each is denoised. Then every 2 x 2 patch of ``x`` moves its mean
    towards its coarse pixel by ``weight``, and the patches are averaged. A simple relative of the
    fusion in [Sulam, Ophir & Elad, 2014].

    Parameters
    ----------
    denoise : function
        Takes and returns an image.
    y, x : array (H, W, c)
        The noisy image, and the result of the fine scale.
    weight : float
        From 0 (leave ``x``) to 1 (take the coarse means as they are).
    """
    xp = array_namespace(check("y", y, ndim=3), check("x", x, ndim=3))
    if tuple(x.shape) != tuple(y.shape):
        raise ValueError(f"x has shape {tuple(x.shape)}, y has shape {tuple(y.shape)}")
    weight = check_level("weight", weight)
    if weight > 1:
        raise ValueError(f"weight = {weight}: expected a number from 0 to 1")
    channels = [(y[..., i : i + 1], x[..., i : i + 1]) for i in range(x.shape[-1])]
    return xp.concat([_fuse(denoise, *one, weight) for one in channels], axis=-1)


def _fuse(denoise, y, x, weight):
    xp, (H, W, _) = array_namespace(x), x.shape
    low = xp.reshape(2 * centred_patches(y, 2)[1], (H - 1, W - 1, 1))
    coarse = xp.zeros_like(low)
    for i, j in itertools.product((0, 1), repeat=2):
        coarse[i::2, j::2, :] = denoise(low[i::2, j::2, :])
    P, mean = centred_patches(x, 2)
    return averaged(P + (1 - weight) * mean + weight * xp.reshape(coarse, (1, -1)) / 2, x, 2)
