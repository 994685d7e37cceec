"""scico on one problem of ``peers_bp``, in its own environment: ``python scico_bp.py pgm|admm file.npz``.

Needs scico (and JAX), not cscbook. Prints the CPU seconds to each gap as JSON; compiling is not charged.
"""

import json
import sys
import time

import jax.numpy as jnp
import numpy as np
from scico import functional, linop, loss
from scico.optimize import ADMM, AcceleratedPGM
from scico.optimize.admm import FBlockCircularConvolveSolver

QUIET = {"display": False, "period": 10**9, "itstat_func": lambda solver: (0.0,), "fields": {"none": "%f"}}


class Stop(Exception):
    """Leaves the solver."""


class Clock:
    """Records when the objective falls below each gap; the time it takes to look does not count."""

    def __init__(self, problem):
        self.problem, self.times, self.spent = problem, {}, 0.0
        self.axes = tuple(range(1, problem["y"].ndim))
        space = problem["y"].shape[:-1]
        self.spectrum = np.fft.rfftn(problem["atoms"], s=space, axes=self.axes)
        self.since = time.process_time()

    def look(self, code):
        self.spent += time.process_time() - self.since
        p, z = self.problem, np.asarray(code, np.float64)
        space = p["y"].shape[:-1]
        x = np.fft.irfftn(
            (np.fft.rfftn(z, axes=self.axes) * self.spectrum).sum(0),
            s=space,
            axes=tuple(range(len(space))),
        )
        value = ((p["y"][..., 0] - x) ** 2).sum() / 2 + p["lam"] * np.abs(z).sum()
        for gap in p["gaps"]:
            if value / p["best"] - 1 <= gap:
                self.times.setdefault(float(gap), self.spent)
        if len(self.times) == len(p["gaps"]) or self.spent > p["most"]:
            raise Stop
        self.since = time.process_time()


def functions(p):
    """Data term and penalty, made once: what they compile is kept with them."""
    shape = (p["atoms"].shape[0], *p["y"].shape[:-1])
    convolve = linop.CircularConvolve(
        jnp.asarray(p["atoms"], jnp.float32), input_shape=shape, ndims=len(shape) - 1
    )
    A = linop.Sum(input_shape=convolve.output_shape, axis=0) @ convolve
    f = loss.SquaredL2Loss(y=jnp.asarray(p["y"][..., 0], jnp.float32), A=A)
    return f, float(p["lam"]) * functional.L1Norm(), shape


def solver(method, p, f, g, shape, steps):
    if method == "pgm":
        axes = tuple(range(1, len(shape)))
        bound = float((np.abs(np.fft.fftn(p["atoms"], s=shape[1:], axes=axes)) ** 2).sum(0).max())
        start = jnp.zeros(shape, jnp.float32)
        return AcceleratedPGM(f=f, g=g, L0=bound, x0=start, maxiter=steps, itstat_options=QUIET)
    return ADMM(
        f=f,
        g_list=[g],
        C_list=[linop.Identity(input_shape=shape)],
        rho_list=[50 * float(p["lam"]) + 1],
        alpha=1.8,
        maxiter=steps,
        subproblem_solver=FBlockCircularConvolveSolver(check_solve=False),
        itstat_options=QUIET,
    )


def main():
    method, file = sys.argv[1:]
    problem = {name: value for name, value in np.load(file).items()}
    problem["y"] = problem["y"].astype(np.float64)
    problem["atoms"] = np.moveaxis(problem["filters"][..., 0, :], -1, 0).astype(np.float64)
    parts = functions(problem)
    solver(method, problem, *parts, 3).solve()  # compilation
    runs = [race(method, problem, parts) for _ in range(2)]
    print(json.dumps({gap: min(r.get(gap, np.inf) for r in runs) for gap in set(runs[0]) | set(runs[1])}))


def race(method, problem, parts):
    run, clock = solver(method, problem, *parts, 10**6), Clock(problem)

    def callback(state):
        code = state.x if method == "pgm" else state.z_list[0]
        clock.look(code.block_until_ready())

    try:
        run.solve(callback=callback)
    except Stop:
        return clock.times


main()
