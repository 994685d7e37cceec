"""Where tasks run: a map is a function like Python's ``map(function, items)``, whose results come in order.

The package takes it as an argument, and so needs no library for it. What ``map`` returns may be a list, or be
read one after the other as here: then few tasks are in memory at a time.
"""

from collections import deque
from functools import partial

from .. import kernels
from ..arrays import check_whole

AHEAD = 4  # tasks that are under way, for each worker


def executor_map(pool, workers=None):
    """A map on the threads or processes of a ``concurrent.futures`` executor.

    A task runs in one thread. The numbers are the same wherever it runs.

    Parameters
    ----------
    pool : Executor
    workers : int, optional
        How many work in it; default: what the pool says.
    """
    submit = _submit_of("pool", pool)
    workers = getattr(pool, "_max_workers", 1) if workers is None else workers
    return partial(_in_order, submit, AHEAD * check_whole("workers", workers))


def dask_map(client, workers=None):
    """A map on the workers of a Dask cluster, from its ``distributed.Client``.

    Tasks of a worker that dies are run again on another one.

    Parameters
    ----------
    client : distributed.Client
    workers : int, optional
        How many threads work there; default: as many as there are now.
    """
    submit = partial(_submit_of("client", client), pure=False)
    workers = sum(client.nthreads().values()) if workers is None else workers
    return partial(_in_order, submit, AHEAD * check_whole("workers", workers))


def _submit_of(name, pool):
    if not callable(getattr(pool, "submit", None)):
        raise TypeError(f"{name} is of type {type(pool).__name__}: expected something with a method submit")
    return pool.submit


def _in_order(submit, ahead, function, items):
    """Yield ``function(item)`` for the items, at most ``ahead`` of them under way."""
    waiting = deque()
    for item in items:
        waiting.append(submit(_alone, function, item))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _alone(function, item):
    with kernels.threads.alone():
        return function(item)
