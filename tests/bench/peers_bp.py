"""The peers of convolutional basis pursuit: ``solve(D, y, lam, clock)`` calls ``clock.look`` with its
code and stops when told to.

What a library does once (planning its transforms, building the explicit matrix) is not charged to it.
scico needs an environment of its own: ``CSCBOOK_SCICO`` names the Python there, which runs
``scico_bp.py`` on the same problem.
"""

import json
import os
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse

TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10)


class Stop(Exception):
    """Leaves a solver whose callback cannot stop it."""


def sporco_admm(factor):
    """ADMM in float32, with sporco's own penalty or with ``rho = factor lam``."""

    def solve(D, y, lam, clock):
        from sporco.admm import cbpdn

        options = {"FastSolve": True}
        if factor:
            options |= {"rho": factor * lam, "AutoRho": {"Enabled": False}}
        _sporco(cbpdn.ConvBPDN, D, y, lam, clock, options, lambda solver: solver.Y)

    return solve


def sporco_pgm(D, y, lam, clock):
    from sporco.pgm import cbpdn

    _sporco(cbpdn.ConvBPDN, D, y, lam, clock, {"L": D.lipschitz}, lambda solver: solver.X)


def _sporco(kind, D, y, lam, clock, options, code):
    def callback(solver):
        return clock.look(lambda: np.asarray(code(solver)).reshape(*D.positions, -1))

    always = {"MaxMainIter": 100_000, "RelStopTol": 0.0, "DataType": np.float32, "Callback": callback}
    options = kind.Options(always | options)
    solver = kind(D.filters[..., 0, :], y[..., 0], lam, options, dimK=0, dimN=len(D.space))
    clock.start()
    solver.solve()


def pylops_fista(D, y, lam, clock):
    """FISTA on ``D`` as a linear operator, in float64."""
    os.environ.setdefault("CUPY_PYLOPS", "0")  # NumPy, whatever else is installed
    import pylops
    from pylops.optimization.sparsity import fista

    from cscbook import ConvDictionary, linear_operator

    D, y = ConvDictionary(D.filters.astype(np.float64), D.space), y.astype(np.float64).ravel()
    step = 1 / D.lipschitz

    def callback(code):
        if clock.look(lambda: code.reshape(*D.positions, -1)):
            raise Stop

    operator, start = pylops.LinearOperator(linear_operator(D)), np.zeros(D.shape[1])
    clock.start()
    try:
        fista(operator, y, start, niter=100_000, eps=2 * lam, alpha=step, tol=0.0, callback=callback)
    except Stop:
        pass


def on_the_matrix(library):
    """celer or skglm on the explicit sparse matrix, solved afresh for each tolerance; 1-D only."""

    def solve(D, y, lam, clock):
        from importlib import import_module

        if len(D.space) > 1:
            raise ImportError("the explicit matrix is too large in 2-D")
        lasso, M = import_module(library).Lasso, sparse_matrix(D)
        for tol in TOLERANCES:
            model = lasso(alpha=lam / M.shape[0], fit_intercept=False, tol=tol, max_iter=1000)
            clock.start()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(M, y.ravel().astype(np.float64))
            if clock.look(lambda model=model: model.coef_.reshape(*D.positions, -1)):
                return
            clock.spent = 0.0

    return solve


def sparse_matrix(D):
    """``dense(D)`` of a circular 1-D dictionary, as a sparse matrix."""
    (n, _, m), (N,) = D.filters.shape, D.space
    rows = ((np.arange(N)[:, None, None] + np.arange(n)) % N).repeat(m, axis=1)
    values = np.broadcast_to(D.filters[:, 0, :].T.astype(np.float64), (N, m, n))
    pointer = np.arange(N * m + 1) * n
    M = scipy.sparse.csc_matrix((values.ravel(), rows.ravel(), pointer), shape=(N, N * m))
    M.sort_indices()
    return np.asfortranarray(M.toarray()) if N <= 2000 else M


def scico(method):
    """scico's ``pgm`` or ``admm`` in float32, run by the Python that ``CSCBOOK_SCICO`` names."""

    def solve(D, y, lam, clock):
        python = os.environ.get("CSCBOOK_SCICO")
        if not python:
            raise ImportError("CSCBOOK_SCICO does not name the Python of an environment with scico")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "problem.npz"
            np.savez(file, filters=D.filters, y=y, lam=lam, best=clock.best, most=clock.most, gaps=clock.gaps)
            script = Path(__file__).with_name("scico_bp.py")
            done = subprocess.run(
                [python, script, method, file], capture_output=True, text=True, env=os.environ | ONE_THREAD
            )
        if done.returncode:
            raise ImportError(done.stderr.strip().splitlines()[-1])
        clock.times = {float(gap): spent for gap, spent in json.loads(done.stdout).items()}

    return solve


ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
PEERS = {
    "sporco ADMM": sporco_admm(None),
    "sporco ADMM, rho = 10 lam": sporco_admm(10),
    "sporco ADMM, rho = 30 lam": sporco_admm(30),
    "sporco PGM": sporco_pgm,
    "scico PGM": scico("pgm"),
    "scico ADMM": scico("admm"),
    "pylops FISTA": pylops_fista,
    "celer, on the matrix": on_the_matrix("celer"),
    "skglm, on the matrix": on_the_matrix("skglm"),
}
