"""``cupyx.scipy.sparse``: matrices of floats and booleans on the device, computed by SciPy."""

import scipy.sparse as _sparse
from cupy import _counts
from cupy import asarray as _asarray
from cupy import ndarray as _ndarray
from cupy._array import SCALARS as _SCALARS
from cupy._array import wrap as _wrap


def _checked(found, dtype=None):
    """SciPy's matrix, if a device can hold its numbers."""
    found = found if dtype is None else found.astype(dtype)
    if found.dtype.char not in "?fdFD":
        raise ValueError("Only bool, float32, float64, complex64 and complex128 are supported")
    return found


def _part(x):
    """SciPy's form of a piece of a matrix: a device array, or a tuple of them, but no NumPy array."""
    if isinstance(x, (tuple, list)) and any(isinstance(a, (tuple, list, _ndarray)) for a in x):
        return tuple(map(_part, x))
    if isinstance(x, (_ndarray, spmatrix)):
        return x._host
    if isinstance(x, (tuple, list, int)):
        return x
    raise ValueError("Unsupported initializer format")


class spmatrix:
    """A sparse matrix on the device. ``_host`` is SciPy's, whose numbers the parts share."""

    __array_priority__ = 101
    format = None

    def __init__(self, arg1, shape=None, dtype=None, copy=False):
        if _sparse.issparse(arg1):
            _counts.add("to_device", 3)
            given = arg1
        else:
            _counts.add("launches")
            given = _part(arg1)
        if isinstance(given, tuple) and len(given) == 2 and not isinstance(given[0], int):
            given = _sparse.coo_matrix(given, shape=shape)
        make = getattr(_sparse, f"{self.format}_matrix")
        self._host = _checked(make(given, shape=shape), dtype)

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = 2
    nnz = property(lambda self: self._host.nnz)
    T = property(lambda self: self.transpose())

    def __array__(self, dtype=None, copy=None):
        raise TypeError("a sparse matrix on the device does not become a NumPy array; use .get()")

    def __len__(self):
        raise TypeError("sparse matrix length is ambiguous; use getnnz()")

    def get(self, stream=None):
        """SciPy's matrix, copied to the host."""
        _counts.add("to_host", 3)
        return self._host.copy()

    def toarray(self, order=None, out=None):
        """The dense array, which stays on the device."""
        _counts.add("launches")
        return _wrap(self._host.toarray(order))

    def _combined(self, name, *others):
        """The result of SciPy's method, on the device."""
        if not all(isinstance(x, (spmatrix, _ndarray, *_SCALARS)) for x in others):
            return NotImplemented
        others = [x._host if isinstance(x, (spmatrix, _ndarray)) else x for x in others]
        _counts.add("launches")
        found = getattr(self._host, name)(*others)
        return (
            _device(found) if _sparse.issparse(found) else found if found is NotImplemented else _wrap(found)
        )

    def __getitem__(self, key):
        _counts.add("launches")
        key = tuple(k._host if isinstance(k, _ndarray) else k for k in key) if isinstance(key, tuple) else key
        found = self._host[key]
        return _device(found) if _sparse.issparse(found) else _wrap(found)

    def astype(self, dtype):
        """The same matrix in another type."""
        _counts.add("launches")
        return _device(self._host.astype(dtype))

    def count_nonzero(self, axis=None):
        """How many numbers are not zero: a Python integer, read back from the device, or an array."""
        _counts.add("launches")
        _counts.add("to_host")
        found = self._host.count_nonzero(axis)
        return int(found) if axis is None else _wrap(found)

    def getnnz(self, axis=None):
        """How many numbers are stored."""
        return self._host.getnnz(axis) if axis is None else _wrap(self._host.getnnz(axis))

    def sum(self, axis=None, dtype=None, out=None):
        """Sums along an axis, as a dense array."""
        _counts.add("launches")
        return _asarray(_wrap(self._host.sum(axis=axis, dtype=dtype)))


for _name in ("matmul", "rmatmul", "mul", "rmul", "add", "radd", "sub", "rsub", "truediv"):
    setattr(spmatrix, f"__{_name}__", lambda self, other, _n=f"__{_name}__": self._combined(_n, other))
for _name in "__neg__ __abs__ transpose tocsr tocsc tocoo copy conj diagonal max min sorted_indices".split():
    setattr(spmatrix, _name, lambda self, _n=_name: self._combined(_n))
for _name in ("multiply", "dot", "power", "maximum", "minimum"):
    setattr(spmatrix, _name, lambda self, other, _n=_name: self._combined(_n, other))
for _name in ("data", "indices", "indptr", "row", "col"):
    setattr(spmatrix, _name, property(lambda self, _n=_name: _wrap(getattr(self._host, _n))))


class csr_matrix(spmatrix):
    """Compressed rows."""

    format = "csr"


class csc_matrix(spmatrix):
    """Compressed columns."""

    format = "csc"


class coo_matrix(spmatrix):
    """Places and numbers."""

    format = "coo"


def _device(found):
    """SciPy's matrix, in the class of its format (others become rows)."""
    kind = {"csc": csc_matrix, "coo": coo_matrix}.get(found.format, csr_matrix)
    x = object.__new__(kind)
    x._host = _checked(found if found.format == kind.format else found.tocsr())
    return x


def issparse(x):
    """Whether this is one of these matrices."""
    return isinstance(x, spmatrix)


isspmatrix = issparse


def eye(m, n=None, k=0, dtype="d", format=None):
    """Ones on a diagonal."""
    return _device(_sparse.eye(m, n, k, dtype, format))


def identity(n, dtype="d", format=None):
    """The identity matrix."""
    return eye(n, dtype=dtype, format=format)
