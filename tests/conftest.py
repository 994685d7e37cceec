"""Every core test takes ``xp``: NumPy and the strict array API, in both precisions, the latter on a device
that is not the CPU.

``array_api_strict`` at ``Device("device1")`` stands in for a GPU: it refuses what CuPy would refuse.
Tests marked ``gpu`` run the same laws on CuPy, where a device answers. With ``CSCBOOK_LIBRARIES=torch,jax``
in the environment, those marked ``libraries`` run them on PyTorch and JAX too.
"""

import numba
import numpy as np
import pytest
from libraries import ASKED, library

from cscbook.arrays import to_numpy


@pytest.fixture(
    params=[
        "numpy",
        "numpy-float32",
        "strict",
        "strict-float32",
        pytest.param("cupy", marks=pytest.mark.gpu),
        *(
            pytest.param(name + kind, marks=pytest.mark.libraries)
            for name in ASKED
            for kind in ("", "-float32")
        ),
    ]
)
def xp(request):
    """NumPy float64 and float32, array_api_strict on ``Device("device1")`` in both, CuPy, and the libraries
    that are asked for: ``xp(a)`` makes an array."""
    return library(request.param)


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


@pytest.fixture
def on_threads(monkeypatch):
    """``on_threads(work)``: what ``work()`` gives on one, two and four threads."""

    def run(work):
        found = []
        for threads in (1, 2, 4):
            monkeypatch.setattr(numba, "get_num_threads", lambda threads=threads: threads)
            found.append(work())
        return found

    return run
