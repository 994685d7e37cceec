"""``cscbook inpaint``: fill what is missing in pictures."""

import math
from pathlib import Path

import click
import numpy as np
from scipy.ndimage import distance_transform_edt

from ..datasets import grey, load_image
from ..imaging import inpaint as fill
from ..imaging import patch_filters
from .dictionaries import dictionary_option, read_filters
from .files import load, make_pictures, picture_options, sources, tell
from .tiles import bar, tiles

SIDE, MARGIN = 64, 24
FARTHEST = 20  # pixels from what is seen: atoms do not reach across a hole of more than twice this size
EXAMPLE = "Example: cscbook inpaint photo.png --mask mask.png -o whole.png"


@click.command(epilog=EXAMPLE)
@picture_options
@click.option(
    "--mask",
    required=True,
    type=click.Path(exists=True),
    help="Picture of the same size, white where pixels are missing; or a folder of masks, each called as its "
    "picture.",
)
@click.option("--black", is_flag=True, help="The mask is black where pixels are missing, not white.")
@dictionary_option
def inpaint(inputs, output, force, quiet, bits, mask, black, dictionary):
    """Fill scratches, writing or missing pixels.

    Small pieces of other photographs (or of a dictionary of yours) are fitted to what is seen, and go on into
    what is not.
    """
    filters = []  # learned once, and not before a file is known to be right

    def make(y, source):
        missing = read_mask(mask_of(mask, source), y.shape[:2], black)
        if not filters:
            tell("learning filters from photographs of the book", quiet or dictionary is not None)
            filters.append(photograph_filters() if dictionary is None else read_filters(dictionary))
        return (filled(y, missing, filters[0], quiet),)

    return make_pictures(inputs, output, force, quiet, bits, ["inpainted"], make)


def mask_of(mask, source):
    """The mask of a picture: the one file, or that of the same name in the folder."""
    if not Path(mask).is_dir():
        return Path(mask)
    found = [p for p in sources([mask]) if p.stem == source.stem]
    if len(found) != 1:
        raise ValueError(f"{mask} holds {len(found)} masks called {source.stem}, expected one.")
    return found[0]


def read_mask(file, space, black=False):
    """Which pixels (H, W, 1) are missing, as booleans; transparent parts of a mask count as not marked."""
    mask = to_grey(load(file, background=255 if black else 0))
    if mask.shape[:2] != tuple(space):
        sizes = [f"{H} x {W}" for H, W in (mask.shape[:2], space)]
        raise ValueError(
            f"{file} is {sizes[0]} pixels large and its picture {sizes[1]}, expected equal sizes."
        )
    missing = (mask < 128) if black else (mask >= 128)
    if missing.all() or not missing.any():
        what = "everything" if missing.all() else "nothing"
        raise ValueError(f"{file} marks {what} as missing, expected a mask that is white where pixels are.")
    return missing


def to_grey(x):
    return np.asarray(grey(x))


def photograph_filters(size=10, m=100):
    """Filters learned from photographs of the book: see :func:`~cscbook.imaging.patch_filters`."""
    teachers = [grey(load_image(name)) for name in ("ascent", "cat", "rocket")]
    return patch_filters(teachers, size, m, patches=6000, n_iter=8)


def filled(y, missing, filters, quiet=False):
    """A picture (H, W, c) with its missing pixels filled, hole after hole; the others stay as they are.

    A window reaches twice as far as the pixel of its middle that is farthest from what is seen: holes are
    filled from all sides.
    """
    far = distance_transform_edt(missing[..., 0])
    if far.max() > FARTHEST:
        raise ValueError(
            f"a hole reaches {far.max():.0f} pixels from what is seen, expected at most {FARTHEST}."
        )
    x = np.array(y)
    holes = [t for t in tiles(y.shape[:2], SIDE, 0) if missing[t.core].any()]
    for tile in bar(holes, "inpainting", quiet):
        margin = max(MARGIN, math.ceil(2 * far[tile.core].max()))
        window = tuple(slice(max(s.start - margin, 0), s.stop + margin) for s in tile.core)
        part = fill(y[window], 1.0 - missing[window], filters).x
        place = tuple(
            slice(c.start - w.start, c.stop - w.start) for c, w in zip(tile.core, window, strict=True)
        )
        x[tile.core] = part[place]
    return x
