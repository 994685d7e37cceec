"""What a device would have had to do: kernels launched, and copies over the bus in each direction.

The real CuPy has no such module; tests read it with ``from cupy import _counts``.
"""

import contextlib

KINDS = ("launches", "to_host", "to_device")
_counts = dict.fromkeys(KINDS, 0)


def add(kind, number=1):
    """Count ``number`` more of ``kind``."""
    _counts[kind] += number


def reset():
    """Start again from zero."""
    _counts.update(dict.fromkeys(KINDS, 0))


def read():
    """The counts since the last reset, as a dictionary."""
    return dict(_counts)


@contextlib.contextmanager
def counting():
    """A dictionary that holds, after the block, what the block did."""
    before, found = read(), {}
    yield found
    found.update({kind: number - before[kind] for kind, number in read().items()})
