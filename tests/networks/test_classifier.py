"""Training: it learns, goes on after an interruption, and keeps what it is told to keep."""

import numpy as np
import pytest
from problems import PLANS

from cscbook import load_digits
from cscbook.arrays import to_numpy
from cscbook.networks.classifier import accuracy, scores, shifted, train_cnn
from cscbook.networks.optimisers import adam, adam_on_support
from cscbook.networks.plans import ml_ista


def test_shifts_move_and_lose_only_at_the_border(xp, rng):
    x = np.zeros((6, 7, 7, 1))
    x[:, 3, 3] = 1
    moved = to_numpy(shifted(xp(x), 2, rng))
    assert moved.shape == x.shape and np.all(moved.sum((1, 2, 3)) == 1)
    at = np.argwhere(moved[..., 0])[:, 1:]
    assert np.abs(at - 3).max() <= 2 and len(np.unique(at, axis=0)) > 1


def few_digits():
    x, y, xt, yt = load_digits()
    keep, test = np.flatnonzero(y < 3)[:300], np.flatnonzero(yt < 3)
    return x[keep].astype("f4"), y[keep], xt[test].astype("f4"), yt[test]


SMALL = {"atoms": (4, 6, 16), "batch": 25, "rate": 5e-3}


@pytest.mark.parametrize("plan", PLANS)
def test_training_learns_digits(plan):
    x, y, xt, yt = few_digits()
    net = train_cnn(x, y, plan=PLANS[plan], n_iter=3, **SMALL)
    assert accuracy(net, xt, yt) > 0.9
    assert net.trace[-1]["loss"] < net.trace[0]["loss"]
    assert scores(net, xt).shape == (len(xt), 3) and scores(net, xt).dtype == np.float32


def test_interrupted_training_ends_where_it_would_have_ended(tmp_path):
    x, y, _, _ = few_digits()

    class Stop(Exception):
        pass

    calls = []

    def interrupted(*args):
        calls.append(1)
        if len(calls) > 150:
            raise Stop
        return adam(*args)

    interrupted.__qualname__ = "adam"
    options = SMALL | {"n_iter": 3, "shift": 1, "checkpoint": tmp_path / "net.npz"}
    with pytest.raises(Stop):
        train_cnn(x, y, optimizer=interrupted, **options)
    resumed = train_cnn(x, y, **options)
    whole = train_cnn(x, y, **{**options, "checkpoint": None})
    assert resumed.trace == whole.trace
    for name, a in whole.theta.items():
        np.testing.assert_array_equal(resumed.theta[name], a)
    with pytest.raises(ValueError, match="other data or settings"):
        train_cnn(x, y, **{**options, "rate": 1e-3})


def test_a_penalty_makes_filters_sparse():
    x, y, _, _ = few_digits()
    dense, sparse = (train_cnn(x, y, n_iter=3, l1=l1, **SMALL).theta for l1 in (0.0, 0.7))
    assert np.mean(dense["W2"] == 0) == 0 and 0.3 < np.mean(sparse["W2"] == 0) < 0.9


def test_a_refit_goes_on_from_a_network_and_leaves_its_zeros_alone():
    x, y, _, _ = few_digits()
    start = train_cnn(x, y, n_iter=3, l1=0.7, **SMALL)
    net = train_cnn(x, y, n_iter=3, start=start, optimizer=adam_on_support, **SMALL)
    for name, a in start.theta.items():
        np.testing.assert_array_equal(net.theta[name] == 0, a == 0)
    assert np.mean(start.theta["W2"] == 0) > 0.3 and not np.array_equal(net.theta["W2"], start.theta["W2"])
    assert net.trace[0]["loss"] < start.trace[-1]["loss"], "without the penalty it fits better"
    still = train_cnn(x, y, n_iter=1, start=start, **SMALL | {"rate": 0.0}).theta
    for name, a in start.theta.items():
        np.testing.assert_array_equal(still[name], a)


def test_a_start_must_fit():
    x, y, _, _ = few_digits()
    start = train_cnn(x, y, n_iter=1, **SMALL)
    for change in ({"atoms": (4, 6, 15)}, {"plan": ml_ista(1)}, {"strides": (2, 1, 1)}):
        with pytest.raises(ValueError, match="start has atoms, classes, plan and layers"):
            train_cnn(x, y, start=start, **SMALL | change)
    with pytest.raises(ValueError, match="start has"):
        train_cnn(x[y < 2], y[y < 2], start=start, **SMALL)


def test_free_filters_go_their_own_way():
    x, y, _, _ = few_digits()
    theta = train_cnn(x, y, plan=ml_ista(1), free=True, n_iter=1, **SMALL).theta
    assert not np.allclose(theta["V2"], theta["W2"])


def test_wrong_input_is_named():
    x, y, _, _ = few_digits()
    with pytest.raises(ValueError, match=r"labels has shape \(299,\): expected \(300,\)"):
        train_cnn(x, y[:-1])
    with pytest.raises(ValueError, match="expected all of 0, 1"):
        train_cnn(x, y + 1)
    with pytest.raises(ValueError, match="one per layer"):
        train_cnn(x, y, atoms=(3, 4))
    with pytest.raises(ValueError, match="do not fit"):
        train_cnn(x, y, sizes=((6, 6), (20, 20), (4, 4)))
    with pytest.raises(TypeError, match="'speed'"):
        train_cnn(x, y, speed=1e-3, **SMALL)
