"""Part 5, from least squared error to denoising: each judge passes a solution and fails three wrong ones."""

import numpy as np
import pytest

from cscbook.exercises import check


def soft(z, beta):
    return np.sign(z) * np.maximum(abs(z) - beta, 0)


def my_mmse_shrinkage(b, p, sigma_x, sigma_nu):
    kappa = sigma_x**2 / (sigma_x**2 + sigma_nu**2)
    q = p / (1 - p) * np.sqrt(1 - kappa) * np.exp(kappa * b**2 / (2 * sigma_nu**2))
    return q / (1 + q) * kappa * b


def most_likely_support(b, p, sigma_x, sigma_nu):
    kappa = sigma_x**2 / (sigma_x**2 + sigma_nu**2)
    q = p / (1 - p) * np.sqrt(1 - kappa) * np.exp(kappa * b**2 / (2 * sigma_nu**2))
    return (q > 1) * kappa * b


def without_kappa(b, p, sigma_x, sigma_nu):
    return my_mmse_shrinkage(b, p, sigma_x, sigma_nu) * (sigma_x**2 + sigma_nu**2) / sigma_x**2


def odds_for_probability(b, p, sigma_x, sigma_nu):
    kappa = sigma_x**2 / (sigma_x**2 + sigma_nu**2)
    q = p / (1 - p) * np.sqrt(1 - kappa) * np.exp(kappa * b**2 / (2 * sigma_nu**2))
    return q * kappa * b


def without_the_root(b, p, sigma_x, sigma_nu):
    kappa = sigma_x**2 / (sigma_x**2 + sigma_nu**2)
    q = p / (1 - p) * np.exp(kappa * b**2 / (2 * sigma_nu**2))
    return q / (1 + q) * kappa * b


def my_resonance(D, y, noises):
    total = np.zeros(D.shape[1])
    for e in noises.T:
        j = np.argmax(abs(D.T @ (y + e)))
        total[j] += D[:, j] @ y
    return total / noises.shape[1]


def resonance_of_the_noisy_signal(D, y, noises):
    total = np.zeros(D.shape[1])
    for e in noises.T:
        j = np.argmax(abs(D.T @ (y + e)))
        total[j] += D[:, j] @ (y + e)
    return total / noises.shape[1]


def resonance_as_a_sum(D, y, noises):
    return my_resonance(D, y, noises) * noises.shape[1]


def resonance_without_absolute_values(D, y, noises):
    total = np.zeros(D.shape[1])
    for e in noises.T:
        j = np.argmax(D.T @ (y + e))
        total[j] += D[:, j] @ y
    return total / noises.shape[1]


def my_lista(W, S, betas, y):
    z = np.zeros(len(S))
    for beta in betas:
        z = soft(W @ y + S @ z, beta)
    return z


def lista_without_input(W, S, betas, y):
    z = soft(W @ y, betas[0])
    for beta in betas[1:]:
        z = soft(S @ z, beta)
    return z


def lista_with_one_threshold(W, S, betas, y):
    return my_lista(W, S, [betas[0]] * len(betas), y)


def lista_with_positive_codes(W, S, betas, y):
    z = np.zeros(len(S))
    for beta in betas:
        z = np.maximum(W @ y + S @ z - beta, 0)
    return z


def my_lista_gradient(W, S, beta, y, gamma):
    first = soft(W @ y, beta)
    second = soft(W @ y + S @ first, beta)
    g = (second != 0) * (second - gamma)
    g_first = (first != 0) * (S.T @ g)
    return np.outer(g + g_first, y), np.outer(g, first)


def gradient_through_the_threshold(W, S, beta, y, gamma):
    first = soft(W @ y, beta)
    second = soft(W @ y + S @ first, beta)
    g = second - gamma
    return np.outer(g + S.T @ g, y), np.outer(g, first)


def gradient_without_the_way_back(W, S, beta, y, gamma):
    g_W, g_S = my_lista_gradient(W, S, beta, y, gamma)
    second = soft(W @ y + S @ soft(W @ y, beta), beta)
    return np.outer((second != 0) * (second - gamma), y), g_S


