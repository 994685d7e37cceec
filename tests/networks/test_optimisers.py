"""Loss, gradients and the rules that descend them."""

import numpy as np
import pytest
from problems import LAYERS, PLANS, parameters

from cscbook.networks.classifier import loss_and_gradients
from cscbook.networks.optimisers import adam, cross_entropy, sgd
from cscbook.networks.plans import cnn


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
