"""What people hand to the package is taken for what it is, or refused in a sentence that names the value."""

import pickle

import numpy as np
import pytest
from problems import convolutional_problem, matrix_problem

from cscbook import (
    ConvDictionary,
    add_noise,
    aggregate,
    basis_pursuit,
    basis_pursuit_equality,
    fista,
    ksvd,
    load_digits,
    lobcod_dictionary_learning,
    omp,
    patches,
    random_dictionary,
    train_cnn,
)
from cscbook.arrays import as_sizes, check, check_level, check_whole
from cscbook.imaging import load_denoiser
from cscbook.networks import load_network, save_network
from cscbook.networks.classifier import scores
from cscbook.networks.plans import layered_ista, ml_ista

LINE = ((5,), (40,), 1, 3, 1, True)


def line(rng, dtype=np.float64):
    return convolutional_problem(lambda a: np.asarray(a, dtype), rng, *LINE)


# --- numbers of other kinds -----------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.ones(3, np.float16), np.ones(3, np.longdouble), np.ones(3, int)])
def test_other_numbers_are_refused_by_name(bad):
    with pytest.raises(TypeError, match=f"y has dtype {bad.dtype}: expected real floating numbers, float32"):
        check("y", bad)


def test_a_masked_array_is_refused_with_the_way_out():
    with pytest.raises(TypeError, match=r"y is a masked array: expected a plain one \(x.filled"):
        check("y", np.ma.masked_invalid([1.0, np.nan]))


@pytest.mark.parametrize("dtype", [">f8", ">f4"])
def test_numbers_in_the_other_order_of_bytes_are_computed(rng, dtype):
    D, y = line(rng)
    D_other, y_other = ConvDictionary(D.filters.astype(dtype), D.space), y.astype(dtype)
    tol = 1e-4 if dtype == ">f4" else 1e-12
    for call in (
        lambda D, y: D @ (D.T @ y),
        lambda D, y: omp(D, y, k=5).gamma,
        lambda D, y: basis_pursuit(D, y, 0.5, tol=1e-6).gamma,
        lambda D, y: ksvd(patches(y, (6,)).T, n_atoms=8, k=2, n_iter=2).D,
    ):
        np.testing.assert_allclose(call(D_other, y_other), call(D, y), atol=100 * tol)


def test_noise_is_not_added_to_bytes():
    with pytest.raises(TypeError, match="x has dtype uint8: expected real floating numbers"):
        add_noise(np.zeros((4, 4, 1), np.uint8), 25)


@pytest.mark.parametrize("value", [np.int64(40), 40, (40,), [np.int32(40)], np.array(40)])
def test_sizes_may_be_any_integers(rng, value):
    D, y = line(rng)
    assert ConvDictionary(D.filters, value).space == (40,)
    assert as_sizes("size", value, 1) == (40,)


def test_strides_may_be_a_tuple_of_equal_integers(rng):
    D, y = convolutional_problem(np.asarray, rng, (3, 2), (10, 8), 1, 2, 2, True)
    other = ConvDictionary(D.filters, D.space, stride=(2, np.int64(2)))
    np.testing.assert_array_equal(other.T @ y, D.T @ y)
    np.testing.assert_array_equal(patches(y, (3, 2), (2, 2)), patches(y, (3, 2), 2))
    p = patches(y, (3, 2), 2)
    np.testing.assert_array_equal(aggregate(p, (3, 2), (10, 8), (2, 2)), aggregate(p, (3, 2), (10, 8), 2))
    with pytest.raises(ValueError, match=r"stride = \(2, 3\): expected one stride for all axes"):
        ConvDictionary(D.filters, D.space, stride=(2, 3))


def test_one_size_for_all_axes_of_a_learner(rng):
    ys = [rng.standard_normal((12, 11, 1))]
    found = [lobcod_dictionary_learning(ys, size, 4, 0.3, n_iter=1).D for size in (3, (3, 3))]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("value", [None, "2", [1, 2], 1j, np.ones(1)])
def test_a_level_is_one_number(value):
    with pytest.raises(TypeError, match="sigma = .*: expected one number"):
        check_level("sigma", value)


def test_a_level_beyond_all_floats_is_no_level():
    with pytest.raises(ValueError, match="expected a finite number"):
        check_level("lam", 10**400)


@pytest.mark.parametrize(
    "value, error", [(None, TypeError), ("3", TypeError), (2.5, ValueError), (0, ValueError)]
)
def test_a_count_is_a_whole_number(value, error):
    with pytest.raises(error, match="k = .*: expected an integer, at least 1"):
        check_whole("k", value)


