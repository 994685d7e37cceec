"""Compiled loops of convolutional orthogonal matching pursuit: the largest correlation by a tournament,
least squares on the chosen atoms, and updates inside one stripe.

Correlations and codes (P, Q, m) stand as P rows of ``Q m`` numbers; one-dimensional ones have P = 1.
"""

import numba
import numpy as np

from .chosen import gram_rows, remember, settle, settle_all
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
    state = (corr, cross, chosen, room, factor, moves, games, gram_rows(k), grid)
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
        gain, listed = settle_all(t, corr, cross, chosen, room, factor, grid)
    else:
        remember(t, cross, chosen, room, gram, grid)
        gain, listed = settle(t, corr, chosen, tiny, room, gram, grid)
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
