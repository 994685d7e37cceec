"""The global pursuit by local work: each recursion on patches is, or ends at, the global one."""

import numpy as np
import pytest
from problems import UNIT_CASES, after, unit_problem

from cscbook import ConvDictionary, basis_pursuit, ista, l2_inf_patch, objective, omp, patches
from cscbook.arrays import to_numpy
from cscbook.local import aggregate, counts
from cscbook.localglobal import (
    first_slices,
    lobcod,
    local_ista,
    needles,
    slice_admm,
    slice_step,
)


def talk_setting(seed=0, circular=True, missing=0.0):
    """The talk's simulation: N = 300, n = 25, 5 atoms, 40 non-zeros; a mask, or None."""
    rng = np.random.default_rng(seed)
    filters = rng.standard_normal((25, 1, 5))
    D = ConvDictionary(filters / np.linalg.norm(filters, axis=0), (300,), circular=circular)
    gamma = np.zeros((*D.positions, 5))
    gamma.ravel()[rng.choice(gamma.size, 40, replace=False)] = rng.standard_normal(40)
    mask = (rng.random((300, 1)) >= missing) * 1.0 if missing else None
    return D, D @ gamma + 0.03 * rng.standard_normal((300, 1)), mask


@pytest.mark.parametrize("case", UNIT_CASES)
@pytest.mark.parametrize("batch", [(), (2,)])
def test_local_ista_is_global_ista(xp, rng, close, case, batch):
    D, y = unit_problem(xp, rng, *case, batch=batch)
    close(after(local_ista(D, y, 0.3, 40.0), 30), after(ista(D, y, 0.3, 40.0), 30))


def test_local_ista_is_global_ista_in_the_talk_s_simulation():
    D, y, _ = talk_setting()
    lam = 4 * 0.03 * l2_inf_patch(np.random.default_rng(1).standard_normal((300, 1)), D.size)
    np.testing.assert_allclose(
        after(local_ista(D, y, lam), 400), after(ista(D, y, lam), 400), rtol=0, atol=1e-12
    )


def excess(D, y, lam, mask, gamma, best):
    y, x = (a if mask is None else mask * a for a in (y, D @ gamma))
    return (np.sum((y - x) ** 2) / 2 + lam * np.abs(gamma).sum()) / best - 1


@pytest.mark.parametrize("circular", [True, False])
@pytest.mark.parametrize("missing", [0.0, 0.25])
@pytest.mark.parametrize(
    "solver, steps", [(lambda *a: slice_admm(*a[:3], rho=3.0, mask=a[3]), 200), (lobcod, 60)]
)
def test_slices_and_layers_reach_the_global_optimum(circular, missing, solver, steps):
    for seed in range(3):
        D, y, mask = talk_setting(seed, circular, missing)
        best = basis_pursuit(D, y, 0.2, tol=1e-10, mask=mask).trace[-1]
        assert excess(D, y, 0.2, mask, after(solver(D, y, 0.2, mask), steps), best) <= 1e-6


@pytest.mark.parametrize("case", UNIT_CASES)
def test_both_reach_the_optimum_on_every_kind_of_dictionary(xp, rng, case):
    D, y = unit_problem(xp, rng, *case, batch=(2,))
    M = ConvDictionary(to_numpy(D.filters).astype(float), D.space, D.stride, D.circular)
    best = [basis_pursuit(M, one.astype(float), 1.0, tol=1e-9).trace[-1] for one in to_numpy(y)]
    for gamma in (after(slice_admm(D, y, 1.0, 2.0), 60), after(lobcod(D, y, 1.0), 20)):
        np.testing.assert_allclose(to_numpy(objective(D, y, gamma, 1.0)), best, rtol=1e-4)


@pytest.mark.parametrize("case", UNIT_CASES)
@pytest.mark.parametrize("masked", [False, True])
def test_the_slice_step_has_no_gradient_left(xp, rng, close, case, masked):
    D, y = unit_problem(xp, rng, *case)
    mask = xp((rng.random((*D.space, 1)) > 0.4) * 1.0) if masked else None
    slices, dual, gamma = first_slices(D, y, mask)
    rho = 0.7
    for _ in range(3):
        before = dual
        gamma, slices, dual = slice_step(D, y, 0.2, rho, slices, dual, gamma, mask)
    lacks = y - aggregate(slices, D.size, D.space, D.stride, D.circular)
    seen = patches(lacks if mask is None else mask * lacks, D.size, D.stride, D.circular)
    gradient = rho * (slices - gamma @ D.local.T + before) - seen
    close(gradient, 0 * gradient)


