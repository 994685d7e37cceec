"""Basis pursuit on short signals, a whole batch at once: coordinate descent that keeps all correlations.

Where a stripe of the code is hardly larger than a patch of the signal, updating the correlations is as
cheap as updating the residual, and then the next step needs no inner product at all. The steps come
from :mod:`~cscbook.kernels.descent`.
"""

import math

import numpy as np

from .. import kernels
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.places import atom_rows


def suits(D):
    """Whether this is faster than a working set: few filters, short signals (measured, 1-D and 2-D)."""
    stripe = math.prod(2 * len(range(0, n, D.stride)) - 1 for n in D.size) * D.filters.shape[-1]
    return stripe <= 16 * D.local.shape[0] and D.shape[1] <= 6_000


def correlation_descent(D, y, lam, nonnegative=False, start=None, goal=0.0):
    """Yield ``(gamma, objectives, relative duality gaps)`` of a batch ``y`` ``(B, *space, c)`` in NumPy,
    from ``start`` (or zero) on.

    ``lam`` has one entry per atom. A step divides the gap by about ten, or brings it below ``goal`` if
    that is not zero.
    ``gamma`` is the array that the next step changes.
    """
    m, c, dtype = D.filters.shape[-1], D.filters.shape[-2], y.dtype
    P, Q = D.positions if len(D.positions) == 2 else (1, *D.positions)
    signals = np.ascontiguousarray(y).reshape(len(y), -1, D.space[-1] * c)
    z = np.zeros((len(y), P, Q * m), dtype)
    if start is not None:
        z += start.reshape(z.shape)
    lam, curve = (
        np.ascontiguousarray(np.broadcast_to(np.asarray(a, dtype), (Q, m))).reshape(-1)
        for a in (lam, np.sum(D.local**2, axis=0))
    )
    curve = np.where(curve > 0, curve, 1)
    cross = _cross(D).astype(dtype)
    atoms, step = atom_rows(D.filters, dtype), (D.stride, D.stride * c)
    corr, (energy, primal, gap) = np.empty_like(z), np.empty((3, len(y)))

    def certify(a, b):
        some = (x[a:b] for x in (corr, energy, primal, gap))
        kernels.descent.certify(signals[a:b], atoms, z[a:b], lam, nonnegative, step, *some)

    def descend(a, b):
        some = (cross, lam, curve, nonnegative, D.circular, energy[a:b], gap[a:b], goal)
        kernels.descent.descend(corr[a:b], z[a:b], *some)

    while True:
        kernels.patches.over_columns(certify, len(y), 64)
        yield z.reshape(len(y), *D.positions, m), primal, gap
        kernels.patches.over_columns(descend, len(y), 64)


def _cross(D):
    """Inner products of an atom with all atoms of its stripe, ``D_L^T Omega``: shape (m, rows of a
    stripe, ... m)."""
    reach = [len(range(0, n, D.stride)) - 1 for n in D.size]
    span = tuple(n + 2 * r * D.stride for n, r in zip(D.size, reach, strict=True))
    alone = np.zeros((D.filters.shape[-1], *span, D.filters.shape[-2]), D.filters.dtype)
    middle = tuple(slice(r * D.stride, r * D.stride + n) for n, r in zip(D.size, reach, strict=True))
    alone[(slice(None), *middle)] = np.moveaxis(D.filters, -1, 0)
    seen = ConvDictionary(D.filters, span, D.stride, circular=False).T @ alone
    return seen.reshape(len(seen), 2 * reach[0] + 1 if len(reach) == 2 else 1, -1)
