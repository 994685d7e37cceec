"""Gradients through a converged pursuit are those of its solution, by finite differences and by unfolding."""

import numpy as np
import pytest
from problems import LAYERS, matrix_problem, parameters

from cscbook import basis_pursuit, load_digits
from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.networks import accuracy, converged_code, lasso_gradients, layered_bp, train_cnn
from cscbook.networks.optimisers import loss_and_gradients
from cscbook.pursuits.iterative import fista

STEP = 1e-5


def solved(D, y, lam, ridge):
    """The lasso's solution by the explicit optimality conditions: exact on the support that FISTA finds."""
    iterates = fista(np.vstack([D, ridge**0.5 * np.eye(D.shape[1])]), np.vstack([y, 0 * lam]), lam)
    gamma = [next(iterates) for _ in range(2000)][-1]
    for j in range(y.shape[1]):
        S = np.flatnonzero(gamma[:, j])
        G = D[:, S].T @ D[:, S] + ridge * np.eye(len(S))
        gamma[S, j] = np.linalg.solve(G, D[:, S].T @ y[:, j] - (lam * np.sign(gamma))[S, j])
    return gamma


@pytest.mark.parametrize("ridge", [0.0, 0.2])
def test_gradients_of_a_matrix_are_finite_differences(rng, ridge):
    D, _, y = matrix_problem(rng, n=12, m=20, p=6, k=3)
    lam, target = 0.15 + 0.05 * rng.random((20, 6)), rng.standard_normal((20, 6))

    def loss(D, y, lam):
        return np.sum((solved(D, y, lam, ridge) - target) ** 2) / 2

    gamma = solved(D, y, lam, ridge)
    grads = lasso_gradients(D, y, gamma, gamma - target, ridge)
    for i, grad in enumerate(grads):
        d, at = rng.standard_normal(grad.shape), [D, y, lam]
        ahead, behind = (loss(*at[:i], at[i] + s * d, *at[i + 1 :]) for s in (STEP, -STEP))
        assert np.sum(grad * d) == pytest.approx((ahead - behind) / (2 * STEP), rel=1e-6)


@pytest.mark.parametrize("stride, circular", [(1, True), (2, True), (1, False), (2, False)])
def test_gradients_of_filters_are_finite_differences(rng, stride, circular):
    filters, y = rng.standard_normal((3, 3, 2, 4)) / 3, rng.standard_normal((2, 8, 8, 2))
    lam = np.array([0.1, 0.2, -0.05, 0.3])

    def code(filters, y, lam):
        return converged_code(ConvDictionary(filters, (8, 8), stride, circular), y, lam, 0.1, 1e-13)

    gamma = code(filters, y, lam)
    g = rng.standard_normal(gamma.shape)
    grads = lasso_gradients(ConvDictionary(filters, (8, 8), stride, circular), y, gamma, g, 0.1)
    assert 0.05 < np.mean(gamma > 0) < 0.95 and np.all(gamma >= 0)
    for i, grad in enumerate([*grads[:2], np.sum(grads[2], axis=(0, 1, 2))]):
        d, at = rng.standard_normal(grad.shape), [filters, y, lam]
        ahead, behind = (np.sum(g * code(*at[:i], at[i] + s * d, *at[i + 1 :])) for s in (STEP, -STEP))
        assert np.sum(grad * d) == pytest.approx((ahead - behind) / (2 * STEP), rel=1e-6)


def test_gradients_of_layers_are_finite_differences(rng):
    theta, plan = parameters(np.asarray, rng), layered_bp(0.1, 1e-13)
    theta |= {f"b{i}": -0.05 * abs(theta[f"b{i}"]) for i in (1, 2, 3)}
    x, labels = rng.standard_normal((4, 9, 9, 1)), np.array([0, 1, 2, 1])
    grads = loss_and_gradients(theta, x, labels, plan, LAYERS, signal=True)[2]
    assert {"W1", "W2", "W3", "b1", "b2", "b3", "x"} <= set(grads)
    for name, grad in grads.items():
        d = rng.standard_normal(grad.shape)
        sides = [(theta, x + s * d) if name == "x" else (theta | {name: theta[name] + s * d}, x)
                 for s in (STEP, -STEP)]  # fmt: skip
        ahead, behind = (loss_and_gradients(t, y, labels, plan, LAYERS)[0] for t, y in sides)
        assert np.sum(grad * d) == pytest.approx((ahead - behind) / (2 * STEP), rel=1e-6, abs=1e-9), name


def test_a_converged_code_is_the_solution_of_basis_pursuit(xp, close, rng):
    D = ConvDictionary(xp(rng.standard_normal((4, 1, 6)) / 2), (24,), circular=False)
    y, ridge = xp(rng.standard_normal((3, 24, 1))), 0.05
    code = to_numpy(converged_code(D, y, 0.2, ridge, 1e-9 if xp.tol < 1e-9 else 1e-6))
    filters = to_numpy(D.filters).astype(float)
    M = np.stack([(ConvDictionary(filters, (24,), circular=False) @ e).ravel()
                  for e in np.eye(21 * 6).reshape(-1, 21, 6)], axis=1)  # fmt: skip
    wide = np.vstack([M, ridge**0.5 * np.eye(M.shape[1])])
    columns = np.vstack([to_numpy(y).reshape(3, -1).T, np.zeros((M.shape[1], 3))]).astype(float)
    expected = basis_pursuit(wide, columns, 0.2, tol=1e-10, method=fista, nonnegative=True, max_iter=9999)
    close(code.reshape(3, -1).T, expected.gamma, 1e6 if xp.tol < 1e-9 else 30)


def test_every_library_has_the_same_gradients(xp, close, rng):
    D, y = rng.standard_normal((3, 1, 4)), rng.standard_normal((2, 12, 1))
    here = ConvDictionary(D, (12,))
    gamma = converged_code(here, y, 0.3, 0.1, 1e-9)
    expected = lasso_gradients(here, y, gamma, gamma + 1, 0.1)
    found = lasso_gradients(ConvDictionary(xp(D), (12,)), xp(y), xp(gamma), xp(gamma + 1), 0.1, 1e-6)
    for a, b in zip(found, expected, strict=True):
        close(a, b, 100 if xp.tol > 1e-9 else 1e7)


def test_training_through_the_solution_learns_digits():
    x, y, xt, yt = load_digits()
    keep, test = np.flatnonzero(y < 3)[:300], np.flatnonzero(yt < 3)
    options = {"n_iter": 3, "atoms": (4, 6, 16), "batch": 25, "rate": 5e-3}
    net = train_cnn(x[keep].astype("f4"), y[keep], plan=layered_bp(0.1, 1e-2), **options)
    assert accuracy(net, xt[test].astype("f4"), yt[test]) > 0.9
    assert net.trace[-1]["loss"] < net.trace[0]["loss"]


def test_wrong_input_is_named(rng):
    D, _, y = matrix_problem(rng)
    gamma = np.ones((40, 12))
    with pytest.raises(ValueError, match=r"g has shape \(40,\): expected \(40, 12\)"):
        lasso_gradients(D, y, gamma, gamma[:, 0])
    with pytest.raises(ValueError, match="dependent atoms on the support"):
        lasso_gradients(np.ones((20, 40)), y, gamma, rng.standard_normal((40, 12)))
    with pytest.raises(ValueError, match="ridge"):
        layered_bp(ridge=0)
