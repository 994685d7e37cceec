"""Real signals: photographs, digits and notes from ``data/``, and what prepares them for a model.

Arrays are float64 and live in the chosen backend.
"""

import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np

from ..arrays import array_namespace, as_generator, asarray, check, check_level, check_whole, fft, to_numpy
from .pictures import read_picture

GREY = (0.2125, 0.7154, 0.0721)  # weights of red, green and blue


def _folders():
    """Where data files may lie: ``$CSCBOOK_DATA``, the installed package, the checkout, pooch's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cscbook"
    named = [Path(os.environ["CSCBOOK_DATA"])] if os.environ.get("CSCBOOK_DATA") else []
    package = Path(__file__).parents[1]
    return [*named, package / "data", package.parent / "data", cache]


def registry():
    """The registry of the data files: path -> SHA-256, licence, source and arrays."""
    for folder in _folders():
        if (folder / "registry.json").exists():
            return json.loads((folder / "registry.json").read_text(encoding="utf-8"))
    raise FileNotFoundError(
        f"no registry.json in {', '.join(map(str, _folders()))}: set CSCBOOK_DATA to the data folder"
    )


def _read(path):
    """The bytes of a registered file, if its SHA-256 is right."""
    for folder in _folders():
        if (folder / path).exists():
            content = (folder / path).read_bytes()
            found, expected = hashlib.sha256(content).hexdigest(), registry()[path]["sha256"]
            if found != expected:
                raise ValueError(
                    f"{folder / path} has SHA-256 {found}, the registry says {expected}: the file is damaged"
                )
            return io.BytesIO(content)
    raise FileNotFoundError(f"{path} is in none of {', '.join(map(str, _folders()))}")


def image_names():
    """Names that :func:`load_image` knows."""
    return sorted(Path(path).stem for path in registry() if path.startswith("images/"))


def load_image(name, page=None, background=255.0):
    """A photograph as float64 of shape (H, W, c) in 0..255, with c = 1 (grey) or 3 (colour).

    Known names are ``image_names()``; sources and licences stand in ``data/registry.json``. A path reads the
    reader's own file, in any format that Pillow reads: see
    :func:`~cscbook.datasets.pictures.read_picture` for 16 bits, floating numbers and transparency.

    Parameters
    ----------
    name : str or path
    page : int, optional
        Which page of a TIFF or frame of a GIF, from 0; needed where there are several.
    background : float or three floats
        What stands behind transparent pixels, in 0..255; the default is white.
    """
    if not Path(name).suffix and str(name) in image_names():
        return read_picture(_read(f"images/{name}.png").getvalue(), page, background, name)
    if not Path(name).exists() and not Path(name).suffix:
        raise ValueError(f"no image {str(name)!r}: expected a file, or one of {', '.join(image_names())}")
    return read_picture(name, page, background)


def grey(image):
    """Grey version (H, W, 1) of an image (H, W, c): the luminance ``0.2125 R + 0.7154 G + 0.0721 B``."""
    if check("image", image, ndim=3).shape[-1] == 1:
        return image
    if image.shape[-1] != 3:
        raise ValueError(f"image of shape {tuple(image.shape)}: expected 1 or 3 channels, last")
    return sum(weight * image[..., i : i + 1] for i, weight in enumerate(GREY))


def split_frequencies(x, weight=10.0):
    """``(low, high)`` with ``low = argmin_s ||x - s||^2 + weight ||grad s||^2`` and ``high = x - low``.

    Small filters are good at edges and texture; ``low`` is what varies too slowly for them, and ``high``
    is what one codes. The gradient takes differences of neighbours inside ``x``, channel by channel; on a
    mirrored copy the problem is a division in the Fourier domain.

    Parameters
    ----------
    x : array (*space, c)
    weight : float
        Larger leaves less in ``low``: a wave of period ``p`` samples keeps ``1 / (1 + weight (2 pi / p)^2)``
        of its height there, for long ``p``.
    """
    xp, axes, gradient, mirrored = array_namespace(x), tuple(range(check("x", x, ndim=(2, 3)).ndim - 1)), 0, x
    for axis in axes:
        frequencies = np.fft.rfftfreq if axis == axes[-1] else np.fft.fftfreq
        gradient = gradient + np.expand_dims(
            2 - 2 * np.cos(2 * np.pi * frequencies(2 * x.shape[axis])),
            tuple(a for a in range(x.ndim) if a != axis),
        )
        mirrored = xp.concat([mirrored, xp.flip(mirrored, axis=axis)], axis=axis)
    keep = asarray(1 / (1 + check_level("weight", weight) * gradient), like=x)
    low = fft(x).irfftn(
        fft(x).rfftn(mirrored, axes=axes) * keep, s=tuple(mirrored.shape[a] for a in axes), axes=axes
    )
    low = xp.astype(low[tuple(slice(N) for N in x.shape)], x.dtype)
    return low, x - low


def contrast_normalize(x, sigma=4.773, reach=6):
    """``(x - g * x) / max(s, median(s))`` with ``s^2 = g * x^2 - (g * x)^2``: local mean zero, local
    contrast about one.

    g is a Gaussian of ``2 reach + 1`` samples along each space axis, and the borders are mirrored. Where
    the contrast s lies below its median, it is not raised to one; a median of zero gives way to that of
    the values that are not zero. Convolutional learners are usually compared on such images [Heide,
    Heidrich & Wetzstein, 2015].

    Parameters
    ----------
    x : array (*space, c)
    sigma : float
        Standard deviation of g in samples.
    reach : int
        Smaller than every space axis.
    """
    xp = array_namespace(check("x", x, ndim=(2, 3)))
    sigma, reach = check_level("sigma", sigma, positive=True), check_whole("reach", reach)
    if reach >= min(x.shape[:-1]):
        raise ValueError(f"reach = {reach}: expected less than {min(x.shape[:-1])}, the shortest axis of x")
    g = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    mean, power = (_smooth(a, g / g.sum()) for a in (x, x * x))
    s = xp.sqrt(xp.maximum(power - mean * mean, xp.zeros_like(x)))
    level = np.median(to_numpy(s)) or np.median(to_numpy(s[s > 0]) if bool(xp.any(s > 0)) else 1.0)
    return (x - mean) / xp.maximum(s, xp.zeros_like(s) + float(level))


def _smooth(x, weights):
    """Correlation with ``weights`` along every space axis, the borders mirrored."""
    xp, reach = array_namespace(x), len(weights) // 2
    for axis in range(x.ndim - 1):
        before, N = (slice(None),) * axis, x.shape[axis]
        head = xp.flip(x[(*before, slice(0, reach), ...)], axis=axis)
        tail = xp.flip(x[(*before, slice(N - reach, N), ...)], axis=axis)
        x = xp.concat([head, x, tail], axis=axis)
        x = sum(float(w) * x[(*before, slice(i, i + N), ...)] for i, w in enumerate(weights))
    return x


def load_digits():
    """5,000 real MNIST digits: ``(x_train, y_train, x_test, y_test)``, images (p, 28, 28, 1) in 0..1,
    labels (p,).

    4,000 and 1,000 of them, classes in turn; all come from MNIST's training set.
    """
    with np.load(_read("mnist_small.npz"), allow_pickle=False) as f:
        x = [asarray(f[part][..., None] / 255) for part in ("x_train", "x_test")]
        y = [asarray(f[part].astype(np.int64)) for part in ("y_train", "y_test")]
    return x[0], y[0], x[1], y[1]


def natural32(p, rng=None, names=("astronaut", "cat", "coffee", "rocket")):
    """``p`` colour tiles (p, 32, 32, 3) in 0..255, cut at random places from the colour photographs
    ``names``."""
    rng = as_generator(rng)
    photographs = [load_image(name) for name in names]
    tiles = []
    for which in rng.integers(len(photographs), size=check_whole("p", p)):
        H, W = photographs[which].shape[:2]
        i, j = rng.integers(H - 31), rng.integers(W - 31)
        tiles.append(photographs[which][i : i + 32, j : j + 32, :])
    return array_namespace(tiles[0]).stack(tiles)


def load_notes():
    """Eight real piano notes: ``(notes, names, rate)``, waveforms (8, samples, 1) in -1..1, sampled
    ``rate`` times a second."""
    with np.load(_read("piano_notes.npz"), allow_pickle=False) as f:
        return asarray(f["notes"][..., None] / 32767), [str(name) for name in f["names"]], int(f["rate"])
