"""Several scales without loss: K-SVD in the bands of an undecimated wavelet transform, and the fusion of two
results by coding their patches together."""

import itertools
import math

from ...arrays import array_namespace, as_generator, asarray, check, check_level, check_whole, indices
from ...dictionaries.matrix import dct_dictionary
from .after_ksvd import by_dictionary
from .checks import check_image
from .ksvd import (
    GAIN,
    averaged,
    by_channel,
    centred_patches,
    denoise_omp,
    patch_atoms,
    patch_size,
    single,
)
from .lssc import code_groups

ROOT = math.sqrt(3)
LOW = tuple(v / (4 * math.sqrt(2)) for v in (1 + ROOT, 3 + ROOT, 3 - ROOT, 1 - ROOT))  # [Daubechies, 1988]
HIGH = tuple((-1) ** k * v for k, v in enumerate(reversed(LOW)))


def _filtered(x, taps, step, axis):
    """``sum_k taps[k] x(. + k step)`` on the circle; with a negative ``step`` the adjoint."""
    xp = array_namespace(x)
    return sum(v * xp.roll(x, -k * step, axis=axis) for k, v in enumerate(taps))


def wavelet_bands(x, step=1):
    """The bands ``low, horizontal, vertical, diagonal`` of one undecimated wavelet step on (H, W, c).

    The filters are those of Daubechies with four taps, ``step`` pixels apart, on the circle. Each band has
    the size of ``x``; every second row and column of it are the bands of an orthonormal transform, so white
    noise keeps its strength, and stays white among pixels that are ``2 step`` apart.
    """
    check("x", x, ndim=3)
    step = check_whole("step", step)
    rows = [_filtered(x, taps, step, 0) for taps in (LOW, HIGH)]
    return tuple(_filtered(part, taps, step, 1) for part in rows for taps in (LOW, HIGH))


def join_bands(bands, step=1):
    """The image of four bands: the inverse of :func:`wavelet_bands`, and a quarter of its adjoint."""
    if len(bands) != 4:
        raise ValueError(f"{len(bands)} bands: expected 4")
    for band in bands:
        if check("bands", band, ndim=3).shape != bands[0].shape:
            raise ValueError(f"bands of shapes {[tuple(b.shape) for b in bands]}: expected one shape")
    array_namespace(*bands)
    step = check_whole("step", step)
    pairs = (bands[:2], bands[2:])
    rows = [_filtered(low, LOW, -step, 1) + _filtered(high, HIGH, -step, 1) for low, high in pairs]
    return (_filtered(rows[0], LOW, -step, 0) + _filtered(rows[1], HIGH, -step, 0)) / 4


def denoise_bands(y, sigma, levels=1, D0=None, n_iter=20, train=40_000, gain=GAIN, rng=None):
    """K-SVD denoising in the bands of an undecimated wavelet transform, each with a dictionary of its own.

    A patch of a band takes every ``2^j``-th pixel, where noise is white, so it covers ``2^j`` times as much
    of the image. All shifts of the decimated transform are there: they teach one dictionary per band, and
    are averaged by :func:`join_bands`. A variant of [Ophir, Lustig & Elad, 2011]; borders are mirrored.

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    levels : int
        How often the coarse band is split.
    D0, n_iter, train, gain, rng
        As in :func:`denoise_ksvd`, for each band.

    Returns
    -------
    array (H, W, c)
    """
    D0 = asarray(dct_dictionary() if D0 is None else check("D0", D0, ndim=2), like=y)
    levels, gain = check_whole("levels", levels), check_level("gain", gain)
    sigma = check_image(y, sigma, patch_size(D0) * 2**levels)
    learn = (sigma, D0, check_whole("n_iter", n_iter), check_whole("train", train), gain, as_generator(rng))
    pad = 2 * patch_size(D0)
    for axis in (0, 1):
        y = _mirrored(y, axis, pad)
    x = by_channel(lambda part: _in_bands(part, 1, levels, learn), y)
    return x[pad:-pad, pad:-pad, :]


def _mirrored(x, axis, pad):
    N = x.shape[axis]
    where = [i % (2 * N) for i in range(-pad, N + pad)]
    return array_namespace(x).take(x, indices([min(i, 2 * N - 1 - i) for i in where], like=x), axis=axis)


def _in_bands(x, step, levels, learn):
    low, *details = wavelet_bands(x, step)
    low = _in_bands(low, 2 * step, levels - 1, learn) if levels > 1 else _band(low, 2 * step, learn)
    return join_bands([low, *(_band(band, 2 * step, learn) for band in details)], step)


def _band(band, step, learn):
    """One band denoised: its ``step^2`` interleaved images, over one dictionary."""
    sigma, D0, n_iter, train, gain, rng = learn
    xp, x = array_namespace(band), band + 0
    places = itertools.product(range(step), repeat=2)
    where = [(slice(i, None, step), slice(j, None, step), slice(None)) for i, j in places]
    P = xp.concat([centred_patches(single(band[at]), patch_size(D0))[0] for at in where], axis=1)
    D = patch_atoms(P, sigma, D0, n_iter, train, gain, rng)
    for at in where:
        x[at] = denoise_omp(band[at], sigma, D, gain).x
    return x


def fuse_jointly(x, other, sigma, D, share=0.5):
    """Fuse two results: corresponding patches choose atoms together, and their codes are mixed.

    ``R_i x`` and ``R_i other``, without means, are coded by :func:`simultaneous_omp` over the same atoms
    until their weighted squared errors average to ``sigma^2`` per pixel; the patch is then
    ``D ((1 - share) g_i + share h_i)``, and patches are averaged. After [Sulam, Ophir & Elad, 2014], who
    fuse K-SVD with K-SVD in wavelet bands.

    Parameters
    ----------
    x, other : array (H, W, c)
    sigma : float
        Error that is allowed, per pixel: what is left of the noise in the two results.
    D : array (n, m), or a tuple of one per channel
    share : float
        Weight of ``other``, from 0 to 1.
    """
    channels, size, sigma = by_dictionary(x, sigma, D)
    xp, share = array_namespace(x, check("other", other, ndim=3)), check_level("share", share)
    if tuple(x.shape) != tuple(other.shape):
        raise ValueError(f"other has shape {tuple(other.shape)}, x has shape {tuple(x.shape)}")
    if share > 1:
        raise ValueError(f"share = {share}: expected a number from 0 to 1")
    parts = [other[..., i : i + 1] for i in range(x.shape[-1])]
    fused = [_fuse(a, b, size, sigma, D, share) for (a, D), b in zip(channels, parts, strict=True)]
    return xp.concat(fused, axis=-1)


def _fuse(x, other, size, sigma, D, share):
    (P, mean), (Q, far) = centred_patches(single(x), size), centred_patches(single(other), size)
    xp, (near, away) = array_namespace(P), (math.sqrt(2 * (1 - share)), math.sqrt(2 * share))
    pairs = indices([[i, P.shape[1] + i] for i in range(P.shape[1])], like=x)
    both = xp.concat([near * P, away * Q], axis=1)
    coded, _ = code_groups(both, D, pairs, sigma * size * math.sqrt(2), keep=2)
    coded = (near * coded[:, :, 0] + away * coded[:, :, 1]) / 2
    return averaged(coded + (1 - share) * mean + share * far, x, size)
