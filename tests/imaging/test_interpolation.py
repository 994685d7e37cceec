"""Interpolation by rounds of a denoiser."""

import numpy as np
import pytest
from problems import grey_photograph, like_a_photograph

from cscbook.arrays import to_numpy
from cscbook.imaging import interpolate, ksvd_together, plate, psnr


def grid(x):
    mask = np.zeros(x.shape)
    mask[::2, ::2] = 1
    return mask


def test_pixels_that_are_seen_stay_and_others_are_not_looked_at(xp, rng):
    x = like_a_photograph(rng)
    mask = grid(x)
    rounds = [
        list(interpolate(xp(y), xp(mask), lambda z, sigma: 0.9 * z + 2.0, sigmas=(3.0, 2.0)))
        for y in (x, np.where(mask > 0, x, 99.0))
    ]
    for one, other in zip(*rounds, strict=True):
        assert np.array_equal(to_numpy(one)[mask > 0], to_numpy(xp(x))[mask > 0])
        assert np.array_equal(to_numpy(one), to_numpy(other))


def test_a_denoiser_that_does_nothing_leaves_the_thin_plate(rng):
    x = like_a_photograph(rng)
    mask = grid(x)
    *_, found = interpolate(x, mask, lambda z, sigma: z)
    smooth = plate(mask * x, mask, 1e-3, 0 * x + (mask * x).sum() / mask.sum())
    np.testing.assert_allclose(found, np.where(mask > 0, x, smooth), atol=1e-8)


def test_each_round_denoises_the_last_for_its_noise(rng):
    x, seen = like_a_photograph(rng), []
    found = list(interpolate(x, grid(x), lambda z, s: seen.append((z, s)) or z + 1, sigmas=(5.0, 3.0, 2.0)))
    assert [s for _, s in seen] == [5.0, 3.0, 2.0]
    for before, (z, _) in zip(found, seen[1:], strict=False):
        assert np.array_equal(before, z)


def test_patches_together_fill_a_wall_better_than_a_plate():
    x = grey_photograph("brick", slice(150, 214), slice(150, 214))
    mask = grid(x)
    *_, smooth = interpolate(x, mask, lambda z, sigma: z)
    rng = np.random.default_rng(0)
    *_, found = interpolate(x, mask, lambda z, sigma: ksvd_together(z, sigma, rng=rng))
    assert psnr(found, x) > psnr(smooth, x)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: interpolate(x, 0 * x), "mask is empty"),
        (lambda x: interpolate(x / 255, grid(x)), "0..255"),
        (lambda x: interpolate(x, grid(x), sigmas=(0.0,)), "sigmas"),
        (lambda x: interpolate(x, grid(x), sigmas=()), "sigmas"),
    ],
)
def test_what_cannot_be_filled_is_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(like_a_photograph(rng))
