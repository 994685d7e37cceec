"""Imaging: what the models are for."""

from .denoising import (
    Denoised,
    average,
    denoise_dct,
    denoise_ksvd,
    denoise_omp,
    image_patches,
    psnr,
)
from .matching import similar_patches
from .patch_models import denoise_epll, denoise_wnnm

__all__ = [
    "Denoised",
    "average",
    "denoise_dct",
    "denoise_epll",
    "denoise_ksvd",
    "denoise_omp",
    "denoise_wnnm",
    "image_patches",
    "psnr",
    "similar_patches",
]
