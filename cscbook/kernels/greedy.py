"""Compiled loops of convolutional orthogonal matching pursuit: the largest correlation by a tournament,
least squares on the chosen atoms, and updates inside one stripe.

Correlations and codes (P, Q, m) stand as P rows of ``Q m`` numbers; one-dimensional ones have P = 1.
"""

import numba
import numpy as np

from .convolution import _subtract_row
from .threads import count as cores
from .threads import in_threads
from .tournament import BLOCK, blocks, leaf, play, tournament, winner

MOST = 384  # atoms up to which one factor holds all of them
WIDE = 4096  # numbers of a stripe from which on its rows are shared among threads


def greedy(corr, cross, space, wrap, bound, energy, k):
    """OMP on all shifts of unit atoms; an atom changes the correlations inside its stripe and nowhere else.

    corr (P, Q m) = D^T r is kept up to date through cross (m, 2 p + 1, (2 q + 1) m): the correlation of
    atom a with all atoms whose position differs by at most (p, q), that is D_L^T Omega. Least squares is
    solved among the chosen atoms alone; then each coefficient that has moved changes the correlations,
    once: rows of positions are shared among threads, to equal bits. ``energy`` is ||y||^2; at most ``k``
    atoms are chosen. Returns their flat places, their coefficients, ||r|| after each, and ||r||^2.
    """
    P, Q = space
    m, height, width = cross.shape[0], cross.shape[1], cross.shape[2] // cross.shape[0]
    grid = (P, Q, m, height // 2, width // 2, wrap)
    exact = corr.dtype == np.float64
    tiny = float(np.abs(corr).max()) * (1e-10 if exact else 1e-5)
    limits = (bound, energy * (1e-15 if exact else 1e-9), tiny)
    threads = min(cores(), height) if P > 1 and cross[0].size >= WIDE else 1
    chosen = (np.empty(k, np.int64), np.empty((3, k), np.int64), np.full((P, Q), -1), np.empty(k, np.int64))
    room = (np.empty((3, k), np.int64), np.full(k, -1), np.empty((2, k), np.int64), np.empty((5, k)))
    moves = (np.empty(k, np.int64), np.empty(k))
    games = (
        *tournament(corr, grid),
        np.empty((threads, P * blocks(Q)), np.int64),
        np.zeros(P * blocks(Q), bool),
    )
    factor = np.empty((k, k) if k <= MOST else (0, 0))
    state = (corr, cross, chosen, room, factor, moves, games, _gram(k), grid)
    z, trace, t, moved, dirty = np.zeros(k), np.empty(k), 0, 0, np.zeros(threads, np.int64)
    if threads == 1:
        t, energy = _alone(state, limits, energy, z, trace, dirty)
    else:
        t, energy, moved = _choose(state, limits, t, energy, z, trace, dirty)
        while moved:
            dirty[:] = in_threads(lambda i: _spread(state, moved, i, threads), range(threads))  # noqa: B023
            state = _with_room(state, t)
            t, energy, moved = _choose(state, limits, t, energy, z, trace, dirty)
    return chosen[0][:t], z[:t], trace[:t], energy


@numba.njit(nogil=True, cache=True)
def _gram(k):
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
def _with_room(state, t):
    """The state, its Gram matrix with room for atom ``t``."""
    corr, cross, chosen, room, factor, moves, games, (first, to, value, later, used), grid = state
    while used[0] + 2 * t + 1 > len(to):
        to, value, later = np.append(to, to), np.append(value, value), np.append(later, later)
    return corr, cross, chosen, room, factor, moves, games, (first, to, value, later, used), grid


@numba.njit(nogil=True, fastmath=True, cache=True)
def _alone(state, limits, energy, z, trace, dirty):
    """All steps on one thread; returns the number of atoms and ||r||^2."""
    t, energy, moved = _choose(state, limits, 0, energy, z, trace, dirty)
    while moved:
        dirty[0] = _spread(state, moved, 0, 1)
        state = _with_room(state, t)
        t, energy, moved = _choose(state, limits, t, energy, z, trace, dirty)
    return t, energy


@numba.njit(nogil=True, fastmath=True, cache=True)
def _choose(state, limits, t, energy, z, trace, dirty):
    """Play on the blocks that are dirty, take the winner as atom ``t``, solve for the chosen ones, and list
    what moves; returns the number of atoms, ||r||^2 and the length of the list, zero at the end."""
    corr, cross, chosen, room, factor, (places, steps), (best, where, changed, marked), gram, grid = state
    for thread in range(len(dirty)):
        for b in changed[thread, : dirty[thread]]:
            marked[b] = False
            play(best, where, b)
    bound, floor, tiny = limits
    if t == len(z) or energy <= bound or energy <= floor or best[1] <= tiny:
        return t, energy, 0
    _, Q, m, _, _, _ = grid
    flat = winner(best, where, corr, grid)
    u, v = flat // (Q * m), flat // m % Q
    support, place, head, link = chosen
    support[t], place[0, t], place[1, t], place[2, t] = flat, u, v, flat % m
    link[t], head[u, v] = head[u, v], t
    if len(factor):
        gain, listed = _settle_all(t, corr, cross, chosen, room, factor, grid)
    else:
        _remember(t, cross, chosen, room, gram, grid)
        gain, listed = _settle(t, corr, chosen, tiny, room, gram, grid)
    moved = 0
    for i in range(listed):
        n, step = room[0][0, i], room[3][4, i]
        room[1][n] = -1
        if abs(step) > 1e-2 * tiny:
            z[n] += step
            places[moved], steps[moved] = chosen[0][n], step
            moved += 1
    trace[t] = np.sqrt(max(energy - gain, 0.0))
    return t + 1, energy - gain, moved


@numba.njit(nogil=True, fastmath=True, cache=True)
def _spread(state, moved, thread, threads):
    """Subtract all listed steps from the correlations, in the rows of this thread, and find the largest of
    each block that this changes; returns how many these are."""
    corr, cross, _, _, _, (places, steps), (best, where, changed, marked), _, grid = state
    count = 0
    for at, step in zip(places[:moved], steps):  # noqa: B905
        count = _move(corr, cross, at, step, (thread, threads), changed[thread], marked, count, grid)
    for b in changed[thread, :count]:
        leaf(best, where, corr, b, grid)
    return count


@numba.njit(nogil=True, cache=True)
def _remember(new, cross, chosen, room, gram, grid):
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
def _settle(new, corr, chosen, tiny, room, gram, grid):
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
def _settle_all(new, corr, cross, chosen, room, factor, grid):
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


@numba.njit(nogil=True, fastmath=True, cache=True)
def _move(corr, cross, at, step, mine, dirty, marked, count, grid):
    """Subtract ``step`` times a placed atom from the residual that corr correlates with, in every so many
    rows; note each block that this changes once, and return how many are noted."""
    P, Q, m, p, q, wrap = grid
    i, j, a, across = at // (Q * m), at // m % Q, at % m, blocks(Q)
    over = int(wrap and (j < q or j + q >= Q))  # past a shorter last block a place may lie one block further
    for di in range(-p, p + 1):
        u = i + di
        if u < 0 or u >= P:
            if not wrap:
                continue
            u %= P
        if u % mine[1] != mine[0]:
            continue
        _subtract_row(corr[u], cross[a, p + di], (j - q) * m, corr.dtype.type(step), wrap)
        for x in range((j - q) // BLOCK - over, (j + q) // BLOCK + over + 1):
            b = u * across + x % across
            if not marked[b]:
                marked[b], dirty[count] = True, b
                count += 1
    return count
