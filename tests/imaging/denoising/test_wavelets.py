"""Wavelet bands against dense matrices, and the fusion of two results against its definition."""

import numpy as np
import pytest
from problems import SIGMA, grey_photograph, noisy, small_dictionary

from cscbook.arrays import to_numpy
from cscbook.imaging import (
    average,
    denoise_bands,
    denoise_ksvd,
    denoise_pyramid,
    fuse_jointly,
    image_patches,
    join_bands,
    psnr,
    wavelet_bands,
)


@pytest.mark.parametrize("shape, step", [((12, 16, 2), 1), ((11, 9, 1), 1), ((12, 10, 1), 2), ((9, 8, 1), 4)])
def test_bands_join_to_the_image(xp, rng, close, shape, step):
    x = rng.standard_normal(shape)
    close(join_bands(wavelet_bands(xp(x), step), step), x, factor=10)


def test_joining_is_a_quarter_of_the_adjoint(xp, rng, close):
    x, bands = rng.standard_normal((8, 10, 1)), rng.standard_normal((4, 8, 10, 1))
    seen = sum((to_numpy(a) * b).sum() for a, b in zip(wavelet_bands(xp(x), 2), bands, strict=True))
    joined = to_numpy(join_bands([xp(b) for b in bands], 2))
    close(xp(np.array([seen])), np.array([4 * (x * joined).sum()]), factor=10)


def test_every_second_pixel_of_the_bands_is_an_orthonormal_transform(rng):
    pixels = np.eye(64).reshape(64, 8, 8, 1)
    W = np.stack([np.stack(wavelet_bands(e))[:, ::2, ::2].ravel() for e in pixels], axis=1)
    np.testing.assert_allclose(W.T @ W, np.eye(64), atol=1e-12)


def test_planes_have_no_details_away_from_the_border():
    i, j = np.mgrid[:12, :12].astype(float)
    _, *details = wavelet_bands((3 * i - 2 * j + 5)[..., None])
    assert max(abs(band[:9, :9]).max() for band in details) < 1e-12
    assert abs(wavelet_bands((i * i)[..., None])[2][:9, :9]).max() > 0.1, "a parabola has some"


@pytest.mark.parametrize("levels", [1, 2])
def test_almost_without_noise_almost_nothing_changes(xp, rng, close, levels):
    y, D = noisy(rng, (17, 18, 2)), small_dictionary(rng)
    found = denoise_bands(xp(y), 0.01, levels, xp(D), n_iter=1, train=50, rng=rng)
    assert tuple(found.shape) == y.shape
    np.testing.assert_allclose(to_numpy(found), y, atol=0.3)


def test_a_transform_with_all_shifts_denoises_better_than_one(rng):
    x, D = grey_photograph("brick", slice(150, 230), slice(150, 230)), small_dictionary(rng, 16, 32)
    y = x + SIGMA * rng.standard_normal(x.shape)
    all_shifts = denoise_bands(y, SIGMA, D0=D, n_iter=3, rng=rng)
    one = denoise_pyramid(lambda z: denoise_ksvd(z, SIGMA, D, n_iter=3, rng=rng).x, y)
    assert psnr(all_shifts, x) > psnr(one, x) + 0.5


def joint_code(D, pair, tol):
    """Two signals over the same atoms, each step by least squares."""
    S, r, found = [], pair, 0 * pair
    while np.linalg.norm(r) > tol:
        S.append(int(np.argmax(((D.T @ r) ** 2).sum(axis=1))))
        found = D[:, S] @ np.linalg.lstsq(D[:, S], pair)[0]
        r = pair - found
    return found


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_fusion_is_its_definition(rng, share):
    x, other, D = noisy(rng, (8, 9, 1)), noisy(rng, (8, 9, 1)), small_dictionary(rng)
    weights, patches = np.sqrt([2 - 2 * share, 2 * share]), []
    for p, q in zip(image_patches(x, 4).T, image_patches(other, 4).T, strict=True):
        pair = np.stack([p - p.mean(), q - q.mean()], axis=1) * weights
        coded = joint_code(D, pair, 20 * 4 * np.sqrt(2)) @ weights / 2
        patches.append(coded + (1 - share) * p.mean() + share * q.mean())
    found = fuse_jointly(x, other, 20.0, D, share)
    np.testing.assert_allclose(found, average(np.array(patches).T, x, 4), atol=1e-2)


def test_fusion_treats_channels_apart(xp, rng, close):
    x, other = xp(noisy(rng, (9, 9, 2))), xp(noisy(rng, (9, 9, 2)))
    D = xp(small_dictionary(rng))
    both = fuse_jointly(x, other, 20.0, (D, D))
    close(both[..., 1:], to_numpy(fuse_jointly(x[..., 1:], other[..., 1:], 20.0, D)), factor=10)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda y, D: join_bands([y] * 3), "3 bands"),
        (lambda y, D: join_bands([y, y, y, y[1:]]), "one shape"),
        (lambda y, D: wavelet_bands(y, 0), "step = 0"),
        (lambda y, D: denoise_bands(y, 25, levels=0, D0=D), "levels = 0"),
        (lambda y, D: denoise_bands(y, 25, levels=2, D0=D), "smaller than a patch"),
        (lambda y, D: denoise_bands(y, 0, D0=D), "sigma = 0"),
        (lambda y, D: fuse_jointly(y, y[1:], 4, D), r"\(9, 10, 1\)"),
        (lambda y, D: fuse_jointly(y, y, 4, D, share=2), "share = 2"),
        (lambda y, D: fuse_jointly(y, y, 0, D), "sigma = 0"),
    ],
)
def test_bands_that_do_not_fit_are_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(noisy(rng, (10, 10, 1)), small_dictionary(rng))
