"""Judges of Part 1: patch models and pursuits for a matrix."""

import numpy as np

from ..pursuits import omp as reference_omp
from .compare import same


def omp(function):
    """``my_omp(D, y, k)``: a dictionary (n, m) with unit columns, a signal (n,) and a number of atoms; gives
    the code (m,)."""
    rng = np.random.default_rng(0)
    D = rng.standard_normal((20, 30))
    D /= np.linalg.norm(D, axis=0)
    y = rng.standard_normal(20)
    gamma = np.asarray(function(D, y, 1))
    yield "The code has one entry per atom.", gamma.shape == (30,)
    best = np.argmax(np.abs(D.T @ y))
    yield (
        "With k = 1 the atom is the one that correlates most, in absolute value.",
        np.flatnonzero(gamma).tolist() == [best],
    )
    yield "Its coefficient is the inner product.", same(gamma[best], D[:, best] @ y)
    gamma = np.asarray(function(D, y, 4))
    yield "With k = 4 there are four atoms.", np.count_nonzero(gamma) == 4
    support = gamma != 0
    refitted = np.linalg.lstsq(D[:, support], y, rcond=None)[0]
    yield (
        "All coefficients are fitted again by least squares after every step.",
        same(gamma[support], refitted),
    )
    yield "The four atoms are those of OMP.", same(gamma, reference_omp(D, y, k=4).gamma)
