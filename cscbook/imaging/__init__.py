"""Imaging: what the models are for."""

from .beyond import (
    denoise_pyramid,
    disagreement,
    fuse_scales,
    haar,
    inverse_haar,
    ksvd_epll,
    remaining_noise,
    share_disagreement,
    sos,
)
from .convolutional_denoising import (
    block_means,
    block_omp,
    dct_filters,
    denoise_csc,
)
from .denoising import (
    Denoised,
    average,
    denoise_dct,
    denoise_ksvd,
    denoise_omp,
    image_patches,
    psnr,
)
from .detection import (
    Occurrences,
    detect,
    occurrences,
    precision_recall,
)
from .filters import patch_filters, roughness
from .inpainting import Inpainted, inpaint, plate, self_dictionary
from .lssc import denoise_lssc, simultaneous_omp
from .matching import similar_patches
from .patch_models import denoise_epll, denoise_wnnm
from .separation import Separated, separate, texture_filters
from .superresolution import (
    Coupled,
    back_project,
    double,
    halve,
    resize,
    superresolve,
    train_superresolution,
)
from .trained_denoising import (
    Denoiser,
    denoise_trained,
    load_denoiser,
    save_denoiser,
)
from .training import train_denoiser
from .variation import Cartoon, denoise_tv, inpaint_tv, total_variation

__all__ = [
    "Cartoon",
    "Coupled",
    "Denoised",
    "Denoiser",
    "Inpainted",
    "Occurrences",
    "Separated",
    "average",
    "back_project",
    "block_means",
    "block_omp",
    "dct_filters",
    "denoise_csc",
    "denoise_dct",
    "denoise_epll",
    "denoise_ksvd",
    "denoise_lssc",
    "denoise_omp",
    "denoise_pyramid",
    "denoise_trained",
    "denoise_tv",
    "denoise_wnnm",
    "detect",
    "disagreement",
    "double",
    "fuse_scales",
    "haar",
    "halve",
    "image_patches",
    "inpaint",
    "inpaint_tv",
    "inverse_haar",
    "ksvd_epll",
    "load_denoiser",
    "occurrences",
    "patch_filters",
    "plate",
    "precision_recall",
    "psnr",
    "remaining_noise",
    "resize",
    "roughness",
    "save_denoiser",
    "self_dictionary",
    "separate",
    "share_disagreement",
    "similar_patches",
    "simultaneous_omp",
    "sos",
    "superresolve",
    "texture_filters",
    "total_variation",
    "train_denoiser",
    "train_superresolution",
]
