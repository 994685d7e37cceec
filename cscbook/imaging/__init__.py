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
from .denoising import (
    Denoised,
    average,
    denoise_dct,
    denoise_ksvd,
    denoise_omp,
    image_patches,
    psnr,
)
from .lssc import denoise_lssc, simultaneous_omp
from .matching import similar_patches
from .patch_models import denoise_epll, denoise_wnnm

__all__ = [
    "Denoised",
    "average",
    "denoise_dct",
    "denoise_epll",
    "denoise_ksvd",
    "denoise_lssc",
    "denoise_omp",
    "denoise_pyramid",
    "denoise_wnnm",
    "disagreement",
    "fuse_scales",
    "haar",
    "image_patches",
    "inverse_haar",
    "ksvd_epll",
    "psnr",
    "remaining_noise",
    "share_disagreement",
    "similar_patches",
    "simultaneous_omp",
    "sos",
]
