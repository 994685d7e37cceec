"""Projection onto the multi-layer model, and the zeros of the layer before."""

import numpy as np
import pytest
from problems import chain, matrices

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    holistic_pursuit,
    local_sparsities,
    projection_pursuit,
    refit,
    synthesize,
)
from cscbook.arrays import to_numpy


def test_projection_finds_a_signal_of_the_model_and_stays_inside_it(rng):
    D1, D2 = chain(np.asarray, rng, (60,), 1, [((6,), 3, 1), ((4,), 2, 1)], True)
    sparse = D2.filters * (rng.random(D2.filters.shape) < 0.4)
    D2 = ConvDictionary(sparse / np.linalg.norm(sparse, axis=(0, 1)), D2.space)
    gamma = np.zeros((60, 2))
    gamma[3, 0], gamma[25, 1], gamma[44, 0] = 1.0, -0.8, 1.2
    *codes, x = synthesize([D1, D2], gamma)
    levels = local_sparsities([D1, D2], codes[::-1])
    found = projection_pursuit([D1, D2], x, levels, range(1, 4))
    for code, truth in zip(found, codes[::-1], strict=True):
        np.testing.assert_allclose(code, truth, atol=1e-9)
    noise = projection_pursuit([D1, D2], rng.standard_normal((60, 1)), levels, range(1, 40))
    assert all(a <= b for a, b in zip(local_sparsities([D1, D2], noise), levels, strict=True))
    assert np.abs(noise[0] - D2 @ noise[1]).max() < 1e-12 < np.abs(noise[1]).max()
    nothing = projection_pursuit([D1, D2], x, [0, 0], range(1, 4))
    assert not any(code.any() for code in nothing)


def molecule_problem(rng, n=50, m1=100, m2=50, k=11, zeros=10, sigma=0.1):
    """A code with k non-zeros that annihilates some rows of D_2, its signal, and that in noise at 25 dB."""
    D1, D2 = matrices(rng, n, m1, m2)
    on, rows = np.isin(np.arange(m2), rng.permutation(m2)[:k]), D2[rng.permutation(m1)[:zeros]]
    gamma = refit(np.eye(m2), rng.standard_normal(m2), on, annihilate=rows)
    x = D1 @ D2 @ gamma
    x *= 10 ** (25 / 20) * sigma * np.sqrt(n) / np.linalg.norm(x)
    return D1, D2, on, rows, x, x + sigma * rng.standard_normal(n)


def test_known_zeros_above_leave_fewer_dimensions_to_the_noise(rng):
    errors = np.zeros((400, 2))
    for row in errors:
        D1, D2, on, rows, x, y = molecule_problem(rng)
        A = D1 @ D2
        row[:] = [np.sum((A @ refit(A, y, on, annihilate=r) - x) ** 2) for r in (None, rows)]
    np.testing.assert_allclose(errors.mean(axis=0), [11 * 0.1**2, (11 - 10) * 0.1**2], rtol=0.15)


def test_holistic_pursuit_finds_some_of_the_zeros(rng):
    right = 0
    for _ in range(5):
        D1, D2, _, rows, _, y = molecule_problem(rng)
        above, gamma = holistic_pursuit(D1, D2, y, 0.1 * np.sqrt(50), 10, 200)
        assert np.sum(np.abs(above) < 1e-10) >= 10, "ten equations are met"
        assert np.linalg.norm(y - D1 @ above) < 1.01 * 0.1 * np.sqrt(50)
        right += np.sum(np.abs(rows @ gamma) < 1e-10)
    assert right >= 20, "of fifty; chance would find five"


def test_holistic_pursuit_without_zeros_is_basis_pursuit(xp, rng):
    D1, D2 = matrices(rng, 15, 25, 20)
    y = rng.standard_normal(15)
    _, found = holistic_pursuit(xp(D1), xp(D2), xp(y), 1.0, 0, 1500)
    found = to_numpy(found).astype(float)
    r = y - D1 @ D2 @ found
    assert np.linalg.norm(r) == pytest.approx(1.0, abs=1e-4)
    lam = np.abs((D1 @ D2).T @ r).max()
    np.testing.assert_allclose(found, basis_pursuit(D1 @ D2, y, lam, tol=1e-12).gamma, atol=1e-3)


def test_more_zeros_than_entries_are_named(rng):
    with pytest.raises(ValueError, match="zeros_above = 50"):
        holistic_pursuit(*matrices(rng, 10, 50, 20), rng.standard_normal(10), 0.1, 50)
