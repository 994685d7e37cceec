"""Matrices as dictionaries."""

import itertools

import numpy as np
import pytest

from cscbook import (
    ConvDictionary,
    coherence,
    dct_dictionary,
    dct_matrix,
    dense,
    linear_operator,
    low_coherence_dictionary,
    normalize,
)
from cscbook.arrays import to_numpy
from cscbook.dictionaries.matrix import lipschitz, shifted_coherence


def test_a_multiple_of_the_stride_is_never_more_coherent(rng):
    smooth = np.cumsum(rng.standard_normal((64, 1, 2)), axis=0)
    ripple = to_numpy(low_coherence_dictionary(2, 64, starts=1))
    for filters, falls in ((smooth, True), (ripple, False)):
        mu = [coherence(ConvDictionary(filters, (640,), s)) for s in (1, 2, 4, 8)]
        assert all(b <= a + 1e-12 for a, b in zip(mu, mu[1:], strict=False))
        assert (mu[-1] < 0.95 * mu[0]) == falls, mu


def test_shifted_coherence_by_hand(rng):
    f = rng.standard_normal((4, 1, 2))
    f /= np.linalg.norm(f, axis=0)
    found = shifted_coherence(ConvDictionary(f, (20,)))
    assert found.shape == (7,) and found[3] == pytest.approx(abs(f[:, 0, 0] @ f[:, 0, 1]))
    assert found[5] == pytest.approx(max(abs(f[2:, 0, i] @ f[:2, 0, j]) for i in range(2) for j in range(2)))
    np.testing.assert_allclose(found, found[::-1])


def test_coherence_is_the_worst_pair(xp, rng):
    D = rng.standard_normal((6, 9))
    worst = max(
        abs(D[:, i] @ D[:, j]) / np.linalg.norm(D[:, i]) / np.linalg.norm(D[:, j])
        for i, j in itertools.combinations(range(9), 2)
    )
    assert coherence(xp(D)) == pytest.approx(worst, rel=1e-5)


def test_two_bases_meet_the_smallest_coherence():
    pair = np.hstack([np.eye(16), to_numpy(dct_matrix(16))])
    assert 1 / 4 <= coherence(pair) <= np.sqrt(2) / 4 + 1e-12


def test_unit_atoms(xp, rng, close):
    D = normalize(xp(rng.standard_normal((5, 8))))
    close(np.linalg.norm(to_numpy(D), axis=0), np.ones(8))
    assert dense(D) is D


def test_dct_matrix_is_orthonormal():
    C = to_numpy(dct_matrix(8))
    np.testing.assert_allclose(C.T @ C, np.eye(8), atol=1e-14)


def test_overcomplete_dct():
    D = to_numpy(dct_dictionary())
    assert D.shape == (64, 256)
    np.testing.assert_allclose(np.linalg.norm(D, axis=0), 1, atol=1e-14)
    np.testing.assert_allclose(D[:, 0], 1 / 8, atol=1e-14)  # the constant atom
    np.testing.assert_allclose(D[:, 1:16].sum(axis=0), 0, atol=1e-13)  # no other has a mean along one axis
    assert 0.9 < coherence(D) < 1


def test_lipschitz_is_the_largest_squared_singular_value(xp, rng):
    for shape in ((5, 9), (9, 5)):
        D = rng.standard_normal(shape)
        assert lipschitz(xp(D)) == pytest.approx(np.linalg.norm(D, 2) ** 2, rel=1e-5)


@pytest.mark.parametrize(
    "D, error, message",
    [
        (np.array([[1.0, 0.0], [2.0, 0.0]]), ValueError, "atom 1 of D is zero"),
        (np.array([[1.0, np.nan]]), ValueError, "NaN"),
        (np.array([[1, 2]]), TypeError, "int64"),
        (np.array([[1.0 + 1j, 2]]), TypeError, "complex128"),
        (np.zeros((0, 3)), ValueError, "empty"),
        (np.ones(3), ValueError, r"shape \(3,\)"),
        (np.ones((3, 1)), ValueError, "two atoms"),
        ([[1.0, 2.0]], TypeError, "list"),
    ],
)
def test_bad_dictionaries_are_named(D, error, message):
    with pytest.raises(error, match=message):
        coherence(D)


def test_dct_sizes():
    with pytest.raises(ValueError, match=r"dct_dictionary\(9, 8\)"):
        dct_dictionary(9, 8)
    with pytest.raises(ValueError, match=r"dct_dictionary\(1, 8\)"):
        dct_dictionary(1, 8)


def test_half_an_atom_is_refused():
    with pytest.raises(ValueError, match="n = 2.5: expected an integer"):
        dct_matrix(2.5)
    with pytest.raises(ValueError, match="m = 4.5: expected an integer"):
        dct_dictionary(3, 4.5)


@pytest.mark.parametrize("function", [shifted_coherence, dense, linear_operator])
def test_what_is_no_dictionary_is_named(function):
    with pytest.raises(TypeError, match="D is of type list: expected"):
        function([1.0, 2.0])
