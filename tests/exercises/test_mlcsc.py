"""Part 4, model and layered pursuits: each judge passes a solution and fails three wrong ones."""

import math

import numpy as np
import pytest

from cscbook.exercises import check


def my_effective_filters(f1, f2):
    n1, n2 = len(f1), len(f2)
    atoms = np.zeros((n1 + n2 - 1, f2.shape[2]))
    for i in range(n2):
        atoms[i : i + n1] += f1 @ f2[i]
    return atoms


def effective_correlations(f1, f2):
    return my_effective_filters(f1, f2[::-1])


def effective_without_growth(f1, f2):
    return my_effective_filters(f1, f2)[: len(f1)]


def effective_of_one_channel(f1, f2):
    return np.stack([np.convolve(f1.sum(1), f2[:, :, k].sum(1)) for k in range(f2.shape[2])], axis=-1)


def my_sparse_bound(filters, before, k):
    fullest = np.count_nonzero(filters, axis=(0, 1)).max()
    return math.ceil((2 * before - 1) / len(filters)) * fullest * k


def my_fits(D2, taken, j, k1, k2):
    columns = sorted({*taken, j})
    return len(columns) <= k2 and np.any(D2[:, columns] != 0, axis=1).sum() <= k1


def fits_without_the_deepest_bound(D2, taken, j, k1, k2):
    return np.any(D2[:, [*taken, j]] != 0, axis=1).sum() <= k1


def fits_column_by_column(D2, taken, j, k1, k2):
    return len(taken) + 1 <= k2 and np.count_nonzero(D2[:, [*taken, j]]) <= k1


def fits_by_the_sum_of_its_columns(D2, taken, j, k1, k2):
    columns = sorted({*taken, j})
    return len(columns) <= k2 and np.count_nonzero(D2[:, columns].sum(axis=1)) <= k1


def bound_of_the_slide(filters, before, k):
    return np.count_nonzero(filters, axis=(0, 1)).max() * k


def bound_rounded_down(filters, before, k):
    fullest = np.count_nonzero(filters, axis=(0, 1)).max()
    return max(1, (2 * before - 1) // len(filters)) * fullest * k


def bound_of_all_filters(filters, before, k):
    return math.ceil((2 * before - 1) / len(filters)) * np.count_nonzero(filters) * k


def my_deep_bounds(ks, mus, eps):
    bounds, bound = [], 4 * eps**2
    for k, mu in zip(ks, mus, strict=True):
        room = 1 - (2 * k - 1) * mu
        bound = bound / room if room > 0 else np.inf
        bounds.append(bound)
    return bounds


def bounds_from_eps_squared(ks, mus, eps):
    return my_deep_bounds(ks, mus, eps / 2)


def bounds_with_k_alone(ks, mus, eps):
    return [4 * eps**2 / np.prod([1 - (k - 1) * mu for k, mu in zip(ks, mus, strict=True)])]


def bounds_that_turn_negative(ks, mus, eps):
    rooms = [1 - (2 * k - 1) * mu for k, mu in zip(ks, mus, strict=True)]
    return list(4 * eps**2 / np.cumprod(rooms))


def bounds_of_each_layer_alone(ks, mus, eps):
    return [4 * eps**2 / (1 - (2 * k - 1) * mu) for k, mu in zip(ks, mus, strict=True)]


def my_layered_thresholding(dictionaries, y, betas):
    codes, signal = [], y
    for D, beta in zip(dictionaries, betas, strict=True):
        correlations = D.T @ signal
        signal = np.where(np.abs(correlations) > beta, correlations, 0)
        codes.append(signal)
    return codes


def layered_soft(dictionaries, y, betas):
    codes, signal = [], y
    for D, beta in zip(dictionaries, betas, strict=True):
        z = D.T @ signal
        signal = np.sign(z) * np.maximum(np.abs(z) - beta, 0)
        codes.append(signal)
    return codes


def layered_without_absolute_values(dictionaries, y, betas):
    codes, signal = [], y
    for D, beta in zip(dictionaries, betas, strict=True):
        z = D.T @ signal
        signal = np.where(z > beta, z, 0)
        codes.append(signal)
    return codes


def layered_correlations_thresholded_late(dictionaries, y, betas):
    codes, signal = [], y
    for D, beta in zip(dictionaries, betas, strict=True):
        signal = D.T @ signal
        codes.append(np.where(np.abs(signal) > beta, signal, 0))
    return codes


WRONG = [
    ("effective_filters", effective_without_growth, "length n1 + n2 - 1"),
    ("effective_filters", effective_correlations, "at place 0"),
    ("effective_filters", effective_of_one_channel, "at place 0"),
    ("fits", fits_without_the_deepest_bound, "its own bound"),
    ("fits", fits_column_by_column, "counted once"),
    ("fits", fits_by_the_sum_of_its_columns, "entries cancel"),
    ("sparse_bound", bound_of_the_slide, "covered by two"),
    ("sparse_bound", bound_rounded_down, "rounded up"),
    ("sparse_bound", bound_of_all_filters, "fullest filter"),
    ("deep_bounds", bounds_from_eps_squared, "starts at 4 eps^2"),
    ("deep_bounds", bounds_with_k_alone, "the difference has 2 k"),
    ("deep_bounds", bounds_that_turn_negative, "not negative"),
    ("deep_bounds", bounds_of_each_layer_alone, "noise of the next"),
    ("layered_thresholding", layered_soft, "hard"),
    ("layered_thresholding", layered_without_absolute_values, "Magnitudes"),
    ("layered_thresholding", layered_correlations_thresholded_late, "after its threshold"),
]


@pytest.mark.parametrize(
    "solution",
    [my_effective_filters, my_fits, my_sparse_bound, my_deep_bounds, my_layered_thresholding],
    ids=lambda f: f.__name__,
)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence):
    function.__name__ = f"my_{name}"
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
