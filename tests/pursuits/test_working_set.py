"""The fast routes of basis pursuit on a convolutional dictionary."""

from itertools import islice

import numpy as np
import pytest
from problems import CASES, convolutional_problem, independent_gap

from cscbook import (
    ConvDictionary,
    SparseCode,
    basis_pursuit,
    dense,
    duality_gap,
    fista,
    l0,
    l0_inf_stripe,
    lam_max,
    objective,
)
from cscbook.pursuits import short_signals, working_set
from cscbook.pursuits.tiles import Tiles


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


# --- sparse codes, threads, the local dual point ------------------------------------------------


def picture(rng, dtype="f8", side=96):
    """A random picture that takes several blocks, tiles and parts of correlations."""
    D = ConvDictionary(rng.standard_normal((7, 7, 1, 4)).astype(dtype), (side, side + 8))
    return D, rng.standard_normal((side, side + 8, 1)).astype(dtype)


@pytest.mark.parametrize("case", CASES)
def test_a_sparse_code_stands_for_the_dense_one(rng, case):
    D, y = convolutional_problem(np.asarray, rng, *case)
    lam = 0.2 * lam_max(D, y)
    dense_one = basis_pursuit(D, y, lam, tol=1e-8).gamma
    code = basis_pursuit(D, y, lam, tol=1e-8, sparse=True).gamma
    assert np.array_equal(code.dense(), dense_one)
    np.testing.assert_allclose(D @ code, D @ dense_one, atol=1e-12)
    assert l0(code) == l0(dense_one)
    where = (D.size, D.stride, D.circular)
    assert l0_inf_stripe(code, *where) == l0_inf_stripe(dense_one, *where)
    assert np.array_equal(basis_pursuit(D, y, lam, start=code, max_iter=1).gamma, dense_one)


@pytest.mark.parametrize("mask", [None, "half"])
def test_a_sparse_start_is_the_dense_one(rng, mask):
    D, y = picture(rng, side=40)
    lam, M = (
        0.2 * lam_max(D, y),
        None if mask is None else np.broadcast_to(np.arange(48) % 2, y.shape[:2])[..., None],
    )
    start = basis_pursuit(D, y, 2 * lam, tol=1e-3, sparse=True).gamma
    one, two = (working_set.refine(D, y, lam, code, M, passes=2) for code in (start, start.dense()))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_a_batch_of_sparse_codes_is_a_tuple(rng):
    D, y = convolutional_problem(np.asarray, rng, *CASES[0], batch=(2,))
    codes = basis_pursuit(D, y, 0.3 * lam_max(D, y), sparse=True).gamma
    assert [type(code) for code in codes] == [SparseCode, SparseCode]
    with pytest.raises(ValueError, match="sparse = True: expected a ConvDictionary"):
        basis_pursuit(D, y, 1.0, method=fista, sparse=True)
    with pytest.raises(ValueError, match=r"places do not ascend within 0 and 6"):
        SparseCode(np.array([1, 7]), np.ones(2), (3, 2))


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_any_number_of_threads_gives_the_same_bits(rng, dtype, on_threads):
    D, y = picture(rng, dtype)
    mask = (rng.random(y.shape) < 0.8).astype(dtype)
    lam = 0.2 * lam_max(D, y)
    found = on_threads(lambda: [basis_pursuit(D, y, lam, mask=M).gamma for M in (None, mask)])
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_blocks_of_one_colour_do_not_meet(rng):
    """Nothing that a block reads or writes is touched by another one of its colour."""
    for D in (picture(rng)[0], ConvDictionary(rng.standard_normal((9, 2, 3)), (5000,), circular=False)):
        tiles = Tiles(D, np.float64)
        for colour in tiles.colours:
            rows = tiles.rows(np.zeros((*D.space, D.filters.shape[-2])))
            touched = np.zeros((len(colour), *rows.shape), bool)
            for one, block in zip(touched, colour, strict=True):
                for first, rows, start, count in tiles.tiles[slice(*tiles.blocks[block])]:
                    at = np.arange(first, first + rows) % one.shape[0]
                    one[np.ix_(at, np.arange(start, start + count) % one.shape[1])] = True
            assert touched.sum(axis=0).max() == 1
        assert sorted(np.concatenate(tiles.colours)) == list(range(len(tiles.blocks)))


