"""Conjugate gradients solve what elimination solves."""

import numpy as np

from cscbook.pursuits.conjugate_gradients import conjugate_gradients


def test_conjugate_gradients_solve(rng):
    A = rng.standard_normal((12, 12))
    A = A @ A.T + np.eye(12)
    b = rng.standard_normal(12)
    assert np.allclose(conjugate_gradients(lambda x: A @ x, b, 0 * b, 1e-12, 100), np.linalg.solve(A, b))
