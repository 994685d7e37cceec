"""A code that lies in a folder, tile by tile, and is read piece by piece."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .grid import Grid, inside, samples
from .manifest import read_manifest
from .store import Store
from .tasks import over


@dataclass(frozen=True, eq=False)
class TiledCode:
    """The code ``(*positions, m)`` of an image larger than memory, in a folder.

    Attributes
    ----------
    filters : array (h, w, c, m)
    grid : Grid
        ``grid.tiles`` are the tiles, ``grid.place(tile)`` where each stands.
    store : Store
    """

    filters: np.ndarray
    grid: Grid
    store: Store

    @property
    def shape(self):
        """The shape of the dense code."""
        return (*self.grid.positions, self.filters.shape[-1])

    def tile(self, i, j):
        """The :class:`~cscbook.SparseCode` of one tile."""
        if (i, j) not in self.grid.tiles:
            raise ValueError(f"tile {(i, j)}: expected at most {self.grid.tiles[-1]}")
        return self.store.read((i, j))

    def count_nonzero(self):
        """How many non-zeros there are in all tiles."""
        return sum(self.store.read(tile).count_nonzero() for tile in self.grid.tiles)

    def synthesize(self, rows, columns):
        """``D g`` on a window of the image, given by two slices without steps: (h', w', c)."""
        window = tuple(_window(s, N) for s, N in zip((rows, columns), self.grid.space, strict=True))
        place = tuple(
            slice(min(max(0, s.start - n + 1), P - 1), min(P, s.stop))
            for s, n, P in zip(window, self.grid.size, self.grid.positions, strict=True)
        )
        code = self.store.region(place)
        return (over(self.filters, code) @ code)[inside(window, samples(place, self.grid.size))]

    def sparse(self):
        """The whole code as one :class:`~cscbook.SparseCode`, which must fit in memory."""
        return self.store.region(tuple(slice(0, P) for P in self.grid.positions))


def _window(s, N):
    start, stop, step = s.indices(N)
    if step != 1 or stop <= start:
        raise ValueError(f"{s} is empty or has steps: expected a part of 0 to {N}")
    return slice(start, stop)


def open_code(folder):
    """The :class:`TiledCode` that :func:`code_tiles` left in a folder."""
    kept = read_manifest(folder)
    if kept is None:
        raise ValueError(f"{folder} holds no code: expected a folder that code_tiles wrote")
    filters = np.load(Path(folder) / "filters.npy", allow_pickle=False)
    grid = Grid(tuple(kept.space), filters.shape[:2], kept.tile)
    return TiledCode(filters, grid, Store(folder, "code", grid, filters.shape[-1], kept.dtype))
