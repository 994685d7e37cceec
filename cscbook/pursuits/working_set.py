"""Basis pursuit on a convolutional dictionary by a working set: most of the code is zero, so solve for
the rest.

One pass computes all correlations ``D^T r``. The entries that violate optimality most join the working
set; coordinate descent solves for these alone, touching nothing but the patch under each atom; then the
next pass checks all entries. The pass is also the certificate: it is the full ``D^T r`` of the duality
gap.
"""

import math
from itertools import product

import numpy as np
import scipy

from .. import kernels
from ..dictionaries.convolution import ConvDictionary
from .iterative import check_planar

TILE = 256  # positions along one side of a tile


def working_set(D, y, lam, mask=None, nonnegative=False, start=None):
    """Yield ``(gamma, objective, relative duality gap)`` after every full correlation, from ``start``
    (or zero) on.

    ``lam`` has one entry an atom. One signal ``y`` ``(*space, c)`` in NumPy. ``gamma`` is the array that
    the next step changes: nothing else has the size of the code.
    """
    problem = _Problem(D, y, lam, mask, nonnegative, start)
    while True:
        r, rr, l1 = problem.residual()
        worst, top, candidates = problem.violations(r)
        ry = float(np.sum(r * y, dtype=np.float64))
        primal, scale = rr / 2 + l1, 1 / max(1.0, top)
        yield problem.gamma, primal, (primal - scale * ry + scale**2 * rr / 2) / (primal or 1.0)
        problem.descend(r, worst, candidates)


def refine(D, y, lam, start, mask=None, nonnegative=False, passes=1):
    """A code no worse than ``start``, and its residual: ``passes`` steps of :func:`working_set` without
    the certificate.

    Returns ``(gamma, r)`` with ``r = M^2 (y - D gamma)``, and costs one full correlation a pass.
    """
    problem = _Problem(D, y, lam, mask, nonnegative, start)
    r, _, _ = problem.residual()
    for _ in range(passes):
        worst, _, candidates = problem.violations(r)
        problem.descend(r, worst, candidates)
    return problem.gamma, r


