"""Basis pursuit, held against optimality conditions, other libraries and its own certificate."""

import itertools
from itertools import islice

import array_api_strict
import numpy as np
import pytest
from problems import CASES, convolutional_problem, independent_gap, matrix_problem

from cscbook import (
    basis_pursuit,
    dense,
    duality_gap,
    fista,
    ista,
    lam_max,
    objective,
)
from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.pursuits.relaxation import Masked
from cscbook.pursuits.working_set import projection


def kkt_violation(D, y, gamma, lam):
    """How far ``gamma`` is from optimal: |D^T r| <= lam everywhere, = lam sign(gamma) where it is not
    zero."""
    c = D.T @ (y - D @ gamma)
    return max(np.max(np.abs(c) - lam), np.max(np.abs(c - lam * np.sign(gamma)) * (gamma != 0)))


def test_basis_pursuit_satisfies_the_optimality_conditions(xp, rng):
    D, _, Y = matrix_problem(rng)
    tol = 1e-5 if xp.dtype == "float32" else 1e-11
    found = basis_pursuit(xp(D), xp(Y), 0.1, tol=tol, max_iter=20_000)
    assert found.converged and duality_gap(xp(D), xp(Y), found.gamma, 0.1) <= tol
    assert kkt_violation(D, Y, to_numpy(found.gamma), 0.1) < 10 * tol**0.5


def test_both_routes_find_the_same_minimum(rng):
    D, _, Y = matrix_problem(rng)
    for y in (Y, Y[:, 2]):
        fast, slow = (basis_pursuit(D, y, 0.2, tol=1e-12, max_iter=50_000, method=m) for m in (None, fista))
        assert fast.converged and slow.converged
        np.testing.assert_allclose(fast.gamma, slow.gamma, atol=1e-5)
        assert fast.trace[-1] == pytest.approx(slow.trace[-1], rel=1e-11)


def test_agrees_with_scikit_learn(rng):
    linear_model = pytest.importorskip("sklearn.linear_model")
    D, _, Y = matrix_problem(rng)
    theirs = (
        linear_model.Lasso(alpha=0.1 / 20, fit_intercept=False, tol=1e-12, max_iter=100_000)
        .fit(D, Y[:, 0])
        .coef_
    )
    np.testing.assert_allclose(basis_pursuit(D, Y[:, 0], 0.1, tol=1e-12).gamma, theirs, atol=1e-6)


def test_from_lam_max_on_the_code_is_zero(xp, rng):
    D, _, Y = matrix_problem(rng)
    top = lam_max(xp(D), xp(Y))
    assert not to_numpy(basis_pursuit(xp(D), xp(Y), 1.001 * top).gamma).any()
    assert to_numpy(basis_pursuit(xp(D), xp(Y), 0.9 * top).gamma).any()


def test_the_certificate_catches_a_broken_solver(rng):
    def broken(D, y, lam):
        while True:
            yield 0.9 * basis_pursuit(D, y, lam).gamma

    D, _, Y = matrix_problem(rng)
    found = basis_pursuit(D, Y[:, 0], 0.1, max_iter=20, method=broken)
    assert not found.converged and len(found.trace) == 2


def test_the_gap_bounds_the_distance_to_the_optimum(rng):
    D, _, Y = matrix_problem(rng)
    y, best = Y[:, 0], basis_pursuit(D, Y[:, 0], 0.1, tol=1e-12)
    for gamma in itertools.islice(ista(D, y, 0.1), 40):
        F = float(objective(D, y, gamma, 0.1))
        assert (F - best.trace[-1]) / F <= duality_gap(D, y, gamma, 0.1) + 1e-12


def test_anything_with_at_and_T_will_do(rng):
    class Operator:
        def __init__(self, D):
            self.D = D

        def __matmul__(self, gamma):
            return self.D @ gamma

        @property
        def T(self):
            return Operator(self.D.T)

        @property
        def lipschitz(self):
            return np.linalg.norm(self.D, 2) ** 2

    D, _, Y = matrix_problem(rng)
    found = basis_pursuit(Operator(D), Y[:, 0], 0.1, tol=1e-10, max_iter=50_000)
    np.testing.assert_allclose(found.gamma, basis_pursuit(D, Y[:, 0], 0.1, tol=1e-10).gamma, atol=1e-5)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda D, y: basis_pursuit(D, y, -1.0), "lam = -1"),
        (lambda D, y: basis_pursuit(D, y, 0.0), "lam = 0"),
        (lambda D, y: basis_pursuit(D, y * np.nan, 1.0), "NaN"),
        (lambda D, y: basis_pursuit(D * 0, y, 1.0), "zero"),
    ],
)
def test_bad_input_is_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(rng.standard_normal((6, 9)), rng.standard_normal(6))


