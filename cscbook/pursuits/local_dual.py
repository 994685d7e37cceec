"""A dual point that pays for a violation where it is, and not everywhere.

The certificate of basis pursuit needs a vector v with ``|D^T v| <= lam``. The residual is one but for a few
places where an atom correlates by more. Dividing it by the worst of these, everywhere, costs the gap what the
whole code weighs times that violation. Here v is the residual times ``1 - psi``, where psi is large at the
violations and decays over the length of an atom: as an atom sees only what lies under it, and psi hardly
changes there, its correlation is divided by what its own surroundings need.
"""

import numpy as np

from .. import kernels

AMPLE = 1.5  # psi at a violation, as a multiple of it: what is more pays for the slope of psi under an atom


def shrinkage(D, excess):
    """``1 - psi`` for each sample (*space, 1), from ``excess`` (*positions), by how much the correlations at
    a position exceed the bound. Times the residual it is nearly feasible; a scaling does the rest."""
    psi = np.zeros(D.space, excess.dtype)
    middles = (
        (np.arange(P) * D.stride + n // 2) % N for P, n, N in zip(D.positions, D.size, D.space, strict=True)
    )
    psi[np.ix_(*middles)] = AMPLE * excess
    decay = np.exp(-1 / np.array([1, *D.size])).astype(psi.dtype)[-2:]
    kernels.tiles.spread(psi.reshape(-1, psi.shape[-1]), decay[0], decay[1], D.circular)
    return (1 - np.minimum(psi, 1))[..., None]
