"""Molecules: seeded multi-layer signals on which the theorems have something to say.

A second layer of few entries an atom, and deepest codes whose non-zeros keep their distance: for random
dictionaries no condition of the multi-layer theory holds, for these all do.
"""

import numpy as np

from ..arrays import asarray
from .convolution import ConvDictionary
from .matrix import coherence


def random_molecules(size, c, m, entries, space, rng=None):
    """A sparse second-layer dictionary: m unit atoms of ``entries`` entries ``+-1 / sqrt(entries)`` at
    random places, redrawn until two shifted atoms share one entry at most: ``mu <= 1 / entries``.

    Parameters
    ----------
    size : int
        Length of the atoms, in needles of ``c`` channels.
    space : int
        Length of the first layer's code.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    for _ in range(1000):
        atoms = np.zeros((size * c, m))
        for column in atoms.T:
            places = rng.choice(size * c, entries, replace=False)
            column[places] = rng.choice([-1.0, 1.0], entries) / entries**0.5
        D = ConvDictionary(asarray(atoms.reshape(size, c, m)), (space,))
        if coherence(D) <= 1.001 / entries:
            return D
    raise ValueError(
        f"no {m} atoms of {entries} entries in {size} needles share at most one: use longer ones"
    )


def spaced_code(space, m, every, together=1, low=0.7, rng=None):
    """A 1-D code (space, m) with ``together`` non-zeros in a group and a group every ``every = (least,
    most)`` positions; magnitudes uniform between ``low`` and 1, random signs."""
    rng = np.random.default_rng(0) if rng is None else rng
    gamma, at = np.zeros((space, m)), int(rng.integers(20))
    while at < space - every[1]:
        for away in [0, *rng.choice(np.arange(4, 30), together - 1, replace=False)]:
            gamma[at + away, rng.integers(m)] = rng.choice([-1.0, 1.0]) * rng.uniform(low, 1)
        at += int(rng.integers(every[0], every[1] + 1))
    return asarray(gamma)
