"""What all convolutional learners share: their signals, their result, and steps on the filters."""

import math
from dataclasses import dataclass

import numpy as np

from .. import convolutional_kernels as kernels
from ..arrays import array_namespace, asarray, check, is_numpy, to_numpy
from ..convolution import ConvDictionary
from ..local import patches
from ..pursuits.relaxation import Masked
from ..pursuits.working_set import Places, atom_rows


@dataclass(frozen=True)
class LearnedFilters:
    """Filters learned from signals.

    Attributes
    ----------
    D : array, shape (*size, c, m)
        Unit filters, for a :class:`~cscbook.ConvDictionary`.
    gamma : tuple of arrays, shape (*positions, m)
        The code of each signal; empty where the signals were not kept.
    trace : tuple of dict
        One entry a round: ``objective``, ``nonzeros`` (of all codes) and ``used`` (filters).
    """

    D: object
    gamma: tuple = ()
    trace: tuple = ()


def as_signals(ys, size, name="ys"):
    """A tuple of arrays (*space, c), from a list of them, one of them, or a batch."""
    d = len(size)
    if not isinstance(ys, list | tuple):
        xp = array_namespace(ys)
        if ys.ndim <= d:
            raise ValueError(f"{name} has shape {tuple(ys.shape)}: expected (*space, c), {d + 1} axes")
        flat = xp.reshape(ys, (-1, *ys.shape[ys.ndim - d - 1 :]))
        ys = [flat[b, ...] for b in range(flat.shape[0])]
    if not len(ys):
        raise ValueError(f"{name} is empty: expected at least one signal")
    array_namespace(*ys)
    for b, y in enumerate(ys):
        check(f"{name}[{b}]", y, ndim=d + 1)
        if y.shape[-1] != ys[0].shape[-1] or y.dtype != ys[0].dtype:
            raise ValueError(
                f"{name}[{b}] has shape {tuple(y.shape)} of {y.dtype}, {name}[0] {tuple(ys[0].shape)} of "
                f"{ys[0].dtype}: expected equal channels and precision"
            )
    return tuple(ys)


def as_masks(masks, ys, size):
    """One mask a signal that broadcasts against it, or None."""
    if masks is None:
        return (None,) * len(ys)
    masks = as_signals(masks, size, "masks")
    if len(masks) == 1:
        masks = masks * len(ys)
    xp = array_namespace(*ys, *masks)
    if len(masks) != len(ys):
        raise ValueError(f"{len(masks)} masks for {len(ys)} signals")
    return tuple(xp.astype(xp.broadcast_to(M, y.shape), y.dtype) for M, y in zip(masks, ys, strict=True))


def unit(filters, zero_mean=False):
    """Filters of norm one, without their mean over space if asked; a zero filter is an error."""
    xp, space = array_namespace(filters), tuple(range(filters.ndim - 2))
    if zero_mean:
        filters = filters - xp.mean(filters, axis=space, keepdims=True)
    norms = xp.sqrt(xp.sum(filters * filters, axis=(*space, filters.ndim - 2)))
    if bool(xp.any(norms == 0)):
        raise ValueError("a filter is zero: it has no direction")
    return filters / norms


def first_filters(ys, size, m, D0, zero_mean, rng):
    """The filters to start from: ``D0`` with unit norms, or ``m`` random patches of the signals."""
    c = ys[0].shape[-1]
    if D0 is not None:
        array_namespace(check("D0", D0), ys[0])
        if tuple(D0.shape) != (*size, c, m):
            raise ValueError(f"D0 has shape {tuple(D0.shape)}: expected {(*size, c, m)}")
        return unit(array_namespace(D0).astype(D0, ys[0].dtype), zero_mean)
    if m < 1:
        raise ValueError(f"m = {m}: expected at least one filter")
    found = []
    for b in rng.integers(len(ys), size=m):
        space = ys[b].shape[:-1]
        at = [int(rng.integers(max(N - n, 0) + 1)) for n, N in zip(size, space, strict=True)]
        patch = to_numpy(ys[b])[tuple(slice(i, i + n) for i, n in zip(at, size, strict=True))]
        noise = rng.standard_normal((*size, c))
        patch = patch - patch.mean()
        norm = np.linalg.norm(patch)
        found.append((patch / norm if norm > 0 else 0) + 0.1 * noise / np.linalg.norm(noise))
    return unit(asarray(np.stack(found, axis=-1), like=ys[0]), zero_mean)


# --- the fit as a function of the filters: gamma is fixed, and D gamma is linear in D ---------------


def filter_maps(gamma, mask, shape, size, circular):
    """Two functions: filters to their signal ``M D gamma``, and its adjoint, ``r -> sum_i R_i M r
    alpha_i^T``.

    ``shape`` is that of the signal, (*space, c). NumPy goes through the non-zeros alone.
    """
    if is_numpy(gamma):
        return _sparse_maps(gamma, mask, shape, size, circular)
    xp, m, space = array_namespace(gamma), gamma.shape[-1], tuple(shape[:-1])

    def synthesize(filters):
        D = ConvDictionary(filters, space, circular=circular)
        return (D if mask is None else Masked(D, mask)) @ gamma

    def correlate(r):
        seen = patches(r if mask is None else mask * r, size, circular=circular)
        local = xp.reshape(seen, (-1, seen.shape[-1])).T @ xp.reshape(gamma, (-1, m))
        return xp.reshape(local, (*size, -1, m))

    return synthesize, correlate


