"""A pursuit trained to denoise: it begins as ISTA, its gradients are those of its loss, and the average is
over all places of an atom."""

import itertools

import numpy as np
import pytest

from cscbook import ConvDictionary, add_noise, denoise_ksvd, grey, load_image, normalize, psnr
from cscbook.arrays import to_numpy
from cscbook.datasets.files import registry
from cscbook.imaging import Denoiser, denoise_trained, load_denoiser, save_denoiser, train_denoiser
from cscbook.imaging.denoising import training
from cscbook.imaging.denoising.trained import reflect
from cscbook.imaging.denoising.training import shift_average
from cscbook.local import aggregate, patches
from cscbook.networks import csc_network, csc_start, patch_network, patch_start
from cscbook.networks.plans import Geometry, synthesis
from cscbook.pursuits import ista

LAYER = Geometry((4, 4), 2, (12, 12))


def filters(rng, n=4, m=9):
    D = rng.standard_normal((n * n, m))
    return normalize(D - D.mean(axis=0)).reshape(n, n, 1, m)


def free(theta, rng):
    """The arrays of a network, each moved apart from the others."""
    return {name: a + 0.05 * rng.standard_normal(a.shape) for name, a in theta.items()}


NETWORKS = {
    "one step": (lambda rng: free(csc_start(filters(rng), 0.1, 2), rng), csc_network(1)),
    "three steps": (lambda rng: free(csc_start(filters(rng), 0.1, 2), rng), csc_network(3)),
    "patches": (
        lambda rng: free(patch_start((4, 4), (7, 6, 5), rng=rng, like=np.zeros(1)), rng),
        patch_network,
    ),
}


# --- the pursuits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_before_training_the_network_is_ista(xp, close, rng, steps):
    D, y = filters(rng), rng.standard_normal((12, 12, 1))
    root = ConvDictionary(D, (16, 16), 2).lipschitz ** 0.5
    code, _ = csc_network(steps)(csc_start(xp(D), 0.1, 2), xp(y), LAYER)
    inside = ConvDictionary(xp(D), (12, 12), 2, circular=False)
    *_, expected = itertools.islice(ista(inside, xp(y), 0.1, root**2), steps)
    close(code, expected * root, 30)


def test_the_brightness_is_not_thresholded(xp, rng):
    D = np.concatenate([np.full((4, 4, 1, 1), 0.25), filters(rng)], axis=-1)
    tau = to_numpy(csc_start(xp(D), 0.1, 2)["tau"])
    assert tau[0] == 0 and (tau[1:] > 0).all() and np.ptp(tau[1:]) == 0


def test_the_network_of_patches_treats_each_patch_alone(xp, close, rng):
    theta, y = patch_start((4, 4), (7, 6), rng=rng, like=np.zeros(1)), rng.standard_normal((12, 12, 1))
    theta = free(theta, rng)
    code, _ = patch_network({name: xp(a) for name, a in theta.items()}, xp(y), LAYER)
    found = to_numpy(synthesis(code, xp(theta["C"]), LAYER)[0])
    expected = np.zeros((12, 12))
    for i, j in itertools.product(range(0, 9, 2), repeat=2):
        h = y[i : i + 4, j : j + 4].ravel()
        for k in (1, 2):
            W = theta[f"W{k}"].reshape(len(h), -1)
            h = np.maximum(h @ W + theta[f"b{k}"], 0)
        expected[i : i + 4, j : j + 4] += (theta["C"].reshape(16, -1) @ h).reshape(4, 4)
    np.testing.assert_allclose(found[..., 0], expected, atol=1e3 * xp.tol)


# --- gradients and averages -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NETWORKS)
def test_gradients_are_those_of_the_loss(rng, kind):
    start, plan = NETWORKS[kind]
    theta, y, x = start(rng), rng.standard_normal((2, 14, 14, 1)), rng.standard_normal((2, 14, 14, 1))
    shifts = [(0, 1), (1, 1)]

    def loss(theta):
        return 0.5 * float(np.sum((shift_average(theta, plan, y, LAYER, shifts)[0] - x) ** 2))

    found, pull = shift_average(theta, plan, y, LAYER, shifts)
    gradients = pull(found - x)
    assert set(gradients) == set(theta) - ({"A"} if kind == "one step" else set())
    for name, g in gradients.items():
        along, h = rng.standard_normal(g.shape), 1e-6
        slope = loss(theta | {name: theta[name] + h * along}) - loss(theta | {name: theta[name] - h * along})
        np.testing.assert_allclose(np.sum(g * along), slope / (2 * h), rtol=1e-6, err_msg=name)


def test_all_shifts_together_are_all_places_of_an_atom(xp, rng):
    """Without thresholds one step is linear: ``x = sum_i R_i^T C_L B_L^T R_i y / stride^2`` over every
    pixel i, and the mean of the image apart."""
    D, y = filters(rng), 128 + 20 * rng.standard_normal((14, 15, 1))
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


# --- training ---------------------------------------------------------------------------------------------


def photograph(name, rows, columns):
    return to_numpy(grey(load_image(name)))[rows, columns]


def lesson(xp=np.asarray, **more):
    images = [xp(photograph("cat", slice(100, 164), slice(200, 264)))]
    start = {name: xp(a) for name, a in csc_start(filters(np.random.default_rng(1)), 0.05, 2).items()}
    options = dict(blocks=6, batch=4, steps=5, n_iter=2, shifts=2) | more
    return train_denoiser(images, 25.0, start, csc_network(2), 2, **options)


