"""Learning: from signals to the dictionary that codes them sparsely."""

from .ksvd import Learned, ksvd
from .lobcod import lobcod_dictionary_learning
from .online import online_dictionary_learning
from .problem import LearnedFilters
from .slices import ksvd_update, mod_update, slice_dictionary_learning

__all__ = [
    "Learned",
    "LearnedFilters",
    "ksvd",
    "ksvd_update",
    "lobcod_dictionary_learning",
    "mod_update",
    "online_dictionary_learning",
    "slice_dictionary_learning",
]
