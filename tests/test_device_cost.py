"""What calls cost on a device, counted under the stand-in for CuPy: copies to and from the host, launches."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

STANDIN = Path(__file__).parent / "standin"
PROBLEM = """
from itertools import islice
import cupy, numpy as np
from cupy import _counts
import cscbook
from cscbook import *
from cscbook.localglobal import lobcod
from cscbook.pursuits import fista, ista
rng = np.random.default_rng(0)
D = ConvDictionary(random_dictionary(16, 3, rng)[:, None, :], (400,))
A, Y = random_dictionary(20, 40, rng), asarray(rng.standard_normal((20, 300)))
y = asarray(rng.standard_normal((400, 1)))
D.T @ y
def cost(call):
    with _counts.counting() as found:
        call()
    return found
def after(steps, t):
    return next(islice(steps, t - 1, None))
"""
AT_ONCE = {  # computed on the host: one copy of each array in, one of each result out, however long it takes
    "omp of one signal": "lambda n: omp(D, y, k=n)",
    "omp of columns": "lambda n: omp(A, Y[:, : 10 * n], k=5)",
    "basis pursuit": "lambda n: basis_pursuit(D, y, 0.5 / n, tol=1e-6)",
    "basis pursuit on a matrix": "lambda n: basis_pursuit(A, Y[:, : 10 * n], 0.1)",
    "K-SVD": "lambda n: ksvd(Y, n_atoms=30, k=3, n_iter=n)",
    "LoBCoD, learning": "lambda n: lobcod_dictionary_learning([y], (8,), 4, 0.3, n_iter=n)",
    "slices, learning": "lambda n: slice_dictionary_learning([y], (8,), 4, 0.3, n_iter=n)",
}
STEPS = {  # each step the same launches, and nothing that waits for the device
    "ISTA": "lambda n: after(ista(D, y, 0.3), n)",
    "FISTA": "lambda n: after(fista(D, y, 0.3), n)",
    "multi-layer FISTA": "lambda n: after(ml_fista([D], y, [0.3]), n)",
    "slices by iterative thresholding": "lambda n: after(local_ista(D, y, 0.3), n)",
}


def costs(call):
    """The counts of a short and of a long call."""
    code = f"{PROBLEM}\ncall = {call}\ncall(4)\nprint(cost(lambda: call(4)))\nprint(cost(lambda: call(24)))"
    env = os.environ | {"PYTHONPATH": str(STANDIN), "CSCBOOK_BACKEND": "cupy"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [eval(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("call", AT_ONCE.values(), ids=AT_ONCE)
def test_what_steps_one_by_one_is_copied_once(call):
    short, long = costs(call)
    assert short["to_host"] == long["to_host"] <= 6 and short["to_device"] <= long["to_device"] <= 6
    assert long["launches"] <= 40, "nothing else is left to the device"


@pytest.mark.parametrize("call", STEPS.values(), ids=STEPS)
def test_what_steps_in_parallel_never_waits_for_the_device(call):
    short, long = costs(call)
    assert short["to_host"] == long["to_host"] and short["to_device"] == long["to_device"]
    assert long["launches"] > 3 * short["launches"] / 2, "it does run there"


def test_a_number_read_in_a_loop_is_seen():
    short, long = costs("lambda n: [float(y[i, 0]) for i in range(n)]")
    assert long["to_host"] - short["to_host"] == 20
