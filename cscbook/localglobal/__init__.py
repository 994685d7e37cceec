"""Local and global: the global pursuit by work on patches, needles and slices alone.

Three generators of codes, each with the minimum of ``||y - D gamma||^2 / 2 + lam ||gamma||_1`` as its
limit, in the talk's views: ``patches`` are R_i x, ``gamma[i]`` is the needle alpha_i, and the slice is
``s_i = D_L alpha_i``. A mask M, where there is one, makes the data term ``||M (y - D gamma)||^2 / 2``.
"""

from .lobcod import lobcod, lobcod_layers
from .multilayer import local_ml_ista
from .slices import first_slices, local_ista, needles, slice_admm, slice_step

__all__ = [
    "first_slices",
    "lobcod",
    "lobcod_layers",
    "local_ista",
    "local_ml_ista",
    "needles",
    "slice_admm",
    "slice_step",
]
