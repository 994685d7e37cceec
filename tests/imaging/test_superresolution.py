"""Super-resolution: the degradation against Pillow, the coupling against dense least squares, and a gain."""

import numpy as np
import pytest

from cscbook import ConvDictionary, psnr, superresolve, train_superresolution
from cscbook.arrays import to_numpy
from cscbook.imaging import Coupled, back_project, double, halve, resize
from cscbook.imaging.superresolution import couple, keys, map_correlations, resampling


def rectangles(rng, n=64):
    """An image of rectangles on rectangles."""
    x = np.full((n, n, 1), 128.0)
    for _ in range(30):
        i, j, h, w = rng.integers(0, n - 8, 2).tolist() + rng.integers(5, 24, 2).tolist()
        x[i : i + h, j : j + w] = rng.uniform(0, 255)
    return x


def sparse_codes(rng, spaces, m):
    return [rng.standard_normal((*s, m)) * (rng.random((*s, m)) < 0.4) for s in spaces]


# --- the degradation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [(10, 7), (40, 28), (13, 30)])
def test_resizing_is_that_of_pillow(xp, rng, close, space):
    from PIL import Image

    x = rng.uniform(0, 1, (20, 14, 2)).astype(np.float32)
    pillow = [Image.fromarray(x[..., i]).resize(space[::-1], Image.Resampling.BICUBIC) for i in (0, 1)]
    np.testing.assert_allclose(
        to_numpy(resize(xp(x), space)), np.stack([np.asarray(p) for p in pillow], -1), atol=2e-6
    )


def test_the_cubic_kernel_interpolates():
    assert keys(np.arange(-3, 4)).tolist() == [0, 0, 0, 1, 0, 0, 0]
    np.testing.assert_allclose(resampling(12, 24).sum(axis=1), 1)
    line = resampling(12, 24) @ np.arange(12.0)
    np.testing.assert_allclose(line[6:-6], (np.arange(24) / 2 - 0.25)[6:-6], atol=1e-12)  # lines stay lines


def test_an_odd_row_is_left_out(rng, xp, close):
    x = rng.standard_normal((9, 8, 1))
    close(halve(xp(x)), to_numpy(halve(x[:8])))
    assert halve(x).shape == (4, 4, 1) and double(x).shape == (18, 16, 1)


def test_back_projection_agrees_with_the_small_image(xp, rng, close):
    x, y = xp(rng.uniform(0, 1, (16, 12, 1))), rng.uniform(0, 1, (8, 6, 1))
    start, end = (np.abs(to_numpy(halve(back_project(x, xp(y), n))) - y).max() for n in (0, 40))
    assert end < 1e-3 * start
    close(back_project(double(xp(y)), xp(y), 0), to_numpy(double(y)), factor=10)


# --- the coupling -------------------------------------------------------------------------------------------


def test_coupled_filters_solve_the_dense_least_squares_problem(xp, rng):
    n, m, ridge = 3, 4, 0.7
    codes = sparse_codes(rng, [(6, 5), (4, 7)], m)
    images = [rng.standard_normal((2 * (g.shape[0] + n - 1), 2 * (g.shape[1] + n - 1), 1)) for g in codes]
    rows = []
    for g, x in zip(codes, images, strict=True):  # one column a filter entry
        units = np.eye(4 * n * n * m).reshape(-1, 2 * n, 2 * n, 1, m)
        rows.append(np.stack([(ConvDictionary(f, x.shape[:2], 2, False) @ g).ravel() for f in units], axis=1))
    A, b = np.concatenate(rows), np.concatenate([x.ravel() for x in images])
    best = np.linalg.solve(A.T @ A + ridge * np.eye(A.shape[1]), A.T @ b).reshape(2 * n, 2 * n, 1, m)
    found = to_numpy(couple([xp(g) for g in codes], [xp(x) for x in images], n, ridge))
    np.testing.assert_allclose(found, best, atol=100 * xp.tol)


