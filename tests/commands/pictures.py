"""Small pictures for the command line."""

import numpy as np
from PIL import Image


def scene(H=48, W=56, c=3):
    """A disc on a ramp with stripes: edges, a smooth part and a texture, in 0..255."""
    i, j = np.mgrid[:H, :W]
    disc = (i - H / 2) ** 2 + (j - W / 3) ** 2 < (H / 4) ** 2
    x = 60 + 60 * j / W + 70 * disc + 15 * (j > 2 * W / 3) * np.sign(np.sin(2 * np.pi * i / 6))
    return np.clip(np.stack([x + 8 * k for k in range(c)], axis=-1), 1, 254)


def save(path, x):
    """Write (H, W, c) in 0..255 as a picture of 8 bits."""
    x = np.rint(np.clip(x, 0, 255)).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(x[..., 0] if x.shape[-1] == 1 else x).save(path)
    return path


def read(path):
    """A picture of 8 bits as (H, W, c)."""
    x = np.asarray(Image.open(path), dtype=float)
    return x.reshape(*x.shape[:2], -1)


def noisy(x, sigma, seed=0):
    return x + sigma * np.random.default_rng(seed).standard_normal(x.shape)
