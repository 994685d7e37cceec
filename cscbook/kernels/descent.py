"""Compiled loops of basis pursuit on short signals: all correlations are at hand, and every step keeps
them so.

Signals (B, H, W c), codes and correlations (B, P, Q m) stand as rows, atoms (m, h, w c) too;
one-dimensional signals have H = P = h = 1. ``lam`` and ``curve`` (the squared norms of the atoms) have
one entry per number in a row of the code.
"""

import numba
import numpy as np

from .convolution import _subtract, _subtract_row


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _add(out, value, row, step):
    """``out += value * row[::step]``."""
    if step == 1:
        for j in range(out.size):
            out[j] += value * row[j]
    else:
        for j in range(out.size):
            out[j] += value * row[j * step]


@numba.njit(nogil=True, fastmath=True, cache=True)
def certify(signals, atoms, z, lam, nonnegative, step, corr, energy, primal, gap):
    """For each code, all correlations ``D^T r`` afresh, ``||r||^2``, the objective and its relative
    duality gap.

    ``step`` is the distance of neighbouring positions, in rows and in numbers of a row. Sums run in
    double precision. This is :func:`~cscbook.duality_gap`, signal by signal.
    """
    (_, H, W), (m, h, w) = signals.shape, atoms.shape
    B, P, row = z.shape
    wide, line = np.empty((H + h - 1, W + w - 1), z.dtype), np.empty(row // m, z.dtype)
    for b in range(B):
        r, l1, top, rr, ry = wide[:H, :W], 0.0, 0.0, 0.0, 0.0
        for i in range(H):  # `r[:] = signals[b]` compiles the text of an error too: three seconds
            for x in range(W):
                r[i, x] = signals[b, i, x]
        for i in range(P):
            for x in range(row):
                if z[b, i, x] != 0:
                    _subtract(r, atoms[x % m], i * step[0], x // m * step[1], z[b, i, x], signals[0, :0, :0])
                    l1 += lam[x] * abs(z[b, i, x])
        for i in range(H):
            for x in range(W):
                rr += float(r[i, x]) * r[i, x]
                ry += float(r[i, x]) * signals[b, i, x]
        for i in range(H + h - 1):  # what sticks out wraps around
            for x in range(0 if i >= H else W, W + w - 1):
                wide[i, x] = r[i % H, x % W]
        for i in range(P):
            for k in range(m):
                line[:] = 0
                for u in range(h):
                    for v in range(w):
                        _add(line, atoms[k, u, v], wide[i * step[0] + u, v:], step[1])
                for j in range(line.size):
                    c = line[j]
                    corr[b, i, j * m + k] = c
                    top = max(top, (c if nonnegative else abs(c)) / lam[k])
        scale = 1 / max(1.0, top)
        energy[b], primal[b] = rr, rr / 2 + l1
        gap[b] = 0.0 if primal[b] == 0 else 1 - (scale * ry - scale**2 * rr / 2) / primal[b]


@numba.njit(nogil=True, fastmath=True, cache=True)
def _survey(corr, z, lam, curve, nonnegative, moves):
    """How far each entry would move, times its curvature, and the largest of these; the largest ``|c| /
    lam`` and ``|curve z + c|``; ``z^T c``; and ``lam^T |z|``."""
    zero = z.dtype.type(0)
    worst, top, largest, product, l1 = zero, zero, zero, 0.0, 0.0
    for i in range(z.shape[0]):
        for x in range(z.shape[1]):
            c, v = corr[i, x], z[i, x]
            u = curve[x] * v + c
            a = max(abs(u) - lam[x], zero)
            new = a if u > 0 else (zero if nonnegative else -a)
            moves[i, x] = abs(new - curve[x] * v)
            worst = max(worst, moves[i, x])
            top = max(top, (c if nonnegative else abs(c)) / lam[x])
            largest = max(largest, abs(u))
            product += v * c
            l1 += lam[x] * abs(v)
    return worst, top, largest, product, l1


@numba.njit(nogil=True, fastmath=True, cache=True)
def descend(corr, z, cross, lam, curve, nonnegative, wrap, energy, gap, goal):
    """Locally greedy coordinate descent [Moreau, Oudre & Vayatis, 2018] on each code, until its duality
    gap seems to be half of ``goal``, or a tenth of ``gap`` where there is no goal (0).

    A sweep moves the entries that would move at least half as far as the one that would move most. A
    move changes the correlations inside one stripe, through cross (m, 2 p + 1, (2 q + 1) m) as in
    :func:`~cscbook.kernels.greedy.greedy`, and ``||r||^2`` in closed form. Codes whose ``gap``
    is at most ``goal`` stay.
    """
    (B, P, row), m, span = z.shape, cross.shape[0], cross.shape[2]
    p, reach = cross.shape[1] // 2, (span // m) // 2 * m
    moves = np.empty((P, row), z.dtype)
    for b in range(B):
        if gap[b] <= goal:
            continue
        aim = goal / 2 if goal > 0 else gap[b] / 10
        for _ in range(2000):
            worst, top, largest, product, l1 = _survey(corr[b], z[b], lam, curve, nonnegative, moves)
            scale, value = 1 / max(1.0, top), energy[b] / 2 + l1
            if value - scale * (energy[b] + product) + scale**2 * energy[b] / 2 <= aim * value:
                break
            if worst <= 2 * np.finfo(z.dtype).eps * largest:  # rounding
                break
            for i in range(P):
                for j in range(row // m):
                    for k in range(m):
                        x = j * m + k
                        if moves[i, x] < worst / 2:
                            continue
                        c, v = corr[b, i, x], z[b, i, x]
                        u = curve[x] * v + c
                        new = max(abs(u) - lam[x], z.dtype.type(0)) / curve[x]
                        if u < 0:
                            new = z.dtype.type(0) if nonnegative else -new
                        d = new - v
                        z[b, i, x] = new
                        energy[b] += d * (curve[x] * d - 2 * c)
                        for t in range(-p, p + 1):
                            if wrap or 0 <= i + t < P:
                                _subtract_row(corr[b, (i + t) % P], cross[k, p + t], x - k - reach, d, wrap)