@pytest.mark.parametrize("case", CASES)
def test_basis_pursuit_reaches_the_minimum_of_the_matrix(xp, rng, case):
    D, y = convolutional_problem(xp, rng, *case)
    lam, tol = 0.2 * lam_max(D, y), 1e-4 if xp.dtype == "float32" else 1e-8
    found = basis_pursuit(D, y, lam, tol=tol, max_iter=20_000)
    assert found.converged and duality_gap(D, y, found.gamma, lam) <= 2 * tol
    M = to_numpy(dense(D)).astype(float)
    best = basis_pursuit(M, to_numpy(y).astype(float).ravel(), lam, tol=1e-11)
    assert found.trace[-1] == pytest.approx(best.trace[-1], rel=3 * tol)


def test_batches_are_coded_one_by_one(xp, rng):
    D, y = convolutional_problem(xp, rng, *CASES[0], batch=(2, 3))
    found = basis_pursuit(D, y, 2.0, tol=1e-4, max_iter=20_000)
    alone = basis_pursuit(D, y[1, 2, ...], 2.0, tol=1e-4, max_iter=20_000)
    assert found.converged and found.gamma.shape == (2, 3, 40, 2)
    np.testing.assert_allclose(to_numpy(found.gamma)[1, 2], to_numpy(alone.gamma), atol=0.1)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_masks_and_weights_and_signs(xp, rng, nonnegative):
    D, y = convolutional_problem(xp, rng, *CASES[3])
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


def test_signals_and_weights_that_do_not_fit_are_named(rng):
    D, y = ConvDictionary(rng.standard_normal((5, 1, 2)), (40,)), rng.standard_normal((40, 1))
    with pytest.raises(ValueError, match=r"signal of shape \(39, 1\) does not fit"):
        basis_pursuit(D, y[:39], 1.0)
    with pytest.raises(ValueError, match="the smallest weight is -1.0: expected positive weights"):
        basis_pursuit(D, y, 1.0, weights=np.array([1.0, -1.0]))


def test_a_mask_of_weights_is_no_mask_of_zeros_and_ones(rng):
    D, y = convolutional_problem(np.asarray, rng, *CASES[0])
    mask = rng.random((40, 1)) * 2
    found = basis_pursuit(D, y, 1.0, tol=1e-8, mask=mask, max_iter=20_000)
    weighted = mask.ravel()[:, None] * dense(D)
    best = basis_pursuit(weighted, (mask * y).ravel(), 1.0, tol=1e-10)
    assert found.converged and found.trace[-1] == pytest.approx(best.trace[-1], rel=1e-7)


@pytest.mark.parametrize("case", CASES[:5])
def test_a_mask_may_have_any_weights(rng, case):
    D, y = convolutional_problem(np.asarray, rng, *case)
    mask = rng.random(y.shape)
    found = basis_pursuit(D, y, 0.3, mask=mask, tol=1e-9)
    seen = Masked(D, mask)
    assert found.converged and duality_gap(seen, mask * y, found.gamma, 0.3) <= 1e-8
    assert found.trace[-1] == pytest.approx(float(objective(seen, mask * y, found.gamma, 0.3)))


@pytest.mark.parametrize("case", CASES)
def test_fista_agrees_to_six_digits(rng, case):
    D, y = convolutional_problem(np.asarray, rng, *case)
    lam = 0.1 * lam_max(D, y)
    slow = basis_pursuit(D, y, lam, method=fista, tol=1e-7, max_iter=50_000)
    fast = basis_pursuit(D, y, lam, tol=1e-7)
    assert slow.converged and fast.trace[-1] == pytest.approx(slow.trace[-1], rel=1e-6)


