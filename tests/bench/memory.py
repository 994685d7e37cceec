"""Memory and time of coding a photograph of 2048 x 2048 pixels over 64 filters of 11 x 11, in float32.

The dense code would take 1 GiB. The photograph is a mosaic of the book's own, each with its low frequencies
removed. A child process codes it, and reports the most memory that it ever held.
"""

import json
import resource
import subprocess
import sys
import time

GAP = 1e-2


def mosaic(side=2048, tile=512):
    """Photographs side by side, mirrored in turn."""
    import numpy as np
    from conv_problems import fine, small

    names = "camera", "astronaut", "brick", "ascent"
    views = [fine(small(name, tile)) for name in names]
    count = side // tile
    rows = [
        [views[(i + j) % 4][:: 1 - 2 * (i // 2 % 2), :: 1 - 2 * (j // 2 % 2)] for j in range(count)]
        for i in range(count)
    ]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def child():
    import harness  # noqa: F401
    from conv_problems import photograph

    from cscbook import ConvDictionary, basis_pursuit

    D, _, lam = photograph("camera", 256, 11, 64, 0.05)
    y = mosaic().astype("f4")
    D = ConvDictionary(D.filters.astype("f4"), y.shape[:-1])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    start = time.process_time()
    found = basis_pursuit(D, y, lam, tol=GAP, sparse=True)
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps([peak, before, spent, len(found.trace), found.gamma.count_nonzero(), found.converged]))


def run(repeat):
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True)
    peak, before, spent, passes, nonzeros, converged = json.loads(done.stdout)
    print("\n2048 x 2048 pixels, 64 filters of 11 x 11, float32, lam = 0.05")
    print(f"  peak memory {peak:.2f} GiB ({before:.2f} before the call), {spent:.0f} s of CPU")
    print(f"  {passes} passes, {nonzeros} non-zeros")
    print(f"  certified to a duality gap of {GAP:.0e}: {converged}")


if __name__ == "__main__":
    child()
