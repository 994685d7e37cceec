"""``cscbook separate``: cartoon and texture of pictures."""

import click
import numpy as np

from ..arrays import to_numpy
from ..imaging import separate as split
from .files import check_bits, load, picture_options, plan, run, save_picture, tell, writing
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
    jobs = plan(inputs, output, force, [("cartoon", ".png"), ("texture", ".png")])
    check_bits(jobs, bits)

    def work(source, targets):
        y = load(source)
        check_bits(jobs, bits, y.shape[-1])
        if min(y.shape[:2]) < LEAST:
            raise ValueError(
                f"{source} is {y.shape[0]} x {y.shape[1]} pixels large, expected at least {LEAST} x {LEAST}."
            )
        parts = separated(y, lam, tv, quiet)
        with writing(*targets) as files:
            for file, part, target in zip(files, parts, targets, strict=True):
                save_picture(file, part, target, bits)

    return run(jobs, work, quiet)


def separated(y, lam=0.05, tv=0.06, quiet=False):
    """``(cartoon, texture + 128)`` of a picture (H, W, c), whose texture teaches its own filters in the
    middle of the picture."""
    middle = tuple(
        slice(max(0, (N - TEACHER) // 2), max(0, (N - TEACHER) // 2) + TEACHER) for N in y.shape[:2]
    )
    tell("learning the texture from the middle of the picture", quiet)
    teacher = split(y[middle], lam=lam, tv=tv, rounds=5, size=SIZE)
    if max(y.shape[:2]) <= TEACHER:
        return to_numpy(teacher.cartoon), to_numpy(teacher.texture) + 128

    def one(tile):
        found = split(tile, teacher.D, lam=lam, tv=tv, rounds=5)
        return np.concatenate([to_numpy(found.cartoon), to_numpy(found.texture) + 128], axis=-1)

    both = by_tiles(one, y, SIDE, MARGIN, title="separating", quiet=quiet)
    return both[..., : y.shape[-1]], both[..., y.shape[-1] :]
