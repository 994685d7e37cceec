"""Basis pursuit on a convolutional dictionary by a working set: most of the code is zero, so solve for
the rest.

One pass computes all correlations ``D^T r``. The entries that violate optimality most join the working
set; coordinate descent solves for these alone, touching nothing but the patch under each atom; then the
next pass checks all entries. The pass is also the certificate: it is the full ``D^T r`` of the duality
gap.
"""

import math

import numpy as np

from .. import convolutional_kernels as kernels
from ..convolution import ConvDictionary


def working_set(D, y, lam, mask=None, nonnegative=False, start=None):
    """Yield ``(gamma, objective, relative duality gap)`` after every full correlation, from ``start``
    (or zero) on.

    ``lam`` has one entry an atom. One signal ``y`` (*space, c) in NumPy.
    """
    signal = y if mask is None else y * mask
    place, m, dtype = _Places(D, y.dtype), D.filters.shape[-1], y.dtype
    lam = np.ascontiguousarray(np.broadcast_to(np.asarray(lam, dtype), (m,)))
    rows = (
        np.zeros((0, 0), dtype)
        if mask is None
        else place.as_rows(np.broadcast_to(mask, y.shape).astype(dtype))
    )
    curvature = _curvature(D, mask, dtype)
    z = np.zeros(math.prod(D.positions) * m, dtype) if start is None else start.astype(dtype).ravel()
    moves, first = np.empty_like(z), max(500, math.prod(D.positions) // 50)
    while True:
        on = np.flatnonzero(z)
        r = signal.copy()
        kernels.subtract_all(place.as_rows(r), place.atoms, rows, *place(on), z[on])
        corr = (D.T @ r).ravel()
        worst, top = kernels.violations(corr, z, lam, nonnegative, moves)
        rr, ry = (float(np.sum(r * b, dtype=np.float64)) for b in (r, signal))
        l1 = float(np.sum(lam[on % m] * np.abs(z[on]), dtype=np.float64))
        primal, scale = rr / 2 + l1, 1 / max(1.0, top)
        yield (
            z.reshape(*D.positions, m).copy(),
            primal,
            (primal - scale * ry + scale**2 * rr / 2) / (primal or 1.0),
        )
        chosen = _choose(moves, on, worst, first)
        sites, value = place(chosen), z[chosen]
        curve, weight = curvature[chosen % m] if mask is None else curvature[chosen], lam[chosen % m]
        for _ in range(60):
            step = kernels.sweep(
                place.as_rows(r), place.atoms, rows, *sites, value, curve, weight, nonnegative
            )
            if step < 0.2 * worst:
                break
        z[chosen] = value


def _choose(moves, on, worst, first):
    """The non-zero entries, and as many again (at least ``first``) of those that would move most."""
    candidates = np.flatnonzero(moves > 0.02 * worst)
    room = max(first, len(on))
    if len(candidates) > room:
        candidates = candidates[np.argpartition(-moves[candidates], room)[:room]]
    return np.union1d(on, candidates)


class _Places:
    """Where the entries of a flattened code stand in the signal, for the kernels."""

    def __init__(self, D, dtype):
        c, m = D.filters.shape[-2:]
        size = (1, *D.size) if len(D.size) == 1 else D.size
        self.D, self.c, self.m = D, c, m
        self.atoms = np.ascontiguousarray(
            np.moveaxis(D.filters, -1, 0).reshape(m, size[0], size[1] * c).astype(dtype)
        )
        self.width = D.space[-1] * c

    def as_rows(self, x):
        return x.reshape(-1, self.width)

    def __call__(self, flat):
        position, which = np.divmod(flat, self.m)
        row, column = np.divmod(position, self.D.positions[-1])
        return row * self.D.stride, column * (self.D.stride * self.c), which


def _curvature(D, mask, dtype):
    """Squared norms: one an atom, or one a placed atom under a mask, ``sum mask^2 d^2``."""
    if mask is None:
        return np.sum(D.local**2, axis=0).astype(dtype)
    weight = np.broadcast_to(mask, (*D.space, D.filters.shape[-2])).astype(dtype)
    squares = ConvDictionary(D.filters**2, D.space, D.stride, D.circular)
    return np.ascontiguousarray((squares.T @ (weight * weight)).ravel().astype(dtype))
