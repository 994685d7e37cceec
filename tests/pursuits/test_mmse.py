"""Mean squared errors: the closed forms, the exact estimator, and what resonance makes of a pursuit."""

from functools import partial
from itertools import combinations, islice

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from cscbook import (
    ConvDictionary,
    Pursuit,
    add_noise,
    exact_mmse,
    hard,
    low_coherence_dictionary,
    map_threshold,
    mmse_shrinkage,
    omp,
    oracle_estimate,
    random_code,
    random_dictionary,
    refit,
    resonance_estimates,
    resonance_shrinkage,
    stochastic_resonance,
    thresholding,
)
from cscbook.arrays import to_numpy
from cscbook.dictionaries.matrix import dense
from cscbook.pursuits.mmse import _columns

P, SIGMA_X, SIGMA_NU = 0.05, 1.0, 0.2
C2 = SIGMA_X**2 / (SIGMA_X**2 + SIGMA_NU**2)


def error(found, gamma):
    return float(np.mean(np.sum((to_numpy(found) - gamma) ** 2, axis=0)))


@pytest.fixture(scope="module")
def entries():
    """Coefficients of a unitary dictionary, and what the noise makes of them."""
    rng = np.random.default_rng(0)
    gamma = np.where(rng.random(100_000) < P, SIGMA_X * rng.standard_normal(100_000), 0.0)
    return gamma, add_noise(gamma, SIGMA_NU, rng)


def problem(rng, k=1, p=300, n=50, m=100, sigma=SIGMA_NU):
    D, gamma = to_numpy(random_dictionary(n, m, rng)), to_numpy(random_code(m, k, p, rng))
    return D, gamma, add_noise(D @ gamma, sigma, rng)


# --- the oracle and the exact estimator ---------------------------------------------------------


def test_the_oracle_is_ridge_regression_on_the_support(xp, close, rng):
    D, y, on = rng.standard_normal((12, 20)), rng.standard_normal((12, 6)), rng.random((20, 6)) < 0.2
    on[:, 2] = False
    expected = np.zeros((20, 6))
    for j in range(6):
        A = D[:, on[:, j]]
        expected[on[:, j], j] = np.linalg.solve(A.T @ A + 0.3 * np.eye(A.shape[1]), A.T @ y[:, j])
    support = xp.namespace.asarray(on, device=xp.device) if xp.device else xp.namespace.asarray(on)
    close(oracle_estimate(xp(D), xp(y), support, 0.3), expected, 100)
    close(oracle_estimate(xp(D), xp(y)[:, 1], support[:, 1], 0.3), expected[:, 1], 100)


def test_an_oracle_with_nothing_to_find_finds_zero(rng):
    D, y = rng.standard_normal((5, 8)), rng.standard_normal((5, 3))
    assert not oracle_estimate(D, y, np.zeros((8, 3), bool)).any()


def test_the_oracle_refuses_a_support_of_another_shape(rng):
    with pytest.raises(ValueError, match=r"support of shape \(8, 2\)"):
        oracle_estimate(rng.standard_normal((5, 8)), rng.standard_normal((5, 3)), np.zeros((8, 2), bool))


@pytest.mark.parametrize("k", [1, 2])
def test_the_exact_estimate_is_the_mean_under_bayes_rule(xp, close, k):
    """The posterior of each support from the density of y itself, a Gaussian with its own covariance."""
    rng = np.random.default_rng(1)
    D, y, sigma_nu, sigma_x = rng.standard_normal((4, 6)), rng.standard_normal((4, 3)), 0.5, 1.3
    expected, total = np.zeros((6, 3)), np.zeros(3)
    for S in map(list, combinations(range(6), k)):
        A = D[:, S]
        cov = sigma_x**2 * A @ A.T + sigma_nu**2 * np.eye(4)
        density = multivariate_normal(np.zeros(4), cov).pdf(y.T)
        expected[S] += density * (sigma_x**2 * A.T @ np.linalg.solve(cov, y))
        total += density
    close(exact_mmse(xp(D), xp(y), k, sigma_nu, sigma_x), expected / total, 1e3)
    close(exact_mmse(xp(D), xp(y)[:, 0], k, sigma_nu, sigma_x), (expected / total)[:, 0], 1e3)


