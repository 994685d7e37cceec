"""LISTA begins as ISTA, its gradients are those of its loss, and training makes a few steps do for many."""

from itertools import islice

import numpy as np
import pytest

from cscbook import add_noise, basis_pursuit, ista, random_code, random_dictionary
from cscbook.arrays import to_numpy
from cscbook.networks import lista, lista_start, train_lista

LAM = 0.1


def problem(rng, p, n=16, m=32, k=2):
    D = to_numpy(random_dictionary(n, m, np.random.default_rng(7)))
    y = add_noise(D @ to_numpy(random_code(m, k, p, rng)), 0.02, rng)
    return D, y, basis_pursuit(D, y, LAM).gamma


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_before_training_it_is_ista(xp, close, rng, steps):
    D, y = rng.standard_normal((10, 20)), rng.standard_normal((10, 7))
    found, _ = lista(lista_start(xp(D), LAM, steps), xp(y))
    *_, expected = islice(ista(xp(D), xp(y), LAM), steps)
    close(found, expected, 10)


def test_gradients_are_those_of_the_loss(rng):
    D, y, gamma = rng.standard_normal((4, 6)), rng.standard_normal((4, 5)), rng.standard_normal((6, 5))
    theta = {name: a + 0.05 * rng.standard_normal(a.shape) for name, a in lista_start(D, LAM, 3).items()}

    def loss(theta):
        return 0.5 * float(np.sum((lista(theta, y)[0] - gamma) ** 2))

    z, pull = lista(theta, y)
    for name, g in pull(z - gamma).items():
        along, h = rng.standard_normal(g.shape), 1e-6
        slope = loss(theta | {name: theta[name] + h * along}) - loss(theta | {name: theta[name] - h * along})
        np.testing.assert_allclose(np.sum(g * along), slope / (2 * h), rtol=1e-6, err_msg=name)


def test_training_saves_two_thirds_of_the_steps():
    rng = np.random.default_rng(0)
    D, ys, gammas = problem(rng, 2000)
    _, y, gamma = problem(rng, 300)

    def error(z):
        return float(np.sum((z - gamma) ** 2))

    slow = np.array([error(z) for z in islice(ista(D, y, LAM), 60)])
    for steps in (3, 5):
        trained = train_lista(D, ys, gammas, LAM, steps, n_iter=8, rate=4e-3)
        reached = error(lista(trained.theta, y)[0])
        needed = 1 + int(np.argmax(slow <= reached)) if slow[-1] <= reached else len(slow)
        assert needed >= 3 * steps, (steps, needed)
        assert trained.trace[-1] < 0.5 * trained.trace[0]


def test_training_runs_on_every_library(xp, close, rng):
    D, ys, gammas = problem(rng, 40)
    trained = train_lista(xp(D), xp(ys), xp(gammas), LAM, 2, n_iter=2, batch=16)
    same = train_lista(D, ys, gammas, LAM, 2, n_iter=2, batch=16)
    for name, a in same.theta.items():
        assert tuple(trained.theta[name].shape) == a.shape
        np.testing.assert_allclose(to_numpy(trained.theta[name]), a, atol=2e3 * xp.tol, err_msg=name)


def test_a_call_repeated_gives_the_same_numbers(rng):
    D, ys, gammas = problem(rng, 40)
    one, two = (train_lista(D, ys, gammas, LAM, 2, n_iter=2).theta for _ in range(2))
    assert all((one[name] == two[name]).all() for name in one)


def test_bad_input_is_named(rng):
    D, ys, gammas = problem(rng, 10)
    with pytest.raises(ValueError, match="steps = 0"):
        lista_start(D, LAM, 0)
    with pytest.raises(ValueError, match=r"gammas of shape \(32, 9\)"):
        train_lista(D, ys, gammas[:, :9], LAM)
    with pytest.raises(ValueError, match="lam"):
        lista_start(D, -1.0, 2)


def test_one_signal_is_a_column(rng):
    theta, y = lista_start(rng.standard_normal((5, 8)), LAM, 2), rng.standard_normal(5)
    assert lista(theta, y[:, None])[0].shape == (8, 1)
    with pytest.raises(ValueError, match=r"y has shape \(5,\): expected 2 axes"):
        lista(theta, y)
