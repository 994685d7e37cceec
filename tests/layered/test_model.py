"""The multi-layer model: its operators are matrices."""

import numpy as np
import pytest
from problems import CHAINS, chain

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    coherence,
    dense,
    effective,
    local_sparsities,
    nonnegative,
    omp,
    positive_parts,
    refit,
    synthesize,
)
from cscbook.arrays import to_numpy


def deepest(rng, D, p=0.3):
    shape = (*D.positions, D.filters.shape[-1])
    return rng.standard_normal(shape) * (rng.random(shape) < p)


@pytest.mark.parametrize("space, c, layers, circular", CHAINS)
def test_layered_operators_equal_their_matrices(xp, rng, close, space, c, layers, circular):
    dictionaries = chain(xp, rng, space, c, layers, circular)
    M = [to_numpy(dense(D)).astype(float) for D in dictionaries]
    gamma = deepest(rng, dictionaries[-1])
    codes, expected = synthesize(dictionaries, xp(gamma)), gamma.ravel()
    for D, A, code in zip(dictionaries[::-1], M[::-1], codes[1:], strict=True):
        expected = A @ expected
        close(code, expected.reshape(*D.space, -1), factor=10)
    product = np.linalg.multi_dot(M)
    for D, count in zip(effective(dictionaries), range(1, len(M) + 1), strict=True):
        A = M[0] if count == 1 else np.linalg.multi_dot(M[:count])
        close(dense(D), A, factor=10)
    x = rng.standard_normal(codes[-1].shape)
    close(effective(dictionaries)[-1].T @ xp(x), (product.T @ x.ravel()).reshape(gamma.shape), factor=10)


def test_sizes_of_the_talk(rng):
    for space, layers, atoms, codes in [
        ((27, 27), [((7, 7), 4, 2), ((5, 5), 3, 1), ((7, 7), 2, 1)], [7, 15, 27], [11, 7, 1]),
        ((29, 29), [((5, 5), 4, 2), ((5, 5), 3, 2), ((5, 5), 2, 1)], [5, 13, 29], [13, 5, 1]),
    ]:
        dictionaries = chain(np.asarray, rng, space, 1, layers, False)
        assert [D.size for D in effective(dictionaries)] == [(n, n) for n in atoms]
        assert [D.positions for D in dictionaries] == [(n, n) for n in codes]
    assert [n * n * m for n, m in zip((11, 7, 1), (32, 128, 1024), strict=True)] == [3872, 6272, 1024]


def test_a_synthesised_code_has_no_rounding_in_its_zeros(rng, monkeypatch):
    monkeypatch.setattr(ConvDictionary, "_spectral_is_faster", lambda self: True)
    D1, D2 = chain(np.asarray, rng, (64,), 1, [((8,), 2, 1), ((4,), 2, 1)], True)
    gamma = np.zeros((64, 2))
    gamma[5, 0] = gamma[40, 1] = 1.0
    deep, code, x = synthesize([D1, D2], gamma)
    assert np.count_nonzero(D2 @ gamma) > 16 == np.count_nonzero(code), "eight entries an atom"
    assert np.abs(x - D1 @ (D2 @ gamma)).max() < 1e-12 and deep is gamma
    assert local_sparsities([D1, D2], [code, gamma]) == [8, 1]


