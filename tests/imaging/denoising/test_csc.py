"""Convolutional denoising, and the law that its strided form, averaged over shifts, is patch denoising."""

import numpy as np
import pytest
from problems import csc_filters

from cscbook import (
    ConvDictionary,
    add_noise,
    basis_pursuit,
    denoise_csc,
    denoise_omp,
    load_image,
    omp,
    psnr,
    split_frequencies,
)
from cscbook.arrays import to_numpy
from cscbook.imaging import average, block_means, block_omp, dct_filters, image_patches


def photograph(rows=slice(100, 132), columns=slice(200, 240), name="camera"):
    return to_numpy(load_image(name))[rows, columns]


# --- the finding --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(14, 17), (16, 16), (9, 23)])
def test_strided_coding_averaged_over_all_shifts_is_patch_denoising(xp, rng, shape):
    y, D, sigma = 100 + 40 * rng.standard_normal((*shape, 1)), xp(csc_filters(rng, m=12)), 10.0
    local = xp(to_numpy(D).reshape(16, -1))
    found = denoise_csc(
        xp(y), sigma, D, stride=4, split=block_means(4), pursuit=block_omp(sigma), weight=30 / sigma
    )
    patch = denoise_omp(xp(y), sigma, local)
    np.testing.assert_allclose(to_numpy(found.x), to_numpy(patch.x), atol=2e-3)  # codes are float32
    assert found.atoms_per_patch > 1 and found.x.dtype == patch.x.dtype


def test_so_it_is_with_basis_pursuit_for_every_weight(rng):
    """The Lagrangian form needs no bound of its own: the global problem of stride n is the local ones."""
    y, filters = 100 + 40 * rng.standard_normal((13, 15, 1)), csc_filters(rng, m=12)
    P = image_patches(y, 4)
    code = basis_pursuit(filters.reshape(16, -1), P - P.mean(axis=0), 12.0, tol=1e-12).gamma
    expected = average(filters.reshape(16, -1) @ code + P.mean(axis=0), y, 4)
    found = denoise_csc(
        y,
        10,
        filters,
        stride=4,
        split=block_means(4),
        pursuit=lambda D, y: basis_pursuit(D, y, 12.0, tol=1e-12),
    )
    np.testing.assert_allclose(found.x, expected, atol=1e-3)


def test_one_shift_codes_blocks_apart(xp, rng, close):
    y, D = 40 * rng.standard_normal((12, 8, 1)), csc_filters(rng, m=24)
    found = block_omp(20.0)(ConvDictionary(xp(D), (12, 8), 4, circular=False), xp(y))
    alone = omp(D.reshape(16, -1), y[4:8, 4:8].reshape(16), tol=1.15 * 20 * 4)
    np.testing.assert_allclose(to_numpy(found.gamma)[1, 1], alone.gamma, atol=1e-3)
    assert found.gamma.shape == (3, 2, 24) and found.converged


# --- the plain form -----------------------------------------------------------------------------------------


def test_plain_coding_is_the_smooth_part_and_a_code(xp, rng, close):
    y, D = photograph() + 20 * rng.standard_normal((32, 40, 1)), xp(csc_filters(rng, m=12))
    low, high = split_frequencies(xp(y), 3.0)
    code = basis_pursuit(ConvDictionary(D, (32, 40), circular=False), high, 54.0, tol=1e-4).gamma
    found = denoise_csc(xp(y), 20.0, D)
    close(found.x, to_numpy(low + ConvDictionary(D, (32, 40), circular=False) @ code), factor=10)
    assert found.atoms_per_patch == np.count_nonzero(to_numpy(code)) / (29 * 37)


def test_it_denoises(rng):
    x = photograph(slice(60, 124), slice(180, 244))
    y = add_noise(x, 25, rng)
    assert psnr(denoise_csc(y, 25).x, x) > psnr(y, x) + 5
    blocks, inside = {"stride": 8, "split": block_means(8), "pursuit": block_omp(25)}, np.s_[8:56, 8:56]
    one, four = (
        psnr(denoise_csc(y, 25, shifts=shifts, **blocks).x[inside], x[inside])
        for shifts in ([(0, 0)], [(0, 0), (4, 4), (0, 4), (4, 0)])
    )
    assert four > one + 1, "averaging over shifts helps"


