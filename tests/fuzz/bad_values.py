"""Bad values in the place of a good one: ``bad_values(value)`` is ``{kind: function that makes it}``.

Kinds in ``FINE`` are unusual and right: a call must give the same answer with them, or refuse them in a
sentence.
"""

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path

import array_api_strict
import numpy as np

from cscbook import ConvDictionary

FINE = {"big-endian", "numpy integer", "numpy number", "numpy bool", "as a list", "as a tuple", "read-only"}
FINE |= {"Fortran order", "backwards", "numpy entries", "int"}


def bad_values(value):
    """What may be handed over by mistake where ``value`` is right."""
    made = {"None": lambda: None, "string": lambda: "nonsense", "object": object}
    if isinstance(value, np.ndarray):
        return made | _integer_arrays(value) if value.dtype.kind in "iub" else made | _arrays(value)
    if isinstance(value, ConvDictionary):
        return made | _dictionaries(value)
    if isinstance(value, bool):
        return made | {"numpy bool": lambda: np.bool_(value), "array": lambda: np.array([value, value])}
    if isinstance(value, int | float):
        return made | _numbers(value)
    if isinstance(value, str | Path):
        return {
            "None": made["None"],
            "no such": lambda: "no-such-name",
            "int": lambda: 3,
            "empty": lambda: "",
        }
    if isinstance(value, list | tuple) and value:
        return made | _sequences(value)
    if isinstance(value, dict):
        return made | _dicts(value)
    if dataclasses.is_dataclass(value):
        return made | _objects(value)
    if isinstance(value, Callable):
        return made | {"number": lambda: 3.0, "returns None": lambda: lambda *a, **b: None}
    return made | {"number": lambda: 3.5, "int": lambda: 3}


