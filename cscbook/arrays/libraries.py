"""Array libraries: which one an array belongs to, and what each of them does in its own way."""

import functools
import os
import warnings
from types import SimpleNamespace

import array_api_compat
import array_api_extra
import numpy as np
import scipy

SERVED = ("numpy", "cupy", "torch", "jax", "array_api_strict")


@functools.cache
def backend():
    """The library that new arrays live in: CuPy where a device computes, else NumPy.

    The environment variable ``CSCBOOK_BACKEND=numpy|cupy`` decides instead. It is read once. A device
    that answers but cannot compute, as with a driver alone, gives a warning and NumPy.

    Raises
    ------
    ValueError
        The variable holds another word.
    RuntimeError
        CuPy is asked for, and is not installed, finds no device, or fails at its first kernel.
    """
    choice = os.environ.get("CSCBOOK_BACKEND", "")
    if choice not in ("", "numpy", "cupy"):
        raise ValueError(f"CSCBOOK_BACKEND={choice!r}: expected 'numpy' or 'cupy'")
    if choice == "numpy":
        return np
    try:
        import cupy
    except ImportError:
        problem = "CuPy is not installed (see the extras gpu-cuda12 and gpu-cuda13)"
    else:
        if cupy.is_available():
            problem = _first_kernel(cupy)
            if problem is None:
                return cupy
            if not choice:
                warnings.warn(f"NumPy is used, because {problem}", RuntimeWarning, stacklevel=2)
        else:
            problem = "CuPy finds no CUDA device"
    if choice == "cupy":
        raise RuntimeError(f"CSCBOOK_BACKEND=cupy, but {problem}")
    return np


def _first_kernel(cupy):
    """Why CuPy's first kernel fails, in a sentence; None where it runs."""
    try:
        if float((cupy.ones(2) + 1).sum()) == 4:
            return None
        return "CuPy's first kernel gives a wrong sum"
    except Exception as error:  # CuPy has many: no compiler, no driver, no memory
        return f"CuPy finds a device, but its first kernel fails: {type(error).__name__}: {error}"


def array_namespace(*arrays):
    """The namespace ``xp`` of ``arrays``, which must share one of the libraries served here and one device
    (else ``TypeError``)."""
    if arrays and is_numpy(*arrays):
        return _numpy()
    kinds = ", ".join(type(a).__module__.split(".")[0] + "." + type(a).__name__ for a in arrays)
    if not arrays or not all(array_api_compat.is_array_api_obj(a) for a in arrays):
        raise TypeError(f"expected arrays of one library, got {kinds}")
    try:
        xp = array_api_compat.array_namespace(*arrays)
    except TypeError:
        raise TypeError(f"mixed array libraries: {kinds}; convert with asarray first") from None
    if not _served(xp):
        raise TypeError(f"{kinds} is not served: expected NumPy, CuPy, PyTorch or JAX (see numpy.asarray)")
    devices = [d for d in map(array_api_compat.device, arrays) if d is not None]  # a JAX tracer has none
    if any(d != devices[0] for d in devices):
        raise TypeError(f"mixed devices: {', '.join(map(str, devices))}")
    return xp


def _served(xp):
    return any(getattr(array_api_compat, f"is_{name}_namespace")(xp) for name in SERVED)


@functools.cache
def _numpy():
    """The namespace of NumPy arrays, looked up once: no others are asked for as often."""
    return array_api_compat.array_namespace(np.zeros(1))


def asarray(x, like=None):
    """``x`` as an array of the chosen backend, or of the library, device and float type of ``like``; no
    imaginary part is dropped."""
    if like is None:
        return backend().asarray(x)
    if isinstance(like, np.ndarray):
        return _cast(to_numpy(x), like.dtype)
    if "complex" in str(getattr(x, "dtype", "")) and "complex" not in str(getattr(like, "dtype", "")):
        raise TypeError(f"x has dtype {x.dtype}: expected real numbers, as those beside it")
    xp, device = array_namespace(like), array_api_compat.device(like)
    if is_array(x) and not is_numpy(x) and array_api_compat.array_namespace(x) is xp:
        x = x if device is None else array_api_compat.to_device(x, device)
        return xp.astype(x, like.dtype, copy=False)  # still part of what is differentiated
    return xp.asarray(np.array(to_numpy(x)), dtype=like.dtype, device=device)


