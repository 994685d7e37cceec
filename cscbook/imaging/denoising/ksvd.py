"""Denoising with sparse patches, by K-SVD above all: code every overlapping patch, put it back, average.

The learner is :mod:`cscbook.learning.ksvd`. Images are (H, W, c) in 0..255, and ``sigma`` is on that
scale; channels are treated one by one.
"""

import math
from dataclasses import dataclass

import numpy as np

from ...arrays import (
    array_namespace,
    as_generator,
    asarray,
    check,
    check_level,
    check_whole,
    float64,
    indices,
    to_numpy,
)
from ...dictionaries.matrix import atom_norms, dct_dictionary, dct_matrix
from ...learning import ksvd
from ...local import aggregate, counts, patches
from ...norms import l0
from ...pursuits import omp
from ...shrinkage import hard
from .checks import check_image

PEAK = 255  # weights of penalties are meant for intensities in 0..1
GAIN = 1.15  # patches are coded up to an error of (GAIN sigma)^2 per pixel [Elad & Aharon, 2006]


@dataclass(frozen=True)
class Denoised:
    """A denoised image.

    Attributes
    ----------
    x : array (H, W, c)
    D : array (n, m), or a tuple of them for several channels
        The dictionary.
    atoms_per_patch : float
        Mean number of atoms that a patch was coded with.
    """

    x: object
    D: object
    atoms_per_patch: float


def psnr(x, truth, peak=255):
    """Peak signal-to-noise ratio ``20 log10(peak / rmse)`` in dB; infinite for equal images."""
    xp, peak = array_namespace(x, truth), check_level("peak", peak, positive=True)
    if tuple(x.shape) != tuple(truth.shape):
        raise ValueError(f"psnr of shapes {tuple(x.shape)} and {tuple(truth.shape)}")
    for name, image in (("x", x), ("truth", truth)):
        if not xp.isdtype(image.dtype, ("bool", "integral", "real floating")):
            raise TypeError(f"{name} has dtype {image.dtype}: expected real numbers")
    mse = float(xp.mean((check("x", float64(x)) - check("truth", float64(truth))) ** 2))
    return math.inf if mse == 0 else 10 * math.log10(peak**2 / mse)


def patch_size(D):
    """Side of the square patches that a dictionary (n, m) is made for."""
    size = math.isqrt(D.shape[0])
    if size * size != D.shape[0]:
        raise ValueError(f"D has {D.shape[0]} rows: expected the square of a patch size")
    return size


def by_channel(denoise, y):
    """Apply ``denoise``, which takes and returns (H, W, 1), to each channel of ``y``."""
    xp = array_namespace(y)
    return xp.concat([denoise(y[..., i : i + 1]) for i in range(y.shape[-1])], axis=-1)


def image_patches(y, size):
    """All overlapping ``size`` x ``size`` patches of an image (H, W, 1), as columns (size^2, p)."""
    xp = array_namespace(y)
    if y.ndim != 3 or y.shape[-1] != 1:
        raise ValueError(f"y has shape {tuple(y.shape)}: expected an image (H, W, 1), one channel")
    p = patches(y, (size, size), circular=False)
    return xp.reshape(p, (-1, size * size)).T


def average(P, y, size, weight=0.0):
    """``(weight y + sum_i R_i^T p_i) / (weight + sum_i R_i^T R_i 1)``: overlapping patches averaged,
    with the noisy image.

    ``P`` holds the patches as columns (size^2, p); the result has the shape of the image ``y`` (H, W, 1).
    """
    size, P_shape = check_whole("size", size), tuple(check("P", P, ndim=2).shape)
    array_namespace(P, check("y", y, ndim=3))
    count = math.prod(N - size + 1 for N in y.shape[:2])
    if y.shape[-1] != 1 or size > min(y.shape[:2]) or P_shape != (size * size, count):
        raise ValueError(
            f"P of shape {P_shape}, y of shape {tuple(y.shape)}: expected all patches of {size} x {size} of "
            "an image (H, W, 1)"
        )
    return averaged(P, y, size, check_level("weight", weight))


def averaged(P, y, size, weight=0.0):
    """:func:`average`, for what is checked already."""
    xp, space = array_namespace(y), tuple(y.shape[:2])
    grid = tuple(s - size + 1 for s in space)
    total = aggregate(xp.reshape(P.T, grid + (size * size,)), (size, size), space, circular=False)
    total, cover = xp.astype(total, y.dtype), counts((size, size), space, circular=False, like=y)
    return (weight * y + total) / (weight + cover)


def denoise_dct(y, sigma, size=8, threshold=2.7):
    """Weighted local DCT denoising: threshold the DCT of every patch, average with weights [Guleryuz,
    2007].

    ``x = sum_i w_i R_i^T C^T H(C R_i y) / sum_i w_i R_i^T 1`` with the orthonormal 2-D DCT ``C``, hard
    thresholding ``H`` at ``threshold * sigma`` (the constant is kept), and ``w_i = 1 / ||H(C R_i
    y)||_0``, 1 where all is zero. Returns an image like ``y``.
    """
    beta = check_level("threshold", threshold) * check_image(y, sigma, check_whole("size", size))
    C = asarray(dct_matrix(size), like=y)
    return by_channel(lambda channel: _dct_channel(channel, C, beta), y)


