"""Shrinkage: the scalar functions that make a code sparse, one entry at a time."""

from .arrays import array_namespace


def soft(z, beta):
    """Soft thresholding, ``sign(z) * max(|z| - beta, 0)``: the prox of ``beta * ||.||_1`` [Donoho,
    1995]."""
    xp = array_namespace(z)
    return xp.copysign(xp.maximum(xp.abs(z) - beta, xp.zeros_like(z)), z)


def hard(z, beta):
    """Hard thresholding, ``z`` where ``|z| > beta`` and 0 elsewhere: a prox of ``beta^2 / 2 * ||.||_0``."""
    xp = array_namespace(z)
    return xp.where(xp.abs(z) > beta, z, xp.zeros_like(z))


def soft_nonnegative(z, beta):
    """Non-negative soft thresholding, ``max(z - beta, 0)``: the prox of ``beta * ||.||_1`` on ``z >=
    0``."""
    xp = array_namespace(z)
    return xp.maximum(z - beta, xp.zeros_like(z))
