"""Detection: where a motif occurs is where its needle is not zero."""

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import array_namespace, check, check_level, check_type, check_whole, to_numpy
from ..dictionaries.convolution import ConvDictionary
from ..pursuits import Pursuit, basis_pursuit, omp


@dataclass(frozen=True)
class Occurrences:
    """Where motifs occur, the largest in magnitude first.

    Attributes
    ----------
    positions : integer array (p, d), NumPy
        First sample, or upper left pixel, of each.
    atoms : integer array (p,), NumPy
        Which motif.
    amplitudes : array (p,), NumPy
        Magnitude and sign of the coefficient.
    certain : bool
        Whether the pursuit reached its certificate.
    """

    positions: object
    atoms: object
    amplitudes: object
    certain: bool = True

    @property
    def places(self):
        """The set of ``(*position, atom)``."""
        return {(*map(int, i), int(k)) for i, k in zip(self.positions, self.atoms, strict=True)}


def occurrences(gamma, stride=1, above=0.0, certain=True):
    """The support of a code ``(*positions, m)``: where it is larger than ``above`` in magnitude."""
    gamma = to_numpy(check("gamma", gamma))
    if gamma.ndim < 2:
        raise ValueError(f"gamma has shape {gamma.shape}: expected (*positions, m)")
    stride, above = check_whole("stride", stride), check_level("above", above)
    *at, atom = np.nonzero(np.abs(gamma) > above)
    values = gamma[(*at, atom)]
    order = np.argsort(-np.abs(values), kind="stable")
    positions = stride * np.stack(at, axis=-1)[order]
    return Occurrences(positions, atom[order], values[order], certain)


def detect(y, D, eps=0.0, above=0.0, pursuit=None):
    """Where the atoms of ``D`` occur in a signal: the support of its code.

    Without noise the code is that of OMP: every occurrence is found, and nothing else, if no stripe
    holds ``(1 + 1 / mu) / 2`` or more of them. With noise it is that of basis pursuit with ``lam = 4
    eps``: below ``(1 + 1 / mu) / 3`` per stripe nothing false is found, and nothing above ``7.5 eps`` is
    missed; amplitudes come out smaller, by up to 7.5 eps [Papyan, Sulam & Elad, 2017].

    Parameters
    ----------
    y : array (*space, c)
    D : ConvDictionary
        Its filters, with unit norm, are the motifs.
    eps : float
        Local noise level ``||E||_{2,inf}``, the norm of the noise on the patch where it is largest (see
        :func:`~cscbook.norms.l2_inf_patch`).
    above : float
        Report magnitudes larger than this.
    pursuit : function, optional
        ``pursuit(D, y)`` returns a Pursuit, and takes the place of the two above.

    Returns
    -------
    Occurrences
    """
    if check("y", y).ndim != len(check_type("D", D, ConvDictionary).space) + 1:
        raise ValueError(f"y has shape {tuple(y.shape)}: expected one signal, {len(D.space) + 1} axes")
    eps, above = check_level("eps", eps), check_level("above", above)
    pursuit = pursuit or (_noiseless if eps == 0 else _noisy(4 * eps))
    found = check_type("what pursuit returns", pursuit(D, y), Pursuit)
    return occurrences(found.gamma, D.stride, above, found.converged)


def _noiseless(D, y):
    """OMP until only rounding is left."""
    xp = array_namespace(y)
    tol = math.sqrt(xp.finfo(y.dtype).eps) * float(xp.sqrt(xp.sum(y * y)))
    return omp(D, y, tol=tol)


def _noisy(lam):
    return lambda D, y: basis_pursuit(D, y, lam)


def precision_recall(found, truth):
    """``(precision, recall)`` of Occurrences: which share of the found is true, which share of the true is
    found.

    A motif counts as found at exactly its place. Nothing found has precision 1, nothing to find recall 1.
    """
    check_type("found", found, Occurrences), check_type("truth", truth, Occurrences)
    hits = len(found.places & truth.places)
    precision = hits / len(found.places) if found.places else 1.0
    return precision, hits / len(truth.places) if truth.places else 1.0
