"""Convolutional dictionary learning: its gradient, its descent, what it recovers, and how it goes on after
an interruption."""

import itertools
from functools import partial

import numpy as np
import pytest

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    lobcod_dictionary_learning,
    online_dictionary_learning,
    slice_dictionary_learning,
    to_numpy,
)
from cscbook.learning import ksvd_update, mod_update
from cscbook.learning.filters import descend, filter_maps
from cscbook.learning.problem import set_up, unit

SIZE = (5,)


def planted(rng, spaces=((120,), (90,)), size=SIZE, m=3, density=0.06):
    """Signals with a sparse code over random unit filters."""
    filters = unit(rng.standard_normal((*size, 1, m)))
    ys = []
    for space in spaces:
        code = rng.standard_normal((*space, m)) * (rng.random((*space, m)) < density)
        ys.append(ConvDictionary(filters, space) @ code)
    return filters, ys


def online(ys, *args, n_iter, **options):
    """The online learner, given a list of signals again and again."""
    return online_dictionary_learning(itertools.cycle(ys), *args, n_iter=n_iter, **options)


LEARNERS = {
    "lobcod": lobcod_dictionary_learning,
    "slices, K-SVD": partial(slice_dictionary_learning, rho=3.0),
    "slices, MOD": partial(slice_dictionary_learning, rho=3.0, update=mod_update),
    "online": online,
}
every_learner = pytest.mark.parametrize("learn", LEARNERS.values(), ids=LEARNERS)


def objective(D, ys, gammas, lam, masks=None, circular=True):
    """The objective of learning, in plain numbers."""
    total = 0.0
    for b, (y, g) in enumerate(zip(ys, gammas, strict=True)):
        r = y - ConvDictionary(D, y.shape[:-1], circular=circular) @ g
        r = r if masks is None else masks[b] * r
        total += np.sum(r.astype(float) ** 2) / 2 + lam * np.abs(g).sum()
    return total


@pytest.mark.parametrize("circular", [True, False])
@pytest.mark.parametrize("space, size", [((14,), (4,)), ((9, 8), (3, 4))])
def test_filter_gradient_is_the_derivative_of_the_fit(rng, xp, space, size, circular):
    y, mask = rng.standard_normal((*space, 2)), (rng.random((*space, 2)) < 0.7) * 1.0
    filters = rng.standard_normal((*size, 2, 3))
    shape = (*ConvDictionary(filters, space, circular=circular).positions, 3)
    gamma = rng.standard_normal(shape) * (rng.random(shape) < 0.5)

    def fit(d):
        r = mask * (y - ConvDictionary(d, space, circular=circular) @ gamma)
        return np.sum(r * r) / 2

    synthesize, correlate = filter_maps(xp(gamma), xp(mask), y.shape, size, circular)
    gradient = -correlate(xp(mask * y) - synthesize(xp(filters)))
    direction = rng.standard_normal(filters.shape)
    slope = (fit(filters + 1e-4 * direction) - fit(filters - 1e-4 * direction)) / 2e-4
    np.testing.assert_allclose(np.sum(to_numpy(gradient) * direction), slope, rtol=max(1e-7, xp.tol))


def test_filter_steps_never_increase_the_fit_and_keep_unit_norms(rng):
    filters, ys = planted(rng)
    start = unit(rng.standard_normal(filters.shape))
    gammas = [rng.standard_normal((len(y), 3)) * (rng.random((len(y), 3)) < 0.2) for y in ys]
    problem, _ = set_up(ys, SIZE, 3, 0.1, start, None, True, False, rng)
    values = []
    for steps in range(12):
        D, _, _ = descend(problem, start, gammas, steps, scale=1e-3)
        values.append(objective(D, ys, gammas, 0))
        np.testing.assert_allclose(np.sum(D**2, axis=(0, 1)), 1)
    assert np.all(np.diff(values) <= 1e-12) and values[-1] < 0.9 * values[0]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("circular", [True, False])
def test_objective_never_increases(rng, xp, circular, masked):
    _, ys = planted(rng, spaces=((60,), (40,)))
    masks = [(rng.random(y.shape) < 0.8) * 1.0 for y in ys] if masked else None
    D0 = rng.standard_normal((*SIZE, 1, 3))
    found = lobcod_dictionary_learning(
        [xp(y) for y in ys], SIZE, 3, 0.1, D0=xp(D0), n_iter=4, circular=circular,
        masks=None if masks is None else [xp(M) for M in masks],
    )  # fmt: skip
    values = [row["objective"] for row in found.trace]
    assert np.all(np.diff(values) <= 1e-6 * values[0]) and values[-1] < values[0]
    D, gammas = to_numpy(found.D), [to_numpy(g) for g in found.gamma]
    np.testing.assert_allclose(values[-1], objective(D, ys, gammas, 0.1, masks, circular), rtol=1e-5)
    np.testing.assert_allclose(np.sum(D**2, axis=(0, 1)), 1, rtol=1e-5)
    assert found.trace[-1]["nonzeros"] == sum(np.count_nonzero(g) for g in gammas)
    assert found.D.dtype == getattr(xp.namespace, xp.dtype)


