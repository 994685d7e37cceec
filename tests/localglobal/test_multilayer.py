"""All layers by local work: the numbers of the global pursuit, and who may see what."""

from itertools import islice

import numpy as np
import pytest

from cscbook import ConvDictionary, local_ml_ista, ml_ista, soft_nonnegative


def after(iterates, steps):
    return next(islice(iterates, steps - 1, None))


def chain(rng, stride=1, circular=True, layers=2):
    found, space, c = [], (12, 9), 1
    for m in (3, 4, 2)[:layers]:
        D = ConvDictionary(rng.standard_normal((3, 2, c, m)), space, stride, circular)
        found, space, c, stride = [*found, D], D.positions, m, 1
    return found


@pytest.mark.parametrize(("stride", "circular", "layers", "batch"), [
    (1, True, 2, ()), (3, True, 2, (2,)), (1, False, 3, ()), (2, False, 2, (3,)),
])  # fmt: skip
def test_local_ml_ista_is_global_ml_ista(xp, rng, close, stride, circular, layers, batch):
    dictionaries = [
        ConvDictionary(xp(D.filters), D.space, D.stride, D.circular)
        for D in chain(rng, stride, circular, layers)
    ]
    y, lams = xp(rng.standard_normal((*batch, 12, 9, 1))), [0.3, 0.2, 0.1][:layers]
    for shrink in ({}, {"shrink": soft_nonnegative}):
        close(
            after(local_ml_ista(dictionaries, y, lams, **shrink), 25),
            after(ml_ista(dictionaries, y, lams, **shrink), 25),
            1e3,
        )


def test_a_needle_sees_its_patch_alone_in_the_first_sweep():
    """One pixel changes: only needles whose effective atoms contain it may change."""
    rng = np.random.default_rng(0)
    dictionaries = chain(rng, circular=False)
    y = rng.standard_normal((12, 9, 1))
    other = y.copy()
    other[6, 4] += 1
    before, then = (after(local_ml_ista(dictionaries, x, [0.0, 0.0]), 1) for x in (y, other))
    changed = np.any(before != then, axis=-1)
    rows, columns = np.nonzero(changed)
    assert rows.min() == 6 - 4 and rows.max() == 6, "effective atoms of 5 rows"
    assert columns.min() == 4 - 2 and columns.max() == 4, "and of 3 columns"


def test_it_needs_dictionaries_of_shifts(rng):
    with pytest.raises(TypeError, match=r"dictionaries\[0\]"):
        next(local_ml_ista([rng.standard_normal((4, 6))], rng.standard_normal(4), [0.1]))
