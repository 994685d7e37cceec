"""Unfolded pursuits for denoising: before training they are ISTA."""

import itertools

import numpy as np
import pytest
from problems import csc_filters, free

from cscbook import ConvDictionary
from cscbook.arrays import to_numpy
from cscbook.networks import csc_network, csc_start, patch_network, patch_start
from cscbook.networks.plans import Geometry, synthesis
from cscbook.pursuits import ista

LAYER = Geometry((4, 4), 2, (12, 12))


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_before_training_the_network_is_ista(xp, close, rng, steps):
    D, y = csc_filters(rng), rng.standard_normal((12, 12, 1))
    root = ConvDictionary(D, (16, 16), 2).lipschitz ** 0.5
    code, _ = csc_network(steps)(csc_start(xp(D), 0.1, 2), xp(y), LAYER)
    inside = ConvDictionary(xp(D), (12, 12), 2, circular=False)
    *_, expected = itertools.islice(ista(inside, xp(y), 0.1, root**2), steps)
    close(code, expected * root, 30)


def test_the_brightness_is_not_thresholded(xp, rng):
    D = np.concatenate([np.full((4, 4, 1, 1), 0.25), csc_filters(rng)], axis=-1)
    tau = to_numpy(csc_start(xp(D), 0.1, 2)["tau"])
    assert tau[0] == 0 and (tau[1:] > 0).all() and np.ptp(tau[1:]) == 0


def test_the_network_of_patches_treats_each_patch_alone(xp, close, rng):
    theta, y = patch_start((4, 4), (7, 6), rng=rng, like=np.zeros(1)), rng.standard_normal((12, 12, 1))
    theta = free(theta, rng)
    code, _ = patch_network({name: xp(a) for name, a in theta.items()}, xp(y), LAYER)
    found = to_numpy(synthesis(code, xp(theta["C"]), LAYER)[0])
    expected = np.zeros((12, 12))
    for i, j in itertools.product(range(0, 9, 2), repeat=2):
        h = y[i : i + 4, j : j + 4].ravel()
        for k in (1, 2):
            W = theta[f"W{k}"].reshape(len(h), -1)
            h = np.maximum(h @ W + theta[f"b{k}"], 0)
        expected[i : i + 4, j : j + 4] += (theta["C"].reshape(16, -1) @ h).reshape(4, 4)
    np.testing.assert_allclose(found[..., 0], expected, atol=1e3 * xp.tol)


def test_random_arrays_are_not_rounded_to_integers():
    with pytest.raises(TypeError, match="like has dtype int64"):
        patch_start((3, 3), (4,), like=np.ones(1, np.int64))


@pytest.mark.parametrize("name", ["W2", "b1"])
def test_the_network_of_patches_refuses_arrays_without_numbers(name):
    theta = patch_start((4, 4), (7, 6), like=np.zeros(1))
    theta[name] = theta[name] + np.inf
    with pytest.raises(ValueError, match=rf"theta\['{name}'\] holds NaN or infinity"):
        patch_network(theta, np.zeros((12, 12, 1)), LAYER)
