"""A stand-in for CuPy 14 without a device: NumPy computes, CuPy's rules hold.

With the folder above this one on PYTHONPATH, ``import cupy`` finds it. It has those names and parameters of
the real library that ``_functions`` lists, refuses what the real one refuses, and counts in ``_counts`` what
a device would have had to do. It says nothing about speed or rounding on a device.
"""

import numpy as _np

from . import _array, _functions, _methods, cuda, fft, lib, linalg
from ._array import array, asarray, asnumpy, ndarray, ufunc
from ._methods import ascontiguousarray, copyto, get_array_module
from .cuda import is_available

__version__ = "14.2.0"

asanyarray = asarray
globals().update({_name: getattr(_np, _name) for _name in _functions.CONSTANTS.split()})
globals().update({_name: _array.ufunc_named(_name) for _name in _functions.UFUNCS.split()})
globals().update(_functions.FUNCTIONS)
