"""``cscbook separate``: cartoon and texture of pictures."""

import click
import numpy as np

from ..arrays import to_numpy
from ..datasets import middle
from ..imaging import separate as split
from .files import make_pictures, picture_options, tell
from .tiles import by_tiles

SIDE, MARGIN, TEACHER = 192, 32, 256
SIZE, LEAST = 12, 24  # of the filters, and of the smallest picture
EXAMPLE = "Example: cscbook separate photo.jpg -o parts.png writes parts-cartoon.png and parts-texture.png"


@click.command(epilog=EXAMPLE)
@picture_options
@click.option("--lam", type=click.FloatRange(0, min_open=True), default=0.05, show_default=True,
              help="Price of texture: larger leaves less of it.")  # fmt: skip
@click.option("--tv", type=click.FloatRange(0, min_open=True), default=0.06, show_default=True,
              help="Price of edges in the cartoon: larger leaves less in it.")  # fmt: skip
def separate(inputs, output, force, quiet, bits, lam, tv):
    """Split pictures into a cartoon (flat regions with edges) and a texture (what repeats).

    The texture swings around zero; in its picture, zero is grey.
    """

    def make(y, source):
        return separated(y, lam, tv, quiet)

    return make_pictures(inputs, output, force, quiet, bits, ["cartoon", "texture"], make, LEAST)


def separated(y, lam=0.05, tv=0.06, quiet=False):
    """``(cartoon, texture + 128)`` of a picture (H, W, c), whose texture teaches its own filters in the
    middle of the picture."""
    tell("learning the texture from the middle of the picture", quiet)
    teacher = split(middle(y, TEACHER), lam=lam, tv=tv, rounds=5, size=SIZE)
    if max(y.shape[:2]) <= TEACHER:
        return to_numpy(teacher.cartoon), to_numpy(teacher.texture) + 128

    def one(tile):
        found = split(tile, teacher.D, lam=lam, tv=tv, rounds=5)
        return np.concatenate([to_numpy(found.cartoon), to_numpy(found.texture) + 128], axis=-1)

    both = by_tiles(one, y, SIDE, MARGIN, title="separating", quiet=quiet)
    return both[..., : y.shape[-1]], both[..., y.shape[-1] :]
