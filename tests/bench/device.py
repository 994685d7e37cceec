"""What a GPU is good for: wall seconds of the same call on NumPy and on CuPy arrays.

Steps that are parallel stay on the device; the default pursuit is sequential and goes through the host. With
``OPENBLAS_NUM_THREADS`` and ``NUMBA_NUM_THREADS`` the host may use all its cores.
"""

import time
from itertools import islice

import numpy as np

from cscbook import ConvDictionary, basis_pursuit, fista, forward_pass, omp


def problem(side, size, m, kind, rng):
    """A random convolutional dictionary, and a picture of few atoms with noise, in arrays of one library."""
    filters = rng.standard_normal((size, size, 1, m)).astype("f4")
    filters /= np.sqrt((filters**2).sum(axis=(0, 1, 2)))
    gamma = np.zeros((side, side, m), dtype="f4")
    on = rng.choice(gamma.size, side * side // 100, replace=False)
    gamma.reshape(-1)[on] = rng.standard_normal(len(on))
    y = ConvDictionary(filters, (side, side)) @ gamma + 0.02 * rng.standard_normal((side, side, 1))
    return ConvDictionary(kind.asarray(filters), (side, side)), kind.asarray(y, dtype="f4")


def many_patches(kind, rng):
    """A matrix of 256 atoms, and many patches."""
    D = rng.standard_normal((64, 256)).astype("f4")
    D /= np.linalg.norm(D, axis=0)
    return kind.asarray(D), kind.asarray(rng.standard_normal((64, 100_000)), dtype="f4")


def tasks(kind):
    """Name and function of each task, on arrays of ``kind``."""
    rng = np.random.default_rng(0)
    D, y = problem(512, 11, 64, kind, rng)
    small = problem(128, 8, 32, kind, rng)
    A, patches = many_patches(kind, rng)
    return {
        "D^T y, 512^2, 64 filters of 11 x 11": lambda: D.T @ y,
        "forward pass of one layer, the same": lambda: forward_pass([D], y, [0.3])[-1],
        "20 steps of FISTA, the same": lambda: steps(D, y, 20),
        "the default pursuit to a gap of 1e-2": lambda: basis_pursuit(D, y, 0.3, tol=1e-2).gamma,
        "200 steps of FISTA, 128^2, 32 of 8 x 8": lambda: steps(*small, 200),
        "50 steps of FISTA on 100,000 patches": lambda: steps(A, patches, 50),
        "OMP on 100,000 patches, k = 4": lambda: omp(A, patches, k=4).gamma.data,
    }


def steps(D, y, n):
    """The code after ``n`` steps of FISTA."""
    *_, gamma = islice(fista(D, y, 0.3), n)
    return gamma


def seconds(work, repeat):
    """Wall seconds, the best of several runs after one that compiles."""
    times = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        found = work()
        float(found.ravel()[0])  # waits for the device
        times.append(time.perf_counter() - start)
    return min(times[1:])


def run(repeat):
    print("\nThe same call on NumPy and on CuPy arrays, wall seconds")
    try:
        import cupy

        if not cupy.is_available():
            raise ImportError("CuPy finds no device")
    except ImportError as error:
        print(f"  left out: {error}")
        return
    host, device = tasks(np), tasks(cupy)
    for name in host:
        on_host, on_device = seconds(host[name], 1), seconds(device[name], repeat)
        print(f"  {name:40s} {on_host:8.3f} {on_device:8.3f}  {on_host / on_device:6.1f} x", flush=True)
