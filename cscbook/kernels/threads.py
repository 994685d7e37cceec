"""Work in threads: compiled loops let Python's lock go, so that several of them run at once."""

import contextlib
import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import numba

_pools, _inside = {}, threading.local()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)  # threads do not live on in a forked process


def count():
    """How many threads work may take: numba's number, or one inside of other work."""
    return 1 if getattr(_inside, "busy", False) else numba.get_num_threads()


@contextlib.contextmanager
def alone():
    """Inside, work takes no other thread than this one: others have work of their own."""
    before, _inside.busy = getattr(_inside, "busy", False), True
    try:
        yield
    finally:
        _inside.busy = before


def in_threads(work, items):
    """``[work(item), ...]`` in order, on numba's number of threads, this one among them; work inside of work
    runs in its own thread."""
    items = list(items)
    threads = min(count(), len(items))
    if threads < 2:
        return [work(item) for item in items]
    found, turn = [None] * len(items), itertools.count()

    def take_turns():
        with alone():
            while (i := next(turn)) < len(items):
                found[i] = work(items[i])

    if threads not in _pools:
        _pools[threads] = ThreadPoolExecutor(threads - 1)
    others = [_pools[threads].submit(take_turns) for _ in range(threads - 1)]
    try:
        take_turns()
    finally:
        wait(others)
    for other in others:
        other.result()
    return found


def shares(costs):
    """Cut a row of costs into at most as many runs as there are threads, of about the same sum: slices."""
    threads, total, found, start, spent = numba.get_num_threads(), sum(costs), [], 0, 0
    for i, cost in enumerate(costs):
        spent += cost
        if spent * threads >= total * (len(found) + 1) or i + 1 == len(costs):
            found.append(slice(start, i + 1))
            start = i + 1
    return found
