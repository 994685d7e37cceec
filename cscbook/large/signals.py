"""An image that is read window by window, from wherever it lies."""

import hashlib
import os

import numpy as np

from ..arrays import check, to_numpy


class Signal:
    """An image (H, W, c), of which windows are read.

    Parameters
    ----------
    y : array, path of an ``.npy`` file, or anything with ``shape``, ``dtype`` and slices
        Such as ``np.memmap`` or a zarr array; float32 or float64. A path is opened anew for each window, so
        that the pages of the file do not count as memory of the process.
    """

    def __init__(self, y):
        self.path = os.fspath(y) if isinstance(y, str | os.PathLike) else None
        self.y = y if self.path is None else None
        held = self._open()
        for name in ("shape", "dtype", "__getitem__"):
            if not hasattr(held, name):
                raise TypeError(f"y is of type {type(y).__name__}: expected an array, or the path of an .npy")
        if isinstance(held, np.ma.MaskedArray):
            raise TypeError("y is a masked array: expected a plain one (y.filled(0))")
        self.shape, self.dtype = tuple(map(int, held.shape)), _dtype_of(held)
        if len(self.shape) != 3 or 0 in self.shape:
            raise ValueError(f"y has shape {self.shape}: expected (H, W, c), without an empty axis")
        if self.dtype not in (np.float32, np.float64):
            raise TypeError(f"y has dtype {self.dtype}: expected float32 or float64")

    def _open(self):
        return self.y if self.path is None else np.load(self.path, mmap_mode="r", allow_pickle=False)

    def read(self, place):
        """The window (h, w, c) at a pair of slices, a copy; its values are finite."""
        return check("y", np.array(to_numpy(self._open()[place]), self.dtype, order="C"))

    def digest(self, places):
        """64 hexadecimal digits of the windows at these places."""
        found = hashlib.sha256(f"{self.shape} {self.dtype}".encode())
        for place in places:
            found.update(self.read(place))
        return found.hexdigest()


def _dtype_of(held):
    """The type of the numbers, in the byte order of this machine."""
    try:
        return np.dtype(held.dtype).newbyteorder("=")
    except TypeError:
        raise TypeError(f"y has dtype {held.dtype}: expected float32 or float64 of NumPy") from None
