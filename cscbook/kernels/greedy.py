"""Compiled loops of convolutional orthogonal matching pursuit: the largest correlation by a tournament,
least squares in windows, and updates inside one stripe.

Correlations and codes (P, Q, m) stand as P rows of ``Q m`` numbers; one-dimensional ones have P = 1.
"""

import numba
import numpy as np

from .convolution import _subtract_row

BLOCK = 64  # positions whose largest correlation is kept together
MOST = 128  # atoms that one window of least squares holds


@numba.njit(nogil=True, fastmath=True, cache=True)
def greedy(corr, cross, space, wrap, bound, energy, tiny, support, z, trace):
    """OMP on all shifts of unit atoms; an atom changes the correlations inside its stripe and nowhere else.

    corr (P, Q m) = D^T r is kept up to date through cross (m, 2 p + 1, (2 q + 1) m): the correlation of
    atom a with all atoms whose position differs by at most (p, q), that is D_L^T Omega. Least squares
    on the chosen atoms is solved in windows around an atom that still correlates with the residual by
    more than ``tiny``, until there is none. ``energy`` is ||y||^2; at most ``len(support)`` atoms are
    chosen. Returns their number and ||r||^2.
    """
    P, Q = space
    m, k = cross.shape[0], len(support)
    grid = (P, Q, m, cross.shape[1] // 2, cross.shape[2] // m // 2, wrap)
    best, where = _tournament(corr, grid)
    dirty, marked = np.empty(P * _blocks(Q), np.int64), np.zeros(P * _blocks(Q), np.bool_)
    head = np.full((P, Q), -1)  # the chosen atoms of each position, as linked lists
    link, queue, queued = np.empty(k, np.int64), np.empty(k, np.int64), np.zeros(k, np.bool_)
    chosen = (support, head, link)
    near, step, gram, seen = (
        np.empty(MOST, np.int64),
        np.empty(MOST),
        np.empty((MOST, MOST)),
        np.empty_like(link),
    )
    floor = energy * (1e-15 if corr.itemsize == 8 else 1e-9)
    t = 0
    while t < k and energy > bound and energy > floor and best[1] > tiny:
        flat = where[1]
        support[t], z[t] = flat, 0
        u, v = flat // (Q * m), flat // m % Q
        link[t], head[u, v] = head[u, v], t
        queue[0], queued[t] = t, True
        first, waiting, count = 0, 1, 0
        t += 1
        while waiting:
            s = queue[first]
            first, waiting = (first + 1) % k, waiting - 1
            queued[s] = False
            if abs(corr[support[s] // (Q * m), support[s] % (Q * m)]) <= tiny:
                continue
            size = _window(near, s, chosen, grid)
            energy -= _least_squares(near[:size], support, corr, cross, gram, step, grid)
            for n in range(size):
                if abs(step[n]) > 1e-3 * tiny:
                    z[near[n]] += step[n]
                    count = _move(corr, cross, support[near[n]], step[n], dirty, marked, count, grid)
            waiting = _disturbed(support[s], corr, chosen, seen, queue, queued, first, waiting, tiny, grid)
        for b in dirty[:count]:
            marked[b] = False
            _play(best, where, corr, b, grid)
        trace[t - 1] = np.sqrt(max(energy, 0.0))
    return t, energy


@numba.njit(nogil=True, cache=True, inline="always")
def _nearby(found, at, rows, columns, skip, chosen, grid):
    """List the chosen atoms but ``skip`` within so many rows and columns of a place, each once, as many as
    ``found`` holds; returns how many."""
    support, head, link = chosen
    P, Q, m, _, _, wrap = grid
    i, j = at // (Q * m), at // m % Q
    top, left, size = i - rows, j - columns, 0
    bottom, right = min(i + rows, top + P - 1), min(j + columns, left + Q - 1)
    if not wrap:
        top, bottom, left, right = max(top, 0), min(i + rows, P - 1), max(left, 0), min(j + columns, Q - 1)
    for u in range(top, bottom + 1):
        row = head[u % P]
        for v in range(left, right + 1):
            n = row[v % Q]
            while n >= 0 and size < len(found):
                if n != skip:
                    found[size] = n
                    size += 1
                n = link[n]
    return size


@numba.njit(nogil=True, cache=True)
def _window(near, s, chosen, grid):
    """Chosen atoms around atom s, within two stripes or fewer, at most MOST; s itself comes first."""
    P, Q, _, p, q, _ = grid
    near[0] = s
    for reach in (2, 1):
        rows, columns = min(reach * p, (P - 1) // 2), min(reach * q, (Q - 1) // 2)
        size = 1 + _nearby(near[1:], chosen[0][s], rows, columns, s, chosen, grid)
        if size < MOST:
            return size
    return 1


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _inner(one, two, cross, grid):
    """Inner product of two placed atoms, on the circle by the shorter way, or by both where an atom
    reaches that far."""
    P, Q, m, p, q, wrap = grid
    di, dj = two // (Q * m) - one // (Q * m), two // m % Q - one // m % Q
    if wrap:
        di, dj = (di + P // 2) % P - P // 2, (dj + Q // 2) % Q - Q // 2
    total = 0.0
    for u in (di, di - P, di + P):
        for v in (dj, dj - Q, dj + Q):
            if -p <= u <= p and -q <= v <= q:
                total += cross[one % m, p + u, (q + v) * m + two % m]
            if not wrap or 2 * q < Q:
                break
        if not wrap or 2 * p < P:
            break
    return total


@numba.njit(nogil=True, fastmath=True, cache=True)
def _least_squares(near, support, corr, cross, gram, step, grid):
    """Solve ``gram step = corr`` on the window by Cholesky; returns by how much ||r||^2 falls."""
    row, size, gain = grid[1] * grid[2], len(near), 0.0
    for i in range(size):
        at = support[near[i]]
        step[i] = corr[at // row, at % row]
        gram[i, i] = 1.0
        for j in range(i):
            gram[i, j] = _inner(support[near[j]], at, cross, grid)
    for i in range(size):
        for j in range(i + 1):
            v = gram[i, j]
            for x in range(j):
                v -= gram[i, x] * gram[j, x]
            if i > j:
                gram[i, j] = v / gram[j, j]
            else:
                gram[i, i] = np.sqrt(v) if v > 1e-10 else 1e30  # in the span of the others: its step is zero
        for x in range(i):
            step[i] -= gram[i, x] * step[x]
        step[i] /= gram[i, i]
        gain += step[i] * step[i]
    for i in range(size - 1, -1, -1):
        step[i] /= gram[i, i]
        for x in range(i):
            step[x] -= gram[i, x] * step[i]
    return gain


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _move(corr, cross, at, step, dirty, marked, count, grid):
    """Subtract ``step`` times a placed atom from the residual that corr correlates with; note each block that
    this changes once, and return how many are noted."""
    P, Q, m, p, q, wrap = grid
    i, j, a, blocks = at // (Q * m), at // m % Q, at % m, _blocks(Q)
    over = int(wrap and (j < q or j + q >= Q))  # past a shorter last block a place may lie one block further
    for di in range(-p, p + 1):
        u = i + di
        if u < 0 or u >= P:
            if not wrap:
                continue
            u %= P
        _subtract_row(corr[u], cross[a, p + di], (j - q) * m, step, wrap)
        for x in range((j - q) // BLOCK - over, (j + q) // BLOCK + over + 1):
            b = u * blocks + x % blocks
            if not marked[b]:
                marked[b], dirty[count] = True, b
                count += 1
    return count


@numba.njit(nogil=True, cache=True)
def _disturbed(at, corr, chosen, seen, queue, queued, first, waiting, tiny, grid):
    """Queue the chosen atoms within three stripes of a place that correlate with the residual."""
    P, Q, m, p, q, wrap = grid
    rows, columns = (min(3 * p, P // 2), min(3 * q, Q // 2)) if wrap else (3 * p, 3 * q)
    for n in seen[: _nearby(seen, at, rows, columns, -1, chosen, grid)]:
        place = chosen[0][n]
        if not queued[n] and abs(corr[place // (Q * m), place % (Q * m)]) > tiny:
            queue[(first + waiting) % len(queue)], queued[n] = n, True
            waiting += 1
    return waiting


@numba.njit(nogil=True, cache=True, inline="always")
def _blocks(Q):
    """Blocks in a row."""
    return (Q + BLOCK - 1) // BLOCK


@numba.njit(nogil=True, cache=True)
def _tournament(corr, grid):
    """``(best, where)``: |corr| and its place for the winner of each game, the winner of all at 1."""
    P, Q = grid[:2]
    leaves = 1
    while leaves < P * _blocks(Q):
        leaves *= 2
    best, where = np.zeros(2 * leaves, corr.dtype), np.zeros(2 * leaves, np.int64)
    for block in range(P * _blocks(Q)):
        _play(best, where, corr, block, grid)
    return best, where


@numba.njit(nogil=True, fastmath=True, cache=True)
def _play(best, where, corr, block, grid):
    """Find the largest |corr| of one block and replay its games up to the root of the tournament."""
    _, Q, m, _, _, _ = grid
    i, first = block // _blocks(Q), block % _blocks(Q) * BLOCK
    row, stop = corr[i], min(first + BLOCK, Q) * m
    top = abs(row[first * m])
    for x in range(first * m, stop):
        top = max(top, abs(row[x]))
    at = first * m
    for x in range(first * m, stop):
        if abs(row[x]) == top:
            at = x
            break
    node = len(best) // 2 + block
    best[node], where[node] = top, i * Q * m + at
    while node > 1:
        node //= 2
        child = 2 * node if best[2 * node] >= best[2 * node + 1] else 2 * node + 1
        best[node], where[node] = best[child], where[child]
