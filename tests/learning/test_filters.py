"""The filter step of learning: its gradient and its descent."""

import numpy as np
import pytest
from problems import SIZE, learning_objective, planted_filters

from cscbook import (
    ConvDictionary,
)
from cscbook.learning.filters import descend, filter_maps
from cscbook.learning.problem import set_up, unit


@pytest.mark.parametrize("circular", [True, False])
@pytest.mark.parametrize("space, size", [((14,), (4,)), ((9, 8), (3, 4))])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_filter_gradient_is_the_derivative_of_the_fit(rng, dtype, space, size, circular):
    y, mask = rng.standard_normal((*space, 2)), (rng.random((*space, 2)) < 0.7) * 1.0
    filters = rng.standard_normal((*size, 2, 3))
    shape = (*ConvDictionary(filters, space, circular=circular).positions, 3)
    gamma = rng.standard_normal(shape) * (rng.random(shape) < 0.5)

    def fit(d):
        r = mask * (y - ConvDictionary(d, space, circular=circular) @ gamma)
        return np.sum(r * r) / 2

    synthesize, correlate = filter_maps(gamma.astype(dtype), mask.astype(dtype), y.shape, size, circular)
    gradient = -correlate((mask * y).astype(dtype) - synthesize(filters.astype(dtype)))
    direction = rng.standard_normal(filters.shape)
    slope = (fit(filters + 1e-4 * direction) - fit(filters - 1e-4 * direction)) / 2e-4
    np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-7 if dtype == "float64" else 3e-5)


def test_filter_steps_never_increase_the_fit_and_keep_unit_norms(rng):
    filters, ys = planted_filters(rng)
    start = unit(rng.standard_normal(filters.shape))
    gammas = [rng.standard_normal((len(y), 3)) * (rng.random((len(y), 3)) < 0.2) for y in ys]
    problem, _ = set_up(ys, SIZE, 3, 0.1, {"D0": start, "rng": rng})
    values = []
    for steps in range(12):
        D, _, _ = descend(problem, start, gammas, steps, scale=1e-3)
        values.append(learning_objective(D, ys, gammas, 0))
        np.testing.assert_allclose(np.sum(D**2, axis=(0, 1)), 1)
    assert np.all(np.diff(values) <= 1e-12) and values[-1] < 0.9 * values[0]
