"""The method noise against projections by least squares."""

import numpy as np
import pytest
from problems import SIGMA, extractors, noisy, small_dictionary

from cscbook.arrays import to_numpy
from cscbook.imaging import denoise_omp, on_used_atoms, restore_method_noise
from cscbook.pursuits import omp


def dense(code):
    code = to_numpy(code)
    return code.toarray() if hasattr(code, "toarray") else code


def test_columns_are_projected_on_the_atoms_that_they_use(xp, rng, close):
    D, P, code = rng.standard_normal((9, 14)), rng.standard_normal((9, 12)), np.zeros((14, 12))
    for i in range(12):
        code[rng.choice(14, i % 4, replace=False), i] = 1
    atoms = [D[:, np.flatnonzero(c)] for c in code.T]
    wanted = [A @ np.linalg.lstsq(A, p)[0] if A.size else 0 * p for A, p in zip(atoms, P.T, strict=True)]
    close(on_used_atoms(xp(P), xp(D), xp(code)), np.stack(wanted, axis=1), factor=1000)


def test_used_atoms_find_nothing_in_what_omp_left(xp, rng, close):
    D, P = xp(small_dictionary(rng)), xp(rng.standard_normal((16, 30)))
    code = omp(D, P, k=3).gamma
    coded = to_numpy(D) @ dense(code)
    close(on_used_atoms(P, D, code), coded, factor=1000)
    close(on_used_atoms(P - xp(coded), D, code), 0 * coded, factor=1000)


def test_the_method_noise_holds_only_disagreement_for_the_used_atoms(rng):
    """P_i (R_i y - R_i x) = P_i (p_i - R_i x): the residual of the pursuit is orthogonal to its atoms."""
    D, Y, X = small_dictionary(rng), rng.standard_normal((16, 30)), rng.standard_normal((16, 30))
    code = omp(D, Y, k=3).gamma
    p = D @ dense(code)
    np.testing.assert_allclose(on_used_atoms(Y - X, D, code), on_used_atoms(p - X, D, code), atol=1e-10)
    assert abs(on_used_atoms(p - X, D, code)).max() > 0.1


def test_restoring_adds_the_projections_averaged(rng):
    y, D, share = noisy(rng, (9, 10, 1)), small_dictionary(rng), 0.7
    x = denoise_omp(y, SIGMA, D).x
    A, b = 30 / SIGMA * np.eye(y.size), np.zeros(y.size)
    for R in extractors(y.shape[:2], 4):
        p, r = R @ y.ravel(), R @ (y - x).ravel()
        S = np.flatnonzero(omp(D, p - p.mean(), tol=1.15 * SIGMA * 4).gamma)
        A += R.T @ R
        if len(S):
            b += R.T @ (D[:, S] @ np.linalg.lstsq(D[:, S], r - r.mean())[0])
    wanted = x + share * np.linalg.solve(A, b).reshape(y.shape)
    np.testing.assert_allclose(restore_method_noise(y, SIGMA, D, share).x, wanted, atol=1e-3)


def test_without_a_share_this_is_plain_denoising(xp, rng, close):
    y, D = xp(noisy(rng)), xp(small_dictionary(rng))
    found, wanted = restore_method_noise(y, SIGMA, D, share=0).x, to_numpy(denoise_omp(y, SIGMA, D).x)
    close(found, wanted, factor=1e6 if xp.dtype == "float64" else 10)  # codes are in single precision


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda y, D: restore_method_noise(y, 0, D), "sigma = 0"),
        (lambda y, D: restore_method_noise(y, 25, D[:15]), r"\[15\] rows"),
        (lambda y, D: restore_method_noise(y, 25, D, share=-1), "share = -1"),
        (lambda y, D: on_used_atoms(D, D, D), r"\(16, 24\)"),
    ],
)
def test_what_does_not_fit_is_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(noisy(rng, (10, 10, 1)), small_dictionary(rng))
