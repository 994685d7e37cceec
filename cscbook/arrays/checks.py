"""What callers get wrong: numbers of the wrong kind, in the wrong shape, or none at all."""

import numpy as np

from .libraries import array_namespace
from .tracing import is_traced


def check(name, x, ndim=None):
    """Raise unless ``x`` is a real floating array without NaN or infinity (and with ``ndim`` axes, if
    given). Under ``jax.jit`` and ``jax.grad`` the values are not looked at: there are none yet."""
    xp = array_namespace(x)
    if not xp.isdtype(x.dtype, "real floating"):
        raise TypeError(f"{name} has dtype {x.dtype}: expected real floating numbers")
    if ndim is not None and x.ndim not in (ndim if isinstance(ndim, tuple) else (ndim,)):
        raise ValueError(f"{name} has shape {tuple(x.shape)}: expected {ndim} axes")
    if 0 in x.shape:
        raise ValueError(f"{name} has shape {tuple(x.shape)}: expected no empty axis")
    finite = xp.all(xp.isfinite(x))
    if not is_traced(finite) and not bool(finite):
        raise ValueError(f"{name} holds NaN or infinity")
    return x


def check_level(name, value):
    """Raise unless ``value`` is a finite, non-negative number."""
    if not np.isfinite(value) or value < 0:
        raise ValueError(f"{name} = {value}: expected a finite number, not negative")
    return float(value)
