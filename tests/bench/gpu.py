"""What a GPU is good for, in less than four minutes on a machine that has one: ``python tests/bench/gpu.py``.

First the tests marked ``gpu``. Then the same calls on NumPy and on CuPy arrays, in one process: wall seconds
of the host, on all its cores; of the device, on arrays that lie there; and of the copies to it and back, as a
caller whose arrays lie on the host pays them too. The last columns are the ratio, copies included, and how
far the two results are apart. Steps that are parallel stay on the device; pursuits whose steps wait for one
another go through the host. ``--small`` rehearses it where there is no device:

    CSCBOOK_BACKEND=cupy PYTHONPATH=.:tests/standin python tests/bench/gpu.py --small

``python tests/bench gpu`` prints the table alone, with one thread on the host.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np

from cscbook import ConvDictionary, basis_pursuit, fista, forward_pass, load_digits, omp, to_numpy, train_cnn

LIMIT, FOR_TESTS, FOR_ONE = 225, 120, 40  # seconds: of all, of the tests, and of one measurement
FULL = {"side": 512, "signals": 1000, "patches": 100_000, "digits": 4000}
SMALL = {"side": 48, "signals": 20, "patches": 500, "digits": 200}


class Late(Exception):
    """A measurement that would take too long."""


def problem(space, size, m, density, rng, batch=()):
    """Random unit filters, and signals (*batch, *space, 1) of few atoms with noise, in float32."""
    filters = rng.standard_normal((*size, 1, m)).astype("f4")
    filters /= np.sqrt((filters**2).sum(axis=tuple(range(len(size))), keepdims=True))
    gamma = np.zeros((*batch, *space, m), dtype="f4")
    on = rng.choice(gamma.size, int(density * gamma.size), replace=False)
    gamma.reshape(-1)[on] = rng.standard_normal(len(on))
    y = ConvDictionary(filters, space) @ gamma
    return filters, (y + 0.02 * rng.standard_normal(y.shape)).astype("f4")


def many_patches(p, rng):
    """A matrix of 256 atoms, and p patches."""
    D = rng.standard_normal((64, 256)).astype("f4")
    return D / np.linalg.norm(D, axis=0), rng.standard_normal((64, p)).astype("f4")


def steps(D, y, n):
    """The code after ``n`` steps of FISTA."""
    *_, gamma = islice(fista(D, y, 0.3), n)
    return gamma


def epoch(x, labels):
    """The loss of one epoch of the book's network."""
    trained = train_cnn(x, labels, n_iter=1, batch=64, rng=np.random.default_rng(0))
    return np.asarray(trained.trace[-1]["loss"])


def tasks(side, signals, patches, digits):
    """For each task its name, the arrays of the host that it takes, and the function of them."""
    rng = np.random.default_rng(0)
    image = problem((side, side), (11, 11), 64, 1e-4, rng)
    batch = problem((640,), (64,), 2, 0.02, rng, (signals,))
    A = many_patches(patches, rng)
    x, labels = (to_numpy(a)[:digits] for a in load_digits()[:2])
    at, many = f"{side}^2, 64 of 11 x 11", f"{signals} signals of 640"

    def over(filters, y, call):
        return call(ConvDictionary(filters, y.shape[-1 - (filters.ndim - 2) : -1]), y)

    return [
        (f"D^T y, {at}", image, lambda f, y: over(f, y, lambda D, y: D.T @ y)),
        (f"forward pass, {at}", image, lambda f, y: over(f, y, lambda D, y: forward_pass([D], y, [0.3])[-1])),
        (f"20 steps of FISTA, {at}", image, lambda f, y: over(f, y, lambda D, y: steps(D, y, 20))),
        (f"CBPDN to a gap of 1e-2, {at}", image, lambda f, y: over(f, y, lambda D, y: pursued(D, y, 1e-2))),
        (f"200 steps of FISTA, {many}", batch, lambda f, y: over(f, y, lambda D, y: steps(D, y, 200))),
        (f"CBPDN to a gap of 1e-4, {many}", batch, lambda f, y: over(f, y, lambda D, y: pursued(D, y, 1e-4))),
        (f"OMP, k = 4, {patches} patches", A, lambda A, Y: omp(A, Y, k=4).gamma.toarray()),
        (f"50 steps of FISTA, {patches} patches", A, lambda A, Y: steps(A, Y, 50)),
        (f"an epoch of the network, {digits} digits", (x.astype("f4"), labels), epoch),
    ]


