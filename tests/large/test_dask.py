"""Two worker processes of a Dask cluster on this machine: equal numbers, also where a worker is killed."""

import os
from pathlib import Path

import numpy as np
import pytest
from problems import equal, learned, tiled, transition

from cscbook.large import dask_map

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client():
    """Loopback only, no dashboard."""
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(host="127.0.0.1", **settings) as cluster, distributed.Client(cluster) as it:
        yield it


def test_the_workers_are_two_other_processes(client):
    found = set(client.run(os.getpid).values())
    assert len(found) == 2 and os.getpid() not in found


def test_two_worker_processes_give_the_same_bits(client, tmp_path):
    there = dask_map(client)
    for dtype in ("f8", "f4"):
        one, two = tmp_path / f"{dtype}-1", tmp_path / f"{dtype}-2"
        assert equal(tiled(one, dtype), tiled(two, dtype, map=there))
    assert equal(transition(n_jobs=1), transition(map=there))
    for a, b in zip(learned(), learned(map=there), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


def killing(client, marker):
    """The map of a cluster, whose fourth task kills its worker, once."""

    def spread(function, items):
        def maybe(numbered):
            k, item = numbered
            if k == 3 and not marker.exists():
                marker.touch()
                os.kill(os.getpid(), 9)
            return function(item)

        return dask_map(client)(maybe, enumerate(items))

    return spread


@pytest.mark.parametrize("work", ["tiles", "phase transition", "learning"])
def test_a_worker_that_is_killed_loses_nothing(client, tmp_path, work):
    marker = tmp_path / "killed"
    calls = {
        "tiles": lambda n, **more: tiled(tmp_path / n, **more),
        "phase transition": lambda n, **more: transition(cardinalities=(1, 2, 4, 6, 9), **more),
        "learning": lambda n, **more: learned(**more),
    }
    client.wait_for_workers(2)  # one may still be coming back from the test before
    before = client.run(os.getpid)
    found = calls[work]("1", map=killing(client, Path(marker)))
    assert marker.exists() and set(client.run(os.getpid).values()) != set(before.values())
    assert equal(found, calls[work]("2"))