def test_a_large_weight_leaves_the_smooth_part_and_the_noisy_image_may_vote(rng, close, xp):
    y, D = 30 * rng.standard_normal((10, 12, 1)), csc_filters(rng, m=12)
    low = to_numpy(split_frequencies(xp(y), 3.0)[0])
    close(denoise_csc(xp(y), 10.0, xp(D), lam=1e6).x, low, factor=10)
    close(denoise_csc(xp(y), 10.0, xp(D), lam=1e6, weight=3.0).x, (3 * y + low) / 4, factor=10)


def test_pixels_that_no_shift_reaches_keep_their_noise(rng):
    y, D = 30 * rng.standard_normal((11, 13, 1)), csc_filters(rng, m=12)
    found = denoise_csc(y, 10.0, D, lam=1e6, stride=4, shifts=[(1, 2)], split=block_means(4)).x
    assert np.array_equal(found[:1], y[:1]) and np.array_equal(found[:, :2], y[:, :2])
    assert np.array_equal(found[9:], y[9:]) and np.array_equal(found[:, 10:], y[:, 10:])
    assert found[1:5, 2:6] == pytest.approx(y[1:5, 2:6].mean())


def test_block_means_split(xp, rng, close):
    y = rng.standard_normal((8, 12, 1))
    low, high = block_means(4)(xp(y))
    close(low, np.kron(y.reshape(2, 4, 3, 4).mean(axis=(1, 3)), np.ones((4, 4)))[..., None])
    close(low + high, y)


def test_channels_are_denoised_one_by_one(rng):
    y, D = 100 + 30 * rng.standard_normal((12, 14, 3)), csc_filters(rng, m=12)
    found = denoise_csc(y, 20, D).x
    assert np.array_equal(found[..., 1:2], denoise_csc(y[..., 1:2], 20, D).x) and found.shape == y.shape


def test_the_default_filters_are_cosines_without_mean():
    D = to_numpy(dct_filters()).reshape(64, -1)
    np.testing.assert_allclose(D.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(D, axis=0), 1)
    assert D.shape == (64, 99)


def test_bad_input_is_named(rng):
    y, D = np.zeros((12, 12, 1)), csc_filters(rng, m=12)
    with pytest.raises(ValueError, match="y holds NaN"):
        denoise_csc(y + np.nan, 25, D)
    with pytest.raises(ValueError, match="sigma = 0"):
        denoise_csc(y, 0, D)
    with pytest.raises(ValueError, match="stride = 5"):
        denoise_csc(y, 25, D, stride=5)
    with pytest.raises(ValueError, match="weight = -1"):
        denoise_csc(y, 25, D, weight=-1.0)
    with pytest.raises(ValueError, match=r"\(4, 4\) at stride 2 overlap"):
        denoise_csc(y, 25, D, stride=2, pursuit=block_omp(25))
    with pytest.raises(ValueError, match="smaller than a patch of 4"):
        denoise_csc(y[:3], 25, D)


@pytest.mark.parametrize(
    ("shifts", "message"),
    [
        ([], "shifts is empty"),
        ([(0, -1)], "shifts = -1"),
        ([(0, 9)], r"shifts holds \(0, 9\): expected pairs of integers, at most \(8, 8\)"),
        ([(0,)], r"shifts holds \(0,\)"),
        ([(0, 0.5)], "shifts = 0.5"),
    ],
)
def test_shifts_that_leave_no_atom_are_named(rng, shifts, message):
    with pytest.raises(ValueError, match=message):
        denoise_csc(100 + rng.standard_normal((12, 12, 1)), 5.0, dct_filters(4, 5), stride=2, shifts=shifts)
