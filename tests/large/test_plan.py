"""The plan of a step, against a run on two processes whose tasks cost what they are said to cost."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from cscbook.large import cluster_plan, executor_map

SIZE = 100_000


def pid_later(_):
    time.sleep(0.05)
    return os.getpid()


@pytest.fixture(scope="module")
def spread():
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        spread = executor_map(pool)
        while len(set(spread(pid_later, range(8)))) < 2:  # until both have imported the package
            pass
        yield spread


@pytest.mark.parametrize("work, driver, slowest", [(0.1, 0.005, "workers"), (0.03, 0.06, "driver")])
def test_a_step_takes_what_its_slowest_part_takes(spread, work, driver, slowest):
    def jobs(count):
        for _ in range(count):
            time.sleep(driver)
            yield work

    plan, start = cluster_plan(40, 2, work, driver, SIZE), time.perf_counter()
    assert len(list(spread(time.sleep, jobs(40)))) == 40
    measured = time.perf_counter() - start
    assert plan.bottleneck == slowest and plan.seconds <= measured + 0.01
    assert measured <= 1.5 * plan.seconds + 0.5  # the machine may have other work


def test_the_parts_of_a_plan():
    plan = cluster_plan(100, 10, 1.0, 0.01, 1e6, bandwidth=1e8)
    assert plan.bytes == 1e8 and plan.bottleneck == "workers"
    assert plan.seconds == pytest.approx(10 + 0.01 + 0.01)
    assert plan.share == pytest.approx({"workers": 10 / 10.02, "driver": 1 / 10.02, "network": 1 / 10.02})
    assert cluster_plan(100, 100, 1.0, 0.01, 1e7, bandwidth=1e8).bottleneck == "network"
    seconds = [cluster_plan(400, workers, 0.1, 0.001, 1e5).seconds for workers in (1, 2, 4, 8)]
    assert (np.diff(seconds) < 0).all()
    with pytest.raises(ValueError, match="workers = 0: expected an integer, at least 1"):
        cluster_plan(1, 0, 1.0, 1.0, 1.0)
