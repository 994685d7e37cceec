"""Similar patches: common scales of their codes, and codes that are sparse around a common mean."""

import math

import numpy as np
import pytest
from problems import grey_photograph, like_a_photograph

from cscbook import add_noise, psnr
from cscbook.arrays import to_numpy
from cscbook.imaging import denoise_gsm, denoise_ncsr, denoise_wnnm, image_patches, similar_patches
from cscbook.imaging.denoising.patch_models import shrink_singular_values
from cscbook.imaging.denoising.similar_codes import (
    WINDOW,
    best_scale,
    centralize,
    kind_bases,
    scale_mixture,
)
from cscbook.shrinkage import soft

SMALL = dict(size=3, members=6, stride=2)

# --- common scales ------------------------------------------------------------------------------------------


def test_the_best_scale_is_the_lowest_point_of_a_fine_grid(xp):
    grid = np.linspace(1e-3, 20, 400_001)
    for s, b, cost in ((9.0, 1.0, 4.0), (9.0, 3.0, 4.0), (5.0, 0.5, 1.0), (30.0, 4.0, 60.0)):
        found = float(best_scale(xp([s]), xp([b]), cost)[0])
        other = (s - math.sqrt(s * s - 2 * cost)) / (2 * b)  # a maximum: the logarithm wins on its left
        beyond = grid[grid > other]
        lowest = beyond[np.argmin((s - beyond * b) ** 2 + cost * np.log(beyond))]
        assert abs(found - lowest) < 1e-3


def test_where_a_scale_has_no_minimum_it_is_zero(xp):
    s, b, cost = 2.0, 1.0, 4.0
    grid = np.linspace(1e-3, 20, 10_001)
    assert np.all(np.diff((s - grid * b) ** 2 + cost * np.log(grid)) > 0)
    assert float(best_scale(xp([s]), xp([b]), cost)[0]) == 0


def test_alternation_ends_at_the_rule_of_weighted_nuclear_norms(xp, close):
    """Two beliefs, one rule: with ``beta^2 = 2 price sigma^2`` the fixed point is that of WNNM."""
    sigma, price, members = 3.0, 10.0, 16
    edge = sigma * math.sqrt(2 * price)
    s = np.linspace(1.05, 20, 60) * edge
    x = shrink_singular_values(s, edge)
    theta = np.sqrt(x * sigma**2 / (s - x))  # the scale at which ridge regression makes x of s
    close(best_scale(xp(s), xp(theta * s / (theta**2 + sigma**2)), price * sigma**2), theta, factor=1e3)
    below, above = np.linspace(0, 0.98, 20) * edge, np.linspace(1.2, 6, 20) * edge
    assert np.all(to_numpy(scale_mixture(xp(below), sigma, price, members, n_iter=400)) == 0)
    found = to_numpy(scale_mixture(xp(above), sigma, price, members, n_iter=400))
    np.testing.assert_allclose(found, shrink_singular_values(above, edge), rtol=2e-3)


def test_gsm_without_a_price_is_a_wiener_filter_and_without_noise_nothing(xp, rng, close):
    s = np.array([0.0, 5.0, 20.0, 80.0])
    theta2 = np.maximum(s * s / 4 - 9.0, 0)
    close(scale_mixture(xp(s), 3.0, 0.0, 4, n_iter=0), s * theta2 / (theta2 + 9.0), factor=100)
    y = like_a_photograph(rng, (13, 14, 2))
    close(denoise_gsm(xp(y), 1e-6, window=7, **SMALL), y, factor=1e8 * 1e-12 / xp.tol + 1000)


# --- a common mean ------------------------------------------------------------------------------------------


def test_around_zero_and_with_one_spread_ncsr_is_the_soft_threshold(xp, rng, close):
    half = rng.choice([-1.0, 1.0], (5, 7, 3)) * 4.0  # every component of every group spreads alike
    codes = np.concatenate([half, -half], axis=2)
    found = centralize(xp(codes), 2.0, 0.7)
    close(found, soft(codes[:, :, 0], 0.7 * 4 / math.sqrt(12)), factor=10)


