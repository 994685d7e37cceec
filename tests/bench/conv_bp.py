"""Basis pursuit on a convolutional dictionary: CPU seconds until the objective is within a gap of the
optimum.

The optimum comes from our own solver in double precision, certified by its duality gap. Evaluating the
objective stops the clock. The peer is sporco's ADMM and PGM in float32, ADMM with three choices of its
penalty.
"""

import time

import numpy as np
import scipy.ndimage

from cscbook import ConvDictionary, basis_pursuit, grey, ksvd, lam_max, load_image, objective
from cscbook.imaging import image_patches
from cscbook.pursuits.working_set import working_set

GAPS = (1e-2, 1e-3, 1e-4, 1e-6)


class Clock:
    """Records when the objective falls below each gap; the time it takes to look does not count."""

    def __init__(self, D, y, lam, best, most):
        self.problem, self.best, self.most = (D, y, lam), best, most
        self.spent, self.times, self.since = 0.0, {}, time.process_time()

    def look(self, gamma):
        """Returns True when there is nothing more to wait for."""
        self.spent += time.process_time() - self.since
        D, y, lam = self.problem
        gap = float(objective(D, y, gamma(), lam)) / self.best - 1
        for level in GAPS:
            if gap <= level:
                self.times.setdefault(level, self.spent)
        self.since = time.process_time()
        return len(self.times) == len(GAPS) or self.spent > self.most


def ours(D, y, lam, clock):
    for gamma, _, _ in working_set(D, y, lam):
        if clock.look(lambda gamma=gamma: gamma):
            return


def sporco_admm(factor):
    def solve(D, y, lam, clock):
        from sporco.admm import cbpdn

        def callback(solver):
            return clock.look(lambda: np.asarray(solver.Y).reshape(*D.positions, -1))

        options = {"MaxMainIter": 100_000, "RelStopTol": 0.0, "FastSolve": True, "Callback": callback}
        if factor:
            options |= {"rho": factor * lam, "AutoRho": {"Enabled": False}}
        filters = D.filters[..., 0, :]
        options = cbpdn.ConvBPDN.Options({"DataType": np.float32, **options})
        solver = cbpdn.ConvBPDN(filters, y[..., 0], lam, options, dimK=0, dimN=len(D.space))
        clock.since = time.process_time()  # planning its transforms is not charged to it
        solver.solve()

    return solve


def sporco_pgm(D, y, lam, clock):
    from sporco.pgm import cbpdn

    def callback(solver):
        return clock.look(lambda: np.asarray(solver.X).reshape(*D.positions, -1))

    options = {"MaxMainIter": 100_000, "RelStopTol": 0.0, "L": D.lipschitz, "Callback": callback}
    options = cbpdn.ConvBPDN.Options({"DataType": np.float32, **options})
    solver = cbpdn.ConvBPDN(D.filters[..., 0, :], y[..., 0], lam, options, dimK=0, dimN=len(D.space))
    clock.since = time.process_time()
    solver.solve()


SOLVERS = {
    "cscbook": ours,
    "sporco ADMM": sporco_admm(None),
    "sporco ADMM, rho = 10 lam": sporco_admm(10),
    "sporco ADMM, rho = 30 lam": sporco_admm(30),
    "sporco PGM": sporco_pgm,
}


def signal(N, m, ratio, n=64, seed=0):
    """A random sparse code over random filters, with noise; lam is a ratio of lam_max."""
    rng = np.random.default_rng(seed)
    filters = rng.standard_normal((n, 1, m))
    D = ConvDictionary(filters / np.linalg.norm(filters, axis=0), (N,))
    gamma = np.zeros((N, m))
    gamma.ravel()[rng.choice(N * m, N // 16, replace=False)] = rng.standard_normal(N // 16)
    x = D @ gamma
    y = x + 0.1 * x.std() * rng.standard_normal(x.shape)
    return D, y, ratio * lam_max(D, y)


def photograph(name, side, size, m, lam):
    """A photograph in [0, 1] without its low frequencies; filters learned by K-SVD on another one."""
    high = [
        x - scipy.ndimage.gaussian_filter(x, (2, 2, 0)) for x in (_small(name, side), _small("ascent", 512))
    ]
    P = image_patches(high[1], size)[:, ::17]
    P = P - P.mean(axis=0)
    loud = np.linalg.norm(P, axis=0) > 0.1
    filters = ksvd(P[:, loud], n_atoms=m, k=3, n_iter=10).D.reshape(size, size, 1, m)
    return ConvDictionary(filters, (side, side)), high[0], lam


def _small(name, side):
    x = grey(load_image(name)) / 255
    step = min(x.shape[:2]) // side
    return x[: step * side, : step * side].reshape(side, step, side, step, 1).mean(axis=(1, 3))


PROBLEMS = {
    "1-D, N = 640, 0.1 lam_max": lambda: signal(640, 2, 0.1),
    "1-D, N = 640, 0.01 lam_max": lambda: signal(640, 2, 0.01),
    "1-D, N = 100,000, 0.1 lam_max": lambda: signal(100_000, 8, 0.1),
    "1-D, N = 100,000, 0.01 lam_max": lambda: signal(100_000, 8, 0.01),
    "camera 256 x 256, 32 of 8 x 8, lam = 0.05": lambda: photograph("camera", 256, 8, 32, 0.05),
    "camera 256 x 256, 32 of 8 x 8, lam = 0.01": lambda: photograph("camera", 256, 8, 32, 0.01),
    "brick 256 x 256, 48 of 9 x 9, lam = 0.03": lambda: photograph("brick", 256, 9, 48, 0.03),
    "astronaut 512 x 512, 64 of 11 x 11, lam = 0.05": lambda: photograph("astronaut", 512, 11, 64, 0.05),
}


def run(repeat, most=60.0):
    for title, make in PROBLEMS.items():
        D, y, lam = make()
        best = basis_pursuit(D, y, lam, tol=1e-7, max_iter=200).trace[-1]
        single = ConvDictionary(D.filters.astype("f4"), D.space), y.astype("f4"), lam
        print(
            f"\n{title}\n  {'':28s}"
            + "".join(f"{gap:>10.0e}" for gap in GAPS)
            + "   (CPU seconds to the gap)"
        )
        first = None
        for name, solve in SOLVERS.items():
            try:
                solve(*single, Clock(D, y, lam, best, 0.0))  # warm-up: compilation, planning
                runs = []
                for _ in range(repeat):
                    clock = Clock(D, y, lam, best, most)
                    solve(*single, clock)
                    runs.append(clock.times)
            except ImportError as error:
                print(f"  {name}: left out, {error}")
                continue
            times = {gap: min((r[gap] for r in runs if gap in r), default=np.inf) for gap in GAPS}
            first = first or times
            print(f"  {name:28s}" + "".join(f"{times[gap]:10.4f}" for gap in GAPS), end="   ")
            print(
                "" if first is times else " ".join(f"{times[gap] / first[gap]:.1f}x" for gap in GAPS),
                flush=True,
            )