def gradient_of_twice_the_loss(W, S, beta, y, gamma):
    return [2 * g for g in my_lista_gradient(W, S, beta, y, gamma)]


def my_worst_noise(D, support, w, eps):
    D_S = D[:, support]
    e = D_S @ np.linalg.solve(D_S.T @ D_S, w[support])
    return eps * e / np.linalg.norm(e)


def noise_of_the_weights(D, support, w, eps):
    e = D[:, support] @ w[support]
    return eps * e / np.linalg.norm(e)


def noise_of_all_weights(D, support, w, eps):
    e = D @ w
    return eps * e / np.linalg.norm(e)


def noise_the_other_way(D, support, w, eps):
    return -my_worst_noise(D, support, w, eps)


def my_attack(gradient, x, eps, steps):
    def unit(g):
        return g / np.linalg.norm(g)

    e = eps * unit(gradient(x))
    for _ in range(steps - 1):
        e = eps * unit(e + eps / 2 * unit(gradient(x + e)))
    return e


def attack_downhill(gradient, x, eps, steps):
    return my_attack(lambda z: -gradient(z), x, eps, steps)


def attack_with_one_gradient(gradient, x, eps, steps):
    return my_attack(lambda z: gradient(x), x, eps, steps)


def attack_off_the_sphere(gradient, x, eps, steps):
    e = 0 * x
    for t in range(steps):
        g = gradient(x + e)
        e = e + (eps if t == 0 else eps / 2) * g / np.linalg.norm(g)
    return e


def my_residual_block(D, z, beta, c):
    return np.maximum(z + D.T @ (z - D @ z) / c - beta, 0)


def block_without_the_skip(D, z, beta, c):
    return np.maximum(D.T @ (z - D @ z) / c - beta, 0)


def block_without_the_residual(D, z, beta, c):
    return np.maximum(z + D.T @ z / c - beta, 0)


def block_with_signs(D, z, beta, c):
    return soft(z + D.T @ (z - D @ z) / c, beta)


def my_dense_layer(F, z, beta):
    return np.concatenate([z, np.maximum(F.T @ z - beta, 0)])


def dense_with_one_threshold(F, z, beta):
    return np.maximum(np.concatenate([z, F.T @ z]) - beta, 0)


def dense_without_input(F, z, beta):
    return np.maximum(F.T @ z - beta, 0)


def dense_with_a_bias_added(F, z, beta):
    return np.concatenate([z, np.maximum(F.T @ z + beta, 0)])


def my_growth(A, B, steps):
    z = np.arange(1.0, A.shape[1] + 1)
    for _ in range(steps):
        z = z / np.linalg.norm(z)
        z = z - B.T @ (A @ z)
    return np.linalg.norm(z)


def growth_with_the_other_sign(A, B, steps):
    return my_growth(-A, B, steps)


def growth_of_all_steps(A, B, steps):
    z = np.ones(A.shape[1]) / A.shape[1] ** 0.5
    for _ in range(steps):
        z = z - B.T @ (A @ z)
    return np.linalg.norm(z)


def growth_without_normalising(A, B, steps):
    z = np.ones(A.shape[1])
    with np.errstate(all="ignore"):
        for _ in range(steps):
            before = np.linalg.norm(z)
            z = z - B.T @ (A @ z)
        return np.linalg.norm(z) / before


def my_cscnet(A, B, C, tau, y, steps):
    gamma = np.zeros(A.shape[1])
    for _ in range(steps):
        gamma = soft(gamma - B.T @ (A @ gamma - y), tau)
    return C @ gamma


def cscnet_with_one_dictionary(A, B, C, tau, y, steps):
    return my_cscnet(B, B, C, tau, y, steps)


def cscnet_drawn_by_a(A, B, C, tau, y, steps):
    return my_cscnet(A, B, A, tau, y, steps)


def cscnet_of_one_step_more(A, B, C, tau, y, steps):
    return my_cscnet(A, B, C, tau, y, steps + 1)


