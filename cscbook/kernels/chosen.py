"""Compiled loops of least squares on the chosen atoms of a convolutional pursuit, where few see each other.

``chosen = (support, place, head, link)``: the flat place of each atom, its row, column and filter, the atom
that came last at each position, and the one before it there. ``grid = (P, Q, m, p, q, wrap)``: the positions,
the filters, how far atoms see each other, and whether positions wrap around.
"""

import numba
import numpy as np


def gram_rows(k):
    """``(first, to, value, later, used)``: the Gram matrix of the chosen atoms as linked lists. The row of
    atom n begins at number ``first[n]``; number e is the inner product ``value[e]`` with atom ``to[e]``, and
    ``later[e]`` comes after it."""
    return (
        np.full(k, -1),
        np.empty(4096, np.int64),
        np.empty(4096),
        np.empty(4096, np.int64),
        np.zeros(1, np.int64),
    )


@numba.njit(nogil=True, cache=True)
def remember(new, cross, chosen, room, gram, grid):
    """Keep the inner products of a new atom with the chosen ones, itself among them."""
    (_, place, _, _), near, (first, to, value, later, used) = chosen, room[0][2], gram
    for n in near[: _nearby(near, new, grid[3], grid[4], chosen, grid)]:
        v = _inner(new, n, place, cross, grid)
        for a, b in ((new, n), (n, new)):
            to[used[0]], value[used[0]], later[used[0]] = b, v, first[a]
            first[a] = used[0]
            used[0] += 1
            if n == new:
                break


@numba.njit(nogil=True, fastmath=True, cache=True)
def settle(new, corr, chosen, tiny, room, gram, grid):
    """Least squares after one more atom has come: on the chosen atoms within two stripes of it, then also
    on each chosen atom that correlates with the residual by more than ``tiny``, until no other does.

    room = (lists, slot, rows, numbers): the atoms looked at, the slots of those that move, and space; the
    slot of each atom; where its row of the Gram matrix begins and ends; its correlation, direction,
    image, step of one solve and step in all. Returns by how much ||r||^2 falls, and how many atoms were
    looked at.
    """
    (_, place, _, _), ((atoms, members, near), slot, rows, numbers) = chosen, room
    (first, to, value, later, _), p, q = gram, grid[3], grid[4]
    columns, values = np.empty(4096, np.int64), np.empty(4096)
    listed, size, used, gain = 0, 0, 0, 0.0
    for n in near[: _nearby(near, new, 2 * p, 2 * q, chosen, grid)]:
        listed = _look(n, listed, corr, place, room, grid)
    while True:
        before, candidates = size, listed
        for i in range(candidates):
            if rows[0, i] < 0 and (before == 0 or abs(numbers[0, i]) > tiny):
                members[size], rows[0, i], e = i, used, first[atoms[i]]
                while e >= 0:
                    if used == len(columns):
                        columns, values = np.append(columns, columns), np.append(values, values)
                    listed = _look(to[e], listed, corr, place, room, grid)
                    columns[used], values[used] = slot[to[e]], value[e]
                    used, e = used + 1, later[e]
                rows[1, i] = used
                size += 1
        if size == before:
            return gain, listed
        gain += _conjugate(members[:size], rows, columns, values, numbers, tiny)
        for i in members[:size]:
            for x in range(rows[0, i], rows[1, i]):
                if rows[0, columns[x]] < 0:
                    numbers[0, columns[x]] -= values[x] * numbers[3, i]


@numba.njit(nogil=True, fastmath=True, cache=True)
def settle_all(new, corr, cross, chosen, room, factor, grid):
    """Least squares on all chosen atoms, by a Cholesky factor of their Gram matrix that gets one more row
    with each atom; returns by how much ||r||^2 falls, and how many atoms there are."""
    (_, place, _, _), (lists, _, _, numbers) = chosen, room
    row, square, gain, step = factor[new], 1.0, 0.0, numbers[4]
    for n in range(new):
        v = _inner(new, n, place, cross, grid)
        for x in range(n):
            v -= row[x] * factor[n, x]
        row[n] = v / factor[n, n]
        square -= row[n] * row[n]
    row[new] = np.sqrt(square) if square > 1e-10 else 1e30  # in the span of the others: its step is zero
    for n in range(new + 1):
        lists[0, n], v = n, _correlation(n, corr, place, grid)
        for x in range(n):
            v -= factor[n, x] * step[x]
        step[n] = v / factor[n, n]
        gain += step[n] * step[n]
    for n in range(new, -1, -1):
        step[n] /= factor[n, n]
        for x in range(n):
            step[x] -= factor[n, x] * step[n]
    return gain, new + 1


