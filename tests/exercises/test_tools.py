"""The appendix: each judge passes a solution and fails wrong ones, each at the sentence that says why."""

import numpy as np
import pytest

from cscbook.exercises import check


def my_ridge(D, y, w):
    return np.linalg.solve(D.T @ D + w * np.eye(D.shape[1]), D.T @ y)


def ridge_without_the_weight(D, y, w):
    return np.linalg.lstsq(D, y, rcond=None)[0]


def ridge_of_the_correlations(D, y, w):
    return D.T @ y / (1 + w)


def ridge_everywhere(D, y, w):
    return np.linalg.solve(D.T @ D + w, D.T @ y)


def ridge_of_the_fit(D, y, w):
    return np.linalg.lstsq(D, y, rcond=None)[0] / (1 + w)


def my_leading_pair(E, d, steps):
    for _ in range(steps):
        d = E @ (E.T @ d)
        d = d / np.linalg.norm(d)
    return d, d @ E


def pair_of_any_norm(E, d, steps):
    for _ in range(min(steps, 5)):
        d = E @ (E.T @ d)
    return d, d @ E


def pair_with_old_coefficients(E, d, steps):
    for _ in range(steps):
        g = d @ E
        d = E @ g / np.linalg.norm(E @ g)
    return d, g


def pair_after_one_step(E, d, steps):
    return my_leading_pair(E, d, 1)


def my_is_subgradient(s, g):
    used = g != 0
    return np.all(s[used] == np.sign(g[used])) and np.all(abs(s) <= 1)


def subgradient_by_signs(s, g):
    return np.all(s == np.sign(g))


def subgradient_by_size(s, g):
    return np.all(abs(s) <= 1)


def subgradient_of_one_side(s, g):
    used = g != 0
    return np.all(s[used] == np.sign(g[used])) and np.all(s <= 1)


def subgradient_by_products(s, g):
    return np.all(s * g >= 0) and np.all(abs(s) <= 1)


def my_block_soft(z, beta):
    norm = np.linalg.norm(z)
    return 0 * z if norm <= beta else (1 - beta / norm) * z


def block_by_entries(z, beta):
    return np.sign(z) * np.maximum(abs(z) - beta, 0)


def block_that_turns_round(z, beta):
    return (1 - beta / np.linalg.norm(z)) * z


def block_that_divides_by_zero(z, beta):
    direction = z / np.linalg.norm(z)
    return np.maximum(np.linalg.norm(z) - beta, 0) * direction


def block_that_keeps(z, beta):
    return z * (np.linalg.norm(z) > beta)


def my_dual_bound(D, y, lam, gamma):
    v = y - D @ gamma
    v = v / max(1, abs(D.T @ v).max() / lam)
    return v @ y - v @ v / 2


def bound_without_scaling(D, y, lam, gamma):
    v = y - D @ gamma
    return v @ y - v @ v / 2


def bound_that_always_scales(D, y, lam, gamma):
    v = y - D @ gamma
    v = v * lam / abs(D.T @ v).max()
    return v @ y - v @ v / 2


def bound_that_is_the_objective(D, y, lam, gamma):
    v = y - D @ gamma
    return v @ v / 2 + lam * abs(gamma).sum()


def bound_that_ignores_the_code(D, y, lam, gamma):
    return my_dual_bound(D, y, lam, 0 * gamma)


def run_admm(D, y, lam, rho, steps, at=None, add=lambda u, a, z: u + a - z, returned=1):
    m = D.shape[1]
    a, z, u = np.zeros(m), np.zeros(m), np.zeros(m)
    inverse = np.linalg.inv(D.T @ D + rho * np.eye(m))
    for _ in range(steps):
        a = inverse @ (D.T @ y + rho * (z - u))
        b, beta = a + u, lam / rho if at is None else at
        z = np.sign(b) * np.maximum(abs(b) - beta, 0)
        u = add(u, a, z)
    return (a, z)[returned]


def my_admm(D, y, lam, rho, steps):
    return run_admm(D, y, lam, rho, steps)


def admm_at_lam(D, y, lam, rho, steps):
    return run_admm(D, y, lam, rho, steps, at=lam)


def admm_without_multiplier(D, y, lam, rho, steps):
    return run_admm(D, y, lam, rho, steps, add=lambda u, a, z: u)


def admm_with_the_last_disagreement(D, y, lam, rho, steps):
    return run_admm(D, y, lam, rho, steps, add=lambda u, a, z: a - z)


def admm_that_returns_the_other_copy(D, y, lam, rho, steps):
    return run_admm(D, y, lam, rho, steps, returned=0)


