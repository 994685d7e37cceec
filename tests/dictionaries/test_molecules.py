"""Molecules, and codes that leave room between them."""

import numpy as np
import pytest

from cscbook import (
    coherence,
    random_molecules,
    spaced_code,
)
from cscbook.arrays import to_numpy


def test_molecules_are_sparse_and_incoherent():
    D = random_molecules(20, 2, 3, 5, 200)
    atoms = to_numpy(D.local)
    assert (np.count_nonzero(atoms, axis=0) == 5).all() and coherence(D) == pytest.approx(0.2)
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=0), 1)
    np.testing.assert_array_equal(D.filters, random_molecules(20, 2, 3, 5, 200).filters)
    positive = random_molecules(20, 2, 2, 4, 200, positive=True)
    assert (to_numpy(positive.local) >= 0).all() and coherence(positive) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="use longer ones"):
        random_molecules(2, 1, 3, 2, 20)
    gamma = to_numpy(spaced_code(640, 2, (150, 170), together=3))
    at = np.flatnonzero(gamma.any(axis=-1))
    assert len(at) in (9, 12) and 0.7 <= np.abs(gamma[gamma != 0]).min() <= np.abs(gamma).max() <= 1
    assert set(np.diff(at) > 30) == {True, False}


def test_groups_that_end_beyond_the_code_are_refused():
    with pytest.raises(
        ValueError, match=r"every = \(5, 10\): expected \(least, most\), for groups most >= 29"
    ):
        spaced_code(80, 2, (5, 10), together=3)
    for seed in range(50):
        code = to_numpy(spaced_code(90, 2, (30, 30), together=26, rng=np.random.default_rng(seed)))
        assert np.count_nonzero(code) % 26 == 0


def test_magnitudes_and_entries_are_bounded():
    with pytest.raises(ValueError, match="low = 1.5: expected at most 1"):
        spaced_code(80, 2, (10, 12), low=1.5)
    with pytest.raises(ValueError, match="entries = 9: expected at most 8"):
        random_molecules(4, 2, 3, 9, 20)
