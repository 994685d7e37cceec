"""Dictionaries: what has ``D @ gamma`` and ``D.T @ x``, a matrix or a convolutional dictionary."""

from .convolution import ConvDictionary, Product, linear_operator
from .low_coherence import low_coherence_dictionary
from .matrix import coherence, dct_dictionary, dct_matrix, dense, normalize, shifted_coherence
from .molecules import random_molecules, spaced_code
from .places import SparseCode

__all__ = [
    "ConvDictionary",
    "Product",
    "SparseCode",
    "coherence",
    "dct_dictionary",
    "dct_matrix",
    "dense",
    "linear_operator",
    "low_coherence_dictionary",
    "normalize",
    "random_molecules",
    "shifted_coherence",
    "spaced_code",
]
