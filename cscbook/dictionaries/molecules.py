"""Molecules: seeded multi-layer signals that satisfy the conditions of the theorems.

A second layer of few entries per atom, and deepest codes whose non-zeros keep their distance: for random
dictionaries no condition of the multi-layer theory holds, for these all do.
"""

import numpy as np

from ..arrays import as_generator, as_sizes, asarray, check_level, check_type, check_whole
from .convolution import ConvDictionary
from .matrix import coherence


def random_molecules(size, c, m, entries, space, rng=None, positive=False):
    """A sparse second-layer dictionary: m unit atoms of ``entries`` entries ``+-1 / sqrt(entries)`` at
    random places, redrawn until two shifted atoms share one entry at most: ``mu <= 1 / entries``.

    Parameters
    ----------
    size : int
        Length of the atoms, in needles of ``c`` channels.
    space : int
        Length of the first layer's code.
    positive : bool
        Entries ``+1 / sqrt(entries)`` only, for codes that are not negative.
    """
    signs = [1.0, 1.0] if check_type("positive", positive, bool, np.bool_) else [-1.0, 1.0]
    rng, size, c, m = as_generator(rng), check_whole("size", size), check_whole("c", c), check_whole("m", m)
    if check_whole("entries", entries) > size * c:
        raise ValueError(f"entries = {entries}: expected at most {size * c}, those of an atom")
    for _ in range(1000):
        atoms = np.zeros((size * c, m))
        for column in atoms.T:
            places = rng.choice(size * c, entries, replace=False)
            column[places] = rng.choice(signs, entries) / entries**0.5
        D = ConvDictionary(asarray(atoms.reshape(size, c, m)), (space,))
        if coherence(D) <= 1.001 / entries:
            return D
    raise ValueError(
        f"no {m} atoms of {entries} entries in {size} needles share at most one: use longer ones"
    )


def spaced_code(space, m, every, together=1, low=0.7, rng=None):
    """A 1-D code (space, m) with ``together`` non-zeros in a group and a group every ``every = (least,
    most)`` positions; magnitudes uniform between ``low`` and 1, random signs.

    A group reaches 29 positions far, so ``most`` is at least 29 where ``together`` is more than 1.
    """
    rng, every = as_generator(rng), as_sizes("every", every)
    if len(every) != 2 or every[0] > every[1] or (check_whole("together", together) > 1 and every[1] < 29):
        raise ValueError(f"every = {every}: expected (least, most), for groups most >= 29")
    if check_level("low", low) > 1:
        raise ValueError(f"low = {low}: expected at most 1")
    space, m = check_whole("space", space), check_whole("m", m)
    gamma, at = np.zeros((space, m)), int(rng.integers(20))
    while at < space - every[1]:
        for away in [0, *rng.choice(np.arange(4, 30), together - 1, replace=False)]:
            gamma[at + away, rng.integers(m)] = rng.choice([-1.0, 1.0]) * rng.uniform(low, 1)
        at += int(rng.integers(every[0], every[1] + 1))
    return asarray(gamma)
