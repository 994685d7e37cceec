"""The start of multi-layer learning: atoms that are sparse over the layers before."""

import numpy as np
import pytest

from cscbook import normalize
from cscbook.arrays import to_numpy
from cscbook.learning import greedy_atoms, layerwise_start, thresholded_atoms
from cscbook.learning.effective_atoms import (
    keep_largest,
)


def test_a_keyword_that_nobody_knows_is_named(rng):
    with pytest.raises(TypeError, match="layerwise_start.*'steps'"):
        layerwise_start(rng.standard_normal((9, 20, 1)), ((4,),), (3,), (), (1,), (1,), True, steps=2)


@pytest.mark.parametrize("express", [greedy_atoms, thresholded_atoms])
def test_atoms_that_are_sparse_over_the_layers_before_are_found(xp, rng, express):
    A = normalize(rng.standard_normal((40, 50)))
    truth = keep_largest(rng.standard_normal((50, 6)), 2)
    found = to_numpy(express(xp(A), xp(A @ truth), 2))
    assert (np.count_nonzero(found, axis=0) == 2).all()
    np.testing.assert_allclose(found, truth, atol=1e-3)
