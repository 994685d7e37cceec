"""OMP, held against its definition, dense algebra and the explicit matrix."""

import tracemalloc

import numpy as np
import pytest
from problems import CASES, convolutional_problem, matrix_problem

from cscbook import (
    dct_dictionary,
    dense,
    omp,
)
from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary


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


@pytest.mark.parametrize("stop", [{"k": 5}, {"tol": 0.4}, {"k": 3, "tol": 0.4}])
def test_omp_is_the_textbook_algorithm(xp, rng, close, stop):
    D, _, Y = matrix_problem(rng)
    D = D * rng.uniform(0.5, 2, D.shape[1])  # atoms need not have unit norm
    expected = np.stack([textbook_omp(D, y, stop.get("k", 20), stop.get("tol", 0.0)) for y in Y.T], axis=1)
    columns = omp(xp(D), xp(Y), **stop)
    found = columns.gamma.toarray() if hasattr(columns.gamma, "toarray") else columns.gamma
    close(found, expected, factor=100)
    close(omp(xp(D), xp(Y[:, 0]), **stop).gamma, expected[:, 0], factor=100)
    assert columns.converged or stop == {"k": 3, "tol": 0.4}


def test_all_columns_at_once_are_the_columns_one_by_one(rng):
    D, _, Y = matrix_problem(rng, n=30, m=70, p=200)
    found = omp(D, Y, tol=0.1).gamma
    alone = np.stack([omp(D, y, tol=0.1).gamma for y in Y.T], axis=1)
    np.testing.assert_allclose(found.toarray(), alone, atol=1e-10)
    assert (np.linalg.norm(Y - D @ found, axis=0) <= 0.1 * (1 + 1e-9)).all()


def test_the_trace_is_the_residual(xp, rng):
    D, _, Y = matrix_problem(rng)
    y, trace = Y[:, 1], omp(xp(D), xp(Y[:, 1]), k=6).trace
    norms = [np.linalg.norm(y - D @ textbook_omp(D, y, t)) for t in range(1, 7)]
    np.testing.assert_allclose(trace, norms, atol=100 * xp.tol)


def test_a_represented_signal_stops_early(xp, rng):
    D, gamma, _ = matrix_problem(rng)
    found = omp(xp(D), xp(3 * D[:, 7]), k=5)
    assert found.converged and np.flatnonzero(np.abs(to_numpy(found.gamma)) > 1e-4).tolist() == [7]
    zero = omp(xp(D), xp(np.zeros((20, 3))), k=5)
    assert zero.converged and not np.any(
        zero.gamma.toarray() if hasattr(zero.gamma, "toarray") else to_numpy(zero.gamma)
    )


def test_an_error_bound_out_of_reach_is_admitted(xp, rng):
    D, _, Y = matrix_problem(rng)
    assert not omp(xp(D), xp(Y), k=2, tol=1e-3).converged
    assert not omp(xp(D[:, :5]), xp(Y[:, 0]), tol=1e-3).converged


def test_twin_atoms_do_no_harm(xp, rng):
    D, _, Y = matrix_problem(rng, n=6, m=8)
    D = np.hstack([D, D, D[:, :2]])
    found = omp(xp(D), xp(Y), tol=1e-3)
    gamma = to_numpy(found.gamma.toarray() if hasattr(found.gamma, "toarray") else found.gamma)
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


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stop", [{"k": 6}, {"tol": 3.0}])
def test_omp_is_omp_on_the_matrix(xp, rng, case, stop):
    D, y = convolutional_problem(xp, rng, *case)
    if case == CASES[5]:
        stop = {"k": 3} if "k" in stop else stop
    found, M = omp(D, y, **stop), to_numpy(dense(D)).astype(float)
    matrix = omp(M, to_numpy(y).astype(float).ravel(), **stop)
    assert found.converged == matrix.converged
    np.testing.assert_allclose(
        to_numpy(found.gamma).ravel(), matrix.gamma, atol=1e-3 if xp.dtype == "float32" else 1e-7
    )
    np.testing.assert_allclose(found.trace, matrix.trace, atol=1e-3 if xp.dtype == "float32" else 1e-7)


