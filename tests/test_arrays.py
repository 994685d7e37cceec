"""The array layer: which library, what is refused, and what a machine without a GPU says."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from cscbook.arrays import array_namespace, asarray, check, fft, indices, sparse, to_numpy, zeros

PACKAGE = Path(__file__).parent.parent / "cscbook"


def test_namespace_works_on_its_arrays(xp):
    a = xp([1.0, 2.0])
    assert float(array_namespace(a, a).sum(a)) == 3.0


def test_round_trip(xp):
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert np.array_equal(to_numpy(xp(a)), a)
    assert asarray(a, like=xp(a)).dtype == xp(a).dtype
    assert zeros((2, 3), like=xp(a)).shape == (2, 3)
    assert np.array_equal(to_numpy(indices(range(3), like=xp(a))), [0, 1, 2])


def test_fft_inverts(xp, close, rng):
    x = rng.standard_normal((6, 8))
    library = fft(xp(x))
    close(library.irfftn(library.rfftn(xp(x)), s=(6, 8), axes=(0, 1)), x)


def test_sparse_matrices():
    assert sparse(np.ones(1)) is scipy.sparse
    assert scipy.sparse.issparse(to_numpy(scipy.sparse.eye_array(3)))


def test_mixed_libraries_and_devices_are_refused():
    import array_api_strict

    strict = array_api_strict.asarray([1.0])
    with pytest.raises(TypeError, match="mixed array libraries: numpy.ndarray, array_api_strict"):
        array_namespace(np.ones(1), strict)
    with pytest.raises(TypeError, match="mixed devices"):
        array_namespace(strict, array_api_strict.asarray([1.0], device=array_api_strict.Device("device1")))
    with pytest.raises(TypeError, match="builtins.list"):
        array_namespace([1.0])


@pytest.mark.parametrize(
    "bad, error, message",
    [
        (np.array([1, 2]), TypeError, "int"),
        (np.array([1j]), TypeError, "complex"),
        (np.array([np.inf]), ValueError, "NaN or inf"),
        (np.zeros((0,)), ValueError, "empty"),
        (np.ones((2, 2)), ValueError, r"shape \(2, 2\)"),
    ],
)
def test_check_names_the_value(bad, error, message):
    with pytest.raises(error, match=message):
        check("signal", bad, ndim=1)


def python(code, **variables):
    """Run ``code`` in a fresh interpreter; returns the finished process."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), **variables}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )


def test_an_unknown_backend_is_an_error():
    done = python("import cscbook; cscbook.backend()", CSCBOOK_BACKEND="jax")
    assert done.returncode == 1 and "CSCBOOK_BACKEND='jax': expected 'numpy' or 'cupy'" in done.stderr


def test_numpy_can_be_asked_for():
    done = python("import cscbook; print(cscbook.backend().__name__)", CSCBOOK_BACKEND="numpy")
    assert done.stdout.strip() == "numpy"


def _device():
    try:
        import cupy
    except ImportError:
        return False
    return cupy.is_available()


@pytest.mark.skipif(_device(), reason="a CUDA device answers here")
def test_without_a_device_the_choice_is_numpy_and_cupy_is_refused_in_one_sentence():
    assert (
        python("import cscbook; print(cscbook.backend().__name__)", CSCBOOK_BACKEND="").stdout.strip()
        == "numpy"
    )
    done = python("import cscbook; cscbook.backend()", CSCBOOK_BACKEND="cupy")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("RuntimeError: CSCBOOK_BACKEND=cupy, but CuPy ")


def names_used():
    """Every ``xp.name`` (and ``xp.linalg.name``) in the package."""
    names = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                dotted = ast.unparse(node)
                if dotted.startswith("xp.") and dotted[3:].replace(".", "").isidentifier():
                    names.add(dotted[3:])
    return names


def test_every_array_function_exists_in_cupy():
    if not os.environ.get("CSCBOOK_CI"):  # there a missing wheel is a failure
        pytest.importorskip("cupy", reason="no CuPy wheel is installed")
    import array_api_compat.cupy as cupy_namespace

    assert {"take", "linalg.pinv"} <= names_used()
    for name in sorted(names_used()):
        found = cupy_namespace
        for part in name.split("."):
            found = getattr(found, part, None)
        assert found is not None, f"array_api_compat.cupy has no {name}"


def test_numbers_are_not_changed_by_the_type_of_their_neighbours(xp):
    with pytest.raises(TypeError, match="x has dtype complex128: expected real numbers"):
        asarray(np.array([1j]), like=xp([1.0]))
    with pytest.raises(ValueError, match="x holds numbers that float32 does not"):
        asarray(np.array([1e300]), like=np.ones(1, np.float32))


@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
def test_single_precision_holds_smaller_numbers_in_either_order_of_bytes(dtype):
    check("y", np.full(3, 1e17, dtype))
    with pytest.raises(ValueError, match=r"y holds 1e\+18: expected at most 1e\+17"):
        check("y", np.full(3, 1e18, dtype))
