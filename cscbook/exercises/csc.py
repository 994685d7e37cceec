"""Judges of Part 2: convolutional dictionaries, stripes and local sparsity."""

import numpy as np

from .compare import same


def wilson(function):
    """``my_wilson(successes, trials)``: how many of the trials succeeded; gives the two ends (low, high) of
    Wilson's interval for the rate, with z = 1.96."""
    z2 = 1.96**2
    ends = np.asarray(function(20, 40), dtype=float)
    yield "There are two ends, low and high.", ends.shape == (2,) and ends[0] < ends[1]
    yield "Half of the trials: the interval is symmetric about 0.5.", same(ends.mean(), 0.5)
    yield (
        "40 of 40: the lower end is 40 / (40 + 1.96^2), and not 1.",
        same(function(40, 40)[0], 40 / (40 + z2)),
    )
    yield "40 of 40: the upper end is 1.", same(function(40, 40)[1], 1.0)
    low, high = function(10, 40)
    yield (
        "At each end p the observed rate is 1.96 standard deviations sqrt(p (1 - p) / n) away.",
        all(same((0.25 - p) ** 2, z2 * p * (1 - p) / 40) for p in (low, high)),
    )


def local_noise(function):
    """``my_local_noise(e, n)``: noise (N,) on the circle and the length of a patch; gives the number
    ``max_i ||R_i e||_2``."""
    spike = np.zeros(12)
    spike[5] = -3.0
    yield "One sample of -3 alone: the answer is 3.", same(function(spike, 4), 3.0)
    e = np.random.default_rng(0).standard_normal(30)
    yield "With n = 1 it is the largest magnitude.", same(function(e, 1), np.abs(e).max())
    pair = np.zeros(12)
    pair[[4, 7]] = 3.0, 4.0
    yield (
        "3 and 4, three samples apart: a patch of 4 holds both, and the answer is 5.",
        same(function(pair, 4), 5.0),
    )
    yield "For patches of 3 they are too far apart, and the answer is 4.", same(function(pair, 3), 4.0)
    ends = np.zeros(12)
    ends[[0, 11]] = 3.0, 4.0
    yield "Patches wrap around: the last sample and the first are neighbours.", same(function(ends, 2), 5.0)
    found = max(np.linalg.norm(np.roll(e, -i)[:7]) for i in range(30))
    yield "It is right for random noise.", same(function(e, 7), found)


def minimises(function):
    """``my_minimises(D, y, gamma, lam)``: a dictionary (n, m), a signal (n,), a code (m,) and the weight of
    the l1 norm; says whether the code minimises ``||y - D gamma||^2 / 2 + lam ||gamma||_1``, up to 1e-6
    ``lam`` in the correlations."""
    rng = np.random.default_rng(0)
    D = rng.standard_normal((40, 12))
    D /= np.linalg.norm(D, axis=0)
    y, zero = rng.standard_normal(40), np.zeros(12)
    most = np.abs(D.T @ y).max()
    yield "A weight over all correlations: the zero code minimises.", bool(function(D, y, zero, 1.1 * most))
    yield "A weight below some correlation: the zero code does not.", not function(D, y, zero, 0.5 * most)
    gamma, lam = zero.copy(), 0.2
    gamma[[1, 6]] = 2.0, -1.0
    support = gamma != 0
    A = D[:, support]
    pull = A @ np.linalg.solve(A.T @ A, np.sign(gamma[support]))  # correlates with the atoms by their signs
    x = D @ gamma
    yield (
        "A code whose residual correlates by lam with its atoms minimises.",
        bool(function(D, x + lam * pull, gamma, lam)),
    )
    yield (
        "Small correlations are not enough: on the support they must equal lam in magnitude.",
        not function(D, x, gamma, lam),
    )
    yield (
        "Their sign must be that of the coefficient.",
        not function(D, x - lam * pull, gamma, lam),
    )
    yield (
        "Off the support they may not exceed lam.",
        not function(D, x + lam * pull + 2 * lam * _outside(A, D[:, 0]), gamma, lam),
    )


def _outside(A, d):
    """A vector that does not correlate with the columns of A, and by one with d."""
    rest = d - A @ np.linalg.lstsq(A, d, rcond=None)[0]
    return rest / (rest @ d)
