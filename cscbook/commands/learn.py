"""``cscbook learn``: a dictionary from pictures."""

from pathlib import Path

import click
import numpy as np

from ..arrays import to_numpy
from ..checkpoints import writing
from ..datasets import grey, split_frequencies
from ..learning import online_dictionary_learning
from .dictionaries import filters_picture
from .files import Job, beside, check_targets, load, run, save_numbers, save_picture, shared, sources, watched

CROP, CROPS, STAY = 64, 4, 4  # side, crops a minibatch, minibatches a visit
EXAMPLE = "Example: cscbook learn photos/ -o dictionary.npz writes dictionary.npz and dictionary.png"


@click.command(epilog=EXAMPLE)
@click.argument("inputs", nargs=-1, required=True)
@shared
@click.option("--filters", "m", type=click.IntRange(1, 1024), default=64, show_default=True, help="How many.")
@click.option("--size", type=click.IntRange(2, 32), default=8, show_default=True, help="Pixels on a side.")
@click.option("--lam", type=click.FloatRange(0, min_open=True), default=15.0, show_default=True,
              help="Price of an atom, on the scale from 0 to 255.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=80, show_default=True, help="Minibatches to see.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random choice of places.")
def learn(inputs, output, force, quiet, m, size, lam, rounds, seed):
    """Learn one dictionary of filters from all the pictures together.

    The npz holds "filters" (size, size, 1, m), which the commands code and inpaint take by --dictionary; the
    png shows them. Pictures are read one after the other, so there may be many.
    """
    files = sources(inputs)
    target = Path(output or "dictionary.npz")
    if target.suffix != ".npz":
        raise click.UsageError(f"{target} cannot be written, expected a name in .npz.")
    job = Job(
        Path(f"{len(files)} pictures"), tuple(beside(target, [("filters", ".npz"), ("filters", ".png")]))
    )
    check_targets(job.targets, force)

    def work(_, targets):
        rng = np.random.default_rng(seed)
        found = online_dictionary_learning(
            crops(files, size, rng), (size, size), m, lam, n_iter=rounds, circular=False, zero_mean=True,
            rng=rng, progress=watched(quiet),
        )  # fmt: skip
        D, objective = to_numpy(found.D), [row["objective"] for row in found.trace]
        with writing(*targets) as (numbers, picture):
            save_numbers(numbers, filters=D, lam=lam, objective=objective)
            save_picture(picture, filters_picture(D), targets[1])

    return run([job], work, quiet)


def crops(files, size, rng):
    """Minibatches of high-passed grey crops, from pictures in random order, for ever."""
    while True:
        for k in rng.permutation(len(files)):
            x = np.asarray(grey(load(files[k])))
            if min(x.shape[:2]) < max(size, 2):
                raise ValueError(f"{files[k]} is smaller than a filter of {size} x {size} pixels.")
            for _ in range(STAY):
                yield [high(crop(x, rng)) for _ in range(CROPS)]


def crop(x, rng):
    i, j = (int(rng.integers(max(N - CROP, 0) + 1)) for N in x.shape[:2])
    return x[i : i + CROP, j : j + CROP]


def high(x):
    return split_frequencies(x, 3.0)[1]
