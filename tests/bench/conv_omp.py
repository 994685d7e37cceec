"""OMP on a convolutional dictionary, two filters of length 64: the cost grows with the signal at fixed
density."""

import numpy as np
from conv_problems import signal
from harness import measure, table

from cscbook import dense, omp


def sklearn_omp(M, y, k):
    from sklearn.linear_model import orthogonal_mp

    return orthogonal_mp(M, y.ravel(), n_nonzero_coefs=k)


def spams_omp(M, y, k):
    import spams

    code = spams.omp(np.asfortranarray(y.reshape(-1, 1)), M, L=k, eps=0.0, numThreads=1)
    return np.asarray(code.todense()).ravel()


def compare(N, repeat, peers):
    D, y, _ = signal(N, 2, 0.1)
    k = N * 100 // 640
    solvers = {"cscbook omp": lambda: omp(D, y, k=k).gamma.ravel()}
    if peers:
        M = np.asfortranarray(dense(D))  # building the matrix is not charged to the peers
        solvers |= {"scikit-learn, on the matrix": lambda: sklearn_omp(M, y, k)}
        solvers |= {"spams (ORMP), on the matrix": lambda: spams_omp(M, y, k)}
    seconds, codes = measure(solvers, repeat)
    support = np.flatnonzero(codes["cscbook omp"])
    notes = {}
    for name, code in codes.items():
        left = np.linalg.norm(y - D @ code.reshape(N, 2)) / np.linalg.norm(y)
        same = "same support" if np.array_equal(np.flatnonzero(code), support) else "another support"
        notes[name] = f"residual {left:.6e}, {same}"
    table(f"N = {N}, {k} atoms", seconds, notes)


def run(repeat):
    compare(640, repeat, peers=True)
    compare(6_400, 1, peers=True)
    compare(64_000, 1, peers=False)  # the explicit matrix would take 66 GB
    compare(640_000, 1, peers=False)
