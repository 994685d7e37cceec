"""The array of the stand-in: NumPy memory behind the rules of ``cupy.ndarray``.

The rules are those of CuPy 14: ``cupy/_core/core.pyx`` for the class, ``_routines_indexing.pyx`` for
``x[...]`` and ``_kernel.pyx`` with ``_scalar.pyx`` for what a kernel takes beside a device array.
"""

import functools

import numpy as np

from . import _counts
from .cuda import Device, Memory

SCALARS = (bool, int, float, complex, np.bool_, np.number)
REFUSED = (
    "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array "
    "explicitly."
)


def wrap(found):
    """Device arrays in place of NumPy's arrays and scalars, inside tuples and lists too."""
    if isinstance(found, (np.ndarray, np.generic)):
        x = object.__new__(ndarray)
        x._host = np.asarray(found)
        return x
    return type(found)(map(wrap, found)) if type(found) in (tuple, list) else found


def supported(dtype):
    """The dtype as NumPy spells it; only numbers of at most 64 bits (128 if complex) live on a device."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "biufc" or dtype.char in "gG":
        raise ValueError(f"Unsupported dtype {dtype}")
    return dtype


def _unwrapped(x):
    """Nested lists with device arrays turned to NumPy's, if they hold nothing else."""
    if isinstance(x, ndarray):
        return x._host
    return [_unwrapped(a) for a in x] if isinstance(x, (list, tuple)) else x


def _all_on_device(x):
    if isinstance(x, (list, tuple)):
        return len(x) > 0 and all(map(_all_on_device, x))
    return isinstance(x, ndarray)


def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    """A device array; what comes from the host is copied to the device."""
    if isinstance(obj, ndarray) and not copy and ndmin <= obj.ndim and dtype in (None, obj.dtype):
        return obj
    inside = _all_on_device(obj)
    found = np.array(_unwrapped(obj) if inside else obj, order=order, ndmin=ndmin)
    _counts.add("launches" if inside else "to_device")
    return wrap(found.astype(supported(found.dtype if dtype is None else dtype), copy=False))


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    """A device array, without a copy where ``a`` is one already."""
    return array(a, dtype, bool(copy), order or "K")


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    """A NumPy array with the numbers of ``a``."""
    return a.get(stream, order, out) if hasattr(a, "get") else np.asarray(a, order=order)


class ufunc:
    """A function that takes device arrays and scalars only, entry by entry."""

    def __init__(self, name):
        self._function, self.__name__ = getattr(np, name), f"cupy_{name}"
        self.nin, self.nout = (getattr(self._function, part, 1) for part in ("nin", "nout"))

    def __repr__(self):
        return f"<ufunc '{self.__name__}'>"

    def __call__(self, *args, out=None, casting="same_kind", dtype=None):
        if len(args) == self.nin + 1 and out is None:
            *args, out = args
        options = {} if dtype is None else {"dtype": dtype}
        if out is not None:
            options |= {"out": kernel_argument(out), "casting": casting}
        found = self._function(*map(kernel_argument, args), **options)
        _counts.add("launches")
        return wrap(found) if out is None else out


def kernel_argument(x):
    """The NumPy array behind a device array, or the scalar; all else is refused."""
    if isinstance(x, ndarray):
        return x._host
    if isinstance(x, SCALARS):
        return x
    raise TypeError(f"Unsupported type {type(x)}")


@functools.cache
def ufunc_named(name):
    """The ufunc of this name: there is one of each."""
    return ufunc(name)


