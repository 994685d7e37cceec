"""Training a pursuit to denoise: gradients, libraries, interruptions."""

import itertools

import numpy as np
import pytest
from problems import csc_filters, free, grey_photograph

from cscbook import add_noise, psnr
from cscbook.arrays import to_numpy
from cscbook.imaging import Denoiser, denoise_trained, train_denoiser
from cscbook.imaging.denoising import training
from cscbook.imaging.denoising.training import shift_average
from cscbook.networks import csc_network, csc_start, patch_network, patch_start
from cscbook.networks.plans import Geometry

LAYER = Geometry((4, 4), 2, (12, 12))


NETWORKS = {
    "one step": (lambda rng: free(csc_start(csc_filters(rng), 0.1, 2), rng), csc_network(1)),
    "three steps": (lambda rng: free(csc_start(csc_filters(rng), 0.1, 2), rng), csc_network(3)),
    "patches": (
        lambda rng: free(patch_start((4, 4), (7, 6, 5), rng=rng, like=np.zeros(1)), rng),
        patch_network,
    ),
}


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
        rounding = 1e-15 * loss(theta) / h  # of the difference of two losses
        np.testing.assert_allclose(np.sum(g * along), slope / (2 * h), rtol=1e-6, atol=rounding, err_msg=name)


def lesson(xp=np.asarray, **more):
    images = [xp(grey_photograph("cat", slice(100, 164), slice(200, 264)))]
    start = {name: xp(a) for name, a in csc_start(csc_filters(np.random.default_rng(1)), 0.05, 2).items()}
    options = dict(blocks=6, batch=4, steps=5, n_iter=2, shifts=2) | more
    return train_denoiser(images, 25.0, start, csc_network(2), 2, **options)


# --- training ---------------------------------------------------------------------------------------------


def test_training_denoises_what_it_has_not_seen():
    D = np.concatenate([np.full((4, 4, 1, 1), 0.25), csc_filters(np.random.default_rng(1), m=15)], axis=-1)
    x = grey_photograph("camera", slice(60, 124), slice(180, 244))
    y, start = add_noise(x, 25.0), csc_start(D, 0.05, 2)
    images = [grey_photograph("cat", slice(60, 220), slice(160, 320))]
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shifts": 5}, "shifts = 5"),
        ({"blocks": 1}, "blocks = 1"),
        ({"blocks": 40}, "smaller than a patch"),
        ({"n_iter": 0}, "n_iter = 0"),
        ({"batch": 10**15}, "batch = 1000000000000000: expected at most"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        lesson(**change)


def test_a_keyword_that_nobody_knows_is_named():
    with pytest.raises(TypeError, match="'speed'"):
        lesson(speed=1e-3)


def test_bad_networks_are_named(rng):
    start = csc_start(csc_filters(rng), 0.1, 2)
    x = [100 + rng.standard_normal((40, 40, 1))]
    with pytest.raises(ValueError, match="images is empty"):
        train_denoiser([], 25.0, start, csc_network(2), 2)
    with pytest.raises(ValueError, match="stride = 5"):
        train_denoiser(x, 25.0, start, csc_network(2), 5)
    with pytest.raises(ValueError, match="sigma"):
        train_denoiser(x, 0.0, start, csc_network(2), 2, blocks=4)
    with pytest.raises(ValueError, match="expected \\(n, n, 1, m\\)"):
        train_denoiser(x, 25.0, start | {"C": start["C"][:3]}, csc_network(2), 2)
    with pytest.raises(ValueError, match="expected 'A' as well"):
        train_denoiser(x, 25.0, {"B": start["B"], "C": start["C"]}, csc_network(2), 2)
    with pytest.raises(ValueError, match=r'start\["tau"\] has shape \(1,\)'):
        train_denoiser(x, 25.0, start | {"tau": start["tau"][:1]}, csc_network(2), 2)
    with pytest.raises(ValueError, match="steps = 0"):
        csc_network(0)
    with pytest.raises(ValueError, match="lam = -1"):
        csc_start(csc_filters(rng), -1.0, 2)
