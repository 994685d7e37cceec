"""Compiled loops of the convolutional pursuits, on NumPy arrays: everything happens in the patch under
one atom.

A signal (H, W, c) stands as rows of ``W c`` numbers, an atom (h, w, c) as h rows of ``w c``;
one-dimensional signals have H = h = 1. An atom is placed by its first row and by its first number in
that row; what sticks out wraps around.

An inner loop runs over a slice: at an index such as ``row[j + b]`` the compiler would have to ask
whether it is negative, and could not use vector instructions.
"""

import numba
import numpy as np


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _dot(r, atom, i, j):
    """Correlation of the signal with one placed atom."""
    H, W = r.shape
    h, w = atom.shape
    total = r[0, 0] * 0
    if i + h <= H and j + w <= W:
        for a in range(h):
            row, d = r[i + a, j : j + w], atom[a]
            for b in range(w):
                total += row[b] * d[b]
    else:
        for a in range(h):
            row, d = r[(i + a) % H], atom[a]
            for b in range(w):
                total += row[(j + b) % W] * d[b]
    return total


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _subtract(r, atom, i, j, value, mask):
    """``r -= value * mask * atom`` where the atom stands; an empty mask means ones.

    Descent under a mask M keeps ``r = M^2 (y - D z)`` and passes ``M^2``.
    """
    H, W = r.shape
    h, w = atom.shape
    inside = i + h <= H and j + w <= W
    if inside and mask.size == 0:
        for a in range(h):
            row, d = r[i + a, j : j + w], atom[a]
            for b in range(w):
                row[b] -= value * d[b]
    else:
        for a in range(h):
            p = (i + a) % H
            row, d = r[p], atom[a]
            for b in range(w):
                q = (j + b) % W
                if mask.size == 0:
                    row[q] -= value * d[b]
                else:
                    row[q] -= value * mask[p, q] * d[b]


@numba.njit(nogil=True, fastmath=True, cache=True)
def subtract_all(r, atoms, mask, rows, columns, which, z):
    """``r -= mask * (D z)`` for a code given by its places."""
    for s in range(z.size):
        if z[s] != 0:
            _subtract(r, atoms[which[s]], rows[s], columns[s], z[s], mask)


@numba.njit(nogil=True, fastmath=True, cache=True)
def correlate_all(r, atoms, rows, columns, which, z):
    """``atoms += sum_i z_i R_i r``, the adjoint of :func:`subtract_all` in the atoms: what the filters
    see of a signal."""
    H, W = r.shape
    h, w = atoms.shape[1:]
    for s in range(z.size):
        if z[s] == 0:
            continue
        atom, i, j, value = atoms[which[s]], rows[s], columns[s], z[s]
        if i + h <= H and j + w <= W:
            for a in range(h):
                row, d = r[i + a, j : j + w], atom[a]
                for b in range(w):
                    d[b] += value * row[b]
        else:
            for a in range(h):
                row, d = r[(i + a) % H], atom[a]
                for b in range(w):
                    d[b] += value * row[(j + b) % W]


@numba.njit(nogil=True, fastmath=True, cache=True)
def sweep(r, atoms, mask, rows, columns, which, z, curvature, lam, nonnegative):
    """One sweep of coordinate descent on ``||y - D z||^2 / 2 + sum lam |z|`` over the places given; r and
    z change in place.

    ``curvature`` is the squared norm of each placed (masked) atom. Returns the largest step.
    """
    largest = 0.0
    for s in range(z.size):
        atom, curve = atoms[which[s]], curvature[s]
        if curve <= 0:
            continue
        v = curve * z[s] + _dot(r, atom, rows[s], columns[s])
        new = v * 0
        if v > lam[s]:
            new = (v - lam[s]) / curve
        elif v < -lam[s] and not nonnegative:
            new = (v + lam[s]) / curve
        step = new - z[s]
        if step != 0:
            z[s] = new
            _subtract(r, atom, rows[s], columns[s], step, mask)
            largest = max(largest, abs(step))
    return largest


@numba.njit(nogil=True, fastmath=True, cache=True)
def violations(corr, z, lam, nonnegative, out):
    """How far each coordinate would move by one prox step, ``|soft(z + c, lam) - z|``, and their maximum.

    ``lam`` has one entry per atom; the rows of ``corr`` and ``z`` stand needle by needle. Also the largest
    ``|c| / lam``.
    """
    m, zero = lam.size, corr.dtype.type(0)
    worst, top = zero, zero
    low = np.full(m, np.finfo(lam.dtype).min) if nonnegative else -lam
    inverse = 1 / lam
    other = corr.dtype.type(0 if nonnegative else 1)  # whether negative correlations count
    for i in range(corr.shape[0]):
        for p in range(corr.shape[1] // m):
            here = slice(p * m, p * m + m)
            c, old, move, most, far = corr[i, here], z[i, here], out[i, here], zero, zero
            for k in range(m):
                v = old[k] + c[k]
                move[k] = abs(v - min(max(v, low[k]), lam[k]) - old[k])
                far = max(far, move[k])
                most = max(most, max(c[k], -other * c[k]) * inverse[k])
            worst, top = max(worst, far), max(top, most)
    return worst, top


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _subtract_row(row, cross, start, c, wrap):
    """``row[start:start + len(cross)] -= c * cross``; what sticks out wraps around or is left out."""
    if start >= 0 and start + cross.size <= row.size:
        part = row[start : start + cross.size]
        for x in range(cross.size):
            part[x] -= c * cross[x]
    else:
        for x in range(cross.size):
            if wrap or 0 <= start + x < row.size:
                row[(start + x) % row.size] -= c * cross[x]
