"""Learning: from signals to the dictionary that codes them sparsely."""

from .adversarial import adversarial_noise, input_gradient, worst_noise
from .classifier import Network, accuracy, train_cnn
from .features import error_rate, pooled_features, ridge_classifier, unit_atoms
from .ksvd import Learned, ksvd
from .layerwise import greedy_atoms, layerwise_start, thresholded_atoms
from .lista import Lista, lista, lista_start, train_lista
from .lobcod import lobcod_dictionary_learning
from .mlcsc import LearnedLayers, deepest_code, mlcsc_learning, relative_error
from .online import online_dictionary_learning
from .problem import LearnedFilters
from .slices import ksvd_update, mod_update, slice_dictionary_learning
from .trained import (
    load_colour_atoms,
    load_dictionaries,
    load_digit_dictionaries,
    load_digit_network,
    load_network,
    save_dictionaries,
    save_network,
)
from .unfolded import csc_network, csc_start, patch_network, patch_start

__all__ = [
    "Learned",
    "LearnedFilters",
    "LearnedLayers",
    "Lista",
    "Network",
    "accuracy",
    "adversarial_noise",
    "csc_network",
    "csc_start",
    "deepest_code",
    "error_rate",
    "greedy_atoms",
    "input_gradient",
    "ksvd",
    "ksvd_update",
    "layerwise_start",
    "lista",
    "lista_start",
    "load_colour_atoms",
    "load_dictionaries",
    "load_digit_dictionaries",
    "load_digit_network",
    "load_network",
    "lobcod_dictionary_learning",
    "mlcsc_learning",
    "mod_update",
    "online_dictionary_learning",
    "patch_network",
    "patch_start",
    "pooled_features",
    "relative_error",
    "ridge_classifier",
    "save_dictionaries",
    "save_network",
    "slice_dictionary_learning",
    "thresholded_atoms",
    "train_cnn",
    "train_lista",
    "unit_atoms",
    "worst_noise",
]
