"""Groups of similar patches share their atoms."""

import math

import numpy as np
import pytest
from problems import SIGMA, noisy, small_dictionary

from cscbook.arrays import to_numpy
from cscbook.dictionaries.matrix import normalize
from cscbook.imaging import (
    Denoised,
    denoise_lssc,
    denoise_omp,
    psnr,
    simultaneous_omp,
)
from cscbook.pursuits import omp


def dense_group(D, Y, k, tol):
    """Simultaneous OMP of one group, straight from its definition, by least squares."""
    S, r, code = [], Y, np.zeros((D.shape[1], Y.shape[1]))
    while len(S) < k and np.linalg.norm(r) > tol:
        S.append(int(np.argmax(np.sum((D.T @ r) ** 2, axis=1) / np.sum(D**2, axis=0))))
        values = np.linalg.lstsq(D[:, S], Y)[0]
        r = Y - D[:, S] @ values
    if S:
        code[S] = values
    return code


@pytest.mark.parametrize("k, tol", [(3, None), (None, 3.0), (4, 2.0)])
def test_simultaneous_omp_is_its_definition(xp, rng, close, k, tol):
    D, Y = rng.standard_normal((10, 15)), rng.standard_normal((10, 6, 4))
    found = simultaneous_omp(xp(D), xp(Y), k=k, tol=tol).gamma
    one_by_one = [dense_group(D, Y[:, g], k or 10, tol or 0) for g in range(6)]
    close(found, np.stack(one_by_one, axis=1), factor=1000)


@pytest.mark.parametrize("k, tol", [(3, None), (None, 1.0)])
def test_groups_of_one_are_plain_omp(xp, rng, close, k, tol):
    D, Y = xp(rng.standard_normal((10, 15))), xp(rng.standard_normal((10, 30)))
    found = simultaneous_omp(D, Y[:, :, None], k=k, tol=tol)
    plain = omp(D, Y, k=k, tol=tol)
    gamma = to_numpy(plain.gamma)
    gamma = gamma.toarray() if hasattr(gamma, "toarray") else gamma
    close(found.gamma[:, :, 0], gamma, factor=1000)
    assert found.converged == plain.converged


def test_a_group_finds_shared_atoms_that_single_signals_miss(rng):
    D, members, misses = normalize(rng.standard_normal((20, 40))), 12, {"alone": 0, "together": 0}
    for _ in range(20):
        S = set(map(int, rng.choice(40, 3, replace=False)))
        Y = D[:, sorted(S)] @ rng.standard_normal((3, members)) + 0.3 * rng.standard_normal((20, members))
        together = np.flatnonzero(simultaneous_omp(D, Y[:, None, :], k=3).gamma[:, 0, 0])
        alone = omp(D, Y, k=3).gamma.toarray()
        misses["together"] += len(S - set(map(int, together)))
        misses["alone"] += np.mean([len(S - set(map(int, np.flatnonzero(c)))) for c in alone.T])
    assert misses["together"] < misses["alone"] / 4


def test_simultaneous_omp_says_whether_it_met_its_bound(xp, rng):
    D, Y = xp(rng.standard_normal((8, 12))), xp(rng.standard_normal((8, 3, 2)))
    assert simultaneous_omp(D, Y, tol=1.0).converged
    assert not simultaneous_omp(D, Y, k=1, tol=1e-3).converged
    assert simultaneous_omp(D, 0 * Y, k=2).converged, "a zero group needs no atom"


def test_groups_of_one_patch_are_plain_denoising(xp, rng, close):
    y, D = xp(noisy(rng)), xp(small_dictionary(rng))
    plain = denoise_omp(y, SIGMA, D)
    found = denoise_lssc(y, SIGMA, plain, members=1, window=5)
    close(found.x, to_numpy(plain.x), factor=1e6 if xp.dtype == "float64" else 10)
    assert found.atoms_per_patch == pytest.approx(plain.atoms_per_patch)


def test_similar_patches_help_where_everything_repeats(rng):
    clean = 60 * np.sign(np.sin(np.arange(32) * math.pi / 4))[None, :, None] * np.ones((32, 1, 1)) + 120
    y, D = clean + SIGMA * rng.standard_normal(clean.shape), small_dictionary(rng, 16, 40)
    plain = denoise_omp(y, SIGMA, D)
    found = denoise_lssc(y, SIGMA, plain, members=8, window=16)
    assert psnr(found.x, clean) > psnr(plain.x, clean) + 1


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda y, D: simultaneous_omp(D, y[:8]), "16 rows"),
        (lambda y, D: simultaneous_omp(D, np.ones((16, 2, 2))), "k, tol"),
        (lambda y, D: simultaneous_omp(D, np.ones((16, 2, 2)), k=0), "k = 0"),
        (lambda y, D: simultaneous_omp(D, np.ones((16, 2, 2)), k=17), "k = 17"),
        (lambda y, D: simultaneous_omp(0 * D, np.ones((16, 2, 2)), k=1), "atom 0"),
        (lambda y, D: denoise_lssc(y, 25, Denoised(y, D, 0), members=0), "members = 0"),
        (lambda y, D: denoise_lssc(y, 25, Denoised(y[:5], D, 0)), r"\(5, 10, 1\)"),
        (lambda y, D: denoise_lssc(y, 25, Denoised(y, D, 0), members=500), "members = 500"),
    ],
)
def test_groups_that_do_not_fit_are_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(noisy(rng, (10, 10, 1)), small_dictionary(rng))