def test_coherence_and_omp_of_a_product_are_those_of_its_matrix(xp, rng):
    D1, D2 = chain(xp, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    D = D1 @ D2
    M = to_numpy(dense(D)).astype(float)
    unit = M / np.linalg.norm(M, axis=0)
    gram = np.abs(unit.T @ unit) - 2 * np.eye(M.shape[1])
    assert coherence(D) == pytest.approx(gram.max(), abs=10 * xp.tol)
    y = rng.standard_normal((40, 1))
    found, matrix = omp(D, xp(y), k=5).gamma, omp(M, y.ravel(), k=5).gamma
    np.testing.assert_allclose(to_numpy(found).ravel(), matrix, atol=1e3 * xp.tol)


def test_non_negative_codes_make_the_same_signals(xp, rng, close):
    for case in CHAINS:
        dictionaries = chain(xp, rng, *case)
        *_, x = codes = synthesize(dictionaries, xp(deepest(rng, dictionaries[-1])))
        *_, y = positive = synthesize(nonnegative(dictionaries), positive_parts(codes[0]))
        close(y, to_numpy(x), factor=10)
        assert all(to_numpy(code).min() >= 0 for code in positive[:-1]), "no code is negative"
        for code, signed in zip(positive, codes[:-1], strict=False):
            first, second = np.split(to_numpy(code), 2, axis=-1)
            np.testing.assert_allclose(first - second, to_numpy(signed), atol=100 * xp.tol)


def test_a_lasso_is_a_non_negative_lasso_over_plus_and_minus_d(rng):
    (D,) = chain(np.asarray, rng, (20,), 1, [((4,), 2, 1)], True)
    y = rng.standard_normal((20, 1))
    code = basis_pursuit(D, y, 0.2, tol=1e-10).gamma
    mirrored = basis_pursuit(nonnegative([D])[0], y, 0.2, tol=1e-10, nonnegative=True).gamma
    np.testing.assert_allclose(mirrored, positive_parts(code), atol=1e-5)


def test_refit_is_least_squares_on_the_support(xp, rng):
    atol = 100 * xp.tol
    D, y, support = rng.standard_normal((12, 20)), rng.standard_normal(12), rng.random(20) < 0.3
    gamma = to_numpy(refit(xp(D), xp(y), xp.namespace.asarray(support, device=xp.device)))
    expected = np.linalg.lstsq(D[:, support], y, rcond=None)[0]
    np.testing.assert_allclose(gamma[support], expected, atol=atol)
    assert not gamma[~support].any()
    (C,) = chain(xp, rng, (9, 11), 2, [((3, 3), 4, 2)], False)
    y, support = rng.standard_normal((2, 9, 11, 2)), rng.random((2, *C.positions, 4)) < 0.1
    gamma = to_numpy(refit(C, xp(y), xp.namespace.asarray(support, device=xp.device)))
    for one, signal, on in zip(gamma, y, support, strict=True):
        A = to_numpy(dense(C)).astype(float)[:, on.ravel()]
        np.testing.assert_allclose(one[on], np.linalg.lstsq(A, signal.ravel(), rcond=None)[0], atol=atol)
        assert not one[~on].any()


def test_refit_obeys_the_equations_of_the_layer_above(rng):
    D, rows, y = rng.standard_normal((12, 8)), rng.standard_normal((3, 8)), rng.standard_normal(12)
    support = np.arange(8) != 2
    gamma = refit(D, y, support, annihilate=rows)
    assert np.abs(rows @ gamma).max() < 1e-12 and gamma[2] == 0
    A, B = D[:, support], rows[:, support]
    kkt = np.block([[A.T @ A, B.T], [B, np.zeros((3, 3))]])
    np.testing.assert_allclose(gamma[support], np.linalg.solve(kkt, np.r_[A.T @ y, 0, 0, 0])[:7], atol=1e-10)


def test_layers_and_codes_that_do_not_fit_are_named(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    with pytest.raises(TypeError, match="list of dictionaries"):
        synthesize(D1, rng.standard_normal((40, 1)))
    with pytest.raises(ValueError, match="NaN"):
        synthesize([D1, D2], np.full((40, 2), np.nan))
    with pytest.raises(ValueError, match="some layers are circular"):
        effective([D1, ConvDictionary(rng.standard_normal((3, 3, 2)), (40,), circular=False)])


def test_a_support_is_no_list_of_positions(rng):
    D, y = rng.standard_normal((12, 8)), rng.standard_normal(12)
    for wrong in (np.arange(8), np.ones(8)):
        with pytest.raises(TypeError, match="support has dtype"):
            refit(D, y, wrong)
    with pytest.raises(ValueError, match="support of shape"):
        refit(D, y, np.ones(9, bool))
    with pytest.raises(ValueError, match="the atoms hold at most"):  # the code would be infinite
        refit(1e-200 * D, y, np.ones(8, bool))
