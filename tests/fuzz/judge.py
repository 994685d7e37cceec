"""What may come out of a call with a bad value: an answer, or one sentence that says what is wrong."""

import contextlib
import copy
import dataclasses
import inspect
import itertools
import signal
import warnings
from pathlib import Path

import numpy as np
from fuzz.bad_values import FINE

from cscbook import ConvDictionary, to_numpy

SECONDS = 20
REFUSALS = (ValueError, TypeError, FileNotFoundError)


class TooLong(Exception):
    """A call that did not end."""


@contextlib.contextmanager
def at_most(seconds):
    """Raise :class:`TooLong` in a call that takes longer."""

    def ring(number, frame):
        raise TooLong(f"no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def answer(function, arguments, seconds=SECONDS):
    """What the function returns; of a generator, what it yields in two steps."""
    with np.errstate(all="warn", under="ignore"), warnings.catch_warnings(), at_most(seconds):
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("error", DeprecationWarning)
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        found = function(**arguments)
        return list(itertools.islice(found, 2)) if inspect.isgenerator(found) else found


def leaves(x):
    """The NumPy arrays and numbers inside an argument or an answer."""
    if isinstance(x, ConvDictionary):
        return leaves(x.filters)
    if isinstance(x, dict):
        return leaves(list(x.values()))
    if isinstance(x, list | tuple):
        return [a for item in x for a in leaves(item)]
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        return leaves([getattr(x, f.name) for f in dataclasses.fields(x)])
    if hasattr(x, "toarray"):
        return [x.toarray()]
    if isinstance(x, np.ndarray | float | int) or hasattr(x, "__array_namespace__"):
        return [np.array(to_numpy(x)) if np.ndim(x) else np.array(x)]
    return []


def same(a, b, tol=0.0):
    """Whether two lists of arrays agree, NaN with NaN; ``tol`` is relative to the largest entry."""
    if len(a) != len(b):
        return False
    for x, y in zip(a, b, strict=True):
        if x.shape != y.shape:
            return False
        if not tol or x.dtype.kind not in "fc":
            if x.tobytes() != y.tobytes() and not np.array_equal(x, y):
                return False
        elif not np.allclose(x, y, rtol=tol, atol=tol * float(np.abs(y).max(initial=0)), equal_nan=True):
            return False
    return True


def fresh(arguments):
    """The arguments with random generators in their first state."""
    made = {}
    for name, value in arguments.items():
        made[name] = copy.deepcopy(value) if isinstance(value, np.random.Generator) else value
    return made


def complaint(function, arguments, spoilt, kind="", seconds=SECONDS):
    """What is wrong with how ``function`` takes bad values ``{argument: function that makes it}``, in a few
    words; None if nothing is."""
    try:
        bad = fresh(arguments) | {name: make() for name, make in spoilt.items()}
    except REFUSALS:
        return None  # there is no such value: a ConvDictionary with such filters is refused at birth
    before, files = [a.copy() for a in leaves(list(bad.values()))], _unfinished()
    try:
        found = answer(function, bad, seconds)
    except REFUSALS as error:
        return _sentence(error) or _changed(before, bad, files)
    except Exception as error:
        return f"{type(error).__name__}: {_short(error)}"
    return _changed(before, bad, files) or _fine(function, arguments, kind, found)


def _unfinished():
    return set(Path().glob("*.part"))


def _changed(before, bad, files):
    if not same(leaves(list(bad.values())), before):
        return "an input was changed in place"
    return "a file is left behind" if _unfinished() - files else None


def _sentence(error):
    text = str(error)
    if not text.strip():
        return f"{type(error).__name__} without a word"
    if len(text) >= 400 or "numba" in text or "Traceback" in text or "\n" in text.strip():
        return f"{type(error).__name__} of {len(text)} characters: {_short(error)}"
    return None


def _fine(function, arguments, kind, found):
    """Values that mean the same must give the same."""
    if kind.removeprefix("first: ") not in FINE:
        return None
    expected = answer(function, fresh(arguments))
    with np.errstate(all="ignore"):
        alike = same(leaves(found), leaves(expected), 1e-6)
    return None if alike else "another answer than for the usual value"


def _short(error):
    return " ".join(str(error).split())[:100]
