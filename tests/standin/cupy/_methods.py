"""The methods of ``cupy.ndarray``, and the few functions that fit in no table."""

import sys

import numpy as np

from . import _counts
from ._array import array, kernel_argument, ndarray, supported, ufunc_named, wrap
from ._functions import FUNCTIONS, make

SAME_AS_FUNCTIONS = """
all any argpartition argsort cumprod cumsum diagonal dot max mean min nonzero prod ptp ravel repeat round
searchsorted squeeze std sum swapaxes take trace var
"""


def ascontiguousarray(a, dtype=None):
    """A device array whose numbers lie in a row."""
    return array(a, dtype, copy=isinstance(a, ndarray) and not a.flags.c_contiguous, order="C")


def get_array_module(*args):
    """This library if one of the arguments is a device array, else NumPy."""
    return sys.modules["cupy"] if any(isinstance(a, ndarray) for a in args) else np


def copyto(dst, src, casting="same_kind", where=None):
    """Overwrite a device array; of the host only a number will do."""
    if isinstance(src, np.ndarray) and src.ndim:
        raise ValueError("non-scalar numpy.ndarray cannot be used for copyto")
    src = src.item() if isinstance(src, np.ndarray) else kernel_argument(src)
    np.copyto(kernel_argument(dst), src, casting, True if where is None else kernel_argument(where))
    _counts.add("launches")


def _astype(a, dtype, order="K", casting=None, subok=None, copy=True):
    if casting is not None or subok is not None:
        raise TypeError("casting and subok are not supported yet")
    return a.astype(supported(dtype), order=order, copy=copy)


def _clip(a, min=None, max=None, out=None):
    return np.clip(a, min, max)


def _arg(function):
    return lambda a, axis=None, out=None, dtype=None, keepdims=False: function(a, axis, keepdims=keepdims)


OWN = {
    "astype": ("a, dtype, order='K', casting=None, subok=None, copy=True", _astype),
    "argmax": ("a, axis=None, out=None, dtype=None, keepdims=False", _arg(np.argmax)),
    "argmin": ("a, axis=None, out=None, dtype=None, keepdims=False", _arg(np.argmin)),
    "clip": ("a, min=None, max=None, out=None", _clip),
    "copy": ("a, order='C'", np.copy),
    "flatten": ("a, order='C'", np.ndarray.flatten),
    "view": ("a, dtype=None, type=None", lambda a, dtype=None, type=None: a.view(dtype or a.dtype)),
    "sort": ("a, axis=-1, kind=None", np.ndarray.sort),
    "reshape": ("a, *shape, order='C', copy=None", np.ndarray.reshape),
    "transpose": ("a, *axes", lambda a, *axes: a.transpose(*axes)),
}


def bind(function):
    """A method that passes its array on as the first argument."""
    return lambda self, *args, **kwargs: function(self, *args, **kwargs)


for _name in SAME_AS_FUNCTIONS.split():
    setattr(ndarray, _name, bind(FUNCTIONS[_name]))
for _name, (_parameters, _function) in OWN.items():
    setattr(ndarray, _name, bind(make(_name, _parameters, _function)))
ndarray.__copy__ = ndarray.copy
ndarray.__deepcopy__ = lambda self, memo: self.copy()
ndarray.conj = ndarray.conjugate = lambda self: ufunc_named("conj")(self) if self.dtype.kind == "c" else self
ndarray.real = property(lambda self: wrap(self._host.real), lambda self, new: wrap(self._host.real).fill(new))
ndarray.imag = property(lambda self: wrap(self._host.imag), lambda self, new: wrap(self._host.imag).fill(new))
