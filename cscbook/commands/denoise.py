"""``cscbook denoise``: take the noise out of pictures."""

import click
import numpy as np

from ..dictionaries import dct_dictionary
from ..imaging import (
    denoise_csc,
    denoise_dct,
    denoise_ksvd,
    denoise_omp,
    denoise_trained,
    estimate_sigma,
    load_denoiser,
)
from ..imaging.denoising.ksvd import centred_patches, patch_atoms
from .files import make_pictures, picture_options, tell
from .tiles import by_tiles

SIDE = 512  # of a tile, and of the largest picture that learns from all its patches
LEAST = 0.3  # noise of less than this drowns in the rounding to whole grey values
EXAMPLE = "Example: cscbook denoise photo.jpg -o clean.png --sigma auto"


class Sigma(click.ParamType):
    """``auto``, or a positive number."""

    name = "auto|NUMBER"

    def convert(self, value, param, ctx):
        try:
            sigma = None if value == "auto" else float(value)
        except ValueError:
            self.fail(f"{value!r}: expected auto, or a positive number.", param, ctx)
        if sigma is not None and not 0 < sigma < np.inf:
            self.fail(f"{value}: expected auto, or a positive number.", param, ctx)
        return value if sigma is None else sigma


@click.command(epilog=EXAMPLE)
@picture_options
@click.option(
    "--sigma",
    type=Sigma(),
    default="auto",
    show_default=True,
    help="Standard deviation of the noise, on the scale from 0 to 255; auto estimates it.",
)
@click.option(
    "--method",
    type=click.Choice(["ksvd", "dct", "csc", "trained"]),
    default="ksvd",
    show_default=True,
    help="Patches over a learned dictionary; the DCT; convolutional coding; a trained pursuit.",
)
def denoise(inputs, output, force, quiet, bits, sigma, method):
    """Take the noise out of pictures, grey or in colour and of any size.

    The default, K-SVD, learns small pieces of pictures from the noisy one itself, and writes each patch as a
    sum of few of them.
    """

    def make(y, source):
        return (denoised(y, sigma, method, quiet),)

    return make_pictures(inputs, output, force, quiet, bits, ["denoised"], make)


def denoised(y, sigma="auto", method="ksvd", quiet=False):
    """A picture (H, W, c) in 0..255 without its noise, tile by tile; as it is if no noise is found."""
    if sigma == "auto":
        sigma = estimate_sigma(y)
        if not quiet:
            click.echo(f"noise: sigma = {sigma:.1f}", err=True)
        if sigma < LEAST:
            return y
    title = f"{method}, sigma = {sigma:.1f}"
    if method == "ksvd" and max(y.shape[:2]) <= SIDE:
        return denoise_ksvd(y, sigma, n_iter=10, train=20_000).x
    tell("learning atoms from the picture", quiet or method != "ksvd")
    function, margin = {
        "ksvd": lambda: (_ksvd(y, sigma), 8),
        "dct": lambda: (lambda tile: denoise_dct(tile, sigma), 8),
        "csc": lambda: (lambda tile: denoise_csc(tile, sigma).x, 32),
        "trained": lambda: (_trained(sigma), 32),
    }[method]()
    return by_tiles(function, y, SIDE if method == "ksvd" else SIDE // 2, margin, title=title, quiet=quiet)


def _ksvd(y, sigma):
    """A denoiser over one dictionary, learned from some places of all channels."""
    D = learned_atoms(y, sigma)
    return lambda tile: denoise_omp(tile, sigma, D).x


def _trained(sigma):
    denoiser = load_denoiser()
    return lambda tile: denoise_trained(tile, denoiser, sigma).x


def learned_atoms(y, sigma, pieces=40, side=64, train=20_000, gain=1.15):
    """Atoms (64, 256) that K-SVD learns on patches of 8 x 8 from random pieces of a noisy picture.

    As in :func:`~cscbook.imaging.denoise_ksvd`, it learns from patches without their means, and only from
    those that are more than noise: ``||p||_2 > gain sigma sqrt(64)``. The picture is larger than a piece.
    """
    rng, found = np.random.default_rng(0), []
    for _ in range(pieces):
        i, j = (int(rng.integers(N - min(side, N) + 1)) for N in y.shape[:2])
        for channel in range(y.shape[-1]):
            piece = y[i : i + side, j : j + side, channel : channel + 1].astype(np.float32)
            found.append(centred_patches(piece, 8)[0])
    P = np.concatenate(found, axis=1)
    return patch_atoms(P, sigma, dct_dictionary(), 10, train, gain, rng)
