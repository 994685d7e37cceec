"""What is done on one tile: pure functions of what is sent to them, so that they may run anywhere.

No residual is kept. A task is given the window of the image and the sparse code of all atoms that meet it,
and computes ``r = y - D g`` there: rounding does not add up, and only the codes are kept.
"""

import math
from dataclasses import dataclass

import numpy as np

from .. import kernels
from ..dictionaries import ConvDictionary, SparseCode
from ..pursuits.working_set import Correlations, sparse_steps
from .grid import extent, samples
from .local_dual import AMPLE, shrinkage
from .store import coordinates, cut, within, without

LENGTHS = 9  # how many lengths of an atom away a violation is still seen by the local dual point


@dataclass(frozen=True, eq=False)
class Task:
    """A rectangle of positions and its surroundings.

    Attributes
    ----------
    filters : array (h, w, c, m)
    lam : float
    y : array (h', w', c)
        The window of the image: the samples under the atoms of the rectangle.
    near : SparseCode
        The code of all atoms that share a sample with the window.
    place : pair of slices
        Where the rectangle stands in ``near``.
    """

    filters: np.ndarray
    lam: float
    y: np.ndarray
    near: SparseCode
    place: tuple

    @property
    def D(self):
        """The dictionary of the rectangle on its window."""
        return ConvDictionary(self.filters, self.y.shape[:2], circular=False)

    @property
    def own(self):
        """The code at the rectangle itself."""
        return cut(self.near, *self.place)

    def left(self, code):
        """``y - D code`` on the window, for a code of all that is near."""
        x = over(self.filters, code) @ code
        return self.y - x[samples(self.place, self.filters.shape)]


def improve(task, goal, passes):
    """The code at a rectangle for which the duality gap of its own problem is at most ``goal``, and how many
    full correlations that took, at most ``passes``.

    The problem is basis pursuit of ``y - D z'``, where z' is the code around the rectangle.
    """
    signal = task.left(without(task.near, *task.place))
    steps = sparse_steps(task.D, signal, task.lam, start=task.own, goal=goal)
    for t, (code, _, gap) in enumerate(steps, 1):
        if gap <= goal or t >= passes:
            return code(), t


@dataclass(frozen=True, eq=False)
class View:
    """What one tile adds to the certificate: sums in float64 over the samples that it owns.

    Attributes
    ----------
    rr, ry, l1 : float
        Of ``r r``, ``r y``, and of ``lam |g|`` over its positions.
    top : float
        The largest ``|D^T r| / lam`` at its positions.
    primal, gap : float
        The objective of its own problem, and its relative duality gap.
    excess : SparseCode ``(*positions, 1)``
        By how much ``|D^T r| / lam`` exceeds one.
    """

    rr: float
    ry: float
    l1: float
    top: float
    primal: float
    gap: float
    excess: SparseCode


def look(task, owned):
    """The :class:`View` of a tile, which counts the samples ``owned`` of its window."""
    r, own, m = task.left(task.near), task.own, task.filters.shape[-1]
    height, seen = np.empty(own.shape[:2], r.dtype), np.zeros(len(own.places))
    entries = coordinates(own)

    def one(part):
        where, corr = part()
        corr = corr.reshape(*extent(where), m)
        height[where] = np.maximum(np.max(corr, axis=-1), -np.min(corr, axis=-1))
        at = within(own, *where)
        row, column, which = (number[at] for number in entries)
        seen[at] = corr[row - where[0].start, column - where[1].start, which]

    kernels.threads.in_threads(one, Correlations(task.D).parts_of(r))
    excess, top = np.maximum(height / r.dtype.type(task.lam) - 1, 0), float(np.max(height)) / task.lam
    rr, l1, product = total(r * r), task.lam * total(np.abs(own.values)), total(own.values * seen)
    primal = rr / 2 + l1  # of the signal r + D z, where z is the code of this tile alone
    gap, on = relative_gap(primal, rr + product, rr, top), np.flatnonzero(excess)
    r, y = r[owned], task.y[owned]
    excess = SparseCode(on, excess.reshape(-1)[on], (*excess.shape, 1))
    return View(total(r * r), total(r * y), l1, top, primal, gap, excess)


def look_again(task, owned, excess, place, floor):
    """``sum v v``, ``sum v y`` and the largest ``|D^T v| / lam`` of the local dual point v, as for
    :func:`look`.

    ``v = (1 - psi) r`` with the psi of :mod:`cscbook.large.local_dual`, less ``floor``. That is as much as
    any violation beyond ``excess`` could add to psi here: so every tile sees the same v.

    Parameters
    ----------
    excess : SparseCode ``(*positions, 1)``
        Of the tile and its surroundings.
    place : pair of slices
        Where the tile stands in ``excess``.
    floor : float
    """
    r = task.left(task.near)
    phi = shrinkage(over(task.filters, excess), excess.dense()[..., 0])
    v = np.minimum(phi[samples(place, task.filters.shape)] + r.dtype.type(floor), 1) * r

    def highest(part):
        corr = part()[1]
        return max(float(np.max(corr)), -float(np.min(corr)))

    top = max(kernels.threads.in_threads(highest, Correlations(task.D).parts_of(v))) / task.lam
    v, y = v[owned], task.y[owned]
    return total(v * v), total(v * y), top


def relative_gap(primal, vy, vv, top):
    """``(P - dual) / P`` at the dual point ``v min(1, 1 / top)``, where ``top`` is the largest
    ``|D^T v| / lam``."""
    scale = 1 / max(1.0, top)
    return float(primal - scale * vy + scale**2 * vv / 2) / (primal or 1.0)


def reach(size):
    """How far from a tile violations are looked for by :func:`look_again`, along each axis."""
    return tuple(LENGTHS * n for n in size)


def floor(top):
    """The most that violations farther away could add to psi, where the largest ``|D^T r| / lam`` is
    ``top``."""
    return 1.01 * AMPLE * max(top - 1, 0.0) * math.exp(1 - LENGTHS)


def over(filters, code):
    """The dictionary of these filters whose codes have the positions of ``code``."""
    space = tuple(P + n - 1 for P, n in zip(code.shape[:2], filters.shape[:2], strict=True))
    return ConvDictionary(filters, space, circular=False)


def total(x):
    """The sum in float64."""
    return float(np.sum(x, dtype=np.float64))
