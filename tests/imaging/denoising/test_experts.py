"""Field of Experts: its energy, its descent, its training."""

import numpy as np
import pytest
from problems import grey_photograph

from cscbook import add_noise, psnr
from cscbook.arrays import to_numpy
from cscbook.datasets.files import registry
from cscbook.imaging import denoise_foe, foe_energy, load_experts, train_experts
from cscbook.imaging.denoising.experts import curvature, descend


def a_field(rng, n=3, m=4):
    return rng.standard_normal((n, n, 1, m)), rng.uniform(0.1, 1, m)


def test_the_energy_is_the_sum_over_all_patches(rng):
    (f, alpha), x, y = a_field(rng), rng.standard_normal((7, 8, 1)), rng.standard_normal((7, 8, 1))
    slow = np.sum((x - y) ** 2) / 2
    for i in range(5):
        for j in range(6):
            r = np.einsum("ijck,ijc->k", f, x[i : i + 3, j : j + 3])
            slow += np.sum(alpha * np.log(1 + r**2 / 2))
    assert abs(foe_energy(x, y, f, alpha)[0] - slow) < 1e-12 * slow


def test_the_gradient_is_that_of_finite_differences(rng):
    (f, alpha), x, y = a_field(rng), rng.standard_normal((7, 8, 1)), rng.standard_normal((7, 8, 1))
    h = 1e-5
    g = foe_energy(x, y, f, alpha)[1]
    for _ in range(5):
        along = rng.standard_normal(x.shape)
        slope = (foe_energy(x + h * along, y, f, alpha)[0] - foe_energy(x - h * along, y, f, alpha)[0]) / (
            2 * h
        )
        np.testing.assert_allclose(np.sum(g * along), slope, rtol=1e-6)


def test_no_step_raises_the_energy(rng):
    for _ in range(5):
        (f, alpha), y = a_field(rng), 3 * rng.standard_normal((1, 12, 11, 1))
        path = [descend({"filters": f, "alpha": alpha}, y, k)[0][0] for k in range(8)]
        values = [foe_energy(x, y[0], f, alpha)[0] for x in path]
        assert np.all(np.diff(values) < 0)


def test_no_curvature_exceeds_its_bound(rng):
    """At zero the energy is ``x^T (I + D diag(alpha) D^T) x / 2``, its steepest form."""
    for _ in range(10):
        f, alpha = a_field(rng)
        columns = []
        for e in np.eye(100):
            r = foe_energy(1e-6 * e.reshape(10, 10, 1), np.zeros((10, 10, 1)), f, alpha)[1]
            columns.append(1e6 * r.ravel())
        assert np.linalg.eigvalsh(np.stack(columns))[-1] <= curvature(f, alpha)[0] * (1 + 1e-6)


def test_gradients_of_training_are_those_of_the_loss(rng):
    f, alpha = a_field(rng)
    field, y = {"filters": f, "alpha": alpha}, rng.standard_normal((2, 9, 8, 1))
    x = rng.standard_normal(y.shape)

    def loss(other):
        z, L = y, curvature(**other)[0]
        for _ in range(3):
            z = z - np.stack([foe_energy(a, b, **other)[1] for a, b in zip(z, y, strict=True)]) * 1.5 / L
        return np.sum((z - x) ** 2) / 2

    found, back = descend(field, y, 3)
    for name, g in back(found - x).items():
        along, h = rng.standard_normal(g.shape), 1e-6
        slope = loss(field | {name: field[name] + h * along}) - loss(field | {name: field[name] - h * along})
        np.testing.assert_allclose(np.sum(g * along), slope / (2 * h), rtol=1e-5, err_msg=name)


def test_without_experts_or_steps_the_image_stays(xp, rng, close):
    y, (f, alpha) = 100 + 20 * rng.standard_normal((9, 8, 2)), a_field(rng)
    close(denoise_foe(xp(y), 25.0, xp(f), xp(0 * alpha)), y, factor=1e8 * 1e-13 / xp.tol + 100)
    close(denoise_foe(xp(y), 25.0, xp(f), xp(alpha), n_iter=0), y, factor=1e8 * 1e-13 / xp.tol + 100)


def test_a_constant_image_stays(rng):
    f, alpha = a_field(rng)
    f = f - f.mean(axis=(0, 1))
    y = np.full((9, 8, 1), 77.0)
    np.testing.assert_allclose(denoise_foe(y, 25.0, f, alpha), y, rtol=1e-5)


def test_training_lowers_the_error_and_keeps_the_field_admissible(rng):
    x = grey_photograph("cat", slice(100, 180), slice(200, 280))
    rounds = list(train_experts([x], 25.0, size=3, rounds=2, steps=15, batch=4, side=24, rng=rng))
    assert rounds[-1][2] > rounds[0][2] + 0.1
    filters, alpha, _ = rounds[-1]
    assert filters.shape == (3, 3, 1, 8) and alpha.min() >= 0
    assert abs(filters.mean(axis=(0, 1))).max() < 1e-6


def test_the_shipped_field_removes_noise_from_photographs_it_has_not_seen():
    claim = registry()["experts.npz"]
    assert not {"camera", "astronaut"} & {*claim["lessons"]}
    x = grey_photograph("astronaut", slice(20, 148), slice(180, 308))
    y = add_noise(x, 25)
    assert psnr(to_numpy(denoise_foe(y, 25, *load_experts())), x) > psnr(y, x) + 5


Y, F = np.full((12, 12, 1), 50.0), np.ones((3, 3, 1, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: denoise_foe(Y, 0.0, F, np.ones(2)), "sigma"),
        (lambda: denoise_foe(Y, 25.0, F, np.ones(3)), r"\(m,\)"),
        (lambda: denoise_foe(Y, 25.0, F, -np.ones(2)), "alpha"),
        (lambda: denoise_foe(Y[:2], 25.0, F, np.ones(2)), "smaller than a patch"),
        (lambda: foe_energy(Y, Y[:5], F, np.ones(2)), "two images"),
        (lambda: train_experts([Y], 25.0, size=5, side=10), "side = 10"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
