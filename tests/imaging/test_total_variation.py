"""Total variation: its gradient, its prox, and holes filled by it."""

import numpy as np
import pytest
from skimage.restoration import denoise_tv_chambolle

from cscbook import to_numpy
from cscbook.imaging import denoise_tv, inpaint_tv
from cscbook.imaging.total_variation import gradient, gradient_adjoint, length, total_variation


def blocks(rng, n=20):
    """A piecewise constant image with noise, (n, n, 1) in 0..255."""
    x = np.full((n, n, 1), 60.0)
    x[n // 4 : n // 2, n // 3 :] = 180
    return x + 10 * rng.standard_normal(x.shape)


def test_gradient_adjoint(xp, close, rng):
    x, p = xp(rng.standard_normal((3, 7, 5, 2))), xp(rng.standard_normal((2, 3, 7, 5, 2)))
    left, right = (
        float(np.vdot(to_numpy(a), to_numpy(b))) for a, b in ((gradient(x), p), (x, gradient_adjoint(p)))
    )
    assert left == pytest.approx(right, rel=1e-4 if xp.tol > 1e-6 else 1e-12)


def test_gradient_is_zero_for_constants_only(xp, rng):
    x = xp(rng.standard_normal((6, 5, 1)))
    assert total_variation(0 * x + 3) == 0
    step = np.zeros((6, 5, 1))
    step[3:] = 2.0
    assert total_variation(xp(step)) == pytest.approx(10), "height times length of the edge"


def test_denoise_tv_is_the_prox(xp, rng):
    """Optimality: x = y - w grad^T p, |p| <= 1, and p = grad x / |grad x| where that is not zero."""
    y, weight = xp(blocks(rng, 12)), 15.0
    found = denoise_tv(y, weight, tol=1e-4)
    p, g = to_numpy(found.dual), to_numpy(gradient(found.x))
    assert found.converged
    assert np.allclose(
        to_numpy(y) - weight * to_numpy(gradient_adjoint(found.dual)), to_numpy(found.x), atol=1e-3
    )
    assert np.sqrt((p**2).sum(0)).max() <= 1 + 1e-5
    gap = np.sqrt((g**2).sum(0)) - (g * p).sum(0)
    assert gap.min() > -1e-2 and gap.sum() < 5e-3 * np.abs(g).sum()


def test_denoise_tv_is_better_than_its_neighbours(rng):
    y, weight = blocks(rng, 12), 15.0
    x = denoise_tv(y, weight, tol=1e-8, max_iter=20_000).x

    def value(u):
        return ((u - y) ** 2).sum() / 2 + weight * total_variation(u)

    for _ in range(20):
        assert value(x + 0.3 * rng.standard_normal(x.shape)) > value(x)
    assert (
        value(x)
        <= value(denoise_tv_chambolle(y[..., 0], weight, eps=1e-9, max_num_iter=3000)[..., None]) * 1.0001
    )


def test_denoise_tv_agrees_with_scikit_image(rng):
    y = blocks(rng)
    theirs = denoise_tv_chambolle(y[..., 0], 15.0, eps=1e-9, max_num_iter=5000)
    assert np.abs(denoise_tv(y, 15.0, tol=1e-6, max_iter=3000).x[..., 0] - theirs).max() < 0.5


def test_denoise_tv_at_the_ends(rng):
    y = blocks(rng)
    assert np.array_equal(denoise_tv(y, 0.0).x, y)
    assert np.allclose(denoise_tv(y, 1e4, tol=1e-6, max_iter=2000).x, y.mean(), atol=0.5), (
        "constant, with the mean kept"
    )


def test_denoise_tv_does_not_claim_what_it_did_not_reach(rng):
    assert not denoise_tv(blocks(rng), 15.0, tol=1e-12, max_iter=10).converged


def test_channels_are_denoised_one_by_one(xp, close, rng):
    y = xp(np.concatenate([blocks(rng, 12), blocks(rng, 12)[::-1]], axis=-1))
    both = denoise_tv(y, 15.0, tol=0.0, max_iter=50).x
    one = denoise_tv(y[..., 1:], 15.0, tol=0.0, max_iter=50).x
    close(to_numpy(both)[..., 1:], to_numpy(one), factor=10)


def test_inpaint_tv_restores_a_step(xp):
    x = np.full((10, 10, 1), 50.0)
    x[:, 5:] = 200
    mask = np.ones_like(x)
    mask[4:7, 4:7] = 0
    found = to_numpy(inpaint_tv(xp(x * mask), xp(mask), n_iter=300))
    assert np.abs(found - x).max() < 2
    assert np.array_equal(found[mask == 1], x[mask == 1])


def test_bad_input_is_named(rng):
    with pytest.raises(ValueError, match="weight = -1"):
        denoise_tv(blocks(rng), -1.0)
    with pytest.raises(ValueError, match="expected 3 axes"):
        denoise_tv(blocks(rng)[..., 0], 1.0)
    with pytest.raises(ValueError, match="mask is empty"):
        inpaint_tv(blocks(rng), np.zeros((20, 20, 1)))


def test_length(rng):
    p = rng.standard_normal((2, 4, 4, 1))
    assert np.allclose(length(p), np.hypot(p[0], p[1]))


def test_a_start_that_is_no_dual_is_refused(rng):
    y = blocks(rng)
    with pytest.raises(ValueError, match=r"start has shape \(2, 20, 19, 1\)"):
        denoise_tv(y, 10.0, start=np.zeros((2, 20, 19, 1)))
    with pytest.raises(TypeError, match="start has dtype complex128"):
        denoise_tv(y, 10.0, start=np.zeros((2, 20, 20, 1), complex))
    with pytest.raises(ValueError, match="max_iter = 0"):
        denoise_tv(y, 10.0, max_iter=0)
