"""Learning a mixture of Gaussians, and the one that is shipped."""

import numpy as np
import pytest
from problems import grey_photograph
from scipy.stats import multivariate_normal

from cscbook import add_noise, psnr
from cscbook.arrays import to_numpy
from cscbook.datasets.files import registry
from cscbook.imaging import denoise_epll, learn_mixture, load_mixture, save_mixture
from cscbook.imaging.denoising.mixture import kinds_of


def two_kinds(rng, p=400):
    """Patches of two pixels, long in one direction or in the other."""
    return np.concatenate([rng.normal(0, [[9], [1]], (2, p)), rng.normal(0, [[1], [5]], (2, p))], axis=1)


def test_no_round_lowers_the_likelihood(xp, rng):
    found = [row[2] for row in learn_mixture(xp(two_kinds(rng)), 3, 15, floor=1e-9, rng=rng)]
    assert np.all(np.diff(found) > -1e3 * xp.tol) and found[-1] > found[0] + 0.05


def test_the_shares_are_those_of_bayes(xp, rng, close):
    P, w = rng.standard_normal((3, 20)), np.array([0.3, 0.7])
    S = np.stack([np.diag([1.0, 4, 9]), 2 * np.eye(3)])
    p = w[:, None] * np.stack([multivariate_normal.pdf(P.T, cov=s) for s in S])
    share, likelihood = kinds_of(xp(P), xp(w), xp(S))
    close(share, p / p.sum(axis=0), factor=1e3)
    assert abs(likelihood - np.log(p.sum(axis=0)).mean()) < 1e3 * xp.tol


def test_one_kind_is_the_second_moment_of_all(xp, rng, close):
    P = two_kinds(rng)
    ((weights, S, _),) = learn_mixture(xp(P), 1, 1, floor=0.25)
    close(weights, np.ones(1))
    close(S, (P @ P.T / P.shape[1] + 0.25 * np.eye(2))[None], factor=100)


def test_two_directions_are_found(rng):
    *_, (weights, S, _) = learn_mixture(two_kinds(rng), 2, 30, rng=rng)
    k = int(np.argmax(S[:, 0, 0]))
    assert abs(weights[k] - 0.5) < 0.1
    assert abs(S[k, 0, 0] - 82) < 12 and abs(S[1 - k, 1, 1] - 26) < 5


def test_a_file_brings_the_mixture_back_in_half_precision(tmp_path, rng):
    A = rng.standard_normal((3, 9, 9))
    S, w = 100 * A @ A.transpose(0, 2, 1), np.array([0.2, 0.3, 0.5])
    save_mixture(tmp_path / "mine.npz", w, S)
    weights, again = (to_numpy(a) for a in load_mixture(tmp_path / "mine.npz"))
    np.testing.assert_allclose(weights, w, rtol=1e-6)
    np.testing.assert_allclose(again, S, rtol=0, atol=2e-3 * np.abs(S).max())
    assert np.linalg.eigvalsh(again).min() >= -1e-9 * np.abs(S).max()


def test_the_shipped_mixture_is_ahead_of_its_mean_covariance_on_a_photograph_it_has_not_seen():
    claim = registry()["mixture.npz"]
    assert not {"camera", "astronaut"} & {*claim["lessons"]}
    weights, S = load_mixture()
    assert tuple(S.shape) == (100, 64, 64)
    x = grey_photograph("astronaut", slice(20, 116), slice(180, 276))
    y = add_noise(x, 25).astype("float32")
    one = (to_numpy(weights)[:, None, None] * to_numpy(S)).sum(axis=0)[None]
    assert psnr(denoise_epll(y, 25, weights, S), x) > psnr(denoise_epll(y, 25, [1.0], one), x) + 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: learn_mixture(np.zeros((4, 10)), 11), "kinds = 11"),
        (lambda: learn_mixture(np.zeros((4, 10)), 0), "kinds"),
        (lambda: learn_mixture(np.zeros((4, 10)), 2, floor=0.0), "floor"),
        (lambda: learn_mixture(np.full((4, 10), np.nan), 2), "NaN"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
