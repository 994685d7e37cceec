"""Work in threads: results in order, errors that arrive, and no threads inside of threads."""

import threading

import numba
import pytest

from cscbook import kernels


@pytest.fixture(params=[1, 2, 4])
def threads(request, monkeypatch):
    monkeypatch.setattr(numba, "get_num_threads", lambda: request.param)
    return request.param


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_results_come_in_order(threads, count):
    assert kernels.threads.in_threads(lambda i: i * i, range(count)) == [i * i for i in range(count)]


@pytest.mark.parametrize("bad", [0, 3, 7])
def test_an_error_arrives_and_the_threads_work_on(threads, bad):
    def work(i):
        if i == bad:
            raise ValueError(f"item {i}")
        return i

    with pytest.raises(ValueError, match=f"item {bad}"):
        kernels.threads.in_threads(work, range(8))
    assert kernels.threads.in_threads(abs, range(-8, 0)) == list(range(8, 0, -1))


def test_work_inside_of_work_stays_in_its_thread(threads):
    def outer(_):
        here = threading.get_ident()
        inside = kernels.threads.in_threads(lambda _: threading.get_ident(), range(4))
        return set(inside) == {here}

    inside = kernels.threads.in_threads(outer, range(4 * threads))
    assert all(inside) or threads == 1
    assert kernels.threads.count() == threads


def test_at_most_so_many_threads_work_at_once(threads):
    lock, state = threading.Lock(), {"now": 0, "most": 0}

    def work(_):
        with lock:
            state["now"] += 1
            state["most"] = max(state["most"], state["now"])
        threading.Event().wait(0.01)
        with lock:
            state["now"] -= 1

    kernels.threads.in_threads(work, range(4 * threads))
    assert state["most"] <= threads
