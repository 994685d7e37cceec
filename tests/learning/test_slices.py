"""Learning by slices: the two updates of the local dictionary, and how close they come."""

import numpy as np
import pytest
from problems import planted_filters

from cscbook import (
    lobcod_dictionary_learning,
    slice_dictionary_learning,
    to_numpy,
)
from cscbook.learning import ksvd_update, mod_update


def test_mod_is_least_squares(rng, xp, close):
    D, S, gamma = (rng.standard_normal(shape) for shape in ((4, 3), (4, 50), (3, 50)))
    new = np.linalg.lstsq(gamma.T, S.T, rcond=None)[0].T
    gamma[1] = 0
    others = np.linalg.lstsq(gamma[[0, 2]].T, S.T, rcond=None)[0].T
    new[:, [0, 2]], new[:, 1] = others / np.linalg.norm(others, axis=0), D[:, 1]
    close(mod_update(xp(D), xp(S), xp(gamma), None), new, factor=100)


@pytest.mark.parametrize("update", [ksvd_update, mod_update])
def test_updates_on_slices_find_the_dictionary_that_made_them(rng, xp, close, update):
    D = rng.standard_normal((6, 4))
    D /= np.linalg.norm(D, axis=0)
    gamma = rng.standard_normal((4, 200)) * (rng.random((4, 200)) < 0.3)
    start = D + 0.05 * rng.standard_normal(D.shape)
    found = xp(start / np.linalg.norm(start, axis=0))
    for _ in range(40 if update is ksvd_update else 1):
        found = update(found, xp(D @ gamma), xp(gamma), np.arange(4))
    if update is ksvd_update:  # its coefficients moved with the atoms: only the directions agree
        assert np.abs(np.sum(to_numpy(found) * D, axis=0)).min() > 0.9
    else:
        close(found, D, factor=100)


def test_slices_come_close_to_the_descent(rng):
    _, ys = planted_filters(rng, spaces=((800,), (700,)), density=0.03)
    by_slices = slice_dictionary_learning(ys, (9,), 6, 0.2, rho=3.0, n_iter=60).trace
    by_descent = lobcod_dictionary_learning(ys, (9,), 6, 0.2, n_iter=60).trace
    assert by_slices[-1]["objective"] < 1.2 * by_descent[-1]["objective"]
    assert by_slices[-1]["objective"] < 0.5 * by_slices[0]["objective"]
