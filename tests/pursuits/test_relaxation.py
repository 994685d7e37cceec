"""Pursuits on a convolutional dictionary equal the same pursuits on its explicit matrix."""

import numpy as np
import pytest

from cscbook import basis_pursuit, basis_pursuit_equality, dense, duality_gap, lam_max, omp
from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary

CASES = [
    ((5,), (40,), 1, 2, 1, True),
    ((5,), (40,), 2, 3, 2, True),
    ((6,), (33,), 1, 2, 1, False),
    ((3, 3), (9, 10), 1, 3, 1, True),
    ((3, 2), (10, 9), 2, 3, 2, False),
    ((8,), (8,), 1, 2, 1, True),
]


def problem(xp, rng, size, space, c, m, stride, circular, batch=()):
    D = ConvDictionary(xp(rng.standard_normal((*size, c, m))), space, stride, circular)
    return D, xp(rng.standard_normal((*batch, *space, c)))


@pytest.mark.parametrize("case", CASES)
def test_basis_pursuit_reaches_the_minimum_of_the_matrix(xp, rng, case):
    D, y = problem(xp, rng, *case)
    lam, tol = 0.2 * lam_max(D, y), 1e-4 if xp.dtype == "float32" else 1e-8
    found = basis_pursuit(D, y, lam, tol=tol, max_iter=20_000)
    assert found.converged and duality_gap(D, y, found.gamma, lam) <= 2 * tol
    M = to_numpy(dense(D)).astype(float)
    best = basis_pursuit(M, to_numpy(y).astype(float).ravel(), lam, tol=1e-11)
    assert found.trace[-1] == pytest.approx(best.trace[-1], rel=3 * tol)


def test_batches_are_coded_one_by_one(xp, rng):
    D, y = problem(xp, rng, *CASES[0], batch=(2, 3))
    found = basis_pursuit(D, y, 2.0, tol=1e-4, max_iter=20_000)
    alone = basis_pursuit(D, y[1, 2, ...], 2.0, tol=1e-4, max_iter=20_000)
    assert found.converged and found.gamma.shape == (2, 3, 40, 2)
    np.testing.assert_allclose(to_numpy(found.gamma)[1, 2], to_numpy(alone.gamma), atol=0.1)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_masks_and_weights_and_signs(xp, rng, nonnegative):
    D, y = problem(xp, rng, *CASES[3])
    mask, weights = rng.random((9, 10, 1)) > 0.4, np.array([1.0, 0.5, 3.0])
    tol = 1e-4 if xp.dtype == "float32" else 1e-9
    found = basis_pursuit(
        D, y, 0.5, tol=tol, max_iter=50_000, mask=xp(mask), weights=xp(weights), nonnegative=nonnegative
    )
    gamma, signal = to_numpy(found.gamma).astype(float), to_numpy(y).astype(float)
    M = to_numpy(dense(D)).astype(float)
    c = (
        (M.T @ (mask * (signal - (M @ gamma.ravel()).reshape(signal.shape))).ravel()).reshape(gamma.shape)
        / weights
        / 0.5
    )
    slack = 20 * tol**0.5
    assert found.converged and c.max() <= 1 + slack and (nonnegative or c.min() >= -1 - slack)
    assert np.abs((c - np.sign(gamma)) * (np.abs(gamma) > slack)).max() <= slack
    assert not nonnegative or gamma.min() >= 0


def test_a_warm_start_needs_fewer_passes(rng):
    D = ConvDictionary(rng.standard_normal((8, 1, 3)), (3000,))
    y = rng.standard_normal((3000, 1))
    lam = 0.1 * lam_max(D, y)
    cold = basis_pursuit(D, y, lam, tol=1e-9)
    warm = basis_pursuit(D, y, lam, tol=1e-9, start=basis_pursuit(D, y, 1.1 * lam).gamma)
    assert len(warm.trace) < len(cold.trace) and warm.trace[-1] == pytest.approx(cold.trace[-1], rel=1e-8)


def test_what_is_not_certified_is_not_called_converged(rng):
    D, y = ConvDictionary(rng.standard_normal((8, 1, 3)), (3000,)), rng.standard_normal((3000, 1))
    assert not basis_pursuit(D, y, 0.01 * lam_max(D, y), tol=1e-10, max_iter=3).converged


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stop", [{"k": 6}, {"tol": 3.0}])
def test_omp_is_omp_on_the_matrix(xp, rng, case, stop):
    D, y = problem(xp, rng, *case)
    if case == CASES[5]:
        stop = {"k": 3} if "k" in stop else stop
    found, M = omp(D, y, **stop), to_numpy(dense(D)).astype(float)
    matrix = omp(M, to_numpy(y).astype(float).ravel(), **stop)
    assert found.converged == matrix.converged
    np.testing.assert_allclose(
        to_numpy(found.gamma).ravel(), matrix.gamma, atol=1e-3 if xp.dtype == "float32" else 1e-7
    )
    np.testing.assert_allclose(found.trace, matrix.trace, atol=1e-3 if xp.dtype == "float32" else 1e-7)


def test_many_atoms_are_settled_exactly(rng):
    D = ConvDictionary(rng.standard_normal((16, 1, 2)), (600,))
    y = rng.standard_normal((600, 1))
    found, M = omp(D, y, k=90), dense(D)
    matrix = omp(M, y.ravel(), k=90)
    np.testing.assert_array_equal(np.flatnonzero(found.gamma), np.flatnonzero(matrix.gamma))
    np.testing.assert_allclose(found.gamma.ravel(), matrix.gamma, atol=1e-6)


def test_errors_name_the_value(rng):
    D, y = ConvDictionary(rng.standard_normal((5, 1, 2)), (40,)), rng.standard_normal((40, 1))
    with pytest.raises(ValueError, match="k = 41"):
        omp(D, y, k=41)
    with pytest.raises(ValueError, match=r"signal of shape \(39, 1\) does not fit"):
        basis_pursuit(D, y[:39], 1.0)
    with pytest.raises(ValueError, match="atom 1 of D is zero"):
        omp(ConvDictionary(D.filters * np.array([1.0, 0.0]), (40,)), y, k=2)
    with pytest.raises(ValueError, match="the smallest lam"):
        basis_pursuit(D, y, 1.0, weights=np.array([1.0, -1.0]))


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


def test_a_batch_of_short_signals_takes_the_same_atoms(rng):
    D = ConvDictionary(rng.standard_normal((5, 1, 2)), (40,))
    y = rng.standard_normal((9, 40, 1))
    many = omp(D, y, k=6)
    for one, signal in zip(many.gamma, y, strict=True):
        np.testing.assert_allclose(one, omp(D, signal, k=6).gamma, atol=1e-9)


def test_a_mask_of_weights_is_no_mask_of_zeros_and_ones(rng):
    D, y = problem(np.asarray, rng, *CASES[0])
    mask = rng.random((40, 1)) * 2
    found = basis_pursuit(D, y, 1.0, tol=1e-8, mask=mask, max_iter=20_000)
    weighted = mask.ravel()[:, None] * dense(D)
    best = basis_pursuit(weighted, (mask * y).ravel(), 1.0, tol=1e-10)
    assert found.converged and found.trace[-1] == pytest.approx(best.trace[-1], rel=1e-7)
