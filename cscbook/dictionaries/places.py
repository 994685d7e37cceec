"""Codes by their non-zeros: where they stand in the signal, and their values."""

import math
from dataclasses import dataclass

import numpy as np

from .. import kernels
from ..arrays import frozen


@dataclass(frozen=True, eq=False)
class SparseCode:
    """A code (*positions, m) by its non-zeros, on the host: most of a code is zero.

    ``D @ code`` is the signal, as with the dense code; :func:`~cscbook.l0`, :func:`~cscbook.l0_inf_stripe`
    and :func:`~cscbook.l0_inf_patch` take it as well.

    Attributes
    ----------
    places : int64 array (k,)
        Entries of the flattened code, ascending.
    values : array (k,)
    shape : tuple of int
        Of the dense code.
    """

    places: np.ndarray
    values: np.ndarray
    shape: tuple
    stays_on_host = True  # whatever library the signal came from

    def __post_init__(self):
        shape = tuple(int(n) for n in self.shape)
        places, values = np.asarray(self.places), np.asarray(self.values)
        if places.ndim != 1 or places.shape != values.shape or places.dtype.kind not in "iu":
            raise ValueError(
                f"places of shape {places.shape} and type {places.dtype}, values of shape {values.shape}: "
                "expected whole numbers (k,) and as many values"
            )
        places = places.astype(np.int64)
        if len(places) and (places[0] < 0 or places[-1] >= math.prod(shape) or (np.diff(places) <= 0).any()):
            raise ValueError(f"places do not ascend within 0 and {math.prod(shape)}, the size of the code")
        for name, value in (("places", frozen(places)), ("values", frozen(values)), ("shape", shape)):
            object.__setattr__(self, name, value)

    def count_nonzero(self):
        return int(np.count_nonzero(self.values))

    @property
    def nbytes(self):
        return self.places.nbytes + self.values.nbytes

    def dense(self):
        """The code as an array."""
        gamma = np.zeros(self.shape, self.values.dtype)
        gamma.reshape(-1)[self.places] = self.values
        return gamma

    def needles(self):
        """How many non-zeros each needle has: (*positions,)."""
        at = self.places[self.values != 0] // self.shape[-1]
        counts = np.bincount(at, minlength=math.prod(self.shape[:-1]))
        return counts.reshape(self.shape[:-1])

    def synthesize(self, D):
        """``D @ code`` for a convolutional dictionary on one or two axes."""
        if self.shape != (*D.positions, D.filters.shape[-1]):
            raise ValueError(f"code of shape {self.shape}: D expects {(*D.positions, D.filters.shape[-1])}")
        places = Places(D, self.values.dtype)
        x = np.zeros((*D.space, places.c), self.values.dtype)
        sites, everywhere = places(self.places), np.zeros((0, 0), x.dtype)
        kernels.convolution.subtract_all(places.as_rows(x), places.atoms, everywhere, *sites, -self.values)
        return x


def sparse_code(gamma):
    """The :class:`SparseCode` of a dense code in NumPy."""
    places = np.flatnonzero(gamma)
    return SparseCode(places, gamma.reshape(-1)[places], gamma.shape)


def check_planar(D):
    """Raise unless a convolutional dictionary has one or two space axes, which the compiled loops take."""
    if len(D.space) > 2:
        raise ValueError(
            f"D has {len(D.space)} space axes: expected one or two (products, ista and fista take any number)"
        )
    return D


def atom_rows(filters, dtype):
    """Filters ``(*size, c, m)`` as the atoms (m, h, w c) that the kernels expect; a copy."""
    *size, c, m = filters.shape
    size = (1, *size) if len(size) == 1 else size
    atoms = np.moveaxis(filters, -1, 0).reshape(m, size[0], size[1] * c)
    return np.array(atoms, dtype, order="C")


class Places:
    """Where the entries of a flattened code stand in the signal, for the kernels."""

    def __init__(self, D, dtype):
        c, m = check_planar(D).filters.shape[-2:]
        self.D, self.c, self.m = D, c, m
        self.atoms = atom_rows(D.filters, dtype)
        self.width, self.dtype = D.space[-1] * c, dtype

    def as_rows(self, x):
        return x.reshape(-1, self.width)

    def mask_rows(self, mask):
        """A mask that broadcasts against the signal as the rows that the kernels expect; none is empty."""
        if mask is None:
            return np.zeros((0, 0), self.dtype)
        full = np.broadcast_to(mask, (*self.D.space, self.c)).astype(self.dtype)
        return self.as_rows(np.ascontiguousarray(full))

    def __call__(self, flat):
        position, which = np.divmod(flat, self.m)
        row, column = np.divmod(position, self.D.positions[-1])
        return row * self.D.stride, column * (self.D.stride * self.c), which