def _sparse_maps(gamma, mask, shape, size, circular):
    on, m, (*space, c) = np.flatnonzero(gamma), gamma.shape[-1], shape
    blank = np.zeros((*size, c, m), gamma.dtype)
    places = Places(ConvDictionary(blank, tuple(space), circular=circular), gamma.dtype)
    z, sites, rows = gamma.reshape(-1)[on], places(on), places.mask_rows(mask)

    def synthesize(filters):
        x = np.zeros(shape, gamma.dtype)
        kernels.subtract_all(places.as_rows(x), atom_rows(filters, gamma.dtype), rows, *sites, -z)
        return x

    def correlate(r):
        seen = np.zeros_like(places.atoms)
        kernels.correlate_all(places.as_rows(r if mask is None else mask * r), seen, *sites, z)
        return np.moveaxis(seen.reshape(m, *size, c), 0, -1)

    return synthesize, correlate


def descend(filters, ys, maps, weight, *, steps, scale=1.0, ridge=0.0, anchor=None, zero_mean=False):
    """Accelerated projected gradient on unit filters for ``sum ||y - S(d)||^2 / 2 + ridge / 2 ||d -
    d_0||^2``.

    The step of a filter is ``1 / (scale weight)``; ``scale`` grows until the step is safe, and a step
    that would increase the objective is taken again without momentum [Beck & Teboulle, 2009]. So the
    objective never increases.

    Parameters
    ----------
    filters : array (*size, c, m)
    ys : tuple of arrays
        (Masked) signals.
    maps : tuple
        One pair of :func:`filter_maps` a signal.
    weight : array (m,)
        Squared norm of the code of each filter.

    Returns
    -------
    ``(filters, residuals, scale)``
    """
    xp = array_namespace(filters)
    weight = xp.where(weight > 0, weight, xp.ones_like(weight))
    anchor = filters if anchor is None else anchor

    def fit(d):
        return tuple(y - synthesize(d) for y, (synthesize, _) in zip(ys, maps, strict=True))

    def value(d, r):
        return sum(map(energy, r)) / 2 + ridge / 2 * energy(d - anchor)

    at, r_at, t = filters, fit(filters), 1.0
    ahead, r_ahead, value_at = at, r_at, value(at, r_at)
    for _ in range(steps):
        gradient = ridge * (ahead - anchor)
        for r, (_, correlate) in zip(r_ahead, maps, strict=True):
            gradient = gradient - correlate(r)
        new, r_new, scale = _safe_step(ahead, r_ahead, gradient, fit, weight, scale, ridge, zero_mean)
        value_new = value(new, r_new)
        if value_new > value_at and t > 1:
            ahead, r_ahead, t = at, r_at, 1.0
            continue
        if value_new >= value_at:
            break
        before, t = t, (1 + math.sqrt(1 + 4 * t * t)) / 2
        push = (before - 1) / t
        ahead = new + push * (new - at)
        r_ahead = tuple(a + push * (a - b) for a, b in zip(r_new, r_at, strict=True))
        at, r_at, value_at = new, r_new, value_new
    return at, r_at, scale


def _safe_step(d, r, gradient, fit, weight, scale, ridge, zero_mean):
    """A projected step for which the quadratic with curvature ``scale weight`` lies above the fit."""
    while True:
        new = unit(d - gradient / (scale * weight + ridge), zero_mean)
        r_new = fit(new)
        bend = sum(energy(a - b) for a, b in zip(r_new, r, strict=True))
        move = energy((new - d) * weight**0.5)
        if bend <= 1.001 * scale * move + 1e-12 * sum(map(energy, r)):
            return new, r_new, scale
        scale = max(1.2 * scale, 1.05 * bend / move)


def energy(x):
    """``||x||_2^2``, summed in double precision."""
    xp = array_namespace(x)
    return float(xp.sum(x * x, dtype=xp.float64))


def renew(filters, used, residuals, size, zero_mean):
    """Filters that no code uses become the patches that are represented worst, one apart from the
    other."""
    idle = np.flatnonzero(~np.asarray(used))
    if not len(idle):
        return filters
    found = []
    for r in map(to_numpy, residuals):
        power = patches((r * r).astype(np.float64), size, circular=False).sum(axis=-1)
        found.append((r, power))
    fresh = np.array(to_numpy(filters))
    for k in idle:
        r, power = max(found, key=lambda one: one[1].max())
        at = np.unravel_index(np.argmax(power), power.shape)
        if power[at] <= 0:
            break
        fresh[..., k] = r[tuple(slice(i, i + n) for i, n in zip(at, size, strict=True))]
        power[tuple(slice(max(i - n + 1, 0), i + n) for i, n in zip(at, size, strict=True))] = 0
    return unit(asarray(fresh, like=filters), zero_mean)
