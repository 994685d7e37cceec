"""Denoising: every denoiser of the book, side by side."""

from .after_ksvd import (
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
from .csc import block_means, block_omp, dct_filters, denoise_csc
from .experts import denoise_foe, foe_energy, load_experts, train_experts
from .ksvd import Denoised, average, denoise_dct, denoise_ksvd, denoise_omp, image_patches, psnr
from .lssc import denoise_lssc, simultaneous_omp
from .method_noise import on_used_atoms, restore_method_noise
from .mixture import learn_mixture, load_mixture, save_mixture
from .ordering import along_path, denoise_by_order, patch_order, train_path_filter
from .patch_models import denoise_epll, denoise_wnnm
from .similar_codes import denoise_gsm, denoise_ncsr
from .similar_patches import similar_patches
from .trained import Denoiser, denoise_trained, load_denoiser, load_patch_denoiser, save_denoiser
from .training import train_denoiser
from .wavelets import denoise_bands, fuse_jointly, join_bands, wavelet_bands

__all__ = [
    "Denoised",
    "Denoiser",
    "along_path",
    "average",
    "block_means",
    "block_omp",
    "dct_filters",
    "denoise_bands",
    "denoise_by_order",
    "denoise_csc",
    "denoise_dct",
    "denoise_epll",
    "denoise_foe",
    "denoise_gsm",
    "denoise_ksvd",
    "denoise_lssc",
    "denoise_ncsr",
    "denoise_omp",
    "denoise_pyramid",
    "denoise_trained",
    "denoise_wnnm",
    "disagreement",
    "foe_energy",
    "fuse_jointly",
    "fuse_scales",
    "haar",
    "image_patches",
    "inverse_haar",
    "join_bands",
    "ksvd_epll",
    "learn_mixture",
    "load_denoiser",
    "load_experts",
    "load_mixture",
    "load_patch_denoiser",
    "on_used_atoms",
    "patch_order",
    "psnr",
    "remaining_noise",
    "restore_method_noise",
    "save_denoiser",
    "save_mixture",
    "share_disagreement",
    "similar_patches",
    "simultaneous_omp",
    "sos",
    "train_denoiser",
    "train_experts",
    "train_path_filter",
    "wavelet_bands",
]