def _cast(x, dtype):
    """``x`` as a NumPy array of ``dtype``; raise where its numbers are complex, or too large for that."""
    own = getattr(x, "dtype", None)
    if own == dtype:
        return np.asarray(x)
    if own is not None and own.kind == "c" and dtype.kind != "c":
        raise TypeError(f"x has dtype {own}: expected real numbers, as those beside it")
    try:
        with np.errstate(over="raise", invalid="raise"):
            return np.asarray(x, dtype=dtype)
    except FloatingPointError as error:
        raise ValueError(f"x holds numbers that {dtype} does not: {error}") from None


def to_numpy(x):
    """``x`` as a NumPy array, from whatever device it lives on; sparse matrices become SciPy's.

    PyTorch's tensors leave what is differentiated; JAX's arrays are copied, so that one may write."""
    if isinstance(x, np.ndarray) or scipy.sparse.issparse(x):
        return x
    if isinstance(x, np.generic):
        return np.asarray(x)
    if array_api_compat.is_cupy_array(x) or hasattr(x, "toarray"):  # cupyx.scipy.sparse
        return x.get()
    if array_api_compat.is_torch_array(x):
        return x.detach().cpu().resolve_conj().resolve_neg().numpy()
    if array_api_compat.is_jax_array(x):
        return np.array(x)
    if hasattr(x, "__array_namespace__") and array_api_compat.is_array_api_strict_namespace(
        xp := array_api_compat.array_namespace(x)
    ):
        x = x.to_device(xp.__array_namespace_info__().default_device())  # the host
    return np.asarray(x)


def is_array(x):
    """Whether ``x`` is an array of any library, and no number of NumPy's."""
    if isinstance(x, np.ndarray):
        return True
    return array_api_compat.is_array_api_obj(x) and not isinstance(x, np.generic)


def is_numpy(*arrays):
    """Whether all are NumPy arrays, which the compiled kernels need."""
    return all(isinstance(a, np.ndarray) for a in arrays)


def zeros(shape, like):
    """Zeros of ``shape`` with the library, device and float type of ``like``."""
    xp = array_namespace(like)
    return xp.zeros(shape, dtype=like.dtype, device=array_api_compat.device(like))


def eye(n, like):
    """The identity (n, n) with the library, device and float type of ``like``."""
    xp = array_namespace(like)
    return xp.eye(n, dtype=like.dtype, device=array_api_compat.device(like))


def indices(values, like):
    """Integer positions as an index array beside ``like``."""
    if is_numpy(like):
        return np.asarray(values, dtype=np.int64)
    xp, device = array_namespace(like), array_api_compat.device(like)
    whole = xp.__array_namespace_info__().default_dtypes(device=device)["indexing"]
    return xp.asarray(np.asarray(values), dtype=whole, device=device)


def added(x, where, values):
    """``x`` with ``values`` added at ``where``; ``x`` is used up, as it changes where its library can
    write."""
    if isinstance(x, np.ndarray):
        x[where] += values
        return x
    return array_api_extra.at(x)[where].add(values)


def frozen(x):
    """A copy of ``x`` that nobody else can change: read-only in NumPy, and still part of the computation
    where a library differentiates."""
    if isinstance(x, np.ndarray):
        x = x.astype(x.dtype.newbyteorder("="))
        x.flags.writeable = False
        return x
    return x if array_api_compat.is_jax_array(x) else x + 0  # nobody can change JAX's


def double(x):
    """The type of double precision beside ``x``; JAX has it where ``jax_enable_x64`` is on."""
    if isinstance(x, np.ndarray):
        return np.float64
    xp = array_namespace(x)
    return xp.result_type(float) if array_api_compat.is_jax_array(x) else xp.float64


def float64(x):
    """``x`` in double precision, for sums that a certificate rests on."""
    return array_namespace(x).astype(x, double(x))


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
    """All windows of ``size`` along ``axes``: position axes stay, window axes come last. A view, except
    for JAX."""
    if is_numpy(x):
        return np.lib.stride_tricks.sliding_window_view(x, size, axis=axes)
    if array_api_compat.is_cupy_array(x):
        import cupy

        return cupy.lib.stride_tricks.sliding_window_view(x, size, axis=axes)
    if array_api_compat.is_torch_array(x):
        for n, axis in zip(size, axes, strict=True):
            x = x.unfold(axis, n, 1)
        return x
    xp = array_namespace(x)
    for n, axis in zip(size, axes, strict=True):
        count = x.shape[axis] - n + 1
        at = indices(np.add.outer(np.arange(count), np.arange(n)).ravel(), like=x)
        x = xp.reshape(xp.take(x, at, axis=axis), x.shape[:axis] + (count, n) + x.shape[axis + 1 :])
        x = xp.moveaxis(x, axis + 1, -1)
    return x
