"""``cscbook enlarge``: pictures at twice or four times their size."""

import click

from ..arrays import to_numpy
from ..datasets import grey, load_image
from ..imaging import double, superresolve, train_superresolution
from .files import make_pictures, picture_options, tell
from .tiles import by_tiles

SIDE, MARGIN, LEAST = 128, 16, 8
EXAMPLE = "Example: cscbook enlarge photo.jpg -o large.png --times 2"


@click.command(epilog=EXAMPLE)
@picture_options
@click.option(
    "--times", type=click.Choice(["2", "4"]), default="2", show_default=True, help="How much larger."
)
@click.option(
    "--views",
    type=click.IntRange(1, 8),
    default=4,
    show_default=True,
    help="Rotations and mirror images of the picture to average over: more is better and slower.",
)
def enlarge(inputs, output, force, quiet, bits, times, views):
    """Enlarge pictures, with edges that stay sharp.

    The code of the small picture says which details to draw into the large one. Details are drawn in grey, as
    the eye sees fine colour badly.
    """
    models = []  # learned once, and not before a file is known to be right

    def make(y, source):
        if not models:
            tell("learning details from photographs of the book", quiet)
            models.append(train_superresolution(teachers(), n_iter=6))
        for _ in range({"2": 1, "4": 2}[times]):
            y = enlarged(y, models[0], views, quiet)
        return (y,)

    return make_pictures(inputs, output, force, quiet, bits, ["enlarged"], make, LEAST)


def teachers():
    """Grey parts of photographs of the book."""
    places = {"cat": (0, 0), "rocket": (100, 100), "ascent": (0, 0), "gravel": (0, 0)}
    return [grey(load_image(n))[i : i + 192, j : j + 192] for n, (i, j) in places.items()]


def enlarged(y, model, views=4, quiet=False):
    """A picture (H, W, c) at twice its size: bicubic interpolation, and the details of its grey version."""

    def one(tile):
        tile = tile.astype(float)
        bright, large = grey(tile), to_numpy(double(tile))
        return large + to_numpy(superresolve(bright, model, views) - double(bright))

    return by_tiles(one, y, SIDE, MARGIN, scale=2, title="enlarging", quiet=quiet)
