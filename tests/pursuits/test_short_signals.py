"""Coordinate descent on many short signals: what it keeps up to date."""

import numpy as np
import pytest
from problems import CASES, convolutional_problem, independent_gap

from cscbook import dense, objective
from cscbook.pursuits import short_signals


@pytest.mark.parametrize("case", CASES)
def test_kept_correlations_and_energies_are_those_of_the_residual(rng, case):
    D, y = convolutional_problem(np.asarray, rng, *case, batch=(3,))
    steps = short_signals.correlation_descent(D, y, 0.5)
    next(steps)
    kept = [steps.gi_frame.f_locals[name] for name in ("corr", "energy")]
    next_gamma, values, gaps = next(steps)
    r = y - D @ next_gamma
    np.testing.assert_allclose(kept[0].ravel(), (D.T @ r).ravel(), atol=1e-10)
    np.testing.assert_allclose(kept[1], [(one * one).sum() for one in r], rtol=1e-10)
    np.testing.assert_allclose(values, objective(D, y, next_gamma, 0.5), rtol=1e-10)
    M, codes = dense(D), zip(y, next_gamma, strict=True)
    plain = [independent_gap(M, one.ravel(), code.ravel(), 0.5) for one, code in codes]
    np.testing.assert_allclose(gaps, plain, atol=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_moves_update_what_a_fresh_correlation_would_give(rng, case):
    D, y = convolutional_problem(np.asarray, rng, *case, batch=(2,))
    steps = short_signals.correlation_descent(D, y, 0.5)
    next(steps)
    inside = steps.gi_frame.f_locals
    inside["descend"](0, 2)  # moves the codes, without looking afresh
    r = y - D @ inside["z"].reshape(2, *D.positions, -1)
    assert np.any(inside["z"])
    np.testing.assert_allclose(inside["corr"].ravel(), (D.T @ r).ravel(), atol=1e-10)
    np.testing.assert_allclose(inside["energy"], [(one * one).sum() for one in r], rtol=1e-10)
