"""Super-resolution: one code, two dictionaries, coupled by the place where they put their atoms."""

from dataclasses import dataclass

import numpy as np

from ..arrays import (
    array_namespace,
    as_sizes,
    asarray,
    check,
    check_level,
    check_type,
    check_whole,
    eye,
    indices,
    sparse,
    zeros,
)
from ..datasets.files import split_frequencies
from ..dictionaries.convolution import ConvDictionary
from ..learning import lobcod_dictionary_learning
from ..local import patches
from ..pursuits import basis_pursuit
from .denoising.checks import check_scale
from .denoising.symmetries import unview, views


@dataclass(frozen=True)
class Coupled:
    """Two dictionaries for one code: where atom k of ``low`` stands in the small image, atom k of ``high``
    stands in the large one.

    Attributes
    ----------
    low : array (n, n, 1, m)
        Unit filters of the small image.
    high : array (2 n, 2 n, 1, m)
        Filters of what bicubic interpolation misses. They stand at every second pixel, so each is four
        filters on the small grid, one for each pixel of a 2 x 2 cell: a polyphase bank.
    lam : float
        Weight of the l1 norm that codes are made with.
    """

    low: object
    high: object
    lam: float


def keys(t):
    """The cubic kernel of Keys [1981]: 1 at 0, and 0 at all other integers and beyond 2."""
    t = np.abs(t)
    near, far = (1.5 * t - 2.5) * t * t + 1, ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


def resampling(N, n):
    """Bicubic resampling of N samples to n, a matrix (n, N); to fewer, the kernel is widened against
    aliasing."""
    centre = (np.arange(n)[:, None] + 0.5) * N / n - 0.5
    weights = keys((np.arange(N) - centre) / max(N / n, 1))
    return weights / np.sum(weights, axis=1, keepdims=True)


def resize(x, space):
    """Bicubic, antialiased resizing of an image (H, W, c) to ``space``: one matrix per axis."""
    space = as_sizes("space", space, 2)
    if len(space) != 2:
        raise ValueError(f"space = {space}: expected height and width")
    return _resized(check("x", x, ndim=3), space)


def _resized(x, space):
    xp = array_namespace(x)
    rows, columns = (asarray(resampling(N, n), like=x) for N, n in zip(x.shape[:2], space, strict=True))
    return xp.moveaxis(rows @ xp.moveaxis(x, -1, 0) @ columns.T, 0, -1)


def halve(x):
    """An image (H, W, c) at half its size; an odd last row or column is left out."""
    if min(check("x", x, ndim=3).shape[:2]) < 2:
        raise ValueError(f"x has shape {tuple(x.shape)}: expected at least 2 x 2 pixels")
    return _halved(x)


