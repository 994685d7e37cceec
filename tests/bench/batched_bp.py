"""Basis pursuit of 200 signals at once, N = 640 and two filters of length 64, beside sporco's batched
ADMM.

Both run in float32 until the duality gap of every signal is small enough: what ``basis_pursuit``
certifies. sporco's number of steps is the smallest that gets there (found before, by doubling and
halving), with three penalties; planning its transforms is not charged.
"""

import numpy as np
from conv_problems import signal
from harness import measure, table

from cscbook import ConvDictionary, basis_pursuit, duality_gap, lam_max

COUNT = 200
PENALTIES = 3, 10, 30


def batch(ratio, noise):
    D, _, _ = signal(640, 2, ratio)
    rng = np.random.default_rng(1)
    gamma = np.zeros((COUNT, 640, 2))
    for code in gamma:
        code.ravel()[rng.choice(1280, 40, replace=False)] = rng.standard_normal(40)
    y = D @ gamma
    y += noise * y.std() * rng.standard_normal(y.shape)
    return D, y, ratio * lam_max(D, y)


def sporco_solver(D, y, lam, factor, steps):
    """A function that runs so many steps of batched ADMM and returns the codes (COUNT, N, m)."""
    from sporco.admm import cbpdn

    options = {"MaxMainIter": steps, "RelStopTol": 0.0, "FastSolve": True, "DataType": np.float32}
    options |= {"rho": factor * lam, "AutoRho": {"Enabled": False}}
    filters, signals = D.filters[:, 0, :].astype("f4"), y[..., 0].T.astype("f4")

    def solve():
        solver = cbpdn.ConvBPDN(filters, signals, lam, cbpdn.ConvBPDN.Options(options), dimK=1, dimN=1)
        solver.solve()
        return np.moveaxis(np.asarray(solver.Y).reshape(640, COUNT, 2), 1, 0)

    return solve


def fewest_steps(D, y, lam, factor, gap, most=512):
    """The smallest number of steps that reaches the gap, or None."""

    def reaches(steps):
        return duality_gap(D, y, sporco_solver(D, y, lam, factor, steps)(), lam) <= gap

    high = 4
    while not reaches(high):
        high *= 2
        if high > most:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def compare(ratio, noise, gap, repeat):
    D, y, lam = batch(ratio, noise)
    single, signals = ConvDictionary(D.filters.astype("f4"), D.space), y.astype("f4")

    def ours():
        fresh = ConvDictionary(single.filters, single.space)
        return basis_pursuit(fresh, signals, lam, tol=gap).gamma

    solvers, notes = {"cscbook basis_pursuit": ours}, {}
    try:
        for factor in PENALTIES:
            steps = fewest_steps(D, y, lam, factor, gap)
            if steps:
                name = f"sporco ADMM, rho = {factor} lam, {steps} steps"
                solvers[name] = sporco_solver(D, y, lam, factor, steps)
    except ImportError as error:
        print(f"  sporco: left out, {error}")
    seconds, codes = measure(solvers, repeat)
    for name, code in codes.items():
        rate = COUNT / seconds[name]
        notes[name] = f"{rate:7.0f} signals/s, gap {duality_gap(D, y, code.astype(float), lam):.1e}"
    table(f"{COUNT} signals, noise {noise}, lam = {ratio} lam_max, to a gap of {gap:.0e}", seconds, notes)


def run(repeat):
    for noise, ratio in ((0.0, 0.01), (0.1, 0.1), (0.1, 0.01)):
        for gap in (1e-3, 1e-4):
            compare(ratio, noise, gap, repeat)
