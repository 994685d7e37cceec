"""``cscbook code``: the convolutional sparse code of pictures."""

import click
import numpy as np

from ..arrays import to_numpy
from ..checkpoints import writing
from ..datasets import split_frequencies
from ..dictionaries import ConvDictionary
from ..imaging import dct_filters
from ..pursuits import basis_pursuit
from .dictionaries import dictionary_option, read_filters
from .files import load, plan, run, save_numbers, save_picture, shared
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
def code(inputs, output, force, quiet, lam, dictionary):
    """Write pictures as a smooth part and few atoms.

    The npz holds "filters" (n, n, 1, m), "values" and "places" (channel, row, column, filter) of the
    atoms, and the smooth part "low". The png shows the picture, what the code makes of it, and where its
    atoms stand.
    """
    jobs = plan(inputs, output, force, [("code", ".npz"), ("code", ".png")], (".npz",))

    def work(source, targets):
        filters = np.asarray(dct_filters() if dictionary is None else read_filters(dictionary), dtype=float)
        y = load(source)
        if min(y.shape[:2]) < filters.shape[0]:
            raise ValueError(f"{source} is smaller than a filter of {filters.shape[0]} pixels.")
        low, rebuilt, places, values = coded(y, filters, lam, quiet)
        with writing(*targets) as (numbers, picture):
            save_numbers(numbers, filters=filters, places=places, values=values, low=low, lam=lam)
            save_picture(picture, panels(y, rebuilt, places), targets[1])
        if not quiet:
            click.echo(f"{len(values)} atoms for {y.size} numbers", err=True)

    return run(jobs, work, quiet)


def coded(y, filters, lam, quiet=False):
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
            gamma = own_atoms(to_numpy(basis_pursuit(D, high, lam, tol=1e-3).gamma), tile, y.shape[:2])
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