def test_map_correlations_are_sums_over_shifted_needles(xp, rng, close):
    n, (gamma,) = 3, sparse_codes(rng, [(4, 5)], 2)
    expected = np.zeros((5, 5, 2, 2))
    for i, j, p, q in np.ndindex(4, 5, 4, 5):
        if abs(p - i) < n and abs(q - j) < n:
            expected[p - i + 2, q - j + 2] += np.outer(gamma[i, j], gamma[p, q])
    close(map_correlations(xp(gamma), n), expected, factor=10)


# --- the whole ----------------------------------------------------------------------------------------------


def test_on_rectangles_it_beats_bicubic_by_far(rng):
    model = train_superresolution([rectangles(rng) for _ in range(3)], size=5, m=16, n_iter=5, ridge=2e3)
    x = rectangles(rng)
    y = halve(x)
    one, eight = (psnr(superresolve(y, model, n), x) - psnr(double(y), x) for n in (1, 8))
    assert one > 1.0 and eight > one


def test_without_atoms_it_is_bicubic_and_back_projection(xp, rng, close):
    y = rng.uniform(0, 255, (6, 5, 2))
    low = rng.standard_normal((3, 3, 1, 2))
    model = Coupled(xp(low), xp(rng.standard_normal((6, 6, 1, 2))), 1e9)
    close(superresolve(xp(y), model, 2), to_numpy(back_project(double(xp(y)), xp(y))), factor=10)


def test_one_view_is_the_formula(xp, rng, close):
    """``double(y) + D_high g`` channel by channel, with the code of the finest part."""
    from cscbook.imaging.superresolution import code_small

    y, low = rng.uniform(0, 255, (9, 8, 2)), rng.standard_normal((3, 3, 1, 2))
    model = Coupled(xp(low), xp(rng.standard_normal((6, 6, 1, 2))), 20.0)
    D = ConvDictionary(model.high, (18, 16), 2, circular=False)
    code = code_small(xp(y)[..., 1:], model.low, 20.0)
    assert np.count_nonzero(to_numpy(code)) > 3
    close(superresolve(xp(y), model, 1, 0)[..., 1:], to_numpy(double(xp(y)[..., 1:]) + D @ code), factor=10)


def test_progress_counts_channels_and_views(rng, capsys):
    model = Coupled(np.ones((3, 3, 1, 1)), np.ones((6, 6, 1, 1)), 1e9)
    superresolve(rng.uniform(0, 255, (6, 5, 2)), model, 3, progress=True)
    assert "6/6" in capsys.readouterr().err


def test_training_is_seeded_and_takes_given_filters(xp, rng):
    images = [rectangles(rng, 32), rectangles(rng, 33)]
    a, b = (train_superresolution(images, size=3, m=4, n_iter=2) for _ in range(2))
    assert np.array_equal(a.low, b.low) and np.array_equal(a.high, b.high)
    given = train_superresolution([xp(x) for x in images], low=xp(a.low), ridge=1e3)
    assert tuple(given.high.shape) == (6, 6, 1, 4) and given.high.dtype == xp(a.low).dtype


def test_bad_input_is_named(rng):
    model = Coupled(np.ones((3, 3, 1, 1)), np.ones((6, 6, 1, 1)), 1.0)
    with pytest.raises(ValueError, match="n_views = 9"):
        superresolve(np.zeros((8, 8, 1)), model, n_views=9)
    with pytest.raises(ValueError, match="y holds NaN"):
        superresolve(np.full((8, 8, 1), np.nan), model)
    with pytest.raises(ValueError, match=r"expected photographs \(H, W, 1\), got \[\]"):
        train_superresolution([])
    with pytest.raises(ValueError, match=r"got \[\(8, 8, 3\)\]"):
        train_superresolution([np.zeros((8, 8, 3))])
    with pytest.raises(ValueError, match="ridge = -1"):
        train_superresolution([rectangles(rng, 32)], size=3, m=4, n_iter=1, ridge=-1.0)
