"""Patch denoising, held against dense algebra, loops over patches, and photographs."""

import math

import numpy as np
import pytest
import scipy.fft
from problems import extractors

from cscbook import (
    add_noise,
    dct_dictionary,
    denoise_dct,
    denoise_ksvd,
    denoise_omp,
    load_image,
    normalize,
    psnr,
)
from cscbook.arrays import to_numpy
from cscbook.imaging import average, image_patches


def photograph(name="camera", rows=slice(100, 132), columns=slice(200, 240)):
    return to_numpy(load_image(name))[rows, columns]


def small_dictionary(rng):
    """16 x 24: the constant atom, and others of 4 x 4 pixels without mean."""
    D = rng.standard_normal((16, 24))
    D -= D.mean(axis=0)
    D[:, 0] = 1
    return normalize(D)


# --- patches and their average ------------------------------------------------------------------------------


def test_patches_stand_in_columns_row_by_row(xp, rng, close):
    y = rng.standard_normal((6, 7, 1))
    close(image_patches(xp(y), 3), np.stack([R @ y.ravel() for R in extractors((6, 7), 3)], axis=1))


@pytest.mark.parametrize("weight", [0.0, 30 / 25, 400.0])
def test_the_average_solves_the_least_squares_problem(xp, rng, close, weight):
    y, R = rng.standard_normal((6, 7, 1)), list(extractors((6, 7), 3))
    P = rng.standard_normal((9, len(R)))
    A = weight * np.eye(42) + sum(r.T @ r for r in R)
    b = weight * y.ravel() + sum(r.T @ p for r, p in zip(R, P.T, strict=True))
    close(average(xp(P), xp(y), 3, weight), np.linalg.solve(A, b).reshape(6, 7, 1), factor=10)


def test_a_heavy_noisy_image_comes_back(xp, rng, close):
    y = rng.standard_normal((6, 7, 1))
    close(average(xp(rng.standard_normal((9, 20))), xp(y), 3, weight=1e15), y, factor=10)


def test_patches_put_back_give_the_image(xp, rng, close):
    y = rng.standard_normal((6, 7, 1))
    for weight in (0.0, 2.0):
        close(average(image_patches(xp(y), 3), xp(y), 3, weight), y, factor=10)


# --- psnr ---------------------------------------------------------------------------------------------------


def test_psnr_is_its_formula(xp, rng):
    x, e = rng.uniform(0, 255, (5, 6, 1)), rng.standard_normal((5, 6, 1))
    assert psnr(xp(x), xp(x)) == math.inf
    assert psnr(xp(x + 25.5), xp(x)) == pytest.approx(20, abs=1e-4)
    assert psnr(xp(x + e), xp(x), peak=1) == pytest.approx(-10 * np.log10(np.mean(e**2)), abs=1e-4)
    with pytest.raises(ValueError, match=r"\(5, 6, 1\) and \(5, 6, 3\)"):
        psnr(xp(x), xp(np.zeros((5, 6, 3))))


def test_psnr_takes_real_numbers_only(rng):
    x = rng.integers(0, 256, (5, 6, 1), dtype=np.uint8)
    assert psnr(x, np.flip(x, axis=0)) == psnr(x.astype(float), np.flip(x, axis=0).astype(float))
    with pytest.raises(TypeError, match="truth has dtype complex128"):
        psnr(x + 0.0, x + 1j)


# --- Guleryuz -----------------------------------------------------------------------------------------------


def test_weighted_dct_denoising_is_its_formula(xp, rng, close):
    y, sigma, beta = 40 * rng.standard_normal((10, 9, 1)), 20.0, 2.7 * 20
    total, weights = np.zeros((10, 9)), np.zeros((10, 9))
    for i in range(7):
        for j in range(6):
            code = scipy.fft.dctn(y[i : i + 4, j : j + 4, 0], norm="ortho")
            kept = np.where(np.abs(code) > beta, code, 0)
            kept[0, 0] = code[0, 0]
            w = 1 / np.count_nonzero(kept)
            total[i : i + 4, j : j + 4] += w * scipy.fft.idctn(kept, norm="ortho")
            weights[i : i + 4, j : j + 4] += w
    close(denoise_dct(xp(y), sigma, size=4), (total / weights)[..., None], factor=10)


def test_black_blocks_stay_black(xp, close):
    """A patch without any entry has a weight too: it once was one over zero."""
    x = photograph()
    x[:9, :9] = 0
    found = denoise_dct(xp(x), 25, size=4)
    close(to_numpy(found)[:6, :6], np.zeros((6, 6, 1)))
    close(denoise_dct(xp(0 * x), 25, size=4), 0 * x)


