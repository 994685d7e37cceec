"""A trained network is a pursuit: its codes are those of the model, its gradients those of its loss."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from cscbook import load_digit_network, load_digits
from cscbook.arrays import to_numpy
from cscbook.layered import forward_pass, layered_iterative_thresholding, sweep
from cscbook.networks import Network, load_network, save_network
from cscbook.networks.classifier import accuracy, dictionaries, loss_and_gradients, scores, shifted, train_cnn
from cscbook.networks.optimisers import adam, adam_on_support, cross_entropy, sgd
from cscbook.networks.plans import Geometry, cnn, layered_ista, ml_ista
from cscbook.shrinkage import soft_nonnegative

REGISTRY = Path(__file__).parents[1] / "data" / "registry.json"
LAYERS = (Geometry((3, 3), 2, (9, 9)), Geometry((2, 2), 1, (4, 4)), Geometry((3, 3), 1, (3, 3)))
PLANS = {
    "cnn": cnn,
    "layered": layered_ista(2),
    "ml-ista": ml_ista(2),
    "ml-fista": ml_ista(3, momentum=True),
}


def parameters(xp, rng, free=False):
    theta, c = {}, 1
    for i, (layer, m) in enumerate(zip(LAYERS, (4, 5, 6), strict=True), 1):
        for name in "WV" if free else "W":
            theta[f"{name}{i}"] = xp(0.3 * rng.standard_normal((*layer.size, c, m)))
        theta[f"b{i}"], theta[f"c{i}"], c = xp(0.3 * rng.standard_normal(m)), xp([0.4]), m
    return theta | {"U": xp(rng.standard_normal((6, 3))), "v": xp(rng.standard_normal(3)), "gain": xp([1.5])}


def layers_of(theta):
    network = type("Network", (), {"theta": theta, "layers": LAYERS})
    return dictionaries(network), [theta[f"b{i}"] for i in (1, 2, 3)]


def test_a_cnn_is_the_layered_forward_pass(xp, rng, close):
    theta, x = parameters(xp, rng), xp(rng.standard_normal((2, 9, 9, 1)))
    D, b = layers_of(theta)
    close(cnn(theta, x, LAYERS)[0], forward_pass(D, x, [-one for one in b])[-1])


def test_unfolded_networks_are_the_pursuits_of_the_model(xp, rng, close):
    theta, x = parameters(xp, rng), xp(rng.standard_normal((2, 9, 9, 1)))
    D, b = layers_of(theta)
    betas, code = [-one for one in b], cnn(theta, x, LAYERS)[0]
    for _ in range(2):
        code = sweep(D, x, code, [0.4] * 3, betas, soft_nonnegative)[-1]
    close(ml_ista(2)(theta, x, LAYERS)[0], code)
    for i in (1, 2, 3):
        theta[f"c{i}"], theta[f"b{i}"] = xp([0.4]), xp(np.full(to_numpy(b[i - 1]).shape, -0.04))
    once = {f"W{i}": 0.4 * theta[f"W{i}"] for i in (1, 2, 3)}
    first = layered_ista(0)(theta | once, x, LAYERS)[0]
    close(first, layered_iterative_thresholding(*_with_steps(D, x), 1, _ista_of_04, soft_nonnegative)[-1])


def _with_steps(D, x):
    return D, x, [0.1] * 3


def _ista_of_04(D, y, lam, shrink):
    from cscbook import ista

    return ista(D, y, lam, lipschitz=2.5, shrink=shrink)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("free", [False, True])
def test_gradients_are_those_of_finite_differences(rng, plan, free):
    theta = parameters(np.asarray, rng, free)
    x, labels = rng.standard_normal((4, 9, 9, 1)), np.array([0, 1, 2, 1])

    def loss(theta):
        return loss_and_gradients(theta, x, labels, PLANS[plan], LAYERS)[0]

    grads = loss_and_gradients(theta, x, labels, PLANS[plan], LAYERS)[2]
    assert {"W1", "b3", "U", "v"} <= set(grads)
    for name, grad in grads.items():
        d = rng.standard_normal(theta[name].shape)
        ahead, behind = (loss(theta | {name: theta[name] + s * d}) for s in (1e-6, -1e-6))
        assert np.sum(grad * d) == pytest.approx((ahead - behind) / 2e-6, rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize("plan", PLANS)
def test_every_library_has_the_same_gradients(xp, rng, close, plan):
    theta = parameters(np.asarray, rng)
    x, labels = rng.standard_normal((2, 9, 9, 1)), np.array([0, 2])
    there = {name: xp(a) for name, a in theta.items()}
    expected = loss_and_gradients(theta, x, labels, PLANS[plan], LAYERS)[2]
    found = loss_and_gradients(there, xp(x), labels, PLANS[plan], LAYERS)[2]
    for name, grad in expected.items():
        close(found[name], grad, 10)


def test_gradients_are_those_of_torch(rng):
    torch = pytest.importorskip("torch")
    theta = parameters(np.asarray, rng)
    x, labels = rng.standard_normal((4, 9, 9, 1)), np.array([0, 1, 2, 1])
    tensors = {n: torch.tensor(np.array(a), requires_grad=True) for n, a in theta.items()}
    code = torch.tensor(np.moveaxis(x, -1, 1))
    for i, layer in enumerate(LAYERS, 1):
        W = tensors[f"W{i}"].permute(3, 2, 0, 1)
        code = torch.relu(torch.nn.functional.conv2d(code, W, tensors[f"b{i}"], stride=layer.stride))
    found = 1.5 * code.permute(0, 2, 3, 1).reshape(4, -1) @ tensors["U"] + tensors["v"]
    loss = torch.nn.functional.cross_entropy(found, torch.tensor(labels))
    loss.backward()
    ours, _, grads = loss_and_gradients(theta, x, labels, cnn, LAYERS)
    assert ours == pytest.approx(float(loss), rel=1e-12)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, tensors[name].grad.numpy(), rtol=0, atol=1e-10)


def test_cross_entropy_and_its_gradient(rng):
    scores, labels = rng.standard_normal((5, 4)) * 50, np.array([0, 1, 2, 3, 0])
    loss, g = cross_entropy(scores, labels)
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    assert loss == pytest.approx(-np.mean(np.log(p[range(5), labels])))
    np.testing.assert_allclose(g, (p - np.eye(4)[labels]) / 5, atol=1e-15)


def test_adam_and_sgd_descend_a_bowl():
    for optimizer, rate in ((adam, 0.05), (sgd, 0.05)):
        x, m, v = np.array([3.0, -2.0]), np.zeros(2), np.zeros(2)
        for t in range(1, 400):
            x, m, v = optimizer(x, x, m, v, t, rate)
        assert np.abs(x).max() < 1e-2


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
    with pytest.raises(ValueError, match="300 integers"):
        train_cnn(x, y[:-1])
    with pytest.raises(ValueError, match="expected all of 0, 1"):
        train_cnn(x, y + 1)
    with pytest.raises(ValueError, match="one a layer"):
        train_cnn(x, y, atoms=(3, 4))
    with pytest.raises(ValueError, match="do not fit"):
        train_cnn(x, y, sizes=((6, 6), (20, 20), (4, 4)))


def test_the_shipped_network_is_what_the_registry_says():
    net, claims = load_digit_network(), json.loads(REGISTRY.read_text())["digit_network.npz"]
    _, _, x, y = load_digits()
    found = accuracy(net, x.astype("f4"), y)
    assert found == pytest.approx(claims["held_out_accuracy"], abs=0.0011) and found >= 0.985
    W = [to_numpy(net.theta[f"W{i}"]) for i in (1, 2, 3)]
    assert [w.shape for w in W] == [(6, 6, 1, 32), (6, 6, 32, 64), (4, 4, 64, 512)]
    assert [int(np.count_nonzero(w)) for w in W] == claims["nonzeros"]
    assert sum(claims["nonzeros"]) < 0.07 * sum(w.size for w in W)
    assert claims["bytes"] < 350_000 and claims["cpu_seconds"] < 300 and claims["seed"] == 0
    assert claims["command"] == "python data/train_digits_network.py"


def test_a_network_is_read_as_it_was_written(tmp_path, rng):
    theta = parameters(np.asarray, rng)
    theta["W2"] = np.where(abs(theta["W2"]) > 0.3, theta["W2"], 0)
    save_network(tmp_path / "a.npz", Network(theta, LAYERS, cnn))
    net = load_network(tmp_path / "a.npz")
    assert net.layers == LAYERS and net.plan is cnn and set(net.theta) == set(theta)
    for name, a in theta.items():
        np.testing.assert_array_equal(net.theta[name], a.astype("f2").astype("f4"))
    save_network(tmp_path / "b.npz", net)
    assert (tmp_path / "b.npz").read_bytes() == (tmp_path / "a.npz").read_bytes()
    with pytest.raises(ValueError, match="expected cnn"):
        save_network(tmp_path / "c.npz", Network(theta, LAYERS, ml_ista(1)))


def test_a_network_of_another_is_refused(tmp_path, rng, monkeypatch):
    (tmp_path / "registry.json").write_text(REGISTRY.read_text())
    save_network(tmp_path / "digit_network.npz", Network(parameters(np.asarray, rng), LAYERS, cnn))
    monkeypatch.setenv("CSCBOOK_DATA", str(tmp_path))
    with pytest.raises(
        ValueError, match=hashlib.sha256((tmp_path / "digit_network.npz").read_bytes()).hexdigest()
    ):
        load_digit_network()
