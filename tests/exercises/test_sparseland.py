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


def my_coherence(D):
    D = D / np.linalg.norm(D, axis=0)
    G = np.abs(D.T @ D)
    return (G - np.diag(np.diag(G))).max()


def coherence_with_the_diagonal(D):
    D = D / np.linalg.norm(D, axis=0)
    return np.abs(D.T @ D).max()


def coherence_with_signs(D):
    D = D / np.linalg.norm(D, axis=0)
    G = D.T @ D
    return (G - np.diag(np.diag(G))).max()


def coherence_without_norms(D):
    G = np.abs(D.T @ D)
    return (G - np.diag(np.diag(G))).max()


def soft(z, beta):
    return np.sign(z) * np.maximum(np.abs(z) - beta, 0)


def my_ista(D, y, lam, steps):
    c, gamma = np.linalg.norm(D, 2) ** 2, np.zeros(D.shape[1])
    for _ in range(steps):
        gamma = soft(gamma + D.T @ (y - D @ gamma) / c, lam / c)
    return gamma


def ista_with_a_relu(D, y, lam, steps):
    c, gamma = np.linalg.norm(D, 2) ** 2, np.zeros(D.shape[1])
    for _ in range(steps):
        gamma = np.maximum(gamma + D.T @ (y - D @ gamma) / c - lam / c, 0)
    return gamma


def ista_with_the_whole_threshold(D, y, lam, steps):
    c, gamma = np.linalg.norm(D, 2) ** 2, np.zeros(D.shape[1])
    for _ in range(steps):
        gamma = soft(gamma + D.T @ (y - D @ gamma) / c, lam)
    return gamma


def ista_without_a_residual(D, y, lam, steps):
    c, gamma = np.linalg.norm(D, 2) ** 2, np.zeros(D.shape[1])
    for _ in range(steps):
        gamma = soft(gamma + D.T @ y / c, lam / c)
    return gamma


def my_patch_average(P, N):
    total, cover = np.zeros(N), np.zeros(N)
    for i, patch in enumerate(P):
        total[i : i + len(patch)] += patch
        cover[i : i + len(patch)] += 1
    return total / cover


def average_that_only_adds(P, N):
    total = np.zeros(N)
    for i, patch in enumerate(P):
        total[i : i + len(patch)] += patch
    return total


def average_that_divides_by_n(P, N):
    return average_that_only_adds(P, N) / P.shape[1]


def average_that_overwrites(P, N):
    x = np.zeros(N)
    for i, patch in enumerate(P):
        x[i : i + len(patch)] = patch
    return x


def local(y, C, shrink, step=1):
    n = len(C)
    total, cover = np.zeros(len(y)), np.zeros(len(y))
    for i in range(0, len(y) - n + 1, step):
        total[i : i + n] += C.T @ shrink(C @ y[i : i + n])
        cover[i : i + n] += 1
    return total / cover


def my_denoiser(y, C, beta):
    return local(y, C, lambda a: np.where(np.abs(a) > beta, a, 0))


def denoiser_with_a_soft_threshold(y, C, beta):
    return local(y, C, lambda a: soft(a, beta))


def denoiser_of_tiles(y, C, beta):
    return local(y, C, lambda a: np.where(np.abs(a) > beta, a, 0), step=len(C))


def denoiser_without_absolute_values(y, C, beta):
    return local(y, C, lambda a: np.where(a > beta, a, 0))


def rank_one(E):
    U, s, V = np.linalg.svd(E, full_matrices=False)
    return U[:, 0], s[0] * V[0]


def my_ksvd_atom(P, D, gamma, j):
    users, g = gamma[j] != 0, np.zeros(gamma.shape[1])
    E = P - D @ gamma + np.outer(D[:, j], gamma[j])
    d, g[users] = rank_one(E[:, users])
    return d, g


def ksvd_atom_of_all_patches(P, D, gamma, j):
    return rank_one(P - D @ gamma + np.outer(D[:, j], gamma[j]))


def ksvd_atom_of_the_residual(P, D, gamma, j):
    users, g = gamma[j] != 0, np.zeros(gamma.shape[1])
    d, g[users] = rank_one((P - D @ gamma)[:, users])
    return d, g


def ksvd_atom_of_any_norm(P, D, gamma, j):
    d, g = my_ksvd_atom(P, D, gamma, j)
    return 2 * d, g / 2


def my_sos(f, y, rho, rounds):
    x = 0 * y
    for _ in range(rounds):
        x = f(y + rho * x) - rho * x
    return x


def sos_that_forgets_to_subtract(f, y, rho, rounds):
    x = 0 * y
    for _ in range(rounds):
        x = f(y + rho * x)
    return x


