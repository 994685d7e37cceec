"""Basis pursuit without noise: the linear program, and what it recovers."""

import numpy as np
import pytest
from problems import matrix_problem
from scipy.optimize import linprog

from cscbook import (
    basis_pursuit_equality,
    dense,
)
from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary


def test_noiseless_basis_pursuit_is_the_linear_program(xp, rng):
    D, gamma, _ = matrix_problem(rng, k=6)
    X = D @ gamma
    found = basis_pursuit_equality(xp(D), xp(X), tol=1e-4 if xp.dtype == "float32" else 1e-7)
    assert found.converged
    g = to_numpy(found.gamma)
    np.testing.assert_allclose(D @ g, X, atol=100 * xp.tol)
    for j in range(X.shape[1]):
        best = linprog(np.ones(80), A_eq=np.hstack([D, -D]), b_eq=X[:, j]).fun
        assert best - 1e-4 <= np.abs(g[:, j]).sum() <= best * (1 + 2e-4) + 1e-4


def test_noiseless_basis_pursuit_recovers_sparse_codes_exactly(rng):
    D, gamma, _ = matrix_problem(rng, n=40, m=60, k=3)
    np.testing.assert_allclose(basis_pursuit_equality(D, D @ gamma).gamma, gamma, atol=1e-10)


def test_a_signal_that_no_code_makes_is_named(rng):
    D, y = rng.standard_normal((6, 9)), rng.standard_normal(6)
    with pytest.raises(ValueError, match="range of D"):
        basis_pursuit_equality(np.vstack([D, D]), np.concatenate([y, -y]))


def test_noiseless_basis_pursuit_recovers_batches(xp, rng):
    D = ConvDictionary(xp(rng.standard_normal((6, 1, 3))), (60,))
    gamma = np.zeros((4, 60, 3))
    for one in gamma:  # a spike in every fourth of the signal, so that no stripe is crowded
        for start in range(0, 60, 15):
            one[start + rng.integers(8), rng.integers(3)] = rng.standard_normal()
    found = basis_pursuit_equality(D, D @ xp(gamma), tol=1e-4 if xp.dtype == "float32" else 1e-8)
    assert found.converged
    np.testing.assert_allclose(to_numpy(found.gamma), gamma, atol=1e-3 if xp.dtype == "float32" else 1e-5)


def test_what_the_fourier_route_cannot_do_is_named(xp):
    ones = xp(np.ones((4, 1)))
    with pytest.raises(ValueError, match="not False and 1"):
        basis_pursuit_equality(ConvDictionary(xp(np.ones((2, 1, 1))), (4,), circular=False), ones)
    with pytest.raises(ValueError, match="not in the range"):  # no filter reaches frequency 0
        basis_pursuit_equality(ConvDictionary(xp(np.array([[[1.0]], [[-1.0]]])), (4,)), ones)


def test_noiseless_basis_pursuit_of_several_channels_equals_that_of_the_matrix(xp, rng):
    for m in (5, 2)[: 1 if xp.dtype == "float32" else 2]:  # redundant; and blind at frequency 0, exactly
        filters = rng.standard_normal((4, 2, m))
        filters -= (m == 2) * filters.mean(axis=0)
        D = ConvDictionary(xp(filters), (12,))
        gamma = rng.standard_normal((2, 12, m)) * (rng.random((2, 12, m)) < 0.06)
        x, tol = D @ xp(gamma), 1e-4 if xp.dtype == "float32" else 1e-8
        found = basis_pursuit_equality(D, x, tol=tol)
        matrix = basis_pursuit_equality(dense(D), xp(to_numpy(x).reshape(2, -1).T), tol=tol)
        assert found.converged and matrix.converged
        norms = [np.abs(to_numpy(a.gamma)).sum() for a in (found, matrix)]
        assert norms[0] == pytest.approx(norms[1], rel=10 * tol)
        assert np.abs(to_numpy(D @ found.gamma) - to_numpy(x)).max() < (1e-4 if tol > 1e-6 else 1e-9)


def test_a_signal_of_another_shape_is_not_cut_into_others(rng):
    D = ConvDictionary(rng.standard_normal((4, 1, 3)), (12,))
    with pytest.raises(ValueError, match=r"signal of shape \(6, 2\) does not fit"):
        basis_pursuit_equality(D, rng.standard_normal((6, 2)))
    with pytest.raises(ValueError, match="D has 5 rows, x has shape"):
        basis_pursuit_equality(rng.standard_normal((5, 8)), rng.standard_normal(4))


@pytest.mark.parametrize("scale", [0, 1e-200])
def test_a_dictionary_of_no_size_is_refused(rng, scale):
    filters = scale * rng.standard_normal((4, 1, 3))
    for D, x in ((filters[:, 0], np.ones(4)), (ConvDictionary(filters, (12,)), np.ones((12, 1)))):
        with pytest.raises(ValueError, match="the largest entry of D = .*: expected a positive number"):
            basis_pursuit_equality(D, x)


def test_no_iterations_are_refused(rng):
    with pytest.raises(ValueError, match="max_iter = 0"):
        basis_pursuit_equality(rng.standard_normal((4, 8)), np.ones(4), max_iter=0)
