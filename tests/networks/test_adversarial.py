"""Labels under attack: the margin bound holds for the worst noise, and gradients find noise that hurts."""

import math

import numpy as np
import pytest

from cscbook import (
    ConvDictionary,
    Network,
    coherence,
    dcp_error_bounds,
    dense,
    l0_inf_stripe,
    layers_of,
    low_coherence_dictionary,
    margin_bound,
    omp,
    oracle_estimate,
    random_molecules,
    spaced_code,
    sparsest_error_bound,
    synthesize,
)
from cscbook.arrays import to_numpy
from cscbook.networks import adversarial_noise, input_gradient, worst_noise
from cscbook.networks import plans as steps
from cscbook.networks.classifier import dictionaries, loss_and_gradients, scores
from cscbook.networks.optimisers import cross_entropy
from cscbook.networks.plans import Geometry, cnn, layered_ista, ml_ista
from cscbook.networks.pooling import pooled_cnn

LAYERS = (Geometry((3, 3), 2, (9, 9)), Geometry((2, 2), 1, (4, 4)))


POOLED = (Geometry((2, 2), 2, (9, 9)), Geometry((2, 2), 1, (4, 4)))


PLANS = {
    "cnn": (cnn, LAYERS),
    "layered ISTA": (layered_ista(2), LAYERS),
    "ML-ISTA": (ml_ista(2), LAYERS),
    "ML-FISTA": (ml_ista(3, momentum=True), LAYERS),
    "pooling": (pooled_cnn, POOLED),
}


@pytest.fixture(scope="module")
def model():
    """Five atoms, one every 64 samples, of one of two kinds: (D, its matrix, codes a column)."""
    rng = np.random.default_rng(0)
    D = ConvDictionary(to_numpy(low_coherence_dictionary(2, 64, starts=1)), (320,))
    gamma = np.zeros((120, 320, 2))
    kinds, values = (
        rng.integers(2, size=(120, 5)),
        rng.choice([-1, 1], (120, 5)) * rng.uniform(0.5, 1.5, (120, 5)),
    )
    for j in range(5):
        gamma[np.arange(120), 64 * j, kinds[:, j]] = values[:, j]
    k = max(l0_inf_stripe(g, D.size) for g in gamma)
    return dense(D), gamma.reshape(120, -1).T, k, coherence(D)


def test_no_noise_of_its_energy_moves_a_code_further(xp, model, rng):
    D, gamma, _, _ = model
    w = rng.standard_normal(640)
    e = to_numpy(worst_noise(xp(D), xp(gamma[:, :3]) != 0, xp(w[:, None]), 0.3))
    for j, on in enumerate((gamma[:, :3] != 0).T):
        A = D[:, on]
        reach = 0.3 * math.sqrt(w[on] @ np.linalg.solve(A.T @ A, w[on]))
        others = rng.standard_normal((320, 50))
        others *= 0.3 / np.linalg.norm(others, axis=0)
        moves = w[on] @ np.linalg.lstsq(A, np.c_[e[:, j], others], rcond=None)[0]
        assert np.linalg.norm(e[:, j]) == pytest.approx(0.3, rel=1e-5)
        assert moves[0] == pytest.approx(reach, rel=1e-4) and (moves[1:] < reach).all()


def recovered(D, y, k, eps):
    """OMP's codes of five atoms, checked to be what the theorem speaks about."""
    found = omp(D, y, k=5).gamma.toarray()
    assert np.linalg.norm(y - D @ found, axis=0).max() <= eps * (1 + 1e-9)
    assert l0_inf_stripe(found.T.reshape(-1, 320, 2), (64,)) <= k
    return found


@pytest.mark.parametrize("eps", [0.05, 0.15, 0.3])
def test_no_protected_label_flips_and_others_do(model, eps):
    D, gamma, k, mu = model
    w = np.zeros((320, 2))
    w[[64, 192]] = [[1, -1], [-1, 1]]
    w, omega = w.ravel(), 0.1
    f = w @ gamma + omega
    bound = margin_bound(w, sparsest_error_bound(k, mu, eps))
    assert bound == pytest.approx(np.linalg.norm(w) * 2 * eps / math.sqrt(1 - (2 * k - 1) * mu))
    e = -np.sign(f) * worst_noise(D, gamma != 0, w[:, None], eps)
    flips = np.sign(w @ recovered(D, D @ gamma + e, k, eps) + omega) != np.sign(f)
    protected = np.abs(f) > bound
    assert protected.any() and not flips[protected].any()
    assert flips.any() or eps < 0.1, "the attack does work"


