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
from ..dictionaries.places import SparseCode, sparse_code
from .tiles import Tiles

TILE = 128  # positions along one side of a part of the correlations
HOPE = 25  # by so much a projection may sharpen the gap, as long as none was tried
ROUNDS = 3  # full correlations of a projection


def working_set(D, y, lam, mask=None, nonnegative=False, start=None, goal=0.0):
    """Yield ``(gamma, objective, relative duality gap)`` after every full correlation, from ``start``
    (an array, a :class:`SparseCode`, or zero) on.

    ``lam`` has one entry per atom. One signal ``y`` ``(*space, c)`` in NumPy. A gap near ``goal`` is computed
    more sharply, at the price of a few more correlations: see :func:`projection`.
    """
    for code, objective, gap in sparse_steps(D, y, lam, mask, nonnegative, start, goal):
        yield code().dense(), objective, gap


def sparse_steps(D, y, lam, mask=None, nonnegative=False, start=None, goal=0.0):
    """:func:`working_set` with a function that gives the present :class:`SparseCode`: nothing has the size of
    the code."""
    problem, share = _Problem(D, y, lam, mask, nonnegative, start), 1 / HOPE
    while True:
        r, rr, l1 = problem.residual()
        worst, top, candidates = problem.violations(r)
        primal = rr / 2 + l1
        gap = _relative_gap(primal, r, problem.plain, y, top)
        if goal < gap and share * gap <= goal:
            v, plain, top = projection(D, problem.plain, lam, mask, nonnegative)
            sharper = _relative_gap(primal, v, plain, y, top)
            share, gap = min(sharper / gap, 0.5), min(sharper, gap)
        yield problem.code, primal, gap
        problem.descend(r, worst, candidates)


def _relative_gap(primal, v, plain, y, top):
    """``(P - dual) / P`` at the dual point ``v``, scaled until ``|D^T v| <= lam``; sums in float64."""
    scale = 1 / max(1.0, top)
    vy, vv = (float(np.sum(v * other, dtype=np.float64)) for other in (y, plain))
    return (primal - scale * vy + scale**2 * vv / 2) / (primal or 1.0)