def _dct_channel(y, C, beta):
    xp, size, space = array_namespace(y), C.shape[0], tuple(y.shape[:2])
    p = patches(y, (size, size), circular=False)
    code = C.T @ xp.reshape(p, p.shape[:2] + (size, size)) @ C
    kept = hard(code, beta)
    kept[..., 0, 0] = code[..., 0, 0]
    used = xp.sum(xp.astype(kept != 0, y.dtype), axis=(-2, -1))[..., None]
    weight = 1 / xp.maximum(used, xp.ones_like(used))  # a black patch has no entry at all
    p = weight * xp.reshape(C @ kept @ C.T, p.shape)
    cover = aggregate(weight * xp.ones_like(p), (size, size), space, circular=False)
    return aggregate(p, (size, size), space, circular=False) / cover


def denoise_omp(y, sigma, D=None, gain=GAIN):
    """Patch denoising over a fixed dictionary: code all patches by OMP, average them with the noisy image.

    Each patch loses its mean, is coded by the fewest atoms that reach ``||p - D g||_2 <= gain sigma
    sqrt(n)``, and gets its mean back; then ``x = (w y + sum_i R_i^T D g_i) / (w + sum_i R_i^T R_i)``
    with ``w = 30 / sigma`` [Elad & Aharon, 2006].

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    D : array (n, m), optional
        n is the square of the patch size. Default: the over-complete DCT, 64 x 256.

    Returns
    -------
    Denoised
    """
    D = asarray(dct_dictionary() if D is None else check("D", D, ndim=2), like=y)
    size, gain, used = patch_size(D), check_level("gain", gain), []
    atom_norms(D)
    sigma = check_image(y, sigma, size)
    x = by_channel(lambda channel: _omp_channel(channel, sigma, D, size, gain, used), y)
    return Denoised(x, D, sum(used) / len(used))


def _omp_channel(y, sigma, D, size, gain, used):
    P, mean = centred_patches(single(y), size)
    code = code_patches(P, D, sigma, gain)
    used.append(l0(code) / P.shape[1])
    return averaged(synthesize(D, code) + mean, y, size, 30 / sigma)


def centred_patches(y, size):
    """Patches of an image (H, W, 1) without their means, and the means: ``(P - mean, mean)``."""
    P = image_patches(y, size)
    mean = array_namespace(P).mean(P, axis=0, keepdims=True)
    return P - mean, mean


def code_patches(P, D, sigma, gain=GAIN):
    """Codes (m, p) of patches by OMP in single precision, up to an error of ``gain sigma`` per pixel."""
    return omp(single(D), single(P), tol=gain * sigma * math.sqrt(P.shape[0])).gamma


def synthesize(D, code):
    """``D @ code`` in single precision; a sparse code stands first in the product, which is faster."""
    return (code.T @ single(D).T).T if hasattr(code, "nnz") else single(D) @ code


def single(x):
    """``x`` in single precision, which is precise enough for codes of noisy patches."""
    xp = array_namespace(x)
    return xp.astype(x, xp.float32)


def denoise_ksvd(y, sigma, D0=None, n_iter=20, train=40_000, gain=GAIN, rng=None):
    """K-SVD denoising: learn the dictionary on patches of the noisy image itself, then :func:`denoise_omp`.

    Parameters
    ----------
    y : array (H, W, c)
        Each channel learns its own dictionary.
    sigma : float
        Standard deviation of the noise.
    D0 : array (n, m), optional
        Start. Default: the over-complete DCT, 256 atoms of 8 x 8.
    n_iter, train : int
        Rounds of K-SVD, and how many patches it sees: random ones among those that need an atom.
    rng : numpy Generator, optional

    Returns
    -------
    Denoised
    """
    D0 = asarray(dct_dictionary() if D0 is None else check("D0", D0, ndim=2), like=y)
    size, rng, gain = patch_size(D0), as_generator(rng), check_level("gain", gain)
    n_iter, train = check_whole("n_iter", n_iter), check_whole("train", train)
    sigma = check_image(y, sigma, size)
    parts = [
        _ksvd_channel(y[..., i : i + 1], sigma, D0, size, n_iter, train, gain, rng)
        for i in range(y.shape[-1])
    ]
    D = parts[0].D if len(parts) == 1 else tuple(part.D for part in parts)
    used = sum(part.atoms_per_patch for part in parts) / len(parts)
    return Denoised(array_namespace(y).concat([part.x for part in parts], axis=-1), D, used)


def _ksvd_channel(y, sigma, D0, size, n_iter, train, gain, rng):
    P, _ = centred_patches(single(y), size)
    return denoise_omp(y, sigma, patch_atoms(P, sigma, D0, n_iter, train, gain, rng), gain)


def patch_atoms(P, sigma, D0, n_iter, train, gain, rng):
    """The dictionary that K-SVD learns from ``D0`` on at most ``train`` random columns of ``P`` (n, p) in
    single precision, patches without their means, among those that are more than noise, ``||p||_2 > gain
    sigma sqrt(n)``; ``D0`` where there is none."""
    xp, tol = array_namespace(P), gain * sigma * math.sqrt(P.shape[0])
    teaches = np.flatnonzero(
        to_numpy(xp.linalg.vector_norm(P, axis=0)) > tol
    )  # the others need no atom at all
    if len(teaches) == 0:
        return D0
    if len(teaches) > train:
        teaches = rng.choice(teaches, train, replace=False)
    P = xp.take(P.T, indices(teaches, like=P), axis=0).T
    return ksvd(P, D0=single(D0), tol=tol, n_iter=n_iter, rng=rng).D
