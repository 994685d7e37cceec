"""The noise of a picture is estimated from the picture alone."""

import numpy as np
import pytest

from cscbook import add_noise, grey, load_image
from cscbook.arrays import to_numpy
from cscbook.imaging import estimate_sigma


@pytest.mark.parametrize("sigma", [2.0, 10.0, 30.0])
def test_white_noise_is_found_on_ramps_and_edges(xp, sigma):
    i, j = np.mgrid[:160, :160] / 160
    x = 40 + 100 * i + 60 * i * j + 30 * ((i - 0.5) ** 2 + (j - 0.4) ** 2 < 0.1)
    y = xp(add_noise(x[..., None] * np.ones(3), sigma))
    assert estimate_sigma(y) == pytest.approx(sigma, rel=0.05)


@pytest.mark.parametrize("name", ["camera", "astronaut", "coffee"])
def test_on_photographs(name):
    x = grey(to_numpy(load_image(name)))
    for sigma in (10.0, 25.0):
        assert sigma < estimate_sigma(add_noise(x, sigma)) < 1.2 * sigma


def test_it_scales_with_the_picture_and_ignores_an_offset(rng):
    y = rng.uniform(1, 100, (50, 60, 1))
    assert estimate_sigma(2 * y + 3) == pytest.approx(2 * estimate_sigma(y))


def test_channels_are_averaged_in_square(rng):
    y = 120 + rng.standard_normal((200, 200, 2)) * (3.0, 4.0)
    assert estimate_sigma(y) == pytest.approx((25 / 2) ** 0.5, rel=0.03)


def test_what_is_cut_off_at_black_and_white_does_not_count():
    x = np.full((200, 200, 1), 120.0)
    x[:, :120] = 0  # more than half of the picture
    y = np.clip(add_noise(x - 100 * (x == 0), 8.0), 0, 255)
    assert estimate_sigma(y) == pytest.approx(8.0, rel=0.05)


def test_pictures_without_noise(rng):
    flat = np.full((20, 20, 1), 77.0)
    drawing = 255.0 * (rng.random((20, 20, 1)) < 0.5)
    cartoon = np.where(np.arange(100).reshape(-1, 1, 1) < 50, 60.0, 190.0) * np.ones((100, 100, 1))
    assert estimate_sigma(flat) == estimate_sigma(drawing) == estimate_sigma(cartoon) == 0


def test_small_pictures_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 9, 1\)"):
        estimate_sigma(np.ones((2, 9, 1)))
