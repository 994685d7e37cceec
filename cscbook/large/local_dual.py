"""A dual point that pays for a violation where it is, and not everywhere.

The certificate of basis pursuit needs a vector v with ``|D^T v| <= lam``. The residual is one but for a few
places where an atom correlates by more. Dividing it by the worst of these, everywhere, costs the gap what the
whole code weighs times that violation. Here v is the residual times ``1 - psi``, where psi is large at the
violations and decays over the length of an atom: as an atom sees only what lies under it, and psi hardly
changes there, its correlation is divided by what its own surroundings need.
"""

import math

import numpy as np

from .. import kernels

AMPLE = 1.5  # psi at a violation, as a multiple of it: what is more pays for the slope of psi under an atom


def shrinkage(D, excess):
    """``1 - psi`` for each sample (*batch, *space, 1), from ``excess`` (*batch, *positions), by how much the
    correlations at a position exceed the bound. Times the residual it is nearly feasible; a scaling does the
    rest."""
    axes = zip(D.positions, D.size, D.space, strict=True)
    middles = np.ix_(*((np.arange(P) * D.stride + n // 2) % N for P, n, N in axes))
    batch = excess.shape[: -len(D.space)]
    psi = np.zeros((math.prod(batch), *D.space), excess.dtype)
    decay = np.exp(-1 / np.array([1, *D.size])).astype(psi.dtype)[-2:]
    for one, exceeds in zip(psi, excess.reshape(-1, *D.positions), strict=True):
        one[middles] = AMPLE * exceeds
        kernels.tiles.spread(one.reshape(-1, one.shape[-1]), *decay, D.circular)
    return (1 - np.minimum(psi, 1)).reshape(*batch, *D.space, 1)