def pursued(D, y, tol):
    return basis_pursuit(D, y, 0.3, tol=tol).gamma


def seconds(work, repeat):
    """Wall seconds and result: the best of several runs after one that compiles."""
    times = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        found = work()
        float(found.ravel()[0])  # waits for the device
        times.append(time.perf_counter() - start)
    return min(times[1:]), found


def row(name, given, work, kind, repeat):
    """One line of the table."""
    there = [kind.asarray(a) for a in given]
    device, found = seconds(lambda: work(*there), repeat)
    copies_in, _ = seconds(lambda: [kind.asarray(a) for a in given][-1], repeat)
    copies_out, back = seconds(lambda: to_numpy(found), repeat)
    host, expected = seconds(lambda: work(*given), 1)
    moved = (sum(a.nbytes for a in given) + back.nbytes) / 2**20
    copies, size = copies_in + copies_out, max(float(np.abs(expected).max()), 1e-30)
    apart, ratio = float(np.abs(back - expected).max()) / size, host / (device + copies)
    return f"{name:44} {host:8.3f} {device:8.3f} {copies:8.3f} {moved:8.1f} {ratio:7.1f} x {apart:8.0e}"


def within(limit, work):
    """``work()``, or :class:`Late` where it takes longer than ``limit`` seconds."""

    def ring(*_):
        raise Late

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(limit, 1e-3))
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(repeat, sizes=FULL, end=None):
    """The table; what would end after ``end`` on the clock is left out."""
    try:
        import cupy

        if not cupy.is_available():
            raise ImportError("CuPy finds no device")
    except ImportError as error:
        print(f"\nThe same call on NumPy and on CuPy arrays: left out, {error}")
        return
    end = time.perf_counter() + LIMIT if end is None else end
    heads = f"{'host':>8} {'device':>8} {'copies':>8} {'MiB':>8} {'ratio':>9} {'apart':>8}"
    print(f"\n{'wall seconds':44} {heads}")
    for name, given, work in tasks(**sizes):
        limit = min(FOR_ONE, end - time.perf_counter())
        try:
            print(
                within(limit, lambda name=name, given=given, work=work: row(name, given, work, cupy, repeat))
            )
        except Late:
            print(f"{name:44} left out: it takes more than {limit:.0f} s")
        sys.stdout.flush()


def gpu_tests(jobs, more):
    """The tests marked ``gpu``, in a process of their own; the last line that they print."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "tests", "--ignore=tests/browser", "-m", "gpu", "-q"]
    command += ["--ignore=tests/test_claims.py", "--ignore=tests/test_project.py"]
    command += ["-p", "no:cacheprovider", "-p", "no:benchmark", "-n", str(jobs), *more]
    env = os.environ | {"CSCBOOK_BACKEND": "cupy", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=FOR_TESTS)
    except subprocess.TimeoutExpired:
        return f"not done in {FOR_TESTS} s"
    lines = (done.stdout + done.stderr).strip().splitlines()
    wrong = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return "\n".join([*wrong, f"{lines[-1] if lines else 'nothing printed'} (exit code {done.returncode})"])


def main():
    end = time.perf_counter() + LIMIT
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="tiny sizes, for a rehearsal")
    parser.add_argument("--repeat", type=int, default=3, help="runs on the device, of which the best counts")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes for the tests")
    options, more = parser.parse_known_args()
    print(
        f"{os.cpu_count()} cores; tests marked gpu:",
        gpu_tests(options.jobs, more),
        flush=True,
    )
    run(options.repeat, SMALL if options.small else FULL, end)


if __name__ == "__main__":
    main()
