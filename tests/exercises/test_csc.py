"""Part 2, the model and local sparsity: each judge passes a solution and fails three wrong ones, each at the
sentence that says why."""

import numpy as np
import pytest

from cscbook.exercises import check


def my_synthesis(filters, gamma):
    n, N = len(filters), len(gamma)
    x = np.zeros(N)
    for i, a in zip(*np.nonzero(gamma), strict=True):
        x[(i + np.arange(n)) % N] += gamma[i, a] * filters[:, a]
    return x


def synthesis_centred(filters, gamma):
    return np.roll(my_synthesis(filters, gamma), -1)


def synthesis_without_circle(filters, gamma):
    N = len(gamma)
    return sum(np.convolve(gamma[:, a], filters[:, a])[:N] for a in range(filters.shape[1]))


def synthesis_that_overwrites(filters, gamma):
    n, N = len(filters), len(gamma)
    x = np.zeros(N)
    for i, a in zip(*np.nonzero(gamma), strict=True):
        x[(i + np.arange(n)) % N] = gamma[i, a] * filters[:, a]
    return x


def my_correlations(filters, x):
    n, N = len(filters), len(x)
    patches = np.array([x[(i + np.arange(n)) % N] for i in range(N)])
    return patches @ filters


def convolution_instead(filters, x):
    return np.array([my_synthesis(filters[:, [a]], x[:, None]) for a in range(filters.shape[1])]).T


def correlations_normalised(filters, x):
    return my_correlations(filters / np.linalg.norm(filters, axis=0), x)


def correlations_without_circle(filters, x):
    n, N = len(filters), len(x)
    longer = np.pad(x, (0, n - 1))
    return np.array([longer[i : i + n] for i in range(N)]) @ filters


def my_stripe_dictionary(filters):
    n, m = filters.shape
    padded = np.pad(filters, ((n - 1, n - 1), (0, 0)))
    return np.hstack([padded[n - 1 - s : 2 * n - 1 - s] for s in range(1 - n, n)])


def stripe_dictionary_filter_by_filter(filters):
    n, m = filters.shape
    return my_stripe_dictionary(filters).reshape(n, 2 * n - 1, m).swapaxes(1, 2).reshape(n, -1)


def stripe_dictionary_wrapped(filters):
    n = len(filters)
    return np.hstack([np.roll(filters, s, axis=0) for s in range(1 - n, n)])


def stripe_dictionary_backwards(filters):
    n, m = filters.shape
    return np.hstack(np.split(my_stripe_dictionary(filters), 2 * n - 1, axis=1)[::-1])


def my_convolutional_coherence(filters):
    n, largest = len(filters), 0
    padded = np.pad(filters, ((0, n), (0, 0)))
    for s in range(n):  # the shifts to the other side are the same pairs
        gram = np.abs(padded.T @ np.roll(padded, s, axis=0))
        if s == 0:
            np.fill_diagonal(gram, 0)
        largest = max(largest, gram.max())
    return largest


def coherence_of_the_filters_alone(filters):
    return np.abs(filters.T @ filters - np.eye(filters.shape[1])).max()


def coherence_without_shift_zero(filters):
    padded = np.pad(filters, ((0, len(filters)), (0, 0)))
    return max(np.abs(padded.T @ np.roll(padded, s, axis=0)).max() for s in range(1, len(filters)))


def coherence_with_signs(filters):
    (n, m), largest = filters.shape, 0
    padded = np.pad(filters, ((0, n), (0, 0)))
    for s in range(n):
        gram = padded.T @ np.roll(padded, s, axis=0) - (s == 0) * np.eye(m)
        largest = max(largest, gram.max())
    return largest


def my_l0_inf(gamma, n):
    N, needle = len(gamma), np.count_nonzero(gamma, axis=1)
    return max(needle[(i + np.arange(1 - n, n)) % N].sum() for i in range(N))


def l0_inf_of_patches(gamma, n):
    N, needle = len(gamma), np.count_nonzero(gamma, axis=1)
    return max(needle[(i + np.arange(n)) % N].sum() for i in range(N))


def l0_inf_of_needles(gamma, n):
    N, used = len(gamma), (gamma != 0).any(axis=1)
    return max(used[(i + np.arange(1 - n, n)) % N].sum() for i in range(N))


def l0_inf_without_circle(gamma, n):
    needle = np.count_nonzero(gamma, axis=1)
    return np.convolve(needle, np.ones(2 * n - 1)).max()


def my_stripe_coherence(gamma, mu_s):
    N, n, needle = len(gamma), (len(mu_s) + 1) // 2, np.count_nonzero(gamma, axis=1)
    return np.array([needle[(i + np.arange(1 - n, n)) % N] @ mu_s for i in range(N)])


def stripe_coherence_with_heights(gamma, mu_s):
    N, n, needle = len(gamma), (len(mu_s) + 1) // 2, np.abs(gamma).sum(axis=1)
    return np.array([needle[(i + np.arange(1 - n, n)) % N] @ mu_s for i in range(N)])


def stripe_coherence_from_the_start(gamma, mu_s):
    N, needle = len(gamma), np.count_nonzero(gamma, axis=1)
    return np.array([needle[(i + np.arange(len(mu_s))) % N] @ mu_s for i in range(N)])


def stripe_coherence_without_circle(gamma, mu_s):
    return np.convolve(np.count_nonzero(gamma, axis=1), mu_s, mode="same")


SOLUTIONS = [my_synthesis, my_correlations, my_stripe_dictionary, my_convolutional_coherence, my_l0_inf,
             my_stripe_coherence]  # fmt: skip
WRONG = [
    ("synthesis", synthesis_centred, "in this order"),
    ("synthesis", synthesis_without_circle, "at its beginning"),
    ("synthesis", synthesis_that_overwrites, "they are added"),
    ("correlations", convolution_instead, "squared norm"),
    ("correlations", correlations_normalised, "squared norm"),
    ("correlations", correlations_without_circle, "near the end of the circle"),
    ("stripe_dictionary", stripe_dictionary_filter_by_filter, "in the middle"),
    ("stripe_dictionary", stripe_dictionary_wrapped, "cut off"),
    ("stripe_dictionary", stripe_dictionary_backwards, "In the first block"),
    ("convolutional_coherence", coherence_of_the_filters_alone, "shifts of a single filter"),
    ("convolutional_coherence", coherence_without_shift_zero, "at the same position"),
    ("convolutional_coherence", coherence_with_signs, "absolute value"),
    ("l0_inf", l0_inf_of_patches, "2 n - 2"),
    ("l0_inf", l0_inf_of_needles, "same needle"),
    ("l0_inf", l0_inf_without_circle, "round the circle"),
    ("stripe_coherence", stripe_coherence_with_heights, "height"),
    ("stripe_coherence", stripe_coherence_from_the_start, "its own position"),
    ("stripe_coherence", stripe_coherence_without_circle, "round the circle"),
]


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda f: f.__name__)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence, monkeypatch):
    monkeypatch.setattr(function, "__name__", f"my_{name}")
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
