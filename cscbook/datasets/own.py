"""What a reader's own picture becomes before a chapter looks at it: a piece from its middle, or a digit."""

import numpy as np
import scipy

from ..arrays import asarray, check, to_numpy
from .files import grey

BOX = 20  # pixels: the longer side of a digit of MNIST, in a square of 28 [LeCun et al., 1998]


def middle(image, size, least=16):
    """The middle of an image (H, W, c): at most ``size`` pixels along each axis.

    Raises
    ------
    ValueError
        The image has fewer than ``least`` pixels along an axis.
    """
    H, W = check("image", image, ndim=3).shape[:2]
    if min(H, W) < least:
        raise ValueError(f"the picture has {H} x {W} pixels: expected at least {least} along each side")
    i, j = (max(0, n - size) // 2 for n in (H, W))
    return image[i : i + size, j : j + size, :]


def as_digit(image):
    """A picture of one written digit (H, W, c) in 0..255 as MNIST has its digits: (28, 28, 1) in 0..1,
    bright on dark.

    Ink is what differs from the paper, and the paper is the median of the border. What is fainter than a
    quarter of the strongest ink is paper. The digit is cut out, brought to a longer side of 20 pixels by
    averaging, and placed with its centre of mass in the middle of 28 x 28, as [LeCun et al., 1998] do.

    Raises
    ------
    ValueError
        The picture has no ink, or no digit is made from so few pixels (fewer than 5 along a side).
    """
    pixels = to_numpy(grey(check("image", image, ndim=3)))[..., 0]
    if min(pixels.shape) < 5:
        raise ValueError(f"the picture has {pixels.shape[0]} x {pixels.shape[1]} pixels: too few for a digit")
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ink = np.abs(pixels - np.median(border))
    if ink.max() < 8:
        raise ValueError("the picture has no ink: all of it is within 8 of 255 from its border's median")
    ink = np.where(ink < ink.max() / 4, 0, ink / ink.max())
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    ink = _shrunk(ink, BOX / max(ink.shape))
    centre = scipy.ndimage.center_of_mass(ink)
    at = [min(max(round(13.5 - c), 0), 28 - n) for c, n in zip(centre, ink.shape, strict=True)]
    digit = np.zeros((28, 28, 1))
    digit[at[0] : at[0] + ink.shape[0], at[1] : at[1] + ink.shape[1], 0] = ink
    return asarray(digit)


def _shrunk(ink, factor):
    """An image resized by ``factor``, each new pixel the mean of those that it covers."""
    for axis, n in enumerate(ink.shape):
        m = max(1, round(n * factor))
        edges, total = np.linspace(0, n, m + 1), np.insert(np.cumsum(ink, axis=axis), 0, 0, axis=axis)
        sums = scipy.interpolate.interp1d(np.arange(n + 1), total, axis=axis)(edges)
        ink = np.diff(sums, axis=axis) * m / n
    return ink / max(ink.max(), 1e-300)
