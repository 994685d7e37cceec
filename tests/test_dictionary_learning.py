"""Convolutional dictionary learning: its gradient, its descent, what it recovers, and how it goes on after
an interruption."""

import numpy as np
import pytest

from cscbook import ConvDictionary, lobcod_dictionary_learning, to_numpy
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
    _, ys = planted(rng)
    masks = [(rng.random(y.shape) < 0.8) * 1.0 for y in ys] if masked else None
    D0 = rng.standard_normal((*SIZE, 1, 3))
    found = lobcod_dictionary_learning(
        [xp(y) for y in ys], SIZE, 3, 0.1, D0=xp(D0), n_iter=6, circular=circular,
        masks=None if masks is None else [xp(M) for M in masks],
    )  # fmt: skip
    values = [row["objective"] for row in found.trace]
    assert np.all(np.diff(values) <= 1e-6 * values[0]) and values[-1] < values[0]
    D, gammas = to_numpy(found.D), [to_numpy(g) for g in found.gamma]
    np.testing.assert_allclose(values[-1], objective(D, ys, gammas, 0.1, masks, circular), rtol=1e-5)
    np.testing.assert_allclose(np.sum(D**2, axis=(0, 1)), 1, rtol=1e-5)
    assert found.trace[-1]["nonzeros"] == sum(np.count_nonzero(g) for g in gammas)
    assert found.D.dtype == getattr(xp.namespace, xp.dtype)


def test_planted_filters_are_found(rng):
    truth, ys = planted(rng, spaces=((800,), (700,)), density=0.03)
    found = lobcod_dictionary_learning(ys, (9,), 6, 0.2, n_iter=40)  # longer: a filter may come shifted
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


def test_zero_mean_filters(rng):
    _, ys = planted(rng)
    D = lobcod_dictionary_learning(ys, SIZE, 3, 0.1, zero_mean=True, n_iter=3).D
    np.testing.assert_allclose(D.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.sum(D**2, axis=(0, 1)), 1)


def test_signals_may_come_as_a_list_or_as_a_batch(rng):
    _, ys = planted(rng, spaces=((60,), (60,)))
    one = lobcod_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=2)
    other = lobcod_dictionary_learning(np.stack(ys), SIZE, 3, 0.1, n_iter=2)
    np.testing.assert_array_equal(one.D, other.D)
    assert len(other.gamma) == 2


def test_same_seed_same_filters(rng):
    _, ys = planted(rng)
    one, other = (lobcod_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=2) for _ in range(2))
    np.testing.assert_array_equal(one.D, other.D)
    third = lobcod_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=2, rng=np.random.default_rng(5))
    assert np.abs(third.D - one.D).max() > 1e-3


def test_interrupted_learning_goes_on_as_if_nothing_had_happened(rng, xp, tmp_path):
    _, ys = planted(rng)
    ys, file = [xp(y) for y in ys], tmp_path / "state.npz"
    whole = lobcod_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=5)
    lobcod_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=2, checkpoint=file)
    resumed = lobcod_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=5, checkpoint=file)
    np.testing.assert_array_equal(to_numpy(resumed.D), to_numpy(whole.D))
    assert resumed.trace == whole.trace and len(whole.trace) == 5
    for one, other in zip(resumed.gamma, whole.gamma, strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))


def test_a_damaged_or_foreign_checkpoint_is_refused(rng, tmp_path):
    _, ys = planted(rng)
    file = tmp_path / "state.npz"
    lobcod_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=2, checkpoint=file)
    with pytest.raises(ValueError, match="other data or settings"):
        lobcod_dictionary_learning(ys, SIZE, 3, 0.2, n_iter=2, checkpoint=file)
    with pytest.raises(ValueError, match="other data or settings"):
        lobcod_dictionary_learning(ys[:1], SIZE, 3, 0.1, n_iter=2, checkpoint=file)
    with pytest.raises(ValueError, match="holds 2 rounds"):
        lobcod_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=1, checkpoint=file)
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0xFF
    for damaged in (content[: len(content) // 2], b"", b"not a checkpoint", bytes(flipped)):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match="damaged"):
            lobcod_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=3, checkpoint=file)


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