def _halved(x):
    H, W = (N // 2 for N in x.shape[:2])
    return _resized(x[: 2 * H, : 2 * W, :], (H, W))


def double(y):
    """An image (H, W, c) at twice its size, by bicubic interpolation."""
    return _doubled(check("y", y, ndim=3))


def _doubled(y):
    return _resized(y, (2 * y.shape[0], 2 * y.shape[1]))


def back_project(x, y, n_iter=5):
    """``x <- x + double(y - halve(x))``: make a large image agree with the small one it stands for [Irani &
    Peleg, 1991]."""
    array_namespace(check("x", x, ndim=3), check("y", y, ndim=3))
    H, W, c = x.shape
    if tuple(y.shape) != (H // 2, W // 2, c) or H % 2 or W % 2:
        raise ValueError(
            f"x of shape {tuple(x.shape)}, y of shape {tuple(y.shape)}: expected twice its sides"
        )
    return _agree(x, y, check_whole("n_iter", n_iter, 0))


def _agree(x, y, n_iter):
    for _ in range(n_iter):
        x = x + _doubled(y - _halved(x))
    return x


def train_superresolution(images, size=8, m=64, lam=2.0, ridge=4e3, low=None, n_iter=20, rng=None):
    """Learn coupled dictionaries from photographs and their halves [Gu et al., 2015].

    The high-passed halves teach the filters ``low`` and give the codes ``g_j``; then ``high`` solves ``min
    sum_j ||x_j - double(halve(x_j)) - D_high g_j||^2 + ridge ||D_high||^2``, a linear problem. (Gu et al.
    learn a map between two codes; here both images share one.)

    Parameters
    ----------
    images : list of arrays (H, W, 1)
        Sharp photographs, 0..255.
    size, m : int
        The small filters are ``size x size``, ``m`` of them.
    lam, ridge : float
        For pixels in 0..255.
    low : array (size, size, 1, m), optional
        Filters of the small images; default: learned, by ``n_iter`` rounds of LoBCoD.
    rng : numpy Generator, optional

    Returns
    -------
    Coupled
    """
    images, lam = check_type("images", images, list, tuple), check_scale("lam", lam)
    if not images or any(check("image", x, ndim=3).shape[-1] != 1 for x in images):
        raise ValueError(f"images: expected photographs (H, W, 1), got {[tuple(x.shape) for x in images]}")
    images = [x[: x.shape[0] // 2 * 2, : x.shape[1] // 2 * 2, :] for x in images]
    small = [_halved(x) for x in images]
    if low is None:
        fine = [finest(y) for y in small]
        low = lobcod_dictionary_learning(
            fine, (size, size), m, lam, n_iter=n_iter, circular=False, zero_mean=True, rng=rng
        ).D
    codes = [code_small(y, low, lam) for y in small]
    missing = [x - _doubled(y) for x, y in zip(images, small, strict=True)]
    return Coupled(low, couple(codes, missing, low.shape[0], ridge), lam)


def finest(y):
    """The finest part of an image, which shows where details are missing; interpolation gives the rest."""
    return split_frequencies(y, 0.5)[1]


def code_small(y, low, lam):
    """The code of the finest part of a small image (H, W, 1), on its own grid."""
    D = ConvDictionary(low, tuple(y.shape[:2]), circular=False)
    return basis_pursuit(D, finest(y), lam, tol=1e-2).gamma


def superresolve(y, model, n_views=8, n_iter=5, *, progress=False):
    """An image (H, W, c) at twice its size, by coupled coding; channels are treated one by one.

    ``double(y) + D_high g`` where ``g`` codes ``y`` over ``D_low``, averaged over the first ``n_views`` of
    the eight rotations and mirror images of ``y``, then ``n_iter`` steps of :func:`back_project`. Time grows
    with pixels, channels and views; ``progress=True`` shows how far it is.
    """
    from tqdm import tqdm

    n_views = check_whole("n_views", n_views)
    if n_views > 8:
        raise ValueError(f"n_views = {n_views}: expected 1 to 8")
    n_iter, model = check_whole("n_iter", n_iter, 0), check_type("model", model, Coupled)
    xp = array_namespace(check("y", y, ndim=3))
    channels = [y[..., i : i + 1] for i in range(y.shape[-1])]
    with tqdm(total=len(channels) * n_views, disable=not progress, desc="views") as bar:
        large = [_sharpen(channel, model, n_views, bar) for channel in channels]
    return _agree(xp.concat(large, axis=-1), y, n_iter)


def _sharpen(y, model, n_views, bar):
    """``double(y)`` and what its code adds, averaged over views."""
    added = []
    for z in views(y)[:n_views]:
        space = (2 * z.shape[0], 2 * z.shape[1])
        D = ConvDictionary(model.high, space, stride=2, circular=False)
        added.append(D @ code_small(z, model.low, model.lam))
        bar.update()
    return _doubled(y) + sum(unview(added)) / n_views


def couple(codes, images, n, ridge):
    """Filters (2 n, 2 n, 1, m), placed at every second pixel, that minimise ``sum_j ||x_j - D g_j||^2 + ridge
    ||D_L||^2`` for codes ``g_j`` ``(*positions, m)``.

    On the small grid they are four sets of ``n x n`` filters with one Gram matrix: entry ``(t, k), (t',
    k')`` is the correlation of the maps k and k' at shift ``t' - t``, because all atoms lie inside.
    """
    xp, m = array_namespace(codes[0], images[0]), codes[0].shape[-1]
    gram = map_gram(sum(map_correlations(g, n) for g in codes), n)
    seen = sum(
        _rows(g).T @ xp.reshape(patches(x, (2 * n, 2 * n), 2, circular=False), (-1, 4 * n * n))
        for g, x in zip(codes, images, strict=True)
    )  # (m, 4 n^2)
    seen = xp.reshape(xp.permute_dims(xp.reshape(seen, (m, n, 2, n, 2)), (1, 3, 0, 2, 4)), (n * n * m, 4))
    held = gram + check_level("ridge", ridge) * eye(n * n * m, like=gram)
    filters = xp.reshape(xp.linalg.solve(held, seen), (n, n, m, 2, 2))
    return xp.reshape(xp.permute_dims(filters, (0, 3, 1, 4, 2)), (2 * n, 2 * n, 1, m))


def _rows(gamma):
    """A code as a matrix (positions, m), sparse where the library can."""
    flat = array_namespace(gamma).reshape(gamma, (-1, gamma.shape[-1]))
    module = sparse(gamma)
    return module.csr_matrix(flat) if module else flat


def map_correlations(gamma, n):
    """``R[s] = sum_i alpha_i alpha_{i+s}^T`` of a code (H, W, m), for all shifts ``|s_1|, |s_2| < n``.

    Shape (2 n - 1, 2 n - 1, m, m). With n - 1 zeros after each row, a shift in the image is a shift in the
    list of needles; only half of the shifts is computed, since ``R[-s] = R[s]^T``.
    """
    xp, (H, W, m) = array_namespace(gamma), gamma.shape
    wide = xp.concat([gamma, zeros((H, n - 1, m), like=gamma)], axis=1)
    rows, width, found = _rows(wide), W + n - 1, {}
    for i in range(n):
        for j in range(-(n - 1) if i else 0, n):
            s = i * width + j
            R = rows[: H * width - s, :].T @ rows[s:, :] if s < H * width else zeros((m, m), like=gamma)
            R = xp.asarray(R.toarray()) if hasattr(R, "toarray") else R
            found[i, j], found[-i, -j] = R, R.T
    around = range(-(n - 1), n)
    return xp.stack([xp.stack([found[i, j] for j in around]) for i in around])


def map_gram(R, n):
    """The Gram matrix (n^2 m, n^2 m) with blocks ``(t, t')`` equal to ``R[t - t']``."""
    xp, m = array_namespace(R), R.shape[-1]
    shift = indices([n - 1 + a - b for a in range(n) for b in range(n)], like=R)
    R = xp.take(xp.take(R, shift, axis=0), shift, axis=1)
    R = xp.reshape(R, (n, n, n, n, m, m))  # (t_1, t'_1, t_2, t'_2, k, k')
    return xp.reshape(xp.permute_dims(R, (0, 2, 4, 1, 3, 5)), (n * n * m, n * n * m))