# --- scales ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-12, 1e-9, 1.0, 1e12])
def test_a_signal_out_of_range_is_refused_at_every_scale(rng, scale):
    thin = np.linalg.qr(rng.standard_normal((20, 20)))[0][:, :10]
    with pytest.raises(ValueError, match="x is not in the range of D"):
        basis_pursuit_equality(thin, scale * rng.standard_normal(20))
    low = ConvDictionary(np.ones((40, 1, 1)), (40,))
    with pytest.raises(ValueError, match="x is not in the range of D"):
        basis_pursuit_equality(low, scale * rng.standard_normal((40, 1)))


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_a_signal_in_range_is_coded_at_every_scale(rng, scale):
    D, gamma, _ = matrix_problem(rng, k=2)
    found = basis_pursuit_equality(D, scale * (D @ gamma[:, 0]))
    assert found.converged
    np.testing.assert_allclose(found.gamma / scale, gamma[:, 0], atol=1e-5)


# --- starts, weights and masks --------------------------------------------------------------------


@pytest.mark.parametrize("method", [None, fista])
def test_starts_weights_and_masks_are_checked_as_the_signal_is(rng, method):
    D, y = line(rng)
    gamma, nan = D.T @ y, np.full((40, 3), np.nan)
    for name, value in {"start": nan, "weights": nan, "mask": nan[:, :1]}.items():
        with pytest.raises(ValueError, match="holds NaN"):
            basis_pursuit(D, y, 0.3, method=method, **{name: value})
    with pytest.raises(ValueError, match="the smallest weight is 0.0: expected positive weights"):
        basis_pursuit(D, y, 0.3, method=method, weights=np.array([1.0, 0.0, 2.0]))
    assert basis_pursuit(D, y, 0.3, method=method, start=gamma, tol=1e-3).converged


def test_masks_may_be_bool(rng):
    D, y = line(rng)
    seen = rng.random(y.shape) > 0.3
    for call in (
        lambda mask: basis_pursuit(D, y, 0.3, mask=mask, tol=1e-8).gamma,
        lambda mask: lobcod_dictionary_learning([y], (5,), 3, 0.3, masks=[mask], n_iter=2).D,
    ):
        np.testing.assert_array_equal(call(seen), call(seen.astype(float)))


# --- three axes -----------------------------------------------------------------------------------


def test_three_space_axes_are_for_products_and_iterations(rng):
    D, y = convolutional_problem(np.asarray, rng, (2, 2, 2), (5, 4, 6), 1, 3, 1, True)
    gamma = rng.standard_normal((5, 4, 6, 3))
    assert np.sum((D @ gamma) * y) == pytest.approx(np.sum(gamma * (D.T @ y)))
    assert basis_pursuit(D, y, 1.0, tol=1e-3, method=fista).converged
    for call in (
        lambda: omp(D, y, k=2),
        lambda: basis_pursuit(D, y, 1.0),
        lambda: lobcod_dictionary_learning([y], (2, 2, 2), 3, 0.3, n_iter=1),
    ):
        with pytest.raises(ValueError, match="D has 3 space axes: expected one or two"):
            call()


# --- a dictionary owns its filters ----------------------------------------------------------------


@pytest.mark.parametrize("size, space", [((5,), (40,)), ((60,), (200,))])  # directly, and by Fourier
def test_filters_that_change_outside_change_nothing(rng, size, space):
    filters = rng.standard_normal((*size, 1, 2))
    D, y = ConvDictionary(filters, space), rng.standard_normal((*space, 1))
    seen, top = D.T @ y, D.lipschitz
    filters *= 2
    np.testing.assert_array_equal(D.T @ y, seen)
    assert D.lipschitz == top
    with pytest.raises(ValueError, match="read-only"):
        D.filters[...] = 0


# --- pickles --------------------------------------------------------------------------------------


def test_what_was_trained_can_be_pickled(tmp_path):
    x, labels, *_ = load_digits()
    x = x[:60].astype("float32")
    for plan in (ml_ista(1), layered_ista(2)):
        net = train_cnn(x, labels[:60], atoms=(4, 4, 6), n_iter=1, plan=plan)
        again = pickle.loads(pickle.dumps(net))
        np.testing.assert_array_equal(scores(again, x[:5]), scores(net, x[:5]))
        save_network(tmp_path / "net.npz", net)
        kept = load_network(tmp_path / "net.npz")
        assert kept.plan == plan
        np.testing.assert_allclose(scores(kept, x[:5]), scores(net, x[:5]), atol=0.05)
    one = load_denoiser()
    other = pickle.loads(pickle.dumps(one))
    assert other.plan == one.plan and all(np.array_equal(other.theta[n], a) for n, a in one.theta.items())


def test_signals_shorter_than_filters_are_refused(rng):
    with pytest.raises(ValueError, match=r"patches of size \(8,\) do not fit a signal on \(5,\)"):
        ConvDictionary(random_dictionary(8, 2)[:, None, :], (5,))
