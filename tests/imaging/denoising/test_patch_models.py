"""A mixture of Gaussians, and low rank."""

import math

import numpy as np
import pytest
from problems import like_a_photograph
from scipy.stats import multivariate_normal

from cscbook.arrays import to_numpy
from cscbook.datasets.files import load_image
from cscbook.imaging import denoise_epll, denoise_wnnm, image_patches, psnr, similar_patches
from cscbook.imaging.denoising.patch_models import mixture_patches, shrink_singular_values


def mixture(rng, K, n, scale=400.0):
    A = rng.standard_normal((K, n, n))
    return rng.dirichlet(np.ones(K)), scale * A @ A.transpose(0, 2, 1) / n


def dense_patch_operator(space, size):
    """The matrices R_i of one image, entry by entry: (patches, size^2, pixels)."""
    number = np.arange(math.prod(space)).reshape(space)
    corners = [(i, j) for i in range(space[0] - size + 1) for j in range(space[1] - size + 1)]
    return np.stack(
        [np.eye(math.prod(space))[number[i : i + size, j : j + size].ravel()] for i, j in corners]
    )


def slow_mixture(P, sigma, weights, covariances):
    """Each patch by itself, with SciPy's density."""
    out = np.empty_like(P)
    for i, p in enumerate(P.T):
        noisy = [S + sigma**2 * np.eye(len(p)) for S in covariances]
        score = [multivariate_normal.logpdf(p, cov=N) for N in noisy]
        k = int(np.argmax(np.log(weights) + score))
        out[:, i] = covariances[k] @ np.linalg.solve(noisy[k], p)
    return out


# --- a mixture of Gaussians ---------------------------------------------------------------------------------


def test_each_patch_gets_the_wiener_filter_of_its_component(xp, rng, close):
    weights, S = mixture(rng, 3, 9)
    S[0] *= 0.01
    P = np.concatenate([rng.multivariate_normal(np.zeros(9), s, 20) for s in S]).T
    found = mixture_patches(xp(P), 5.0, xp(weights), xp(S))
    close(found, slow_mixture(P, 5.0, weights, S), factor=1000)


def test_epll_solves_its_two_steps(xp, rng, close):
    y, sigma, (weights, S) = like_a_photograph(rng, sigma=10.0), 10.0, mixture(rng, 2, 9)
    R, x, n, fidelity = dense_patch_operator(y.shape[:2], 3), y, 9, 0.7
    for beta in (1, 4):
        P = np.einsum("inN,N->ni", R, x.ravel())
        z = slow_mixture(P - P.mean(axis=0), sigma / math.sqrt(beta), weights, S) + P.mean(axis=0)
        lam, weight = fidelity * n / sigma**2, beta / sigma**2
        normal = lam * np.eye(y.size) + weight * np.einsum("inN,inM->NM", R, R)
        right = lam * y.ravel() + weight * np.einsum("inN,ni->N", R, z)
        x = np.linalg.solve(normal, right).reshape(y.shape)
    found = denoise_epll(xp(y), sigma, xp(weights), xp(S), betas=(1, 4), fidelity=fidelity)
    close(found, x, factor=1000)


def test_a_gaussian_that_allows_everything_changes_nothing(xp, rng, close):
    y = like_a_photograph(rng)
    S = xp((1e16 if xp.dtype == "float64" else 1e11) * np.eye(9)[None])
    close(denoise_epll(xp(y), 10.0, xp([1.0]), S), y, factor=100)


def test_a_gaussian_that_allows_nothing_leaves_the_means(xp, rng, close):
    y = like_a_photograph(rng, (8, 9, 1))
    weights, S = xp([1.0]), xp(np.zeros((1, 9, 9)))
    found = denoise_epll(xp(y), 10.0, weights, S, betas=(1,), fidelity=0.0)
    R = dense_patch_operator((8, 9), 3)
    means = np.einsum("inN,N->i", R, y.ravel()) / 9
    close(found, (np.einsum("inN,i->N", R, means) / R.sum(axis=(0, 1))).reshape(y.shape), factor=100)


# --- low rank -----------------------------------------------------------------------------------------------


def test_shrinkage_solves_its_equation(xp, rng, close):
    s, beta = rng.uniform(0, 10, (5, 6)), 4.0
    x = to_numpy(shrink_singular_values(xp(s), beta))
    kept = s > beta
    assert (x[~kept] == 0).all() and kept.any() and not kept.all()
    np.testing.assert_allclose(x[kept], s[kept] - beta**2 / (4 * x[kept]), atol=100 * xp.tol)
    assert (x[kept] >= beta / 2 - 100 * xp.tol).all()
    close(shrink_singular_values(xp(s), 0.0), s)


def test_shrinkage_minimises_the_weighted_nuclear_norm(rng):
    Y = rng.standard_normal((5, 7))
    U, s, V = np.linalg.svd(Y, full_matrices=False)
    x = shrink_singular_values(s, 1.5)
    assert x[-1] == 0 < x[1]
    w = np.where(x > 0, s - x, s.max())  # the weights that it ends with

    def objective(X):
        return np.sum((Y - X) ** 2) / 2 + np.sum(w * np.linalg.svd(X, compute_uv=False))

    X = (U * x) @ V
    for _ in range(200):
        step = rng.choice([1e-3, 1e-2, 1e-1]) * rng.standard_normal(Y.shape)
        assert objective(X) <= objective(X + step) + 1e-12


