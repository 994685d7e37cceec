"""What patch averaging lacks: each ingredient against its identity, dense algebra or brute force."""

import math

import numpy as np
import pytest
from problems import SIGMA, extractors, noisy, small_dictionary

from cscbook.arrays import to_numpy
from cscbook.datasets.files import load_image
from cscbook.imaging import (
    average,
    denoise_omp,
    denoise_pyramid,
    disagreement,
    fuse_scales,
    haar,
    image_patches,
    inverse_haar,
    ksvd_epll,
    psnr,
    remaining_noise,
    share_disagreement,
    sos,
)
from cscbook.pursuits import omp


def slow_round(x, y, level, sigma, D, weight, gain, correction=0.0):
    """One round by the formulas: each patch by itself, its atoms by OMP, the average as a dense solve."""
    R = list(extractors(x.shape[:2], math.isqrt(D.shape[0])))
    A, b, coded, atoms = weight * np.eye(x.size), weight * y.ravel(), [], 0
    for i, r in enumerate(R):
        p = r @ x.ravel() - (correction[i] if np.ndim(correction) else 0)
        code = omp(D, p - p.mean(), tol=gain * level * math.sqrt(D.shape[0])).gamma
        coded.append(D @ code + p.mean())
        atoms += np.count_nonzero(code)
        A, b = A + r.T @ r, b + r.T @ coded[-1]
    x = np.linalg.solve(A, b)
    return x.reshape(y.shape), [p - r @ x for p, r in zip(coded, R, strict=True)], atoms / len(R)


# --- agreement ----------------------------------------------------------------------------------------------


def test_disagreements_with_the_plain_average_cancel(xp, rng, close):
    P, y = xp(rng.standard_normal((9, 20))), xp(rng.standard_normal((6, 7, 1)))
    q = disagreement(P, average(P, y, 3), 3)
    close(average(q, y, 3), np.zeros((6, 7, 1)), factor=10)
    assert float(np.abs(to_numpy(q)).max()) > 0.1


def test_disagreement_is_the_error_that_averaging_removes(xp, rng, close):
    P, x, truth = (xp(rng.standard_normal(s)) for s in ((9, 20), (6, 7, 1), (6, 7, 1)))
    own, shared = P - image_patches(truth, 3), image_patches(x - truth, 3)
    close(disagreement(P, x, 3), to_numpy(own - shared), factor=10)


def test_sharing_codes_what_the_formula_says(rng):
    y, D = noisy(rng, (9, 10, 1)), small_dictionary(rng)
    q = 0.0
    for found in share_disagreement(y, SIGMA, D, rounds=3):
        x, q, atoms = slow_round(y, y, SIGMA, SIGMA, D, 30 / SIGMA, 1.15, q)
        np.testing.assert_allclose(found.x, x, atol=1e-3)  # the package codes in single precision
        assert found.atoms_per_patch == pytest.approx(atoms)


def test_the_first_round_of_sharing_is_plain_denoising(xp, rng, close):
    y, D = xp(noisy(rng)), xp(small_dictionary(rng))
    first, second = share_disagreement(y, SIGMA, D, rounds=2)
    close(first.x, to_numpy(denoise_omp(y, SIGMA, D).x), factor=1e5 if xp.dtype == "float64" else 10)
    assert float(np.abs(to_numpy(second.x - first.x)).max()) > 0.1


# --- boosting -----------------------------------------------------------------------------------------------


def smoother(n):
    """A symmetric matrix that smooths on the circle, with eigenvalues in 0..1."""
    row = np.zeros(n)
    row[[0, 1, -1]] = 0.5, 0.25, 0.25
    return np.stack([np.roll(row, i) for i in range(n)])


@pytest.mark.parametrize("rho", [0.3, 0.9])
def test_boosting_a_linear_smoother_reaches_the_fixed_point(xp, rng, close, rho):
    W, y = smoother(12), rng.standard_normal(12)
    V = xp(W)
    *_, x = sos(lambda z: V @ z, xp(y), rho, rounds=400)
    close(x, np.linalg.solve(np.eye(12) + rho * (np.eye(12) - W), W @ y), factor=100)  # 1e-10 in float64


