"""Tricks of networks, in the language of the model: what is an identity, and what can be computed."""

import numpy as np
import pytest
from scipy.signal import convolve, correlate

from cscbook import ConvDictionary, coherence, hard, ista, low_coherence_dictionary, soft_nonnegative


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


def test_a_multiple_of_the_stride_is_never_more_coherent(rng):
    smooth = np.cumsum(rng.standard_normal((64, 1, 2)), axis=0)
    ripple = low_coherence_dictionary(2, 64, starts=1)
    for filters, falls in ((smooth, True), (ripple, False)):
        mu = [coherence(ConvDictionary(filters, (640,), s)) for s in (1, 2, 4, 8)]
        assert all(b <= a + 1e-12 for a, b in zip(mu, mu[1:], strict=False))
        assert (mu[-1] < 0.95 * mu[0]) == falls, mu
