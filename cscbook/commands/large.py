"""Pictures larger than memory, for ``cscbook code --tiles``: arrays in files, coded into a folder."""

from pathlib import Path

import click
import numpy as np

from ..arrays import to_numpy
from ..datasets import split_frequencies
from ..large import code_tiles
from .dictionaries import chosen_filters
from .files import complain, sources, watched

REACH = 64  # what lies farther away moves the smooth part of a pixel by less than rounding does
ENDINGS = ".npy", ".zarr"


class Windows:
    """An array (H, W) or (H, W, c) in a file, of which windows (h, w, c) are read.

    Parameters
    ----------
    path : an ``.npy`` file, or a folder ``.zarr``
        Whole numbers are read as float32.
    smooth : float or None
        With a number, windows come without their smooth part; it is the weight of
        :func:`~cscbook.split_frequencies`.
    """

    def __init__(self, path, smooth=None):
        self.path, self.smooth = Path(path), smooth
        held = self._open()
        if held.dtype.kind not in "fiu" or held.ndim not in (2, 3) or 0 in held.shape:
            raise ValueError(f"{path} holds {held.dtype} of shape {held.shape}, expected numbers (H, W, c).")
        self.shape = (*held.shape, 1)[:3]
        self.dtype = np.dtype("f8" if held.dtype.itemsize == 8 else "f4")

    def _open(self):
        """The array, opened anew each time, so that what was read does not count as memory of the process."""
        try:
            if self.path.suffix == ".npy":
                return np.load(self.path, mmap_mode="r", allow_pickle=False)
            import zarr

            return zarr.open_array(self.path, mode="r")
        except ImportError:
            raise ValueError(f"{self.path} needs zarr: pip install zarr.") from None
        except (ValueError, EOFError, KeyError, OSError) as error:
            raise ValueError(f"{self.path} is no array that can be read: {error}") from error

    def __getitem__(self, place):
        more = 0 if self.smooth is None else REACH
        wide = tuple(
            slice(max(0, s.start - more), min(N, s.stop + more))
            for s, N in zip(place, self.shape, strict=False)
        )
        y = np.asarray(self._open()[wide], self.dtype)
        y = y.reshape(*y.shape[:2], -1)
        if self.smooth is not None:
            y = to_numpy(split_frequencies(y.astype(float), self.smooth)[1]).astype(self.dtype)
        return y[tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(place, wide, strict=True))]


def code_files(inputs, output, quiet, dictionary, lam, smooth, tile, tol):
    """Code arrays in files tile by tile, each into a folder, and return the exit code.

    A folder whose work was interrupted is gone on with.
    """
    files, code = [file for text in inputs for file in _files(text)], 0
    if output is not None and len(files) > 1:
        raise click.UsageError(f"-o {output} names one folder, expected none for {len(files)} inputs.")
    for source in files:
        folder = source.with_name(f"{source.stem}-code") if output is None else Path(output)
        try:
            if source.suffix not in ENDINGS:
                raise ValueError(f"{source} is no array, expected a name in {', '.join(ENDINGS)}.")
            y, filters = Windows(source, smooth), chosen_filters(dictionary)
            found = code_tiles(y, filters, lam, tol, folder=folder, tile=tile, progress=watched(quiet))
        except (ValueError, TypeError, FileNotFoundError) as error:
            code = complain(error, 2, code)
        except (OSError, MemoryError) as error:
            code = complain(f"{source}: {error or 'not enough memory'}", 1, code)
        else:
            if not found.converged:
                code = complain(f"{source}: the gap is {found.gap:.1e}, not {tol:g}.", 1, code)
            if not quiet:
                atoms = found.code.count_nonzero()
                click.echo(f"{atoms} atoms, within {found.gap:.1e} of the best code", err=True)
                click.echo(f"{source} -> {folder}")
    return code


def _files(text):
    """An array is a file, or a folder whose name says so."""
    return [Path(text)] if Path(text).suffix == ".zarr" else sources([text], ENDINGS)