def test_sporco_agrees_to_six_digits(monkeypatch, rng):
    cbpdn = pytest.importorskip("sporco.admm.cbpdn")
    monkeypatch.setattr("sporco.fft.pyfftw_planner_effort", "FFTW_ESTIMATE")
    monkeypatch.setattr("sporco.fft.pyfftw_threads", 1)
    D, y = convolutional_problem(np.asarray, rng, *CASES[3])  # one channel, circular, stride 1
    lam = 0.1 * lam_max(D, y)
    options = {"MaxMainIter": 400, "RelStopTol": 1e-9, "rho": 20 * lam, "AutoRho": {"Enabled": False}}
    options = cbpdn.ConvBPDN.Options(options)
    solver = cbpdn.ConvBPDN(D.filters[..., 0, :], y[..., 0], lam, options, dimK=0, dimN=2)
    solver.solve()
    theirs = np.asarray(solver.Y).reshape(*D.positions, -1)
    ours = basis_pursuit(D, y, lam, tol=1e-9)
    assert ours.trace[-1] == pytest.approx(float(objective(D, y, theirs, lam)), rel=1e-6)


def stops_early(D, y, lam):
    """Broken: does nothing after its third step."""
    gamma = next(islice(ista(D, y, lam), 2, None))
    while True:
        yield gamma


def weighs_wrongly(D, y, lam):
    """Broken: minimises for another lam."""
    yield from fista(D, y, 1.01 * lam)


def forgets_a_filter(D, y, lam):
    """Broken: one filter is never used."""
    for gamma in fista(D, y, lam):
        gamma = 1 * gamma
        gamma[..., 0] = 0
        yield gamma


@pytest.mark.parametrize("broken", [stops_early, weighs_wrongly, forgets_a_filter])
def test_a_broken_solver_is_caught(rng, broken):
    D, y = convolutional_problem(np.asarray, rng, *CASES[0])
    lam = 0.1 * lam_max(D, y)
    found = basis_pursuit(D, y, lam, method=broken, tol=1e-6, max_iter=2000)
    assert not found.converged
    assert independent_gap(dense(D), y.ravel(), found.gamma.ravel(), lam) > 1e-6
    best = basis_pursuit(D, y, lam, tol=1e-9).trace[-1]
    assert found.trace[-1] > best * (1 + 1e-7)  # and it was wrong indeed


@pytest.mark.parametrize("case", CASES)
def test_the_gap_of_a_convolutional_code_bounds_the_distance_to_the_optimum(xp, rng, case):
    """And it is the better one of two, computed here from the explicit matrix."""
    D, y = convolutional_problem(np.asarray, rng, *case)
    lam, M = 0.2 * lam_max(D, y), dense(D)
    best = basis_pursuit(D, y, lam, tol=1e-9).trace[-1]
    there, there_y = ConvDictionary(xp(D.filters), D.space, D.stride, D.circular), xp(y)
    for code in islice(fista(there, there_y, lam), 5, 100, 30):
        value, gap = float(objective(there, there_y, code, lam)), duality_gap(there, there_y, code, lam)
        assert (value - best) / value <= gap + 1e-5
        flat = to_numpy(code).ravel().astype(float)
        r = y.ravel() - M @ flat
        v = projection(D, r.reshape(y.shape), lam)[0].ravel()
        two = (independent_gap(M, y.ravel(), flat, lam, at) for at in (r, v))
        assert gap == pytest.approx(min(two), abs=1e-5)


def test_the_objective_without_a_penalty_is_half_the_residual(rng):
    D, gamma, Y = matrix_problem(rng)
    with np.errstate(all="raise"):
        found = objective(D, Y, gamma, 0)
    np.testing.assert_allclose(found, np.sum((Y - D @ gamma) ** 2, axis=0) / 2)
    with pytest.raises(ValueError, match="lam = 0: expected a positive number"):
        duality_gap(D, Y, gamma, 0)


@pytest.mark.parametrize("function", [objective, duality_gap])
def test_imaginary_parts_are_not_dropped(rng, function):
    D, gamma, Y = matrix_problem(rng)
    with pytest.raises(TypeError, match="y has dtype complex128"):
        function(D, Y + 1j, gamma, 0.1)
    with pytest.raises(TypeError, match="gamma has dtype complex128"):
        function(D, Y, gamma + 1j, 0.1)


@pytest.mark.parametrize("name, value", [("tol", np.nan), ("max_iter", 2.5), ("max_iter", 0)])
def test_a_search_without_an_end_is_refused(rng, name, value):
    D, _, Y = matrix_problem(rng)
    with pytest.raises(ValueError, match=f"{name} = {value}: expected"):
        basis_pursuit(D, Y, 0.1, **{name: value})


def test_weights_of_another_library_are_named(rng):
    D, _, Y = matrix_problem(rng)
    with pytest.raises(TypeError, match="mixed array libraries"):
        basis_pursuit(D, Y, 0.1, weights=array_api_strict.ones((D.shape[1], 1)))
