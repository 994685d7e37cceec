"""Local views of a signal: its patches ``R_i x``, the sum that puts them back, and the stripes of a code.

One layout: ``(*batch, *space, c)``, channels last. ``size`` has one entry per space axis, so it also says
how many there are.
"""

import math

import numpy as np

from . import kernels
from .arrays import added, array_namespace, as_stride, indices, is_numpy, sliding_windows, zeros


def positions(size, space, stride=1, circular=True):
    """How many patches start along each axis: ``N / s`` on the circle, ``(N - n) // s + 1`` inside the
    border."""
    stride = as_stride(stride)
    for n, N in zip(size, space, strict=True):
        if not 1 <= n <= N:
            raise ValueError(f"patches of size {tuple(size)} do not fit a signal on {tuple(space)}")
    if not circular:
        return tuple((N - n) // stride + 1 for n, N in zip(size, space, strict=True))
    if any(N % stride for N in space):
        raise ValueError(f"stride {stride} does not divide the circular space {tuple(space)}")
    return tuple(N // stride for N in space)


def _space(x, size):
    if x.ndim < len(size) + 1:
        raise ValueError(
            f"signal of shape {tuple(x.shape)}: expected (*batch, *space, c) with {len(size)} space axes"
        )
    space = tuple(x.shape[-1 - len(size) : -1])
    if 0 in space:
        raise ValueError(f"signal of shape {tuple(x.shape)}: expected no empty axis")
    return space


def _wrap(x, axis, n):
    """Append the first ``n`` entries of an axis to its end."""
    xp = array_namespace(x)
    return xp.concat([x, x[(slice(None),) * axis + (slice(0, n), ...)]], axis=axis) if n else x


def patches(x, size, stride=1, circular=True):
    """All patches ``R_i x`` of a signal.

    Parameters
    ----------
    x : array, shape (*batch, *space, c)
    size : tuple of int
        Size n of a patch along each space axis.
    stride : int
        Distance of neighbouring patches.
    circular : bool
        True: patches wrap around. False: only patches wholly inside, as in K-SVD denoising.

    Returns
    -------
    array, shape (*batch, *positions, n c)
        Patch i holds the entries i, ..., i + n - 1, channels last.
    """
    stride = as_stride(stride)
    xp = array_namespace(x)
    d, space, batch = len(size), _space(x, size), x.ndim - len(size) - 1
    count = positions(size, space, stride, circular)
    for axis in range(d if circular else 0):
        x = _wrap(x, batch + axis, size[axis] - 1)
    x = sliding_windows(x, tuple(size), tuple(range(batch, batch + d)))  # (*batch, *positions, c, *size)
    x = x[(..., *[slice(None, None, stride)] * d, slice(None), *[slice(None)] * d)]
    x = xp.moveaxis(x, batch + d, -1)
    return xp.reshape(x, x.shape[:batch] + count + (math.prod(size) * x.shape[-1],))


def aggregate(p, size, space, stride=1, circular=True):
    """Put patches back and add them up, ``sum_i R_i^T p_i``: the adjoint of :func:`patches`.

    Parameters
    ----------
    p : array, shape (*batch, *positions, n c)
    size, space : tuple of int
        Sizes of a patch and of the signal.

    Returns
    -------
    array, shape (*batch, *space, c)
    """
    stride = as_stride(stride)
    xp = array_namespace(p)
    d, count = len(size), positions(size, space, stride, circular)
    batch, n = p.ndim - d - 1, math.prod(size)
    if batch < 0 or tuple(p.shape[batch:-1]) != count or p.shape[-1] % n:
        raise ValueError(
            f"patches of shape {tuple(p.shape)}: expected (*batch, {', '.join(map(str, count))}, {n} c)"
        )
    p = xp.reshape(p, p.shape[:batch] + count + tuple(size) + (p.shape[-1] // n,))
    if is_numpy(p) and d < 3 and p.dtype in (np.float32, np.float64):
        x = _compiled_overlap_add(p, batch, size, space, stride)
    else:
        x = p
        for axis in reversed(range(d)):  # the last axis first: what is left to add shrinks by n each time
            x = _overlap_add(x, batch + axis, batch + d + axis, space[axis], stride)
    for axis in range(d):
        x = _wrapped(x, batch + axis, space[axis])
    return x


def _reach(N, count, n, stride):
    """How far ``count`` patches reach along an axis, at least its ``N`` entries."""
    return max(N, stride * (count - 1) + n)


def _compiled_overlap_add(p, batch, size, space, stride):
    """Patches ``(*batch, *count, *size, c)`` of NumPy's, added up as far as they reach."""
    d, c, count = len(size), p.shape[-1], p.shape[batch : batch + len(size)]
    reach = tuple(map(_reach, space, count, size, (stride,) * d))
    one = (1,) * (2 - d)
    *_, h, w = one + tuple(size)
    rows = np.require(p.reshape(-1, *one, *count, h, w * c), requirements="CW")
    x = np.zeros((rows.shape[0], *one, *reach[:-1], reach[-1] * c), p.dtype)
    kernels.overlap.overlap_add(rows, stride, c, x)
    return x.reshape(*p.shape[:batch], *reach, c)


def _overlap_add(p, axis, inner, N, stride):
    """Add the ``n`` entries of axis ``inner`` to the places ``stride * position + entry`` of axis
    ``axis``, which becomes as long as they reach."""
    count, n = p.shape[axis], p.shape[inner]
    shape = [s for a, s in enumerate(p.shape) if a != inner]
    shape[axis] = _reach(N, count, n, stride)
    out, at = zeros(tuple(shape), like=p), (slice(None),) * axis
    for i in range(n):
        where = at + (slice(i, i + stride * (count - 1) + 1, stride), ...)
        out = added(out, where, p[(slice(None),) * inner + (i, ...)])
    return out


def _wrapped(x, axis, N):
    """Add what lies beyond the ``N`` entries of an axis to its beginning."""
    if x.shape[axis] == N:
        return x
    at = (slice(None),) * axis
    head, tail = x[at + (slice(0, N), ...)], x[at + (slice(N, None), ...)]
    return added(head, at + (slice(0, x.shape[axis] - N), ...), tail)


def counts(size, space, stride=1, circular=True, *, like):
    """How many patches cover each entry of the signal, ``sum_i R_i^T R_i 1``; shape ``(*space, 1)``."""
    stride = as_stride(stride)
    xp, cover = array_namespace(like), 1.0
    where = positions(size, space, stride, circular)
    for axis, (P, n, N) in enumerate(zip(where, size, space, strict=True)):  # the axes cover independently
        along = _wrapped(_overlap_add(xp.ones_like(zeros((P, n), like=like)), 0, 1, N, stride), 0, N)
        cover = cover * xp.reshape(along, (1,) * axis + (N,) + (1,) * (len(size) - axis))
    return cover


def stripes(gamma, size, stride=1, circular=True):
    """All stripes of a code: the ``(2 ceil(n / stride) - 1)^d`` needles that touch each patch.

    Parameters
    ----------
    gamma : array, shape (*batch, *positions, m)
    size : tuple of int
        Size n of the atoms.

    Returns
    -------
    array, shape (*batch, *positions, stripe m)
        Without ``circular``, needles beyond the border are zero.
    """
    stride = as_stride(stride)
    xp = array_namespace(gamma)
    space = _space(gamma, size)
    reach = [-(-n // stride) - 1 for n in size]
    first = gamma.ndim - 1 - len(size)
    for axis, r in enumerate(reach):
        shape = gamma.shape[: first + axis] + (r,) + gamma.shape[first + axis + 1 :]
        if circular:
            at = indices([i % space[axis] for i in range(-r, space[axis] + r)], like=gamma)
            gamma = xp.take(gamma, at, axis=first + axis)
        else:
            border = zeros(shape, like=gamma)
            gamma = xp.concat([border, gamma, border], axis=first + axis)
    return patches(gamma, tuple(2 * r + 1 for r in reach), circular=False)


def times(x, M):
    """``x_i M`` for the rows ``x_i`` at all positions of a batch: patches to needles, or needles to slices.

    One product of matrices: NumPy multiplies a stack one small matrix after the other. ``xp.matmul`` takes
    single precision with double, which PyTorch's ``@`` does not.
    """
    xp = array_namespace(x)
    return xp.reshape(xp.matmul(xp.reshape(x, (-1, x.shape[-1])), M), (*x.shape[:-1], M.shape[-1]))


def correlate(p, gamma):
    """``sum_i p_i gamma_i^T`` over all positions of a batch: a matrix (n c, m) of patches and needles.

    It is the adjoint of filters to the signal that they make of a code.
    """
    xp = array_namespace(p, gamma)
    return xp.matmul(xp.reshape(p, (-1, p.shape[-1])).T, xp.reshape(gamma, (-1, gamma.shape[-1])))