@every_learner
def test_planted_filters_are_found(rng, learn):
    truth, ys = planted(rng, spaces=((800,), (700,)), density=0.03)
    found = learn(ys, (9,), 6, 0.2, n_iter=60)  # longer than the truth: a filter may come shifted
    best = [max_correlation(d, found.D) for d in np.moveaxis(truth[:, 0], -1, 0)]
    assert min(best) > 0.95


def max_correlation(d, filters):
    """Largest |cosine| of a filter with any filter learned, over all shifts."""
    return max(np.abs(np.correlate(d, f, "full")).max() for f in np.moveaxis(filters[:, 0], -1, 0))


def test_a_ridge_holds_the_filters(rng):
    _, ys = planted(rng)
    D0 = unit(rng.standard_normal((*SIZE, 1, 3)))
    moved = []
    for ridge in (0, 10, 1e6):
        D = lobcod_dictionary_learning(ys, SIZE, 3, 0.1, D0=D0, ridge=float(ridge), n_iter=5).D
        moved.append(np.linalg.norm(D - D0))
    assert moved[0] > moved[1] > moved[2] and moved[2] < 1e-3


@every_learner
def test_filters_have_norm_one_and_no_mean_if_asked(rng, xp, learn):
    _, ys = planted(rng, spaces=((40,), (30,)))
    D = to_numpy(learn([xp(y) for y in ys], SIZE, 3, 0.1, zero_mean=True, n_iter=3).D)
    np.testing.assert_allclose(D.sum(axis=0), 0, atol=10 * xp.tol)
    np.testing.assert_allclose(np.sum(D**2, axis=(0, 1)), 1, rtol=10 * xp.tol)


@pytest.mark.parametrize("learn", [lobcod_dictionary_learning, slice_dictionary_learning])
def test_signals_may_come_as_a_list_or_as_a_batch(rng, learn):
    _, ys = planted(rng, spaces=((60,), (60,)))
    one, other = learn(ys, SIZE, 3, 0.1, n_iter=2), learn(np.stack(ys), SIZE, 3, 0.1, n_iter=2)
    np.testing.assert_array_equal(one.D, other.D)
    assert len(other.gamma) == 2


@every_learner
def test_images_of_different_size_with_borders(rng, learn):
    _, ys = planted(rng, spaces=((16, 12), (10, 14)), size=(3, 4))
    found = learn(ys, (3, 4), 3, 0.05, circular=False, n_iter=6)
    assert found.D.shape == (3, 4, 1, 3)
    assert [g.shape for g in found.gamma] in ([], [(14, 9, 3), (8, 11, 3)])


@every_learner
def test_same_seed_same_filters(rng, learn):
    _, ys = planted(rng)
    one, other = (learn(ys, SIZE, 3, 0.1, n_iter=2) for _ in range(2))
    np.testing.assert_array_equal(one.D, other.D)
    third = learn(ys, SIZE, 3, 0.1, n_iter=2, rng=np.random.default_rng(5))
    assert np.abs(third.D - one.D).max() > 1e-3


@every_learner
def test_interrupted_learning_goes_on_as_if_nothing_had_happened(rng, xp, tmp_path, learn):
    _, ys = planted(rng, spaces=((40,), (30,)))
    ys, file = [xp(y) for y in ys], tmp_path / "state.npz"
    whole = learn(ys, SIZE, 3, 0.1, n_iter=3)
    learn(ys, SIZE, 3, 0.1, n_iter=1, checkpoint=file)
    resumed = learn(ys, SIZE, 3, 0.1, n_iter=3, checkpoint=file)
    np.testing.assert_array_equal(to_numpy(resumed.D), to_numpy(whole.D))
    assert resumed.trace == whole.trace and len(whole.trace) == 3
    for one, other in zip(resumed.gamma, whole.gamma, strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))


