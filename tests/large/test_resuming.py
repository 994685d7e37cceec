"""Work on a large image that is killed at any moment goes on, and ends with the same numbers."""

import subprocess
import sys

import numpy as np
import pytest

from cscbook import checkpoints
from cscbook.large import code_tiles

SETTINGS = {"lam": 0.5, "tol": 1e-8, "tile": 13}


def problem():
    rng = np.random.default_rng(0)
    filters = rng.standard_normal((3, 3, 1, 3))
    return rng.standard_normal((50, 40, 1)), filters / np.sqrt(np.sum(filters**2, axis=(0, 1, 2)))


def code(folder, **more):
    y, filters = problem()
    return code_tiles(y, filters, folder=folder, **SETTINGS, **more)


def same(one, other):
    a, b = one.code.sparse(), other.code.sparse()
    return (one.trace, one.gap) == (other.trace, other.gap) and all(
        np.array_equal(x, y) for x, y in ((a.places, b.places), (a.values, b.values))
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    found = code(tmp_path_factory.mktemp("whole"))
    assert found.converged and len(found.trace) > 1
    return found


class Killed(Exception):
    pass


@pytest.mark.parametrize("seed", range(4))
def test_work_that_stops_at_any_file_goes_on(tmp_path, monkeypatch, whole, seed):
    """The process stops before or after a file takes its name, again and again."""
    rng, replace = np.random.default_rng(seed), checkpoints.os.replace
    left, stops = 0, 0

    def rename(name, target):
        nonlocal left
        left -= 1
        if left == 0:
            if rng.random() < 0.5:
                replace(name, target)
            raise Killed
        replace(name, target)

    monkeypatch.setattr(checkpoints.os, "replace", rename)
    found = None
    while found is None:
        left = int(rng.integers(40, 120))
        try:
            found = code(tmp_path)
        except Killed:
            stops += 1
    assert stops >= 2 and same(found, whole)
    assert not list(tmp_path.glob("fresh-*"))


CHILD = """
import itertools, os, sys
sys.path.insert(0, sys.argv[1])
from test_resuming import code
count = itertools.count()
def dies(function, jobs):
    for job in jobs:
        if next(count) == 5:
            os.kill(os.getpid(), 9)
        yield function(job)
code(sys.argv[2], map=dies)
"""


def test_a_process_that_is_killed_loses_nothing(tmp_path, whole):
    where = str(__file__).rpartition("/")[0]
    done = subprocess.run([sys.executable, "-c", CHILD, where, tmp_path], timeout=120)
    assert done.returncode == -9 and list(tmp_path.glob("fresh-*"))
    assert same(code(tmp_path), whole)


def test_more_rounds_go_on_from_those_that_are_there(tmp_path, whole):
    first = code(tmp_path, max_rounds=1)
    assert not first.converged and first.trace == whole.trace[:1]
    assert same(code(tmp_path), whole)


def test_a_smaller_tolerance_goes_on_from_a_larger_one(tmp_path, whole):
    y, filters = problem()
    finer = code_tiles(y, filters, folder=whole.code.store.folder, **SETTINGS | {"tol": 1e-10})
    assert finer.converged and finer.trace[: len(whole.trace)] == whole.trace
