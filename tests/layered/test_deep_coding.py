"""The deep coding problem: the bounds of every layer and the error, counted one by one."""

import itertools

import numpy as np
import pytest
from problems import CHAINS, chain, digits

from cscbook import (
    ConvDictionary,
    dcp,
    dcp_is_unique,
    dense,
    effective,
    layers_of,
    load_digit_dictionaries,
    low_coherence_dictionary,
    natural32,
    omp,
    projection_pursuit,
    random_molecules,
    spaced_code,
    synthesize,
)
from cscbook.arrays import to_numpy
from cscbook.networks import load_colour_dictionaries


def fullest(D, gamma):
    """Non-zeros in the fullest stripe, place by place: all needles whose atoms overlap those of one place."""
    counts, most = (to_numpy(gamma) != 0).sum(-1), 0
    for middle in np.ndindex(*counts.shape):
        inside = np.ones(counts.shape, bool)
        for axis, (i, n, N) in enumerate(zip(middle, D.size, counts.shape, strict=True)):
            far = np.abs(np.arange(N) - i)
            far = np.minimum(far, N - far) if D.circular else far
            near = far * D.stride < n
            inside &= near.reshape([N if a == axis else 1 for a in range(counts.ndim)])
        most = max(most, int(counts[inside].sum()))
    return most


def sparse_chain(xp, rng, space, c, layers, circular):
    """A chain whose deeper filters have about a third of their entries, and at least one."""
    found = chain(np.asarray, rng, space, c, layers, circular)
    for i, D in enumerate(found):
        f = D.filters * (rng.random(D.filters.shape) < 0.3) if i else D.filters.copy()
        f[(0,) * len(D.size) + (0,)] += f.reshape(-1, f.shape[-1]).any(axis=0) == 0
        found[i] = ConvDictionary(xp(f), D.space, D.stride, D.circular)
    return found


@pytest.mark.parametrize("space, c, layers, circular", CHAINS)
def test_dcp_obeys_every_bound_and_says_whether_it_met_the_error(xp, rng, space, c, layers, circular):
    dictionaries, seen = sparse_chain(xp, rng, space, c, layers, circular), set()
    for most in (2, 2, 6, 12, 40):
        y = rng.standard_normal((*space, c))
        k = [int(rng.integers(1, most)) for _ in layers]
        eps = float(np.linalg.norm(y) * (0.3 if most == 2 else 0.97))
        found = dcp(dictionaries, xp(y), k, eps)
        *codes, x = map(to_numpy, synthesize(dictionaries, found.gamma))
        for D, gamma, bound in zip(dictionaries[::-1], codes, k[::-1], strict=True):
            assert fullest(D, gamma) <= bound
        left = np.linalg.norm(y - x)
        assert found.converged == (left <= eps * (1 + 3 * xp.tol))
        assert left == pytest.approx((np.linalg.norm(y), *found.trace)[-1], rel=1e3 * xp.tol)
        seen.add(found.converged)
    assert seen == {True, False}


def test_dcp_without_bounds_is_omp(rng):
    for case in CHAINS:
        dictionaries = sparse_chain(np.asarray, rng, *case)
        y = rng.standard_normal((*case[0], case[1]))
        D = effective(dictionaries)[-1]
        k = [int(np.prod(E.positions)) * E.filters.shape[-1] for E in dictionaries]
        eps = omp(D, y, k=4).trace[-1] * (1 + 1e-9)
        found, free = dcp(dictionaries, y, k, eps), omp(D, y, k=4)
        np.testing.assert_allclose(found.gamma, free.gamma, atol=1e-9)
        np.testing.assert_allclose(found.trace, free.trace)
        assert found.converged


def test_dcp_finds_no_code_where_there_is_none_and_often_one_where_there_is(rng):
    """All supports of a small chain are tried."""
    found, exists = 0, 0
    for _ in range(15):
        D1, D2 = sparse_chain(np.asarray, rng, (9,), 1, [((3,), 3, 1), ((2,), 2, 1)], False)
        A, gamma, k = dense(D1 @ D2), np.zeros((6, 2)), [4, 2]
        gamma.reshape(-1)[rng.permutation(12)[:2]] = rng.uniform(0.5, 1, 2)
        y, best = D1 @ (D2 @ gamma) + 0.1 * rng.standard_normal((9, 1)), np.inf
        for size in range(1, 5):
            for S in itertools.combinations(range(12), size):
                code = np.isin(np.arange(12), S).reshape(6, 2) * rng.uniform(1, 2, (6, 2))
                if fullest(D2, code) <= k[1] and fullest(D1, D2 @ code) <= k[0]:
                    value = np.linalg.lstsq(A[:, S], y.ravel(), rcond=None)[0]
                    best = min(best, np.linalg.norm(y.ravel() - A[:, S] @ value))
        eps = 0.2
        converged = dcp([D1, D2], y, k, eps).converged
        assert not converged or best <= eps * (1 + 1e-9)
        found, exists = found + converged, exists + (best <= eps)
    assert 3 < exists < 15 and found >= 0.6 * exists


