"""The forward pass of a convolutional network is layered thresholding, whatever the network."""

import numpy as np
import pytest
from scipy.signal import correlate

from cscbook import ConvDictionary, forward_pass, layered_thresholding, nonnegative, positive_parts, soft
from cscbook.arrays import asarray, to_numpy
from cscbook.networks.classifier import loss_and_gradients
from cscbook.networks.plans import Geometry
from cscbook.networks.pooling import max_pool, pooled_cnn


def network(rng):
    """A random network: two or three layers on a plane or a line, any sizes, strides, channels and biases."""
    d, layers = int(rng.integers(1, 3)), []
    space, c = tuple(rng.integers(20, 26, d).tolist()), int(rng.integers(1, 4))
    signal = (*rng.integers(1, 4, rng.integers(3)).tolist(), *space, c)
    for _ in range(rng.integers(2, 4)):
        size, m = tuple(rng.integers(1, 4, d).tolist()), int(rng.integers(1, 6))
        D = ConvDictionary(rng.standard_normal((*size, c, m)), space, int(rng.integers(1, 3)), circular=False)
        layers.append((D, rng.standard_normal(m)))
        space, c = D.positions, m
    return layers, rng.standard_normal(signal)


def by_loops(x, W, b, stride, space):
    """One layer, written as a programmer of networks would: every output is a sum of products."""
    d = len(space)
    out = np.zeros((*x.shape[: -d - 1], *space, W.shape[-1]))
    for at in np.ndindex(*space):
        window = tuple(slice(stride * i, stride * i + n) for i, n in zip(at, W.shape, strict=False))
        for k in range(W.shape[-1]):
            seen = np.sum(x[(..., *window, slice(None))] * W[..., k], axis=tuple(range(-d - 1, 0)))
            out[(..., *at, k)] = np.maximum(0.0, seen + b[k])
    return out


def by_scipy(x, W, b, stride):
    """The same with SciPy's cross-correlation, channel by channel, for one signal."""
    d, c = W.ndim - 2, W.shape[-2]
    maps = [
        sum(correlate(x[..., j], W[..., j, k], mode="valid") for j in range(c)) for k in range(W.shape[-1])
    ]
    return np.maximum(0.0, np.stack(maps, -1)[(slice(None, None, stride),) * d] + b)


@pytest.mark.parametrize("seed", range(24))
def test_a_forward_pass_is_a_convolutional_network(xp, seed):
    layers, x = network(np.random.default_rng(seed))
    ours = forward_pass(
        [ConvDictionary(xp(D.filters), D.space, D.stride, circular=False) for D, _ in layers],
        xp(x),
        [xp(-b) for _, b in layers],
    )
    loops = single = x
    for (D, b), code in zip(layers, ours, strict=True):
        loops = by_loops(loops, D.filters, b, D.stride, D.positions)
        scale = max(1.0, float(np.abs(loops).max()))
        np.testing.assert_allclose(to_numpy(code), loops, rtol=0, atol=xp.tol * scale)
        if x.ndim == len(D.space) + 1:  # no batch
            single = by_scipy(single, D.filters, b, D.stride)
            np.testing.assert_allclose(single, loops, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("seed", range(24))
def test_a_forward_pass_is_that_of_torch(seed):
    torch = pytest.importorskip("torch")
    layers, x = network(np.random.default_rng(seed))
    d = len(layers[0][0].space)
    convolve = (torch.nn.functional.conv1d, torch.nn.functional.conv2d)[d - 1]
    ours = forward_pass([D for D, _ in layers], x, [-b for _, b in layers])
    code = torch.tensor(np.moveaxis(x.reshape(-1, *x.shape[-d - 1 :]), -1, 1))
    for (D, b), found in zip(layers, ours, strict=True):
        W = torch.tensor(np.moveaxis(D.filters, (-1, -2), (0, 1)).copy())
        code = torch.relu(convolve(code, W, torch.tensor(b), stride=D.stride))
        theirs = np.moveaxis(code.numpy(), 1, -1).reshape(found.shape)
        np.testing.assert_allclose(found, theirs, rtol=0, atol=1e-12 * max(1.0, np.abs(found).max()))


def test_soft_thresholds_of_both_signs_are_a_network_of_twice_the_channels(xp, rng, close):
    D = [
        ConvDictionary(xp(rng.standard_normal((3, 2, 4))), (16,), 1),
        ConvDictionary(xp(rng.standard_normal((3, 4, 5))), (16,), 2),
    ]
    x, betas = xp(rng.standard_normal((16, 2))), [1.0, 2.0]
    signed = layered_thresholding(D, x, betas, soft)
    rectified = forward_pass(_split(D), x, betas)
    for gamma, parts in zip(signed, rectified, strict=True):
        close(parts, to_numpy(positive_parts(gamma)), 10)


def _split(D):
    """``[W, -W]`` for the signal, then ``[[W, -W], [-W, W]]`` for the parts of a code."""
    first, second = D
    W = to_numpy(second.filters)
    both = np.concatenate([np.concatenate([W, -W], -1), np.concatenate([-W, W], -1)], -2)
    deeper = ConvDictionary(asarray(both, like=first.filters), second.space, second.stride)
    return [nonnegative([first])[0], deeper]


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
