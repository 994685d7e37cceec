"""Trained dictionaries and networks in small files: the places and values of their non-zeros."""

import math

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


def _eight_bits(name, a):
    """What an npz holds of filters in eight bits: the shape, a bit for each entry that says whether it is
    zero, the others as integers of at most 127, atom by atom, and the scale that keeps the norm of each."""
    atoms = np.moveaxis(to_numpy(a).astype(np.float64), -1, 0)
    flat = atoms.reshape(len(atoms), -1)
    top = np.max(np.abs(flat), axis=1, keepdims=True)
    whole = np.rint(127 * (flat / np.where(top > 0, top, 1)))
    scales = np.linalg.norm(flat, axis=1) / np.maximum(np.linalg.norm(whole, axis=1), 1)
    return {
        f"shape{name}": np.array(a.shape),
        f"bits{name}": np.packbits(whole != 0),
        f"whole{name}": whole[whole != 0].astype(np.int8),
        f"scales{name}": scales.astype(np.float32),
    }


def _array(kept, name):
    """The array of :func:`_entries` or :func:`_eight_bits`, in single precision."""
    *shape, m = map(int, kept[f"shape{name}"])
    atoms = np.zeros((m, math.prod(shape)), np.float32)
    if f"bits{name}" in kept.files:
        on = np.unpackbits(kept[f"bits{name}"], count=atoms.size).astype(bool)
        atoms.reshape(-1)[on] = kept[f"whole{name}"]
        atoms *= kept[f"scales{name}"][:, None]
    else:
        atoms.reshape(-1)[kept[f"places{name}"]] = kept[f"values{name}"]
    return asarray(np.ascontiguousarray(np.moveaxis(atoms.reshape(m, *shape), 0, -1)))


def save_dictionaries(file, dictionaries):
    """Write ``[D_1, ..., D_K]`` as an npz: for each layer the shape, and the places and values of the
    non-zeros, atom by atom, in single precision. The layers fit, and all have the same border."""
    arrays = _header(dictionaries)
    for i, D in enumerate(dictionaries, 1):
        arrays |= _entries(i, D.filters, np.float32)
    write_npz(file, arrays)


def save_compressed(file, dictionaries):
    """Write ``[D_1, ..., D_K]`` as :func:`save_dictionaries` does, in about a fifth of the bytes.

    An atom ``d`` becomes ``||d|| q / ||q||`` with the integers ``q = round(127 d / max |d|)``, which take
    eight bits each: its norm stays, and no entry moves by more than about ``max |d| / 254``. Entries that
    are rounded to zero are gone. One bit per entry says which are not, and all is deflated.
    """
    arrays = _header(dictionaries)
    for i, D in enumerate(dictionaries, 1):
        arrays |= _eight_bits(i, D.filters)
    write_npz(file, arrays, np.savez_compressed)


def _header(dictionaries):
    """What the file says of all layers together, which fit and have one border."""
    check_each("dictionaries", check_type("dictionaries", dictionaries, list, tuple), ConvDictionary)
    if len({D.circular for D in Product(tuple(dictionaries)).factors}) != 1:
        raise ValueError(f"dictionaries has {len(dictionaries)} layers: expected one or more, of one border")
    return {
        "space": np.array(dictionaries[0].space),
        "strides": np.array([D.stride for D in dictionaries]),
        "circular": np.array(dictionaries[0].circular),
    }


def load_dictionaries(file):
    """``[D_1, ..., D_K]`` from a file that :func:`save_dictionaries` or :func:`save_compressed` wrote, in
    single precision."""
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


def load_colour_dictionaries():
    """The three dictionaries that ``data/train_colour.py`` learned at the talk's sizes from natural tiles
    of 29 x 29 pixels without their mean colour: 64 of 5 x 5 x 3, 256 of 5 x 5 x 64, 1024 of 5 x 5 x 256,
    with 17 and 9 % of non-zeros in the last two; kept in eight bits."""
    return load_dictionaries(_read("colour_dictionaries.npz"))