def _with(a, entry):
    """A copy with ``entry`` in the middle."""
    a = a.copy()
    a.flat[a.size // 2] = entry
    return a


def _arrays(a):
    masked = np.ma.masked_array(a, mask=np.arange(a.size).reshape(a.shape) % 3 == 0)
    locked = a.copy()
    locked.flags.writeable = False
    return {
        "NaN": lambda: _with(a, np.nan),
        "infinity": lambda: _with(a, np.inf),
        "minus infinity": lambda: _with(a, -np.inf),
        "an axis more": lambda: a[None, None],
        "an axis less": lambda: a[0],
        "empty": lambda: a[:0],
        "no channels": lambda: a[..., :0],
        "0-d": lambda: np.array(1.0),
        "number": lambda: 1.5,
        "integers": lambda: np.round(a).astype(np.int64),
        "bool": lambda: a > 0,
        "complex": lambda: a + 1j * a,
        "float16": lambda: np.clip(a, -6e4, 6e4).astype(np.float16),
        "longdouble": lambda: a.astype(np.longdouble),
        "object entries": lambda: a.astype(object),
        "strings": lambda: a.astype(str),
        "dates": lambda: np.zeros(a.shape, "datetime64[s]"),
        "masked": lambda: masked,
        "matrix class": lambda: np.asmatrix(a.reshape(a.shape[0], -1)),
        "list of numbers": lambda: a.tolist(),
        "another library": lambda: array_api_strict.asarray(a, device=array_api_strict.Device("device1")),
        "zeros": lambda: 0 * a,
        "huge": lambda: 1e300 * a,
        "tiny": lambda: 1e-300 * a,
        "subnormal": lambda: 1e-312 * a,
        "longer": lambda: np.concatenate([a, a[:1]]),
        "shorter": lambda: a[:-1],
        "another channel": lambda: np.concatenate([a, a[..., :1]], axis=-1),
        "single precision": lambda: a.astype(np.float32),
        "big-endian": lambda: a.astype(a.dtype.newbyteorder(">")),
        "Fortran order": lambda: np.asfortranarray(a),
        "backwards": lambda: a[::-1].copy()[::-1],
        "read-only": lambda: locked,
    }


def _integer_arrays(a):
    return {
        "floats": lambda: a + 0.5,
        "NaN": lambda: _with(a.astype(float), np.nan),
        "infinity": lambda: _with(a.astype(float), np.inf),
        "negative": lambda: a.astype(int) - 10,
        "huge": lambda: a.astype(int) + 10**15,
        "longer": lambda: np.concatenate([a, a[:1]]),
        "empty": lambda: a[:0],
        "an axis more": lambda: a[None],
        "0-d": lambda: a.ravel()[0],
        "complex": lambda: a + 1j,
        "strings": lambda: a.astype(str),
        "as a list": a.tolist,
        "big-endian": lambda: a.astype(a.dtype.newbyteorder(">")),
    }


def _numbers(value):
    made = {
        "NaN": lambda: float("nan"),
        "infinity": lambda: float("inf"),
        "minus infinity": lambda: -float("inf"),
        "negative": lambda: -1,
        "zero": lambda: 0 * value,
        "huge": lambda: 10**15 if isinstance(value, int) else 1e300,
        "digits": lambda: "3",
        "complex": lambda: value + 1j,
        "array": lambda: np.array([value, value]),
        "0-d": lambda: np.array(value),
        "one in a list": lambda: [value],
        "bool": lambda: True,
        "another library": lambda: array_api_strict.asarray(value),
    }
    if isinstance(value, int):
        return made | {"fraction": lambda: value + 0.5, "numpy integer": lambda: np.int64(value)}
    return made | {"tiny": lambda: 1e-300, "numpy number": lambda: np.float64(value)}


def _sequences(value):
    """The first entry bad, and the sequence itself."""
    kind, first, rest = type(value), value[0], tuple(value[1:])
    made = {f"first: {name}": _changed(kind, make, rest) for name, make in bad_values(first).items()}
    made |= {
        "empty": lambda: kind(),
        "only the first": lambda: first,
        "one more": lambda: kind((*value, first)),
        "number": lambda: 7,
        "as a list": lambda: list(value),
        "as a tuple": lambda: tuple(value),
        "a generator": lambda: (a for a in value),
    }
    if all(isinstance(a, int) for a in value):
        made |= {"numpy entries": lambda: tuple(np.int64(a) for a in value), "array": lambda: np.array(value)}
    return made


def _changed(kind, make, rest):
    return lambda: kind((make(), *rest))


def _dictionaries(D):
    f = D.filters

    def other(filters=f, space=D.space, stride=D.stride, circular=D.circular):
        return lambda: ConvDictionary(filters, space, stride, circular)

    strict = array_api_strict.asarray(f, device=array_api_strict.Device("device1"))
    return {
        "its filters": lambda: f,
        "a matrix": lambda: np.eye(int(np.prod(D.space))),
        "zero filters": other(0 * f),
        "a zero filter": other(f * (np.arange(f.shape[-1]) > 0)),
        "huge filters": other(1e200 * f),
        "tiny filters": other(1e-200 * f),
        "another space": other(space=tuple(N + 2 * D.stride for N in D.space)),
        "another border": other(circular=not D.circular),
        "another stride": other(stride=1 if D.stride > 1 else 2),
        "more channels": other(np.concatenate([f, f], axis=-2)),
        "fewer atoms": other(f[..., :1]),
        "single precision": other(f.astype(np.float32)),
        "big-endian": other(f.astype(f.dtype.newbyteorder(">"))),
        "another library": other(strict),
        "in a list": lambda: [D],
    }


def _dicts(value):
    name = next(iter(value))
    made = {f"{name}: {kind}": _entry(value, name, make) for kind, make in bad_values(value[name]).items()}
    return made | {"empty": dict, "one missing": lambda: {k: a for k, a in value.items() if k != name}}


def _entry(value, name, make):
    return lambda: value | {name: make()}


def _objects(value):
    """Each attribute spoilt a little, and an object of another kind."""
    made = {"array": lambda: np.ones((3, 3))}
    for field in dataclasses.fields(value):
        spoilt = bad_values(getattr(value, field.name))
        for kind in ("NaN", "an axis less", "empty", "string", "negative"):
            if kind in spoilt:
                made[f"{field.name}: {kind}"] = _replaced(value, field.name, spoilt[kind])
    return made


def _replaced(value, name, make):
    def changed():
        other = copy.copy(value)
        object.__setattr__(other, name, make())
        return other

    return changed
