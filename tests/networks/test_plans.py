"""A trained network is a pursuit: its codes are those of the model."""

import numpy as np
from problems import LAYERS, parameters

from cscbook.arrays import to_numpy
from cscbook.layered import forward_pass, layered_iterative_thresholding, sweep
from cscbook.networks.classifier import dictionaries
from cscbook.networks.plans import cnn, layered_ista, ml_ista
from cscbook.shrinkage import soft_nonnegative


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