def my_running_mean(codes):
    total = 0
    for count, code in enumerate(codes, 1):
        total = total + code
        yield total / count


def mean_of_all_but_one(codes):
    total = 0
    for count, code in enumerate(codes):
        total = total + code
        yield total / max(count, 1)


def mean_in_one_place(codes):
    mean = None
    for count, code in enumerate(codes, 1):
        mean = np.zeros_like(code) if mean is None else mean
        mean += (code - mean) / count
        yield mean


def mean_at_the_end(codes):
    yield np.mean(list(codes), axis=0)


def my_batch_norm(z):
    return (z - z.mean(axis=(0, 1))) / z.std(axis=(0, 1))


def norm_of_each_signal(z):
    return (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)


def norm_of_all_channels(z):
    return (z - z.mean()) / z.std()


def norm_without_the_mean(z):
    return z / z.std(axis=(0, 1))


WRONG = [
    ("mmse_shrinkage", most_likely_support, "its probability given b"),
    ("mmse_shrinkage", without_kappa, "larger in magnitude"),
    ("mmse_shrinkage", odds_for_probability, "larger in magnitude"),
    ("mmse_shrinkage", without_the_root, "its probability given b"),
    ("resonance", resonance_of_the_noisy_signal, "original signal"),
    ("resonance", resonance_as_a_sum, "a mean and no sum"),
    ("resonance", resonance_without_absolute_values, "in absolute value"),
    ("lista", lista_without_input, "W y is added"),
    ("lista", lista_with_one_threshold, "its own row"),
    ("lista", lista_with_positive_codes, "soft(W y, beta)"),
    ("lista_gradient", gradient_through_the_threshold, "stopped the entry"),
    ("lista_gradient", gradient_without_the_way_back, "S transposed"),
    ("lista_gradient", gradient_of_twice_the_loss, "(z - gamma) times"),
    ("worst_noise", noise_of_the_weights, "raises the score more"),
    ("worst_noise", noise_of_all_weights, "atoms of the support"),
    ("worst_noise", noise_the_other_way, "does not lower it"),
    ("attack", attack_downhill, "where the loss grows"),
    ("attack", attack_with_one_gradient, "taken at x + e"),
    ("attack", attack_off_the_sphere, "norm is eps again"),
    ("residual_block", block_without_the_skip, "nothing is left to explain"),
    ("residual_block", block_without_the_residual, "nothing is left to explain"),
    ("residual_block", block_with_signs, "No entry is negative"),
    ("dense_layer", dense_with_one_threshold, "unchanged"),
    ("dense_layer", dense_without_input, "n + m entries"),
    ("dense_layer", dense_with_a_bias_added, "less the threshold"),
    ("growth", growth_with_the_other_sign, "nothing grows"),
    ("growth", growth_of_all_steps, "1 - 0.1"),
    ("growth", growth_without_normalising, "stays finite"),
    ("cscnet", cscnet_with_one_dictionary, "A says is explained"),
    ("cscnet", cscnet_drawn_by_a, "draws with C"),
    ("cscnet", cscnet_of_one_step_more, "One step"),
    ("running_mean", mean_of_all_but_one, "half the sum"),
    ("running_mean", mean_in_one_place, "does not change afterwards"),
    ("running_mean", mean_at_the_end, "as many means"),
    ("batch_norm", norm_of_each_signal, "whole batch"),
    ("batch_norm", norm_of_all_channels, "mean zero"),
    ("batch_norm", norm_without_the_mean, "mean zero"),
]


SOLUTIONS = [
    my_mmse_shrinkage,
    my_resonance,
    my_lista,
    my_lista_gradient,
    my_worst_noise,
    my_attack,
    my_residual_block,
    my_dense_layer,
    my_growth,
    my_cscnet,
    my_running_mean,
    my_batch_norm,
]


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda f: f.__name__)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence, monkeypatch):
    monkeypatch.setattr(function, "__name__", f"my_{name}")
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
