"""Basis pursuit on a convolutional dictionary: CPU seconds until the objective is within a gap of the
optimum, and until the call returns.

The optimum comes from our own solver in double precision, certified by its duality gap. Evaluating the
objective stops the clock. *The call* is what a user waits for: ``basis_pursuit(D, y, lam, tol)`` ends at its
own certificate, after its objective is that near, as it does not know the optimum; a peer is stopped by us,
who know it. For ``tol = 1e-6`` the call computes in float64. ``CSCBOOK_PROBLEMS`` picks problems by a part of
their names. The peers: sporco's ADMM with three choices of its penalty and its PGM,
scico's PGM and ADMM (``CSCBOOK_SCICO=/path/to/its/python``, see ``peers_bp``), pylops, celer and skglm.
"""

import os
import time

import numpy as np
from conv_problems import PROBLEMS
from peers_bp import PEERS

from cscbook import ConvDictionary, basis_pursuit, objective
from cscbook.pursuits.short_signals import correlation_descent, suits
from cscbook.pursuits.working_set import working_set

GAPS = (1e-2, 1e-3, 1e-4, 1e-6)


class Clock:
    """Records when the objective falls below each gap; the time it takes to look does not count."""

    def __init__(self, D, y, lam, best, most):
        self.problem, self.best, self.most, self.gaps = (D, y, lam), best, most, GAPS
        self.spent, self.times = 0.0, {}
        self.start()

    def start(self):
        self.since = time.process_time()

    def look(self, gamma):
        """Returns True when there is nothing more to wait for."""
        self.spent += time.process_time() - self.since
        D, y, lam = self.problem
        gap = float(objective(D, y, gamma(), lam)) / self.best - 1
        for level in GAPS:
            if gap <= level:
                self.times.setdefault(level, self.spent)
        self.start()
        return len(self.times) == len(GAPS) or self.spent > self.most


def ours(D, y, lam, clock):
    D = ConvDictionary(D.filters, D.space)  # what it prepares for the filters is charged
    steps = correlation_descent(D, y[None], lam) if suits(D) else working_set(D, y, lam)
    for gamma, _, _ in steps:
        if clock.look(lambda gamma=gamma: gamma.reshape(*D.positions, -1)):
            return


def call(D, y, lam, tol, repeat):
    """CPU seconds of the call, the best of several."""
    kind, seconds = np.float32 if tol >= 1e-5 else np.float64, []
    for _ in range(repeat + 1):  # the first compiles
        there = ConvDictionary(D.filters.astype(kind), D.space), y.astype(kind)
        start = time.process_time()
        found = basis_pursuit(*there, lam, tol=tol)
        seconds.append(time.process_time() - start)
        if seconds[-1] > 10 and len(seconds) > 1:
            break
    return min(seconds[1:]) if found.converged else np.inf


def run(repeat, most=60.0):
    wanted = os.environ.get("CSCBOOK_PROBLEMS", "")
    for title, make in PROBLEMS.items():
        if wanted not in title:
            continue
        try:
            D, y, lam = make()
        except ImportError as error:
            print(f"\n{title}: left out, {error}")
            continue
        best = basis_pursuit(D, y, lam, tol=1e-7, max_iter=200).trace[-1]
        single = ConvDictionary(D.filters.astype("f4"), D.space), y.astype("f4"), lam
        heads = "".join(f"{gap:>10.0e}" for gap in GAPS)
        print(f"\n{title}\n  {'':28s}{heads}   (CPU seconds to the gap)")
        first, waits = None, {tol: call(D, y, lam, tol, repeat) for tol in (1e-4, 1e-6)}
        for name, solve in {"cscbook": ours, **PEERS}.items():
            try:
                times = fastest(solve, single, (D, y, lam, best), repeat, most)
            except ImportError as error:
                print(f"  {name}: left out, {error}")
                continue
            first = first or times
            print(f"  {name:28s}" + "".join(f"{times[gap]:10.4f}" for gap in GAPS), end="   ")
            print(" ".join(f"{times[gap] / first[gap]:.1f}x" for gap in GAPS), end="   ")
            print(" ".join(f"{times[tol] / spent:.1f}x" for tol, spent in waits.items()), flush=True)
        calls = ", ".join(f"{tol:.0e} {spent:.3f}" for tol, spent in waits.items())
        print(f"  {'the call, to its certificate':28s} {calls} s; the last two columns compare with it")


def fastest(solve, problem, reference, repeat, most):
    """CPU seconds to each gap, the best of several runs; what is slow runs once."""
    solve(*problem, Clock(*reference, 0.0))  # warm-up: compilation, planning
    runs, longest = [], 0.0
    while len(runs) < repeat and longest < most / 10:
        clock = Clock(*reference, most)
        solve(*problem, clock)
        runs.append(clock.times)
        longest = max(clock.times.values(), default=most) if len(clock.times) == len(GAPS) else most
    return {gap: min((r[gap] for r in runs if gap in r), default=np.inf) for gap in GAPS}