@every_learner
def test_a_damaged_or_foreign_checkpoint_is_refused(rng, tmp_path, learn):
    _, ys = planted(rng)
    file = tmp_path / "state.npz"
    learn(ys, SIZE, 3, 0.1, n_iter=2, checkpoint=file)
    with pytest.raises(ValueError, match="other data or settings"):
        learn(ys, SIZE, 3, 0.2, n_iter=2, checkpoint=file)
    with pytest.raises(ValueError, match="other data or settings"):
        learn(ys[1:], SIZE, 3, 0.1, n_iter=2, checkpoint=file)
    with pytest.raises(ValueError, match="holds 2 rounds"):
        learn(ys, SIZE, 3, 0.1, n_iter=1, checkpoint=file)
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0xFF
    for damaged in (content[: len(content) // 2], b"", b"not a checkpoint", bytes(flipped)):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match="damaged"):
            learn(ys, SIZE, 3, 0.1, n_iter=3, checkpoint=file)


# --- slices -----------------------------------------------------------------------------------------


def test_mod_is_least_squares(rng, xp, close):
    D, S, gamma = (rng.standard_normal(shape) for shape in ((4, 3), (4, 50), (3, 50)))
    new = np.linalg.lstsq(gamma.T, S.T, rcond=None)[0].T
    gamma[1] = 0
    others = np.linalg.lstsq(gamma[[0, 2]].T, S.T, rcond=None)[0].T
    new[:, [0, 2]], new[:, 1] = others / np.linalg.norm(others, axis=0), D[:, 1]
    close(mod_update(xp(D), xp(S), xp(gamma), None), new, factor=100)


@pytest.mark.parametrize("update", [ksvd_update, mod_update])
def test_updates_on_slices_find_the_dictionary_that_made_them(rng, xp, close, update):
    D = rng.standard_normal((6, 4))
    D /= np.linalg.norm(D, axis=0)
    gamma = rng.standard_normal((4, 200)) * (rng.random((4, 200)) < 0.3)
    start = D + 0.05 * rng.standard_normal(D.shape)
    found = xp(start / np.linalg.norm(start, axis=0))
    for _ in range(40 if update is ksvd_update else 1):
        found = update(found, xp(D @ gamma), xp(gamma), np.arange(4))
    if update is ksvd_update:  # its coefficients moved with the atoms: only the directions agree
        assert np.abs(np.sum(to_numpy(found) * D, axis=0)).min() > 0.9
    else:
        close(found, D, factor=100)


def test_slices_come_close_to_the_descent(rng):
    _, ys = planted(rng, spaces=((800,), (700,)), density=0.03)
    by_slices = slice_dictionary_learning(ys, (9,), 6, 0.2, rho=3.0, n_iter=60).trace
    by_descent = lobcod_dictionary_learning(ys, (9,), 6, 0.2, n_iter=60).trace
    assert by_slices[-1]["objective"] < 1.2 * by_descent[-1]["objective"]
    assert by_slices[-1]["objective"] < 0.5 * by_slices[0]["objective"]


# --- a stream ---------------------------------------------------------------------------------------


def test_a_stream_is_read_once_and_forgotten(rng):
    truth, _ = planted(rng)
    D0 = unit(rng.standard_normal((9, 1, 6)))

    def signal():
        return ConvDictionary(truth, (90,)) @ (rng.standard_normal((90, 3)) * (rng.random((90, 3)) < 0.05))

    found = online_dictionary_learning((signal() for _ in range(40)), (9,), 6, 0.2, D0=D0)
    assert len(found.trace) == 40 and found.gamma == ()
    unseen = np.stack([signal() for _ in range(5)])
    before, after = (basis_pursuit(ConvDictionary(D, (90,)), unseen, 0.2).trace[-1] for D in (D0, found.D))
    assert after < 0.8 * before


def test_a_stream_of_minibatches(rng):
    _, ys = planted(rng)
    found = online_dictionary_learning([ys, ys[:1], ys[1:]], SIZE, 3, 0.1)
    assert [row["nonzeros"] > 0 for row in found.trace] == [True] * 3
    with pytest.raises(ValueError, match="empty"):
        online_dictionary_learning([], SIZE, 3, 0.1)


def test_another_stream_than_that_of_the_checkpoint_is_refused(rng, tmp_path):
    _, ys = planted(rng, spaces=((60,), (60,), (60,)))
    file = tmp_path / "state.npz"
    online_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=2, checkpoint=file)
    with pytest.raises(ValueError, match="not those of the checkpoint"):
        online_dictionary_learning([ys[0], ys[2], ys[1]], SIZE, 3, 0.1, checkpoint=file)
    whole = online_dictionary_learning(ys, SIZE, 3, 0.1)
    np.testing.assert_array_equal(online_dictionary_learning(ys, SIZE, 3, 0.1, checkpoint=file).D, whole.D)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"lam": 0.0}, "lam"),
        ({"lam": -1.0}, "lam"),
        ({"m": 0}, "m = 0"),
        ({"n_iter": 0}, "n_iter"),
        ({"ridge": 1.0}, "D0"),
        ({"D0": np.ones((4, 1, 3))}, "D0 has shape"),
        ({"D0": np.zeros((5, 1, 3))}, "zero"),
        ({"masks": [np.ones((60, 1))] * 3}, "3 masks"),
        ({"masks": np.full((60, 1), 0.5)}, "0 and 1"),
        ({"ys": []}, "empty"),
        ({"ys": [np.full((60, 1), np.nan)]}, "NaN"),
        ({"ys": [np.ones((60, 1)), np.ones((60, 2))]}, "channels"),
        ({"ys": [np.ones((3, 1))]}, "do not fit"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {"ys": [np.ones((60, 1)), np.ones((60, 1))], "size": SIZE, "m": 3, "lam": 0.1} | change
    with pytest.raises(ValueError, match=message):
        lobcod_dictionary_learning(**arguments)
