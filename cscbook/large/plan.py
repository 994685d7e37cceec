"""How long a step on a cluster takes, from what one task costs: by a formula, and by a clock played."""

import heapq
from collections import deque
from dataclasses import dataclass

from ..arrays import check, check_level, check_whole, to_numpy
from .maps import AHEAD

ROUTE = "driver", "network", "workers", "network", "driver"  # there, and with the result back


@dataclass(frozen=True)
class Plan:
    """What :func:`cluster_plan` predicts.

    Attributes
    ----------
    seconds : float
        Of one step.
    bytes : float
        That travel in one step, to the workers and back.
    bottleneck : str
        ``"workers"``, ``"driver"`` or ``"network"``: what all others wait for.
    share : dict of float
        What part of the step each of the three is busy.
    """

    seconds: float
    bytes: float
    bottleneck: str
    share: dict


def cluster_plan(tasks, workers, work, driver, size, bandwidth=1.25e8):
    """The time of a step: workers, network and driver work at once, so it is that of the slowest of them,
    ``max(ceil(tasks / workers) work, tasks size / bandwidth, tasks driver)``, and the first task's way
    through the other two.

    Parameters
    ----------
    tasks, workers : int
        Tasks in a step, such as the images of a minibatch or the tiles of a colour; threads of the workers.
    work, driver : float
        Seconds of one task on a worker, and of what the driver does for it: read, send, receive, keep.
    size : float
        Bytes of one task and its result together.
    bandwidth : float
        Bytes in a second through the driver's network; default 1 Gbit/s.
    """
    tasks, workers = check_whole("tasks", tasks), check_whole("workers", workers)
    work, driver, size = (check_level(n, v) for n, v in (("work", work), ("driver", driver), ("size", size)))
    once = {"workers": work, "driver": driver, "network": size / check_level("bandwidth", bandwidth, True)}
    busy = {name: tasks * cost for name, cost in once.items()} | {"workers": -(-tasks // workers) * work}
    bottleneck = max(busy, key=busy.get)
    seconds = busy[bottleneck] + sum(once.values()) - once[bottleneck]
    share = {name: spent / (seconds or 1.0) for name, spent in busy.items()}
    return Plan(seconds, tasks * size, bottleneck, share)


def simulate_step(work, driver, size, workers, bandwidth=1.25e8):
    """The seconds of a step, from a clock that is played task by task: what :func:`cluster_plan` predicts.

    Each task passes the driver, the network, a worker, the network and the driver again, with half of the
    driver's seconds and half of the bytes on each way. The driver, the network and each worker serve one task
    at a time, in the order in which tasks arrive. As in :func:`executor_map`, a task is made when an earlier
    one is kept, so that a few per worker are under way.

    Parameters
    ----------
    work, driver : array (tasks,)
        Seconds of each task on a worker, and at the driver.
    size : array (tasks,)
        Bytes of each task and its result together.
    workers : int
    bandwidth : float
        Bytes in a second through the driver's network; default 1 Gbit/s.
    """
    workers, bandwidth = check_whole("workers", workers), check_level("bandwidth", bandwidth, True)
    work, driver, size = (_costs(n, v) for n, v in (("work", work), ("driver", driver), ("size", size)))
    if not len(work) == len(driver) == len(size):
        raise ValueError(f"{len(work)} tasks in work, {len(driver)} in driver, {len(size)} in size")
    cost = {"driver": driver / 2, "network": size / 2 / bandwidth, "workers": work}
    free, waiting = {"driver": 1, "network": 1, "workers": workers}, {name: deque() for name in cost}
    clock, events, begun = 0.0, [], min(len(work), AHEAD * workers)
    waiting["driver"].extend((task, 0) for task in range(begun))
    while events or any(waiting.values()):
        for name, queue in waiting.items():
            while queue and free[name]:
                task, leg = queue.popleft()
                free[name] -= 1
                heapq.heappush(events, (clock + float(cost[name][task]), task, leg))
        clock, task, leg = heapq.heappop(events)
        free[ROUTE[leg]] += 1
        if leg + 1 < len(ROUTE):
            waiting[ROUTE[leg + 1]].append((task, leg + 1))
        elif begun < len(work):
            waiting["driver"].append((begun, 0))
            begun += 1
    return clock


def _costs(name, values):
    values = to_numpy(values)
    values = check(name, values.astype(float) if values.dtype.kind in "iu" else values, ndim=1).astype(float)
    if (values < 0).any():
        raise ValueError(f"{name} holds {values.min()}: expected numbers, at least 0")
    return values
