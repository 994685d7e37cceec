"""Wall seconds of one problem on one thread and on more, and whether the bits are equal: ``python
tests/bench threads`` with nothing else running."""

import os
import time

import numba
import numpy as np
from cdl import LAM, LEARNED, SIZE, M, first_filters
from cdl import photograph as tile
from conv_problems import photograph

from cscbook import basis_pursuit, lobcod_dictionary_learning, omp


def problems():
    for lam in (0.05, 0.01):
        D, y, _ = photograph("astronaut", 512, 11, 64, lam)
        yield (
            f"basis pursuit, 512 x 512, 64 of 11 x 11, lam = {lam}",
            lambda D=D, y=y, lam=lam: basis_pursuit(D, y, lam, tol=1e-4).gamma,
        )
    yield "OMP, 512 x 512, 64 of 11 x 11, 5,000 atoms", lambda: omp(D, y, k=5000).gamma
    ys, D0 = [tile(name) for name in LEARNED[:4]], first_filters()
    yield (
        "LoBCoD, 4 of 100 x 100, 100 of 11 x 11, five rounds",
        lambda: lobcod_dictionary_learning(ys, SIZE, M, LAM, D0=D0, n_iter=5).D,
    )


def run(repeat):
    """Threads go up to ``NUMBA_NUM_THREADS``, which is one in the other benchmarks."""
    most = numba.config.NUMBA_NUM_THREADS
    print(f"\nthreads ({os.cpu_count()} cores, up to {most}), wall seconds, best of {repeat}")
    for name, solve in problems():
        print(f"  {name}")
        first = None
        for threads in [2**i for i in range(8) if 2**i <= most]:
            numba.set_num_threads(threads)
            solve()
            spent = []
            for _ in range(repeat):
                start = time.perf_counter()
                found = np.asarray(solve())
                spent.append(time.perf_counter() - start)
            first = first or (min(spent), found)
            same = "equal bits" if np.array_equal(first[1], found) else "other bits"
            print(f"    {threads:3d} threads {min(spent):8.2f} s  {first[0] / min(spent):6.2f} x  {same}")
