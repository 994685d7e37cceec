"""Pursuits: given a dictionary and a signal, find a sparse code.

Each is written for anything with ``D @ gamma`` and ``D.T @ x``. A matrix takes one signal ``y`` of
shape (n,) or columns (n, p), and its fast routes use the shared Gram matrix ``D^T D``.
"""

from .equality import basis_pursuit_equality
from .greedy import omp
from .iterative import Pursuit, fista, ista, thresholding
from .mmse import (
    exact_mmse,
    map_threshold,
    mmse_shrinkage,
    oracle_estimate,
    resonance_estimates,
    resonance_shrinkage,
    stochastic_resonance,
)
from .relaxation import basis_pursuit, duality_gap, lam_max, objective

__all__ = [
    "Pursuit",
    "basis_pursuit",
    "basis_pursuit_equality",
    "duality_gap",
    "exact_mmse",
    "fista",
    "ista",
    "lam_max",
    "map_threshold",
    "mmse_shrinkage",
    "objective",
    "omp",
    "oracle_estimate",
    "resonance_estimates",
    "resonance_shrinkage",
    "stochastic_resonance",
    "thresholding",
]
