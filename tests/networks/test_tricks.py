"""Tricks of networks: their gradients, and what they are in terms of the layers that they are made of."""

from dataclasses import replace

import numpy as np
import pytest

from cscbook.networks import Network, train_cnn
from cscbook.networks.classifier import loss_and_gradients
from cscbook.networks.plans import Geometry, cnn, layered_ista
from cscbook.networks.tricks import batch_normalised, dense, disturbed, dropout, folded, residual

LAYERS = (Geometry((2, 2), 2, (9, 9)), Geometry((3, 3), 1, (4, 4)))
CODES = {"residual": (4, 4, 4), "dense": (84,), "layer": (2, 2, 5)}


def parameters(rng, features, free=False):
    theta, c = {}, 1
    for i, (layer, m) in enumerate(zip(LAYERS, (4, 5), strict=True), 1):
        theta[f"W{i}"] = 0.5 * rng.standard_normal((*layer.size, c, m))
        theta[f"b{i}"], c = 0.3 * rng.standard_normal(m), m
    if free:
        theta["V2"] = 0.5 * rng.standard_normal(theta["W2"].shape)
    features = int(np.prod(features))
    return theta | {"U": rng.standard_normal((features, 3)), "v": rng.standard_normal(3), "gain": np.ones(1)}


@pytest.mark.parametrize(("plan", "code", "free"), [
    (lambda: residual(2), "residual", True), (lambda: residual(3), "residual", False),
    (lambda: residual(2, skip=False), "residual", True), (lambda: dense, "dense", False),
    (lambda: batch_normalised, "layer", False),
    (lambda: dropout(0.3, np.random.default_rng(4)), "layer", False),
    (lambda: disturbed(0.2, np.random.default_rng(4)), "layer", False),
])  # fmt: skip
def test_gradients_are_those_of_finite_differences(plan, code, free):
    """A plan that draws is made anew for each call, so that it draws the same."""
    rng = np.random.default_rng(0)
    theta = parameters(rng, CODES[code], free)
    x, labels = rng.standard_normal((4, 9, 9, 1)), np.array([0, 1, 2, 1])

    def loss(theta, x):
        return loss_and_gradients(theta, x, labels, plan(), LAYERS)[0]

    grads = loss_and_gradients(theta, x, labels, plan(), LAYERS, signal=True)[2]
    assert set(grads) == set(theta) - {"gain"} | {"x"}
    for name, grad in grads.items():
        d = rng.standard_normal(grad.shape)
        moved = [loss(theta | {name: theta[name] + s * d} if name != "x" else theta,
                      x + s * d if name == "x" else x) for s in (1e-6, -1e-6)]  # fmt: skip
        assert np.sum(grad * d) == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-6, abs=1e-8), name


def test_no_block_is_one_layer_and_a_block_of_zeros_changes_nothing(rng):
    theta, x = parameters(rng, CODES["residual"]), rng.standard_normal((3, 9, 9, 1))
    first = cnn(theta, x, LAYERS[:1])[0]
    np.testing.assert_array_equal(residual(0)(theta, x, LAYERS)[0], first)
    still = theta | {"W2": 0 * theta["W2"]}
    np.testing.assert_array_equal(residual(5)(still, x, LAYERS)[0], first)
    assert not residual(1, skip=False)(still, x, LAYERS)[0].any()


def test_a_dense_code_holds_the_codes_of_all_layers(rng):
    theta, x = parameters(rng, CODES["dense"]), rng.standard_normal((3, 9, 9, 1))
    code = dense(theta, x, LAYERS)[0]
    np.testing.assert_array_equal(code[:, :64].reshape(3, 4, 4, 4), cnn(theta, x, LAYERS[:1])[0])
    np.testing.assert_array_equal(code[:, 64:].reshape(3, 2, 2, 5), cnn(theta, x, LAYERS)[0])


def test_a_normalised_network_folds_into_an_ordinary_one_and_ignores_the_size_of_its_filters(rng):
    theta, x = parameters(rng, CODES["layer"]), rng.standard_normal((30, 9, 9, 1))
    code = batch_normalised(theta, x, LAYERS)[0]
    plain = folded(Network(theta, LAYERS, batch_normalised), x)
    np.testing.assert_allclose(plain.plan(plain.theta, x, LAYERS)[0], code, atol=1e-12)
    larger = theta | {"W1": theta["W1"] * np.array([1e2, 1e3, 1e4, 1e5])}
    np.testing.assert_allclose(batch_normalised(larger, x, LAYERS)[0], code, atol=1e-3)
    with pytest.raises(ValueError, match="expected batch_normalised"):
        folded(plain, x)


def test_dropout_keeps_the_mean_and_drops_the_share(rng):
    theta, x = parameters(rng, CODES["layer"]), rng.standard_normal((400, 9, 9, 1))
    np.testing.assert_array_equal(dropout(0)(theta, x, LAYERS)[0], cnn(theta, x, LAYERS)[0])
    one, layers = {"W1": theta["W1"], "b1": theta["b1"] + 9}, LAYERS[:1]
    full, thinned = cnn(one, x, layers)[0], dropout(0.25, rng)(one, x, layers)[0]
    assert np.mean(thinned == 0) == pytest.approx(0.25, abs=0.01)
    np.testing.assert_allclose(thinned[thinned != 0], full[thinned != 0] / 0.75)
    with pytest.raises(ValueError, match="q = 1"):
        dropout(1)


def test_a_trained_network_keeps_its_arrays_when_dropout_ends(rng):
    x, y = rng.standard_normal((20, 9, 9, 1)), np.arange(20) % 2
    small = {"sizes": ((2, 2), (3, 3)), "atoms": (4, 5), "strides": (2, 1), "n_iter": 2}
    for plan in (dropout(0.2, rng), disturbed(0.1, rng), residual(2), dense, batch_normalised):
        net = train_cnn(x, y, plan=plan, rng=rng, **small)
        assert np.isfinite(net.trace[-1]["loss"])
    assert replace(net, plan=cnn).theta is net.theta


def test_steps_of_the_pursuit_have_the_form_of_a_block_that_sees_the_signal(rng):
    """ISTA from the code before: identity plus a branch, whose signal is what the code leaves."""
    theta = {"W1": rng.standard_normal((3, 3, 1, 2)), "b1": -0.1 * np.ones(2), "c1": np.array([0.05])}
    x, layer = rng.standard_normal((1, 6, 6, 1)), Geometry((3, 3), 1, (6, 6))
    D = np.zeros((36, 32))
    for j, (p, k) in enumerate((p, k) for p in range(16) for k in range(2)):
        atom = np.zeros((6, 6))
        atom[p // 4 : p // 4 + 3, p % 4 : p % 4 + 3] = theta["W1"][:, :, 0, k]
        D[:, j] = atom.ravel()
    code = np.maximum(D.T @ x.ravel() - 0.1, 0)
    code = np.maximum(code + 0.05 * D.T @ (x.ravel() - D @ code) - 0.1, 0)
    np.testing.assert_allclose(layered_ista(1)(theta, x, (layer,))[0].ravel(), code, atol=1e-12)