def test_training_denoises_what_it_has_not_seen():
    D = np.concatenate([np.full((4, 4, 1, 1), 0.25), filters(np.random.default_rng(1), m=15)], axis=-1)
    x = photograph("camera", slice(60, 124), slice(180, 244))
    y, start = add_noise(x, 25.0), csc_start(D, 0.05, 2)
    images = [photograph("cat", slice(60, 220), slice(160, 320))]
    net = train_denoiser(images, 25.0, start, csc_network(3), 2, n_iter=2, steps=60, rate=2e-3)
    before, after = (
        psnr(denoise_trained(y, n).x, x) for n in (Denoiser(start, csc_network(3), 2, 25.0), net)
    )
    assert after > before + 1 and after > psnr(y, x) + 6
    assert net.trace[-1]["psnr"] > net.trace[0]["psnr"] and (net.theta["tau"] >= 0).all()
    assert net.parameters == 3 * 16 * 16 + 16


def test_training_is_the_same_on_every_library(xp):
    expected, found = lesson(), lesson(xp)
    for name, a in expected.theta.items():
        np.testing.assert_allclose(to_numpy(found.theta[name]), a, atol=1e-4, err_msg=name)


def test_an_interruption_changes_nothing(tmp_path, monkeypatch):
    whole, file = lesson(), tmp_path / "denoiser.npz"
    calls, step = itertools.count(), training._round

    def once(*args):
        if next(calls):
            raise KeyboardInterrupt
        return step(*args)

    monkeypatch.setattr(training, "_round", once)
    with pytest.raises(KeyboardInterrupt):
        lesson(checkpoint=file)
    monkeypatch.undo()
    resumed = lesson(checkpoint=file)
    assert resumed.trace == whole.trace
    for name, a in whole.theta.items():
        np.testing.assert_array_equal(resumed.theta[name], a)
    with pytest.raises(ValueError, match="other data or settings"):
        lesson(checkpoint=file, rate=1e-3)


def test_colours_are_denoised_one_by_one(rng):
    y = 100 + 30 * rng.standard_normal((15, 16, 3))
    net = Denoiser(csc_start(filters(rng), 0.1, 2), csc_network(2), 2, 25.0)
    found = denoise_trained(y, net).x
    for i in range(3):
        np.testing.assert_array_equal(found[..., i : i + 1], denoise_trained(y[..., i : i + 1], net).x)
    assert found.dtype == y.dtype


def test_other_noise_is_other_thresholds(rng):
    """A pursuit scales with its signal and its thresholds together."""
    y, theta = 100 + 30 * rng.standard_normal((15, 16, 1)), csc_start(filters(rng), 0.1, 2)
    net = Denoiser(theta, csc_network(3), 2, 25.0)
    double = Denoiser(theta | {"tau": 2 * theta["tau"]}, csc_network(3), 2, 50.0)
    found, expected = denoise_trained(y, net, 50.0), denoise_trained(y, double)
    np.testing.assert_allclose(found.x, expected.x, atol=1e-3)
    assert found.atoms_per_patch < denoise_trained(y, net).atoms_per_patch


def test_a_file_brings_the_same_denoiser_back(tmp_path, rng):
    y, theta = 100 + 30 * rng.standard_normal((15, 16, 1)), csc_start(filters(rng), 0.1, 2)
    net, file = Denoiser(theta, csc_network(3), 2, 25.0), tmp_path / "mine.npz"
    save_denoiser(file, net)
    again = load_denoiser(file)
    assert again.plan.__qualname__ == "csc_network(3)" and (again.stride, again.sigma) == (2, 25.0)
    np.testing.assert_array_equal(to_numpy(denoise_trained(y, again).x), denoise_trained(y, net).x)
    with pytest.raises(ValueError, match="expected a csc_network"):
        save_denoiser(file, Denoiser(theta, patch_network, 2, 25.0))


def test_the_shipped_denoiser_is_level_with_ksvd_on_photographs_it_has_not_seen():
    net = load_denoiser()
    for name, top in (("camera", 60), ("astronaut", 0)):
        x = photograph(name, slice(top, top + 128), slice(150, 278))
        y = add_noise(x, net.sigma)
        assert psnr(to_numpy(denoise_trained(y, net).x), x) > psnr(denoise_ksvd(y, net.sigma).x, x) + 0.2
    claim = registry()["denoiser.npz"]
    assert claim["held_out"].keys() == {"camera", "astronaut"} and not {"camera", "astronaut"} & {
        *claim["lessons"]
    }
    assert all(found["psnr"] > found["ksvd_psnr"] - 0.1 for found in claim["held_out"].values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shifts": 5}, "shifts = 5"),
        ({"blocks": 1}, "blocks = 1"),
        ({"blocks": 40}, "smaller than a patch"),
        ({"n_iter": 0}, "n_iter = 0"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        lesson(**change)


def test_bad_networks_are_named(rng):
    start = csc_start(filters(rng), 0.1, 2)
    x = [100 + rng.standard_normal((40, 40, 1))]
    with pytest.raises(ValueError, match="images is empty"):
        train_denoiser([], 25.0, start, csc_network(2), 2)
    with pytest.raises(ValueError, match="stride = 5"):
        train_denoiser(x, 25.0, start, csc_network(2), 5)
    with pytest.raises(ValueError, match="sigma"):
        train_denoiser(x, 0.0, start, csc_network(2), 2, blocks=4)
    with pytest.raises(ValueError, match="expected \\(n, n, 1, m\\)"):
        train_denoiser(x, 25.0, start | {"C": start["C"][:3]}, csc_network(2), 2)
    with pytest.raises(ValueError, match="steps = 0"):
        csc_network(0)
    with pytest.raises(ValueError, match="lam = -1"):
        csc_start(filters(rng), -1.0, 2)
