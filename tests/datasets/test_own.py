"""The reader's own picture: a piece from its middle, or a digit as MNIST has them."""

import numpy as np
import pytest

from cscbook import accuracy, load_digit_network, load_digits
from cscbook.arrays import asarray, to_numpy
from cscbook.datasets.own import as_digit, middle


@pytest.mark.parametrize("shape", [(40, 50, 3), (101, 77, 1), (20, 600, 3), (300, 200, 1)])
def test_the_middle_of_a_picture(rng, shape):
    x = rng.random(shape)
    piece = to_numpy(middle(asarray(x), 64))
    assert piece.shape == (min(64, shape[0]), min(64, shape[1]), shape[2])
    i, j = (max(0, n - 64) // 2 for n in shape[:2])
    np.testing.assert_array_equal(piece, x[i : i + 64, j : j + 64])


def test_a_picture_that_is_too_small_says_how_large_it_must_be():
    with pytest.raises(ValueError, match="9 x 80 pixels: expected at least 16"):
        middle(asarray(np.ones((9, 80, 1))), 64)


def photographed(digit, scale, paper, ink, shape):
    """A digit of MNIST, enlarged and put anywhere on paper of another brightness."""
    large = np.kron(digit[..., 0], np.ones((scale, scale)))
    page = np.full(shape, float(paper))
    i, j = shape[0] // 5, shape[1] // 6
    page[i : i + len(large), j : j + len(large)] += (ink - paper) * large
    return page[..., None]


@pytest.mark.parametrize("paper, ink", [(255, 0), (0, 255), (230, 60)])
@pytest.mark.parametrize("scale", [1, 3, 10])
def test_a_network_reads_photographed_digits(paper, ink, scale):
    _, _, digits, labels = (to_numpy(a) for a in load_digits())
    pages = [photographed(digit, scale, paper, ink, (400, 450)) for digit in digits[:40]]
    found = np.stack([to_numpy(as_digit(asarray(page))) for page in pages])
    assert found.shape == (40, 28, 28, 1) and found.min() >= 0 and (found.max(axis=(1, 2, 3)) == 1).all()
    network = load_digit_network()
    assert accuracy(network, asarray(found.astype(np.float32)), labels[:40]) >= 0.9


def test_colours_and_pictures_without_ink(rng):
    page = photographed(to_numpy(load_digits()[0])[3], 3, 250, 20, (200, 200))
    np.testing.assert_allclose(
        to_numpy(as_digit(asarray(np.repeat(page, 3, axis=-1)))), to_numpy(as_digit(asarray(page))), atol=1e-3
    )
    with pytest.raises(ValueError, match="no ink"):
        as_digit(asarray(np.full((30, 30, 1), 200.0)))
    with pytest.raises(ValueError, match="3 x 40 pixels: too few"):
        as_digit(asarray(np.ones((3, 40, 1))))
