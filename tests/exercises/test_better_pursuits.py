"""Chapters 4.5 to 4.7 and 6.1: each judge passes a solution and fails three wrong ones, each at the sentence
that says why."""

import numpy as np
import pytest
from sklearn.linear_model import orthogonal_mp

from cscbook import soft
from cscbook.exercises import check


def my_ml_ista_step(D1, D2, y, gamma, t, lams):
    implied = D2 @ gamma
    change = t[0] * D1.T @ (D1 @ implied - y)
    first = soft(implied - change, t[0] * lams[0])
    change = t[1] / t[0] * D2.T @ (implied - first)
    return soft(gamma - change, t[1] * lams[1])


def step_not_divided(D1, D2, y, gamma, t, lams):
    implied = D2 @ gamma
    first = soft(implied - t[0] * D1.T @ (D1 @ implied - y), t[0] * lams[0])
    return soft(gamma - t[1] * D2.T @ (implied - first), t[1] * lams[1])


def layered_instead_of_together(D1, D2, y, gamma, t, lams):
    first = soft(t[0] * D1.T @ y, t[0] * lams[0])
    return soft(gamma - t[1] / t[0] * D2.T @ (D2 @ gamma - first), t[1] * lams[1])


def no_first_threshold(D1, D2, y, gamma, t, lams):
    implied = D2 @ gamma
    first = implied - t[0] * D1.T @ (D1 @ implied - y)
    return soft(gamma - t[1] / t[0] * D2.T @ (implied - first), t[1] * lams[1])


def independent_steps(D1, D2, y, gamma, t, lams):
    implied = D2 @ gamma
    first = soft(implied - t[0] * D1.T @ (D1 @ implied - y), t[0] * lams[0])
    return soft(gamma - t[1] / t[0] * D2.T @ (implied - first), t[1] / t[0] * lams[1])


def my_dictionary_gradients(D1, D2, y, gamma):
    first = D2 @ gamma
    residual = y - D1 @ first
    return -np.outer(residual, first), -np.outer(D1.T @ residual, gamma)


def wrong_sign(D1, D2, y, gamma):
    return [-G for G in my_dictionary_gradients(D1, D2, y, gamma)]


def twice(D1, D2, y, gamma):
    return [2 * G for G in my_dictionary_gradients(D1, D2, y, gamma)]


def signal_in_place_of_residual(D1, D2, y, gamma):
    first, residual = D2 @ gamma, y - D1 @ (D2 @ gamma)
    return -np.outer(residual, first), -np.outer(D1.T @ y, gamma)


def without_first_layer(D1, D2, y, gamma):
    residual = y - D1 @ (D2 @ gamma)
    return -np.outer(residual, D2 @ gamma), -np.outer(residual, gamma)


def my_iht(A, x, k, steps):
    c = np.linalg.norm(A, 2) ** 2
    gamma = np.zeros(A.shape[1])
    for _ in range(steps):
        b = gamma + A.T @ (x - A @ gamma) / c
        smallest = np.argsort(abs(b))[: len(b) - k]
        gamma = b
        gamma[smallest] = 0
    return gamma


def iht_of_signed_entries(A, x, k, steps):
    c, gamma = np.linalg.norm(A, 2) ** 2, np.zeros(A.shape[1])
    for _ in range(steps):
        gamma = gamma + A.T @ (x - A @ gamma) / c
        gamma[np.argsort(-gamma)[k:]] = 0
    return gamma


def iht_with_step_one(A, x, k, steps):
    gamma = np.zeros(A.shape[1])
    for _ in range(steps):
        gamma = gamma + A.T @ (x - A @ gamma)
        gamma[np.argsort(-abs(gamma))[k:]] = 0
    return gamma


def threshold_at_the_end(A, x, k, steps):
    c, gamma = np.linalg.norm(A, 2) ** 2, np.zeros(A.shape[1])
    for _ in range(steps):
        gamma = gamma + A.T @ (x - A @ gamma) / c
    gamma[np.argsort(-abs(gamma))[k:]] = 0
    return gamma


def my_translated_omp(D, y, eps):
    norms = np.linalg.norm(D, axis=0)
    return orthogonal_mp(D / norms, y, tol=eps**2) / norms


def norm_for_its_square(D, y, eps):
    norms = np.linalg.norm(D, axis=0)
    return orthogonal_mp(D / norms, y, tol=eps) / norms


def square_of_the_square(D, y, eps):
    norms = np.linalg.norm(D, axis=0)
    return orthogonal_mp(D / norms, y, tol=eps**4) / norms


def atoms_as_they_are(D, y, eps):
    return orthogonal_mp(D, y, tol=eps**2)


def coefficients_of_unit_atoms(D, y, eps):
    return orthogonal_mp(D / np.linalg.norm(D, axis=0), y, tol=eps**2)


SOLUTIONS = [my_ml_ista_step, my_dictionary_gradients, my_iht, my_translated_omp]
WRONG = [
    ("ml_ista_step", step_not_divided, "t2 / t1"),
    ("ml_ista_step", layered_instead_of_together, "gradient step for the product"),
    ("ml_ista_step", no_first_threshold, "first layer is t1 lam1"),
    ("ml_ista_step", independent_steps, "second layer is t2 lam2"),
    ("dictionary_gradients", without_first_layer, "shape of its dictionary"),
    ("dictionary_gradients", wrong_sign, "lowers the error"),
    ("dictionary_gradients", twice, "gradient of D1 is minus the residual"),
    ("dictionary_gradients", signal_in_place_of_residual, "D1^T times the residual"),
    ("iht", iht_of_signed_entries, "in absolute value"),
    ("iht", iht_with_step_one, "largest eigenvalue"),
    ("iht", threshold_at_the_end, "in each of ten steps"),
    ("translated_omp", norm_for_its_square, "theirs compares squares"),
    ("translated_omp", square_of_the_square, "no more atoms"),
    ("translated_omp", atoms_as_they_are, "theirs prefers long ones"),
    ("translated_omp", coefficients_of_unit_atoms, "as they were given"),
]


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda f: f.__name__)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence, monkeypatch):
    monkeypatch.setattr(function, "__name__", f"my_{name}")
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