def test_boosting_diverges_where_the_condition_fails(rng):
    W, y = smoother(12), rng.standard_normal(12)
    norms = [np.linalg.norm(x) for x in sos(lambda z: W @ z, y, rho=1.2, rounds=150)]
    assert norms[-1] > 100 * norms[0]


def test_without_boost_every_round_is_the_first(xp, rng, close):
    y, D = xp(noisy(rng)), xp(small_dictionary(rng))
    first, second = sos(lambda z: denoise_omp(z, SIGMA, D).x, y, rho=0, rounds=2)
    close(first, to_numpy(second))


# --- the model on the final patches -------------------------------------------------------------------------


def test_each_round_of_epll_is_a_dense_solve_at_the_noise_that_remains(rng):
    y, D = noisy(rng, (9, 10, 1)), small_dictionary(rng)
    x, level = y, SIGMA
    for found in ksvd_epll(y, SIGMA, D, rounds=3):
        weight = 30 / SIGMA * (level / SIGMA) ** 2
        x, _, atoms = slow_round(x, y, level, SIGMA, D, weight, 1.05)
        np.testing.assert_allclose(found.x, x, atol=1e-3)
        assert found.atoms_per_patch == pytest.approx(atoms)
        level *= math.sqrt((atoms + 1) / 16)


def test_the_remaining_noise_is_that_of_a_projection(rng):
    A = np.column_stack([np.ones(16), small_dictionary(rng)[:, :3]])
    Q, _ = np.linalg.qr(A)
    e = Q @ (Q.T @ (SIGMA * rng.standard_normal((16, 20_000))))
    assert np.sqrt(np.mean(e**2)) == pytest.approx(remaining_noise(SIGMA, 3, 16), rel=0.01)


@pytest.mark.parametrize("method", [share_disagreement, ksvd_epll])
def test_rounds_agree_on_all_libraries(xp, rng, close, method):
    y, D = noisy(rng), small_dictionary(rng)
    expected = [found.x for found in method(y, SIGMA, D, rounds=2)]
    for found, x in zip(method(xp(y), SIGMA, xp(D), rounds=2), expected, strict=True):
        close(found.x, x, factor=1e6 if xp.dtype == "float64" else 10)


@pytest.mark.parametrize("method", [share_disagreement, ksvd_epll])
def test_channels_are_denoised_one_by_one(rng, method):
    y, D = noisy(rng, (9, 10, 2)), (small_dictionary(rng), small_dictionary(rng))
    for found, *parts in zip(
        method(y, SIGMA, D, rounds=2),
        *(method(y[..., i : i + 1], SIGMA, D[i], rounds=2) for i in (0, 1)),
        strict=True,
    ):
        np.testing.assert_array_equal(found.x, np.concatenate([part.x for part in parts], axis=-1))
        assert found.D[1] is parts[1].D or np.array_equal(found.D[1], parts[1].D)


# --- several scales -----------------------------------------------------------------------------------------


def test_haar_bands_are_orthonormal_and_come_back(xp, rng, close):
    x = xp(rng.standard_normal((6, 8, 2)))
    bands = haar(x)
    close(inverse_haar(*bands), to_numpy(x))
    energy = sum(float(np.sum(to_numpy(band) ** 2)) for band in bands)
    assert energy == pytest.approx(float(np.sum(to_numpy(x) ** 2)), rel=10 * xp.tol)
    other = [xp(rng.standard_normal((3, 4, 2))) for _ in bands]
    left = sum(float(np.sum(to_numpy(a * b))) for a, b in zip(bands, other, strict=True))
    assert left == pytest.approx(float(np.sum(to_numpy(x * inverse_haar(*other)))), abs=100 * xp.tol)


def test_haar_bands_are_what_their_names_say(xp):
    across = xp(np.tile([[[1.0], [-1.0]]], (4, 2, 1)))  # changes from column to column
    low, horizontal, vertical, diagonal = (float(np.abs(to_numpy(band)).sum()) for band in haar(across))
    assert (low, vertical, diagonal) == (0, 0, 0) and horizontal == 8


@pytest.mark.parametrize("levels", [0, 1, 2])
def test_the_pyramid_gives_back_what_nobody_touched(xp, rng, close, levels):
    y, seen = xp(rng.standard_normal((8, 12, 2))), []
    x = denoise_pyramid(lambda band: seen.append(tuple(band.shape)) or band, y, levels)
    close(x, to_numpy(y), factor=10)
    assert len(seen) == 1 + 3 * levels and seen[0] == (8 >> levels, 12 >> levels, 2)


