"""The matching of similar patches."""

import sys

import numpy as np
import pytest
from problems import like_a_photograph

from cscbook.arrays import array_namespace, to_numpy
from cscbook.imaging import similar_patches
from cscbook.imaging.denoising.similar_patches import ungroup


@pytest.mark.parametrize(
    "shape, size, members, window, stride",
    [
        ((12, 14, 1), 3, 5, 6, 1),
        ((12, 14, 3), 3, 4, 5, 3),
        ((9, 8, 1), 4, 1, 1, 2),
        ((8, 8, 2), 2, 49, 50, 4),
    ],
)
def test_groups_are_the_nearest_patches_of_the_window(xp, rng, shape, size, members, window, stride):
    x = like_a_photograph(rng, shape)
    H, W = shape[0] - size + 1, shape[1] - size + 1
    found, groups = to_numpy(similar_patches(xp(x), size, members, window, stride)), []
    for i in sorted({*range(0, H, stride), H - 1}):
        for j in sorted({*range(0, W, stride), W - 1}):
            reach = range(-(window // 2), window - window // 2)
            near = [(a, b) for a in range(H) for b in range(W) if a - i in reach and b - j in reach]
            far = [
                np.sum((x[a : a + size, b : b + size] - x[i : i + size, j : j + size]) ** 2) for a, b in near
            ]
            groups.append([near[k][0] * W + near[k][1] for k in np.argsort(far)[:members]])
    np.testing.assert_array_equal(found, groups)


def test_a_patch_matches_itself_first_even_if_others_are_equal(xp):
    groups = to_numpy(similar_patches(xp(np.full((6, 7, 1), 3.0)), 2, 4, 4))
    np.testing.assert_array_equal(groups[:, 0], np.arange(5 * 6))
    assert all(len(set(group)) == 4 for group in groups.tolist())


def test_a_band_at_a_time_gives_the_same_groups(xp, rng, monkeypatch):
    x = xp(like_a_photograph(rng))
    whole = to_numpy(similar_patches(x, 3, 5, 6))
    monkeypatch.setattr(sys.modules[similar_patches.__module__], "AT_ONCE", 1)
    np.testing.assert_array_equal(to_numpy(similar_patches(x, 3, 5, 6)), whole)


def test_ungroup_is_the_adjoint_of_gathering(xp, rng, close):
    P, groups = rng.standard_normal((4, 30)), rng.integers(0, 30, (7, 5))
    values = rng.standard_normal((4, 7, 5))
    lib = array_namespace(xp(P))
    numbers = lib.asarray(groups, dtype=lib.int64, device=xp(P).device)
    back = to_numpy(ungroup(xp(values), numbers, 30))
    assert abs(np.sum(values * P[:, groups]) - np.sum(back * P)) <= 1000 * xp.tol
    slow = np.zeros((4, 30))
    np.add.at(slow.T, groups.ravel(), values.reshape(4, -1).T)
    close(back, slow, factor=10)


Y = np.zeros((12, 12, 1))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: similar_patches(Y, 13, 2, 5), "smaller than a patch"),
        (lambda: similar_patches(Y, 3, 0, 5), "members = 0"),
        (lambda: similar_patches(Y, 3, 10, 5), "members = 10"),
        (lambda: similar_patches(Y, 3, 2, 5, 1.5), "stride = 1.5"),
        (lambda: similar_patches(Y[..., 0], 3, 2, 5), "expected 3 axes"),
    ],
)
def test_windows_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_window_may_be_larger_than_the_image(xp, rng):
    x = xp(like_a_photograph(rng, (9, 8, 1)))
    all_of_it = to_numpy(similar_patches(x, 3, 5, 14))
    assert np.array_equal(to_numpy(similar_patches(x, 3, 5, 10**15)), all_of_it)
