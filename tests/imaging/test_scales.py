"""EPLL at two scales, against dense algebra."""

import math

import numpy as np
from imaging.denoising.test_patch_models import dense_patch_operator, mixture, slow_mixture
from problems import like_a_photograph

from cscbook.arrays import to_numpy
from cscbook.imaging import denoise_epll, denoise_epll_scales, low_pass
from cscbook.imaging.scales import LEFT


def dense_low_pass(H, W):
    def one(N):
        A = np.eye(N) / 2 + (np.eye(N, k=1) + np.eye(N, k=-1)) / 4
        A[0, 0] = A[-1, -1] = 3 / 4
        return A

    return np.kron(one(H), one(W))


def test_the_low_pass_is_its_matrix_which_is_symmetric(xp, rng, close):
    x, S = rng.standard_normal((5, 7, 2)), dense_low_pass(5, 7)
    wanted = np.stack([(S @ x[..., c].ravel()).reshape(5, 7) for c in (0, 1)], axis=-1)
    close(low_pass(xp(x)), wanted, factor=10)
    assert np.array_equal(S, S.T)


def test_the_low_pass_leaves_this_share_of_white_noise():
    assert math.isclose(np.linalg.norm(dense_low_pass(9, 9)[40]), LEFT)


def test_without_the_coarse_scale_this_is_epll(xp, rng, close):
    y, (weights, S) = like_a_photograph(rng, sigma=10.0), mixture(rng, 2, 9)
    args = [xp(a) for a in (weights, S)]
    wanted = to_numpy(denoise_epll(xp(y), 10.0, *args, betas=(1, 4)))
    found = denoise_epll_scales(xp(y), 10.0, *args, coarse=0, betas=(1, 4))
    close(found, wanted, factor=100 if xp.dtype == "float32" else 1e6)  # conjugate gradients stop


def test_a_round_solves_its_two_steps(rng):
    y, sigma, (weights, mix) = like_a_photograph(rng, sigma=10.0), 10.0, mixture(rng, 2, 9)
    H, W, _ = y.shape
    S, pixels, coarse = dense_low_pass(H, W), np.arange(H * W).reshape(H, W), 0.7
    normal, right = 0.5 * 9 * np.eye(y.size), 0.5 * 9 * y.ravel()
    terms = [(1.0, sigma, np.eye(y.size))]
    terms += [(coarse, LEFT * sigma, S[pixels[i::2, j::2].ravel()]) for i in (0, 1) for j in (0, 1)]
    for weight, noise, A in terms:
        shape = (H, W) if len(A) == y.size else (H // 2, W // 2)
        R = np.einsum("inN,NM->inM", dense_patch_operator(shape, 3), A)
        P = np.einsum("inN,N->ni", R, y.ravel())
        z = slow_mixture(P - P.mean(axis=0), noise, weights, mix) + P.mean(axis=0)
        normal += weight * np.einsum("inN,inM->NM", R, R)
        right += weight * np.einsum("inN,ni->N", R, z)
    found = denoise_epll_scales(y, sigma, weights, mix, coarse, betas=(1,))
    np.testing.assert_allclose(found.ravel(), np.linalg.solve(normal, right), atol=1e-3)
