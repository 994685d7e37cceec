"""Networks: pursuits with labels, and pursuits whose parameters are trained."""

from .adversarial import adversarial_noise, input_gradient, worst_noise
from .classifier import Network, accuracy, train_cnn
from .denoising_plans import csc_network, csc_start, patch_network, patch_start
from .features import error_rate, pooled_features, ridge_classifier, unit_atoms
from .implicit import converged_code, lasso_gradients, layered_bp
from .lista import Lista, lista, lista_start, train_lista
from .shipped import (
    load_colour_atoms,
    load_dictionaries,
    load_digit_dictionaries,
    load_digit_network,
    load_network,
    save_dictionaries,
    save_network,
)

__all__ = [
    "Lista",
    "Network",
    "accuracy",
    "adversarial_noise",
    "converged_code",
    "csc_network",
    "csc_start",
    "error_rate",
    "input_gradient",
    "lasso_gradients",
    "layered_bp",
    "lista",
    "lista_start",
    "load_colour_atoms",
    "load_dictionaries",
    "load_digit_dictionaries",
    "load_digit_network",
    "load_network",
    "patch_network",
    "patch_start",
    "pooled_features",
    "ridge_classifier",
    "save_dictionaries",
    "save_network",
    "train_cnn",
    "train_lista",
    "unit_atoms",
    "worst_noise",
]
