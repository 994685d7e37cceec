"""K-SVD denoising of 512 x 512 photographs at sigma = 25, 256 atoms of 8 x 8, beside the same pipeline
built on spams."""

import numpy as np
from harness import measure, table

from cscbook import add_noise, dct_dictionary, denoise_ksvd, denoise_omp, grey, load_image, psnr
from cscbook.imaging import average, image_patches


def spams_pipeline(y, sigma):
    """Online l0 dictionary learning on 40,000 patches, then error-bounded OMP and averaging."""
    import spams

    P = image_patches(y, 8)
    mean, tol2 = P.mean(0), 64 * (1.15 * sigma) ** 2
    P = np.asfortranarray(P - mean)
    some = np.asfortranarray(P[:, np.random.default_rng(1).permutation(P.shape[1])[:40_000]])
    D = spams.trainDL(
        some,
        K=256,
        D=np.asfortranarray(dct_dictionary()),
        lambda1=tol2,
        mode=4,
        iter=1000,
        batchsize=512,
        numThreads=1,
        verbose=False,
    )
    code = spams.omp(P, np.asfortranarray(D), eps=tol2, L=64, return_reg_path=False, numThreads=1)
    return average(D @ code + mean, y, 8, 30 / sigma)


def scikit_image(y, sigma):
    from skimage.restoration import denoise_nl_means

    return (
        255
        * denoise_nl_means(
            y[..., 0] / 255,
            patch_size=5,
            patch_distance=10,
            h=0.7 * sigma / 255,
            sigma=sigma / 255,
            fast_mode=True,
        )[..., None]
    )


def compare(image, sigma, repeat):
    x = grey(load_image(image))
    y = add_noise(x, sigma)
    seconds, found = measure(
        {
            "cscbook denoise_ksvd": lambda: denoise_ksvd(y, sigma).x,
            "spams.trainDL + spams.omp": lambda: spams_pipeline(y, sigma),
            "cscbook denoise_omp (DCT)": lambda: denoise_omp(y, sigma).x,
            "scikit-image non-local means": lambda: scikit_image(y, sigma),
        },
        repeat,
    )
    title = f"{image} at sigma = {sigma}, noisy {psnr(y, x):.2f} dB"
    table(title, seconds, {name: f"{psnr(z, x):.2f} dB" for name, z in found.items()})


def run(repeat):
    for image in ("camera", "astronaut", "brick"):
        compare(image, 25, repeat)