def test_without_a_threshold_the_image_comes_back(xp, close):
    x = photograph()
    close(denoise_dct(xp(x), 25, threshold=0), x, factor=10)


# --- over a fixed dictionary --------------------------------------------------------------------------------


def test_denoising_over_a_dictionary_is_coding_and_averaging(xp, rng, close):
    """Each step from its definition: means off, the fewest greedy atoms, means back, dense average."""
    y, sigma, D = 100 + 40 * rng.standard_normal((7, 8, 1)), 20.0, small_dictionary(rng)
    A, b, atoms, R = 1.5 * np.eye(56), 1.5 * y.ravel(), 0, list(extractors((7, 8), 4))  # 30 / sigma = 1.5
    for r in R:
        p = r @ y.ravel()
        left, support, fit = p - p.mean(), [], np.zeros(16)
        while np.linalg.norm(left) > 1.15 * sigma * 4:
            support.append(int(np.argmax(np.abs(D.T @ left))))
            fit = D[:, support] @ np.linalg.lstsq(D[:, support], p - p.mean(), rcond=None)[0]
            left = p - p.mean() - fit
        A, b, atoms = A + r.T @ r, b + r.T @ (fit + p.mean()), atoms + len(support)
    found = denoise_omp(xp(y), sigma, xp(D))
    assert found.atoms_per_patch == pytest.approx(atoms / len(R)) and atoms > len(R)
    np.testing.assert_allclose(
        to_numpy(found.x), np.linalg.solve(A, b).reshape(7, 8, 1), atol=2e-3
    )  # codes are float32


def test_the_result_stays_within_the_error_bound(xp, rng):
    """Averaging only helps: weighted by cover, the distance to ``y`` is at most ``gain sigma`` a pixel."""
    y, D = add_noise(photograph(), 10, rng), xp(small_dictionary(rng))
    i, j = (np.minimum(np.minimum(np.arange(n) + 1, n - np.arange(n)), 4) for n in y.shape[:2])
    cover = np.outer(i, j)[..., None]
    for gain in (0.5, 1.15):
        z = to_numpy(denoise_omp(xp(y), 10, D, gain=gain).x)
        assert np.sqrt(np.sum(cover * (z - y) ** 2) / cover.sum()) <= gain * 10


def test_a_clean_image_survives(xp, rng):
    x = photograph()
    assert psnr(denoise_omp(xp(x), 0.5, xp(small_dictionary(rng))).x, xp(x)) > 20 * np.log10(
        255 / (1.15 * 0.5)
    )


def test_a_flat_image_needs_no_atoms(xp, close):
    x = np.full((12, 12, 1), 77.0)
    for denoise in (denoise_omp, denoise_ksvd):  # nothing to learn from: K-SVD keeps its start
        found = denoise(xp(x), 5)
        close(found.x, x, factor=10), close(found.D, to_numpy(dct_dictionary()))
        assert found.atoms_per_patch == 0


# --- over a learned dictionary ------------------------------------------------------------------------------


def test_learning_beats_the_dct_on_bricks(rng):
    x = photograph("brick", slice(150, 246), slice(150, 246))
    y = add_noise(x, 20, rng)
    fixed, learned = denoise_omp(y, 20), denoise_ksvd(y, 20, n_iter=8)
    assert psnr(learned.x, x) > psnr(fixed.x, x) + 0.3 > psnr(y, x) + 8
    assert learned.atoms_per_patch < fixed.atoms_per_patch


def test_the_learned_dictionary_reproduces_the_result(xp, rng, close):
    y, D0 = add_noise(photograph(), 10, rng), small_dictionary(rng)
    found = denoise_ksvd(xp(y), 10, D0=xp(D0), n_iter=2)
    again = denoise_omp(xp(y), 10, found.D)
    close(found.x, to_numpy(again.x)), close(found.D, to_numpy(again.D))
    assert found.x.dtype == xp(y).dtype and again.atoms_per_patch == found.atoms_per_patch
    np.testing.assert_allclose(np.linalg.norm(to_numpy(found.D), axis=0), 1, atol=1e-5)
    assert np.abs(to_numpy(found.D) - D0).max() > 0.1, "something was learned"


