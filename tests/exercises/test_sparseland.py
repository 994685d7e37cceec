"""Part 1: each judge passes a solution and fails three wrong ones, each at the sentence that says why."""

import numpy as np
import pytest

from cscbook.exercises import check


def my_omp(D, y, k):
    gamma, support, r = np.zeros(D.shape[1]), [], y
    for _ in range(k):
        support.append(int(np.argmax(np.abs(D.T @ r))))
        values = np.linalg.lstsq(D[:, support], y, rcond=None)[0]
        r = y - D[:, support] @ values
    gamma[support] = values
    return gamma


def omp_without_absolute_values(D, y, k):
    gamma, support, r = np.zeros(D.shape[1]), [], y
    for _ in range(k):
        support.append(int(np.argmax(D.T @ r)))
        values = np.linalg.lstsq(D[:, support], y, rcond=None)[0]
        r = y - D[:, support] @ values
    gamma[support] = values
    return gamma


def matching_pursuit(D, y, k):
    gamma, r = np.zeros(D.shape[1]), y
    for _ in range(k):
        j = int(np.argmax(np.abs(D.T @ r)))
        gamma[j] += D[:, j] @ r
        r = y - D @ gamma
    return gamma


def thresholding(D, y, k):
    support = np.argsort(-np.abs(D.T @ y))[:k]
    gamma = np.zeros(D.shape[1])
    gamma[support] = np.linalg.lstsq(D[:, support], y, rcond=None)[0]
    return gamma


WRONG = [
    ("omp", omp_without_absolute_values, "in absolute value"),
    ("omp", matching_pursuit, "least squares"),
    ("omp", thresholding, "those of OMP"),
]


@pytest.mark.parametrize("solution", [my_omp], ids=lambda f: f.__name__)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence):
    function.__name__ = f"my_{name}"
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
