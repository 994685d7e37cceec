"""The fast routes of basis pursuit on a convolutional dictionary, and what their certificate is worth."""

from itertools import islice

import numpy as np
import pytest

from cscbook import basis_pursuit, dense, duality_gap, fista, ista, lam_max, objective
from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.pursuits import short_signals, working_set
from cscbook.pursuits.relaxation import Masked

CASES = [
    ((5,), (40,), 1, 2, 1, True),
    ((5,), (40,), 2, 3, 2, True),
    ((6,), (33,), 1, 2, 1, False),
    ((3, 3), (9, 10), 1, 3, 1, True),
    ((3, 2), (10, 9), 2, 3, 2, False),
    ((8,), (8,), 1, 2, 1, True),
]


def problem(rng, size, space, c, m, stride, circular, batch=(), dtype="f8"):
    D = ConvDictionary(rng.standard_normal((*size, c, m)).astype(dtype), space, stride, circular)
    return D, rng.standard_normal((*batch, *space, c)).astype(dtype)


def independent_gap(M, y, gamma, lam):
    """Relative duality gap from the explicit matrix: ``v`` is dual feasible, so its value is a lower
    bound."""
    r = y - M @ gamma
    v = r / max(1.0, np.abs(M.T @ r).max() / lam)
    assert np.abs(M.T @ v).max() <= lam * (1 + 1e-12)
    primal = r @ r / 2 + lam * np.abs(gamma).sum()
    return 1 - (y @ y - (y - v) @ (y - v)) / 2 / primal


def by_working_set(D, y, lam, nonnegative=False):
    return working_set.working_set(D, y, lam, nonnegative=nonnegative)


def by_correlations(D, y, lam, nonnegative=False):
    steps = short_signals.correlation_descent(D, y[None], lam, nonnegative)
    return ((gamma[0], value[0], gap[0]) for gamma, value, gap in steps)


@pytest.mark.parametrize("route", [by_working_set, by_correlations])
@pytest.mark.parametrize("dtype, tol", [("f8", 1e-9), ("f4", 1e-4)])
@pytest.mark.parametrize("case", CASES)
def test_every_route_ends_with_a_gap_that_the_matrix_confirms(rng, case, dtype, tol, route):
    D, y = problem(rng, *case, dtype=dtype)
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
    D, y = problem(rng, *case)
    lam, M = 0.2 * lam_max(D, y), dense(D)
    gamma = next(g for g, _, gap in islice(route(D, y, lam, True), 500) if gap <= 1e-12).ravel()
    c = M.T @ (y.ravel() - M @ gamma)
    assert gamma.min() >= 0 and c.max() <= lam * (1 + 1e-5)
    np.testing.assert_allclose(c[gamma > 1e-6], lam, rtol=1e-3)


@pytest.mark.parametrize("case", CASES)
def test_kept_correlations_and_energies_are_those_of_the_residual(rng, case):
    D, y = problem(rng, *case, batch=(3,))
    steps = short_signals.correlation_descent(D, y, 0.5)
    next(steps)
    kept = [steps.gi_frame.f_locals[name] for name in ("corr", "energy")]
    next_gamma, values, gaps = next(steps)
    r = y - D @ next_gamma
    np.testing.assert_allclose(kept[0].ravel(), (D.T @ r).ravel(), atol=1e-10)
    np.testing.assert_allclose(kept[1], [(one * one).sum() for one in r], rtol=1e-10)
    np.testing.assert_allclose(values, objective(D, y, next_gamma, 0.5), rtol=1e-10)
    assert gaps.max() == pytest.approx(duality_gap(D, y, next_gamma, 0.5), abs=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_moves_update_what_a_fresh_correlation_would_give(rng, case):
    D, y = problem(rng, *case, batch=(2,))
    steps = short_signals.correlation_descent(D, y, 0.5)
    next(steps)
    inside = steps.gi_frame.f_locals
    inside["descend"](0, 2)  # moves the codes, without looking afresh
    r = y - D @ inside["z"].reshape(2, *D.positions, -1)
    assert np.any(inside["z"])
    np.testing.assert_allclose(inside["corr"].ravel(), (D.T @ r).ravel(), atol=1e-10)
    np.testing.assert_allclose(inside["energy"], [(one * one).sum() for one in r], rtol=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_tiles_make_up_the_whole(monkeypatch, rng, case):
    D, r = problem(rng, *case)
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


@pytest.mark.parametrize("case", CASES[:5])
def test_a_mask_may_have_any_weights(rng, case):
    D, y = problem(rng, *case)
    mask = rng.random(y.shape)
    found = basis_pursuit(D, y, 0.3, mask=mask, tol=1e-9)
    seen = Masked(D, mask)
    assert found.converged and duality_gap(seen, mask * y, found.gamma, 0.3) <= 1e-8
    assert found.trace[-1] == pytest.approx(float(objective(seen, mask * y, found.gamma, 0.3)))


@pytest.mark.parametrize("case", CASES)
def test_fista_agrees_to_six_digits(rng, case):
    D, y = problem(rng, *case)
    lam = 0.1 * lam_max(D, y)
    slow = basis_pursuit(D, y, lam, method=fista, tol=1e-7, max_iter=50_000)
    fast = basis_pursuit(D, y, lam, tol=1e-7)
    assert slow.converged and fast.trace[-1] == pytest.approx(slow.trace[-1], rel=1e-6)


def test_sporco_agrees_to_six_digits(monkeypatch, rng):
    cbpdn = pytest.importorskip("sporco.admm.cbpdn")
    monkeypatch.setattr("sporco.fft.pyfftw_planner_effort", "FFTW_ESTIMATE")
    monkeypatch.setattr("sporco.fft.pyfftw_threads", 1)
    D, y = problem(rng, *CASES[3])  # one channel, circular, stride 1
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
    D, y = problem(rng, *CASES[0])
    lam = 0.1 * lam_max(D, y)
    found = basis_pursuit(D, y, lam, method=broken, tol=1e-6, max_iter=2000)
    assert not found.converged
    assert independent_gap(dense(D), y.ravel(), found.gamma.ravel(), lam) > 1e-6
    best = basis_pursuit(D, y, lam, tol=1e-9).trace[-1]
    assert found.trace[-1] > best * (1 + 1e-7)  # and it was wrong indeed


def test_the_gap_bounds_the_distance_to_the_optimum(xp, rng):
    D, y = problem(rng, *CASES[0])
    lam, best = 0.5, basis_pursuit(D, y, 0.5, tol=1e-9).trace[-1]
    there, there_y = ConvDictionary(xp(D.filters), D.space), xp(y)
    for code in islice(fista(there, there_y, lam), 5, 100, 10):
        value, gap = float(objective(there, there_y, code, lam)), duality_gap(there, there_y, code, lam)
        assert (value - best) / value <= gap + 1e-5
        exact = independent_gap(dense(D), y.ravel(), to_numpy(code).ravel().astype(float), lam)
        assert gap == pytest.approx(exact, abs=1e-5)
