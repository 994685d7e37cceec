"""Conjugate gradients: linear systems whose matrix is known by its products only."""

from ..arrays import array_namespace, float64
from ..norms import energy


def conjugate_gradients(A, b, x, tol, max_iter):
    """Solve ``A(x) = b`` for a symmetric positive definite map, from ``x`` to a residual of ``tol ||b||``
    [Hestenes & Stiefel, 1952]."""
    xp = array_namespace(b)
    r = b - A(x)
    p, left, enough = r, energy(r), tol**2 * energy(b)
    for _ in range(max_iter):
        if left <= enough:
            break
        Ap = A(p)
        step = left / float(xp.sum(float64(p) * float64(Ap)))
        x, r = x + step * p, r - step * Ap
        before, left = left, energy(r)
        p = r + left / before * p
    return x