class _Problem:
    """``||M (y - D g)||^2 / 2 + sum lam |g|``, its code, and where that is not zero, for the kernels."""

    def __init__(self, D, y, lam, mask, nonnegative, start):
        self.m, self.nonnegative = D.filters.shape[-1], nonnegative
        self.place, dtype = Places(D, y.dtype), y.dtype
        self.signal, self.weight = y, None if mask is None else np.asarray(mask, dtype) ** 2
        self.lam = np.ascontiguousarray(np.broadcast_to(np.asarray(lam, dtype), (self.m,)))
        self.mask = self.place.mask_rows(self.weight)
        self.curvature = _curvature(D, mask, dtype)
        self.gamma = np.zeros((*D.positions, self.m), dtype)
        if start is not None:
            self.gamma += start
        self.on = np.flatnonzero(self.gamma != 0) if start is not None else np.zeros(0, np.int64)
        self.correlations = Correlations(D)
        self.first = max(500, math.prod(D.positions) // 50)

    def residual(self):
        """``r = M^2 (y - D g)`` afresh, ``||M (y - D g)||^2`` and ``sum lam |g|``.

        The steps keep r, because ``D^T r`` is what the entries correlate with.
        """
        plain, value = self.signal.copy(), self.gamma.ravel()[self.on]
        sites, everywhere = self.place(self.on), self.mask[:0, :0]
        rows, atoms = self.place.as_rows(plain), self.place.atoms
        kernels.convolution.subtract_all(rows, atoms, everywhere, *sites, value)
        r = plain if self.weight is None else plain * self.weight
        l1 = float(np.sum(self.lam[sites[-1]] * np.abs(value), dtype=np.float64))
        return r, float(np.sum(r * plain, dtype=np.float64)), l1

    def violations(self, r):
        """The largest move of an entry, the largest ``|D^T r| / lam``, and the entries that would move
        most.

        There are as many of these as non-zero entries, but at least ``first``.
        """
        room, found = max(self.first, len(self.on)), []
        for where, corr in self.correlations(r):
            z = self.gamma[where].reshape(corr.shape)
            moves = np.empty(corr.shape, corr.dtype)
            worst, top = kernels.convolution.violations(corr, z, self.lam, self.nonnegative, moves)
            at, move = _largest(np.flatnonzero(moves > 0.02 * worst), moves.ravel(), room)
            found.append((worst, top, self._flat(at, where, corr.shape), move))
        worst, top = (max(one[i] for one in found) for i in (0, 1))
        at, move = (np.concatenate([one[i] for one in found]) for i in (2, 3))
        inside = np.flatnonzero(move > 0.02 * worst)
        return worst, top, at[_largest(inside, move, room)[0]]

    def _flat(self, at, where, shape):
        """Entries of a part of the code as entries of the whole code."""
        if len(where) == 1:
            return at + where[0].start * self.m
        row, rest = np.divmod(at, shape[1])
        return ((row + where[0].start) * self.gamma.shape[1] + where[1].start) * self.m + rest

    def descend(self, r, worst, candidates):
        """Coordinate descent on the working set; ``r`` and the code change in place."""
        chosen = np.union1d(self.on, candidates)
        sites, z = self.place(chosen), self.gamma.reshape(-1)
        value, which = z[chosen], sites[-1]
        curve, weight = self.curvature[chosen if self.mask.size else which], self.lam[which]
        rows = self.place.as_rows(r)
        for _ in range(60):
            step = kernels.convolution.sweep(
                rows, self.place.atoms, self.mask, *sites, value, curve, weight, self.nonnegative
            )
            if step < 0.2 * worst:
                break
        z[chosen], self.on = value, chosen[value != 0]


def _largest(at, values, count):
    """Those ``count`` of the places ``at`` that have the largest values, with their values."""
    found = values[at]
    if len(at) > count:
        best = np.argpartition(-found, count)[:count]
        return at[best], found[best]
    return at, found


class Correlations:
    """``D^T r`` part by part: large codes in tiles whose transforms stay in the cache, and in memory.

    Calling it yields ``(slices of the code, correlations (rows, columns m))``.
    """

    def __init__(self, D):
        m, self.D, self.stride = D.filters.shape[-1], D, D.stride
        most = TILE if len(D.space) == 2 else TILE**2
        counts = [-(-P // most) for P in D.positions]
        if math.prod(counts) * m == m:
            self.tile, self.parts = None, [tuple(slice(0, P) for P in D.positions)]
            return
        size = [-(-P // k) for P, k in zip(D.positions, counts, strict=True)]
        spans = [(P - 1) * D.stride + n for P, n in zip(size, D.size, strict=True)]
        self.span = tuple(map(scipy.fft.next_fast_len, spans))
        self.tile = ConvDictionary(D.filters, self.span, D.stride, circular=False)
        starts = [range(0, P, k) for P, k in zip(D.positions, size, strict=True)]
        self.parts = [
            tuple(slice(i, min(i + k, P)) for i, k, P in zip(at, size, D.positions, strict=True))
            for at in product(*starts)
        ]

    def __call__(self, r):
        rows = (1, -1) if len(self.D.space) == 1 else (self.D.positions[0], -1)
        if self.tile is None:
            yield self.parts[0], (self.D.T @ r).reshape(rows)
            return
        wide = np.pad(
            r, [(0, span) for span in self.span] + [(0, 0)], "wrap" if self.D.circular else "constant"
        )
        for where in self.parts:
            seen = tuple(
                slice(w.start * self.stride, w.start * self.stride + span)
                for w, span in zip(where, self.span, strict=True)
            )
            corr = (self.tile.T @ wide[seen])[tuple(slice(0, w.stop - w.start) for w in where)]
            yield where, corr.reshape(1 if len(where) == 1 else corr.shape[0], -1)


def atom_rows(filters, dtype):
    """Filters ``(*size, c, m)`` as the atoms (m, h, w c) that the kernels expect; a copy."""
    *size, c, m = filters.shape
    size = (1, *size) if len(size) == 1 else size
    atoms = np.moveaxis(filters, -1, 0).reshape(m, size[0], size[1] * c)
    return np.array(atoms, dtype, order="C")


class Places:
    """Where the entries of a flattened code stand in the signal, for the kernels."""

    def __init__(self, D, dtype):
        c, m = check_planar(D).filters.shape[-2:]
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
