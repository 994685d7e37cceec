"""Trained multi-layer dictionaries in small files: the places and values of their non-zeros."""

import numpy as np

from ..arrays import asarray, to_numpy
from ..checkpoints import write_npz
from ..convolution import ConvDictionary
from ..signals import _read


def save_dictionaries(file, dictionaries):
    """Write ``[D_1, ..., D_K]`` as an npz: for each layer the shape, and the places and values of the
    non-zeros, atom by atom, in single precision."""
    arrays = {
        "space": np.array(dictionaries[0].space),
        "strides": np.array([D.stride for D in dictionaries]),
        "circular": np.array(dictionaries[0].circular),
    }
    for i, D in enumerate(dictionaries, 1):
        atoms = np.moveaxis(to_numpy(D.filters), -1, 0)
        places = np.flatnonzero(atoms)
        arrays[f"shape{i}"] = np.array(D.filters.shape)
        arrays[f"places{i}"] = places.astype(np.int32)
        arrays[f"values{i}"] = atoms.ravel()[places].astype(np.float32)
    write_npz(file, arrays)


def load_dictionaries(file):
    """``[D_1, ..., D_K]`` from a file that :func:`save_dictionaries` wrote, in single precision."""
    with np.load(file, allow_pickle=False) as kept:
        space, found = tuple(map(int, kept["space"])), []
        for i, stride in enumerate(kept["strides"], 1):
            *size, c, m = map(int, kept[f"shape{i}"])
            atoms = np.zeros((m, *size, c), np.float32)
            atoms.reshape(-1)[kept[f"places{i}"]] = kept[f"values{i}"]
            filters = asarray(np.ascontiguousarray(np.moveaxis(atoms, 0, -1)))
            found.append(ConvDictionary(filters, space, int(stride), bool(kept["circular"])))
            space = found[-1].positions
    return found


def load_digit_dictionaries():
    """The three dictionaries that ``data/train_digits.py`` learned from 4,000 digits, on 27 x 27 pixels:
    32 of 7 x 7, 128 of 5 x 5 x 32, 1024 of 7 x 7 x 128, with 7 non-zeros an atom in the last two."""
    return load_dictionaries(_read("digit_dictionaries.npz"))


def load_colour_atoms():
    """Forty effective atoms (h, w, 3, 40) of each depth of the colour model that ``data/train_colour.py``
    learned at the talk's sizes from natural tiles; pictures for looking, each scaled to largest entry 1."""
    with np.load(_read("colour_atoms.npz"), allow_pickle=False) as kept:
        return [asarray(kept[f"depth{i}"].astype(np.float32)) for i in (1, 2, 3)]
