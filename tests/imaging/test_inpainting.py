"""Inpainting: the model's minimum, what it does to holes, and bad input."""

import numpy as np
import pytest

from cscbook import ConvDictionary, duality_gap, inpaint, patch_filters, psnr, self_dictionary, to_numpy
from cscbook.imaging.batches import crop, pad, padded_dictionary, roughness
from cscbook.imaging.inpainting import plate
from cscbook.imaging.total_variation import gradient, gradient_adjoint
from cscbook.pursuits.relaxation import Masked


@pytest.fixture
def filters(rng):
    """Eight waves of 6 x 6 with random directions, unit norms and no mean."""
    i, j = np.mgrid[:6, :6]
    angle, phase = rng.uniform(0, np.pi, 8), rng.uniform(0, 2 * np.pi, 8)
    waves = np.sin(1.3 * (np.cos(angle) * i[..., None] + np.sin(angle) * j[..., None]) + phase)
    waves = waves - waves.mean(axis=(0, 1))
    return (waves / np.linalg.norm(waves, axis=(0, 1)))[:, :, None, :]


def make_scene(filters, rng, N, density):
    """An image that obeys the model: a slope and sparse atoms, and a mask that hides half of it."""
    code = (N + 5, N + 5, 8)
    gamma = 150 * rng.choice([-1.0, 1.0], code) * (rng.random(code) < density)
    atoms = (ConvDictionary(filters, code[:2]) @ gamma)[:N, :N]
    x = 100 + 1.5 * np.mgrid[:N, :N][1][..., None] + atoms
    return x, (rng.random((N, N, 1)) < 0.5).astype(float)


@pytest.fixture
def scene(filters, rng):
    return make_scene(filters, rng, 20, 0.003)


def test_missing_pixels_return(xp, scene, filters):
    x, mask = scene
    found = inpaint(xp(x * mask), xp(mask), xp(filters), lam=0.003)
    filled, hidden = to_numpy(found.x), mask == 0
    mean = np.full_like(x, x[mask == 1].mean())
    assert psnr(filled[hidden], x[hidden]) > psnr(mean[hidden], x[hidden]) + 5
    assert psnr(filled[hidden], x[hidden]) > 30, "the image obeys the model, so the holes are hardly seen"


def test_pixels_seen_are_kept_and_fitted(xp, scene, filters):
    x, mask = scene
    found = inpaint(xp(x * mask), xp(mask), xp(filters), lam=0.003)
    seen = mask == 1
    assert np.array_equal(to_numpy(found.x)[seen], to_numpy(xp(x))[seen])
    assert psnr(to_numpy(found.model)[seen], x[seen]) > 38
    assert np.array_equal(to_numpy(found.x)[~seen], to_numpy(found.model)[~seen])


def test_the_model_is_low_plus_atoms(xp, close, scene, filters):
    x, mask = scene
    found = inpaint(xp(x * mask), xp(mask), xp(filters))
    D = padded_dictionary(xp(filters), found.low)
    assert found.gamma.shape == (25, 25, 8)
    close(
        found.low + crop(D @ found.gamma, found.low),
        to_numpy(found.model),
        factor=1e8 if xp.tol < 1e-9 else 10,
    )


def test_the_last_step_is_a_certified_code(scene, filters):
    """The code that comes last solves its weighted, masked basis pursuit up to the duality gap."""
    x, mask = scene
    found = inpaint(x * mask, mask, filters, tol=1e-3)
    D, holes = padded_dictionary(filters, x), pad(mask, (6, 6))
    rest = pad(mask * (x - found.low), (6, 6)) / 255
    weight = 0.01 * roughness(filters)
    assert found.converged
    assert duality_gap(Masked(D, holes), rest, found.gamma / 255, weight) < 1.1e-3


def test_what_stands_at_missing_pixels_is_not_looked_at(scene, filters, rng):
    x, mask = scene
    junk = np.where(mask == 1, x, 255 * rng.random(x.shape))
    found = [inpaint(y, mask, filters).x for y in (x * mask, junk)]
    assert np.abs(found[0] - found[1]).max() < 1e-2


