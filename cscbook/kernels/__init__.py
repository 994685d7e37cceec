"""Compiled loops, the few that arrays cannot do fast. NumPy arrays only; nothing else imports numba.

``from .. import kernels``, then ``kernels.patches.batch_omp(...)``: a module of kernels, and numba with it,
is loaded when it is first asked for.
"""

import importlib

__all__ = ["convolution", "descent", "greedy", "overlap", "patches", "threads", "tiles"]


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
