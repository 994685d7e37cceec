"""Plots: matplotlib only. Each function draws on a given axes, or makes a figure and returns it."""

from .codes import (
    codes,
    convolutional_sum,
    long_codes,
    matrices,
    needles_and_stripes,
    pursuit_steps,
    slices_and_patches,
    stems,
    stripe_counts,
)
from .colors import COLORS
from .curves import against_bounds, correlations, curves, recoveries, recovery
from .future import attack, margins
from .layered import effective_atoms, layer_codes
from .learning import filter_sets, filters, learning_curves
from .local import patches_and_slices, spreading
from .molecules import digit_codes, error_bars
from .music import piano_roll, score_and_roll, spectrogram, spikes, templates
from .networks import answers
from .pictures import atoms, atoms_and_image, equation, feature_maps, image, images, maps
from .unfoldings import unfoldings

__all__ = [
    "digit_codes",
    "error_bars",
    "COLORS",
    "against_bounds",
    "answers",
    "atoms",
    "attack",
    "atoms_and_image",
    "codes",
    "convolutional_sum",
    "correlations",
    "curves",
    "effective_atoms",
    "equation",
    "feature_maps",
    "filter_sets",
    "filters",
    "image",
    "images",
    "learning_curves",
    "layer_codes",
    "long_codes",
    "maps",
    "margins",
    "matrices",
    "needles_and_stripes",
    "patches_and_slices",
    "piano_roll",
    "pursuit_steps",
    "recoveries",
    "recovery",
    "score_and_roll",
    "slices_and_patches",
    "spectrogram",
    "spikes",
    "spreading",
    "stems",
    "stripe_counts",
    "templates",
    "unfoldings",
]
