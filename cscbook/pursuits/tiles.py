"""Where the entries of a code stand, tile by tile, for the compiled loops; and which may move at once.

Positions are cut into blocks, and a block into tiles of a few rows. Atoms of two blocks that lie further
apart than an atom reaches do not see each other: such blocks have one colour, and are swept at the same time
by several threads. Inside a colour nothing depends on the order, so the result is the same for any number of
threads, to the last bit.
"""

import numpy as np

from .. import kernels
from ..dictionaries.places import check_planar

BLOCK, LONG = 32, 1024  # positions along one side of a block in two dimensions, and in one
SWEEPS = 60  # at most, before all correlations are computed again


class Tiles:
    """The tiles of a dictionary, coloured, and its atoms in the layout of the kernels."""

    def __init__(self, D, dtype):
        check_planar(D)
        *size, c, m = D.filters.shape
        (h, w), (P, Q), (H, W) = ((1, *a)[-2:] for a in (size, D.positions, D.space))
        self.c, self.m, self.columns, self.stride, self.width = c, m, Q, D.stride, W * c
        self.height = 1 if len(size) == 1 else -(-(h + 4 * D.stride) // 4) * 4
        strip = min((self.height - h) // D.stride + 1, (H - h) // D.stride + 1)
        piece = min(BLOCK if len(size) == 2 else LONG, (W - w) // D.stride + 1)
        self.row_edges, self.column_edges = _cut(P, strip), _cut(Q, piece)
        groups = _cut(len(self.row_edges) - 1, max(1, BLOCK // strip))
        rows = _spans(self.row_edges[groups], D.stride, h, H, D.circular)
        columns = _spans(self.column_edges, D.stride, w, W, D.circular)
        self._lay_out(groups, rows, columns, h, w)
        self.table = _table(D.filters.reshape(h, w, c, m), self.height, D.stride, strip, dtype)
        self.starts = strip

    def _lay_out(self, groups, rows, columns, h, w):
        """Number the tiles so that a block is a run of them; colours hold blocks."""
        s, c = self.stride, self.c
        strips, pieces = len(self.row_edges) - 1, len(self.column_edges) - 1
        self.number, tiles, blocks, colours = np.empty((strips, pieces), np.int64), [], [], {}
        for g, above in enumerate(rows):
            for q, beside in enumerate(columns):
                colours.setdefault((above, beside), []).append(len(blocks))
                blocks.append((len(tiles), len(tiles) + groups[g + 1] - groups[g]))
                for t in range(groups[g], groups[g + 1]):
                    self.number[t, q] = len(tiles)
                    (a, b), (x, y) = self.row_edges[t : t + 2], self.column_edges[q : q + 2]
                    tiles.append((a * s, (b - a - 1) * s + h, x * s * c, ((y - x - 1) * s + w) * c))
        self.tiles, self.blocks = np.array(tiles), np.array(blocks)
        self.colours = [np.array(one) for one in colours.values()]

    def rows(self, x):
        """A signal as the rows that the kernels work on."""
        return x.reshape(-1, self.width)

    def arrange(self, flat):
        """Entries of a flattened code, tile by tile."""
        return Arrangement(self, flat)


class Arrangement:
    """Entries of a code in the order of their tiles: ``flat``, and where each stands in its tile."""

    def __init__(self, tiles, flat):
        position, which = np.divmod(flat, tiles.m)
        row, column = np.divmod(position, tiles.columns)
        strip, piece = (
            np.searchsorted(edges, at, "right") - 1
            for edges, at in ((tiles.row_edges, row), (tiles.column_edges, column))
        )
        tile = tiles.number[strip, piece]
        order = np.argsort(tile, kind="stable")
        self.tiles, self.flat, self.which = tiles, flat[order], which[order].astype(np.int32)
        self.parts = np.searchsorted(tile[order], np.arange(len(tiles.tiles) + 1))
        step = tiles.stride * tiles.c * tiles.height
        self.base = ((column - tiles.column_edges[piece]) * step)[order].astype(np.int32)
        self.atom = (which * tiles.starts + row - tiles.row_edges[strip])[order].astype(np.int32)
        self.costs = np.diff(self.parts[tiles.blocks], axis=1)[:, 0]

    def inside(self, where, shape, z):
        """A part of the code, dense, as rows: the tiles that meet the slices ``where`` hold its entries."""
        (first, last), (left, right) = ((w.start, w.stop) for w in (slice(0, 1), *where)[-2:])
        near = (
            slice(np.searchsorted(edges, a, "right") - 1, np.searchsorted(edges, b))
            for edges, a, b in (
                (self.tiles.row_edges, first, last),
                (self.tiles.column_edges, left, right),
            )
        )
        numbers = self.tiles.number[tuple(near)].ravel()
        at = np.concatenate([np.arange(self.parts[t], self.parts[t + 1]) for t in numbers])
        position, which = np.divmod(self.flat[at], self.tiles.m)
        row, column = np.divmod(position, self.tiles.columns)
        kept = (row >= first) & (row < last) & (column >= left) & (column < right)
        part = np.zeros(shape, z.dtype)
        part[row[kept] - first, (column[kept] - left) * self.tiles.m + which[kept]] = z[at[kept]]
        return part

    def subtract(self, r, z):
        """``r -= D z`` in place, for a signal as rows."""
        self._over_colours(lambda some: kernels.tiles.subtract(r, *self._layout, some, z), self.costs > 0)

    def norms(self, weight):
        """``sum weight d^2`` under each entry, for a weight as rows."""
        out = np.zeros(len(self.flat), weight.dtype)
        self._over_colours(lambda some: kernels.tiles.norms(weight, *self._layout, some, out), self.costs > 0)
        return out

    def descend(self, r, weight, z, curvature, lam, nonnegative, worst):
        """Coordinate descent until no step is larger than a fifth of ``worst``; r and z change in place.

        A block whose steps are far below that is left to the next time.
        """
        steps = np.where(self.costs > 0, np.inf, 0).astype(r.dtype)

        def sweep(some):
            knobs = (z, curvature, lam, nonnegative, steps)
            kernels.tiles.sweep(r, weight, *self._layout, some, *knobs)

        for _ in range(SWEEPS):
            self._over_colours(sweep, steps >= 0.05 * worst)
            if np.max(steps) < 0.2 * worst:
                return

    @property
    def _layout(self):
        tiles = self.tiles
        return (tiles.table, tiles.height, tiles.tiles, tiles.blocks), (self.base, self.atom, self.parts)

    def _over_colours(self, work, live):
        """``work(blocks)`` on all blocks that are ``live``, one colour after the other."""
        colours = [colour[live[colour]] for colour in self.tiles.colours]
        if kernels.threads.count() == 1:
            return work(np.concatenate(colours))
        for some in colours:
            runs = kernels.threads.shares(self.costs[some])
            kernels.threads.in_threads(work, [some[run] for run in runs])


def _cut(P, most):
    """Edges that cut P positions into parts of about equal length, at most ``most``."""
    return np.linspace(0, P, -(-P // most) + 1).round().astype(np.int64)


def _spans(edges, stride, size, N, circular):
    """A colour for each part of an axis: parts of one colour share no sample."""
    reach = [((a * stride), (b - 1) * stride + size) for a, b in zip(edges, edges[1:], strict=False)]
    turns, colours = ((-N, 0, N) if circular else (0,)), []
    for a, b in reach:
        taken = {
            colour
            for colour, (x, y) in zip(colours, reach, strict=False)
            if any(a < y + turn and x + turn < b for turn in turns)
        }
        colours.append(next(k for k in range(len(edges)) if k not in taken))
    return colours


def _table(filters, height, stride, starts, dtype):
    """Atoms in the layout of a tile, once for each row in which they can start: (m starts, numbers).

    Their length is a multiple of 32, so that no loop ends in single steps.
    """
    h, w, c, m = filters.shape
    table = np.zeros((m, starts, -(-w * c * height // 32) * 32), dtype)
    for start in range(starts):
        alone = np.zeros((m, w * c, height), dtype)
        alone[:, :, start * stride : start * stride + h] = filters.reshape(h, w * c, m).T
        table[:, start, : w * c * height] = alone.reshape(m, -1)
    return table.reshape(m * starts, -1)
