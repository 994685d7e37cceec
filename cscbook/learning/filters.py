"""The fit as a function of the filters: with the codes fixed, ``D gamma`` is linear in them."""

import math

import numpy as np

from .. import kernels
from ..arrays import on_host
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.places import Places, atom_rows
from ..norms import energy
from .problem import unit


def filter_maps(gamma, mask, shape, size, circular):
    """Two functions: filters to their signal ``M D gamma``, and its adjoint, ``r -> sum_i R_i M r
    alpha_i^T``.

    ``shape`` is that of the signal, ``(*space, c)``. Both go through the non-zeros alone.
    """
    on, m, (*space, c) = np.flatnonzero(gamma != 0), gamma.shape[-1], shape
    blank = np.zeros((*size, c, m), gamma.dtype)
    places = Places(ConvDictionary(blank, tuple(space), circular=circular), gamma.dtype)
    z, sites, rows = gamma.reshape(-1)[on], places(on), places.mask_rows(mask)

    def synthesize(filters):
        x = np.zeros(shape, gamma.dtype)
        kernels.convolution.subtract_all(places.as_rows(x), atom_rows(filters, gamma.dtype), rows, *sites, -z)
        return x

    def adjoint(r):
        seen = np.zeros_like(places.atoms)
        kernels.convolution.correlate_all(places.as_rows(r if mask is None else mask * r), seen, *sites, z)
        return np.moveaxis(seen.reshape(m, *size, c), 0, -1)

    return synthesize, adjoint


@on_host
def descend(problem, filters, gammas, steps, scale=1.0):
    """Accelerated projected gradient steps on unit filters, the codes fixed; the objective never
    increases.

    The step of filter k is ``1 / (scale ||gamma_k||^2)``; ``scale`` grows until the step is safe. A step
    that would increase the objective is taken again without momentum [Beck & Teboulle, 2009].

    Parameters
    ----------
    problem : Problem
    filters : array (*size, c, m)
    gammas : tuple of arrays
        One code per signal.
    steps : int
    scale : float
        Where the search for a safe step starts.

    Returns
    -------
    ``(filters, residuals, scale)``
    """
    in_threads, ys = kernels.threads.in_threads, problem.ys
    signals = range(len(ys))

    def maps_of(j):
        return filter_maps(gammas[j], problem.masks[j], ys[j].shape, problem.size, problem.circular)

    maps = in_threads(maps_of, signals)
    weight = problem.usage(gammas)
    weight = np.where(weight > 0, weight, 1.0).astype(filters.dtype)

    def fit(d):
        return tuple(in_threads(lambda j: ys[j] - maps[j][0](d), signals))

    def seen(r):
        return in_threads(lambda j: maps[j][1](r[j]), signals)

    at, r_at, t = filters, fit(filters), 1.0
    ahead, r_ahead, value_at = at, r_at, problem.fit(at, r_at)
    for _ in range(steps):
        gradient = problem.ridge * (ahead - problem.anchor)
        for one in seen(r_ahead):
            gradient = gradient - one
        new, r_new, scale = _safe_step(problem, ahead, r_ahead, gradient, fit, weight, scale)
        value = problem.fit(new, r_new)
        if value > value_at and t > 1:
            ahead, r_ahead, t = at, r_at, 1.0
            continue
        if value >= value_at:
            break
        before, t = t, (1 + math.sqrt(1 + 4 * t * t)) / 2
        push = (before - 1) / t
        ahead = new + push * (new - at)
        r_ahead = tuple(a + push * (a - b) for a, b in zip(r_new, r_at, strict=True))
        at, r_at, value_at = new, r_new, value
    return at, r_at, scale


def _safe_step(problem, d, r, gradient, fit, weight, scale):
    """A projected step for which the quadratic with curvature ``scale weight`` lies above the fit."""
    while True:
        new = unit(d - gradient / (scale * weight + problem.ridge), problem.zero_mean)
        r_new = fit(new)
        bend = sum(energy(a - b) for a, b in zip(r_new, r, strict=True))
        move = energy((new - d) * weight**0.5)
        if bend <= 1.001 * scale * move + 1e-12 * sum(map(energy, r)):
            return new, r_new, scale
        scale = max(1.2 * scale, 1.05 * bend / move)
