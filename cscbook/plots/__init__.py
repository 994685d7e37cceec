"""Plots: matplotlib only. Each function draws on a given axes, or makes a figure and returns it.

A file is called as the folder whose objects it draws.
"""

from .colors import COLORS
from .curves import against_bounds, curves
from .dictionaries import atoms, convolutional_sum, correlations, matrices
from .imaging import atoms_and_image, equation, feature_maps, image, images, maps
from .layered import digit_codes, effective_atoms, layer_codes
from .learning import filter_sets, filters, learning_curves
from .localglobal import needles_and_stripes, patches_and_slices, slices_and_patches, spreading
from .networks import answers, attack, error_bars, margins, unfoldings
from .pursuits import codes, long_codes, pursuit_steps, stems
from .sound import piano_roll, score_and_roll, spectrogram, spikes, templates
from .theory import recoveries, recovery, stripe_counts

__all__ = [
    "COLORS",
    "against_bounds",
    "answers",
    "atoms",
    "atoms_and_image",
    "attack",
    "codes",
    "convolutional_sum",
    "correlations",
    "curves",
    "digit_codes",
    "effective_atoms",
    "equation",
    "error_bars",
    "feature_maps",
    "filter_sets",
    "filters",
    "image",
    "images",
    "layer_codes",
    "learning_curves",
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
