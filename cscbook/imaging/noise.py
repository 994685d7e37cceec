"""How much noise a picture holds, from the picture alone."""

import numpy as np

from ..arrays import check, to_numpy

GAUSSIAN_MEDIAN = 0.6745  # the median of |e| for e of standard deviation 1


def estimate_sigma(y):
    """The standard deviation of white noise in a picture, ``median |N y| / 0.6745``.

    ``N`` takes the second difference along the columns, of that the second difference along the rows, and a
    sixth. It has norm one, so white noise passes with its deviation; what is linear along rows or columns
    gives zero [Immerkaer, 1996]. Edges give large values at few pixels, which the median does not see
    [Donoho & Johnstone, 1994]. Places where the picture is black or white to the last value are left out,
    since noise is cut off there. Fine texture counts as noise; noise that a camera or JPEG has smoothed
    counts for less than it is.

    Parameters
    ----------
    y : array (H, W, c)
        In 0..255, at least 3 x 3 pixels.

    Returns
    -------
    float
        The root mean square of the deviations of the channels; 0 where no pixel can be used.
    """
    y = to_numpy(check("y", y, ndim=3))
    if min(y.shape[:2]) < 3:
        raise ValueError(f"y has shape {tuple(y.shape)}: expected at least 3 x 3 pixels")
    return float(np.sqrt(np.mean([_channel(y[..., i]) ** 2 for i in range(y.shape[-1])])))


def _channel(y):
    cut = (y == 0) | (y == 255)
    rows = y[2:] - 2 * y[1:-1] + y[:-2]
    details = np.abs(rows[:, 2:] - 2 * rows[:, 1:-1] + rows[:, :-2]) / 6
    rows = cut[2:] | cut[1:-1] | cut[:-2]
    details = details[~(rows[:, 2:] | rows[:, 1:-1] | rows[:, :-2])]
    return float(np.median(details)) / GAUSSIAN_MEDIAN if details.size else 0.0