def probabilities(x, w, S):
    q = w * np.exp(-(x[:, None] ** 2) / (2 * S)) / np.sqrt(S)
    return q / q.sum(1, keepdims=True)


def fitted(x, q):
    return q.mean(0), (q * x[:, None] ** 2).sum(0) / q.sum(0)


def my_em_step(x, w, S):
    return fitted(x, probabilities(x, w, S))


def em_without_the_root(x, w, S):
    q = w * np.exp(-(x[:, None] ** 2) / (2 * S))
    return fitted(x, q / q.sum(1, keepdims=True))


def em_by_decisions(x, w, S):
    q = probabilities(x, w, S)
    return fitted(x, (q == q.max(1, keepdims=True)) * 1.0)


def em_that_keeps_the_weights(x, w, S):
    return w, my_em_step(x, w, S)[1]


def em_that_divides_by_all(x, w, S):
    q = probabilities(x, w, S)
    return q.mean(0), (q * x[:, None] ** 2).mean(0)


def my_fft(x):
    N = len(x)
    if N == 1:
        return np.array(x, dtype=complex)
    even, odd = my_fft(x[::2]), my_fft(x[1::2])
    turned = np.exp(-2j * np.pi * np.arange(N // 2) / N) * odd
    return np.concatenate([even + turned, even - turned])


def fft_with_the_other_sign(x):
    return np.conj(np.fft.fft(x))


def fft_divided_by_the_length(x):
    return np.fft.fft(x) / len(x)


def fft_that_does_not_turn(x):
    if len(x) == 1:
        return np.array(x, dtype=complex)
    even, odd = fft_that_does_not_turn(x[::2]), fft_that_does_not_turn(x[1::2])
    return np.concatenate([even + odd, even - odd])


def fft_of_halves(x):
    N = len(x)
    if N <= 4:
        return np.fft.fft(x)
    first, second = fft_of_halves(x[: N // 2]), fft_of_halves(x[N // 2 :])
    turned = np.exp(-2j * np.pi * np.arange(N // 2) / N) * second
    return np.concatenate([first + turned, first - turned])


SOLUTIONS = [
    my_ridge,
    my_leading_pair,
    my_is_subgradient,
    my_block_soft,
    my_dual_bound,
    my_admm,
    my_em_step,
    my_fft,
]
WRONG = [
    ("ridge", ridge_without_the_weight, "divided by 1 + w"),
    ("ridge", ridge_of_the_correlations, "least-squares fit"),
    ("ridge", ridge_everywhere, "divided by 1 + w"),
    ("ridge", ridge_of_the_fit, "on the diagonal"),
    ("leading_pair", pair_of_any_norm, "norm one"),
    ("leading_pair", pair_with_old_coefficients, "new atom"),
    ("leading_pair", pair_after_one_step, "many steps"),
    ("is_subgradient", subgradient_by_signs, "any number"),
    ("is_subgradient", subgradient_by_size, "wrong sign"),
    ("is_subgradient", subgradient_of_one_side, "may not exceed 1"),
    ("is_subgradient", subgradient_by_products, "not enough"),
    ("block_soft", block_by_entries, "smaller by beta"),
    ("block_soft", block_that_turns_round, "becomes zero"),
    ("block_soft", block_that_divides_by_zero, "zero vector"),
    ("block_soft", block_that_keeps, "smaller by beta"),
    ("dual_bound", bound_without_scaling, "halved first"),
    ("dual_bound", bound_that_always_scales, "as it is"),
    ("dual_bound", bound_that_is_the_objective, "halved first"),
    ("dual_bound", bound_that_ignores_the_code, "At the optimum"),
    ("admm", admm_at_lam, "thresholds a at lam / rho"),
    ("admm", admm_without_multiplier, "second step"),
    ("admm", admm_with_the_last_disagreement, "all steps"),
    ("admm", admm_that_returns_the_other_copy, "thresholds a at lam / rho"),
    ("em_step", em_without_the_root, "mean of the probabilities"),
    ("em_step", em_by_decisions, "mean of the probabilities"),
    ("em_step", em_that_keeps_the_weights, "mean of the probabilities"),
    ("em_step", em_that_divides_by_all, "each number counts"),
    ("fft", fft_with_the_other_sign, "negative"),
    ("fft", fft_divided_by_the_length, "sum and their difference"),
    ("fft", fft_that_does_not_turn, "negative"),
    ("fft", fft_of_halves, "even and of the odd"),
]


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda f: f.__name__)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence, monkeypatch):
    monkeypatch.setattr(function, "__name__", f"my_{name}")
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
