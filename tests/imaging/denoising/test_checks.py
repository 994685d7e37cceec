"""What an image, its units and its mask must be."""

import numpy as np
import pytest

from cscbook import denoise_dct, denoise_ksvd, denoise_omp, inpaint, separate
from cscbook.imaging import denoise_epll, denoise_wnnm
from cscbook.imaging.denoising.checks import check_intensities, check_mask
from cscbook.imaging.total_variation import denoise_tv, inpaint_tv

FILTERS = np.random.default_rng(1).standard_normal((4, 4, 1, 5))


@pytest.mark.parametrize("denoise", [denoise_ksvd, denoise_omp])
def test_an_image_in_0_to_1_is_refused_by_name(rng, denoise):
    with pytest.raises(ValueError, match=r"y has no value beyond 0\.\d+: expected intensities in 0..255"):
        denoise(0.9 * rng.random((16, 16, 1)), 20 / 255)


def test_black_and_dark_images_are_images():
    for peak in (0, 4.5, 255):
        check_intensities("y", np.full((9, 9, 1), float(peak)))


@pytest.mark.parametrize("fill", [inpaint_tv, lambda y, mask: inpaint(y, mask, np.ones((3, 3, 1, 1)))])
def test_a_mask_without_its_channel_axis_is_an_error(rng, fill):
    with pytest.raises(ValueError, match=r"mask of shape \(20, 20\) for an image of shape \(20, 20, 1\)"):
        fill(200 * rng.random((20, 20, 1)), np.ones((20, 20)))


def test_a_mask_may_be_bool_or_numbers(rng):
    y, seen = 200 * rng.random((8, 8, 3)), rng.random((8, 8, 1)) > 0.3
    for mask in (seen, seen.astype(float), seen.astype(np.int64)):
        found = check_mask(mask, y)
        assert found.dtype == y.dtype and np.array_equal(found, np.broadcast_to(seen, y.shape))
    with pytest.raises(ValueError, match="expected 1 where a pixel is seen"):
        check_mask(0.5 * seen, y)


def picture(rng):
    return (100 + 20 * rng.standard_normal((14, 15, 1))).astype(np.float32)


@pytest.mark.parametrize(
    ("solve", "value"),
    [
        (lambda y, a: inpaint(y, y > 90, FILTERS, mu=a).x, 1.0),
        (lambda y, a: inpaint(y, y > 90, FILTERS, lam=a).x, 0.05),
        (lambda y, a: inpaint_tv(y, y > 90, 9, step=a), 0.02),
        (lambda y, a: denoise_tv(y, a).x, 10.0),
        (lambda y, a: separate(y, FILTERS, lam=a, rounds=1).texture, 0.05),
        (lambda y, a: denoise_dct(y, a, 4), 20.0),
        (lambda y, a: denoise_omp(y, a, np.eye(16)).x, 20.0),
        (lambda y, a: denoise_wnnm(y, a, 4, 5, 5), 20.0),
        (lambda y, a: denoise_epll(y, a, np.ones(1), 400 * np.eye(16)[None]), 20.0),
    ],
)
def test_a_number_of_numpy_gives_what_the_same_float_gives(rng, solve, value):
    """``np.float64`` times a float32 array is float64: another precision, and another answer."""
    y = picture(rng)
    one, other = solve(y, value), solve(y, np.float64(value))
    assert one.dtype == other.dtype == np.float32 and np.array_equal(one, other)


@pytest.mark.parametrize("sigma", [1e-300, 1e-13, 1e13])
def test_a_noise_level_beyond_single_precision_is_named(rng, sigma):
    with pytest.raises(ValueError, match=f"sigma = {sigma}"):
        denoise_omp(picture(rng), sigma, np.eye(16))
