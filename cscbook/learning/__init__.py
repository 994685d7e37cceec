"""Dictionary learning: from signals to the dictionary that codes them sparsely."""

from .ksvd import Learned, ksvd, ksvd_update
from .layerwise import greedy_atoms, layerwise_start, thresholded_atoms
from .lobcod import lobcod_dictionary_learning
from .mlcsc import LearnedLayers, deepest_code, mlcsc_learning, relative_error
from .online import online_dictionary_learning
from .problem import LearnedFilters
from .slices import mod_update, slice_dictionary_learning

__all__ = [
    "Learned",
    "LearnedFilters",
    "LearnedLayers",
    "deepest_code",
    "greedy_atoms",
    "ksvd",
    "ksvd_update",
    "layerwise_start",
    "lobcod_dictionary_learning",
    "mlcsc_learning",
    "mod_update",
    "online_dictionary_learning",
    "relative_error",
    "slice_dictionary_learning",
    "thresholded_atoms",
]
