"""The tiles of a large image: which positions each holds, which samples its atoms see, and which tiles may
change at the same time.

Positions (i, j) run over (H - h + 1, W - w + 1), as atoms of (h, w) lie wholly inside an image of (H, W). A
tile is a rectangle of positions. It is solved together with a margin around it, which it shares with its
neighbours. Rows of tiles are even or odd, and so are columns: two tiles of one of these four colours share no
sample, with their margins, because a whole tile lies between them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

LENGTHS = 4  # of an atom: the margin. With 2, seams take some rounds more; more than 4 is work done twice


@dataclass(frozen=True)
class Grid:
    """An image of ``space`` = (H, W) under atoms of ``size`` = (h, w), in tiles of at most ``tile`` x
    ``tile`` positions.

    A tile is named by its row and its column in the grid. Places are pairs of slices.
    """

    space: tuple
    size: tuple
    tile: int

    def __post_init__(self):
        if any(N < n for N, n in zip(self.space, self.size, strict=True)):
            raise ValueError(f"filters of {self.size} do not fit into an image of {self.space}")
        if self.tile < 2 * max(self.size):
            raise ValueError(
                f"tile = {self.tile}: expected at least {2 * max(self.size)}, twice the size of the filters"
            )

    @cached_property
    def positions(self):
        """How many positions there are along each axis."""
        return tuple(N - n + 1 for N, n in zip(self.space, self.size, strict=True))

    @cached_property
    def edges(self):
        """Along each axis where tiles begin, and the end of the last."""
        return tuple(
            tuple(np.linspace(0, P, -(-P // self.tile) + 1).round().astype(int).tolist())
            for P in self.positions
        )

    @cached_property
    def margins(self):
        """How many positions around a tile are solved with it, along each axis."""
        shortest = (min(np.diff(edges)) for edges in self.edges)
        return tuple(min(LENGTHS * n, int(k - n + 1) // 2) for n, k in zip(self.size, shortest, strict=True))

    @cached_property
    def tiles(self):
        """All tiles, row by row."""
        rows, columns = (range(len(edges) - 1) for edges in self.edges)
        return tuple((i, j) for i in rows for j in columns)

    @cached_property
    def colours(self):
        """The tiles in four lists (fewer in a small grid), each of tiles that share no sample."""
        kinds = ((a, b) for a in range(2) for b in range(2))
        found = ([t for t in self.tiles if (t[0] % 2, t[1] % 2) == kind] for kind in kinds)
        return tuple(tuple(one) for one in found if one)

    def place(self, tile):
        """The positions of a tile."""
        return tuple(slice(edges[i], edges[i + 1]) for edges, i in zip(self.edges, tile, strict=True))

    def wide(self, tile):
        """The positions of a tile and of its margin."""
        return self.around(self.place(tile), self.margins)

    def owned(self, tile):
        """The samples that are counted with a tile: each sample of the image with one."""
        place = self.place(tile)
        return tuple(
            slice(s.start, N if s.stop == P else s.stop)
            for s, P, N in zip(place, self.positions, self.space, strict=True)
        )

    def around(self, place, margins):
        """The positions at most ``margins`` away from a rectangle of positions."""
        return tuple(
            slice(max(0, s.start - k), min(P, s.stop + k))
            for s, k, P in zip(place, margins, self.positions, strict=True)
        )

    def near(self, place):
        """The positions whose atoms share a sample with those at a rectangle of positions."""
        return self.around(place, [n - 1 for n in self.size])

    def meeting(self, place):
        """The tiles that hold some of these positions."""
        ranges = (
            range(np.searchsorted(edges, s.start, "right") - 1, np.searchsorted(edges, s.stop))
            for edges, s in zip(self.edges, place, strict=True)
        )
        rows, columns = map(tuple, ranges)
        return [(i, j) for i in rows for j in columns]


def shared(a, b):
    """The rectangle that two rectangles share; where they share none, a side is not positive."""
    return tuple(slice(max(s.start, o.start), min(s.stop, o.stop)) for s, o in zip(a, b, strict=True))


def inside(place, outer):
    """Where one rectangle stands in another that holds it."""
    return tuple(slice(s.start - o.start, s.stop - o.start) for s, o in zip(place, outer, strict=True))


def samples(place, size):
    """The samples under the atoms (h, w, ...) at a rectangle of positions."""
    return tuple(slice(s.start, s.stop + n - 1) for s, n in zip(place, size[:2], strict=True))


def extent(place):
    """The lengths of the sides of a rectangle."""
    return tuple(s.stop - s.start for s in place)