def test_the_exact_estimate_has_its_limits(rng):
    D, y = rng.standard_normal((5, 200)), rng.standard_normal((5, 1))
    with pytest.raises(ValueError, match="20,000 supports"):
        exact_mmse(D, y, 3, 0.1)
    with pytest.raises(ValueError, match="positive"):
        exact_mmse(D, y, 1, 0.0)


# --- stochastic resonance -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_noise_helps_and_there_is_a_best_amount(seed):
    rng = np.random.default_rng(seed)
    D, gamma, y = problem(rng)
    ratio, pursuit = SIGMA_NU**2, partial(omp, k=1)
    sigmas = [0.0, 0.1, 0.15, 0.2, 0.3]
    curve = [error(stochastic_resonance(D, y, s, pursuit, 40, ratio, rng), gamma) for s in sigmas]
    best, least = int(np.argmin(curve)), error(exact_mmse(D, y, 1, SIGMA_NU), gamma)
    assert 0 < best < len(sigmas) - 1
    assert curve[best] <= 1.1 * least and curve[best] <= 0.7 * curve[0]
    assert error(oracle_estimate(D, y, gamma != 0, ratio), gamma) < least < curve[best]


def test_noise_chooses_supports_and_nothing_else(rng):
    """A pursuit that is not impressed: the original signal is projected, draw after draw."""
    D, gamma, y = problem(rng, k=2, p=10)
    found = stochastic_resonance(D, y, 1.0, lambda D, y: Pursuit(gamma), 3, 0.1)
    np.testing.assert_allclose(found, oracle_estimate(D, y, gamma != 0, 0.1), atol=1e-12)


def test_without_noise_it_is_the_pursuit(rng):
    D, _, y = problem(rng, k=3, p=20)
    found = stochastic_resonance(D, y, 0.0, partial(omp, k=3))
    np.testing.assert_allclose(found, omp(D, y, k=3).gamma.toarray(), atol=1e-12)


def test_it_runs_on_every_library_and_for_one_signal(xp, close, rng):
    D, _, y = problem(rng, p=5, n=8, m=12)
    found = stochastic_resonance(xp(D), xp(y), 0.1, partial(omp, k=1), 4)
    close(found, stochastic_resonance(D, y, 0.1, partial(omp, k=1), 4), 100)
    alone = stochastic_resonance(xp(D), xp(y)[:, 0], 0.1, partial(omp, k=1), 4)
    close(alone, stochastic_resonance(D, y[:, 0], 0.1, partial(omp, k=1), 4), 100)


def test_at_least_one_draw(rng):
    D, _, y = problem(rng, p=2, n=4, m=5)
    with pytest.raises(ValueError, match="draws = 0"):
        stochastic_resonance(D, y, 0.1, partial(omp, k=1), draws=0)


# --- convolutional dictionaries -----------------------------------------------------------------


@pytest.mark.parametrize(("size", "space", "stride", "circular"), [
    ((5,), (12,), 1, True), ((5,), (12,), 3, False), ((3, 2), (6, 8), 2, True), ((3, 4), (7, 9), 1, False),
])  # fmt: skip
def test_the_columns_of_a_support_are_those_of_the_explicit_matrix(size, space, stride, circular, rng):
    D = ConvDictionary(rng.standard_normal((*size, 2, 3)), space, stride, circular)
    places = np.sort(rng.choice(D.shape[1], 7, replace=False))
    np.testing.assert_allclose(_columns(D, places).toarray(), dense(D)[:, places], atol=1e-15)


