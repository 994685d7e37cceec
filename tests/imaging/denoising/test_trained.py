"""A trained denoiser: the average over all places of an atom, colours, files, and its claim."""

import itertools

import numpy as np
import pytest
from problems import csc_filters, free, grey_photograph

from cscbook import add_noise, denoise_ksvd, psnr
from cscbook.arrays import to_numpy
from cscbook.datasets.files import registry
from cscbook.imaging import (
    Denoiser,
    denoise_trained,
    load_denoiser,
    load_patch_denoiser,
    save_denoiser,
)
from cscbook.imaging.denoising.trained import reflect
from cscbook.local import aggregate, patches
from cscbook.networks import csc_network, csc_start, patch_network, patch_start


def test_all_shifts_together_are_all_places_of_an_atom(xp, rng):
    """Without thresholds one step is linear: ``x = sum_i R_i^T C_L B_L^T R_i y / stride^2`` over every
    pixel i, and the mean of the image apart."""
    D, y = csc_filters(rng), 128 + 20 * rng.standard_normal((14, 15, 1))
    start = free(csc_start(D, 0.1, 2), rng)
    start["B"] -= start["B"].mean(axis=(0, 1, 2))
    theta = {name: xp(a) for name, a in start.items()} | {"tau": xp(np.zeros(9))}
    found = to_numpy(denoise_trained(xp(y), Denoiser(theta, csc_network(1), 2, 10.0)).x)
    wide = np.pad(y, ((6, 6), (6, 6), (0, 0)), mode="reflect")
    B, C = (start[name].reshape(16, -1) for name in "BC")
    linear = aggregate(patches(wide, (4, 4), 1, False) @ B @ C.T, (4, 4), wide.shape[:2], 1, False)
    means = [np.mean(wide[i:, j:]) for i, j in itertools.product(range(2), repeat=2)]
    np.testing.assert_allclose(found, linear[6:-6, 6:-6] / 4 + np.mean(means), atol=2e-3)


@pytest.mark.parametrize("border", [0, 1, 5])
def test_reflection(xp, rng, border):
    y = rng.standard_normal((7, 6, 2))
    found = to_numpy(reflect(xp(y), border))
    np.testing.assert_allclose(
        found, np.pad(y, ((border,) * 2, (border,) * 2, (0, 0)), mode="reflect"), rtol=1e-6
    )


def test_colours_are_denoised_one_by_one(rng):
    y = 100 + 30 * rng.standard_normal((15, 16, 3))
    net = Denoiser(csc_start(csc_filters(rng), 0.1, 2), csc_network(2), 2, 25.0)
    found = denoise_trained(y, net).x
    for i in range(3):
        np.testing.assert_array_equal(found[..., i : i + 1], denoise_trained(y[..., i : i + 1], net).x)
    assert found.dtype == y.dtype


def test_other_noise_is_other_thresholds(rng):
    """A pursuit scales with its signal and its thresholds together."""
    y, theta = 100 + 30 * rng.standard_normal((15, 16, 1)), csc_start(csc_filters(rng), 0.1, 2)
    net = Denoiser(theta, csc_network(3), 2, 25.0)
    double = Denoiser(theta | {"tau": 2 * theta["tau"]}, csc_network(3), 2, 50.0)
    found, expected = denoise_trained(y, net, 50.0), denoise_trained(y, double)
    np.testing.assert_allclose(found.x, expected.x, atol=1e-3)
    assert found.atoms_per_patch < denoise_trained(y, net).atoms_per_patch


def test_a_file_brings_the_same_denoiser_back(tmp_path, rng):
    y, theta = 100 + 30 * rng.standard_normal((15, 16, 1)), csc_start(csc_filters(rng), 0.1, 2)
    net, file = Denoiser(theta, csc_network(3), 2, 25.0), tmp_path / "mine.npz"
    save_denoiser(file, net)
    again = load_denoiser(file)
    assert again.plan.__qualname__ == "csc_network(3)" and (again.stride, again.sigma) == (2, 25.0)
    np.testing.assert_array_equal(to_numpy(denoise_trained(y, again).x), denoise_trained(y, net).x)
    with pytest.raises(ValueError, match="expected a csc_network"):
        save_denoiser(file, Denoiser(theta, lambda theta, y, layer: None, 2, 25.0))


def test_a_file_brings_the_same_network_of_patches_back(tmp_path, rng):
    y, theta = 100 + 30 * rng.standard_normal((15, 16, 1)), patch_start((4, 4), (5, 6), rng=rng)
    net, file = Denoiser(theta, patch_network, 2, 25.0), tmp_path / "mine.npz"
    save_denoiser(file, net)
    again = load_denoiser(file)
    assert again.plan is patch_network and (again.stride, again.sigma) == (2, 25.0)
    np.testing.assert_array_equal(to_numpy(denoise_trained(y, again).x), denoise_trained(y, net).x)


def test_the_shipped_network_of_patches_removes_noise_from_photographs_it_has_not_seen():
    x = grey_photograph("astronaut", slice(20, 148), slice(180, 308))
    y = add_noise(x, 25)
    assert psnr(to_numpy(denoise_trained(y, load_patch_denoiser()).x), x) > psnr(y, x) + 7
    claim = registry()["patch_denoiser.npz"]
    assert not {"camera", "astronaut"} & {*claim["lessons"]}


def test_the_shipped_denoiser_is_level_with_ksvd_on_photographs_it_has_not_seen():
    net = load_denoiser()
    for name, top in (("camera", 60), ("astronaut", 0)):
        x = grey_photograph(name, slice(top, top + 128), slice(150, 278))
        y = add_noise(x, net.sigma)
        assert psnr(to_numpy(denoise_trained(y, net).x), x) > psnr(denoise_ksvd(y, net.sigma).x, x) + 0.2
    claim = registry()["denoiser.npz"]
    assert claim["held_out"].keys() == {"camera", "astronaut"} and not {"camera", "astronaut"} & {
        *claim["lessons"]
    }
    assert all(found["psnr"] > found["ksvd_psnr"] - 0.1 for found in claim["held_out"].values())
