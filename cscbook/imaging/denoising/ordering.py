"""Patch ordering: a path through all patches on which neighbours look alike, filtered as a signal."""

import numpy as np

from ...arrays import (
    array_namespace,
    check,
    check_level,
    check_whole,
    check_wholes,
    float64,
    indices,
    on_host,
)
from .checks import check_intensities
from .ksvd import averaged, centred_patches, image_patches

SIZE = 8


def patch_order(x, size=SIZE, window=31, apart=2):
    """A short path through all patches of an image (H, W, 1): from each patch to the most similar one that
    was not visited yet.

    Candidates for the next patch are those in a square of ``window x window`` positions around it, except
    for those at most ``apart`` pixels away in both directions; where none is left, all patches are. The
    path starts at patch 0. [Ram, Elad & Cohen, 2013] go to one of the two nearest at random, and have no
    ``apart``.

    Returns
    -------
    integer array (p,)
        Patch numbers, as the columns of :func:`image_patches`, in the order of the path.
    """
    size, window = check_wholes(size=size, window=window)
    apart, P = check_whole("apart", apart, 0), image_patches(check("x", x, ndim=3), size)
    return _path(P, x.shape[1] - size + 1, window // 2, apart)


@on_host
def _path(P, W, reach, apart):
    V, numbers = np.ascontiguousarray(P.T, dtype=np.float32), np.arange(P.shape[1]).reshape(-1, W)
    energy, free, order = np.sum(V * V, axis=1), np.ones(numbers.shape, dtype=bool), [0]
    while len(order) < len(V):
        i, j = divmod(order[-1], W)
        free[i, j] = False
        top, left = max(0, i - reach), max(0, j - reach)
        window = free[top : i + reach + 1, left : j + reach + 1].copy()
        near, beside = max(0, i - apart - top), max(0, j - apart - left)
        window[near : i - top + apart + 1, beside : j - left + apart + 1] = False
        some = numbers[top : i + reach + 1, left : j + reach + 1][window]
        some = some if len(some) else np.flatnonzero(free)
        order.append(int(some[np.argmin(energy[some] - 2 * (V[some] @ V[order[-1]]))]))
    return np.array(order)


def along_path(P, order, reach):
    """The neighbours of each patch on a path: entry ``(k, :, t)`` is the patch ``k - reach`` steps after the
    ``t``-th of the path; the ends are mirrored. Shape (2 reach + 1, n, p)."""
    xp, p, reach = array_namespace(check("P", P, ndim=2)), P.shape[1], check_whole("reach", reach, 0)
    if tuple(order.shape) != (p,) or reach >= p:
        raise ValueError(f"order of shape {tuple(order.shape)}, reach = {reach} for {p} patches")
    steps = [[min(abs(t), 2 * (p - 1) - abs(t)) for t in range(k, k + p)] for k in range(-reach, reach + 1)]
    return xp.stack([xp.take(P, xp.take(order, indices(one, like=P)), axis=1) for one in steps])


def _system(y, start, reach, busy, path):
    """Along the path of ``start``: neighbours of noisy patches and the patch of ``start``, which are busy,
    and the order."""
    xp, order = array_namespace(y, start), patch_order(start, SIZE, *path)
    P, Q, flat = image_patches(y, SIZE), image_patches(start, SIZE), centred_patches(start, SIZE)[0]
    A = xp.concat([along_path(P, order, reach), xp.take(Q, order, axis=1)[None, ...]])
    return A, xp.take(xp.mean(flat * flat, axis=0), order) > busy**2, order


def train_path_filter(y, start, truth, reach=12, busy=10.0, window=31, apart=2):
    """Learn on a photograph which weights the patches along a path deserve: two filters, by least squares.

    ``min_h sum_t ||R_t truth - sum_k h_k R_(t+k) y - h R_t start||^2`` over the patches of 8 x 8 of
    :func:`patch_order` on ``start``, for calm patches and, apart from them, for busy ones.

    Parameters
    ----------
    y, start, truth : array (H, W, 1)
        The noisy image, a first result such as that of K-SVD, and the clean image.
    reach : int
        Neighbours on each side of the path.
    busy : float
        Standard deviation of a patch of ``start`` from which on it is busy.

    Returns
    -------
    array (2, 2 reach + 2)
        Weights for calm and for busy patches: of ``y`` along the path, and of ``start`` at its middle.
    """
    xp = _same_shape(y, start, truth)
    busy = check_level("busy", busy)
    A, kind, order = _system(y, start, check_whole("reach", reach, 0), busy, (window, apart))
    X, weights = xp.take(image_patches(truth, SIZE), order, axis=1), []
    for some in (~kind, kind):
        if not bool(xp.any(some)):
            raise ValueError(f"busy = {busy}: expected patches on both sides of it")
        S = float64(xp.reshape(A * xp.astype(some, A.dtype), (A.shape[0], -1)))
        b = S @ xp.reshape(float64(X), (-1,))
        weights.append(xp.linalg.solve(S @ S.T, b[:, None])[:, 0])
    return xp.astype(xp.stack(weights), y.dtype)


def denoise_by_order(y, start, weights, busy=10.0, window=31, apart=2):
    """Patch ordering after a first result: filter the noisy patches along the path of ``start``, average.

    Every patch becomes ``sum_k h_k R_(t+k) y + h R_t start``, with the filter of
    :func:`train_path_filter` for calm or busy patches. After [Ram, Elad & Cohen, 2013], who filter ``y``
    alone, order by ``y`` first and by the result in a second round.

    Parameters
    ----------
    y, start : array (H, W, c)
    weights : array (2, 2 reach + 2)
    busy, window, apart
        As they were in training.

    Returns
    -------
    array (H, W, c)
    """
    xp = array_namespace(check("weights", weights, ndim=2), y)
    _same_shape(y, start)
    if weights.shape[0] != 2 or weights.shape[1] < 2 or weights.shape[1] % 2:
        raise ValueError(f"weights of shape {tuple(weights.shape)}: expected (2, 2 reach + 2)")
    reach, busy = weights.shape[1] // 2 - 1, check_level("busy", busy)
    both = xp.concat([y, start], axis=-1)
    pairs = [both[..., i :: y.shape[-1]] for i in range(y.shape[-1])]
    return xp.concat([_by_order(pair, weights, reach, busy, (window, apart)) for pair in pairs], axis=-1)


def _by_order(pair, weights, reach, busy, path):
    y, start = pair[..., :1], pair[..., 1:]
    xp = array_namespace(y)
    A, kind, order = _system(y, start, reach, busy, path)
    calm, rough = (xp.sum(A * h[:, None, None], axis=0) for h in (weights[0, :], weights[1, :]))
    Z = xp.where(kind, rough, calm)
    return averaged(xp.take(Z, xp.argsort(order), axis=1), y, SIZE)


def _same_shape(y, start, truth=None):
    """The namespace of images that must agree in shape, and hold a patch."""
    images = {"start": start} if truth is None else {"start": start, "truth": truth}
    for name, image in images.items():
        if check(name, image, ndim=3).shape != check_intensities("y", y).shape:
            raise ValueError(f"{name} has shape {tuple(image.shape)}, y has shape {tuple(y.shape)}")
    if y.shape[0] < SIZE or y.shape[1] < SIZE:
        raise ValueError(f"image of shape {tuple(y.shape)} is smaller than a patch of {SIZE} x {SIZE}")
    return array_namespace(y, *images.values())
