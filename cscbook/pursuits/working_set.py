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
    problem = _Problem(D, y, lam, mask, nonnegative)
    z = np.zeros(math.prod(D.positions) * problem.m, y.dtype)
    z = z if start is None else start.astype(y.dtype).ravel()
    while True:
        r = problem.residual(z)
        worst, top = problem.violations(r, z)
        rr, ry = (float(np.sum(r * b, dtype=np.float64)) for b in (r, problem.signal))
        primal, scale = rr / 2 + problem.penalty(z), 1 / max(1.0, top)
        yield (
            z.reshape(*D.positions, problem.m).copy(),
            primal,
            (primal - scale * ry + scale**2 * rr / 2) / (primal or 1.0),
        )
        problem.descend(r, z, worst)


def refine(D, y, lam, start, mask=None, nonnegative=False, passes=1):
    """A code no worse than ``start``, and its residual: ``passes`` steps of :func:`working_set` without
    the certificate.

    Returns ``(gamma, r)`` with ``r = M (y - D gamma)``, and costs one full correlation a pass.
    """
    problem = _Problem(D, y, lam, mask, nonnegative)
    z = start.astype(y.dtype).ravel()
    r = problem.residual(z)
    for _ in range(passes):
        problem.descend(r, z, problem.violations(r, z)[0])
    return z.reshape(start.shape), r


class _Problem:
    """``||M (y - D g)||^2 / 2 + sum lam |g|`` on flattened codes ``z``, for the kernels."""

    def __init__(self, D, y, lam, mask, nonnegative):
        self.D, self.m, self.nonnegative = D, D.filters.shape[-1], nonnegative
        self.place, dtype = Places(D, y.dtype), y.dtype
        self.signal = y if mask is None else y * mask
        self.lam = np.ascontiguousarray(np.broadcast_to(np.asarray(lam, dtype), (self.m,)))
        self.mask = self.place.mask_rows(mask)
        self.curvature = _curvature(D, mask, dtype)
        self.moves = np.empty(math.prod(D.positions) * self.m, dtype)
        self.first = max(500, math.prod(D.positions) // 50)

    def residual(self, z):
        on, r = np.flatnonzero(z != 0), self.signal.copy()
        rows = self.place.as_rows(r)
        kernels.subtract_all(rows, self.place.atoms, self.mask, *self.place(on), z[on])
        return r

    def penalty(self, z):
        on = np.flatnonzero(z != 0)
        return float(np.sum(self.lam[on % self.m] * np.abs(z[on]), dtype=np.float64))

    def violations(self, r, z):
        return kernels.violations((self.D.T @ r).ravel(), z, self.lam, self.nonnegative, self.moves)

    def descend(self, r, z, worst):
        """Coordinate descent on the working set; ``r`` and ``z`` change in place."""
        chosen = _choose(self.moves, np.flatnonzero(z != 0), worst, self.first)
        sites, value = self.place(chosen), z[chosen]
        each = chosen if self.mask.size else chosen % self.m
        curve, weight = self.curvature[each], self.lam[chosen % self.m]
        rows = self.place.as_rows(r)
        for _ in range(60):
            step = kernels.sweep(
                rows, self.place.atoms, self.mask, *sites, value, curve, weight, self.nonnegative
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


def atom_rows(filters, dtype):
    """Filters (*size, c, m) as the atoms (m, h, w c) that the kernels expect; a copy."""
    *size, c, m = filters.shape
    size = (1, *size) if len(size) == 1 else size
    atoms = np.moveaxis(filters, -1, 0).reshape(m, size[0], size[1] * c)
    return np.array(atoms, dtype, order="C")


class Places:
    """Where the entries of a flattened code stand in the signal, for the kernels."""

    def __init__(self, D, dtype):
        c, m = D.filters.shape[-2:]
        self.D, self.c, self.m = D, c, m
        self.atoms = atom_rows(D.filters, dtype)
        self.width, self.dtype = D.space[-1] * c, dtype

    def as_rows(self, x):
        return x.reshape(-1, self.width)

    def mask_rows(self, mask):
        """A mask that broadcasts against the signal as the rows that the kernels expect; none is empty."""
        if mask is None:
            return np.zeros((0, 0), self.dtype)
        full = np.broadcast_to(mask, (*self.D.space, self.c)).astype(self.dtype)
        return self.as_rows(np.ascontiguousarray(full))

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
