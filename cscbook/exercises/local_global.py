"""Judges of Part 3: global pursuits by local work."""

import numpy as np

from .compare import same


def local_ista(function):
    """``my_local_ista(D_L, y, lam, c, steps)``: filters (n, m), a signal (N,) on the circle, the weight of
    the l1 norm, ISTA's constant and how many steps to take from zero; gives the code (N, m), one row for each
    needle."""
    D_L, y, _ = _example(0)
    lam, c = 0.3, 1.1 * _lipschitz(D_L, len(y))
    alpha = np.asarray(function(D_L, y, lam, c, 1))
    yield "The code has one needle of m entries for each of the N positions.", alpha.shape == (20, 3)
    correlations = _patches(y, 5) @ D_L
    yield (
        "The first needles are (1/c) D_L^T R_i y, soft-thresholded at lam / c.",
        same(alpha, _soft(correlations / c, lam / c)),
    )
    expected = _ista(D_L, y, lam, c, 2)
    alpha = np.asarray(function(D_L, y, lam, c, 2))
    yield (
        "The residual is that of the whole signal: the slices of all positions are added.",
        same(alpha, expected),
    )
    expected = _ista(D_L, y, lam, c, 50)
    yield "After 50 steps the code is that of global ISTA.", same(function(D_L, y, lam, c, 50), expected)


def slice_update(function):
    """``my_slice_update(y, coded, u, rho)``: a signal (N,) on the circle, the coded slices D_L alpha_i
    (N, n), the multipliers (N, n) and the penalty; gives the slices (N, n) of step 2 of slice-ADMM."""
    rng = np.random.default_rng(0)
    y, nothing, rho = rng.standard_normal(12), np.zeros((12, 4)), 1.5
    s = np.asarray(function(y, nothing, nothing, rho))
    yield "There is one slice of n samples for each of the N positions.", s.shape == (12, 4)
    yield (
        "With nothing coded each slice gets its patch of y, divided by rho + n.",
        same(s, _patches(y, 4) / (rho + 4)),
    )
    coded = rng.standard_normal((12, 4))
    explained = _aggregate(coded)
    s = np.asarray(function(explained, coded, nothing, rho))
    yield "Where the coded slices add up to the signal, the slices are the coded ones.", same(s, coded)
    u = rng.standard_normal((12, 4))
    s = np.asarray(function(y, coded, u, rho))
    Z = _aggregate(coded - u)
    yield "The multipliers are subtracted.", same(s, coded - u + _patches(y - Z, 4) / (rho + 4))
    pull = _patches(y - _aggregate(s), 4)
    yield (
        "The gradient vanishes: rho (s_i - D_L alpha_i + u_i) = R_i (y - sum).",
        same(rho * (s - coded + u), pull),
    )


def filter_gradient(function):
    """``my_filter_gradient(D_L, y, alpha)``: filters (n, m), a signal (N,) on the circle and its code (N, m);
    gives the gradient (n, m) of ``||y - sum_i R_i^T D_L alpha_i||^2 / 2`` with respect to the filters."""
    D_L, y, alpha = _example(1)
    gradient = np.asarray(function(D_L, y, alpha))
    yield "The gradient has the shape of the filters.", gradient.shape == D_L.shape
    x = _aggregate(alpha @ D_L.T)
    yield (
        "It is zero where the code explains the signal.",
        float(np.abs(function(D_L, x, alpha)).max()) < 1e-9,
    )
    down = [((y - _aggregate(alpha @ F.T)) ** 2).sum() for F in (D_L, D_L - 1e-4 * gradient)]
    yield "A small step against the gradient lowers the misfit.", down[1] < down[0]
    E = np.random.default_rng(2).standard_normal(D_L.shape)
    ends = [((y - _aggregate(alpha @ (D_L + t * E).T)) ** 2).sum() / 2 for t in (1e-4, -1e-4)]
    yield (
        "It is the slope of half the squared misfit in every direction.",
        same((gradient * E).sum(), (ends[0] - ends[1]) / 2e-4),
    )


def _example(seed, N=20, n=5, m=3):
    """Unit filters, a signal and a code with a third of its entries."""
    rng = np.random.default_rng(seed)
    D_L = rng.standard_normal((n, m))
    D_L /= np.linalg.norm(D_L, axis=0)
    alpha = rng.standard_normal((N, m)) * (rng.random((N, m)) < 1 / 3)
    return D_L, _aggregate(alpha @ D_L.T) + 0.3 * rng.standard_normal(N), alpha


def _places(N, n):
    return (np.arange(N)[:, None] + np.arange(n)) % N


def _patches(x, n):
    return x[_places(len(x), n)]


def _aggregate(p):
    x = np.zeros(len(p))
    np.add.at(x, _places(*p.shape), p)
    return x


def _dense(D_L, N):
    """The whole dictionary (N, N m), the atoms of one position next to each other."""
    n, m = D_L.shape
    D = np.zeros((N, N, m))
    for i in range(N):
        D[(i + np.arange(n)) % N, i] = D_L
    return D.reshape(N, N * m)


def _lipschitz(D_L, N):
    return float(np.linalg.norm(_dense(D_L, N), 2)) ** 2


def _soft(z, beta):
    return np.sign(z) * np.maximum(np.abs(z) - beta, 0)


def _ista(D_L, y, lam, c, steps):
    """Global ISTA with the dense dictionary, which forms no patch."""
    D = _dense(D_L, len(y))
    gamma = np.zeros(D.shape[1])
    for _ in range(steps):
        gamma = _soft(gamma + D.T @ (y - D @ gamma) / c, lam / c)
    return gamma.reshape(len(y), -1)
