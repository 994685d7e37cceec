"""Patches, their sum, and stripes."""

import itertools

import numpy as np
import pytest

from cscbook.arrays import to_numpy
from cscbook.local import aggregate, counts, patches, stripes

CASES = [  # space, size, stride, circular, channels, batch
    ((12,), (3,), 1, True, 1, ()),
    ((12,), (4,), 2, True, 2, (3,)),
    ((13,), (4,), 3, False, 1, ()),
    ((6, 8), (3, 2), 1, True, 2, ()),
    ((6, 8), (3, 2), 2, True, 1, (2,)),
    ((7, 9), (3, 4), 2, False, 3, (2, 2)),
    ((5,), (5,), 1, True, 1, ()),
    ((5, 5), (5, 5), 1, False, 1, ()),
    ((7,), (1,), 1, True, 2, ()),
]


def slow_patches(x, size, stride, circular):
    """Straight from the definition: entry by entry."""
    d = len(size)
    space, batch = x.shape[-1 - d : -1], x.shape[: x.ndim - d - 1]
    last = [N if circular else N - n + 1 for n, N in zip(size, space, strict=True)]
    grid = [range(0, stop, stride) for stop in last]
    out = np.empty(batch + tuple(map(len, grid)) + (np.prod(size) * x.shape[-1],))
    for place in itertools.product(*(range(len(g)) for g in grid)):
        corner = [g[i] for g, i in zip(grid, place, strict=True)]
        at = np.ix_(*[[(c + i) % N for i in range(n)] for c, n, N in zip(corner, size, space, strict=True)])
        for b in np.ndindex(batch):
            out[b + place] = x[b][at].ravel()
    return out


@pytest.mark.parametrize("space, size, stride, circular, c, batch", CASES)
def test_patches_are_what_the_definition_says(xp, rng, close, space, size, stride, circular, c, batch):
    x = rng.standard_normal(batch + space + (c,))
    close(patches(xp(x), size, stride, circular), slow_patches(x, size, stride, circular))


@pytest.mark.parametrize("space, size, stride, circular, c, batch", CASES)
def test_aggregate_is_the_adjoint_of_patches(xp, rng, space, size, stride, circular, c, batch):
    x = rng.standard_normal(batch + space + (c,))
    p = rng.standard_normal(slow_patches(x, size, stride, circular).shape)
    left = np.sum(to_numpy(patches(xp(x), size, stride, circular)) * p)
    right = np.sum(to_numpy(aggregate(xp(p), size, space, stride, circular)) * x)
    assert abs(left - right) <= 100 * xp.tol * (1 + abs(left))


def test_on_the_circle_every_entry_lies_in_n_patches(xp, close, rng):
    x = rng.standard_normal((6, 8, 2))
    close(aggregate(patches(xp(x), (3, 2)), (3, 2), (6, 8)), 6 * x, factor=10)
    close(counts((3, 2), (6, 8), like=xp(x)), np.full((6, 8, 1), 6.0))


def test_inside_the_border_corners_lie_in_one_patch(xp):
    cover = to_numpy(counts((3, 3), (6, 7), circular=False, like=xp(np.zeros(1))))
    assert cover[0, 0, 0] == cover[-1, -1, 0] == 1 and cover.max() == 9 and cover.sum() == 9 * 4 * 5


@pytest.mark.parametrize("circular", [True, False])
@pytest.mark.parametrize("size, stride", [((3,), 1), ((4,), 2), ((5,), 2)])
def test_a_stripe_holds_the_needles_that_touch_its_patch(xp, rng, size, stride, circular):
    gamma = rng.standard_normal((8, 2))
    found, reach = to_numpy(stripes(xp(gamma), size, stride, circular)), -(-size[0] // stride) - 1
    for i in range(8):
        needles = [
            gamma[j % 8] if circular or 0 <= j < 8 else np.zeros(2) for j in range(i - reach, i + reach + 1)
        ]
        np.testing.assert_allclose(found[i], np.concatenate(needles), atol=xp.tol)


def test_stripes_count_every_needle_as_often_as_they_are_long(xp, rng, close):
    gamma = rng.standard_normal((7, 9, 3))
    total = to_numpy(stripes(xp(gamma), (3, 2))).reshape(7, 9, 5 * 3, 3).sum(axis=(0, 1, 2))
    np.testing.assert_allclose(total, 15 * gamma.sum(axis=(0, 1)), atol=1000 * xp.tol)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: patches(x, (9,)), "size"),
        (lambda x: patches(x, (0,)), "size"),
        (lambda x: patches(x, (3,), stride=3), "does not divide"),
        (lambda x: patches(x, (3,), stride=0), "stride = 0"),
        (lambda x: patches(x, (3, 3, 3)), "expected"),
        (lambda x: aggregate(x, (3,), (8,)), "expected"),
        (lambda x: stripes(x[:0], (3,)), "no empty axis"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.zeros((8, 1)))
