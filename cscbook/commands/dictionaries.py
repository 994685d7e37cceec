"""Dictionaries as files: what ``cscbook learn`` writes and other commands read."""

import zipfile

import click
import numpy as np

from ..imaging import dct_filters

dictionary_option = click.option(
    "--dictionary",
    type=click.Path(exists=True, dir_okay=False),
    help="Filters to use: a file that cscbook learn wrote.",
)


def read_filters(file):
    """The filters (n, n, 1, m) in an npz of ``cscbook learn``."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            filters = kept["filters"]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file} is no dictionary, expected a file that cscbook learn wrote.") from error
    if filters.ndim != 4 or filters.shape[2] != 1 or filters.dtype.kind != "f":
        raise ValueError(f"{file} holds filters of shape {filters.shape}, expected (n, n, 1, m).")
    if not np.isfinite(filters).all() or not (filters**2).sum(axis=(0, 1, 2)).all():
        raise ValueError(f"{file} holds filters that are zero, infinite or no numbers.")
    return filters


def chosen_filters(file):
    """The filters of ``--dictionary``, or cosines where there is none, as float64."""
    return np.asarray(dct_filters() if file is None else read_filters(file), dtype=float)


def filters_picture(filters, zoom=4):
    """Filters (n, n, 1, m) as small squares side by side, grey where they are zero: a picture (H, W, 1)."""
    n, m = filters.shape[0], filters.shape[-1]
    columns = int(np.ceil(np.sqrt(m)))
    side = n * zoom + zoom
    picture = np.full((-(-m // columns) * side + zoom, columns * side + zoom, 1), 255.0)
    for k in range(m):
        atom = filters[..., 0, k] / (np.abs(filters[..., 0, k]).max() or 1)
        i, j = side * (k // columns) + zoom, side * (k % columns) + zoom
        picture[i : i + n * zoom, j : j + n * zoom, 0] = np.kron(127.5 * (1 + atom), np.ones((zoom, zoom)))
    return picture