def test_training_is_seeded_and_touches_nothing(rng):
    y = add_noise(photograph(), 10, rng)
    D0 = small_dictionary(rng)
    before = y.copy(), D0.copy()
    a, b, c = (
        denoise_ksvd(y, 10, D0, n_iter=2, train=300, rng=r).x for r in (None, np.random.default_rng(0), rng)
    )
    assert np.array_equal(a, b) and not np.array_equal(a, c)
    assert np.array_equal(y, before[0]) and np.array_equal(D0, before[1])


# --- colour -------------------------------------------------------------------------------------------------


def test_channels_are_denoised_one_by_one(xp, rng, close):
    y = add_noise(photograph("astronaut", slice(20, 44), slice(200, 226)), 10, rng)
    D = xp(small_dictionary(rng))
    one = [xp(y[..., i : i + 1]) for i in range(3)]
    close(denoise_dct(xp(y), 10), np.concatenate([to_numpy(denoise_dct(c, 10)) for c in one], axis=-1))
    found, parts = denoise_omp(xp(y), 10, D), [denoise_omp(c, 10, D) for c in one]
    close(found.x, np.concatenate([to_numpy(part.x) for part in parts], axis=-1))
    assert found.atoms_per_patch == pytest.approx(np.mean([part.atoms_per_patch for part in parts]))
    learned = denoise_ksvd(xp(y), 10, D, n_iter=1)
    assert len(learned.D) == 3 and tuple(learned.x.shape) == y.shape
    close(learned.D[0], to_numpy(denoise_ksvd(one[0], 10, D, n_iter=1).D))
    close(learned.x[..., 2:], to_numpy(denoise_omp(one[2], 10, learned.D[2]).x))


# --- bad input ----------------------------------------------------------------------------------------------


EVERY = [denoise_dct, denoise_omp, denoise_ksvd]


@pytest.mark.parametrize("denoise", EVERY)
def test_bad_images_are_named(denoise):
    y = np.zeros((12, 12, 1))
    with pytest.raises(ValueError, match="y holds NaN"):
        denoise(y + np.nan, 25)
    with pytest.raises(ValueError, match=r"y has shape \(12, 12\)"):
        denoise(y[..., 0], 25)
    with pytest.raises(ValueError, match=r"\(12, 7, 1\) is smaller than a patch of 8 x 8"):
        denoise(y[:, :7], 25)
    with pytest.raises(TypeError, match="uint8"):
        denoise(y.astype(np.uint8), 25)


@pytest.mark.parametrize("denoise", EVERY)
@pytest.mark.parametrize("sigma", [-1.0, 0, np.nan, np.inf])
def test_bad_noise_levels_are_named(denoise, sigma):
    with pytest.raises(ValueError, match=f"sigma = {sigma}"):
        denoise(np.zeros((12, 12, 1)), sigma)


@pytest.mark.parametrize("denoise", [denoise_omp, denoise_ksvd])
def test_bad_dictionaries_are_named(denoise, rng):
    y = 100 * rng.standard_normal((12, 12, 1))
    with pytest.raises(ValueError, match="D has 60 rows"):
        denoise(y, 25, rng.standard_normal((60, 70)))
    with pytest.raises(ValueError, match="atom 2 of D is zero"):
        denoise(y, 25, np.eye(16)[:, :9] * (np.arange(9) != 2))


def test_bad_training_is_named(rng):
    y = 100 * rng.standard_normal((12, 12, 1))
    with pytest.raises(ValueError, match="n_iter = 0"):
        denoise_ksvd(y, 25, n_iter=0)
    with pytest.raises(ValueError, match="train = 0"):
        denoise_ksvd(y, 25, train=0)


def test_patches_are_those_of_one_channel(rng):
    """Patches of two channels would stand in the columns one after the other."""
    y = rng.standard_normal((12, 12, 2))
    with pytest.raises(ValueError, match=r"y has shape \(12, 12, 2\): expected an image \(H, W, 1\)"):
        image_patches(y, 4)
    P = image_patches(y[..., :1], 4)
    for patches, image in ((P, y), (P[:, 1:], y[..., :1]), (P[1:], y[..., :1])):
        with pytest.raises(ValueError, match="expected all patches of 4 x 4"):
            average(patches, image, 4)


@pytest.mark.parametrize("n_iter", [None, math.inf])
def test_rounds_without_an_end_are_refused(rng, n_iter):
    with pytest.raises(TypeError, match="n_iter = "):
        denoise_ksvd(100 + 9 * rng.standard_normal((12, 12, 1)), 5.0, n_iter=n_iter)