def test_no_protected_class_flips(model):
    D, gamma, k, mu = model
    W = np.zeros((320, 2, 3))
    W[[0, 64, 128]] = np.random.default_rng(1).standard_normal((3, 2, 3))
    W, eps = W.reshape(640, 3), 0.1
    f = W.T @ gamma
    order, each = np.argsort(-f, axis=0), np.arange(120)
    lead = f[order[0], each] - f[order[1], each]
    bound = margin_bound(W, sparsest_error_bound(k, mu, eps))
    pairs = [np.linalg.norm(W[:, u] - W[:, v]) for u in range(3) for v in range(u)]
    assert bound == pytest.approx(max(pairs) * math.sqrt(sparsest_error_bound(k, mu, eps)))
    e = worst_noise(D, gamma != 0, W[:, order[1]] - W[:, order[0]], eps)
    flips = np.argmax(W.T @ recovered(D, D @ gamma + e, k, eps), axis=0) != order[0]
    assert (lead > bound).any() and not flips[lead > bound].any()
    assert flips.any()


def test_no_protected_label_of_a_deep_code_flips():
    rng = np.random.default_rng(0)
    D1 = ConvDictionary(low_coherence_dictionary(2, 64, starts=1), (640,))
    layers = [D1, random_molecules(20, 2, 2, 4, 640)]
    D, eps, kept = dense(D1) @ dense(layers[1]), 0.1, 0
    w = rng.choice([-1.0, 1.0], (640, 2)) * (np.arange(640)[:, None] < 160)
    for _ in range(12):
        deepest = spaced_code(640, 2, (150, 170), 1, 0.7, rng)
        codes = synthesize(layers, deepest)
        bound = margin_bound(w.ravel(), dcp_error_bounds(layers_of(layers, [codes[1], deepest]), eps)[-1])
        gamma = deepest.reshape(-1, 1)
        f = float(w.ravel() @ gamma[:, 0])
        if not (gamma[w.ravel() != 0] != 0).any():
            continue
        e = -np.sign(f) * worst_noise(D, gamma != 0, w.reshape(-1, 1), eps)
        found = oracle_estimate(
            D, D @ gamma + e, gamma != 0
        )  # a solution: right support, residual at most eps
        assert math.isfinite(bound) and abs(w.ravel() @ found[:, 0] - f) <= bound
        kept += 1
    assert kept >= 8


def network(xp, rng, plan=cnn, layers=LAYERS, free=False):
    theta, c = {}, 1
    for i, (layer, m) in enumerate(zip(layers, (4, 5), strict=True), 1):
        for name in "WV" if free else "W":
            theta[f"{name}{i}"] = xp(0.5 * rng.standard_normal((*layer.size, c, m)))
        theta[f"b{i}"], theta[f"c{i}"], c = xp(0.1 * rng.standard_normal(m)), xp([0.4]), m
    theta |= {"U": xp(0.3 * rng.standard_normal((45, 3))), "v": xp(rng.standard_normal(3)), "gain": xp([1.5])}
    return Network(theta, layers, plan)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("free", [False, True])
def test_the_gradient_of_the_signal_is_that_of_the_loss(rng, plan, free):
    net = network(np.asarray, rng, *PLANS[plan], free)
    x, labels = rng.standard_normal((4, 9, 9, 1)), np.array([0, 1, 2, 0])
    along, h = rng.standard_normal(x.shape), 1e-6

    def loss(x):
        return 4 * cross_entropy(scores(net, x), labels)[0]

    slope = (loss(x + h * along) - loss(x - h * along)) / (2 * h)
    np.testing.assert_allclose(np.sum(input_gradient(net, x, labels) * along), slope, rtol=1e-6)


