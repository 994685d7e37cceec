"""Pursuits, held against dense algebra, brute force, other libraries and their own certificates."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from cscbook import (
    basis_pursuit,
    basis_pursuit_equality,
    dct_dictionary,
    duality_gap,
    fista,
    hard,
    ista,
    lam_max,
    normalize,
    objective,
    omp,
    soft,
    soft_nonnegative,
    thresholding,
)
from cscbook.arrays import to_numpy
from cscbook.pursuits.greedy import _array_columns, _dense_code


def problem(rng, n=20, m=40, p=12, k=4):
    D = normalize(rng.standard_normal((n, m)))
    gamma = np.zeros((m, p))
    for j in range(p):
        gamma[rng.choice(m, k, replace=False), j] = rng.standard_normal(k)
    return D, gamma, D @ gamma + 0.05 * rng.standard_normal((n, p))


def textbook_omp(D, y, k, tol=0.0):
    """The definition: the best atom, then least squares on all chosen."""
    support, r, value = [], y, np.zeros(0)
    while len(support) < k and np.linalg.norm(r) > tol:
        support.append(int(np.argmax(np.abs(D.T @ r) / np.linalg.norm(D, axis=0))))
        value = np.linalg.lstsq(D[:, support], y, rcond=None)[0]
        r = y - D[:, support] @ value
    gamma = np.zeros(D.shape[1])
    gamma[support] = value
    return gamma


# --- OMP ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [{"k": 5}, {"tol": 0.4}, {"k": 3, "tol": 0.4}])
def test_omp_is_the_textbook_algorithm(xp, rng, close, stop):
    D, _, Y = problem(rng)
    D = D * rng.uniform(0.5, 2, D.shape[1])  # atoms need not have unit norm
    expected = np.stack([textbook_omp(D, y, stop.get("k", 20), stop.get("tol", 0.0)) for y in Y.T], axis=1)
    columns = omp(xp(D), xp(Y), **stop)
    found = columns.gamma.toarray() if hasattr(columns.gamma, "toarray") else columns.gamma
    close(found, expected, factor=100)
    close(omp(xp(D), xp(Y[:, 0]), **stop).gamma, expected[:, 0], factor=100)
    assert columns.converged or stop == {"k": 3, "tol": 0.4}


def test_the_compiled_route_equals_the_array_route(rng):
    D, _, Y = problem(rng, n=30, m=70, p=200)
    steps, left, _ = _array_columns(D, Y, 30, 0.01)
    found = omp(D, Y, tol=0.1).gamma
    np.testing.assert_allclose(found.toarray(), _dense_code(steps, D, 200), atol=1e-10)
    assert (np.linalg.norm(Y - D @ found, axis=0) <= 0.1 * (1 + 1e-9)).all() and (left <= 0.01).all()


def test_the_trace_is_the_residual(xp, rng):
    D, _, Y = problem(rng)
    y, trace = Y[:, 1], omp(xp(D), xp(Y[:, 1]), k=6).trace
    norms = [np.linalg.norm(y - D @ textbook_omp(D, y, t)) for t in range(1, 7)]
    np.testing.assert_allclose(trace, norms, atol=100 * xp.tol)


def test_a_represented_signal_stops_early(xp, rng):
    D, gamma, _ = problem(rng)
    found = omp(xp(D), xp(3 * D[:, 7]), k=5)
    assert found.converged and np.flatnonzero(np.abs(to_numpy(found.gamma)) > 1e-4).tolist() == [7]
    zero = omp(xp(D), xp(np.zeros((20, 3))), k=5)
    assert zero.converged and not np.any(
        zero.gamma.toarray() if hasattr(zero.gamma, "toarray") else to_numpy(zero.gamma)
    )


def test_an_error_bound_out_of_reach_is_admitted(xp, rng):
    D, _, Y = problem(rng)
    assert not omp(xp(D), xp(Y), k=2, tol=1e-3).converged
    assert not omp(xp(D[:, :5]), xp(Y[:, 0]), tol=1e-3).converged


def test_twin_atoms_do_no_harm(xp, rng):
    D, _, Y = problem(rng, n=6, m=8)
    D = np.hstack([D, D, D[:, :2]])
    found = omp(xp(D), xp(Y), tol=1e-3)
    gamma = found.gamma.toarray() if hasattr(found.gamma, "toarray") else to_numpy(found.gamma)
    assert np.isfinite(gamma).all() and found.converged
    assert (np.linalg.norm(Y - D @ gamma, axis=0) <= 1.1e-3).all()


def test_single_precision_keeps_its_error_bound(rng):
    D = to_numpy(dct_dictionary()).astype(np.float32)
    Y = (40 * rng.standard_normal((64, 2)) @ rng.standard_normal((2, 3000))).astype(np.float32)
    found = omp(D, Y, tol=30.0)
    error = np.linalg.norm(Y.astype(float) - D.astype(float) @ found.gamma.astype(float), axis=0)
    assert found.converged and found.gamma.dtype == np.float32 and error.max() <= 30 * 1.001


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, "needs k, tol"),
        ({"k": 0}, "k = 0"),
        ({"k": 7}, "k = 7"),
        ({"k": 2.5}, "k = 2.5"),
        ({"tol": -1}, "tol = -1"),
        ({"tol": np.nan}, "tol = nan"),
    ],
)
def test_omp_names_bad_knobs(rng, arguments, message):
    with pytest.raises(ValueError, match=message):
        omp(rng.standard_normal((6, 9)), rng.standard_normal(6), **arguments)


def test_bad_signals_are_named(rng):
    D = rng.standard_normal((6, 9))
    with pytest.raises(ValueError, match="y holds NaN"):
        omp(D, np.full(6, np.nan), k=1)
    with pytest.raises(ValueError, match=r"D has 6 rows, y has shape \(5,\)"):
        omp(D, np.ones(5), k=1)
    with pytest.raises(ValueError, match="atom 3 of D is zero"):
        omp(D * (np.arange(9) != 3), np.ones(6), k=1)
    with pytest.raises(TypeError, match="int"):
        omp(D, np.ones(6, dtype=int), k=1)
    with pytest.raises(TypeError, match="mixed"):
        import array_api_strict

        omp(D, array_api_strict.ones(6), k=1)
    with pytest.raises(ValueError, match="axes"):
        omp(D, np.ones((6, 2, 2)), k=1)


# --- thresholding, ISTA, FISTA ------------------------------------------------------------------


@pytest.mark.parametrize("shrink", [soft, hard, soft_nonnegative])
def test_thresholding_is_one_product_and_one_function(xp, rng, close, shrink):
    D, _, Y = problem(rng)
    close(thresholding(xp(D), xp(Y), 0.3, shrink).gamma, shrink(D.T @ Y, 0.3))


def test_ista_never_goes_up_and_fista_obeys_its_bound(xp, rng):
    D, _, Y = problem(rng)
    y, lam, L = Y[:, 0], 0.1, np.linalg.norm(D, 2) ** 2
    best = basis_pursuit(D, y, lam, tol=1e-12)
    F = lambda g: float(objective(D, y, to_numpy(g), lam))  # noqa: E731
    slack = 10 * xp.tol
    down = [F(g) for g in itertools.islice(ista(xp(D), xp(y), lam), 60)]
    assert all(b <= a + slack for a, b in zip(down, down[1:], strict=False))
    energy = np.sum(best.gamma**2)
    for t, value in enumerate(down, 1):
        assert value - F(best.gamma) <= L * energy / (2 * t) + slack
    for t, g in enumerate(itertools.islice(fista(xp(D), xp(y), lam), 60), 1):
        assert F(g) - F(best.gamma) <= 2 * L * energy / (t + 1) ** 2 + slack


def test_iterative_hard_thresholding_keeps_a_planted_code(rng):
    D = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    gamma = np.zeros(20)
    gamma[[2, 5]] = 3.0, -2.0
    found = next(itertools.islice(ista(D, D @ gamma, lam=0.5, lipschitz=1.0, shrink=hard), 5, None))
    np.testing.assert_allclose(found, gamma, atol=1e-12)


# --- basis pursuit ------------------------------------------------------------------------------


def kkt_violation(D, y, gamma, lam):
    """How far ``gamma`` is from optimal: |D^T r| <= lam everywhere, = lam sign(gamma) where it is not
    zero."""
    c = D.T @ (y - D @ gamma)
    return max(np.max(np.abs(c) - lam), np.max(np.abs(c - lam * np.sign(gamma)) * (gamma != 0)))


def test_basis_pursuit_satisfies_the_optimality_conditions(xp, rng):
    D, _, Y = problem(rng)
    tol = 1e-5 if xp.dtype == "float32" else 1e-11
    found = basis_pursuit(xp(D), xp(Y), 0.1, tol=tol, max_iter=20_000)
    assert found.converged and duality_gap(xp(D), xp(Y), found.gamma, 0.1) <= tol
    assert kkt_violation(D, Y, to_numpy(found.gamma), 0.1) < 10 * tol**0.5


def test_both_routes_find_the_same_minimum(rng):
    D, _, Y = problem(rng)
    for y in (Y, Y[:, 2]):
        fast, slow = (basis_pursuit(D, y, 0.2, tol=1e-12, max_iter=50_000, method=m) for m in (None, fista))
        assert fast.converged and slow.converged
        np.testing.assert_allclose(fast.gamma, slow.gamma, atol=1e-5)
        assert fast.trace[-1] == pytest.approx(slow.trace[-1], rel=1e-11)


def test_agrees_with_scikit_learn(rng):
    linear_model = pytest.importorskip("sklearn.linear_model")
    D, _, Y = problem(rng)
    theirs = (
        linear_model.Lasso(alpha=0.1 / 20, fit_intercept=False, tol=1e-12, max_iter=100_000)
        .fit(D, Y[:, 0])
        .coef_
    )
    np.testing.assert_allclose(basis_pursuit(D, Y[:, 0], 0.1, tol=1e-12).gamma, theirs, atol=1e-6)


def test_from_lam_max_on_the_code_is_zero(xp, rng):
    D, _, Y = problem(rng)
    top = lam_max(xp(D), xp(Y))
    assert not to_numpy(basis_pursuit(xp(D), xp(Y), 1.001 * top).gamma).any()
    assert to_numpy(basis_pursuit(xp(D), xp(Y), 0.9 * top).gamma).any()


def test_the_certificate_catches_a_broken_solver(rng):
    def broken(D, y, lam):
        while True:
            yield 0.9 * basis_pursuit(D, y, lam).gamma

    D, _, Y = problem(rng)
    found = basis_pursuit(D, Y[:, 0], 0.1, max_iter=20, method=broken)
    assert not found.converged and len(found.trace) == 2


def test_the_gap_bounds_the_distance_to_the_optimum(rng):
    D, _, Y = problem(rng)
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

    D, _, Y = problem(rng)
    found = basis_pursuit(Operator(D), Y[:, 0], 0.1, tol=1e-10, max_iter=50_000)
    np.testing.assert_allclose(found.gamma, basis_pursuit(D, Y[:, 0], 0.1, tol=1e-10).gamma, atol=1e-5)


def test_noiseless_basis_pursuit_is_the_linear_program(xp, rng):
    D, gamma, _ = problem(rng, k=6)
    X = D @ gamma
    found = basis_pursuit_equality(xp(D), xp(X), tol=1e-4 if xp.dtype == "float32" else 1e-7)
    assert found.converged
    g = to_numpy(found.gamma)
    np.testing.assert_allclose(D @ g, X, atol=100 * xp.tol)
    for j in range(X.shape[1]):
        best = linprog(np.ones(80), A_eq=np.hstack([D, -D]), b_eq=X[:, j]).fun
        assert best - 1e-4 <= np.abs(g[:, j]).sum() <= best * (1 + 2e-4) + 1e-4


def test_noiseless_basis_pursuit_recovers_sparse_codes_exactly(rng):
    D, gamma, _ = problem(rng, n=40, m=60, k=3)
    np.testing.assert_allclose(basis_pursuit_equality(D, D @ gamma).gamma, gamma, atol=1e-10)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda D, y: basis_pursuit(D, y, -1.0), "lam = -1"),
        (lambda D, y: basis_pursuit(D, y, 0.0), "lam = 0"),
        (lambda D, y: next(ista(D, y, np.inf)), "lam = inf"),
        (lambda D, y: thresholding(D, y, -0.1), "beta = -0.1"),
        (lambda D, y: basis_pursuit(D, y * np.nan, 1.0), "NaN"),
        (lambda D, y: basis_pursuit(D * 0, y, 1.0), "zero"),
        (lambda D, y: basis_pursuit_equality(np.vstack([D, D]), np.concatenate([y, -y])), "range of D"),
    ],
)
def test_bad_input_is_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(rng.standard_normal((6, 9)), rng.standard_normal(6))