def projection(D, plain, lam, mask=None, nonnegative=False):
    """A dual point near the residual that hardly violates ``|D^T v| <= lam``.

    The nearest v that does not is what a pursuit of the residual leaves: ``v = r - D d``, where d minimises
    ``||r - D d||^2 / 2 + lam ||d||_1``. Few atoms violate and by little, so that a few rounds on these bring
    d as near as it is needed; what is still too large is left to a scaling.

    Returns v, and that without the weight ``M^2`` of a mask, for ``plain = y - D g``; and the largest
    ``|D^T v| / lam``.
    """
    problem = _Problem(D, plain, lam, mask, nonnegative, None)
    problem.first = max(500, math.prod(D.positions) // 5)
    for _ in range(ROUNDS):
        r, _, _ = problem.residual()
        worst, top, candidates = problem.violations(r)
        if top <= 1:
            return r, problem.plain, top
        problem.descend(r, worst, candidates)
    r, _, _ = problem.residual()
    return r, problem.plain, problem.top(r)


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
    return problem.code().dense(), r


class _Problem:
    """``||M (y - D g)||^2 / 2 + sum lam |g|``, and its code: the entries of the working set, their values."""

    def __init__(self, D, y, lam, mask, nonnegative, start):
        self.m, self.nonnegative, self.positions = D.filters.shape[-1], nonnegative, D.positions
        self.tiles, dtype = Tiles(D, y.dtype), y.dtype
        self.signal, self.weight = y, None if mask is None else np.asarray(mask, dtype) ** 2
        self.lam = np.ascontiguousarray(np.broadcast_to(np.asarray(lam, dtype), (self.m,)))
        self.heavy = np.zeros((0, 0), dtype)
        if mask is not None:
            self.heavy = self.tiles.rows(np.ascontiguousarray(np.broadcast_to(self.weight, y.shape)))
        self.energy = np.sum(D.local**2, axis=0).astype(dtype)
        on, values = _entries(start, dtype)
        self.set = self.tiles.arrange(on)
        self.value = _values_at(self.set.flat, on, values)
        self.correlations = Correlations(D)
        self.first = max(500, math.prod(D.positions) // 50)

    def code(self):
        """The present code."""
        on = self.value != 0
        order = np.argsort(self.set.flat[on])
        return SparseCode(self.set.flat[on][order], self.value[on][order], (*self.positions, self.m))

    def residual(self):
        """``r = M^2 (y - D g)`` afresh, ``||M (y - D g)||^2`` and ``sum lam |g|``.

        The steps keep r, because ``D^T r`` is what the entries correlate with.
        """
        self.plain = self.signal.copy()
        self.set.subtract(self.tiles.rows(self.plain), self.value)
        r = self.plain.copy() if self.weight is None else self.plain * self.weight
        l1 = float(np.sum(self.lam[self.set.which] * np.abs(self.value), dtype=np.float64))
        return r, float(np.sum(r * self.plain, dtype=np.float64)), l1

    def top(self, v):
        """The largest ``|D^T v| / lam``."""

        def highest(part):
            corr = part()[1].reshape(-1, self.m)
            most = np.max(corr, axis=0)
            return np.max((most if self.nonnegative else np.maximum(most, -np.min(corr, axis=0))) / self.lam)

        return float(max(kernels.threads.in_threads(highest, self.correlations.parts_of(v))))

    def violations(self, r):
        """The largest move of an entry, the largest ``|D^T r| / lam``, and the entries that would move most.

        There are as many of these as non-zero entries, but at least ``first``; no part of the signal gives
        more than four times its share.
        """
        room = max(self.first, np.count_nonzero(self.value))
        share = -(-4 * room // len(self.correlations.parts))

        def look(part):
            where, corr = part()
            z = self.set.inside(where, corr.shape, self.value)
            moves = np.empty_like(corr)
            worst, top = kernels.convolution.violations(corr, z, self.lam, self.nonnegative, moves)
            at, move = _largest(np.flatnonzero(moves > 0.02 * worst), moves.ravel(), share)
            return worst, top, self._flat(at, where, corr.shape), move

        found = kernels.threads.in_threads(look, self.correlations.parts_of(r))
        worst, top = (max(one[i] for one in found) for i in (0, 1))
        at, move = (np.concatenate([one[i] for one in found]) for i in (2, 3))
        inside = np.flatnonzero(move > 0.02 * worst)
        return worst, top, at[_largest(inside, move, room)[0]]

    def _flat(self, at, where, shape):
        """Entries of a part of the code as entries of the whole code."""
        row, rest = np.divmod(at, shape[1])
        first = where[0].start if len(where) == 2 else 0
        return ((row + first) * self.positions[-1] + where[-1].start) * self.m + rest

    def descend(self, r, worst, candidates):
        """Coordinate descent on the working set; ``r`` and the code change in place."""
        on = self.value != 0
        old, value = self.set.flat[on], self.value[on]
        self.set = self.tiles.arrange(_union(old, candidates))
        self.value = _values_at(self.set.flat, old, value)
        curve, lam = self.energy[self.set.which], self.lam[self.set.which]
        if self.weight is not None:
            curve = self.set.norms(self.heavy)
        self.set.descend(
            self.tiles.rows(r), self.heavy, self.value, curve, lam, self.nonnegative, float(worst)
        )


def _union(a, b):
    """The entries of either, ascending."""
    both = np.sort(np.concatenate([a, b]))
    return both[np.append(True, both[1:] != both[:-1])] if len(both) else both


def _entries(start, dtype):
    """The places and the values of a code to start from: none, an array, or a :class:`SparseCode`."""
    if start is None:
        return np.zeros(0, np.int64), np.zeros(0, dtype)
    if not isinstance(start, SparseCode):
        start = sparse_code(start)
    return start.places, start.values.astype(dtype)


def _values_at(flat, old, value):
    """The values of the entries ``flat``, of which those in ``old`` are known and the others are zero."""
    order = np.argsort(old)
    old, value = old[order], value[order]
    found = np.zeros(len(flat), value.dtype)
    if len(old):
        at = np.minimum(np.searchsorted(old, flat), len(old) - 1)
        found = np.where(old[at] == flat, value[at], found)
    return found


def _largest(at, values, count):
    """Those ``count`` of the places ``at`` that have the largest values, with their values."""
    found = values[at]
    if len(at) > count:
        best = np.argpartition(-found, count)[:count]
        return at[best], found[best]
    return at, found


class Correlations:
    """``D^T r`` part by part, whose transforms stay in the cache, and in memory.

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
        for part in self.parts_of(r):
            yield part()

    def parts_of(self, r):
        """The parts as functions that compute them, to be called in any order."""
        rows = (1, -1) if len(self.D.space) == 1 else (self.D.positions[0], -1)
        if self.tile is None:
            return [lambda: (self.parts[0], (self.D.T @ r).reshape(rows))]
        wide = np.pad(
            r, [(0, span) for span in self.span] + [(0, 0)], "wrap" if self.D.circular else "constant"
        )
        return [lambda where=where: (where, self._part(wide, where)) for where in self.parts]

    def _part(self, wide, where):
        seen = tuple(
            slice(w.start * self.stride, w.start * self.stride + span)
            for w, span in zip(where, self.span, strict=True)
        )
        corr = (self.tile.T @ wide[seen])[tuple(slice(0, w.stop - w.start) for w in where)]
        return corr.reshape(1 if len(where) == 1 else corr.shape[0], -1)
