"""The way to the host: functions of NumPy arrays and compiled loops, for the arrays of any library."""

import dataclasses
import functools
import inspect

import array_api_compat
import numpy as np
import scipy

from .libraries import array_namespace, is_array, is_numpy, sparse, to_numpy

PLAIN = (int, float, str, type(None))  # what holds no array, and need not be asked


def on_host(function):
    """``function``, written for NumPy and compiled loops, for the arrays of any library.

    Its arrays, alone or inside of dictionaries, lists and dicts, are copied to the host once, and what it
    returns is copied once to where they live; of a generator, what it yields. Arrays of several libraries
    are a ``TypeError``, except for NumPy's integers: an order or positions. NumPy arrays go in and out as
    they are, in the machine's order of bytes. Nothing is differentiated here.
    """

    @functools.wraps(function)
    def wrapper(*args, **options):
        arrays = list(arrays_in((args, options)))
        if is_numpy(*arrays):
            if not all(a.dtype.isnative for a in arrays):  # the compiled loops know one order of bytes
                args, options = each_array(native, (args, options))
            return function(*args, **options)
        like, *others = (a for a in arrays if not (isinstance(a, np.ndarray) and a.dtype.kind in "iu"))
        array_namespace(like, *others)
        args, options = each_array(to_numpy, (args, options))
        found, back = function(*args, **options), functools.partial(_beside, like=like)
        if inspect.isgenerator(found):
            return (each_array(back, one) for one in found)
        return each_array(back, found)

    return wrapper


def native(x):
    """On the host, in the order of bytes that the compiled loops know."""
    x = to_numpy(x)
    return x.astype(x.dtype.newbyteorder("="), copy=False)


def _parts(x):
    """What a tuple, list, dict or dataclass holds, by name; None where ``x`` is none of these."""
    if getattr(x, "stays_on_host", False):
        return None
    if type(x) in (tuple, list):
        return dict(enumerate(x))
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return {field.name: getattr(x, field.name) for field in dataclasses.fields(x)}
    return x if type(x) is dict else None


def arrays_in(x):
    """All arrays in ``x``, which may be one."""
    if isinstance(x, PLAIN):
        return
    if is_array(x):
        yield x
    else:
        for part in (_parts(x) or {}).values():
            yield from arrays_in(part)


def each_array(function, x):
    """``x`` with ``function`` applied to every array and sparse matrix in it."""
    parts = _parts(x)
    if parts is None:
        return function(x) if is_array(x) or hasattr(x, "toarray") else x
    parts = {name: each_array(function, part) for name, part in parts.items()}
    if type(x) in (tuple, list):
        return type(x)(parts.values())
    return parts if type(x) is dict else dataclasses.replace(x, **parts)


def _beside(x, like):
    """A NumPy array or a sparse matrix where ``like`` lives, with its own type of numbers; dense where
    that library has no sparse matrices."""
    if scipy.sparse.issparse(x):
        if module := sparse(like):
            return getattr(module, f"{x.format}_matrix")(x)
        x = x.toarray()
    return array_namespace(like).asarray(np.array(x), device=array_api_compat.device(like))
