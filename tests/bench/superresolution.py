"""Super-resolution x2 of three held-out photographs: bicubic, learned linear filters, coupled coding; and
denoising by CSC beside K-SVD on the same crops. ``python tests/bench/superresolution.py``"""

import numpy as np
from harness import measure, table

from cscbook import (
    add_noise,
    denoise_csc,
    denoise_ksvd,
    denoise_omp,
    grey,
    load_image,
    lobcod_dictionary_learning,
    psnr,
    split_frequencies,
    superresolve,
    train_superresolution,
)
from cscbook.imaging import back_project, block_means, block_omp, double, halve, image_patches


def photograph(name, top=0, left=0, size=256):
    return grey(load_image(name))[top : top + size, left : left + size]


HELD_OUT = {
    "camera": photograph("camera", 60, 150),
    "astronaut": photograph("astronaut", 0, 100),
    "coffee": photograph("coffee", 60, 150),
}


def teachers():
    rocket = grey(load_image("rocket"))[100:426, 100:540]
    photographs = [grey(load_image("cat"))[:300, :450], rocket, photograph("ascent")]
    turned = [np.swapaxes(x, 0, 1) for x in photographs]
    return [*photographs, *turned, photograph("gravel", size=192)]


def learned_filters(images, n=7):
    """The best n x n filters, one a phase, for what bicubic misses; with back-projection."""

    def windows(y):
        return image_patches(np.pad(y, ((n // 2,) * 2, (n // 2,) * 2, (0, 0)), mode="symmetric"), n).T

    def phases(x):
        return np.stack([x[i::2, j::2].ravel() for i in (0, 1) for j in (0, 1)], axis=1)

    seen = np.concatenate([windows(halve(x)) for x in images])
    lost = np.concatenate([phases(x - double(halve(x))) for x in images])
    filters = np.linalg.lstsq(seen, lost, rcond=None)[0]

    def enlarge(y):
        H, W = y.shape[:2]
        detail = (windows(y) @ filters).reshape(H, W, 2, 2).transpose(0, 2, 1, 3)
        return back_project(double(y) + detail.reshape(2 * H, 2 * W, 1), y)

    return enlarge


def run(repeat):
    images = teachers()
    linear, model = learned_filters(images), train_superresolution(images)
    for name, x in HELD_OUT.items():
        y = halve(x)
        solvers = {
            "coupled coding, 8 views": lambda y=y: superresolve(y, model),
            "coupled coding, 1 view": lambda y=y: superresolve(y, model, n_views=1),
            "learned linear filters 7 x 7": lambda y=y: linear(y),
            "bicubic": lambda y=y: double(y),
        }
        seconds, found = measure(solvers, repeat)
        notes = {k: f"{psnr(z, x):.2f} dB, {psnr(z, x) - psnr(double(y), x):+.2f}" for k, z in found.items()}
        table(f"super-resolution x2, {name} 256 x 256", seconds, notes)
    denoising(repeat)


def denoising(repeat, sigma=25):
    pieces = [photograph(name, 90, 100, 128) for name in ("cat", "ascent", "coffee", "brick")]
    pieces = [split_frequencies(x, 3.0)[1] for x in pieces]
    D = lobcod_dictionary_learning(pieces, (8, 8), 64, 15.0, n_iter=20, circular=False, zero_mean=True).D
    for name in ("camera", "astronaut"):
        x = HELD_OUT[name]
        y = add_noise(x, sigma)
        K = denoise_ksvd(y, sigma, n_iter=10).D
        solvers = {
            "K-SVD": lambda y=y: denoise_ksvd(y, sigma, n_iter=10).x,
            "OMP over the DCT": lambda y=y: denoise_omp(y, sigma).x,
            "plain CSC": lambda y=y: denoise_csc(y, sigma, D, lam=2.5 * sigma).x,
            "CSC, stride 4, 16 shifts": lambda y=y: denoise_csc(y, sigma, D, lam=2 * sigma, stride=4).x,
            "CSC, stride 8, 64 shifts, OMP": lambda y=y, K=K: (
                denoise_csc(
                    y,
                    sigma,
                    K.reshape(8, 8, 1, -1),
                    stride=8,
                    split=block_means(8),
                    pursuit=block_omp(sigma),
                    weight=30 / sigma,
                ).x
            ),
        }
        seconds, found = measure(solvers, repeat)
        notes = {k: f"{psnr(z, x):.2f} dB" for k, z in found.items()}
        table(f"denoising, sigma = {sigma}, {name} 256 x 256", seconds, notes)


if __name__ == "__main__":
    run(1)