@pytest.mark.parametrize("case", CASES)
def test_the_local_dual_point_is_nearly_feasible_and_its_gap_true(rng, case):
    """The gap near the goal: never below the distance from the optimum."""
    D, y = convolutional_problem(np.asarray, rng, *case)
    lam = 0.2 * lam_max(D, y)
    best = objective(D, y, basis_pursuit(D, y, lam, tol=1e-12).gamma, lam)
    plain = list(islice(((p, g) for _, p, g in working_set.working_set(D, y, lam)), 12))
    sharp = list(islice(((p, g) for _, p, g in working_set.working_set(D, y, lam, goal=1e-12)), 12))
    for (value, gap), (same, sharper) in zip(plain, sharp, strict=True):
        assert value == same and sharper <= gap + 1e-12
        assert sharper >= 1 - best / value - 1e-12


def test_a_photograph_is_certified_more_sharply_near_a_violation(rng):
    """One violated place costs its surroundings, not the whole code."""
    D, y = picture(rng)
    lam = 0.2 * lam_max(D, y)
    gamma = basis_pursuit(D, y, lam, tol=1e-10).gamma
    gamma[40, 40] += 0.01 * np.abs(gamma).max()
    (_, value, plain), (_, _, sharp) = (
        next(working_set.working_set(D, y, lam, start=gamma, goal=goal)) for goal in (0.0, 1e-3)
    )
    assert sharp == pytest.approx(duality_gap(D, y, gamma, lam), rel=1e-6) and sharp < plain / 2
    r = y - D @ gamma
    v = r * min(1, lam / np.abs(D.T @ r).max())
    dual = (np.sum(y**2) - np.sum((y - v) ** 2)) / 2
    assert plain == pytest.approx(1 - dual / value, rel=1e-6)
    best = objective(D, y, basis_pursuit(D, y, lam, tol=1e-10).gamma, lam)
    assert sharp >= 1 - best / value


@pytest.mark.parametrize("forgotten", ["a tile", "a part of the correlations"])
def test_a_step_that_forgets_something_is_caught(rng, monkeypatch, forgotten):
    """A broken solver may call itself done; the independent gap of the whole code does not."""
    D, y = picture(rng)
    lam = 0.2 * lam_max(D, y)
    if forgotten == "a tile":
        whole = Tiles.arrange

        def arrange(tiles, flat):
            return whole(tiles, flat[(flat // D.filters.shape[-1]) % D.positions[1] >= 12])

        monkeypatch.setattr(Tiles, "arrange", arrange)
    else:
        parts = working_set.Correlations.parts_of
        monkeypatch.setattr(working_set, "TILE", 48)
        monkeypatch.setattr(working_set.Correlations, "parts_of", lambda self, r: parts(self, r)[1:])
    found = basis_pursuit(D, y, lam, tol=1e-3, max_iter=60)
    assert duality_gap(D, y, found.gamma, lam) > 1e-2
    assert forgotten != "a tile" or not found.converged


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_a_projection_is_what_a_pursuit_of_the_residual_leaves(rng, monkeypatch, case, nonnegative):
    D, y = convolutional_problem(np.asarray, rng, *case)
    lam = 0.2 * lam_max(D, y)
    r = y - D @ next(islice(fista(D, y, lam), 20, None))
    exact = r - D @ basis_pursuit(D, r, lam, tol=1e-12, nonnegative=nonnegative).gamma
    three, _, top = working_set.projection(D, r, lam, nonnegative=nonnegative)
    assert top < 1.01 and np.sum((three - exact) ** 2) <= 0.01 * np.sum((r - exact) ** 2)
    monkeypatch.setattr(working_set, "ROUNDS", 100)
    v, plain, top = working_set.projection(D, r, lam, nonnegative=nonnegative)
    seen = D.T @ v
    assert top == pytest.approx(float(np.max(seen if nonnegative else np.abs(seen))) / lam)
    np.testing.assert_allclose(v, exact, atol=1e-6 * np.abs(r).max())
    assert plain is not v and np.array_equal(plain, v)


def test_a_projection_behind_a_mask_is_feasible_for_it(rng):
    """``|D^T v| <= lam`` for ``v = M^2 p``, at most as far from the residual as the scaled one."""
    D, y = picture(rng)
    M = rng.random(y.shape) * (rng.random(y.shape) < 0.7)
    lam = 0.1 * lam_max(D, y)
    p = y - D @ basis_pursuit(D, y, lam, tol=1e-2, mask=M).gamma
    v, plain, top = working_set.projection(D, p, np.full(D.filters.shape[-1], lam), M)
    np.testing.assert_allclose(v, M**2 * plain)
    before = np.abs(D.T @ (M**2 * p)).max() / lam
    assert 1 < before and top - 1 < (before - 1) / 10
    assert np.sum((M * (plain - p)) ** 2) < np.sum((M * (p / before - p)) ** 2)
