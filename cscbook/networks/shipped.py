"""Trained dictionaries and networks in small files: the places and values of their non-zeros."""

import numpy as np

from ..arrays import asarray, check_each, check_type, to_numpy
from ..checkpoints import write_npz
from ..datasets.files import _read
from ..dictionaries.convolution import ConvDictionary, Product
from .classifier import Network, _geometry, check_network, name_of
from .plans import cnn, layered_ista, ml_ista

PLANS = {"cnn": lambda: cnn, "layered_ista": layered_ista, "ml_ista": ml_ista}  # by name and numbers


def _entries(name, a, dtype):
    """What an npz holds of an array: its shape, and the places and values of the non-zeros, atom by atom."""
    atoms = np.moveaxis(to_numpy(a).astype(dtype), -1, 0)
    places = np.flatnonzero(atoms)
    return {
        f"shape{name}": np.array(a.shape),
        f"places{name}": places.astype(np.int32),
        f"values{name}": atoms.ravel()[places],
    }


def _array(kept, name):
    """The array of :func:`_entries`, in single precision."""
    *shape, m = map(int, kept[f"shape{name}"])
    atoms = np.zeros((m, *shape), np.float32)
    atoms.reshape(-1)[kept[f"places{name}"]] = kept[f"values{name}"]
    return asarray(np.ascontiguousarray(np.moveaxis(atoms, 0, -1)))


def save_dictionaries(file, dictionaries):
    """Write ``[D_1, ..., D_K]`` as an npz: for each layer the shape, and the places and values of the
    non-zeros, atom by atom, in single precision. The layers fit, and all have the same border."""
    check_each("dictionaries", check_type("dictionaries", dictionaries, list, tuple), ConvDictionary)
    if len({D.circular for D in Product(tuple(dictionaries)).factors}) != 1:
        raise ValueError(f"dictionaries has {len(dictionaries)} layers: expected one or more, of one border")
    arrays = {
        "space": np.array(dictionaries[0].space),
        "strides": np.array([D.stride for D in dictionaries]),
        "circular": np.array(dictionaries[0].circular),
    }
    for i, D in enumerate(dictionaries, 1):
        arrays |= _entries(i, D.filters, np.float32)
    write_npz(file, arrays)


def load_dictionaries(file):
    """``[D_1, ..., D_K]`` from a file that :func:`save_dictionaries` wrote, in single precision."""
    with np.load(file, allow_pickle=False) as kept:
        space, found = tuple(map(int, kept["space"])), []
        for i, stride in enumerate(kept["strides"], 1):
            found.append(ConvDictionary(_array(kept, i), space, int(stride), bool(kept["circular"])))
            space = found[-1].positions
    return found


def save_network(file, network):
    """Write a network with the plan ``cnn``, or an unfolded one, as an npz: for each array the shape, and
    the places and values of the non-zeros, in half precision. Its trace is not kept."""
    check_network("network", network)
    name = "cnn" if network.plan is cnn else getattr(network.plan, "name", None)
    if name not in PLANS:
        raise ValueError(f"plan = {name_of(network.plan)}: expected one of {', '.join(PLANS)}")
    arrays = {
        "space": np.array(network.layers[0].space),
        "strides": np.array([layer.stride for layer in network.layers]),
    }
    if network.plan is not cnn:
        arrays |= {"plan": np.array(name), "numbers": np.array(network.plan.numbers, dtype=np.int64)}
    for name, a in network.theta.items():
        arrays |= _entries(name, a, np.float16)
    write_npz(file, arrays)


def load_network(file):
    """The :class:`~cscbook.networks.Network` from a file that :func:`save_network` wrote, in single
    precision."""
    with np.load(file, allow_pickle=False) as kept:
        theta = {key[5:]: _array(kept, key[5:]) for key in kept.files if key.startswith("shape")}
        space, strides = (tuple(map(int, kept[name])) for name in ("space", "strides"))
        plan = PLANS[str(kept["plan"])](*map(int, kept["numbers"])) if "plan" in kept.files else cnn
    sizes = [tuple(theta[f"W{i}"].shape[:-2]) for i in range(1, len(strides) + 1)]
    return Network(theta, _geometry(space, sizes, strides), plan)


def load_digit_dictionaries():
    """The three dictionaries that ``data/train_digits.py`` learned from 4,000 digits, on 27 x 27 pixels:
    32 of 7 x 7, 128 of 5 x 5 x 32, 1024 of 7 x 7 x 128, with 7 non-zeros per atom in the last two."""
    return load_dictionaries(_read("digit_dictionaries.npz"))


def load_digit_network():
    """The convolutional network that ``data/train_digits_network.py`` trained on 4,000 digits of 28 x 28
    pixels: 32 filters of 6 x 6, 64 of 6 x 6 x 32, 512 of 4 x 4 x 64, one entry in sixteen not zero."""
    return load_network(_read("digit_network.npz"))


def load_colour_atoms():
    """Forty effective atoms (h, w, 3, 40) of each depth of the colour model that ``data/train_colour.py``
    learned at the talk's sizes from natural tiles; pictures for looking, each scaled to largest entry 1."""
    with np.load(_read("colour_atoms.npz"), allow_pickle=False) as kept:
        return [asarray(kept[f"depth{i}"].astype(np.float32)) for i in (1, 2, 3)]