def test_the_oracle_of_shifted_atoms_is_that_of_the_explicit_matrix(xp, close, rng):
    D = ConvDictionary(rng.standard_normal((4, 1, 2)), (20,))
    y, on = rng.standard_normal((3, 20, 1)), rng.random((3, 20, 2)) < 0.15
    expected = oracle_estimate(dense(D), y[..., 0].T, on.reshape(3, -1).T, 0.2).T.reshape(on.shape)
    support = xp.namespace.asarray(on, device=xp.device) if xp.device else xp.namespace.asarray(on)
    device = ConvDictionary(xp(D.filters), D.space)
    close(oracle_estimate(device, xp(y), support, 0.2), expected, 100)
    close(oracle_estimate(device, xp(y)[0, ...], support[0, ...], 0.2), expected[0], 100)


def test_long_signals_take_the_atoms_of_the_support_alone():
    """Least squares on a support, by two ways; then the normal equations of a ridge regression."""
    rng = np.random.default_rng(0)
    D = ConvDictionary(rng.standard_normal((6, 6, 1, 3)), (40, 40), circular=False)
    assert np.prod(D.shape) > 1 << 18, "too long for the explicit matrix"
    y, on = rng.standard_normal((40, 40, 1)), rng.random((*D.positions, 3)) < 0.01
    np.testing.assert_allclose(oracle_estimate(D, y, on), refit(D, y, on), atol=1e-10)
    gamma = oracle_estimate(D, y, on, 0.5)
    np.testing.assert_allclose((D.T @ (y - D @ gamma))[on], 0.5 * gamma[on], atol=1e-10)
    assert not gamma[~on].any()


def test_resonance_comes_close_to_the_best_estimate_of_two_shifted_atoms():
    rng = np.random.default_rng(0)
    D = ConvDictionary(to_numpy(low_coherence_dictionary(2, 16)), (60,))
    gamma = to_numpy(random_code(120, 2, 80, rng)).T.reshape(80, 60, 2)
    y = add_noise(D @ gamma, 0.2, rng)
    found = [stochastic_resonance(D, y, s, partial(omp, k=2), 40, 0.04, rng) for s in (0, 0.15)]
    best = exact_mmse(dense(D), y[..., 0].T, 2, 0.2).T.reshape(gamma.shape)
    plain, resonance, least = (float(np.sum((g - gamma) ** 2)) for g in (*found, best))
    assert resonance < 0.7 * plain and resonance < 1.2 * least


def test_resonance_is_the_mean_of_its_estimates():
    D, _, y = problem(np.random.default_rng(0), p=5)
    one_atom = partial(omp, k=1)
    each = islice(resonance_estimates(D, y, 0.2, one_atom, 0.1, np.random.default_rng(3)), 4)
    mean = stochastic_resonance(D, y, 0.2, one_atom, 4, 0.1, np.random.default_rng(3))
    np.testing.assert_allclose(np.mean(list(each), axis=0), mean, atol=1e-14)


def test_a_support_of_equal_atoms_needs_a_ratio():
    D = ConvDictionary(np.ones((6, 6, 1, 3)), (40, 40), circular=False)
    on = np.zeros((*D.positions, 3), bool)
    on[5, 5, :2] = True
    with pytest.raises(ValueError, match="depend linearly"):
        oracle_estimate(D, np.ones((40, 40, 1)), on)
    with pytest.raises(ValueError, match=r"support of shape \(3,\)"):
        oracle_estimate(D, np.ones((40, 40, 1)), on[5, 5])


# --- unitary dictionaries -----------------------------------------------------------------------


def test_the_shrinkage_is_the_exact_estimate_of_one_atom():
    """With one atom of one sample, Bayes' rule over two supports: the empty one, and the atom."""
    beta = np.linspace(-2, 2, 4001)
    on = P * multivariate_normal(0, SIGMA_X**2 + SIGMA_NU**2).pdf(beta)
    off = (1 - P) * multivariate_normal(0, SIGMA_NU**2).pdf(beta)
    np.testing.assert_allclose(
        mmse_shrinkage(beta, P, SIGMA_X, SIGMA_NU), on / (on + off) * C2 * beta, atol=1e-14
    )
    level = map_threshold(P, SIGMA_X, SIGMA_NU)
    assert ((on > off) == (abs(beta) > level)).all() and 0 < level < 2


