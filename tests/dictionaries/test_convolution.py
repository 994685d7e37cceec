"""The convolutional dictionary is the matrix that its definition says, by every route."""

import itertools
import math

import numpy as np
import pytest

from cscbook import aggregate, coherence, dense, patches, stripes
from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary, Product, linear_operator

CASES = [  # size, space, channels, filters, stride, circular
    ((4,), (12,), 1, 3, 1, True),
    ((4,), (12,), 2, 3, 2, True),
    ((5,), (13,), 2, 3, 2, False),
    ((3, 2), (6, 8), 2, 3, 2, True),
    ((3, 4), (7, 9), 1, 2, 1, False),
    ((12,), (12,), 1, 2, 1, True),
    ((3, 4), (9, 10), 2, 2, 3, False),
    ((1,), (5,), 1, 2, 1, True),
    ((7, 7), (7, 7), 1, 2, 1, False),
]


def explicit(filters, space, stride, circular):
    """The matrix, one placed atom after the other."""
    *size, c, m = filters.shape
    count = [N // stride if circular else (N - n) // stride + 1 for n, N in zip(size, space, strict=True)]
    columns = []
    for place in itertools.product(*map(range, count)):
        for k in range(m):
            x = np.zeros((*space, c))
            for entry in itertools.product(*map(range, size)):
                x[tuple((stride * p + e) % N for p, e, N in zip(place, entry, space, strict=True))] += (
                    filters[entry][:, k]
                )
            columns.append(x.ravel())
    return np.array(columns).T


@pytest.fixture(params=["direct", "spectral"])
def route(request, monkeypatch):
    monkeypatch.setattr(ConvDictionary, "_spectral_is_faster", lambda self: request.param == "spectral")


@pytest.mark.parametrize("size, space, c, m, stride, circular", CASES)
def test_operator_equals_its_matrix_by_every_route(
    xp, rng, close, route, size, space, c, m, stride, circular
):
    filters = rng.standard_normal((*size, c, m))
    D, M = ConvDictionary(xp(filters), space, stride, circular), explicit(filters, space, stride, circular)
    gamma, x = rng.standard_normal((2, *D.positions, m)), rng.standard_normal((2, *space, c))
    close(D @ xp(gamma), (gamma.reshape(2, -1) @ M.T).reshape(x.shape), factor=10)
    close(D.T @ xp(x), (x.reshape(2, -1) @ M).reshape(gamma.shape), factor=10)
    assert D.shape == M.shape and D.lipschitz == pytest.approx(
        np.linalg.norm(M, 2) ** 2, rel=2e-2 if stride > 1 else 1e-3
    )


@pytest.mark.parametrize("size, space, c, m, stride, circular", CASES)
def test_a_patch_is_a_stripe_times_omega(xp, rng, close, size, space, c, m, stride, circular):
    D = ConvDictionary(xp(rng.standard_normal((*size, c, m))), space, stride, circular)
    gamma = xp(rng.standard_normal((*D.positions, m)))
    expected = to_numpy(stripes(gamma, size, stride, circular)) @ to_numpy(D.stripe_dictionary).T
    close(patches(D @ gamma, size, stride, circular), expected, factor=10)


def test_both_interpretations_of_the_talk(xp, rng, close):
    D = ConvDictionary(xp(rng.standard_normal((4, 1, 3))), (20,))
    gamma = xp(rng.standard_normal((20, 3)))
    x = to_numpy(D @ gamma)
    close(aggregate(gamma @ D.local.T, (4,), (20,)), x, factor=10)  # slices
    average = aggregate(stripes(gamma, (4,)) @ D.stripe_dictionary.T, (4,), (20,))
    close(to_numpy(average) / 4, x, factor=10)  # X = (1/n) sum R_i^T Omega gamma_i


def test_dense(xp, rng, close):
    filters = rng.standard_normal((3, 2, 2))
    close(dense(ConvDictionary(xp(filters), (7,))), explicit(filters, (7,), 1, True))


def test_the_talks_sizes_come_out():
    layers, space, c = [], (28, 28), 1
    for n, m, stride in ((7, 4, 2), (5, 6, 1), (7, 5, 1)):
        D = ConvDictionary(
            np.random.default_rng(0).standard_normal((n, n, c, m)), space, stride, circular=False
        )
        layers.append(D)
        space, c = D.positions, m
    assert [D.positions[0] for D in layers] == [11, 7, 1]
    effective = [layers[0], layers[0] @ layers[1], layers[0] @ layers[1] @ layers[2]]
    assert [D.size[0] for D in effective] == [7, 15, 27]


@pytest.mark.parametrize("circular", [True, False])
def test_a_product_is_the_product_of_the_matrices(xp, rng, close, circular):
    first = ConvDictionary(xp(rng.standard_normal((3, 1, 2))), (12,), 2, circular)
    second = ConvDictionary(xp(rng.standard_normal((2, 2, 3))), first.positions, 1, circular)
    D, M = first @ second, to_numpy(dense(first)) @ to_numpy(dense(second))
    gamma = rng.standard_normal((*second.positions, 3))
    close(D @ xp(gamma), (M @ gamma.ravel()).reshape(12, 1), factor=10)
    effective = ConvDictionary(D.filters, (12,), D.stride, circular)  # its atoms, placed
    close(effective @ xp(gamma), (M @ gamma.ravel()).reshape(12, 1), factor=10)
    assert D.lipschitz == pytest.approx(np.linalg.norm(M, 2) ** 2, rel=1e-2)
    assert len((D @ ConvDictionary(xp(np.ones((1, 3, 1))), second.positions, 1, circular)).factors) == 3


def test_linear_operator(rng):
    from scipy.sparse.linalg import svds

    D = ConvDictionary(rng.standard_normal((4, 1, 2)), (16,))
    operator = linear_operator(D)
    assert svds(operator, k=1, return_singular_vectors=False)[0] ** 2 == pytest.approx(D.lipschitz)
    gamma = rng.standard_normal(math.prod(operator.shape[1:]))
    np.testing.assert_allclose(operator @ gamma, explicit(D.filters, (16,), 1, True) @ gamma, atol=1e-12)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda f: ConvDictionary(f, (3,)), r"size \(4,\) do not fit a signal on \(3,\)"),
        (lambda f: ConvDictionary(f, (8, 8)), "expected"),
        (lambda f: ConvDictionary(f * np.nan, (8,)), "NaN"),
        (lambda f: ConvDictionary(f, (9,), stride=2), "stride 2 does not divide"),
        (lambda f: ConvDictionary(f, (8,)) @ np.zeros((8, 3)), r"code of shape \(8, 3\) does not fit"),
        (lambda f: ConvDictionary(f, (8,)).T @ np.zeros((8, 2)), r"signal of shape \(8, 2\) does not fit"),
        (lambda f: ConvDictionary(f, (8,)) @ ConvDictionary(f, (8,)), "the next expects"),
    ],
)
def test_what_does_not_fit_is_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(rng.standard_normal((4, 1, 2)))


def test_a_product_is_one_of_convolutional_dictionaries(rng):
    D = ConvDictionary(rng.standard_normal((4, 1, 1)), (8,))
    assert Product((Product((D, D)), D)).factors == (D, D, D)
    with pytest.raises(ValueError, match="expected at least one dictionary"):
        Product(())
    with pytest.raises(TypeError, match="a factor is of type ndarray: expected ConvDictionary or Product"):
        Product((D, np.eye(8)))


def test_coherence_is_that_of_the_matrix(xp, rng):
    for size, space, c, m, stride, circular in CASES:
        D = ConvDictionary(xp(rng.standard_normal((*size, c, m))), space, stride, circular)
        M = explicit(to_numpy(D.filters).astype(float), space, stride, circular)
        assert coherence(D) == pytest.approx(coherence(M), rel=1e-4)
