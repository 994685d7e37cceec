"""What callers get wrong: numbers of the wrong kind, in the wrong shape, or none at all."""

import builtins
import math

import numpy as np

from .libraries import array_namespace, to_numpy
from .tracing import is_traced

# Sums of squares of such numbers are finite.
MOST = {"float64": 1e100, "float32": 1e17}


def check(name, x, ndim=None, most=None):
    """Raise unless ``x`` is an array of float32 or float64 (with ``ndim`` axes, if given), masked by nothing,
    without NaN or infinity, and with entries of at most ``most``, by default ``MOST``. Under ``jax.jit``
    and ``jax.grad`` the values are not looked at: there are none yet."""
    if type(x) is np.ndarray and x.dtype.char in "fd":
        xp = np
    else:
        xp = _check_kind(name, x)
    if ndim is not None and x.ndim not in (ndim if isinstance(ndim, tuple) else (ndim,)):
        raise ValueError(f"{name} has shape {tuple(x.shape)}: expected {ndim} axes")
    if 0 in x.shape:
        raise ValueError(f"{name} has shape {tuple(x.shape)}: expected no empty axis")
    top = xp.maximum(xp.max(x), -xp.min(x))
    if is_traced(top):
        return x
    single = x.dtype == xp.float32 or getattr(x.dtype, "itemsize", 8) == 4  # in either order of bytes
    top, own = float(to_numpy(top)), MOST["float32" if single else "float64"]
    most = own if most is None else most
    if not math.isfinite(top):
        raise ValueError(f"{name} holds NaN or infinity")
    if top > most:
        raise ValueError(f"{name} holds {top:.3g}: expected at most {most:g} in {x.dtype}")
    return x


def _check_kind(name, x):
    """Raise unless ``x`` is a plain array of float32 or float64; its library."""
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: expected a plain one (x.filled(0), and a mask beside it)")
    if isinstance(x, np.matrix):
        raise TypeError(f"{name} is a numpy.matrix: expected a plain array (np.asarray(x))")
    xp = array_namespace(x)
    if not xp.isdtype(x.dtype, "real floating") or getattr(x.dtype, "itemsize", 8) not in (4, 8):
        raise TypeError(f"{name} has dtype {x.dtype}: expected real floating numbers, float32 or float64")
    return xp


def check_type(name, value, *kinds):
    """Raise unless ``value`` is of one of these classes."""
    if not isinstance(value, kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{name} is of type {type(value).__name__}: expected {expected}")
    return value


def check_each(name, values, *kinds):
    """The values as a list; raise unless each is of one of these classes."""
    return [check_type(f"{name}[{i}]", value, *kinds) for i, value in enumerate(values)]


def as_mask(name, mask, like):
    """A mask, bool or real numbers, in the float type of ``like``; its values are finite."""
    xp = array_namespace(mask, like)
    if not xp.isdtype(mask.dtype, ("bool", "integral", "real floating")):
        raise TypeError(f"{name} has dtype {mask.dtype}: expected bool or real numbers")
    return check(name, xp.astype(mask, like.dtype))


def as_labels(name, labels, count, classes=None):
    """Labels (count,), whole numbers from 0 to ``classes - 1``, as a NumPy array of integers."""
    found = to_numpy(labels) if hasattr(labels, "dtype") else np.asarray(labels)
    if found.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {found.dtype}: expected integers")
    if found.shape != (count,):
        raise ValueError(f"{name} has shape {found.shape}: expected ({count},)")
    if count and (found.min() < 0 or (classes is not None and found.max() >= classes)):
        most = "" if classes is None else f" to {classes - 1}"
        raise ValueError(f"{name} holds {found.min()} to {found.max()}: expected classes from 0{most}")
    return found.astype(np.int64)


def as_generator(rng):
    """A NumPy ``Generator``; ``None`` stands for ``np.random.default_rng(0)``."""
    return np.random.default_rng(0) if rng is None else check_type("rng", rng, np.random.Generator)


def as_map(map):
    """A function like Python's ``map``, which ``None`` stands for."""
    if map is not None and not callable(map):
        raise TypeError(f"map is of type {type(map).__name__}: expected a function like Python's map")
    return builtins.map if map is None else map


def check_level(name, value, positive=False):
    """``value`` as a Python float; raise unless it is one finite number, not negative (nor zero, where it
    must be positive), and of a size whose square is within the floats."""
    if isinstance(value, (str, bytes, complex)) or getattr(value, "ndim", 0):
        raise TypeError(f"{name} = {value!r}: expected one number")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} = {value!r}: expected one number") from None
    except OverflowError:  # an integer beyond all floats
        number = math.inf
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{name} = {value}: expected a finite number, not negative")
    most = MOST["float64"]
    if number > most or (positive and number < 1 / most):
        kind = "a positive number" if positive else "a number"
        raise ValueError(f"{name} = {value}: expected {kind} of at most {most:g}")
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


def check_wholes(**values):
    """The values as :func:`check_whole` returns them, in their order."""
    return [check_whole(name, value) for name, value in values.items()]


def as_sizes(name, value, axes=1):
    """Sizes along the space axes, a tuple of integers; one integer stands for ``axes`` equal ones."""
    if hasattr(value, "__len__") and not isinstance(value, (str, bytes)) and getattr(value, "ndim", 1):
        return tuple(check_whole(name, n) for n in value)
    return (check_whole(name, value),) * axes


def as_stride(value):
    """One stride for all axes, from an integer or from equal ones."""
    if isinstance(value, (tuple, list)):
        if len(set(as_sizes("stride", value))) != 1:
            raise ValueError(f"stride = {tuple(value)}: expected one stride for all axes")
        value = value[0]
    return check_whole("stride", value)
