"""The multi-layer model: a list of dictionaries, in which the code of one layer is the signal of the next.

``x = D_1 g_1``, ``g_1 = D_2 g_2``, and so on, each code sparse in every stripe [Papyan, Romano & Elad,
2017]. There is no class for it: ``dictionaries = [D_1, ..., D_K]`` is the model, matrices or
ConvDictionaries, and a list of codes ``[gamma_1, ..., gamma_K]`` is what a pursuit finds.
"""

from .deep_coding import dcp
from .model import effective, local_sparsities, nonnegative, positive_parts, refit, synthesize
from .projection import holistic_pursuit, projection_pursuit
from .pursuits import (
    forward_pass,
    layered,
    layered_basis_pursuit,
    layered_iterative_thresholding,
    layered_thresholding,
)
from .together import ml_basis_pursuit, ml_fista, ml_ista, ml_objective, ml_steps, sweep

__all__ = [
    "dcp",
    "effective",
    "forward_pass",
    "holistic_pursuit",
    "layered",
    "layered_basis_pursuit",
    "layered_iterative_thresholding",
    "layered_thresholding",
    "local_sparsities",
    "ml_basis_pursuit",
    "ml_fista",
    "ml_ista",
    "ml_objective",
    "ml_steps",
    "nonnegative",
    "positive_parts",
    "projection_pursuit",
    "refit",
    "sweep",
    "synthesize",
]
