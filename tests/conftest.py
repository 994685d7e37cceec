"""Every core test takes ``xp``: NumPy in both precisions, and the strict array API on a device that is
not the CPU.

``array_api_strict`` at ``Device("device1")`` stands in for a GPU: it refuses what CuPy would refuse.
Tests marked ``gpu`` run the same laws on CuPy, where a device answers.
"""

import array_api_compat
import array_api_compat.numpy
import array_api_strict
import numpy as np
import pytest

from cscbook.arrays import to_numpy


class Library:
    """An array library with one float type on one device: ``xp(a)`` moves a NumPy array there."""

    def __init__(self, namespace, dtype, device=None, tol=1e-12):
        self.namespace, self.dtype, self.device, self.tol = namespace, dtype, device, tol

    def __call__(self, a):
        return self.namespace.asarray(
            np.asarray(a), dtype=getattr(self.namespace, self.dtype), device=self.device
        )

    def __repr__(self):
        return f"{self.namespace.__name__}-{self.dtype}"


def _cupy(dtype, tol):
    cupy = pytest.importorskip("cupy")
    if not cupy.is_available():
        pytest.skip("no CUDA device answers")
    import array_api_compat.cupy

    return Library(array_api_compat.cupy, dtype, tol=tol)


@pytest.fixture(params=["numpy", "numpy-float32", "strict", pytest.param("cupy", marks=pytest.mark.gpu)])
def xp(request):
    """NumPy float64 and float32, array_api_strict on ``Device("device1")``, and CuPy: ``xp(a)`` makes
    an array."""
    if request.param == "numpy":
        return Library(array_api_compat.numpy, "float64")
    if request.param == "numpy-float32":
        return Library(array_api_compat.numpy, "float32", tol=3e-5)
    if request.param == "strict":
        return Library(array_api_strict, "float64", array_api_strict.Device("device1"))
    return _cupy("float64", 1e-10)


@pytest.fixture
def close(xp):
    """``close(a, b)``: equal to the precision of ``xp``, relative to the larger of 1 and the largest
    entry of ``b``."""

    def check(a, b, factor=1.0):
        a, b = to_numpy(a), to_numpy(b)
        assert a.shape == b.shape
        scale = max(1.0, float(np.abs(b).max())) if b.size else 1.0
        np.testing.assert_allclose(a, b, rtol=0, atol=factor * xp.tol * scale)

    return check


@pytest.fixture
def rng():
    return np.random.default_rng(0)
