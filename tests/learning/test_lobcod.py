"""Learning with needles in turn: its objective, and a ridge that holds the filters."""

import numpy as np
import pytest
from problems import SIZE, learning_objective, planted_filters

from cscbook import (
    lobcod_dictionary_learning,
    to_numpy,
)
from cscbook.learning.problem import unit


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("circular", [True, False])
def test_objective_never_increases(rng, xp, circular, masked):
    _, ys = planted_filters(rng, spaces=((60,), (40,)))
    masks = [(rng.random(y.shape) < 0.8) * 1.0 for y in ys] if masked else None
    D0 = rng.standard_normal((*SIZE, 1, 3))
    found = lobcod_dictionary_learning(
        [xp(y) for y in ys], SIZE, 3, 0.1, D0=xp(D0), n_iter=4, circular=circular,
        masks=None if masks is None else [xp(M) for M in masks],
    )  # fmt: skip
    values = [row["objective"] for row in found.trace]
    assert np.all(np.diff(values) <= 1e-6 * values[0]) and values[-1] < values[0]
    D, gammas = to_numpy(found.D), [to_numpy(g) for g in found.gamma]
    np.testing.assert_allclose(values[-1], learning_objective(D, ys, gammas, 0.1, masks, circular), rtol=1e-5)
    np.testing.assert_allclose(np.sum(D**2, axis=(0, 1)), 1, rtol=1e-5)
    assert found.trace[-1]["nonzeros"] == sum(np.count_nonzero(g) for g in gammas)
    assert found.D.dtype == getattr(xp.namespace, xp.dtype)


def test_a_ridge_holds_the_filters(rng):
    _, ys = planted_filters(rng)
    D0 = unit(rng.standard_normal((*SIZE, 1, 3)))
    moved = []
    for ridge in (0, 10, 1e6):
        D = lobcod_dictionary_learning(ys, SIZE, 3, 0.1, D0=D0, ridge=float(ridge), n_iter=5).D
        moved.append(np.linalg.norm(D - D0))
    assert moved[0] > moved[1] > moved[2] and moved[2] < 1e-3


def test_any_number_of_threads_learns_the_same_filters_to_the_bit(rng, on_threads):
    _, ys = planted_filters(rng)
    D0 = rng.standard_normal((*SIZE, 1, 3))
    found = on_threads(lambda: lobcod_dictionary_learning(ys, SIZE, 3, 0.1, D0=D0, n_iter=3).D)
    assert len(ys) > 1 and np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])