@pytest.fixture(scope="module")
def three():
    """Three layers with room for uniqueness: a molecule of two groups of four atoms."""
    D1 = ConvDictionary(low_coherence_dictionary(2, 256, starts=1), (2048,))
    return [D1, random_molecules(20, 2, 2, 4, 2048), random_molecules(40, 2, 2, 2, 2048)]


def test_dcp_finds_the_unique_codes_of_three_layers(three, rng):
    deepest = spaced_code(2048, 2, (640, 680), rng=rng)
    *codes, x = synthesize(three, deepest)
    facts = layers_of(three, codes[::-1])
    assert dcp_is_unique(facts) and [layer.stripe for layer in facts] == [8, 2, 1]
    found = dcp(three, x, [layer.stripe for layer in facts], 0.0)
    assert found.converged
    for code, truth in zip(synthesize(three, found.gamma), codes, strict=False):
        np.testing.assert_allclose(code, truth, atol=1e-9)
    tight = dcp(three, x, [7, 2, 1], 0.0)
    assert not tight.converged, "one non-zero less per stripe, and there is no solution"


def test_dcp_goes_on_where_projection_pursuit_stops(rng):
    gained = 0
    for _ in range(10):
        dictionaries = sparse_chain(np.asarray, rng, (30,), 1, [((5,), 3, 1), ((4,), 3, 1)], True)
        y, k = rng.standard_normal((30, 1)), [6, 3]
        ours = dcp(dictionaries, y, k, 0.0)
        theirs = projection_pursuit(dictionaries, y, k, range(1, 12))
        left = np.linalg.norm(y - dictionaries[0] @ theirs[0])
        assert ours.trace[-1] <= left * (1 + 1e-9)
        gained += ours.trace[-1] < 0.95 * left
    assert gained >= 5


def check_by_counting(layers, ys, k, eps, share):
    found = dcp(layers, ys, k, eps)
    *codes, x = map(to_numpy, synthesize(layers, found.gamma))
    met = np.linalg.norm((ys - x).reshape(len(ys), -1), axis=1) <= eps * (1 + 1e-4)
    for D, gamma, bound in zip(layers[::-1], codes, k[::-1], strict=True):
        assert all(fullest(D, one) <= bound for one in gamma)
    assert found.converged == met.all() and met.mean() >= share


def test_fifty_digits_stay_within_their_bounds():
    ys = digits(1)[1][:50]
    ys /= np.linalg.norm(ys.reshape(50, -1), axis=1)[:, None, None, None]
    check_by_counting(load_digit_dictionaries(), ys, [300, 70, 10], 0.5, 0.8)
    check_by_counting(load_digit_dictionaries(), ys, [120, 25, 4], 0.5, 0.2)


def test_fifty_tiles_stay_within_their_bounds():
    ys = to_numpy(natural32(50, np.random.default_rng(0), ("cat",)))[:, 1:30, 1:30].astype("f4")
    ys -= ys.mean(axis=(1, 2), keepdims=True)
    ys /= np.linalg.norm(ys.reshape(50, -1), axis=1)[:, None, None, None]
    check_by_counting(load_colour_dictionaries(), ys, [1600, 4000, 20], 0.5, 0.7)


def test_a_batch_is_its_signals_and_nothing_fits_into_bounds_of_zero(rng):
    dictionaries = sparse_chain(np.asarray, rng, *CHAINS[3])
    ys = rng.standard_normal((2, 3, 6, 8, 1))
    together = dcp(dictionaries, ys, [9, 4], 3.0)
    for place in np.ndindex(2, 3):
        one = dcp(dictionaries, ys[place], [9, 4], 3.0)
        np.testing.assert_array_equal(together.gamma[place], one.gamma)
        assert one.converged or not together.converged
    nothing = dcp(dictionaries, ys[0, 0], [0, 4], 3.0)
    assert not nothing.gamma.any() and not nothing.converged and nothing.trace == ()
    assert dcp(dictionaries, ys[0, 0], [0, 4], 100.0).converged


def test_bounds_that_do_not_fit_are_named(rng):
    dictionaries = sparse_chain(np.asarray, rng, *CHAINS[0])
    y = rng.standard_normal((12, 1))
    for wrong, error, match in (
        ([3], ValueError, "1 k for 2 layers"),
        ([3, -1], ValueError, "k = -1"),
        ([3, 1.5], ValueError, "k = 1.5"),
    ):
        with pytest.raises(error, match=match):
            dcp(dictionaries, y, wrong, 1.0)
    with pytest.raises(ValueError, match="eps = -1"):
        dcp(dictionaries, y, [3, 1], -1.0)
    with pytest.raises(TypeError, match="ConvDictionary"):
        dcp([np.eye(3)], np.ones(3), [1], 1.0)
