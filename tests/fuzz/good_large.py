"""Good calls of what works tile by tile, and on several machines; see ``good_calls``."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from fuzz.good_calls import good, rng, unit_filters
from fuzz.good_theory import FOLDER

from cscbook import large

IMAGE = rng().standard_normal((14, 17, 1))
ATOMS = unit_filters(3, 3, 1, 2)
SHOP, NEW = FOLDER / "tiles", FOLDER / "a new folder each time"
large.code_tiles(IMAGE, ATOMS, 1.0, 1e-3, folder=SHOP, tile=6)


def numbers(code, *more):
    """What a tiled code holds, as arrays."""
    whole = code.sparse()
    return whole.places, whole.values, *more


def code_tiles(folder, **arguments):
    """``code_tiles`` in a new folder, but for a bad one; its numbers."""
    with TemporaryDirectory() as made:
        found = large.code_tiles(folder=Path(made) / "code" if folder == NEW else folder, **arguments)
        return numbers(found.code, found.trace, found.gap)


def open_code(folder):
    """The numbers that :func:`open_code` finds."""
    return numbers(large.open_code(folder))


class Client:
    """As much of ``distributed.Client`` as a map needs."""

    def nthreads(self):
        return {"here": 2}

    def submit(self, function, *arguments, pure):
        raise NotImplementedError


good(
    code_tiles,
    y=IMAGE,
    filters=ATOMS,
    lam=1.0,
    tol=1e-3,
    folder=NEW,
    tile=6,
    max_rounds=9,
    map=map,
    progress=False,
)
good(open_code, folder=SHOP)
good(large.executor_map, pool=ThreadPoolExecutor(1), workers=2)
good(large.dask_map, client=Client(), workers=2)
good(large.cluster_plan, tasks=10, workers=3, work=1.0, driver=0.1, size=1e6, bandwidth=1e8)
good(
    large.simulate_step,
    work=np.array([1.0, 2.0, 0.5]),
    driver=np.array([0.1, 0.2, 0.1]),
    size=np.array([1e6, 2e6, 1e6]),
    workers=2,
    bandwidth=1e8,
)
