"""K-SVD, held against its textbook form, the singular value decomposition and a dictionary that is known."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from cscbook import (
    dct_dictionary,
    ksvd,
    lobcod_dictionary_learning,
    mlcsc_learning,
    normalize,
    omp,
    slice_dictionary_learning,
)
from cscbook.arrays import to_numpy
from cscbook.learning import layerwise_start
from cscbook.learning.ksvd import _clean_up, _sweep, ksvd_update


def dense(gamma):
    return to_numpy(gamma.toarray() if hasattr(gamma, "toarray") else gamma)


def planted(rng, n=20, m=30, p=1200, k=3):
    """Signals of ``k`` atoms of a known dictionary, without noise."""
    D, gamma = normalize(rng.standard_normal((n, m))), np.zeros((m, p))
    for j in range(p):
        gamma[rng.choice(m, k, replace=False), j] = rng.standard_normal(k)
    return D, D @ gamma


def small_problem(rng):
    D, Y = planted(rng, n=8, m=12, p=90, k=2)
    return normalize(D + 0.3 * rng.standard_normal(D.shape)), Y + 0.05 * rng.standard_normal(Y.shape)


def textbook_sweep(D, Y, gamma, order):
    """Atom by atom: ``E_j`` from its definition on the users, one power step, then the coefficients."""
    D, gamma = D.copy(), gamma.copy()
    for j in order:
        users = np.flatnonzero(gamma[j])
        if len(users):
            others = np.arange(D.shape[1]) != j
            E = Y[:, users] - D[:, others] @ gamma[np.ix_(others, users)]
            D[:, j] = E @ gamma[j, users] / np.linalg.norm(E @ gamma[j, users])
            gamma[j, users] = D[:, j] @ E
    return D, Y - D @ gamma


# --- a sweep ------------------------------------------------------------------------------------------------


def test_a_sweep_is_the_textbook_sweep(xp, rng, close):
    D, Y = small_problem(rng)
    found, order = omp(D, Y, k=2).gamma, rng.permutation(12)
    gamma = found.toarray()
    expected, left = textbook_sweep(D, Y, gamma, order)
    close(ksvd_update(xp(D), xp(Y), xp(gamma), order), expected, factor=10)
    D2, R2, used = _sweep(D, Y - D @ gamma, found, order)
    np.testing.assert_allclose(D2, expected, atol=1e-12), np.testing.assert_allclose(R2, left, atol=1e-12)
    assert used.tolist() == np.count_nonzero(gamma, axis=1).tolist()


def test_a_sweep_lowers_the_error_atom_by_atom(rng):
    D, Y = small_problem(rng)
    gamma = omp(D, Y, k=2).gamma
    residual, error = Y - D @ gamma, np.linalg.norm(Y - D @ gamma)
    for last in range(1, 13):  # the sweep over the first atoms only
        _, R, _ = _sweep(D, residual, gamma.copy(), range(last))
        now = np.linalg.norm(R)
        assert now <= error * (1 + 1e-12)
        error = now
    assert error < 0.95 * np.linalg.norm(residual)


def test_an_atom_that_nobody_uses_stays(xp, rng):
    D, Y = small_problem(rng)
    gamma = omp(D, Y, k=2).gamma.toarray()
    gamma[4] = 0
    D1 = to_numpy(ksvd_update(xp(D), xp(Y), xp(gamma), range(12)))
    assert np.array_equal(D1[:, 4], to_numpy(xp(D))[:, 4])


# --- clean-up -----------------------------------------------------------------------------------------------


def test_clean_up_replaces_idle_atoms_by_the_worst_signals(rng):
    D, Y = small_problem(rng)
    residual = 0.1 * rng.standard_normal(Y.shape)
    residual[:, [60, 7]] *= [100, 50]
    used = np.full(12, 4)
    used[[2, 9]] = 3, 0
    new = _clean_up(D, Y, residual, used)
    worst = Y[:, [60, 7]]
    np.testing.assert_allclose(new[:, [2, 9]], worst / np.linalg.norm(worst, axis=0))
    np.testing.assert_array_equal(np.delete(new, [2, 9], axis=1), np.delete(D, [2, 9], axis=1))


def test_clean_up_keeps_the_first_of_two_twins(rng):
    D, Y = small_problem(rng)
    D[:, 8] = -D[:, 3]  # a twin up to its sign
    residual = np.zeros_like(Y)
    residual[:, 33] = 1.0
    new = _clean_up(D, Y, residual, np.full(12, 50))
    np.testing.assert_allclose(new[:, 8], Y[:, 33] / np.linalg.norm(Y[:, 33]))
    np.testing.assert_array_equal(np.delete(new, 8, axis=1), np.delete(D, 8, axis=1))


def test_silence_never_becomes_an_atom(rng):
    D, Y = small_problem(rng)
    Y[:, 5] = 0
    residual = np.zeros_like(Y)
    residual[:, 5] = 1.0
    new = _clean_up(D, Y, residual, np.where(np.arange(12) == 1, 0, 50))
    np.testing.assert_array_equal(new, D)


# --- the whole algorithm ------------------------------------------------------------------------------------


def test_all_libraries_learn_the_same(xp, rng, close):
    D, Y = small_problem(rng)
    expected = ksvd(Y, D0=D, k=2, n_iter=3)
    found = ksvd(xp(Y), D0=xp(D), k=2, n_iter=3)
    assert found.D.dtype == xp(Y).dtype
    close(found.D, expected.D, factor=100)
    close(dense(found.gamma), expected.gamma.toarray(), factor=100)


def test_work_that_was_interrupted_ends_where_it_would_have_ended(rng, tmp_path):
    D, Y = small_problem(rng)
    whole = ksvd(Y, D0=D, k=2, n_iter=6, rng=np.random.default_rng(1))
    for n_iter in (2, 6):
        options = {"rng": np.random.default_rng(1), "checkpoint": tmp_path / "state.npz"}
        found = ksvd(Y, D0=D, k=2, n_iter=n_iter, **options)
    assert found.trace == whole.trace and np.array_equal(found.D, whole.D)
    with pytest.raises(ValueError, match="belongs to other data or settings"):
        ksvd(3 * Y, D0=D, k=2, n_iter=6, checkpoint=tmp_path / "state.npz")


@pytest.mark.parametrize("scale", [1e-30, 1e-13, 1e12, 1e30])
@pytest.mark.parametrize("stop", [{"k": 2}, {"tol": 0.4}])
def test_the_scale_of_single_precision_does_not_matter(rng, scale, stop):
    _, Y = small_problem(rng)
    Y = Y.astype(np.float32)
    one = ksvd(Y, n_atoms=12, n_iter=4, **stop)
    stop = {name: value * scale if name == "tol" else value for name, value in stop.items()}
    other = ksvd(Y * np.float32(scale), n_atoms=12, n_iter=4, **stop)
    np.testing.assert_allclose(other.D, one.D, atol=1e-5)
    np.testing.assert_allclose(other.gamma.toarray() / scale, one.gamma.toarray(), atol=1e-4)
    assert other.trace[-1]["error"] == pytest.approx(scale * one.trace[-1]["error"], rel=1e-4)


def test_one_atom_becomes_the_leading_singular_vector(xp, rng):
    Y = rng.standard_normal((6, 3)) @ rng.standard_normal((3, 40))
    found = ksvd(xp(Y), D0=xp(rng.standard_normal((6, 1))), k=1, n_iter=60)
    u = np.linalg.svd(Y)[0][:, 0]
    assert abs(u @ to_numpy(found.D)[:, 0]) == pytest.approx(1, abs=max(1e-6, xp.tol))


def test_atoms_are_unit_and_the_code_obeys_the_stopping_rule(xp, rng):
    D, Y = small_problem(rng)
    for stop in ({"k": 2}, {"tol": 0.4}):
        found = ksvd(xp(Y), D0=xp(5 * D), n_iter=2, **stop)  # the start need not be normalised
        atoms, gamma = to_numpy(found.D), dense(found.gamma)
        np.testing.assert_allclose(np.linalg.norm(atoms, axis=0), 1, atol=10 * xp.tol)
        if "k" in stop:
            assert (np.count_nonzero(gamma, axis=0) <= 2).all()
        else:
            assert np.linalg.norm(Y - atoms @ gamma, axis=0).max() <= 0.4 * (1 + 1e-3)


def test_at_a_fixed_error_codes_get_shorter(xp):
    rng = np.random.default_rng(3)
    i, j = np.mgrid[:40, :40]
    bricks = 60.0 * ((i % 10 < 2) | ((j + 7 * (i // 10)) % 14 < 2)) + 8 * rng.standard_normal((40, 40))
    Y = np.lib.stride_tricks.sliding_window_view(bricks, (4, 4))[::2, ::2].reshape(-1, 16).T
    Y = Y - Y.mean(axis=0)
    trace = ksvd(xp(Y), D0=xp(to_numpy(dct_dictionary(4, 6))), tol=1.15 * 8 * 4, n_iter=8).trace
    nonzeros = [step["nonzeros"] for step in trace]
    assert all(b <= 1.01 * a for a, b in zip(nonzeros, nonzeros[1:], strict=False))
    assert nonzeros[-1] < 0.9 * nonzeros[0]
    assert all(step["error"] <= 1.15 * 8 for step in trace)


def test_a_planted_dictionary_is_found():
    found = []
    for seed in range(3):
        D, Y = planted(np.random.default_rng(seed), p=1000, k=2)
        for n_iter in (1, 50):
            learned = ksvd(Y, n_atoms=30, k=2, n_iter=n_iter).D
            found.append(np.mean(np.abs(D.T @ learned).max(axis=1) > 0.999))  # atoms, up to their sign
    assert max(found[::2]) < 0.5, "one round is not enough"
    assert np.mean(found[1::2]) >= 0.95 and min(found[1::2]) >= 0.8, "fifty rounds find nearly all atoms"


def test_without_a_start_the_atoms_are_distinct_signals(xp, rng):
    Y = rng.standard_normal((6, 20))
    Y[:, ::2] = 0  # silence teaches nothing
    found = ksvd(xp(Y), n_atoms=10, k=1, n_iter=1)
    assert to_numpy(found.D).shape == (6, 10) and np.isfinite(to_numpy(found.D)).all()


def test_the_same_seed_learns_the_same(rng):
    D, Y = small_problem(rng)
    for start in ({"n_atoms": 12}, {"D0": D}):  # the seed draws the start, and the order of atoms in a sweep
        seeds = None, np.random.default_rng(0), np.random.default_rng(5)
        a, b, c = (ksvd(Y, **start, k=2, n_iter=2, rng=seed).D for seed in seeds)
        assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_the_arguments_are_not_touched(rng):
    D, Y = small_problem(rng)
    before = D.copy(), Y.copy()
    ksvd(Y, D0=D, k=2, n_iter=2)
    assert np.array_equal(D, before[0]) and np.array_equal(Y, before[1])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, "n_atoms or D0"),
        ({"n_atoms": 4, "D0": np.eye(6)}, "n_atoms or D0"),
        ({"n_atoms": 0}, "n_atoms = 0"),
        ({"n_atoms": 20}, "n_atoms = 20.* 19"),
        ({"n_atoms": -3}, "n_atoms = -3"),
        ({"D0": np.eye(5)}, "D0 has 5 rows, Y has 6"),
        ({"D0": np.diag([1.0, 1, 1, 0, 1, 1])}, "atom 3 of D is zero"),
        ({"D0": np.full((6, 6), np.nan)}, "NaN"),
        ({"n_atoms": 4, "n_iter": 0}, "n_iter = 0"),
        ({"n_atoms": 4, "k": 5}, "k = 5"),
        ({"n_atoms": 4, "k": 0}, "k = 0"),
        ({"n_atoms": 4, "k": None}, "needs k, tol"),
        ({"n_atoms": 4, "k": None, "tol": -1.0}, "tol = -1"),
    ],
)
def test_bad_knobs_are_named(rng, arguments, message):
    Y = rng.standard_normal((6, 20))
    Y[:, 0] = 0
    with pytest.raises(ValueError, match=message):
        ksvd(Y, **{"k": 1, **arguments})


def test_bad_signals_are_named(rng):
    Y = rng.standard_normal((6, 20))
    with pytest.raises(ValueError, match="Y holds NaN"):
        ksvd(np.where(Y > 2, np.nan, Y), n_atoms=4, k=1)
    with pytest.raises(ValueError, match=r"Y has shape \(6,\)"):
        ksvd(Y[:, 0], n_atoms=4, k=1)
    with pytest.raises(TypeError, match="int64"):
        ksvd(np.ones((6, 20), dtype=np.int64), n_atoms=4, k=1)
    with pytest.raises(TypeError, match="mixed"):
        import array_api_strict

        ksvd(Y, D0=array_api_strict.eye(6), k=1)


@pytest.mark.parametrize(
    "order", [[0, 1, 2, 10**15], [0, 1, 2, -1], [0, 1, 2, 2], [0, 1, 2], [0.0, 1, 2, 3], None]
)
def test_an_order_that_is_no_permutation_never_reaches_the_compiled_loop(rng, order):
    D, gamma = normalize(rng.standard_normal((6, 4))), rng.standard_normal((4, 9))
    with pytest.raises((TypeError, ValueError), match="order"):
        ksvd_update(D, D @ gamma, gamma, order)


def test_a_sweep_changes_no_argument_in_any_layout(rng):
    D, gamma = np.asfortranarray(normalize(rng.standard_normal((6, 4)))), rng.standard_normal((4, 9))
    S, codes = rng.standard_normal((6, 9)), csr_matrix(gamma)
    before = [a.copy() for a in (D, S, gamma)]
    for same in (gamma, codes):
        found = ksvd_update(D, S, same, range(4))
        np.testing.assert_allclose(
            found, ksvd_update(np.ascontiguousarray(D), S, gamma, range(4)), atol=1e-12
        )
        assert not np.shares_memory(found, D)
    for a, b in zip((D, S, gamma, codes.toarray()), (*before, before[2]), strict=True):
        assert np.array_equal(a, b)


def test_the_smallest_numbers_are_learned_from_like_others(rng):
    _, Y = small_problem(rng)
    silent = ksvd(Y * 1e-312, n_atoms=12, tol=0.4, n_iter=1)  # below the tolerance: nothing to code
    assert silent.gamma.nnz == 0 and np.isfinite(silent.D).all()


@pytest.mark.parametrize("n_iter", [None, np.inf, 0, 1.5])
def test_learning_without_an_end_is_refused(rng, n_iter):
    ys = rng.standard_normal((12, 10, 1))
    learners = {
        "n_iter": [
            lambda n: ksvd(ys[..., 0].T, n_atoms=4, k=1, n_iter=n),
            lambda n: lobcod_dictionary_learning(ys, (3,), 2, 0.1, n_iter=n),
            lambda n: slice_dictionary_learning(ys, (3,), 2, 0.1, n_iter=n),
            lambda n: mlcsc_learning(ys, ((3,),), (2,), (), (1,), n_iter=n),
        ],
        "sweeps": [lambda n: layerwise_start(ys, ((3,),), (2,), (), (1,), (1,), False, sweeps=n)],
    }
    for name, calls in learners.items():
        for call in calls:
            with pytest.raises((TypeError, ValueError), match=f"{name} = {n_iter}: expected an integer"):
                call(n_iter)
