"""Pooling: its largest entries and its gradients."""

import numpy as np
import pytest

from cscbook.arrays import to_numpy
from cscbook.networks.classifier import loss_and_gradients
from cscbook.networks.plans import Geometry
from cscbook.networks.pooling import max_pool, pooled_cnn


@pytest.mark.parametrize(("shape", "axes"), [((2, 6, 4, 3), 2), ((4, 6, 2), 1), ((8, 3), 1)])
def test_pooling_keeps_the_largest_of_each_block(xp, rng, close, shape, axes):
    code = rng.standard_normal(shape)
    top, pull = max_pool(xp(code), 2, axes)
    batch = len(shape) - axes - 1
    expected = code
    for axis in range(batch, batch + axes):
        expected = np.maximum(
            np.take(expected, range(0, shape[axis], 2), axis),
            np.take(expected, range(1, shape[axis], 2), axis),
        )
    close(top, expected)
    g = rng.standard_normal(expected.shape)
    d = rng.standard_normal(shape)
    moved = (max_pool(code + 1e-6 * d, 2, axes)[0] - max_pool(code - 1e-6 * d, 2, axes)[0]) / 2e-6
    back = to_numpy(pull(xp(g)))
    assert np.sum(back * d) == pytest.approx(np.sum(g * moved), rel=1e-4)
    assert np.count_nonzero(back) == g.size
    with pytest.raises(ValueError, match="do not divide"):
        max_pool(xp(code), 5, axes)


LAYERS = (Geometry((2, 2), 2, (9, 9)), Geometry((3, 3), 2, (4, 4)))


def pooled_parameters(rng):
    theta, c = {}, 1
    for i, (layer, m) in enumerate(zip(LAYERS, (4, 5), strict=True), 1):
        theta[f"W{i}"] = rng.standard_normal((*layer.size, c, m))
        theta[f"b{i}"], c = 0.3 * rng.standard_normal(m), m
    return theta | {"U": rng.standard_normal((5, 3)), "v": rng.standard_normal(3), "gain": np.array([1.5])}


def test_gradients_with_pooling_are_those_of_finite_differences(rng):
    theta, x, labels = pooled_parameters(rng), rng.standard_normal((4, 9, 9, 1)), np.array([0, 1, 2, 1])

    def loss(theta):
        return loss_and_gradients(theta, x, labels, pooled_cnn, LAYERS)[0]

    grads = loss_and_gradients(theta, x, labels, pooled_cnn, LAYERS)[2]
    assert set(grads) == {"W1", "b1", "W2", "b2", "U", "v"}
    for name, grad in grads.items():
        d = rng.standard_normal(theta[name].shape)
        ahead, behind = (loss(theta | {name: theta[name] + s * d}) for s in (1e-6, -1e-6))
        assert np.sum(grad * d) == pytest.approx((ahead - behind) / 2e-6, rel=1e-6, abs=1e-8), name


def test_a_pooled_network_is_that_of_torch(rng):
    torch = pytest.importorskip("torch")
    theta, x = pooled_parameters(rng), rng.standard_normal((3, 9, 9, 1))
    code = torch.tensor(np.moveaxis(x, -1, 1))
    for i in (1, 2):
        W = torch.tensor(np.moveaxis(theta[f"W{i}"], (-1, -2), (0, 1)).copy())
        code = torch.relu(torch.nn.functional.conv2d(code, W, torch.tensor(theta[f"b{i}"])))
        code = torch.nn.functional.max_pool2d(code, 2)
    np.testing.assert_allclose(pooled_cnn(theta, x, LAYERS)[0], np.moveaxis(code.numpy(), 1, -1), atol=1e-12)
