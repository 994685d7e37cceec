"""How long a step on a cluster takes, from what one task costs."""

from dataclasses import dataclass

from ..arrays import check_level, check_whole


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
