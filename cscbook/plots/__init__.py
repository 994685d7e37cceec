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
from .curves import (
    against_bounds,
    correlations,
    curves,
    recoveries,
    recovery,
)
from .local import patches_and_slices, spreading
from .pictures import (
    atoms,
    atoms_and_image,
    equation,
    feature_maps,
    image,
    images,
    maps,
)

__all__ = [
    "COLORS",
    "against_bounds",
    "atoms",
    "atoms_and_image",
    "codes",
    "convolutional_sum",
    "correlations",
    "curves",
    "equation",
    "feature_maps",
    "image",
    "images",
    "long_codes",
    "maps",
    "matrices",
    "needles_and_stripes",
    "patches_and_slices",
    "pursuit_steps",
    "recoveries",
    "recovery",
    "slices_and_patches",
    "spreading",
    "stems",
    "stripe_counts",
]
