"""Large pictures, piece after piece: windows that overlap, of which each gives its middle."""

import math
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ..arrays import to_numpy


@dataclass(frozen=True)
class Tile:
    """A window of a picture, and the part of it that counts; pairs of slices.

    Attributes
    ----------
    core : where the part stands in the picture
    window : where the window stands in the picture
    inside : where the part stands in the window
    """

    core: tuple
    window: tuple
    inside: tuple


def tiles(space, size, margin):
    """Cover a picture of ``space`` = (H, W) by parts of about ``size``, each with ``margin`` pixels around it
    where the picture has them."""
    rows, columns = (list(_along(N, size, margin)) for N in space)
    return [Tile(*zip(row, column, strict=True)) for row in rows for column in columns]


def _along(N, size, margin):
    edges = np.linspace(0, N, math.ceil(N / size) + 1).round().astype(int).tolist()
    for start, stop in zip(edges, edges[1:], strict=False):
        first, last = max(start - margin, 0), min(stop + margin, N)
        yield slice(start, stop), slice(first, last), slice(start - first, stop - first)


def by_tiles(function, y, size, margin, *, scale=1, title=None, quiet=False):
    """``function(y)``, computed window by window.

    Parameters
    ----------
    function : from arrays (h, w, c) to (scale h, scale w, c')
        If what it gives at a pixel depends on pixels up to ``margin`` away, the result is that of the
        whole picture.
    y : array (H, W, c)
    size, margin : int
        Of the parts, and how much is added on each side.
    title : str, optional
        Of the progress bar.

    Returns
    -------
    float32 array (scale H, scale W, c')
    """
    y, found = to_numpy(y), None
    for tile in bar(tiles(y.shape[:2], size, margin), title, quiet):
        part = to_numpy(function(np.ascontiguousarray(y[tile.window])))
        if found is None:
            found = np.zeros((scale * y.shape[0], scale * y.shape[1], part.shape[-1]), np.float32)
        found[scaled(tile.core, scale)] = part[scaled(tile.inside, scale)]
    return found


def scaled(slices, scale):
    """The same place in a picture ``scale`` times as large."""
    return tuple(slice(scale * s.start, scale * s.stop) for s in slices)


def bar(items, title, quiet):
    """The items, with a progress bar on a terminal."""
    return tqdm(items, desc=title, disable=True if quiet else None, leave=False, unit="tile")