def test_the_first_step_codes_patches_and_averages_them(rng):
    """The talk's remark: one step of slice-ADMM is patch averaging, with its mean over n patches."""
    D, y = unit_problem(np.asarray, rng, *UNIT_CASES[3])
    gamma = after(slice_admm(D, y, 0.2, rho=1.0), 1)
    n, P = 9, patches(y, D.size)
    coded = basis_pursuit(D.local, P.reshape(-1, n).T, n * 0.2, tol=1e-12).gamma.T.reshape(*D.positions, -1)
    averaged = aggregate(coded @ D.local.T, D.size, D.space) / counts(D.size, D.space, like=y)
    np.testing.assert_allclose(D @ gamma, averaged, atol=1e-4)


def test_the_inner_pursuit_is_an_argument():
    D, y, _ = talk_setting()

    def lars(D_L, S, weight, start):
        from sklearn.decomposition import sparse_encode

        return sparse_encode(S.T, D_L.T, algorithm="lasso_lars", alpha=weight).T

    def greedy(D_L, S, weight, start):
        return omp(D_L, S, k=1).gamma.toarray()

    exact = after(slice_admm(D, y, 0.2, 3.0, pursuit=needles), 40)
    np.testing.assert_allclose(after(slice_admm(D, y, 0.2, 3.0, pursuit=lars), 40), exact, atol=1e-2)
    found = after(slice_admm(D, y, 0.2, 3.0, pursuit=greedy), 3)
    assert np.count_nonzero(found, axis=-1).max() == 1


def test_balancing_mends_a_bad_penalty():
    D, y, _ = talk_setting()
    best = basis_pursuit(D, y, 0.2, tol=1e-10).trace[-1]
    stuck, balanced = (
        excess(D, y, 0.2, None, after(slice_admm(D, y, 0.2, 100.0, balance=b), 100), best) for b in (0, 10)
    )
    assert balanced < 1e-3 < stuck


def test_float32_stays(rng):
    D, y = unit_problem(lambda a: np.asarray(a, np.float32), rng, *UNIT_CASES[0])
    for steps in (local_ista(D, y, 0.2), slice_admm(D, y, 0.2), lobcod(D, y, 0.2)):
        assert after(steps, 2).dtype == np.float32


@pytest.mark.parametrize("solver", [local_ista, slice_admm, lobcod])
def test_wrong_input_is_named(rng, solver):
    D, y = unit_problem(np.asarray, rng, *UNIT_CASES[0])
    with pytest.raises(ValueError, match="lam = -1"):
        next(solver(D, y, -1.0))
    with pytest.raises(ValueError, match="lam = 0"):
        next(solver(D, y, 0))
    with pytest.raises(ValueError, match="signal of shape"):
        next(solver(D, y[:20], 0.1))
    with pytest.raises(ValueError, match="NaN"):
        next(solver(D, y * np.nan, 0.1))


def test_wrong_penalties_are_named(rng):
    D, y = unit_problem(np.asarray, rng, *UNIT_CASES[0])
    with pytest.raises(ValueError, match="rho = 0"):
        next(slice_admm(D, y, 0.1, rho=0))
    with pytest.raises(ValueError, match="relax = 2.5"):
        next(slice_admm(D, y, 0.1, relax=2.5))
    assert float(objective(D, y, after(lobcod(D, y, 0.1), 1), 0.1)) < float(np.sum(y**2) / 2)


def test_slices_of_another_shape_are_not_spread(rng):
    D, y = unit_problem(np.asarray, rng, *UNIT_CASES[0])
    slices, dual, gamma = first_slices(D, y)
    for name, bad in {"slices": slices[0], "dual": dual[0], "gamma": gamma[0]}.items():
        state = {"slices": slices, "dual": dual, "gamma": gamma} | {name: bad}
        with pytest.raises(ValueError, match=f"{name} of shape"):
            slice_step(D, y, 0.1, 1.0, **state)


def test_a_step_without_a_length_is_refused(rng):
    D, y = unit_problem(np.asarray, rng, *UNIT_CASES[0])
    with pytest.raises(ValueError, match="lipschitz = 0: expected a positive number"):
        next(local_ista(D, y, 0.1, 0))
    with pytest.raises(ValueError, match="balance = 2.5: expected an integer"):
        next(slice_admm(D, y, 0.1, balance=2.5))


@pytest.mark.parametrize("solver", [slice_admm, lobcod])
def test_a_mask_is_finite_and_real(rng, solver):
    D, y = unit_problem(np.asarray, rng, *UNIT_CASES[0])
    with pytest.raises(ValueError, match="mask holds NaN or infinity"):
        next(solver(D, y, 0.1, mask=np.full(y.shape, np.inf)))
    with pytest.raises(TypeError, match="mask has dtype complex128"):
        next(solver(D, y, 0.1, mask=np.ones(y.shape) + 1j))


@pytest.mark.parametrize("solver", [local_ista, slice_admm, lobcod])
def test_a_matrix_is_no_convolutional_dictionary(solver):
    with pytest.raises(TypeError, match="D is of type ndarray: expected ConvDictionary"):
        next(solver(np.eye(8), np.ones((8, 1)), 0.1))
