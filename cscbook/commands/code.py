"""``cscbook code``: the convolutional sparse code of pictures."""

import click
import numpy as np

from ..arrays import to_numpy
from ..checkpoints import writing
from ..datasets import split_frequencies
from ..dictionaries import ConvDictionary
from ..pursuits import basis_pursuit
from .dictionaries import chosen_filters, dictionary_option
from .files import load, plan, run, save_numbers, save_picture, shared
from .large import code_files
from .tiles import bar, tiles

SIDE = 192
SMOOTH = 3.0  # the weight of split_frequencies
EXAMPLE = "Example: cscbook code photo.jpg -o code.npz writes code.npz and code.png"


@click.command(epilog=EXAMPLE)
@click.argument("inputs", nargs=-1, required=True)
@shared
@click.option("--lam", type=click.FloatRange(0, min_open=True), default=20.0, show_default=True,
              help="Price of an atom, on the scale from 0 to 255: larger uses fewer.")  # fmt: skip
@dictionary_option
@click.option("--tiles", "side", type=click.IntRange(1), metavar="SIDE",
              help="For an .npy or .zarr larger than memory: pixels on a side of a tile.")  # fmt: skip
@click.option("--tol", type=click.FloatRange(0, min_open=True), default=1e-3, show_default=True,
              help="How near to the best code: the gap that is certified.")  # fmt: skip
@click.option("--as-is", is_flag=True, help="With --tiles: do not take the smooth part away.")
def code(inputs, output, force, quiet, lam, dictionary, side, tol, as_is):
    """Write pictures as a smooth part and few atoms.

    The npz holds "filters" (n, n, 1, m), "values" and "places" (channel, row, column, filter) of the
    atoms, and the smooth part "low". The png shows the picture, what the code makes of it, and where its
    atoms stand.

    With --tiles an array in a file is coded into a folder, and the code is that of the whole array. What
    was interrupted goes on when the same command is given again.
    """
    if side is not None:
        if force:
            raise click.UsageError("--force does not go with --tiles: remove the folder that is in the way.")
        return code_files(inputs, output, quiet, dictionary, lam, None if as_is else SMOOTH, side, tol)
    jobs = plan(inputs, output, force, [("code", ".npz"), ("code", ".png")], (".npz",))

    def work(source, targets):
        y, filters = load(source), chosen_filters(dictionary)
        if min(y.shape[:2]) < filters.shape[0]:
            raise ValueError(f"{source} is smaller than a filter of {filters.shape[0]} pixels.")
        low, rebuilt, places, values = coded(y, filters, lam, quiet, tol)
        with writing(*targets) as (numbers, picture):
            save_numbers(numbers, filters=filters, places=places, values=values, low=low, lam=lam)
            save_picture(picture, panels(y, rebuilt, places), targets[1])
        if not quiet:
            click.echo(f"{len(values)} atoms for {y.size} numbers", err=True)

    return run(jobs, work, quiet)


def coded(y, filters, lam, quiet=False, tol=1e-3):
    """The code of a picture (H, W, c), channel by channel: ``(low, low + D gamma, places, values)``.

    Windows overlap by two filters on each side; an atom is kept where it starts in the middle of one.
    """
    n = filters.shape[0]
    low, rebuilt, places, values = np.zeros(y.shape, np.float32), np.zeros(y.shape, np.float32), [], []
    for c in range(y.shape[-1]):
        for tile in bar(tiles(y.shape[:2], max(SIDE, n), 3 * n), f"coding channel {c + 1}", quiet):
            part = y[tile.window][..., c : c + 1]
            smooth, high = split_frequencies(part, SMOOTH)
            D = ConvDictionary(filters, part.shape[:2], circular=False)
            gamma = own_atoms(to_numpy(basis_pursuit(D, high, lam, tol=tol).gamma), tile, y.shape[:2])
            low[tile.core][..., c] += to_numpy(smooth)[tile.inside][..., 0]
            rebuilt[tile.window][..., c] += to_numpy(D @ gamma)[..., 0]
            at = np.argwhere(gamma)
            values.append(gamma[tuple(at.T)])
            corner = [tile.window[0].start, tile.window[1].start, 0]
            places.append(np.column_stack([np.full(len(at), c), at + corner]).astype(np.int32))
    return low, low + rebuilt, np.concatenate(places), np.concatenate(values)


def own_atoms(gamma, tile, space):
    """The code of a window without the atoms that start outside its middle."""
    inside = tuple(
        slice(s.start, P if core.stop == N else s.stop)
        for s, P, core, N in zip(tile.inside, gamma.shape, tile.core, space, strict=False)
    )
    kept = np.zeros_like(gamma)
    kept[inside] = gamma[inside]
    return kept


def panels(y, rebuilt, places):
    """The picture, what its code makes of it, and a dot for every place where atoms start, side by side."""
    count = np.zeros(y.shape[:2], int)
    np.add.at(count, (places[:, 1], places[:, 2]), 1)
    dots = 255 - 85.0 * np.minimum(count, 3)[..., None] + np.zeros(y.shape[-1])
    gap = np.full((y.shape[0], 8, y.shape[-1]), 255.0)
    return np.concatenate([y, gap, rebuilt, gap, dots], axis=1)
