"""Arrays: the only module that knows array libraries.

The rest of the package asks ``xp = array_namespace(x)`` and then calls ``xp.`` functions only, so the
same lines run on NumPy, on CuPy and on any library that follows the array API standard
(https://data-apis.org/array-api/).
"""

import functools
import os
from types import SimpleNamespace

import array_api_compat
import numpy as np
import scipy


@functools.cache
def backend():
    """The library that new arrays live in: CuPy where a device answers, else NumPy.

    The environment variable ``CSCBOOK_BACKEND=numpy|cupy`` decides instead. It is read once.

    Raises
    ------
    ValueError
        The variable holds another word.
    RuntimeError
        CuPy is asked for, and is not installed or finds no device.
    """
    choice = os.environ.get("CSCBOOK_BACKEND", "")
    if choice not in ("", "numpy", "cupy"):
        raise ValueError(f"CSCBOOK_BACKEND={choice!r}: expected 'numpy' or 'cupy'")
    if choice == "numpy":
        return np
    try:
        import cupy
    except ImportError:
        problem = "CuPy is not installed (see the extra 'gpu')"
    else:
        if cupy.is_available():
            return cupy
        problem = "CuPy finds no CUDA device"
    if choice == "cupy":
        raise RuntimeError(f"CSCBOOK_BACKEND=cupy, but {problem}")
    return np


def array_namespace(*arrays):
    """The namespace ``xp`` of ``arrays``, which must share one library and one device (else
    ``TypeError``)."""
    if arrays and is_numpy(*arrays):
        return _numpy()
    kinds = ", ".join(type(a).__module__.split(".")[0] + "." + type(a).__name__ for a in arrays)
    if not all(array_api_compat.is_array_api_obj(a) for a in arrays):
        raise TypeError(f"expected arrays of one library, got {kinds}")
    try:
        xp = array_api_compat.array_namespace(*arrays)
    except TypeError:
        raise TypeError(f"mixed array libraries: {kinds}; convert with asarray first") from None
    devices = [array_api_compat.device(a) for a in arrays]
    if any(d != devices[0] for d in devices):
        raise TypeError(f"mixed devices: {', '.join(map(str, devices))}")
    return xp


@functools.cache
def _numpy():
    """The namespace of NumPy arrays, looked up once: no others are asked for as often."""
    return array_api_compat.array_namespace(np.zeros(1))


def asarray(x, like=None):
    """``x`` as an array of the chosen backend, or of the library, device and float type of ``like``."""
    if like is None:
        return backend().asarray(x)
    if isinstance(like, np.ndarray):
        return np.asarray(to_numpy(x), dtype=like.dtype)
    xp = array_namespace(like)
    return xp.asarray(to_numpy(x), dtype=like.dtype, device=array_api_compat.device(like))


def to_numpy(x):
    """``x`` as a NumPy array, from whatever device it lives on; sparse matrices become SciPy's."""
    if isinstance(x, np.ndarray) or scipy.sparse.issparse(x):
        return x
    if hasattr(x, "get"):  # cupy, cupyx.scipy.sparse
        return x.get()
    if hasattr(x, "to_device"):  # array_api_strict
        x = x.to_device(array_api_compat.array_namespace(x).Device("CPU_DEVICE"))
    return np.asarray(x)


def is_numpy(*arrays):
    """Whether all are NumPy arrays, which the compiled kernels need."""
    return all(isinstance(a, np.ndarray) for a in arrays)


def zeros(shape, like):
    """Zeros of ``shape`` with the library, device and float type of ``like``."""
    xp = array_namespace(like)
    return xp.zeros(shape, dtype=like.dtype, device=array_api_compat.device(like))


def indices(values, like):
    """Integer positions as an index array beside ``like``."""
    xp = array_namespace(like)
    return xp.asarray(values, dtype=xp.int64, device=array_api_compat.device(like))


def float64(x):
    """``x`` in double precision, for sums that a certificate rests on."""
    xp = array_namespace(x)
    return xp.astype(x, xp.float64)


def fft(x):
    """``rfftn`` and ``irfftn`` for arrays like ``x``: scipy.fft on all cores for NumPy, the library's
    own otherwise."""
    if is_numpy(x):
        return SimpleNamespace(
            rfftn=functools.partial(scipy.fft.rfftn, workers=-1),
            irfftn=functools.partial(scipy.fft.irfftn, workers=-1),
        )
    return array_namespace(x).fft


def sparse(x):
    """The sparse-matrix module beside ``x``: scipy.sparse, cupyx.scipy.sparse, or None where its
    library has none."""
    if is_numpy(x):
        return scipy.sparse
    if array_api_compat.is_cupy_array(x):
        import cupyx.scipy.sparse

        return cupyx.scipy.sparse
    return None


def sliding_windows(x, size, axes):
    """All windows of ``size`` along ``axes``: position axes stay, window axes come last. A view for
    NumPy and CuPy."""
    if is_numpy(x):
        return np.lib.stride_tricks.sliding_window_view(x, size, axis=axes)
    if array_api_compat.is_cupy_array(x):
        import cupy

        return cupy.lib.stride_tricks.sliding_window_view(x, size, axis=axes)
    xp = array_namespace(x)
    for n, axis in zip(size, axes, strict=True):
        count = x.shape[axis] - n + 1
        at = indices(np.add.outer(np.arange(count), np.arange(n)).ravel(), like=x)
        x = xp.reshape(xp.take(x, at, axis=axis), x.shape[:axis] + (count, n) + x.shape[axis + 1 :])
        x = xp.moveaxis(x, axis + 1, -1)
    return x


def check(name, x, ndim=None):
    """Raise unless ``x`` is a real floating array without NaN or infinity (and with ``ndim`` axes, if
    given)."""
    xp = array_namespace(x)
    if not xp.isdtype(x.dtype, "real floating"):
        raise TypeError(f"{name} has dtype {x.dtype}: expected real floating numbers")
    if ndim is not None and x.ndim not in (ndim if isinstance(ndim, tuple) else (ndim,)):
        raise ValueError(f"{name} has shape {tuple(x.shape)}: expected {ndim} axes")
    if 0 in x.shape:
        raise ValueError(f"{name} has shape {tuple(x.shape)}: expected no empty axis")
    if not bool(xp.all(xp.isfinite(x))):
        raise ValueError(f"{name} holds NaN or infinity")
    return x


def check_level(name, value):
    """Raise unless ``value`` is a finite, non-negative number."""
    if not np.isfinite(value) or value < 0:
        raise ValueError(f"{name} = {value}: expected a finite number, not negative")
    return float(value)
