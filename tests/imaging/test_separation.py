"""Separation: the parts, their model, and bad input."""

import numpy as np
import pytest

from cscbook import ConvDictionary, separate, to_numpy
from cscbook.imaging import denoise_tv
from cscbook.imaging.batches import crop, padded_dictionary
from cscbook.imaging.separation import texture_filters
from cscbook.imaging.total_variation import total_variation


def correlation(a, b):
    return float(np.corrcoef(np.ravel(to_numpy(a)), np.ravel(to_numpy(b)))[0, 1])


@pytest.fixture
def filters():
    """Two diagonal waves of 6 x 6."""
    i, j = np.mgrid[:6, :6]
    waves = np.stack([np.sin(2 * (i + j)), np.cos(2 * (i - j))], axis=-1) * np.hanning(8)[1:-1, None, None]
    waves = waves - waves.mean(axis=(0, 1))
    return (waves / np.linalg.norm(waves, axis=(0, 1)))[:, :, None, :]


@pytest.fixture
def mixture(filters, rng):
    """A piecewise constant cartoon, and a sparse texture all over it."""
    cartoon = np.full((48, 48, 1), 80.0)
    cartoon[10:34, 8:24] = 160
    cartoon[20:, 30:] = 120
    gamma = 110 * rng.choice([-1.0, 1.0], (53, 53, 2)) * (rng.random((53, 53, 2)) < 0.02)
    return cartoon, (ConvDictionary(filters, (53, 53)) @ gamma)[:48, :48]


def test_parts_are_the_truth(xp, mixture, filters):
    cartoon, texture = mixture
    found = separate(xp(cartoon + texture), xp(filters), rounds=4)
    assert correlation(found.cartoon, cartoon) > 0.95
    assert correlation(found.texture, texture) > 0.9


def test_parts_from_the_mixture_alone(mixture):
    cartoon, texture = mixture
    found = separate(cartoon + texture, size=6, m=8)
    assert correlation(found.cartoon, cartoon) > 0.95
    assert correlation(found.texture, texture) > 0.9


def test_better_than_any_split_by_total_variation(mixture, filters):
    cartoon, texture = mixture
    y = cartoon + texture
    found = separate(y, filters)
    for weight in (5.0, 10.0, 20.0, 40.0):
        u = denoise_tv(y, weight, tol=1e-3).x
        assert correlation(found.cartoon, cartoon) > correlation(u, cartoon)
        assert correlation(found.texture, texture) > correlation(y - u, texture)


def test_texture_is_a_code(xp, mixture, filters):
    y = xp(sum(mixture))
    found = separate(y, xp(filters), rounds=2)
    D = padded_dictionary(found.D, y)
    assert np.abs(to_numpy(crop(D @ found.gamma, y) - found.texture)).max() < 0.01


def test_more_rounds_lower_the_objective(mixture, filters):
    y = sum(mixture) / 255

    def value(found):
        u, t = found.cartoon / 255, found.texture / 255
        l1 = np.abs(found.gamma).sum() / 255
        return ((y - u - t) ** 2).sum() / 2 + 0.05 * l1 + 0.06 * total_variation(u)

    for D in (filters, None):
        values = [value(separate(255 * y, D, size=6, m=4, rounds=n, tol=1e-4)) for n in (1, 2, 4)]
        assert values[0] > values[1] > values[2]


def test_known_filters_stay_and_learned_ones_have_no_mean(mixture, filters):
    y = sum(mixture)
    assert np.abs(separate(y, filters, rounds=2).D - filters).max() < 1e-5
    learned = separate(y, filters, rounds=2, learn=True).D
    assert np.abs(learned - filters).max() > 1e-4
    assert np.abs(learned.mean(axis=(0, 1))).max() < 1e-5
    assert np.allclose((learned**2).sum(axis=(0, 1, 2)), 1, atol=1e-4)


def test_colours_share_the_filters(mixture, filters):
    cartoon, texture = mixture
    y = cartoon + np.concatenate([texture, -texture, texture[::-1]], axis=-1)
    found = separate(y, filters, rounds=2)
    assert found.cartoon.shape == found.texture.shape == y.shape
    assert found.gamma.shape == (3, 54, 54, 2)


def test_the_same_seed_gives_the_same_parts(mixture):
    one, two = (separate(sum(mixture), size=6, m=4, rounds=2) for _ in range(2))
    assert np.array_equal(one.texture, two.texture)


def test_texture_filters_see_the_texture(mixture, filters):
    D = texture_filters(sum(mixture), size=6, m=8)
    assert D.shape == (6, 6, 1, 8)
    assert np.allclose((D**2).sum(axis=(0, 1, 2)), 1, atol=1e-4)


def test_bad_input_is_named(mixture, filters):
    y = sum(mixture)
    with pytest.raises(ValueError, match="rounds = 0"):
        separate(y, filters, rounds=0)
    with pytest.raises(ValueError, match="tv = -1"):
        separate(y, filters, tv=-1.0)
    with pytest.raises(ValueError, match="lam = 0"):
        separate(y, filters, lam=0.0)
    with pytest.raises(ValueError, match="NaN"):
        separate(y * np.nan, filters)
    with pytest.raises(ValueError, match="expected 3 axes"):
        separate(y[..., 0], filters)
    with pytest.raises(TypeError, match="separate.*'steps'"):
        separate(y, filters, steps=3)
