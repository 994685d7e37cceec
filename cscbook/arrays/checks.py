"""What callers get wrong: numbers of the wrong kind, in the wrong shape, or none at all."""

import math

import numpy as np

from .libraries import array_namespace
from .tracing import is_traced


def check(name, x, ndim=None):
    """Raise unless ``x`` is an array of float32 or float64 without NaN or infinity (and with ``ndim`` axes,
    if given), masked by nothing. Under ``jax.jit`` and ``jax.grad`` the values are not looked at: there
    are none yet."""
    xp = array_namespace(x)
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: expected a plain one (x.filled(0), and a mask beside it)")
    if not xp.isdtype(x.dtype, "real floating") or getattr(x.dtype, "itemsize", 8) not in (4, 8):
        raise TypeError(f"{name} has dtype {x.dtype}: expected real floating numbers, float32 or float64")
    if ndim is not None and x.ndim not in (ndim if isinstance(ndim, tuple) else (ndim,)):
        raise ValueError(f"{name} has shape {tuple(x.shape)}: expected {ndim} axes")
    if 0 in x.shape:
        raise ValueError(f"{name} has shape {tuple(x.shape)}: expected no empty axis")
    finite = xp.all(xp.isfinite(x))
    if not is_traced(finite) and not bool(finite):
        raise ValueError(f"{name} holds NaN or infinity")
    return x


def check_level(name, value):
    """``value`` as a Python float; raise unless it is one finite, non-negative number."""
    if isinstance(value, (str, bytes, complex)) or getattr(value, "ndim", 0):
        raise TypeError(f"{name} = {value!r}: expected one number")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} = {value!r}: expected one number") from None
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{name} = {value}: expected a finite number, not negative")
    return number


def check_whole(name, value, least=1):
    """``value`` as a Python integer; raise unless it is a whole number, at least ``least``."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} = {value!r}: expected an integer, at least {least}") from None
    if isinstance(value, (str, bytes)) or getattr(value, "ndim", 0):
        raise TypeError(f"{name} = {value!r}: expected an integer, at least {least}")
    if number != value or number < least:
        raise ValueError(f"{name} = {value}: expected an integer, at least {least}")
    return number


def as_sizes(name, value, axes=1):
    """Sizes along the space axes, a tuple of integers; one integer stands for ``axes`` equal ones."""
    if hasattr(value, "__len__") and not isinstance(value, (str, bytes)) and getattr(value, "ndim", 1):
        return tuple(check_whole(name, n) for n in value)
    return (check_whole(name, value),) * axes


def as_stride(value):
    """One stride for all axes, from an integer or from equal ones."""
    if isinstance(value, (tuple, list)):
        if len(set(value)) != 1:
            raise ValueError(f"stride = {tuple(value)}: expected one stride for all axes")
        value = value[0]
    return check_whole("stride", value)