def test_every_band_of_white_noise_has_the_same_level(rng):
    levels = [np.std(band) for band in haar(rng.standard_normal((200, 200, 1)))]
    np.testing.assert_allclose(levels, 1, atol=0.03)


@pytest.mark.parametrize("weight", [0, 0.75, 1])
def test_fusion_keeps_an_image_that_the_coarse_scale_agrees_with(xp, rng, close, weight):
    x = xp(rng.standard_normal((7, 8, 2)))
    close(fuse_scales(lambda low: low, x, x, weight), to_numpy(x), factor=10)


def test_fusion_moves_the_coarse_scale_and_nothing_else(xp, rng, close):
    y, x = rng.standard_normal((6, 8, 1)), rng.standard_normal((6, 8, 1))
    fused = to_numpy(fuse_scales(lambda low: low, xp(y), xp(x), 1.0))
    total, cover = np.zeros((6, 8)), np.zeros((6, 8))
    for i in range(5):
        for j in range(7):
            here = np.s_[i : i + 2, j : j + 2]
            total[here] += x[here][..., 0] - x[here].mean() + y[here].mean()
            cover[here] += 1
    close(fused, (total / cover)[..., None], factor=10)
    seen = []
    fuse_scales(lambda low: seen.append(tuple(low.shape)) or low, xp(y), xp(x))
    assert sorted(seen) == [(2, 3, 1), (2, 4, 1), (3, 3, 1), (3, 4, 1)], "four ways to tile the image"


# --- on a photograph ----------------------------------------------------------------------------------------


def test_bricks_gain(rng):
    clean = to_numpy(load_image("brick"))[:64, :64]
    y = clean + SIGMA * rng.standard_normal(clean.shape)
    plain = denoise_omp(y, SIGMA)
    *_, boosted = sos(lambda z: denoise_omp(z, SIGMA).x, y, rho=0.5, rounds=3)
    *_, modelled = ksvd_epll(y, SIGMA, plain.D, rounds=2)
    assert psnr(boosted, clean) > psnr(plain.x, clean)
    assert psnr(modelled.x, clean) > psnr(plain.x, clean)


# --- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda y, D: next(sos(lambda z: z, y, rho=-1)), "rho = -1"),
        (lambda y, D: next(sos(lambda z: z, y, rounds=0)), "rounds = 0"),
        (lambda y, D: next(sos(lambda z: z, y * np.nan)), "NaN"),
        (lambda y, D: share_disagreement(y, -3, D), "sigma = -3"),
        (lambda y, D: share_disagreement(y, 25, D, rounds=1.5), "rounds = 1.5"),
        (lambda y, D: share_disagreement(y, 25, D[:15]), "15"),
        (lambda y, D: ksvd_epll(y, 25, (D, D)), r"\[16, 16\] rows"),
        (lambda y, D: ksvd_epll(y[:3], 25, D), "smaller than a patch"),
        (lambda y, D: ksvd_epll(y[..., 0], 25, D), "axes"),
        (lambda y, D: ksvd_epll(y, 0, D), "sigma = 0"),
        (lambda y, D: disagreement(D, y, 4), r"\(16, 24\)"),
        (lambda y, D: haar(y[:5]), r"\(5, 10, 1\)"),
        (lambda y, D: denoise_pyramid(lambda z: z, y, 2), "divisible by 2"),
        (lambda y, D: denoise_pyramid(lambda z: z, y, -1), "levels = -1"),
        (lambda y, D: fuse_scales(lambda z: z, y, y[:4]), r"\(4, 10, 1\)"),
        (lambda y, D: fuse_scales(lambda z: z, y, y, weight=2), "weight = 2"),
    ],
)
def test_bad_input_is_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(noisy(rng, (10, 10, 1)), small_dictionary(rng))


def test_bands_of_other_shapes_are_named(rng):
    low, *details = haar(rng.standard_normal((8, 6, 1)))
    with pytest.raises(ValueError, match=r"vertical has shape \(4, 2, 1\): expected that of low"):
        inverse_haar(low, details[0], details[1][:, 1:], details[2])
