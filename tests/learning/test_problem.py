"""What all learners of convolutional filters share: what they recover, seeds, borders, interruptions."""

import inspect
import itertools
from functools import partial

import numpy as np
import pytest
from problems import SIZE, planted_filters

from cscbook import (
    lobcod_dictionary_learning,
    online_dictionary_learning,
    slice_dictionary_learning,
    to_numpy,
)
from cscbook.learning import mod_update


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


@every_learner
def test_planted_filters_are_found(rng, learn):
    truth, ys = planted_filters(rng, spaces=((800,), (700,)), density=0.03)
    found = learn(ys, (9,), 6, 0.2, n_iter=60)  # longer than the truth: a filter may come shifted
    best = [max_correlation(d, found.D) for d in np.moveaxis(truth[:, 0], -1, 0)]
    assert min(best) > 0.95


def max_correlation(d, filters):
    """Largest |cosine| of a filter with any filter learned, over all shifts."""
    return max(np.abs(np.correlate(d, f, "full")).max() for f in np.moveaxis(filters[:, 0], -1, 0))


@every_learner
def test_filters_have_norm_one_and_no_mean_if_asked(rng, xp, learn):
    _, ys = planted_filters(rng, spaces=((40,), (30,)))
    D = to_numpy(learn([xp(y) for y in ys], SIZE, 3, 0.1, zero_mean=True, n_iter=3).D)
    np.testing.assert_allclose(D.sum(axis=0), 0, atol=10 * xp.tol)
    np.testing.assert_allclose(np.sum(D**2, axis=(0, 1)), 1, rtol=10 * xp.tol)


@pytest.mark.parametrize("learn", [lobcod_dictionary_learning, slice_dictionary_learning])
def test_signals_may_come_as_a_list_or_as_a_batch(rng, learn):
    _, ys = planted_filters(rng, spaces=((60,), (60,)))
    one, other = learn(ys, SIZE, 3, 0.1, n_iter=2), learn(np.stack(ys), SIZE, 3, 0.1, n_iter=2)
    np.testing.assert_array_equal(one.D, other.D)
    assert len(other.gamma) == 2


@every_learner
def test_images_of_different_size_with_borders(rng, learn):
    _, ys = planted_filters(rng, spaces=((16, 12), (10, 14)), size=(3, 4))
    found = learn(ys, (3, 4), 3, 0.05, circular=False, n_iter=6)
    assert found.D.shape == (3, 4, 1, 3)
    assert [g.shape for g in found.gamma] in ([], [(14, 9, 3), (8, 11, 3)])


@every_learner
def test_same_seed_same_filters(rng, learn):
    _, ys = planted_filters(rng)
    one, other = (learn(ys, SIZE, 3, 0.1, n_iter=2) for _ in range(2))
    np.testing.assert_array_equal(one.D, other.D)
    third = learn(ys, SIZE, 3, 0.1, n_iter=2, rng=np.random.default_rng(5))
    assert np.abs(third.D - one.D).max() > 1e-3


@every_learner
def test_interrupted_learning_goes_on_as_if_nothing_had_happened(rng, xp, tmp_path, learn):
    _, ys = planted_filters(rng, spaces=((40,), (30,)))
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
    _, ys = planted_filters(rng)
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


@every_learner
def test_shared_keywords_have_their_defaults_and_others_are_named(rng, learn):
    _, ys = planted_filters(rng, spaces=((40,), (30,)))
    shared = {"D0": None, "circular": True, "zero_mean": False}
    running = {"rng": None, "progress": False, "checkpoint": None}
    one, other = learn(ys, SIZE, 3, 0.1, n_iter=1), learn(ys, SIZE, 3, 0.1, n_iter=1, **shared, **running)
    np.testing.assert_array_equal(one.D, other.D)
    for unknown in {"lipschitz", "ridge", "masks"} - {*inspect.signature(learn).parameters}:
        if unknown != "masks" or learn is online:
            with pytest.raises(TypeError, match=unknown):
                learn(ys, SIZE, 3, 0.1, n_iter=1, **{unknown: 1.0})


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