def test_what_all_members_share_is_kept(xp, rng, close):
    shared = np.repeat(rng.standard_normal((5, 7, 1)), 4, axis=2)
    close(centralize(xp(shared), 10.0, 1.0), shared[:, :, 0], factor=10)


def test_kinds_are_nearest_centres_and_bases_their_components(xp, rng, close):
    two = np.concatenate([rng.normal(0, 1, (4, 30)) + 20, rng.normal(0, 1, (4, 30)) - 20], axis=1)
    kind, bases = kind_bases(xp(two), 2, np.random.default_rng(1))
    kind, bases = to_numpy(kind), to_numpy(bases)
    assert len(set(kind[:30])) == len(set(kind[30:])) == 1 and kind[0] != kind[-1]
    for k in (0, 1):
        U = bases[k].astype(float)
        inside = U.T @ (two[:, kind == k] @ two[:, kind == k].T + 1e-3 * two @ two.T) @ U
        assert np.abs(U.T @ U - np.eye(4)).max() < 1e-5
        assert np.abs(inside - np.diag(np.diag(inside))).max() < 1e-4 * np.diag(inside).max()


def slow_ncsr(y, sigma, gain, kinds):
    """One patch at a time."""
    P, groups = image_patches(y, 3), similar_patches(y, 3, 6, WINDOW, 2)
    first = P[:, groups[:, 0]]
    kind, bases = kind_bases(first - first.mean(axis=0), kinds, np.random.default_rng(0))
    total, often = np.zeros(y.shape), np.zeros(y.shape)
    for group, k in zip(groups, kind, strict=True):
        codes = bases[k].T @ P[:, group]
        beta = codes.mean(axis=1)
        spread = np.sqrt(np.maximum(((codes.T - beta) ** 2).mean(axis=0) - sigma**2, 1e-4 * sigma**2))
        patch = bases[k] @ (beta + soft(codes[:, 0] - beta, gain * sigma**2 / spread))
        i, j = np.unravel_index(group[0], tuple(N - 2 for N in y.shape[:2]))
        total[i : i + 3, j : j + 3, 0] += patch.reshape(3, 3)
        often[i : i + 3, j : j + 3, 0] += 1
    return total / often


def test_one_round_is_the_mean_of_all_shrunk_patches(xp, rng, close):
    x, sigma = like_a_photograph(rng), 10.0
    y = x + sigma * rng.standard_normal(x.shape)
    found = denoise_ncsr(xp(y), sigma, kinds=3, rounds=1, rng=np.random.default_rng(0), **SMALL)
    close(found, slow_ncsr(y, sigma, 0.7, 3), factor=1e4)


def test_ncsr_without_noise_changes_nothing(xp, rng, close):
    y = like_a_photograph(rng, (13, 14, 2))
    close(denoise_ncsr(xp(y), 1e-6, kinds=3, **SMALL), y, factor=1e8 * 1e-12 / xp.tol + 1000)


# --- both ---------------------------------------------------------------------------------------------------


def test_both_remove_most_of_the_noise_from_a_photograph():
    x = grey_photograph("camera", slice(80, 144), slice(180, 244))
    y = add_noise(x, 25)
    least = psnr(denoise_wnnm(y, 25), x) - 0.7
    assert psnr(denoise_gsm(y, 25), x) > least
    assert psnr(denoise_ncsr(y, 25, kinds=10), x) > least


Y = np.zeros((12, 12, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: denoise_gsm(Y, -1.0), "sigma"),
        (lambda: denoise_gsm(Y, 5.0, size=3), "stride = 4"),
        (lambda: denoise_gsm(Y, 5.0, window=5, price=-1.0, **SMALL), "price"),
        (lambda: denoise_ncsr(Y, 5.0, size=3, members=1), "members = 1"),
        (lambda: denoise_ncsr(Y, 5.0, size=3, kinds=101), "at most 100"),
        (lambda: denoise_ncsr(Y + np.nan, 5.0), "NaN"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