def test_an_attack_has_its_energy_and_hurts_more_than_chance(xp, rng):
    net, labels = network(xp, rng), np.array([0, 1, 2, 0])
    x, eps = rng.standard_normal((4, 9, 9, 1)), 0.3
    e = to_numpy(adversarial_noise(net, xp(x), labels, eps))
    np.testing.assert_allclose(np.sqrt((e**2).sum((1, 2, 3))), eps, rtol=1e-4)
    chance = rng.standard_normal(x.shape)
    chance *= eps / np.sqrt((chance**2).sum((1, 2, 3), keepdims=True))
    calm, hit, luck = (cross_entropy(scores(net, xp(z), batch=4), labels)[0] for z in (x, x + e, x + chance))
    assert hit > calm and hit > luck


def test_a_forward_pass_keeps_labels_within_its_lipschitz_constant(rng):
    """Thresholding brings no two codes apart, so the deepest moves by ``eps prod ||D_i||`` at most."""
    net, x = network(np.asarray, rng), rng.standard_normal((200, 9, 9, 1))
    labels = np.argmax(scores(net, x), axis=1)
    f = np.sort(scores(net, x), axis=1)
    spread, eps = math.prod(D.lipschitz for D in dictionaries(net)), 0.1
    protected = f[:, -1] - f[:, -2] > margin_bound(net.theta["gain"] * net.theta["U"], spread * eps**2)
    after = np.argmax(scores(net, x + adversarial_noise(net, x, labels, eps)), axis=1)
    assert protected.any() and (after == labels)[protected].all()
    assert (after != labels).any()


@pytest.mark.parametrize("plan", PLANS)
def test_every_library_has_the_same_gradient_of_the_signal(xp, rng, close, plan):
    net, labels = network(np.asarray, rng, *PLANS[plan]), np.array([0, 1])
    x = rng.standard_normal((2, 9, 9, 1))
    there = Network({name: xp(a) for name, a in net.theta.items()}, net.layers, net.plan)
    close(input_gradient(there, xp(x), labels), input_gradient(net, x, labels), 10)


@pytest.mark.parametrize("plan", PLANS)
def test_training_does_not_pay_for_the_gradient_of_the_signal(rng, plan, monkeypatch):
    net, x, labels = (
        network(np.asarray, rng, *PLANS[plan]),
        rng.standard_normal((2, 9, 9, 1)),
        np.array([0, 1]),
    )
    calls, put = [], steps._put
    monkeypatch.setattr(steps, "_put", lambda p, layer: calls.append(1) or put(p, layer))
    arrays = loss_and_gradients(net.theta, x, labels, net.plan, net.layers)[2]
    trained = len(calls)
    more = loss_and_gradients(net.theta, x, labels, net.plan, net.layers, signal=True)[2]
    assert len(calls) - trained == trained + 1, "one synthesis more, through the lowest layer"
    assert "x" not in arrays and set(more) == {*arrays, "x"}
    for name, grad in arrays.items():
        np.testing.assert_array_equal(more[name], grad)


@pytest.mark.parametrize("scale", [1e-300, 1e-60, 1e60])
def test_the_worst_noise_does_not_depend_on_the_scale_of_atoms_and_classifier(rng, scale):
    D, on, w = rng.standard_normal((8, 12)), rng.random((12, 3)) < 0.3, rng.standard_normal((12, 1))
    expected = worst_noise(D, on, w, 0.5)
    np.testing.assert_allclose(worst_noise(scale * D, on, w, 0.5), expected, atol=1e-12)
    np.testing.assert_allclose(worst_noise(D, on, scale * w, 0.5), expected, atol=1e-12)


def test_gradients_whose_squares_are_zero_still_have_a_direction(rng):
    net = network(lambda a: np.asarray(a, np.float32), rng, *PLANS["cnn"])
    net.theta["U"] = net.theta["U"] * np.float32(1e-30)
    x = rng.standard_normal((2, 9, 9, 1)).astype(np.float32)
    e = adversarial_noise(net, x, np.array([0, 1]), 0.5)
    np.testing.assert_allclose(np.linalg.norm(e.reshape(2, -1), axis=1), 0.5, rtol=1e-5)


def test_labels_are_classes_of_the_network(rng):
    net, x = network(np.asarray, rng, *PLANS["cnn"]), rng.standard_normal((2, 9, 9, 1))
    for labels in ([0, -1], [0, 99]):
        with pytest.raises(ValueError, match="labels holds .*: expected classes from 0 to"):
            input_gradient(net, x, np.array(labels))
