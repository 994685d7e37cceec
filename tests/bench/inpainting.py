"""Inpainting with half of the pixels missing, and texture beside cartoon, on 256 x 256 photographs.

Filters come from three photographs and fill three others, with three masks each, beside biharmonic and
total-variation inpainting; then the two triples change places, which nothing was tuned on. On the brick
wall, the image itself teaches its filters.
"""

import time

import numpy as np

from cscbook import (
    grey,
    inpaint,
    inpaint_tv,
    load_image,
    patch_filters,
    psnr,
    self_dictionary,
    separate,
    to_numpy,
)
from cscbook.datasets.files import split_frequencies
from cscbook.imaging import denoise_tv

CORNERS = {
    "camera": (100, 150),
    "astronaut": (0, 100),
    "coffee": (60, 150),
    "ascent": (100, 100),
    "cat": (20, 100),
    "rocket": (100, 200),
    "brick": (0, 0),
    "grass": (0, 0),
}
SIDE = 256


def crop(name):
    i, j = CORNERS[name]
    return grey(load_image(name))[i : i + SIDE, j : j + SIDE]


def biharmonic(y, mask):
    from skimage.restoration import inpaint_biharmonic

    y, mask = to_numpy(y), to_numpy(mask)
    return 255 * inpaint_biharmonic(y[..., 0] / 255, mask[..., 0] == 0)[..., None]


def fill(train, test, masks=(1, 2, 3), learn=()):
    """One line a photograph and mask: PSNR of both baselines, over ``train``, and self-learned."""
    filters = patch_filters([grey(load_image(name)) for name in train], m=256, k=10)
    print(f"filters from {', '.join(train)}\n{'':10} mask  biharmonic     TV    ours  self-learned   CPU s")
    for name in test:
        x = crop(name)
        for seed in masks:
            mask = (np.random.default_rng(seed).random(x.shape) < 0.5) * 1.0
            y = x * mask
            plain = [psnr(z, x) for z in (biharmonic(y, mask), inpaint_tv(y, mask, n_iter=1500))]
            start = time.process_time()
            ours = psnr(inpaint(y, mask, filters).x, x)
            seconds, own = time.process_time() - start, ""
            if name in learn and seed == masks[0]:
                own = f"{psnr(inpaint(y, mask, self_dictionary(y, mask, filters)).x, x):.2f}"
            print(f"{name:10} {seed:4} {plain[0]:11.2f} {plain[1]:6.2f} {ours:7.2f} {own:>13} {seconds:7.1f}")


def correlation(a, b):
    return float(np.corrcoef(np.ravel(to_numpy(a)), np.ravel(to_numpy(b)))[0, 1])


def split(name, cartoon, texture, filters):
    """Correlations with the truth, cartoon / texture: the best split by TV alone, and both of ours."""
    y, rows = cartoon + texture, {}
    tried = [denoise_tv(y, 255 * w, tol=1e-3).x for w in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)]
    rows["best cartoon by TV"] = [max(correlation(u, cartoon) for u in tried)]
    rows["best texture by TV"] = [max(correlation(y - u, texture) for u in tried)]
    for way, D in (("filters from elsewhere", filters), ("from the mixture alone", None)):
        found = separate(y, D)
        rows[way] = [correlation(found.cartoon, cartoon), correlation(found.texture, texture)]
    for way, values in rows.items():
        print(f"{name:16} {way:24} {' / '.join(f'{v:.3f}' for v in values)}")


def separation():
    """Shapes and a photograph under a brick wall, which lost its slow light and shade."""
    wall = split_frequencies(load_image("brick"), 100.0)[1]
    texture, elsewhere = wall[:SIDE, :SIDE], wall[SIDE:]
    filters = patch_filters([elsewhere], m=64, k=3, patches=5000, n_iter=5)
    i, j = np.mgrid[:SIDE, :SIDE] / SIDE
    disc, square = (i - 0.35) ** 2 + (j - 0.3) ** 2 < 0.05, (abs(i - 0.65) < 0.2) & (abs(j - 0.65) < 0.22)
    shapes = (60 + 100.0 * disc + 60 * square - 30 * (i + j > 1.5))[..., None]
    split("shapes + brick", shapes, texture, filters)
    split("coffee + brick", crop("coffee"), texture, filters)
    wall, photo = (half(load_image(name)) for name in ("brick", "camera"))
    wall = 1.5 * split_frequencies(wall, 100.0)[1]
    filters = patch_filters([wall[:, 128:]], m=32, k=3, patches=5000, n_iter=5)
    split("camera + louder brick, half size", photo[:, :128], wall[:, :128], filters)


def half(x):
    """The image averaged over blocks of 2 x 2 pixels."""
    H, W, c = x.shape
    return x.reshape(H // 2, 2, W // 2, 2, c).mean(axis=(1, 3))


def run(repeat):
    first, second = ("ascent", "cat", "rocket"), ("camera", "astronaut", "coffee")
    fill(first, (*second, "brick"), learn=("camera", "brick"))
    fill(second, first)
    separation()


if __name__ == "__main__":
    run(1)