def sos_that_starts_at_the_measurement(f, y, rho, rounds):
    x = y
    for _ in range(rounds):
        x = f(y + rho * x) - rho * x
    return x


def sos_of_two_rounds(f, y, rho, rounds):
    return my_sos(f, y, rho, min(rounds, 2))


def my_low_rank(Y, t):
    U, s, V = np.linalg.svd(Y, full_matrices=False)
    return U @ (np.maximum(s - t, 0)[:, None] * V)


def low_rank_of_entries(Y, t):
    return soft(Y, t)


def low_rank_with_negative_values(Y, t):
    U, s, V = np.linalg.svd(Y, full_matrices=False)
    return U @ (np.where(s > 1e-9, s - t, 0)[:, None] * V)


def low_rank_of_the_first_value(Y, t):
    d, g = rank_one(Y)
    return max(1 - t / np.linalg.norm(g), 0) * np.outer(d, g)


def my_centralized(codes, beta):
    mean = codes.mean(axis=1)
    return mean + soft(codes[:, 0] - mean, beta)


def centralized_around_zero(codes, beta):
    return soft(codes[:, 0], beta)


def centralized_without_the_mean(codes, beta):
    return soft(codes[:, 0] - codes.mean(axis=1), beta)


def centralized_by_a_hard_threshold(codes, beta):
    mean = codes.mean(axis=1)
    r = codes[:, 0] - mean
    return mean + np.where(np.abs(r) > beta, r, 0)


def my_path(P):
    order, free = [0], np.ones(P.shape[1], dtype=bool)
    while len(order) < P.shape[1]:
        free[order[-1]] = False
        distance = ((P - P[:, [order[-1]]]) ** 2).sum(axis=0)
        order.append(int(np.argmin(np.where(free, distance, np.inf))))
    return order


def path_that_comes_back(P):
    return [0, *(int(np.argsort(((P - P[:, [i]]) ** 2).sum(axis=0))[1]) for i in range(P.shape[1] - 1))]


def path_by_distance_from_the_first(P):
    return np.argsort(((P - P[:, [0]]) ** 2).sum(axis=0)).tolist()


def path_of_first_pixels(P):
    return my_path(P[:1])


WRONG = [
    ("omp", omp_without_absolute_values, "in absolute value"),
    ("omp", matching_pursuit, "least squares"),
    ("omp", thresholding, "those of OMP"),
    ("coherence", coherence_with_the_diagonal, "coherence 0"),
    ("coherence", coherence_with_signs, "absolute value"),
    ("coherence", coherence_without_norms, "norms first"),
    ("ista", ista_with_a_relu, "negative numbers"),
    ("ista", ista_with_the_whole_threshold, "lam/c"),
    ("ista", ista_without_a_residual, "residual"),
    ("patch_average", average_that_only_adds, "their mean"),
    ("patch_average", average_that_divides_by_n, "border"),
    ("patch_average", average_that_overwrites, "their mean"),
    ("denoiser", denoiser_with_a_soft_threshold, "as they are"),
    ("denoiser", denoiser_of_tiles, "All overlapping"),
    ("denoiser", denoiser_without_absolute_values, "nothing changes"),
    ("ksvd_atom", ksvd_atom_of_all_patches, "did not use"),
    ("ksvd_atom", ksvd_atom_of_the_residual, "rank-one"),
    ("ksvd_atom", ksvd_atom_of_any_norm, "norm one"),
    ("sos", sos_that_forgets_to_subtract, "subtracts"),
    ("sos", sos_that_starts_at_the_measurement, "from zero"),
    ("sos", sos_of_two_rounds, "third"),
    ("low_rank", low_rank_of_entries, "rank one"),
    ("low_rank", low_rank_with_negative_values, "not negative"),
    ("low_rank", low_rank_of_the_first_value, "All singular values"),
    ("centralized", centralized_around_zero, "all members share"),
    ("centralized", centralized_without_the_mean, "stays as it is"),
    ("centralized", centralized_by_a_hard_threshold, "soft threshold"),
    ("path", path_that_comes_back, "visited once"),
    ("path", path_by_distance_from_the_first, "may jump"),
    ("path", path_of_first_pixels, "all pixels"),
]

SOLUTIONS = [
    my_omp,
    my_coherence,
    my_ista,
    my_patch_average,
    my_denoiser,
    my_ksvd_atom,
    my_sos,
    my_low_rank,
    my_centralized,
    my_path,
]


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda f: f.__name__)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence):
    function.__name__ = f"my_{name}"
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
