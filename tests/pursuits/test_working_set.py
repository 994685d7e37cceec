"""The fast routes of basis pursuit on a convolutional dictionary."""

from itertools import islice

import numpy as np
import pytest
from problems import CASES, convolutional_problem, independent_gap

from cscbook import dense, duality_gap, lam_max
from cscbook.pursuits import short_signals, working_set


def by_working_set(D, y, lam, nonnegative=False):
    return working_set.working_set(D, y, lam, nonnegative=nonnegative)


def by_correlations(D, y, lam, nonnegative=False):
    steps = short_signals.correlation_descent(D, y[None], lam, nonnegative)
    return ((gamma[0], value[0], gap[0]) for gamma, value, gap in steps)


@pytest.mark.parametrize("route", [by_working_set, by_correlations])
@pytest.mark.parametrize("dtype, tol", [("f8", 1e-9), ("f4", 1e-4)])
@pytest.mark.parametrize("case", CASES)
def test_every_route_ends_with_a_gap_that_the_matrix_confirms(rng, case, dtype, tol, route):
    D, y = convolutional_problem(lambda a: np.asarray(a, dtype), rng, *case)
    lam, M = 0.2 * lam_max(D, y), dense(D).astype(float)
    gamma, value, gap = next(step for step in islice(route(D, y, lam), 500) if step[2] <= tol)
    gamma, y = gamma.astype(float), y.astype(float)
    exact = independent_gap(M, y.ravel(), gamma.ravel(), lam)
    assert exact == pytest.approx(gap, abs=1e-12 if dtype == "f8" else 1e-5) and exact <= 2 * tol
    r = y.ravel() - M @ gamma.ravel()
    assert value == pytest.approx(r @ r / 2 + lam * np.abs(gamma).sum(), rel=1e-5)


@pytest.mark.parametrize("route", [by_working_set, by_correlations])
@pytest.mark.parametrize("case", CASES)
def test_nonnegative_codes_satisfy_their_optimality_conditions(rng, case, route):
    D, y = convolutional_problem(np.asarray, rng, *case)
    lam, M = 0.2 * lam_max(D, y), dense(D)
    gamma = next(g for g, _, gap in islice(route(D, y, lam, True), 500) if gap <= 1e-12).ravel()
    c = M.T @ (y.ravel() - M @ gamma)
    assert gamma.min() >= 0 and c.max() <= lam * (1 + 1e-5)
    np.testing.assert_allclose(c[gamma > 1e-6], lam, rtol=1e-3)


@pytest.mark.parametrize("case", CASES)
def test_tiles_make_up_the_whole(monkeypatch, rng, case):
    D, r = convolutional_problem(np.asarray, rng, *case)
    whole = D.T @ r
    monkeypatch.setattr(working_set, "TILE", 3)
    tiled, seen = np.full_like(whole, np.nan), working_set.Correlations(D)
    assert case == CASES[5] or len(seen.parts) > 1
    for where, corr in seen(r):
        tiled[where] = corr.reshape(tiled[where].shape)
    np.testing.assert_allclose(tiled, whole, atol=1e-10)
    lam = 0.2 * lam_max(D, r)
    gamma = next(g for g, _, gap in islice(by_working_set(D, r, lam), 500) if gap <= 1e-9)
    assert duality_gap(D, r, gamma, lam) <= 1e-8
