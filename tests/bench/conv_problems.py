"""Problems of convolutional basis pursuit: random signals, and photographs over filters learned on
another one."""

from pathlib import Path

import numpy as np
import scipy.ndimage

from cscbook import ConvDictionary, grey, ksvd, lam_max, load_image
from cscbook.imaging import image_patches


def signal(N, m, ratio, n=64, seed=0):
    """A random sparse code over random filters, with noise; lam is a ratio of lam_max."""
    rng = np.random.default_rng(seed)
    filters = rng.standard_normal((n, 1, m))
    D = ConvDictionary(filters / np.linalg.norm(filters, axis=0), (N,))
    gamma = np.zeros((N, m))
    gamma.ravel()[rng.choice(N * m, N // 16, replace=False)] = rng.standard_normal(N // 16)
    x = D @ gamma
    y = x + 0.1 * x.std() * rng.standard_normal(x.shape)
    return D, y, ratio * lam_max(D, y)


def photograph(name, side, size, m, lam):
    """A photograph in [0, 1] without its low frequencies; filters learned by K-SVD on another one."""
    P = image_patches(fine(small("ascent", 512)), size)[:, ::17]
    P = P - P.mean(axis=0)
    loud = np.linalg.norm(P, axis=0) > 0.1
    filters = ksvd(P[:, loud], n_atoms=m, k=3, n_iter=10).D.reshape(size, size, 1, m)
    return ConvDictionary(filters, (side, side)), fine(small(name, side)), lam


def of_sporco(ratio, side=256):
    """A photograph and a dictionary that come with sporco: nothing of ours."""
    import sporco
    from PIL import Image
    from sporco.util import convdicts

    x = np.asarray(Image.open(Path(sporco.__file__).parent / "data" / "kodim23.png").convert("L")) / 255
    x = x[128 : 128 + side, 256 : 256 + side, None]
    filters = convdicts()["G:8x8x32"].reshape(8, 8, 1, 32).astype(float)
    D = ConvDictionary(filters / np.sqrt(np.sum(filters**2, axis=(0, 1, 2))), x.shape[:2])
    y = x - scipy.ndimage.gaussian_filter(x, (3, 3, 0))
    return D, y, ratio * lam_max(D, y)


def fine(x):
    """The image without its low frequencies."""
    return x - scipy.ndimage.gaussian_filter(x, (2, 2, 0))


def small(name, side):
    """A photograph in grey and in [0, 1], averaged over blocks."""
    x = grey(load_image(name)) / 255
    step = min(x.shape[:2]) // side
    return x[: step * side, : step * side].reshape(side, step, side, step, 1).mean(axis=(1, 3))


PROBLEMS = {
    "1-D, N = 640, 0.1 lam_max": lambda: signal(640, 2, 0.1),
    "1-D, N = 640, 0.01 lam_max": lambda: signal(640, 2, 0.01),
    "1-D, N = 100,000, 0.1 lam_max": lambda: signal(100_000, 8, 0.1),
    "1-D, N = 100,000, 0.01 lam_max": lambda: signal(100_000, 8, 0.01),
    "camera 256 x 256, 32 of 8 x 8, lam = 0.05": lambda: photograph("camera", 256, 8, 32, 0.05),
    "camera 256 x 256, 32 of 8 x 8, lam = 0.01": lambda: photograph("camera", 256, 8, 32, 0.01),
    "brick 256 x 256, 48 of 9 x 9, lam = 0.03": lambda: photograph("brick", 256, 9, 48, 0.03),
    "astronaut 512 x 512, 64 of 11 x 11, lam = 0.05": lambda: photograph("astronaut", 512, 11, 64, 0.05),
    "kodim23 256 x 256, sporco's 32 of 8 x 8, 0.01 lam_max": lambda: of_sporco(0.01),
    "kodim23 256 x 256, sporco's 32 of 8 x 8, 0.002 lam_max": lambda: of_sporco(0.002),
}
