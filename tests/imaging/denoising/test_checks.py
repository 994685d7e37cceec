"""What an image, its units and its mask must be."""

import numpy as np
import pytest

from cscbook import denoise_ksvd, denoise_omp, inpaint
from cscbook.imaging.denoising.checks import check_intensities, check_mask
from cscbook.imaging.total_variation import inpaint_tv


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