@numba.njit(nogil=True, cache=True)
def _correlation(n, corr, place, grid):
    """The correlation of a chosen atom with the residual."""
    return corr[place[0, n], place[1, n] * grid[2] + place[2, n]]


@numba.njit(nogil=True, cache=True)
def _look(n, listed, corr, place, room, grid):
    """List a chosen atom with its correlation, unless it is listed; returns how many are."""
    lists, slot, rows, numbers = room
    if slot[n] < 0:
        slot[n], lists[0, listed], rows[0, listed] = listed, n, -1
        numbers[:, listed] = 0
        numbers[0, listed] = _correlation(n, corr, place, grid)
        listed += 1
    return listed


@numba.njit(nogil=True, fastmath=True, cache=True)
def _conjugate(members, rows, columns, values, numbers, tiny):
    """Conjugate gradients on ``gram step = correlation`` until no correlation is larger than ``tiny``;
    returns by how much ||r||^2 falls."""
    rest, way, image, step, total = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    square, gain = 0.0, 0.0
    for i in members:
        way[i], step[i] = rest[i], 0
        square += rest[i] * rest[i]
    for _ in range(20 + 4 * len(members)):
        curve = 0.0
        for i in members:
            v = 0.0
            for x in range(rows[0, i], rows[1, i]):
                v += values[x] * way[columns[x]]
            image[i] = v
            curve += v * way[i]
        if curve <= 0:
            break
        t, before, square, top = square / curve, square, 0.0, 0.0
        gain += t * before
        for i in members:
            step[i] += t * way[i]
            rest[i] -= t * image[i]
            square += rest[i] * rest[i]
            top = max(top, abs(rest[i]))
        if top <= 0.5 * tiny:
            break
        for i in members:
            way[i] = rest[i] + square / before * way[i]
    for i in members:
        total[i] += step[i]
    return gain


@numba.njit(nogil=True, cache=True)
def _nearby(found, n, rows, columns, chosen, grid):
    """List the chosen atoms within so many rows and columns of one, each once; returns how many."""
    _, place, head, link = chosen
    P, Q, _, _, _, wrap = grid
    i, j = place[0, n], place[1, n]
    top, left, bottom, right, size = i - rows, j - columns, i + rows, j + columns, 0
    if wrap:
        bottom, right = min(bottom, top + P - 1), min(right, left + Q - 1)
    else:
        top, left, bottom, right = max(top, 0), max(left, 0), min(bottom, P - 1), min(right, Q - 1)
    for u in range(top, bottom + 1):
        row = head[_around(u, P)]
        for v in range(left, right + 1):
            at = row[_around(v, Q)]
            while at >= 0:
                found[size], at = at, link[at]
                size += 1
    return size


@numba.njit(nogil=True, cache=True)
def _around(i, n):
    """``i`` on a circle of length ``n``; a division costs more than all else here."""
    return i % n if i < -n or i >= 2 * n else i + n if i < 0 else i - n if i >= n else i


@numba.njit(nogil=True, fastmath=True, cache=True)
def _inner(one, two, place, cross, grid):
    """Inner product of two chosen atoms, on the circle by the shorter way, or by both where an atom
    reaches that far."""
    P, Q, m, p, q, wrap = grid
    di, dj, a, b = place[0, two] - place[0, one], place[1, two] - place[1, one], place[2, one], place[2, two]
    if wrap:
        di, dj = _around(di + P // 2, P) - P // 2, _around(dj + Q // 2, Q) - Q // 2
    total = 0.0
    for u in (di, di - P, di + P):
        for v in (dj, dj - Q, dj + Q):
            if -p <= u <= p and -q <= v <= q:
                total += cross[a, p + u, (q + v) * m + b]
            if not wrap or 2 * q < Q:
                break
        if not wrap or 2 * p < P:
            break
    return total
