"""Local block coordinate descent: layers of needles that do not overlap."""

import itertools

import numpy as np
import pytest
from problems import UNIT_CASES, after, unit_problem

from cscbook.arrays import to_numpy
from cscbook.localglobal import (
    lobcod,
    lobcod_layers,
)
from cscbook.localglobal.lobcod import _array_layers, _compiled_layers


@pytest.mark.parametrize("case", UNIT_CASES)
def test_no_layer_raises_the_objective(xp, rng, case):
    D, y = unit_problem(xp, rng, *case)
    mask = xp(rng.random((*D.space, 1)) * 1.0)
    values = [
        float(objective_behind(mask, D, y, gamma, 0.2))
        for gamma in itertools.islice(lobcod_layers(D, y, 0.2, mask), 80)
    ]
    assert np.diff(values).max() <= (1e-4 if xp.dtype == "float32" else 1e-12) * values[0]
    assert values[-1] < values[0]


def objective_behind(mask, D, y, gamma, lam):
    left = to_numpy(mask) * to_numpy(y - D @ gamma)
    return np.sum(left.astype(float) ** 2) / 2 + lam * np.abs(to_numpy(gamma).astype(float)).sum()


@pytest.mark.parametrize("case", UNIT_CASES)
@pytest.mark.parametrize("masked", [False, True])
def test_the_compiled_layers_are_the_array_layers(rng, case, masked):
    D, y = unit_problem(np.asarray, rng, *case)
    weight = (rng.random(y.shape) > 0.4) * 1.0 if masked else np.ones_like(y)
    compiled, arrays = _compiled_layers(D, y, 0.2, weight), _array_layers(D, y, 0.2, weight)
    for one, other in itertools.islice(zip(compiled, arrays, strict=True), 30):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


def test_an_epoch_of_layers_moves_every_needle_once(rng):
    D, y = unit_problem(np.asarray, rng, *UNIT_CASES[0])
    moved = np.zeros(D.positions, int)
    codes = [0 * (D.T @ y), *itertools.islice(lobcod_layers(D, y, 1e-9), 7 + 30 % 7)]
    for before, gamma in itertools.pairwise(codes):
        moved += np.any(before != gamma, axis=-1)
    assert np.all(moved == 1)
    np.testing.assert_array_equal(after(lobcod(D, y, 1e-9), 1), codes[-1])
