"""Wherever tasks run, the numbers are the same to the last bit."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest
from problems import equal, learned, tiled, transition

from cscbook.kernels import threads
from cscbook.large import executor_map


@pytest.fixture(params=["list", "threads", "processes"])
def spread(request):
    """Python's lists, two threads, or two processes."""
    if request.param == "list":
        yield lambda function, items: [function(item) for item in items]
    elif request.param == "threads":
        with ThreadPoolExecutor(2) as pool:
            yield executor_map(pool)
    else:
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            yield executor_map(pool)


def test_every_map_gives_the_same_numbers(tmp_path, spread):
    for dtype in ("f8", "f4"):
        one, two = tmp_path / f"{dtype}-1", tmp_path / f"{dtype}-2"
        assert equal(tiled(one, dtype), tiled(two, dtype, map=spread))
    assert equal(transition(n_jobs=1), transition(map=spread))
    assert equal(learned(), learned(map=spread))


def test_results_come_in_order_and_few_tasks_are_under_way():
    taken = []

    def items():
        for k in range(50):
            taken.append(k)
            yield k

    with ThreadPoolExecutor(2) as pool:
        found = executor_map(pool)(lambda k: k * k, items())
        assert next(found) == 0 and len(taken) <= 8
        assert list(found) == [k * k for k in range(1, 50)]


def test_a_task_in_a_pool_takes_one_thread(monkeypatch):
    monkeypatch.setattr(threads.numba, "get_num_threads", lambda: 4)
    assert threads.count() == 4
    with ThreadPoolExecutor(1) as pool:
        assert list(executor_map(pool)(lambda _: threads.count(), [0])) == [1]
        assert pool.submit(threads.count).result() == 4


def test_an_error_in_a_task_is_raised_here():
    def fails(_):
        raise ValueError("tile 3 is odd")

    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="tile 3 is odd"):
        list(executor_map(pool)(fails, [0]))


def test_two_places_to_run_are_refused():
    with pytest.raises(ValueError, match="n_jobs = 2 and a map: expected one of them"):
        transition(n_jobs=2, map=map)
    with pytest.raises(TypeError, match="map is of type int: expected a function"):
        learned(map=3)