class ndarray:
    """A device array. ``_host`` is the NumPy array that holds its numbers; views share it."""

    __slots__ = ("_host", "__weakref__")
    __module__ = "cupy"
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, shape, dtype=float, memptr=None, strides=None, order="C"):
        self._host = np.empty(shape, supported(dtype), order)

    shape = property(lambda self: self._host.shape, lambda self, new: setattr(self._host, "shape", new))
    T = property(lambda self: wrap(self._host.T))
    mT = property(lambda self: wrap(self._host.mT))
    data = property(lambda self: Memory(self._host.ctypes.data))
    device = property(lambda self: Device(0))

    # --- to the host -------------------------------------------------------------------------------

    def __array__(self, dtype=None, copy=None):
        raise TypeError(REFUSED)

    def get(self, stream=None, order="C", out=None, blocking=True):
        """A copy on the host."""
        _counts.add("to_host")
        if out is None:
            return np.array(self._host, order=order)
        out[...] = self._host
        return out

    def item(self):
        """The only entry, as a Python number."""
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def __bool__(self):
        if self.size > 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"
            )
        return bool(self.size) and bool(self.get())

    def __reduce__(self):
        return array, (self.get(),)

    # --- from the host -----------------------------------------------------------------------------

    def set(self, arr, stream=None):
        """Overwrite all entries by those of a NumPy array of the same shape and dtype."""
        if not isinstance(arr, np.ndarray) or self.dtype != arr.dtype:
            raise TypeError("Only a numpy.ndarray of the same dtype can be set to cupy.ndarray")
        if self.shape != arr.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        _counts.add("to_device")
        self._host[...] = arr

    def fill(self, value):
        """Set all entries to one number."""
        self[...] = value

    # --- indexing ----------------------------------------------------------------------------------

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    def _key(self, key):
        """The key for NumPy, and the arrays in it: index arrays wrap around instead of failing."""
        key = list(key) if isinstance(key, tuple) else [key]
        for i, s in enumerate(key):
            if isinstance(s, (list, tuple, bool, np.bool_, np.ndarray)):
                empty = isinstance(s, (list, tuple)) and np.size(s) == 0
                key[i] = array(s, np.int32 if empty else None)
            elif not (s is None or s is Ellipsis or isinstance(s, (slice, ndarray))):
                key[i] = int(s)
        spans = [
            0 if s is None or s is Ellipsis else s.ndim if isinstance(s, ndarray) and s.dtype == bool else 1
            for s in key
        ]
        axis, arrays = 0, [s for s in key if isinstance(s, ndarray)]
        for i, (s, span) in enumerate(zip(key, spans, strict=True)):
            if isinstance(s, ndarray):
                key[i] = s._host
                if s.dtype.kind in "iu" and axis < self.ndim:
                    key[i] = np.asarray(s._host % max(1, self.shape[axis]))
            axis += self.ndim - sum(spans) if s is Ellipsis else span
        if arrays:
            _counts.add("launches")
            _counts.add("to_host", sum(a.dtype == bool for a in arrays))  # the size of what comes out
        return (*key, *([] if any(s is Ellipsis for s in key) else [...])), arrays

    def __getitem__(self, key):
        key, arrays = self._key(key)
        found = self._host[key]
        return wrap(found.copy() if arrays else found)

    def __setitem__(self, key, value):
        key, arrays = self._key(key)
        if isinstance(value, ndarray):
            value = value._host
        elif arrays:
            value = value if isinstance(value, SCALARS) else array(value, self.dtype)._host
        elif np.ndim(value):
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        self._host[key] = value
        _counts.add("launches")

    # --- beside NumPy's functions ------------------------------------------------------------------

    def __array_ufunc__(self, function, method, *inputs, **kwargs):
        import cupy

        if "out" in kwargs:
            (kwargs["out"],) = kwargs["out"]
        everything = (*inputs, *([kwargs["out"]] if "out" in kwargs else []))
        known = all(isinstance(x, (ndarray, np.ndarray, *SCALARS)) for x in everything)
        if method != "__call__" or not known or not hasattr(cupy, function.__name__):
            return NotImplemented
        if function.__name__ in COMPARISONS:
            inputs = [x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x for x in inputs]
        return getattr(cupy, function.__name__)(*inputs, **kwargs)

    def __array_function__(self, function, types, args, kwargs):
        import cupy

        try:
            path = [*function.__module__.split(".")[1:], function.__name__]
            ours = functools.reduce(getattr, path, cupy)
        except AttributeError:
            return NotImplemented
        if ours is function or not all(t in (ndarray, np.ndarray) for t in types):
            return NotImplemented
        return ours(*args, **kwargs)


COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
COMPARISONS |= {name: name for name in COMPARISONS.values()}
OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "divmod": "divmod",
    "pow": "power",
    "lshift": "left_shift",
    "rshift": "right_shift",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "matmul": "matmul",
}


def _binary(name, swapped=False):
    """An operator: it defers to what has a higher priority, and asks NumPy's ufunc about all else."""

    def operator(x, y):
        if name in ("equal", "not_equal") and type(y).__eq__ is object.__eq__:
            return wrap(np.full(x.shape, name == "not_equal"))
        if not isinstance(y, ndarray) and getattr(y, "__array_priority__", 0) > x.__array_priority__:
            return NotImplemented
        if not swapped and isinstance(y, ndarray):
            return ufunc_named(name)(x, y) if name != "matmul" else np.matmul(x, y)
        return getattr(np, name)(*((y, x) if swapped else (x, y)))

    return operator


def _in_place(name):
    return lambda x, y: ufunc_named(name)(x, y, x)


def _through_host(name):
    return lambda self, *args: getattr(self.get(), name)(*args)


for _short, _name in OPERATORS.items():
    setattr(ndarray, f"__{_short}__", _binary(_name))
    setattr(ndarray, f"__r{_short}__", _binary(_name, swapped=True))
    if _short not in ("divmod", "matmul"):
        setattr(ndarray, f"__i{_short}__", _in_place(_name))
for _short in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(ndarray, f"__{_short}__", _binary(COMPARISONS[_short]))
for _short, _name in {"neg": "negative", "abs": "absolute", "invert": "invert"}.items():
    setattr(ndarray, f"__{_short}__", lambda self, _name=_name: ufunc_named(_name)(self))
for _name in ("int", "float", "complex", "repr", "str", "format"):
    setattr(ndarray, f"__{_name}__", _through_host(f"__{_name}__"))
for _name in ("tolist", "tobytes"):
    setattr(ndarray, _name, _through_host(_name))
for _name in ("dtype", "ndim", "size", "itemsize", "nbytes", "strides", "flags"):
    setattr(ndarray, _name, property(lambda self, _name=_name: getattr(self._host, _name)))
