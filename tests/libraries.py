"""Array libraries under test: one name each, such as ``"strict"`` or ``"torch-float32"``."""

import importlib
import os

import array_api_compat
import array_api_compat.numpy
import array_api_strict
import numpy as np
import pytest

from cscbook.arrays import to_numpy

TOLERANCE = {"float64": 1e-12, "float32": 3e-5}
# PyTorch and JAX are no dependencies: the laws run on those that CSCBOOK_LIBRARIES=torch,jax names.
ASKED = [name for name in os.environ.get("CSCBOOK_LIBRARIES", "").split(",") if name]


class Library:
    """An array library with one float type on one device: ``xp(a)`` moves a NumPy array there."""

    def __init__(self, namespace, dtype, device=None, tol=None):
        self.namespace, self.dtype, self.device = namespace, dtype, device
        self.tol = tol or TOLERANCE[dtype]

    def __call__(self, a):
        a = np.array(to_numpy(a))
        return self.namespace.asarray(a, dtype=getattr(self.namespace, self.dtype), device=self.device)

    def __repr__(self):
        return f"{self.namespace.__name__}-{self.dtype}"


def library(name):
    """The :class:`Library` of that name. PyTorch and JAX are skipped where they are not installed, unless
    they are asked for."""
    module, _, dtype = name.partition("-")
    dtype = dtype or "float64"
    if module == "numpy":
        return Library(array_api_compat.numpy, dtype)
    if module == "strict":
        return Library(array_api_strict, dtype, array_api_strict.Device("device1"))
    if module == "cupy":
        return _cupy(dtype)
    if module not in ASKED:
        pytest.importorskip(module)
    return Library(_torch() if module == "torch" else _jax(), dtype)


def _torch():
    return array_api_compat.array_namespace(importlib.import_module("torch").zeros(1))


def _jax():
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)  # for the whole process, in which nothing else uses JAX
    return jax.numpy


def _cupy(dtype):
    cupy = pytest.importorskip("cupy")
    if not cupy.is_available():
        pytest.skip("no CUDA device answers")
    import array_api_compat.cupy

    return Library(array_api_compat.cupy, dtype, tol=1e-10)
