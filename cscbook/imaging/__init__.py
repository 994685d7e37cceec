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

__all__ = ["Denoised", "average", "denoise_dct", "denoise_ksvd", "denoise_omp", "image_patches", "psnr"]
