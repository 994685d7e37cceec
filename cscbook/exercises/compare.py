"""Comparing an answer with the one that was expected."""

import numpy as np


def same(found, expected, tolerance=1e-6):
    """Whether an answer has the shape and the values that were expected, up to rounding."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape or found.dtype.kind not in "fiub":
        return False
    return bool(
        np.allclose(found, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max(initial=1e-9))
    )
