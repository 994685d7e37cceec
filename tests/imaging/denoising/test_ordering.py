"""Patch ordering: each step against brute force, the filter against problems with a known answer."""

import numpy as np
import pytest
from problems import SIGMA, like_a_photograph

from cscbook.arrays import indices, to_numpy
from cscbook.imaging import along_path, denoise_by_order, image_patches, patch_order, train_path_filter


@pytest.mark.parametrize("window, apart", [(5, 0), (7, 1), (31, 2)])
def test_each_step_goes_to_the_nearest_patch_that_is_allowed(rng, window, apart):
    x = like_a_photograph(rng)
    P, W = image_patches(x, 4), x.shape[1] - 3
    order = patch_order(x, 4, window, apart)
    assert sorted(order) == list(range(P.shape[1])), "each patch once"
    for t in range(len(order) - 1):
        here, left = np.array(divmod(order[t], W)), order[t + 1 :]
        away = np.abs(np.stack(np.divmod(left, W)) - here[:, None]).max(axis=0)
        allowed = left[(away <= window // 2) & (away > apart)]
        allowed = allowed if len(allowed) else left
        distance = ((P[:, allowed] - P[:, order[t], None]) ** 2).sum(axis=0)
        mine = ((P[:, order[t + 1]] - P[:, order[t]]) ** 2).sum()
        assert order[t + 1] in allowed and mine <= distance.min() * (1 + 1e-4) + 1e-2


def test_the_path_is_the_same_in_every_library(xp, rng):
    x = like_a_photograph(rng)
    assert list(to_numpy(patch_order(xp(x), 4))) == list(patch_order(x.astype(np.float32), 4))


def test_neighbours_on_a_path_are_mirrored_at_its_ends(xp, rng, close):
    P, order = rng.standard_normal((3, 5)), np.array([2, 0, 4, 1, 3])
    found = along_path(xp(P), order_like(xp, order), 2)
    ends = np.array([4, 0, 2, 0, 4, 1, 3, 1, 4])
    close(found, np.stack([P[:, ends[k : k + 5]] for k in range(5)]))


def order_like(xp, order):
    """An order where the arrays of ``xp`` live."""
    return indices(order.tolist(), like=xp(np.ones(1)))


@pytest.mark.parametrize("middle, last", [(1.0, 0.0), (0.0, 1.0), (0.25, 0.75)])
def test_a_filter_of_one_patch_keeps_the_image(xp, rng, close, middle, last):
    y, start = like_a_photograph(rng, (11, 12, 2), SIGMA), like_a_photograph(rng, (11, 12, 2))
    weights = np.zeros((2, 6))
    weights[:, 2], weights[:, 5] = middle, last
    found = denoise_by_order(xp(y), xp(start), xp(weights))
    close(found, middle * y + last * start, factor=10)


def middle_contrast(x):
    """Half of the patches have more."""
    return float(np.median(image_patches(x, 8).std(axis=0)))


def test_training_finds_the_weights_that_made_the_image(xp, rng, close):
    y, start = like_a_photograph(rng, (20, 20, 1), SIGMA), like_a_photograph(rng, (20, 20, 1))
    truth, busy = 0.3 * y + 0.7 * start, middle_contrast(start)
    weights = train_path_filter(xp(y), xp(start), xp(truth), reach=2, busy=busy)
    wanted = np.zeros((2, 6))
    wanted[:, 2], wanted[:, 5] = 0.3, 0.7
    close(weights, wanted, factor=1000)


def test_trained_weights_are_the_best_for_both_kinds_of_patches(rng):
    y, start, truth = (like_a_photograph(rng, (20, 20, 1), s) for s in (SIGMA, 5.0, 0.0))
    contrast = middle_contrast(start)
    weights = train_path_filter(y, start, truth, reach=1, busy=contrast)
    P, Q, X = (image_patches(v, 8) for v in (y, start, truth))
    order, busy = patch_order(start), Q.std(axis=0) > contrast
    path = [order[[1, *range(len(order) - 1)]], order, order[[*range(1, len(order)), -2]]]
    A = np.stack([*(P[:, o] for o in path), Q[:, order]])
    for h, some in ((weights[0], ~busy[order]), (weights[1], busy[order])):
        residual = X[:, order][:, some] - np.tensordot(h, A[:, :, some], 1)
        assert abs((A[:, :, some] * residual).sum(axis=(1, 2))).max() < 1e-6 * (A * A).sum()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda y: patch_order(y, 30), "30"),
        (lambda y: patch_order(y, 4, apart=-1), "apart = -1"),
        (lambda y: along_path(np.ones((2, 3)), np.arange(3), 3), "reach = 3"),
        (lambda y: denoise_by_order(y, y[1:], np.ones((2, 4))), "start has shape"),
        (lambda y: denoise_by_order(y, y, np.ones((2, 3))), r"\(2, 3\)"),
        (lambda y: denoise_by_order(y[:5], y[:5], np.ones((2, 4))), "smaller than a patch"),
        (lambda y: train_path_filter(y, y, y[1:]), "truth has shape"),
        (lambda y: train_path_filter(y, y, y, busy=1e6), "both sides"),
    ],
)
def test_paths_that_do_not_fit_are_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(like_a_photograph(rng))