def test_any_number_of_threads_chooses_the_same_atoms_to_the_bit(rng, on_threads):
    """On an image whose stripes are wide enough to be shared among threads."""
    D = ConvDictionary(rng.standard_normal((7, 7, 1, 26)), (40, 44))
    y = rng.standard_normal((40, 44, 1))
    found = on_threads(lambda: omp(D, y, k=450).gamma)
    assert np.count_nonzero(found[0]) == 450
    assert all(np.array_equal(found[0], other) for other in found[1:])


@pytest.mark.parametrize("k", [384, 385], ids=["one factor of all", "conjugate gradients nearby"])
def test_both_ways_of_least_squares_leave_a_residual_orthogonal_to_the_chosen(rng, k):
    D = ConvDictionary(rng.standard_normal((16, 1, 2)), (2400,))
    y = rng.standard_normal((2400, 1))
    gamma = omp(D, y, k=k).gamma
    assert np.count_nonzero(gamma) == k
    left = D.T @ (y - D @ gamma)
    assert np.abs(left[gamma != 0]).max() < 1e-9 * np.abs(D.T @ y).max()


def test_many_atoms_are_settled_exactly(rng):
    D = ConvDictionary(rng.standard_normal((16, 1, 2)), (600,))
    y = rng.standard_normal((600, 1))
    found, M = omp(D, y, k=90), dense(D)
    matrix = omp(M, y.ravel(), k=90)
    np.testing.assert_array_equal(np.flatnonzero(found.gamma), np.flatnonzero(matrix.gamma))
    np.testing.assert_allclose(found.gamma.ravel(), matrix.gamma, atol=1e-6)


@pytest.mark.parametrize(
    "size, space, circular, k, seed",
    [
        ((11,), (129,), True, 20, 8),  # its last block of correlations is one position long
        ((11,), (129,), True, 20, 13),
        ((5, 7), (12, 13), False, 25, 0),  # three stripes are longer than half of the signal
        ((11,), (65,), False, 20, 10),
    ],
)
def test_places_near_a_border_or_a_seam_are_looked_at_afresh(size, space, circular, k, seed):
    rng = np.random.default_rng(seed)
    D = ConvDictionary(rng.standard_normal((*size, 1, 2)), space, circular=circular)
    y = rng.standard_normal((*space, 1))
    found, matrix = omp(D, y, k=k), omp(dense(D), y.ravel(), k=k)
    np.testing.assert_allclose(found.gamma.ravel(), matrix.gamma, atol=1e-9)


def test_large_atoms_with_few_places_need_little_memory(rng):
    """Two atoms are never further apart than the places allow: here one place, and three."""
    for space, m in (((30, 30), 300), ((32, 30), 40)):
        D = ConvDictionary(rng.standard_normal((30, 30, 1, m)), space, circular=False)
        y = rng.standard_normal((*space, 1))
        tracemalloc.start()
        gamma = omp(D, y, k=5).gamma
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 20 * D.filters.nbytes  # a stripe without this limit: 59 x 59 x 300 x 300 numbers
        expected = omp(dense(D), y.ravel(), k=5).gamma
        np.testing.assert_allclose(gamma.ravel(), expected, atol=1e-9)


def test_more_atoms_than_entries_and_atoms_of_zeros_are_named(rng):
    D, y = ConvDictionary(rng.standard_normal((5, 1, 2)), (40,)), rng.standard_normal((40, 1))
    with pytest.raises(ValueError, match="k = 41"):
        omp(D, y, k=41)
    with pytest.raises(ValueError, match="atom 1 of D is zero"):
        omp(ConvDictionary(D.filters * np.array([1.0, 0.0]), (40,)), y, k=2)


def test_a_batch_of_short_signals_takes_the_same_atoms(rng):
    D = ConvDictionary(rng.standard_normal((5, 1, 2)), (40,))
    y = rng.standard_normal((9, 40, 1))
    many = omp(D, y, k=6)
    for one, signal in zip(many.gamma, y, strict=True):
        np.testing.assert_allclose(one, omp(D, signal, k=6).gamma, atol=1e-9)
