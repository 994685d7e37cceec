"""Images larger than memory, and work on several machines: the code tile by tile, tasks on any ``map``."""

from .code import TiledCode, open_code
from .maps import dask_map, executor_map
from .plan import Plan, cluster_plan, simulate_step
from .pursuit import TiledPursuit, code_tiles

__all__ = [
    "Plan",
    "TiledCode",
    "TiledPursuit",
    "cluster_plan",
    "code_tiles",
    "dask_map",
    "executor_map",
    "open_code",
    "simulate_step",
]