def test_a_likely_entry_needs_no_threshold():
    assert map_threshold(0.999, 1.0, 1.0) == 0


def test_hard_thresholding_under_noise_has_a_closed_form():
    beta = np.linspace(-1.5, 1.5, 31)[None]
    pursuit = partial(thresholding, beta=0.6, shrink=hard)
    drawn = stochastic_resonance(np.eye(1), beta, 0.3, pursuit, 1000)
    np.testing.assert_allclose(drawn, resonance_shrinkage(beta, 0.6, 0.3), atol=5 * 1.5 / 2 / 1000**0.5)


def test_errors_by_monte_carlo_have_the_order_of_the_paper(entries):
    gamma, beta = entries

    def risk(found):
        return float(np.mean((found - gamma) ** 2))

    def resonance(knobs):
        return risk(C2 * resonance_shrinkage(beta, abs(knobs[0]), abs(knobs[1]) + 1e-9))

    oracle = risk(np.where(gamma != 0, C2 * beta, 0))
    mmse = risk(mmse_shrinkage(beta, P, SIGMA_X, SIGMA_NU))
    most_likely = risk(C2 * hard(beta, map_threshold(P, SIGMA_X, SIGMA_NU)))
    best = minimize(resonance, [0.5, 0.2], method="Nelder-Mead", options={"maxfev": 40}).fun
    assert oracle < mmse < best < most_likely, "resonance: between the best and hard thresholding"
    assert best < 1.02 * mmse and most_likely > 1.1 * mmse
    np.testing.assert_allclose(oracle, P * C2 * SIGMA_NU**2, rtol=0.05)


def test_shrinkages_on_every_library(xp, close):
    beta = np.linspace(-1, 1, 9)
    close(mmse_shrinkage(xp(beta), P, 1.0, 0.2), mmse_shrinkage(beta, P, 1.0, 0.2))
    close(resonance_shrinkage(xp(beta), 0.5, 0.1), resonance_shrinkage(beta, 0.5, 0.1))


def test_priors_without_sense_are_refused():
    with pytest.raises(ValueError, match="p = 1"):
        mmse_shrinkage(np.ones(2), 1.0, 1.0, 0.2)
    with pytest.raises(ValueError, match="sigma = 0"):
        resonance_shrinkage(np.ones(2), 0.5, 0.0)


def test_noise_below_the_rounding_of_the_signal_leaves_the_entries():
    assert 0 < map_threshold(0.1, 1.0, 1e-9) < 1e-7
    np.testing.assert_allclose(mmse_shrinkage(np.array([0.0, 0.5, -2.0]), 0.1, 1.0, 1e-9), [0.0, 0.5, -2.0])


def test_levels_without_a_ratio_are_refused(rng):
    with pytest.raises(ValueError, match=r"sigma_nu\^2 / sigma_x\^2 = .*: expected a positive number"):
        map_threshold(0.1, 1e90, 1e-90)
    with pytest.raises(ValueError, match="sigma_x = 1e-300: expected a positive number"):
        exact_mmse(rng.standard_normal((4, 6)), np.ones(4), 1, 0.1, 1e-300)


@pytest.mark.parametrize("kind", [float, complex, int])
def test_a_support_is_bool(rng, kind):
    with pytest.raises(TypeError, match="on has dtype .*: expected bool"):
        oracle_estimate(rng.standard_normal((5, 8)), rng.standard_normal(5), np.ones(8, kind))


def test_a_pursuit_that_returns_none_is_named(rng):
    with pytest.raises(TypeError, match="what the pursuit returns is of type NoneType: expected Pursuit"):
        stochastic_resonance(rng.standard_normal((5, 8)), np.ones(5), 0.1, lambda D, y: None)
