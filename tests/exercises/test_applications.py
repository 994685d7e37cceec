"""Part 3, its applications: each judge passes a solution and fails three wrong ones, each at the sentence
that says why."""

import numpy as np
import pytest

from cscbook.exercises import check


def soft(z, beta):
    return np.sign(z) * np.maximum(np.abs(z) - beta, 0)


def my_masked_ista(D, y, mask, lam, steps):
    c, gamma = np.linalg.norm(D, 2) ** 2, np.zeros(D.shape[1])
    for _ in range(steps):
        gamma = soft(gamma + D.T @ (mask * (y - D @ gamma)) / c, lam / c)
    return gamma


def mask_on_the_signal_only(D, y, mask, lam, steps):
    return my_masked_ista(D, mask * y, 1, lam, steps)


def mask_on_the_code_only(D, y, mask, lam, steps):
    c, gamma = np.linalg.norm(D, 2) ** 2, np.zeros(D.shape[1])
    for _ in range(steps):
        gamma = soft(gamma + D.T @ (y - mask * (D @ gamma)) / c, lam / c)
    return gamma


def threshold_not_divided(D, y, mask, lam, steps):
    return my_masked_ista(D, y, mask, lam * np.linalg.norm(D, 2) ** 2, steps)


def always_from_zero(D, y, mask, lam, steps):
    return my_masked_ista(D, y, mask, lam, 1)


def my_find_pattern(d, y, count):
    places, rest = [], np.array(y)
    for _ in range(count):
        correlations = np.correlate(rest, d, mode="valid")
        i = int(np.argmax(np.abs(correlations)))
        rest[i : i + len(d)] -= correlations[i] * d
        places.append(i)
    return np.array(places)


def matched_filter(d, y, count):
    return np.argsort(-np.abs(np.correlate(y, d, mode="valid")))[:count]


def pattern_without_absolute_value(d, y, count):
    places, rest = [], np.array(y)
    for _ in range(count):
        correlations = np.correlate(rest, d, mode="valid")
        i = int(np.argmax(correlations))
        rest[i : i + len(d)] -= correlations[i] * d
        places.append(i)
    return np.array(places)


def pattern_by_convolution(d, y, count):
    return my_find_pattern(d[::-1], y, count)


def pattern_of_size_one(d, y, count):
    places, rest = [], np.array(y)
    for _ in range(count):
        correlations = np.correlate(rest, d, mode="valid")
        i = int(np.argmax(np.abs(correlations)))
        rest[i : i + len(d)] -= np.sign(correlations[i]) * d
        places.append(i)
    return np.array(places)


def my_learn_template(v, gamma, n):
    shifts = np.zeros((len(v), n))
    for j in range(n):
        shifts[j : j + len(gamma), j] = gamma
    return np.linalg.lstsq(shifts, v, rcond=None)[0]


def template_by_correlation(v, gamma, n):
    return np.correlate(v, gamma, mode="valid") / np.sum(gamma**2)


def template_reversed(v, gamma, n):
    return my_learn_template(v, gamma, n)[::-1]


def template_of_the_wrong_length(v, gamma, n):
    return np.correlate(v, gamma, mode="same")


def my_cycle_spinning(y, n, estimate):
    total, count = np.zeros(len(y)), np.zeros(len(y))
    for shift in range(n):
        for i in range(shift, len(y) - n + 1, n):
            total[i : i + n] += estimate(y[i : i + n])
            count[i : i + n] += 1
    return total / count


def divided_by_all_shifts(y, n, estimate):
    total = np.zeros(len(y))
    for i in range(len(y) - n + 1):
        total[i : i + n] += estimate(y[i : i + n])
    return total / n


def one_shift(y, n, estimate):
    x = np.array(y)
    for i in range(0, len(y) - n + 1, n):
        x[i : i + n] = estimate(y[i : i + n])
    return x


def around_the_circle(y, n, estimate):
    total = np.zeros(len(y))
    for i in range(len(y)):
        at = (i + np.arange(n)) % len(y)
        total[at] += estimate(y[at])
    return total / n


WRONG = [
    ("masked_ista", mask_on_the_signal_only, "residual either"),
    ("masked_ista", mask_on_the_code_only, "missing samples of y"),
    ("masked_ista", threshold_not_divided, "lam / c"),
    ("masked_ista", always_from_zero, "third step"),
    ("find_pattern", matched_filter, "is subtracted"),
    ("find_pattern", pattern_without_absolute_value, "negative"),
    ("find_pattern", pattern_by_convolution, "first sample"),
    ("find_pattern", pattern_of_size_one, "is subtracted"),
    ("learn_template", template_by_correlation, "overlap"),
    ("learn_template", template_reversed, "onset"),
    ("learn_template", template_of_the_wrong_length, "n samples"),
    ("cycle_spinning", divided_by_all_shifts, "divide by"),
    ("cycle_spinning", one_shift, "all n shifts"),
    ("cycle_spinning", around_the_circle, "ends"),
]
RIGHT = [my_masked_ista, my_find_pattern, my_learn_template, my_cycle_spinning]


@pytest.mark.parametrize("solution", RIGHT, ids=lambda f: f.__name__)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence, monkeypatch):
    monkeypatch.setattr(function, "__name__", f"my_{name}")
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
