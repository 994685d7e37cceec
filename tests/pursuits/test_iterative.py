"""Thresholding and iterative shrinkage, and the tricks of networks that are steps of them."""

import itertools

import numpy as np
import pytest
from problems import matrix_problem
from scipy.signal import convolve, correlate

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    fista,
    hard,
    ista,
    objective,
    soft,
    soft_nonnegative,
    thresholding,
)
from cscbook.arrays import to_numpy


@pytest.mark.parametrize("shrink", [soft, hard, soft_nonnegative])
def test_thresholding_is_one_product_and_one_function(xp, rng, close, shrink):
    D, _, Y = matrix_problem(rng)
    close(thresholding(xp(D), xp(Y), 0.3, shrink).gamma, shrink(D.T @ Y, 0.3))


def test_ista_never_goes_up_and_fista_obeys_its_bound(xp, rng):
    D, _, Y = matrix_problem(rng)
    y, lam, L = Y[:, 0], 0.1, np.linalg.norm(D, 2) ** 2
    best = basis_pursuit(D, y, lam, tol=1e-12)
    F = lambda g: float(objective(D, y, to_numpy(g), lam))  # noqa: E731
    slack = 10 * xp.tol
    down = [F(g) for g in itertools.islice(ista(xp(D), xp(y), lam), 60)]
    assert all(b <= a + slack for a, b in zip(down, down[1:], strict=False))
    energy = np.sum(best.gamma**2)
    for t, value in enumerate(down, 1):
        assert value - F(best.gamma) <= L * energy / (2 * t) + slack
    for t, g in enumerate(itertools.islice(fista(xp(D), xp(y), lam), 60), 1):
        assert F(g) - F(best.gamma) <= 2 * L * energy / (t + 1) ** 2 + slack


def test_iterative_hard_thresholding_keeps_a_planted_code(rng):
    D = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    gamma = np.zeros(20)
    gamma[[2, 5]] = 3.0, -2.0
    found = next(itertools.islice(ista(D, D @ gamma, lam=0.5, lipschitz=1.0, shrink=hard), 5, None))
    np.testing.assert_allclose(found, gamma, atol=1e-12)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda D, y: next(ista(D, y, np.inf)), "lam = inf"),
        (lambda D, y: thresholding(D, y, -0.1), "beta = -0.1"),
        (lambda D, y: next(ista(D, y, 0.1, lipschitz=0)), "lipschitz = 0: expected a positive number"),
        (lambda D, y: next(fista(D, y, 0.1, lipschitz=-1.0)), "lipschitz = -1.0"),
        (lambda D, y: next(fista(D, y, 0.1, start=np.full(9, np.inf))), "start holds NaN or infinity"),
    ],
)
def test_bad_knobs_are_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(rng.standard_normal((6, 9)), rng.standard_normal(6))


def correlation(x, W):
    """``D^T x`` without the package: circular, channel by channel, for one space axis."""
    n = W.shape[0]
    wrapped = np.concatenate([x, x[: n - 1]])
    maps = [
        sum(correlate(wrapped[:, j], W[:, j, k], "valid") for j in range(W.shape[1]))
        for k in range(W.shape[2])
    ]
    return np.stack(maps, axis=-1)


def synthesis(gamma, W):
    """``D gamma`` without the package."""
    N, full = len(gamma), 0
    for k in range(W.shape[2]):
        full = full + np.stack([convolve(gamma[:, k], W[:, j, k]) for j in range(W.shape[1])], axis=-1)
    x = full[:N].copy()
    x[: len(full) - N] += full[N:]
    return x


@pytest.fixture
def layer(rng):
    """Filters of as many channels as atoms, a feature map, biases that are minus thresholds."""
    W = rng.standard_normal((5, 4, 4))
    return W, np.maximum(rng.standard_normal((32, 4)), 0), -rng.uniform(0, 0.2, 4)


def test_a_step_that_starts_at_the_map_before_is_a_residual_block(xp, close, layer):
    W, below, bias = layer
    D = ConvDictionary(xp(W), (32,))
    c = D.lipschitz
    start = ista(D, xp(below), xp(-c * bias), c, soft_nonnegative, start=xp(below))
    branch = correlation(below - synthesis(below, W), W) / c + bias
    close(next(start), np.maximum(below + branch, 0), 10)


def test_a_step_that_starts_at_zero_is_a_plain_layer(layer):
    W, below, bias = layer
    D = ConvDictionary(W, (32,))
    step = next(ista(D, below, -D.lipschitz * bias, D.lipschitz, soft_nonnegative))
    np.testing.assert_allclose(step, np.maximum(correlation(below, W) / D.lipschitz + bias, 0), atol=1e-12)


def test_a_dictionary_with_the_identity_is_a_dense_connection(layer):
    W, below, bias = layer
    identity = np.zeros((5, 4, 4))
    identity[0] = np.eye(4)
    D = ConvDictionary(np.concatenate([identity, W], axis=-1), (32,))
    code = soft_nonnegative(D.T @ below, np.concatenate([np.zeros(4), -bias]))
    expected = np.concatenate([below, np.maximum(correlation(below, W) + bias, 0)], axis=-1)
    np.testing.assert_allclose(code, expected, atol=1e-12)


@pytest.mark.parametrize("shrink", [hard, soft_nonnegative])
def test_scaled_atoms_with_scaled_thresholds_have_the_same_supports(rng, shrink):
    W, x, beta = rng.standard_normal((5, 2, 6)), rng.standard_normal((40, 2)), rng.uniform(0.5, 2, 6)
    scale = rng.uniform(0.1, 10, 6)
    plain = shrink(ConvDictionary(W, (40,)).T @ x, beta)
    scaled = shrink(ConvDictionary(scale * W, (40,)).T @ x, scale * beta)
    assert ((plain != 0) == (scaled != 0)).all() and (plain != 0).any() and (plain == 0).any()
    np.testing.assert_allclose(scaled, scale * plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", [ista, fista])
def test_over_a_dictionary_of_zeros_the_code_is_zero(method):
    convolutional = ConvDictionary(np.zeros((3, 1, 2)), (8,))
    for D, y in ((np.zeros((4, 6)), np.ones(4)), (convolutional, np.ones((8, 1)))):
        *_, gamma = itertools.islice(method(D, y, 0.1), 3)
        assert not gamma.any()