def test_without_weights_the_image_stays(xp, rng, close):
    y = like_a_photograph(rng, (13, 14, 2))
    kw = dict(size=3, members=6, window=7, stride=3)
    close(denoise_wnnm(xp(y), 10.0, gain=0.0, **kw), y, factor=100)
    close(denoise_wnnm(xp(y), 1e-6, **kw), y, factor=1e8 * 1e-12 / xp.tol + 100)


def slow_round(y, size, members, window, stride, beta):
    """One group at a time, one patch at a time."""
    R, groups = dense_patch_operator(y.shape[:2], size), similar_patches(y, size, members, window, stride)
    total, often = np.zeros(y.size), np.zeros(y.size)
    for group in groups:
        Z = (R[group] @ y.ravel()).T
        mean = Z.mean(axis=1, keepdims=True)
        U, s, V = np.linalg.svd(Z - mean, full_matrices=False)
        Z = U @ np.diag([(v + math.sqrt(v**2 - beta**2)) / 2 if v > beta else 0 for v in s]) @ V + mean
        for i, patch in zip(group, Z.T, strict=True):
            total, often = total + R[i].T @ patch, often + R[i].sum(axis=0)
    return (total / often).reshape(y.shape)


def test_two_rounds_are_one_after_another(xp, rng, close):
    x, sigma, beta = like_a_photograph(rng), 10.0, 3 + math.sqrt(6)
    y = x + sigma * rng.standard_normal(x.shape)
    first = slow_round(y, 3, 6, 7, 2, beta * sigma)
    v = first + 0.2 * (y - first)
    level = 0.4 * math.sqrt(sigma**2 - np.mean((y - v) ** 2))
    second = slow_round(v, 3, 6, 7, 2, beta * level)
    settings = dict(size=3, members=6, window=7, stride=2, feedback=0.2, left=0.4)
    close(denoise_wnnm(xp(y), sigma, rounds=1, **settings), first, factor=1000)
    close(denoise_wnnm(xp(y), sigma, rounds=2, **settings), second, factor=1000)
    assert np.abs(second - first).max() > 1


def test_a_group_that_is_one_patch_and_noise_becomes_its_mean(xp, rng, close):
    """Columns of one height: all patches are equal but for the noise, which the weights remove."""
    y = 100 + rng.standard_normal((10, 10, 1))
    found = to_numpy(denoise_wnnm(xp(y), 3.0, size=2, members=81, window=20, stride=1, rounds=1))
    P = image_patches(y, 2)
    assert found.std() < 0.1 and abs(found.mean() - P.mean()) < 0.1


def test_both_remove_most_of_the_noise_from_a_photograph(rng):
    x = to_numpy(load_image("brick"))[192:256, 192:256]
    y = x + 25 * rng.standard_normal(x.shape)
    P = image_patches(to_numpy(load_image("brick"))[256:, 256:], 6)
    S = np.cov(P - P.mean(axis=0))[None]
    assert psnr(denoise_epll(y, 25, np.ones(1), S), x) > psnr(y, x) + 6
    assert psnr(denoise_wnnm(y, 25), x) > psnr(y, x) + 12


# --- what does not fit --------------------------------------------------------------------------------------


def test_precision_is_kept(xp, rng):
    y = xp(like_a_photograph(rng))
    assert denoise_wnnm(y, 5.0, size=3, members=6, window=7, stride=3).dtype == y.dtype
    assert denoise_epll(y, 5.0, np.ones(1), np.eye(9)[None]).dtype == y.dtype


Y = np.zeros((12, 12, 1))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: denoise_wnnm(Y, -1.0), "sigma"),
        (lambda: denoise_wnnm(Y, 5.0, size=13), "smaller than a patch"),
        (lambda: denoise_wnnm(Y + np.nan, 5.0), "NaN"),
        (lambda: denoise_wnnm(Y, 5.0, rounds=0), "rounds = 0"),
        (lambda: denoise_wnnm(Y, 5.0, size=3), "stride = 4"),
        (lambda: denoise_wnnm(Y, 5.0, size=3, members=9, window=6, stride=3, gain=-1.0), "gain"),
        (lambda: denoise_epll(Y, 0.0, np.ones(1), np.eye(9)[None]), "sigma"),
        (lambda: denoise_epll(Y, 5.0, np.ones(2), np.eye(9)[None]), r"\(K, n, n\)"),
        (lambda: denoise_epll(Y, 5.0, np.ones(1), np.eye(8)[None]), "square"),
        (lambda: denoise_epll(Y, 5.0, np.zeros(1), np.eye(9)[None]), "positive weights"),
        (lambda: denoise_epll(Y, 5.0, np.ones(1), -np.eye(9)[None]), "eigenvalue"),
        (lambda: denoise_epll(Y, 5.0, np.ones(1), np.triu(np.ones((9, 9)))[None]), "symmetric"),
        (lambda: denoise_epll(Y, 5.0, np.ones(1), np.eye(9)[None], betas=(1, 0)), "betas"),
        (lambda: denoise_epll(Y, 5.0, np.ones(1), np.eye(225)[None]), "smaller than a patch"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
