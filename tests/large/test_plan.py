"""The plan of a step, against clocks that are played: no wall time, so a busy machine changes nothing."""

import heapq
from types import SimpleNamespace

import numpy as np
import pytest

from cscbook.large import cluster_plan, executor_map, simulate_step


class PlayedPool:
    """An executor whose clock stands still but for the seconds that tasks are said to last."""

    def __init__(self, workers):
        self.now, self.free, self._max_workers = 0.0, [0.0] * workers, workers

    def submit(self, _, function, seconds):
        end = max(self.now, heapq.heappop(self.free)) + seconds
        heapq.heappush(self.free, end)
        return SimpleNamespace(result=lambda: self.wait(end))

    def wait(self, end):
        self.now = max(self.now, end)

    def jobs(self, count, driver, work):
        for _ in range(count):
            self.now += driver
            yield work


COSTS = [(2, 0.1, 0.005, "workers"), (2, 0.03, 0.06, "driver"), (20, 0.4, 0.01, "workers")]
COSTS += [(100, 0.4, 0.01, "driver")]


@pytest.mark.parametrize("workers, work, driver, slowest", COSTS)
def test_a_map_takes_what_its_slowest_part_takes(workers, work, driver, slowest):
    pool = PlayedPool(workers)
    for _ in executor_map(pool)(None, pool.jobs(400, driver, work)):
        pass
    plan = cluster_plan(400, workers, work, driver, 0)
    assert plan.bottleneck == slowest
    assert pool.now == pytest.approx(plan.seconds, rel=0.05)


NETWORKS = [(2, 1.0, 1e-3, 1e5), (50, 1.0, 1e-3, 1e5), (400, 1.0, 1e-3, 1e6), (50, 1.0, 0.05, 1e6)]


@pytest.mark.parametrize("workers, work, driver, size", NETWORKS)
def test_the_plan_is_what_a_played_step_takes(workers, work, driver, size):
    count = 2000
    found = simulate_step(*(np.full(count, cost) for cost in (work, driver, size)), workers)
    plan = cluster_plan(count, workers, work, driver, size)
    busy = count * driver, count * size / 1.25e8, -(-count // workers) * work
    assert max(busy) <= found * (1 + 1e-9) and found == pytest.approx(plan.seconds, rel=0.1)
    assert plan.bottleneck == ("driver", "network", "workers")[int(np.argmax(busy))]


def test_tasks_that_differ_take_what_their_mean_takes():
    rng, count = np.random.default_rng(0), 4000
    for workers in (5, 50, 500):
        work, driver = rng.exponential(1.0, count), rng.exponential(2e-3, count)
        size = rng.exponential(1e6, count)
        plan = cluster_plan(count, workers, work.mean(), driver.mean(), size.mean())
        assert simulate_step(work, driver, size, workers) == pytest.approx(plan.seconds, rel=0.2)


def test_a_played_step_by_hand():
    one = simulate_step([3.0], [2.0], [8.0], 1, bandwidth=2.0)
    assert one == 1 + 2 + 3 + 2 + 1
    two = simulate_step([3.0, 3.0], [2.0, 2.0], [0.0, 0.0], 1)
    assert two == 1 + 3 + 3 + 1, "the second waits for the worker"
    assert simulate_step([3.0, 3.0], [2.0, 2.0], [0.0, 0.0], 2) == 1 + 1 + 3 + 1
    with pytest.raises(ValueError, match="2 tasks in work, 1 in driver, 2 in size"):
        simulate_step([1.0, 1.0], [0.0], [0.0, 0.0], 1)
    with pytest.raises(ValueError, match="size holds -1.0: expected numbers, at least 0"):
        simulate_step([1.0], [0.0], [-1.0], 1)


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
