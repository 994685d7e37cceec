"""The pursuit by local block coordinate descent: needles whose patches do not meet move at the same time.

The learner of this name is :mod:`cscbook.learning.lobcod`.
"""

import itertools

import numpy as np

from .. import kernels
from ..arrays import array_namespace, is_numpy, zeros
from ..dictionaries.convolution import ConvDictionary
from ..pursuits.working_set import Places
from ..shrinkage import soft
from .slices import check_local

SWEEPS = 5  # of coordinate descent over the atoms of a needle, each time it is its turn


def lobcod(D, y, lam, mask=None):
    """Yield the codes of local block coordinate descent, one an epoch [Zisselman, Sulam & Elad, 2019].

    Needles whose patches do not meet form a layer. All needles of a layer move at once, each on its own
    patch, towards ``alpha_i = argmin ||R_i (y - x) + D_L alpha_i - D_L alpha||^2 / 2 + lam
    ||alpha||_1``; the image x follows, and the next layer is due. There is no parameter, and the
    objective never rises.

    Parameters
    ----------
    D : ConvDictionary
    y : array, shape (*batch, *space, c)
    lam : float
    mask : array, optional
        Broadcasts against ``y``.
    """
    every = len(list(_layers(D)))
    for t, gamma in enumerate(lobcod_layers(D, y, lam, mask), 1):
        if t % every == 0:
            yield gamma


def lobcod_layers(D, y, lam, mask=None):
    """Yield the codes of :func:`lobcod` after every single layer."""
    xp = array_namespace(check_local(D, y, lam))
    weight = xp.ones_like(y) if mask is None else mask**2 * xp.ones_like(y)
    one_signal = y.ndim == len(D.space) + 1
    steps = _compiled_layers if one_signal and is_numpy(y, D.filters) else _array_layers
    return steps(D, y, lam, weight)


def _array_layers(D, y, lam, weight):
    r, gamma = weight * y, 0 * (D.T @ y)
    while True:
        for layer in _layers(D):
            at = (..., *_where(layer), slice(None))
            r_i, w_i = _disjoint_patches(D, r, layer), _disjoint_patches(D, weight, layer)
            new = _descend(D.local, gamma[at], r_i, w_i, lam)
            slices = (new - gamma[at]) @ D.local.T
            gamma = gamma + 0  # a new array: the codes yielded before stay as they were
            gamma[at] = new
            r = r - weight * _put_back(D, slices, layer)
            yield gamma


def _compiled_layers(D, y, lam, weight):
    """The same by the compiled sweep, on one signal in NumPy."""
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


def _descend(D_L, alpha, r, weight, lam):
    """Coordinate descent on ``sum_i ||M R_i (...)||^2 / 2 + lam ||alpha_i||_1``, all needles in step.

    ``r`` (..., n c) is ``M^2`` times the residual patch, ``weight`` is ``M^2``.
    """
    xp = array_namespace(r)
    needle = [alpha[..., k] for k in range(D_L.shape[1])]
    for _ in range(SWEEPS):
        for k in range(len(needle)):
            d, before = D_L[:, k], needle[k]
            curve = xp.sum(weight * d * d, axis=-1)
            safe = xp.where(curve > 0, curve, xp.ones_like(curve))
            needle[k] = xp.where(curve > 0, soft(r @ d + curve * before, lam) / safe, before)
            r = r - weight * ((needle[k] - before)[..., None] * d)
    return xp.stack(needle, axis=-1)


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


def _disjoint_patches(D, x, layer):
    """The patches of one layer, ``(*batch, *counts, n c)``: cut the signal into blocks, keep the start of
    each."""
    xp, d = array_namespace(x), len(layer)
    batch = x.ndim - 1 - d
    for axis, (start, count, reach) in enumerate(layer):
        at, block = batch + 2 * axis, D.stride * reach
        x = xp.roll(x, -D.stride * start, axis=at)
        x = _fit(x, at, count * block)
        x = xp.reshape(x, x.shape[:at] + (count, block) + x.shape[at + 1 :])
        x = x[(slice(None),) * (at + 1) + (slice(0, D.size[axis]), ...)]
    x = xp.permute_dims(
        x, (*range(batch), *range(batch, batch + 2 * d, 2), *range(batch + 1, batch + 2 * d, 2), x.ndim - 1)
    )
    return xp.reshape(x, x.shape[: batch + d] + (-1,))


def _put_back(D, p, layer):
    """The signal with the disjoint patches of one layer in their places, and zero elsewhere."""
    xp, d = array_namespace(p), len(layer)
    batch = p.ndim - 1 - d
    p = xp.reshape(p, p.shape[:-1] + (*D.size, D.filters.shape[-2]))
    for axis, (start, count, reach) in enumerate(layer):
        at, block = batch + axis, D.stride * reach
        p = xp.moveaxis(p, batch + d, at + 1)  # this axis' patches behind its positions
        p = _fit(p, at + 1, block)
        p = xp.reshape(p, p.shape[:at] + (count * block,) + p.shape[at + 2 :])
        p = xp.roll(_fit(p, at, D.space[axis]), D.stride * start, axis=at)
    return p


def _fit(x, axis, size):
    """An axis cut, or continued by zeros, to ``size``."""
    xp, missing = array_namespace(x), size - x.shape[axis]
    if missing > 0:
        more = zeros(x.shape[:axis] + (missing,) + x.shape[axis + 1 :], like=x)
        return xp.concat([x, more], axis=axis)
    return x[(slice(None),) * axis + (slice(0, size), ...)]
