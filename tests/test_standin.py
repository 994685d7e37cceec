"""The stand-in for CuPy refuses what CuPy refuses, counts what would cross the bus, and has no name that CuPy
lacks.

Each check runs in a process of its own, so that no other test meets the stand-in as ``cupy``.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

STANDIN = Path(__file__).parent / "standin"
START = """
import inspect, math, operator, pickle
import numpy as np, cupy as cp
from cupy import _counts
from cupy._counts import counting

def refused(error, message, f, *args, **kwargs):
    try:
        found = f(*args, **kwargs)
    except error as problem:
        assert message in str(problem), problem
    else:
        raise AssertionError(f"not refused: {found!r}")

x, v, s = cp.asarray(np.arange(12.0).reshape(3, 4)), cp.asarray([1.0, 2.0, 3.0]), cp.asarray(2.5)
i, mask, one = cp.asarray([0, 4]), v > 1.5, np.ones(3)
"""


def run(code, path=STANDIN, start=START):
    """Run ``code`` in a fresh interpreter that finds the stand-in; a failure shows what it wrote."""
    environment = {**os.environ, "PYTHONPATH": str(path), "CSCBOOK_BACKEND": "cupy", "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-c", start + textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=STANDIN.parent.parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


RULES = {
    "no implicit copy to NumPy": """
        for f in (np.asarray, np.array, np.ascontiguousarray, lambda a: np.array([a, a])):
            refused(TypeError, "Please use `.get()`", f, v)
        import scipy.linalg
        refused(TypeError, "Please use `.get()`", scipy.linalg.norm, v)
        refused(TypeError, "Please use `.get()`", lambda: one[i])
        assert type(v.get()) is type(cp.asnumpy(v)) is np.ndarray
    """,
    "operators": """
        for name in ("add", "sub", "mul", "truediv", "pow", "matmul", "lt", "eq"):
            f = getattr(operator, name)
            refused(TypeError, "numpy.ndarray", f, v, one)
            refused(TypeError, "numpy.ndarray", f, one, v)
        refused(TypeError, "numpy.ndarray", operator.iadd, v, one)
        refused(TypeError, "numpy.ndarray", operator.add, v, np.array(1.0))
        refused(TypeError, "NotImplemented", operator.add, v, [1, 2, 3])
        assert bool((v > np.array(0.0)).all())  # comparisons alone take a NumPy array without axes
        assert not bool((v == None).any()) and bool((v != None).all())
        for number in (2, 2.0, np.float64(2), np.int64(2)):
            assert (number * v).tolist() == (v * number).tolist() == [2, 4, 6]
    """,
    "types": """
        f = v.astype(cp.float32)
        assert (f * 2.0).dtype == cp.float32 and (f * np.float64(2)).dtype == (f + v).dtype == cp.float64
        assert (f * s).dtype == cp.float64 and (i / 2).dtype == cp.float64
        f += v
        assert f.dtype == cp.float32
        refused(TypeError, "same_kind", operator.iadd, i, 1.5)
        refused(ValueError, "Unsupported dtype", cp.asarray, ["a"])
        refused(ValueError, "Unsupported dtype", v.astype, object)
    """,
    "functions of NumPy": """
        for found in (np.sin(v), np.maximum(v, 0), np.sum(v), np.concatenate([v, v]), np.linalg.norm(v)):
            assert type(found) is cp.ndarray
        for f in (np.add, np.dot, np.outer, np.maximum):
            refused(TypeError, "numpy.ndarray", f, v, one)
        refused(TypeError, "numpy.ndarray", np.stack, [v, one])
    """,
    "functions of CuPy": """
        for f in (cp.add, cp.matmul, cp.dot, cp.maximum, cp.isclose, cp.where):
            refused(TypeError, "numpy.ndarray", f, v, one)
        for f in (cp.concatenate, cp.stack, cp.vstack):
            refused(TypeError, "numpy.ndarray", f, [v, one])
        refused(TypeError, "numpy.ndarray", cp.einsum, "i,i", v, one)
        refused(TypeError, "numpy.ndarray", cp.clip, v, one, 3)
        refused(np.linalg.LinAlgError, "cupy.ndarray", cp.linalg.pinv, np.eye(3))
        refused(TypeError, "list", cp.all, [True])
        assert cp.take(v, [0, 1]).tolist() == [1, 2]
    """,
    "names and keywords": """
        for name in ("block", "vecdot", "unstack", "insert", "errstate", "ndenumerate", "longdouble"):
            assert not hasattr(cp, name), name
        for name in ("vector_norm", "matrix_norm", "svdvals", "multi_dot", "diagonal"):
            assert not hasattr(cp.linalg, name), name
        for name in ("to_device", "__array_namespace__", "__array_interface__", "ctypes", "newbyteorder"):
            assert not hasattr(v, name), name
        for f, word in ((cp.sum, "where"), (cp.sum, "initial"), (cp.max, "initial"), (cp.sort, "dtype"),
                        (cp.linalg.svd, "hermitian"), (cp.asarray, "device"), (cp.fft.rfftn, "workers"),
                        (v.sum, "where"), (cp.exp, "where"), (cp.median, "dtype")):
            args = () if f == v.sum else (x,)
            refused(TypeError, word, f, *args, **{word: None})
        refused(ValueError, "kind can only be", cp.argsort, v, kind="quicksort")
        refused(TypeError, "casting", v.astype, "f4", casting="safe")
        import cupyx.scipy.fft
        refused(TypeError, "workers", cupyx.scipy.fft.rfftn, x, workers=-1)
    """,
    "numbers are arrays without axes": """
        for found in (v.sum(), v[0], x[1, 2], cp.max(v), cp.linalg.norm(v), cp.all(mask), cp.allclose(v, v)):
            assert type(found) is cp.ndarray and found.shape == ()
        refused(TypeError, "__round__", round, s)
        refused(TypeError, "integer", range, cp.asarray(3))
        refused(TypeError, "integer", cp.zeros, cp.asarray(3))
        refused(TypeError, "integer", cp.zeros, (cp.asarray(3),))
        refused(TypeError, "indices", operator.getitem, [1, 2, 3], cp.asarray(1))
        refused(TypeError, "unsized", len, s)
        refused(TypeError, "0-d", iter, s)
        refused(TypeError, "unhashable", hash, s)
        refused(ValueError, "ambiguous", bool, v)
        refused(ValueError, "size 1", v.item)
        refused(AttributeError, "", setattr, v, "name", 1)
        assert math.sqrt(cp.asarray(4.0)) == 2 and f"{s:.2f}" == "2.50" and len(v) == 3
        assert pickle.loads(pickle.dumps(v)).tolist() == [1, 2, 3]
    """,
    "memory": """
        host = np.ones(3)
        w = cp.asarray(host)
        host[0] = 7
        assert w.tolist() == [1, 1, 1] and cp.asarray(w) is w and cp.array(w) is not w
        w[1:][...] = 5
        w[0] += 1
        w.reshape(3, 1).T[0, 2] = 9
        assert w.tolist() == [2, 5, 9]
        assert w.device == cp.cuda.Device(0) and w.data.ptr
    """,
    "indexing": """
        assert v[i].tolist() == v[[0, 4]].tolist() == v[np.array([0, 4])].tolist() == [1, 2]  # 4 wraps to 1
        assert cp.take(v, i).tolist() == [1, 2] and x[i, [1, 5]].tolist() == [1, 5]
        assert v[mask].tolist() == [2, 3] and x[..., i].shape == (3, 2) and x[None, mask, 1].shape == (1, 2)
        refused(IndexError, "", operator.getitem, v, 3)
        refused(IndexError, "", operator.getitem, v, v)
        refused(IndexError, "", operator.getitem, x, cp.asarray([True, False]))
        for key in (slice(None), Ellipsis, slice(0, 3)):
            refused(ValueError, "cannot be used for fill", operator.setitem, v, key, one)
        refused(ValueError, "cannot be used for fill", operator.setitem, v, slice(0, 2), [1.0, 2.0])
        v[0], v[1:] = np.array(4.0), v[:2].copy()
        v[[0, 5]] = np.array([8.0, 9.0])  # an index array lets a NumPy array through, as a copy to the device
        assert v.tolist() == [8, 1, 9]
    """,
    "a singular matrix is no error": """
        assert cp.isnan(cp.linalg.inv(cp.zeros((2, 2)))).all()
        assert cp.isnan(cp.linalg.cholesky(-cp.eye(2))).all()
        refused(ValueError, "shape", cp.linalg.solve, cp.eye(3)[None], cp.ones((3, 2)))
    """,
    "sparse matrices": """
        import scipy.sparse
        from cupyx.scipy import sparse
        a = sparse.csr_matrix(x)
        assert sparse.issparse(a) and not scipy.sparse.issparse(a) and type(a.data) is cp.ndarray
        assert cp.allclose((a.T @ a[:, 1:]).toarray(), x.T @ x[:, 1:]) and type(a.toarray()) is cp.ndarray
        assert cp.allclose(a @ cp.ones(4), x.sum(axis=1)) and cp.allclose(cp.ones(3) @ a, x.sum(axis=0))
        assert scipy.sparse.issparse(a.get()) and sparse.csc_matrix(a.get()).shape == (3, 4)
        assert a.count_nonzero() == a.nnz == 11 and a.astype("f4").dtype == cp.float32
        refused(ValueError, "Only bool", sparse.csr_matrix, cp.eye(3, dtype=int))
        refused(ValueError, "Unsupported", sparse.csr_matrix, np.eye(3))
        refused(TypeError, "", operator.matmul, a, np.ones(4))
        refused(TypeError, "", np.asarray, a)
    """,
    "counts": """
        with counting() as c:
            w = cp.asarray(one)
            y = (w + 1).sum()
            y = x.T[1:].reshape(-1)
        assert c == {"launches": 3, "to_host": 0, "to_device": 1}, c
        with counting() as c:
            float(s), int(s), bool(s), s.item(), v.get(), str(v), v.tolist(), v[mask], cp.nonzero(v)
        assert c["to_host"] == 9, c
        with counting() as c:
            v[mask] = 0
        assert c["to_host"] == 1 and c["launches"] > 0
        _counts.reset()
        assert not any(_counts.read().values())
    """,
}


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule):
    run(RULES[rule])


def test_planted_faults_are_caught():
    """A package line that would fail or crawl on a GPU fails or is counted here."""
    run("""
        import matplotlib.pyplot as plt
        from cscbook.arrays import array_namespace, asarray, backend, is_numpy
        assert backend() is cp and type(asarray(one)) is cp.ndarray and not is_numpy(v)
        assert array_namespace(v, x).__name__ == "array_api_compat.cupy"
        refused(TypeError, "mixed array libraries: numpy.ndarray, cupy.ndarray", array_namespace, one, v)
        figure, ax = plt.subplots()
        refused(TypeError, "Please use `.get()`", ax.plot, v)
        refused(TypeError, "Please use `.get()`", ax.imshow, x)
        refused(TypeError, "numpy.ndarray", lambda: asarray(one) + np.ones(3))
        with counting() as c:
            total = 0.0
            for entry in asarray(one):
                total += float(entry)
        assert total == 3.0 and c["to_host"] == 3 and c["to_device"] == 1
    """)


def test_the_stand_in_stays_out_of_this_process():
    assert str(STANDIN) not in sys.path
    assert not str(getattr(sys.modules.get("cupy"), "__file__", "")).startswith(str(STANDIN))


NAMES = """
import importlib, inspect, json
found = {}
for name in "cupy cupy.linalg cupy.fft cupy.lib.stride_tricks cupyx.scipy.fft cupyx.scipy.sparse".split():
    module = importlib.import_module(name)
    for part, value in [(part, getattr(module, part)) for part in dir(module) if not part.startswith("_")]:
        try:
            kinds = inspect.signature(value).parameters.values()
        except (TypeError, ValueError):
            kinds = ()
        star = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in kinds)
        plain = inspect.isfunction(value) or type(value).__name__ == "_GUFunc"
        found[f"{name}.{part}"] = [[p.name for p in kinds], star] if plain else None
for part in dir(importlib.import_module("cupy").ndarray):
    if not part.startswith("_"):
        found[f"ndarray.{part}"] = None
print(json.dumps(found))
"""


def _cupy_is_installed():
    names = (d.metadata["Name"] or "" for d in importlib.metadata.distributions())
    return any(name.startswith("cupy-cuda") for name in names)


@pytest.mark.skipif(not _cupy_is_installed(), reason="the CuPy wheel of the extra 'gpu' is not installed")
def test_names_and_parameters_are_those_of_the_wheel():
    paths = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if Path(p or ".") != STANDIN]
    real = json.loads(run(NAMES, os.pathsep.join(paths), start=""))
    ours = json.loads(run(NAMES, start=""))
    assert len(ours) > 300 and [name for name in ours if name not in real] == []
    for name, mine in ours.items():
        if mine and real[name] and not real[name][1]:
            assert set(mine[0]) <= set(real[name][0]), name
