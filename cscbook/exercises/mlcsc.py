"""Judges of Part 4: multi-layer models."""

import numpy as np

from ..layered import sweep
from .compare import same


def _two_layers(seed=0):
    """Two matrices with unit atoms, a signal, a code, all NumPy arrays."""
    rng = np.random.default_rng(seed)
    D1, D2 = rng.standard_normal((12, 18)), rng.standard_normal((18, 15))
    D1, D2 = D1 / np.linalg.norm(D1, axis=0), D2 / np.linalg.norm(D2, axis=0)
    return D1, D2, rng.standard_normal(12), rng.standard_normal(15)


# Chapters 4.5 to 4.7


def ml_ista_step(function):
    """``my_ml_ista_step(D1, D2, y, gamma, t, lams)``: dictionaries (n, m1) and (m1, m2), a signal (n,), a
    deepest code (m2,), the steps (t1, t2) and the weights (lam1, lam2); gives the deepest code (m2,) after
    one sweep."""
    D1, D2, y, gamma = _two_layers()
    t1 = 0.5 / np.linalg.norm(D1, 2) ** 2
    t = (t1, t1 / np.linalg.norm(D2, 2) ** 2)

    def step(gamma, lams):
        return np.asarray(function(D1, D2, y, gamma.copy(), t, lams))

    def expected(gamma, lams):
        betas = [step * lam for step, lam in zip(t, lams, strict=True)]
        return sweep([D1, D2], y, gamma, [t[0], t[1] / t[0]], betas)[-1]

    found = step(0 * gamma, (0.0, 0.0))
    yield "The code has one entry per atom of D2.", found.shape == gamma.shape
    yield (
        "From the zero code and without weights it is t2 D2^T D1^T y: the second layer's factor is t2 / t1.",
        same(found, t[1] * D2.T @ (D1.T @ y)),
    )
    yield (
        "From any code and without weights it is a gradient step for the product D1 D2.",
        same(step(gamma, (0.0, 0.0)), expected(gamma, (0.0, 0.0))),
    )
    lams = (2.0, 0.0)
    yield "The threshold of the first layer is t1 lam1.", same(step(gamma, lams), expected(gamma, lams))
    lams = (0.5, 2.0)
    yield "The threshold of the second layer is t2 lam2.", same(step(gamma, lams), expected(gamma, lams))
