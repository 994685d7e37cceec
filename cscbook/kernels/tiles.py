"""Compiled coordinate descent tile by tile: what one tile needs lies side by side in memory.

A tile is a set of positions, a few rows of them, and the signal under their atoms. It is copied into a
buffer column by column; an atom is stored in the same layout, once for every row of the tile in which it can
start, with zeros where it does not reach. Then the patch under an atom is one run of numbers, and so is the
atom: the inner product and the update of the residual are loops that the compiler turns into vector
instructions. The layout is made by :mod:`cscbook.pursuits.tiles`.
"""

import numba
import numpy as np


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _copy(r, buffer, height, first, rows, start, count, back):
    """A tile of ``r`` (H, W) into the buffer, or ``back``; what sticks out wraps around."""
    H, W = r.shape
    before = min(count, W - start)
    for a in range(rows):
        row = r[(first + a) % H]
        left, right = row[start : start + before], row[: count - before]
        if back:
            for b in range(before):
                left[b] = buffer[b * height + a]
            for b in range(count - before):
                right[b] = buffer[(before + b) * height + a]
        else:
            for b in range(before):
                buffer[b * height + a] = left[b]
            for b in range(count - before):
                buffer[(before + b) * height + a] = right[b]


@numba.njit(nogil=True, fastmath=True, cache=True)
def _sweep(buffer, weight, table, base, atom, z, curvature, lam, nonnegative):
    """One sweep over the entries of a tile; returns the largest step, which an entry without curvature
    does not take."""
    n, zero = table.shape[1], z.dtype.type(0)
    largest = zero
    for s in range(z.size):
        d, x, curve, lo = table[atom[s]], buffer[base[s] : base[s] + n], curvature[s], -lam[s]
        if curve <= 0:
            continue
        v = zero
        for b in range(n):
            v += x[b] * d[b]
        v += curve * z[s]
        if nonnegative:
            lo = min(lo, v)
        step = (v - min(max(v, lo), lam[s])) / curve - z[s]
        if step != 0:
            z[s] += step
            if weight.size == 0:
                for b in range(n):
                    x[b] -= step * d[b]
            else:
                w = weight[base[s] : base[s] + n]
                for b in range(n):
                    x[b] -= step * w[b] * d[b]
            largest = max(largest, abs(step))
    return largest


@numba.njit(nogil=True, fastmath=True, cache=True)
def sweep(r, weight, layout, entries, some, z, curvature, lam, nonnegative, steps):
    """One sweep of coordinate descent on ``||M (y - D z)||^2 / 2 + sum lam |z|`` over the blocks ``some``.

    The residual ``r = M^2 (y - D z)`` and z change in place, and ``steps[i]`` becomes the largest step in
    block i.

    ``layout`` holds the atoms, the height of a tile, the tiles (first row, rows, first number in a row,
    numbers) and the blocks (first tile, last tile); ``entries`` where in its tile each entry stands, its atom
    in the layout, and the ends of the tiles' entries. ``weight`` is ``M^2``, or empty.
    """
    (table, height, tiles, blocks), (base, atom, parts) = layout, entries
    buffer = np.zeros(np.max(tiles[:, 3]) * height + table.shape[1], r.dtype)
    heavy = np.zeros(buffer.size if weight.size else 0, r.dtype)
    for i in some:
        largest = z.dtype.type(0)
        for t in range(blocks[i, 0], blocks[i, 1]):
            e = slice(parts[t], parts[t + 1])
            if e.start == e.stop:
                continue
            first, rows, start, count = tiles[t]
            _copy(r, buffer, height, first, rows, start, count, False)
            if weight.size:
                _copy(weight, heavy, height, first, rows, start, count, False)
            step = _sweep(buffer, heavy, table, base[e], atom[e], z[e], curvature[e], lam[e], nonnegative)
            if step > 0:
                _copy(r, buffer, height, first, rows, start, count, True)
            largest = max(largest, step)
        steps[i] = largest


@numba.njit(nogil=True, fastmath=True, cache=True)
def subtract(r, layout, entries, some, z):
    """``r -= D z`` for the entries of the blocks ``some``."""
    (table, height, tiles, blocks), (base, atom, parts) = layout, entries
    n = table.shape[1]
    buffer = np.zeros(np.max(tiles[:, 3]) * height + n, r.dtype)
    for i in some:
        for t in range(blocks[i, 0], blocks[i, 1]):
            if parts[t] == parts[t + 1]:
                continue
            first, rows, start, count = tiles[t]
            _copy(r, buffer, height, first, rows, start, count, False)
            for s in range(parts[t], parts[t + 1]):
                if z[s] != 0:
                    d, x, value = table[atom[s]], buffer[base[s] : base[s] + n], z[s]
                    for b in range(n):
                        x[b] -= value * d[b]
            _copy(r, buffer, height, first, rows, start, count, True)


@numba.njit(nogil=True, fastmath=True, cache=True)
def norms(weight, layout, entries, some, out):
    """``out[s] = sum weight d^2`` under the atom of each entry: what curvature a mask leaves it."""
    (table, height, tiles, blocks), (base, atom, parts) = layout, entries
    n = table.shape[1]
    buffer = np.zeros(np.max(tiles[:, 3]) * height + n, weight.dtype)
    for i in some:
        for t in range(blocks[i, 0], blocks[i, 1]):
            if parts[t] == parts[t + 1]:
                continue
            first, rows, start, count = tiles[t]
            _copy(weight, buffer, height, first, rows, start, count, False)
            for s in range(parts[t], parts[t + 1]):
                d, x = table[atom[s]], buffer[base[s] : base[s] + n]
                total = x[0] * 0
                for b in range(n):
                    total += x[b] * d[b] * d[b]
                out[s] = total


@numba.njit(nogil=True, cache=True)
def spread(v, row, column, wrap):
    """``v[i, j] = max v[i', j'] row^|i - i'| column^|j - j'|`` in place: every value reaches its
    surroundings and decays with the distance."""
    H, W = v.shape
    for again in range(2 if wrap else 1):
        for i in range(1 - (again > 0), H):
            for j in range(W):
                v[i, j] = max(v[i, j], row * v[(i - 1) % H, j])
        for k in range(1 - (again > 0), H):
            i = H - 1 - k
            for j in range(W):
                v[i, j] = max(v[i, j], row * v[(i + 1) % H, j])
    for i in range(H):
        line = v[i]
        for again in range(2 if wrap else 1):
            for j in range(1 - (again > 0), W):
                line[j] = max(line[j], column * line[(j - 1) % W])
            for k in range(1 - (again > 0), W):
                line[W - 1 - k] = max(line[W - 1 - k], column * line[(W - k) % W])
