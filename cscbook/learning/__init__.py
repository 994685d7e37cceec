"""Learning: from signals to the dictionary that codes them sparsely."""

from .classifier import Network, accuracy, train_cnn
from .ksvd import Learned, ksvd
from .layerwise import greedy_atoms, layerwise_start, thresholded_atoms
from .lobcod import lobcod_dictionary_learning
from .mlcsc import LearnedLayers, deepest_code, mlcsc_learning, relative_error
from .online import online_dictionary_learning
from .problem import LearnedFilters
from .slices import ksvd_update, mod_update, slice_dictionary_learning
from .trained import load_dictionaries, load_digit_dictionaries, save_dictionaries

__all__ = [
    "Learned",
    "LearnedFilters",
    "LearnedLayers",
    "Network",
    "accuracy",
    "deepest_code",
    "greedy_atoms",
    "ksvd",
    "ksvd_update",
    "layerwise_start",
    "load_dictionaries",
    "load_digit_dictionaries",
    "lobcod_dictionary_learning",
    "mlcsc_learning",
    "mod_update",
    "online_dictionary_learning",
    "relative_error",
    "save_dictionaries",
    "slice_dictionary_learning",
    "thresholded_atoms",
    "train_cnn",
]
