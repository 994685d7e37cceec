"""Filters, borders and batches of images."""

import numpy as np
import pytest

from cscbook import patch_filters, to_numpy
from cscbook.imaging.batches import crop, pad, padded_dictionary, roughness


@pytest.fixture
def filters(rng):
    """Eight waves of 6 x 6 with random directions, unit norms and no mean."""
    i, j = np.mgrid[:6, :6]
    angle, phase = rng.uniform(0, np.pi, 8), rng.uniform(0, 2 * np.pi, 8)
    waves = np.sin(1.3 * (np.cos(angle) * i[..., None] + np.sin(angle) * j[..., None]) + phase)
    waves = waves - waves.mean(axis=(0, 1))
    return (waves / np.linalg.norm(waves, axis=(0, 1)))[:, :, None, :]


def test_roughness_is_the_gradient_norm(xp, close, rng):
    filters = rng.standard_normal((6, 6, 1, 8))
    framed = np.pad(filters, ((1, 1), (1, 1), (0, 0), (0, 0)))
    by_hand = np.sqrt(sum((np.diff(framed, axis=a) ** 2).sum((0, 1, 2)) for a in (0, 1)))
    close(roughness(xp(filters)), by_hand / by_hand.mean(), factor=10)


def test_patch_filters_are_unit_and_without_mean(xp, rng):
    x = xp(128 + 60 * np.sin(np.mgrid[:40, :40].sum(0) / 2.0)[..., None] + rng.standard_normal((40, 40, 1)))
    D = to_numpy(patch_filters([x], size=6, m=5, k=2, patches=300, n_iter=2))
    assert D.shape == (6, 6, 1, 5)
    assert np.allclose((D**2).sum((0, 1, 2)), 1, atol=1e-4)
    assert np.abs(D.mean((0, 1))).max() < 1e-4


def test_pad_and_crop(xp, close, rng):
    x = xp(rng.standard_normal((2, 5, 4, 1)))
    assert pad(x, (3, 2)).shape == (2, 8, 5, 1), "7 = 5 + 3 - 1 has no fast transform, 8 has"
    assert padded_dictionary(xp(np.ones((3, 2, 1, 1))), x).space == (8, 5)
    close(crop(pad(x, (3, 2)), x), to_numpy(x))
