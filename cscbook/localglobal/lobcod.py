"""The pursuit by local block coordinate descent: needles whose patches do not meet move at the same time.

The learner of this name is :mod:`cscbook.learning.lobcod`.
"""

import itertools

import numpy as np

from .. import kernels
from ..arrays import as_mask, check_type, on_host
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.places import Places
from .slices import check_local

SWEEPS = 5  # of coordinate descent over the atoms of a needle, each time it is its turn


def lobcod(D, y, lam, mask=None):
    """Yield the codes of local block coordinate descent, one per epoch [Zisselman, Sulam & Elad, 2019].

    Needles whose patches do not meet form a layer. All needles of a layer move at once, each on its own
    patch, towards ``alpha_i = argmin ||R_i (y - x) + D_L alpha_i - D_L alpha||^2 / 2 + lam
    ||alpha||_1``; the image x follows, and the next layer is due. There is no parameter, and the
    objective never rises. The layers run on the host; a code that is yielded is copied to the device of
    ``y``.

    Parameters
    ----------
    D : ConvDictionary
    y : array, shape (*batch, *space, c)
    lam : float
    mask : array, optional
        Broadcasts against ``y``.
    """
    every = len(list(_layers(check_type("D", D, ConvDictionary))))
    for t, gamma in enumerate(lobcod_layers(D, y, lam, mask), 1):
        if t % every == 0:
            yield gamma


@on_host
def lobcod_layers(D, y, lam, mask=None):
    """Yield the codes of :func:`lobcod` after every single layer."""
    check_local(D, y, lam)
    signals = y.reshape(-1, *D.space, y.shape[-1])
    squares = np.ones_like(y) if mask is None else as_mask("mask", mask, y) ** 2
    weights = np.broadcast_to(squares, y.shape).reshape(signals.shape)
    each = [_layers_of_one(D, one, lam, weight) for one, weight in zip(signals, weights, strict=True)]
    batch = y.shape[: -1 - len(D.space)]
    while True:
        codes = [next(steps) for steps in each]
        yield np.stack(codes).reshape(*batch, *codes[0].shape) if batch else codes[0]


def _layers_of_one(D, y, lam, weight):
    """The layers of one signal, by the compiled sweep; ``weight`` is the square of the mask."""
    place, gamma = Places(D, y.dtype), 0 * (D.T @ y)
    r, rows = place.as_rows(weight * y), place.mask_rows(weight)
    squares = ConvDictionary(D.filters**2, D.space, D.stride, D.circular)
    curvature, number = (squares.T @ weight).ravel(), np.arange(gamma.size).reshape(gamma.shape)
    layers = [number[_where(layer)].ravel() for layer in _layers(D)]
    while True:
        for flat in layers:
            gamma = gamma.copy()
            value, sites = gamma.ravel()[flat], place(flat)
            curve, beta = curvature[flat], np.full(len(flat), lam, y.dtype)
            for _ in range(SWEEPS):
                kernels.convolution.sweep(r, place.atoms, rows, *sites, value, curve, beta, False)
            gamma.ravel()[flat] = value
            yield gamma


def _layers(D):
    """The layers of needles whose patches do not meet; together they hold every position once.

    A layer is ``(start, count, reach)`` for each space axis: ``count`` positions, ``reach`` apart. What
    does not fill the last round of the circle stands alone.
    """
    axes = []
    for n, P in zip(D.size, D.positions, strict=True):
        reach = -(-n // D.stride)
        rest = P % reach if D.circular else 0
        rounds = [(a, len(range(a, P - rest, reach)), reach) for a in range(min(reach, P - rest))]
        axes.append(rounds + [(P - 1 - a, 1, reach) for a in range(rest)])
    return itertools.product(*axes)


def _where(layer):
    """The slices that pick the needles of a layer from a code."""
    return tuple(slice(a, a + reach * (k - 1) + 1, reach) for a, k, reach in layer)
