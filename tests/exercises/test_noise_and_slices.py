"""2.5, 2.6 and 3.1 to 3.3: each judge passes the solution, fails wrong ones at the sentence that says why."""

import numpy as np
import pytest

from cscbook.exercises import check


def places(N, n):
    return (np.arange(N)[:, None] + np.arange(n)) % N


def aggregate(p):
    x = np.zeros(len(p))
    np.add.at(x, places(*p.shape), p)
    return x


def soft(z, beta):
    return np.sign(z) * np.maximum(np.abs(z) - beta, 0)


def my_wilson(successes, trials, z=1.96):
    p = successes / trials
    centre = p + z**2 / (2 * trials)
    width = z * np.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    return (centre - width) / (1 + z**2 / trials), (centre + width) / (1 + z**2 / trials)


def normal_interval(successes, trials):
    p = successes / trials
    width = 1.96 * np.sqrt(p * (1 - p) / trials)
    return p - width, p + width


def high_before_low(successes, trials):
    return my_wilson(successes, trials)[::-1]


def not_divided(successes, trials, z=1.96):
    p = successes / trials
    width = z * np.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    return p + z**2 / (2 * trials) - width, p + z**2 / (2 * trials) + width


def my_local_noise(e, n):
    return np.sqrt((e[places(len(e), n)] ** 2).sum(1).max())


def without_root(e, n):
    return (e[places(len(e), n)] ** 2).sum(1).max()


def whole_signal(e, n):
    return np.linalg.norm(e)


def without_wrapping(e, n):
    return max(np.linalg.norm(e[i : i + n]) for i in range(len(e) - n + 1))


def one_sample_short(e, n):
    return my_local_noise(e, max(1, n - 1))


def my_minimises(D, y, gamma, lam):
    correlations, on = D.T @ (y - D @ gamma), gamma != 0
    wrong = np.where(on, np.abs(correlations - lam * np.sign(gamma)), np.abs(correlations) - lam)
    return bool(wrong.max() <= 1e-6 * lam)


def only_at_most(D, y, gamma, lam):
    return np.abs(D.T @ (y - D @ gamma)).max() <= (1 + 1e-6) * lam


def without_signs(D, y, gamma, lam):
    correlations, on = np.abs(D.T @ (y - D @ gamma)), gamma != 0
    return np.allclose(correlations[on], lam) and bool((correlations[~on] <= lam).all())


def only_on_the_support(D, y, gamma, lam):
    correlations, on = D.T @ (y - D @ gamma), gamma != 0
    return np.allclose(correlations[on], lam * np.sign(gamma[on]))


def never_off_the_support(D, y, gamma, lam):
    if not gamma.any():
        return my_minimises(D, y, gamma, lam)
    return only_on_the_support(D, y, gamma, lam)


def my_local_ista(D_L, y, lam, c, steps):
    at = places(len(y), len(D_L))
    alpha = np.zeros((len(y), D_L.shape[1]))
    for _ in range(steps):
        r = y - aggregate(alpha @ D_L.T)
        alpha = soft(alpha + r[at] @ D_L / c, lam / c)
    return alpha


def each_patch_alone(D_L, y, lam, c, steps):
    at = places(len(y), len(D_L))
    alpha = np.zeros((len(y), D_L.shape[1]))
    for _ in range(steps):
        alpha = soft(alpha + (y[at] - alpha @ D_L.T) @ D_L / c, lam / c)
    return alpha


def averaged_slices(D_L, y, lam, c, steps):
    at = places(len(y), len(D_L))
    alpha = np.zeros((len(y), D_L.shape[1]))
    for _ in range(steps):
        r = y - aggregate(alpha @ D_L.T) / len(D_L)
        alpha = soft(alpha + r[at] @ D_L / c, lam / c)
    return alpha


def threshold_not_scaled(D_L, y, lam, c, steps):
    at = places(len(y), len(D_L))
    alpha = np.zeros((len(y), D_L.shape[1]))
    for _ in range(steps):
        alpha = soft(alpha + (y - aggregate(alpha @ D_L.T))[at] @ D_L / c, lam)
    return alpha


def my_slice_update(y, coded, u, rho):
    n = coded.shape[1]
    missing = y - aggregate(coded - u)
    return coded - u + missing[places(len(y), n)] / (rho + n)


def nothing_kept_back(y, coded, u, rho):
    n = coded.shape[1]
    return coded - u + (y - aggregate(coded - u))[places(len(y), n)] / n


def multipliers_added(y, coded, u, rho):
    n = coded.shape[1]
    return coded + u + (y - aggregate(coded + u))[places(len(y), n)] / (rho + n)


def slices_averaged(y, coded, u, rho):
    n = coded.shape[1]
    return coded - u + (y - aggregate(coded - u) / n)[places(len(y), n)] / (rho + n)


def my_filter_gradient(D_L, y, alpha):
    r = y - aggregate(alpha @ D_L.T)
    return -r[places(len(y), len(D_L))].T @ alpha


def uphill(D_L, y, alpha):
    return -my_filter_gradient(D_L, y, alpha)


def patches_of_the_signal(D_L, y, alpha):
    return -y[places(len(y), len(D_L))].T @ alpha


def divided_by_length(D_L, y, alpha):
    return my_filter_gradient(D_L, y, alpha) / len(y)


SOLUTIONS = [my_wilson, my_local_noise, my_minimises, my_local_ista, my_slice_update, my_filter_gradient]
WRONG = [
    ("wilson", normal_interval, "and not 1"),
    ("wilson", high_before_low, "low and high"),
    ("wilson", not_divided, "symmetric"),
    ("local_noise", without_root, "the answer is 3"),
    ("local_noise", whole_signal, "largest magnitude"),
    ("local_noise", without_wrapping, "wrap around"),
    ("local_noise", one_sample_short, "holds both"),
    ("minimises", only_at_most, "must equal lam"),
    ("minimises", without_signs, "sign must be"),
    ("minimises", only_on_the_support, "does not"),
    ("minimises", never_off_the_support, "may not exceed"),
    ("local_ista", each_patch_alone, "all positions are added"),
    ("local_ista", averaged_slices, "all positions are added"),
    ("local_ista", threshold_not_scaled, "soft-thresholded at lam / c"),
    ("slice_update", nothing_kept_back, "rho + n"),
    ("slice_update", multipliers_added, "are subtracted"),
    ("slice_update", slices_averaged, "add up to the signal"),
    ("filter_gradient", uphill, "lowers the misfit"),
    ("filter_gradient", patches_of_the_signal, "zero where the code explains"),
    ("filter_gradient", divided_by_length, "in every direction"),
]


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda f: f.__name__)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence, monkeypatch):
    monkeypatch.setattr(function, "__name__", f"my_{name}")
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