def test_channels_one_by_one_or_together(scene, filters):
    x, mask = scene
    both = np.concatenate([x, x[::-1]], axis=-1)
    masks = np.concatenate([mask, mask[::-1]], axis=-1)
    found, one = inpaint(both * masks, masks, filters), inpaint(both[..., 1:], masks[..., 1:], filters)
    assert found.gamma.shape == (2, 25, 25, 8)
    assert np.abs(found.x[..., 1:] - one.x).max() < 0.5
    joint = inpaint(both * mask, mask, np.concatenate([filters, filters], axis=2) / 2**0.5)
    assert joint.gamma.shape == (25, 25, 8) and joint.x.shape == both.shape


def test_a_dictionary_or_its_filters(scene, filters):
    x, mask = scene
    D = ConvDictionary(filters, (20, 20))
    assert np.array_equal(inpaint(x * mask, mask, D).x, inpaint(x * mask, mask, filters).x)


def test_plate_solves_its_equation(xp, close, rng):
    y = xp(rng.standard_normal((2, 9, 7, 1)))
    mask = xp((rng.random((2, 9, 7, 1)) < 0.5).astype(float))
    low = plate(y, mask, 0.7, 0 * y, tol=1e-6)

    def bend(x):
        return gradient_adjoint(gradient(x))

    close(mask * low + 0.7 * bend(bend(low)), to_numpy(mask * y), factor=1e8 if xp.tol < 1e-9 else 100)


def test_plate_is_exact_where_the_image_is_constant():
    mask = np.zeros((1, 8, 8, 1))
    mask[0, 2, 3] = 1
    assert np.allclose(plate(70 * mask, mask, 1.0, 0 * mask, tol=1e-9), 70, atol=1e-3), (
        "one pixel seen: its value"
    )


def test_the_image_itself_teaches_its_filters(xp, filters, rng):
    """A pattern that comes back all over the image is filled better by filters from the image."""
    i, j = np.mgrid[:32, :32]
    x = (128 + 90 * np.sign(np.sin(1.1 * i + 0.4 * j) + 0.3 * np.sin(0.9 * j)))[..., None]
    mask = (rng.random(x.shape) < 0.5).astype(float)
    if xp.namespace.__name__.startswith("array_api_strict"):
        x, mask = x[:14, :14], mask[:14, :14]
    y, seen, others = xp(x * mask), xp(mask), xp(filters)
    both = self_dictionary(y, seen, others, m=16, k=2, tol=0.05)
    assert both.shape == (6, 6, 1, 24)
    assert np.array_equal(to_numpy(both)[..., :8], to_numpy(others)), "the others stay"
    if len(x) == 32:
        before, after = (psnr(inpaint(y, seen, D).x, xp(x)) for D in (others, both))
        assert after > before + 0.5


def test_bad_input_is_named(scene, filters):
    x, mask = scene
    for y, m, D, message in (
        (x, 0 * mask, filters, "mask is empty"),
        (x, mask[:5], filters, "mask of shape"),
        (x, mask[..., 0], filters, "mask of shape"),
        (x, mask / 2, filters, "expected 1 where a pixel is seen"),
        (np.where(mask == 0, np.nan, x), mask, filters, "NaN"),
        (x[..., 0], mask, filters, "expected 3 axes"),
        (x, mask, filters[..., 0, :], "expected 4 axes"),
        (np.concatenate([x] * 3, axis=-1), mask, np.concatenate([filters] * 2, axis=2), "c = 1 or 3"),
    ):
        with pytest.raises(ValueError, match=message):
            inpaint(y, m, D)
    with pytest.raises(ValueError, match="mu = 0"):
        inpaint(x, mask, filters, mu=0.0)
    with pytest.raises(ValueError, match="lam = 0"):
        inpaint(x, mask, filters, lam=0.0)
    with pytest.raises(ValueError, match="rounds = 0"):
        self_dictionary(x, mask, filters, rounds=0)
    with pytest.raises(ValueError, match="of one channel"):
        self_dictionary(x, mask, filters[:4])
    with pytest.raises(ValueError, match="xs is empty"):
        patch_filters([])


def test_a_plate_on_nothing_is_refused(rng):
    """Nothing holds it: the conjugate gradients would divide by zero in the end."""
    y = rng.random((2, 5, 6, 1))
    seen = np.ones((2, 5, 6, 1))
    seen[1] = 0
    with pytest.raises(ValueError, match="mask is empty"):
        plate(y, seen, 1.0, 0 * y)
    with pytest.raises(ValueError, match=r"start has shape \(5, 6, 1\)"):
        plate(y, seen + (seen == 0), 1.0, y[0])
