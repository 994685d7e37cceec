"""Judges for the exercises of the book in which the reader writes an algorithm: ``check(my_omp)``.

A judge is a generator named after the algorithm. It calls the reader's function on small examples and
yields ``(sentence, passed)``, the easiest property first, so that the first sentence that does not hold says
what to look at. Each judge states in its docstring what the function takes and gives.
"""

import inspect
from dataclasses import dataclass

from . import cnn, csc, learned, local_global, mlcsc, practice, sparseland, tools

PARTS = (sparseland, csc, local_global, mlcsc, cnn, learned, practice, tools)


@dataclass(frozen=True)
class Verdict:
    """What a judge found: the properties that hold, and the first that does not (or None)."""

    name: str
    right: tuple
    wrong: str | None

    def __bool__(self):
        return self.wrong is None

    def __repr__(self):
        lines = [f"✓ {sentence}" for sentence in self.right]
        end = f"{self.name} is right." if self else f"✗ {self.wrong}"
        return "\n".join([*lines, end])


def judges():
    """The judges of all parts by name."""
    return {
        name: function
        for part in PARTS
        for name, function in vars(part).items()
        if inspect.isgeneratorfunction(function) and not name.startswith("_")
    }


def check(function):
    """Judge a function of the reader's own, named after the algorithm, such as ``my_omp`` or ``omp``.

    Returns
    -------
    Verdict
        True where everything holds. Printed, it lists what is right and the first thing that is not.

    Raises
    ------
    ValueError
        If there is no judge for that name; the message lists those that there are.
    """
    name = getattr(function, "__name__", str(function))
    judge = judges().get(name.removeprefix("my_"))
    if judge is None:
        known = ", ".join(f"my_{known}" for known in sorted(judges()))
        raise ValueError(f"{name}: expected a function with one of the names {known}")
    right = []
    try:
        for sentence, passed in judge(function):
            if not passed:
                return Verdict(name, tuple(right), sentence)
            right.append(sentence)
    except Exception as error:  # the reader's own function may raise anything, and is told what
        return Verdict(name, tuple(right), f"It stopped with {type(error).__name__}: {error}")
    return Verdict(name, tuple(right), None)
