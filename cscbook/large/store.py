"""Sparse arrays over the positions of an image, kept tile by tile: one small npz per tile."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..checkpoints import write_npz
from ..dictionaries import SparseCode
from .grid import extent, inside, shared


class Store:
    """A sparse array ``(*positions, m)`` in files ``name-i-j.npz`` of a folder.

    A file is written whole and then takes its name. It holds a number that says when it was written.

    Parameters
    ----------
    folder : path
    name : str
    grid : Grid
    m : int
        Entries at a position.
    dtype : dtype
    wide : bool
        Whether a file holds the margin of its tile too: then files overlap, and are not yet one array.
    """

    def __init__(self, folder, name, grid, m, dtype, wide=False):
        self.folder, self.name, self.grid = Path(folder), name, grid
        self.m, self.dtype, self.place = m, np.dtype(dtype), grid.wide if wide else grid.place

    def file(self, tile):
        return self.folder / f"{self.name}-{tile[0]}-{tile[1]}.npz"

    def write(self, tile, code, stamp=0):
        """Keep the code of a tile, and the number that says when."""
        write_npz(self.file(tile), {"places": code.places, "values": code.values, "stamp": np.array(stamp)})

    def read(self, tile):
        """The :class:`~cscbook.SparseCode` of a tile."""
        return self._load(tile)[0]

    def stamp(self, tile):
        """When a tile was written; -1 where there is no file."""
        return self._load(tile)[1] if self.file(tile).exists() else -1

    def keep_only(self, stamp):
        """Remove the files that were not written at ``stamp``; the tiles of those that were."""
        kept = []
        for tile in self.grid.tiles:
            if self.stamp(tile) == stamp:
                kept.append(tile)
            else:
                self.file(tile).unlink(missing_ok=True)
        return kept

    def empty(self, tile):
        """A code of zeros for a tile."""
        return SparseCode(np.zeros(0, np.int64), np.zeros(0, self.dtype), self._shape(self.place(tile)))

    def _shape(self, place):
        return (*extent(place), self.m)

    def _load(self, tile):
        try:
            with np.load(self.file(tile), allow_pickle=False) as kept:
                places, values, stamp = kept["places"], kept["values"], int(kept["stamp"])
            return SparseCode(places, values.astype(self.dtype), self._shape(self.place(tile))), stamp
        except FileNotFoundError:
            raise ValueError(f"{self.file(tile)} is missing: the folder is not whole, remove it") from None
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{self.file(tile)} is damaged: {error}") from error

    def region(self, place):
        """The part of the array at a rectangle of positions, a :class:`~cscbook.SparseCode` of its shape."""
        parts = ((self.read(t), *inside(place, self.place(t))) for t in self.grid.meeting(place))
        return joined([cut(*part) for part in parts], self._shape(place), self.dtype)

    def merge(self, tile, other):
        """Take over what the wide files of ``other`` hold for a tile, where they reach it.

        Doing it twice changes nothing.
        """
        place, found = self.place(tile), self.read(tile)
        near = [
            t
            for t in self.grid.meeting(self.grid.around(place, self.grid.margins))
            if other.file(t).exists() and min(extent(shared(place, other.place(t)))) > 0
        ]
        if near:
            for t in near:
                found = without(found, *inside(other.place(t), place))
            new = (cut(other.read(t), *inside(place, other.place(t))) for t in near)
            self.write(tile, joined([found, *new], found.shape, self.dtype))


def cut(code, rows, columns):
    """The entries of a code that stand in a rectangle of positions, as places in that rectangle, which may
    reach beyond the code."""
    (row, column, which), m = coordinates(code), code.shape[-1]
    row, column, (height, width) = row - rows.start, column - columns.start, extent((rows, columns))
    kept = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    places = ((row * width + column) * m + which)[kept]
    return SparseCode(places, code.values[kept], (height, width, m))


def without(code, rows, columns):
    """A code whose entries in a rectangle of positions are set to zero."""
    kept = np.ones(len(code.places), bool)
    kept[within(code, rows, columns)] = False
    return SparseCode(code.places[kept], code.values[kept], code.shape)


def within(code, rows, columns):
    """Which entries of a code stand in a rectangle of positions: their numbers."""
    row, column, _ = coordinates(code)
    inside_rows = (row >= rows.start) & (row < rows.stop)
    return np.flatnonzero(inside_rows & (column >= columns.start) & (column < columns.stop))


def joined(codes, shape, dtype):
    """One code of the entries of several that share none."""
    places = np.concatenate([np.zeros(0, np.int64), *(code.places for code in codes)])
    values = np.concatenate([np.zeros(0, dtype), *(code.values for code in codes)])
    order = np.argsort(places)
    return SparseCode(places[order], values[order], shape)


def coordinates(code):
    """Row, column and atom of the entries of a code."""
    position, which = np.divmod(code.places, code.shape[-1])
    return (*np.divmod(position, code.shape[1]), which)
