"""Denoising with the convolutional model, plain or strided and averaged over shifts, and how the latter turns
into patch denoising."""

import itertools
import math

from ...arrays import added, array_namespace, asarray, check, check_level, check_type, check_whole
from ...datasets.files import split_frequencies
from ...dictionaries.convolution import ConvDictionary
from ...dictionaries.matrix import dct_dictionary
from ...local import aggregate, patches
from ...norms import l0
from ...pursuits import Pursuit, basis_pursuit, omp
from .checks import check_image
from .ksvd import GAIN, Denoised, by_channel, single


def dct_filters(n=8, m=10):
    """The over-complete 2-D DCT as filters (n, n, 1, m^2 - 1), without the constant one."""
    D = dct_dictionary(n, m)
    return array_namespace(D).reshape(D[:, 1:], (n, n, 1, -1))


def denoise_csc(y, sigma, D=None, lam=None, stride=1, shifts=None, split=None, pursuit=None, weight=0.0):
    """Convolutional denoising: keep the smooth part, code the rest over all image at once, averaged over
    shifts.

    For each shift ``s`` of the grid on which atoms stand, ``(low, high) = split(y)`` and ``x_s = low + D
    g`` with ``g = argmin ||high - D g||^2 / 2 + lam ||g||_1``; then ``x = (weight y + sum_s x_s) / (weight
    + number of s)``, counting at each pixel the shifts that reach it. With stride 1 there is one shift, and
    this is plain convolutional sparse coding. With larger strides it is the estimate of CSCNet [Simon &
    Elad, 2019], before any training. With the stride of an atom's size, :func:`block_means` and
    :func:`block_omp`, it is :func:`denoise_omp`.

    Parameters
    ----------
    y : array (H, W, c)
        In 0..255; channels are treated one by one.
    sigma : float
    D : array (n, n, 1, m), optional
        Unit filters. Default: :func:`dct_filters`.
    lam : float, optional
        Default: ``2.7 sigma``.
    stride : int
        At most n.
    shifts : list of (int, int), optional
        Default: all ``stride^2``. Pixels that no shift reaches keep their noise. At least one, none negative.
    split : function, optional
        ``split(y)`` returns ``(low, high)`` with ``low + high = y``. Default:
        :func:`~cscbook.datasets.files.split_frequencies` with weight 3.
    pursuit : function, optional
        ``pursuit(D, high)`` returns a Pursuit, and takes the place of basis pursuit with ``lam``.
    weight : float
        Of the noisy image in the average.

    Returns
    -------
    Denoised
        ``atoms_per_patch`` counts the non-zeros of a needle.
    """
    D = asarray(dct_filters() if D is None else check("D", D, ndim=4), like=y)
    sigma = check_image(y, sigma, max(D.shape[:2]))
    stride = check_stride(stride, min(D.shape[:2]))
    lam, weight = 2.7 * sigma if lam is None else lam, check_level("weight", weight)
    shifts = list(itertools.product(range(stride), repeat=2)) if shifts is None else shifts
    shifts = _check_shifts(shifts, [N - n for N, n in zip(y.shape[:2], D.shape[:2], strict=True)])
    split = split or (lambda y: split_frequencies(y, 3.0))
    pursuit, used = pursuit or (lambda D, y: basis_pursuit(D, y, lam, tol=1e-4)), []

    def one(channel):
        parts = [(s, _one_shift(channel, D, stride, s, split, pursuit, used)) for s in shifts]
        return _average_shifts(channel, parts, weight)

    return Denoised(by_channel(one, y), D, sum(used) / len(used))


def check_stride(stride, size):
    """``stride`` as an integer; raise unless atoms of this size, so far apart, leave no gaps."""
    stride = check_whole("stride", stride)
    if stride > size:
        raise ValueError(f"stride = {stride}: expected 1 <= stride <= {size}, the size of an atom")
    return stride


def _check_shifts(shifts, most):
    """Pairs of integers, each at most the last place of an atom along its axis."""
    found = [tuple(check_whole("shifts", i, 0) for i in shift) for shift in shifts]
    if not found:
        raise ValueError("shifts is empty: expected at least one pair of integers")
    for shift in found:
        if len(shift) != 2 or any(i > top for i, top in zip(shift, most, strict=True)):
            raise ValueError(f"shifts holds {shift}: expected pairs of integers, at most {tuple(most)}")
    return found


def _one_shift(y, filters, stride, shift, split, pursuit, used):
    """The estimate on the rectangle that atoms reach, when the first stands at ``shift``."""
    part = y[shift[0] :, shift[1] :, :]
    low, high = split(part)
    D = ConvDictionary(filters, tuple(part.shape[:2]), stride, circular=False)
    gamma = check_type("what pursuit returns", pursuit(D, high), Pursuit).gamma
    used.append(l0(gamma) / math.prod(D.positions))
    reach = tuple(slice(0, stride * (P - 1) + n) for P, n in zip(D.positions, D.size, strict=True))
    return (low + D @ gamma)[(*reach, slice(None))]


def _average_shifts(y, parts, weight):
    """``(weight y + sum_s x_s) / (weight + count)`` at each pixel; ``y`` where nothing is known."""
    xp = array_namespace(y)
    total, count = weight * y, weight + xp.zeros_like(y)
    for (i, j), x in parts:
        at = (slice(i, i + x.shape[0]), slice(j, j + x.shape[1]), slice(None))
        total, count = added(total, at, x), added(count, at, 1)
    return xp.where(count > 0, total / xp.where(count > 0, count, xp.ones_like(count)), y)


def block_means(size):
    """A ``split`` for strided codes: ``low`` holds the mean of each ``size x size`` block of the image."""
    size = check_whole("size", size)

    def split(y):
        P = patches(y, (size, size), size, circular=False)
        means = array_namespace(P).mean(P, axis=-1, keepdims=True) + 0 * P
        low = aggregate(means, (size, size), tuple(y.shape[:2]), size, circular=False)
        return low, y - low

    return split


def block_omp(sigma, gain=GAIN):
    """A ``pursuit`` for codes whose atoms do not overlap: OMP in each block of n pixels, up to an error of
    ``gain sigma sqrt(n)``.

    The global problem falls apart into blocks, and each has its own error bound.
    """
    bound = check_level("gain", gain) * check_level("sigma", sigma)

    def pursuit(D, y):
        if any(n != D.stride for n in D.size) or D.circular:
            raise ValueError(f"atoms of size {D.size} at stride {D.stride} overlap: expected separate blocks")
        xp, P = array_namespace(y), patches(single(y), D.size, D.stride, circular=False)
        found = omp(single(D.local), xp.reshape(P, (-1, P.shape[-1])).T, tol=bound * P.shape[-1] ** 0.5)
        gamma = found.gamma.toarray() if hasattr(found.gamma, "toarray") else found.gamma
        gamma = xp.reshape(xp.asarray(gamma).T, (*D.positions, D.local.shape[1]))
        return Pursuit(xp.astype(gamma, y.dtype), (), found.converged)

    return pursuit
