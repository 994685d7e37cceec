"""Pursuits: given a dictionary and a signal, find a sparse code.

Each is written for anything with ``D @ gamma`` and ``D.T @ x``. A matrix takes one signal ``y`` of
shape (n,) or columns (n, p), and its fast routes use the shared Gram matrix ``D^T D``.
"""

from .equality import basis_pursuit_equality
from .greedy import omp
from .iterative import Pursuit, fista, ista, thresholding
from .relaxation import basis_pursuit, duality_gap, lam_max, objective

__all__ = [
    "Pursuit",
    "basis_pursuit",
    "basis_pursuit_equality",
    "duality_gap",
    "fista",
    "ista",
    "lam_max",
    "objective",
    "omp",
    "thresholding",
]
