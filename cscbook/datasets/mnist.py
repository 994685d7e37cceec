"""The full MNIST, from the reader's own copy of its four files [LeCun, Bottou, Bengio & Haffner, 1998]."""

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np

from ..arrays import asarray
from .files import _folders

# SHA-256 of the files as they are published, packed
PUBLISHED = {
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}


def load_mnist(folder=None):
    """MNIST from its own files: ``(x_train, y_train, x_test, y_test)``, images (p, 28, 28, 1) in 0..1,
    labels (p,); the published files hold 60,000 and 10,000.

    As :func:`~cscbook.datasets.files.load_digits`, but float32: the training images take 188 MB. Nothing is
    downloaded.

    Parameters
    ----------
    folder : path, optional
        A folder with ``train-images-idx3-ubyte`` and the three like it, each packed (``.gz``) or not; any
        number of digits. A dot may stand before ``idx``, as in many copies, each file may lie in a folder of
        its own name, and all in ``raw`` or ``MNIST/raw``, as torchvision puts them. By default the first
        folder ``mnist`` in ``$CSCBOOK_DATA``, the checkout's ``data/`` or the cache, and there the packed
        files must be the published ones.
    """
    folder = _published() if folder is None else Path(folder)
    found = []
    for part in ("train", "t10k"):
        x = _idx(_file(folder, f"{part}-images-idx3-ubyte"), 3)
        y = _idx(_file(folder, f"{part}-labels-idx1-ubyte"), 1)
        if x.shape != (len(y), 28, 28) or not len(y) or y.max() > 9:
            raise ValueError(
                f"{folder}, {part}: images of shape {x.shape}, {len(y)} labels up to {y.max(initial=0)}: "
                "expected one label in 0..9 for each image of 28 x 28"
            )
        found += [asarray(x[..., None] / np.float32(255)), asarray(y.astype(np.int64))]
    return tuple(found)


def _published():
    """The first folder ``mnist`` where data may lie, if its files are the published ones."""
    places = [folder / "mnist" for folder in _folders()]
    here = next((folder for folder in places if folder.is_dir()), None)
    if here is None:
        raise FileNotFoundError(
            f"no folder {', '.join(map(str, places))}: expected one with {', '.join(PUBLISHED)}, "
            "packed as .gz, or call load_mnist(folder)"
        )
    for name, expected in PUBLISHED.items():
        path = _file(here, name, (".gz",))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != expected:
            raise ValueError(f"{path} has SHA-256 {digest}, the published file {expected}")
    return here


def _file(folder, name, endings=("", ".gz")):
    for place in (folder, folder / "raw", folder / "MNIST" / "raw"):
        for spelled in (name, name.replace("-idx", ".idx")):
            for ending in endings:
                path = place / (spelled + ending)
                path = path / path.name if path.is_dir() else path
                if path.is_file():
                    return path
    raise FileNotFoundError(
        f"no {' or '.join(name + ending for ending in endings)} in {folder}: expected MNIST's four files, "
        f"{', '.join(PUBLISHED)}"
    )


def _idx(path, axes):
    """The bytes of a file in the idx format: 2048 + axes and the sizes, big-endian, then the entries."""
    content, start = path.read_bytes(), 4 + 4 * axes
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path} cannot be unpacked: {error}") from error
    magic, *shape = np.frombuffer(content[:start].ljust(start, b"\0"), ">u4").tolist()
    if magic != 2048 + axes:
        raise ValueError(
            f"{path} starts with {magic}: expected {2048 + axes}, the mark of {axes} axes of bytes"
        )
    if len(content) != start + math.prod(shape):
        raise ValueError(
            f"{path} has {len(content)} bytes: expected {start} + {' x '.join(map(str, shape))}, "
            "it is cut or damaged"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
