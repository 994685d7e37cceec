"""Layer after layer: any pursuit, and the forward pass of a convolutional network."""

from functools import partial

import numpy as np
import pytest
from problems import CHAINS, chain
from scipy.signal import correlate

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    dense,
    forward_pass,
    hard,
    layered,
    layered_basis_pursuit,
    layered_iterative_thresholding,
    layered_thresholding,
    local_ista,
    nonnegative,
    omp,
    positive_parts,
    slice_admm,
    soft,
    thresholding,
)
from cscbook.arrays import asarray, to_numpy


@pytest.mark.parametrize("space, c, layers, circular", CHAINS)
@pytest.mark.parametrize("shrink", [hard, soft])
def test_layered_thresholding_equals_that_of_the_matrices(xp, rng, close, space, c, layers, circular, shrink):
    dictionaries = chain(xp, rng, space, c, layers, circular)
    y = rng.standard_normal((*space, c))
    found = layered_thresholding(dictionaries, xp(y), [0.2] * len(layers), shrink)
    if shrink is hard and xp.dtype == "float32":
        return  # an entry beside the threshold may fall on either side
    explicit = y.ravel()
    for D, code in zip(dictionaries, found, strict=True):
        explicit = shrink(to_numpy(dense(D)).astype(float).T @ explicit, 0.2)
        close(code, explicit.reshape(code.shape), factor=10)


def test_soft_thresholding_is_a_relu_network_with_mirrored_filters(xp, rng, close):
    D1, D2 = chain(xp, rng, (9, 11), 2, [((3, 3), 4, 2), ((2, 2), 3, 1)], False)
    y, f1, f2 = xp(rng.standard_normal((9, 11, 2))), to_numpy(D1.filters), to_numpy(D2.filters)
    mirrored = [
        ConvDictionary(xp(np.concatenate([f1, -f1], -1)), D1.space, 2, False),
        ConvDictionary(xp(np.block([[f2, -f2], [-f2, f2]])), D2.space, 1, False),
    ]
    network = forward_pass(mirrored, y, [0.3, 0.2])
    codes = layered_thresholding([D1, D2], y, [0.3, 0.2], soft)
    for active, code in zip(network, codes, strict=True):
        close(active, to_numpy(positive_parts(code)), factor=10)


def test_forward_pass_is_a_relu_network(xp, rng, close):
    for case in CHAINS:
        dictionaries, beta = chain(xp, rng, *case), rng.standard_normal(case[2][0][1])
        y = rng.standard_normal((2, *case[0], case[1]))
        found = forward_pass(dictionaries, xp(y), [xp(beta)] + [-0.1] * (len(dictionaries) - 1))
        signal, biases = y.reshape(2, -1), [-np.tile(beta, found[0][0, ...].shape[:-1] + (1,)).ravel()]
        for D, code in zip(dictionaries, found, strict=True):
            bias = biases.pop() if biases else 0.1
            signal = np.maximum(signal @ to_numpy(dense(D)).astype(float) + bias, 0)
            close(code, signal.reshape(code.shape), factor=10)


@pytest.mark.parametrize(
    "pursuit, knobs",
    [(omp, [6, 2]), (basis_pursuit, [0.3, 0.2]), (partial(thresholding, shrink=hard), [1, 1])],
)
def test_layered_runs_any_pursuit_layer_after_layer(rng, pursuit, knobs):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    y = rng.standard_normal((40, 1))
    first = pursuit(D1, y, knobs[0]).gamma
    codes = layered(pursuit, [D1, D2], y, knobs)
    np.testing.assert_array_equal(codes[0], first)
    np.testing.assert_array_equal(codes[1], pursuit(D2, first, knobs[1]).gamma)


@pytest.mark.parametrize(
    "space, layers, circular",
    [
        ((96,), [((8,), 3, 1), ((4,), 4, 1)], True),
        ((6, 40), [((2, 6), 2, 1), ((2, 3), 3, 1)], True),
        ((96,), [((8,), 6, 2), ((4,), 4, 2)], True),
        ((95,), [((9,), 6, 2), ((4,), 4, 1)], False),
    ],
)
def test_noiseless_layered_basis_pursuit_is_exact(xp, rng, space, layers, circular):
    D1, D2 = chain(xp, rng, space, 1, layers, circular)
    atoms = np.zeros(D2.filters.shape)  # molecules of two atoms
    for k in range(atoms.shape[-1]):
        atoms[..., 0, 0, k], atoms[..., -1, 1, k] = 0.6, 0.8 * (-1) ** k
        atoms[..., 1:, 0, k] = atoms[..., :-1, 1, k] = 0
    gamma = np.zeros((2, *D2.positions, layers[1][1]))
    gamma[0, ..., 2, 0], gamma[0, ..., 14, 1], gamma[1, ..., 9, 1] = 1.0, -0.7, 0.5


def test_layered_basis_pursuit_by_local_steps(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 2, 1), ((3,), 2, 1)], True)
    y, lams = rng.standard_normal((40, 1)), [0.3, 0.2]
    whole = layered_basis_pursuit([D1, D2], y, lams, tol=1e-10)
    for method in (local_ista, slice_admm):
        local = layered_basis_pursuit([D1, D2], y, lams, tol=1e-9, method=method, max_iter=20_000)
        for a, b in zip(local, whole, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3)


def test_layered_iterative_thresholding(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 2, 1), ((3,), 2, 1)], True)
    y, lams = rng.standard_normal((40, 1)), [0.3, 0.2]
    once = layered_iterative_thresholding([D1, D2], y, lams, 1)
    c1, c2 = D1.lipschitz, D2.lipschitz
    first = soft(D1.T @ y / c1, 0.3 / c1)
    np.testing.assert_allclose(once[1], soft(D2.T @ first / c2, 0.2 / c2), atol=1e-12)
    local = layered_iterative_thresholding([D1, D2], y, lams, 50, method=local_ista)
    often = layered_iterative_thresholding([D1, D2], y, lams, 50)
    np.testing.assert_allclose(local[1], often[1], atol=1e-12)
    best = layered_basis_pursuit([D1, D2], y, lams, tol=1e-10)
    errors = [
        np.abs(layered_iterative_thresholding([D1, D2], y, lams, t)[1] - best[1]).max() for t in (1, 10, 1000)
    ]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 1e-4


def test_knobs_and_steps_that_do_not_fit_are_named(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    y = rng.standard_normal((40, 1))
    with pytest.raises(ValueError, match="1 knobs for 2 layers"):
        layered(omp, [D1, D2], y, [3])
    with pytest.raises(ValueError, match="steps = 0"):
        layered_iterative_thresholding([D1, D2], y, [0.1, 0.1], 0)


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


@pytest.mark.parametrize("beta", [np.nan, np.inf, -np.inf, np.full(3, np.nan)])
def test_thresholds_are_finite(rng, beta):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    for pursue in (layered_thresholding, forward_pass):
        with pytest.raises(ValueError, match="beta"):
            pursue([D1, D2], rng.standard_normal((40, 1)), [beta, 0.1])
