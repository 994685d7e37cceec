"""Local block coordinate descent: layers of needles that do not overlap."""

import itertools

import numpy as np
import pytest
from problems import UNIT_CASES, after, unit_problem

from cscbook.arrays import to_numpy
from cscbook.dictionaries.matrix import dense
from cscbook.localglobal import (
    lobcod,
    lobcod_layers,
)
from cscbook.localglobal.lobcod import SWEEPS, _layers, _where
from cscbook.shrinkage import soft


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


def textbook_layers(D, y, lam, weight):
    """The layers by the explicit matrix: coordinate descent on the atoms of each needle, all others fixed."""
    M, gamma = dense(D), np.zeros((*D.positions, D.filters.shape[-1]))
    number, w = np.arange(gamma.size).reshape(gamma.shape), weight.ravel()
    while True:
        for layer in _layers(D):
            r = w * (y.ravel() - M @ gamma.ravel())
            for needle in number[_where(layer)].reshape(-1, gamma.shape[-1]):
                for j in [*needle] * SWEEPS:
                    curve, before = w @ M[:, j] ** 2, gamma.flat[j]
                    if curve > 0:
                        gamma.flat[j] = soft(np.asarray(r @ M[:, j] + curve * before), lam) / curve
                    r = r - w * M[:, j] * (gamma.flat[j] - before)
            yield gamma.copy()


@pytest.mark.parametrize("case", UNIT_CASES)
@pytest.mark.parametrize("masked", [False, True])
def test_the_layers_are_those_of_the_explicit_matrix(rng, case, masked):
    D, y = unit_problem(np.asarray, rng, *case)
    mask = (rng.random(y.shape) > 0.4) * 1.0 if masked else np.ones_like(y)
    found, expected = lobcod_layers(D, y, 0.2, mask), textbook_layers(D, y, 0.2, mask**2)
    for one, other in itertools.islice(zip(found, expected, strict=True), 12):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-11)


def test_a_batch_is_its_signals(xp, rng, close):
    D, y = unit_problem(xp, rng, *UNIT_CASES[2], batch=(2,))
    together = after(lobcod(D, y, 0.2), 2)
    for b in range(2):
        close(together[b, ...], to_numpy(after(lobcod(D, y[b, ...], 0.2), 2)))


def test_an_epoch_of_layers_moves_every_needle_once(rng):
    D, y = unit_problem(np.asarray, rng, *UNIT_CASES[0])
    moved = np.zeros(D.positions, int)
    codes = [0 * (D.T @ y), *itertools.islice(lobcod_layers(D, y, 1e-9), 7 + 30 % 7)]
    for before, gamma in itertools.pairwise(codes):
        moved += np.any(before != gamma, axis=-1)
    assert np.all(moved == 1)
    np.testing.assert_array_equal(after(lobcod(D, y, 1e-9), 1), codes[-1])
