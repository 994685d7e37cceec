"""The shrinkage functions are what they claim: proximal maps."""

import numpy as np
import pytest

from cscbook import hard, soft, soft_nonnegative
from cscbook.arrays import to_numpy

GRID = np.linspace(-4, 4, 80_001)


@pytest.mark.parametrize(
    "shrink, penalty",
    [
        (soft, lambda g, b: b * np.abs(g)),
        (hard, lambda g, b: b**2 / 2 * (g != 0)),
        (soft_nonnegative, lambda g, b: np.where(g < 0, np.inf, b * g)),
    ],
)
def test_shrinkage_is_a_proximal_map(xp, shrink, penalty):
    z = np.array([-3.1, -1.2, -0.3, 0.0, 0.4, 0.9, 2.7])
    grid = np.append(GRID, 0.0)
    for found, at in zip(to_numpy(shrink(xp(z), 1.0)), z, strict=True):
        brute = grid[np.argmin((grid - at) ** 2 / 2 + penalty(grid, 1.0))]
        assert abs(found - brute) < 2e-4


def test_the_sign_equivalence(xp, close, rng):
    z = rng.standard_normal(50)
    close(soft(xp(z), 0.3), to_numpy(soft_nonnegative(xp(z), 0.3)) - to_numpy(soft_nonnegative(xp(-z), 0.3)))


def test_types_are_kept(xp):
    z = xp(np.array([1.0, -2.0]))
    assert all(shrink(z, 0.5).dtype == z.dtype for shrink in (soft, hard, soft_nonnegative))
