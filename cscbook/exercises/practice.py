"""Judges of Part 6: how a pursuit is certified, at once and tile by tile."""

import numpy as np

from .compare import same


def local_dual(function):
    """``my_local_dual(r, excess, n)``: the residual (N,) of a circular signal, by how much the correlation of
    the atom that starts at each sample exceeds the bound, (N,), and the width n of an atom; gives
    ``(1 - psi) r`` with ``psi = 3/2 max_i excess_i exp(-|x - i - n // 2| / n)``, distances on the circle."""
    rng = np.random.default_rng(0)
    r, n = rng.standard_normal(40), 5
    yield "Without violations nothing is taken away.", same(function(r, np.zeros(40), n), r)
    excess = np.zeros(40)
    excess[10] = 0.2
    taken = 1 - np.asarray(function(r, excess, n)) / r
    yield "In the middle of the violated atom one and a half of the violation is taken.", same(taken[12], 0.3)
    yield "It decays by a factor e over the width of an atom.", same(taken[17], 0.3 / np.e)
    yield "On both sides alike.", same(taken[7], taken[17])
    excess = np.zeros(40)
    excess[37] = 0.2
    taken = 1 - np.asarray(function(r, excess, n)) / r
    yield "The signal is a circle.", same(taken[:3], 0.3 * np.exp(-np.arange(1, 4) / n))
    excess[0] = 0.1
    taken = 1 - np.asarray(function(r, excess, n)) / r
    yield "Where two violations reach, the larger weight counts.", same(taken[1], 0.3 * np.exp(-2 / n))
    excess[0] = 5.0
    yield "No more than everything is taken.", same(np.asarray(function(r, excess, n))[2], 0.0)


def summed_gap(function):
    """``my_summed_gap(tiles)``: for each tile ``(a, b, c, top)`` with ``a = ||r||^2``, ``b = r^T y``,
    ``c = lam ||gamma||_1`` and ``top = ||D^T r||_inf / lam``; gives the relative duality gap of all."""
    optimal = [(2.0, 3.0, 0.5, 1.0), (4.0, 5.0, 1.5, 0.8)]
    yield (
        "At the optimum, where b = a + c in all, the gap is zero.",
        same(function(optimal), 0.0),
    )
    low = [(*tile[:3], 0.3) for tile in optimal]
    yield "Correlations under the bound do not enlarge the dual point.", same(function(low), 0.0)
    off, gap = [(*optimal[0][:3], 1.25), optimal[1]], (5 - 8 / 1.25 + 3 / 1.25**2) / 5
    found = function(off)
    yield "It is a share of the objective.", not same(found, 5 * gap)
    yield "One scale for the whole image, that of its worst tile.", same(found, gap)
