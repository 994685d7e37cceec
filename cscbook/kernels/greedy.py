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
def greedy(corr, cross, space, m, wrap, k, bound, energy, tiny, support, z, trace):
    """OMP on all shifts of unit atoms; an atom changes the correlations inside its stripe and nowhere else.

    corr (P, Q m) = D^T r is kept up to date through cross (m, 2 p + 1, (2 q + 1) m): the correlation of
    atom a with all atoms whose position differs by at most (p, q), that is D_L^T Omega. Least squares
    on the chosen atoms is solved in windows around an atom that still correlates with the residual by
    more than ``tiny``, until there is none. ``energy`` is ||y||^2. Returns the number of atoms and
    ||r||^2.
    """
    P, Q = space
    p, q = cross.shape[1] // 2, (cross.shape[2] // m) // 2
    blocks = (Q + BLOCK - 1) // BLOCK
    leaves = 1
    while leaves < P * blocks:
        leaves *= 2
    best, where = (
        np.zeros(2 * leaves, corr.dtype),
        np.zeros(2 * leaves, np.int64),
    )  # a tournament: 1 is the winner
    dirty, marked = np.empty(P * blocks, np.int64), np.zeros(P * blocks, np.bool_)
    for b in range(P * blocks):
        _play(best, where, corr, leaves, b, blocks, Q, m)
    head = np.full((P, Q), -1)  # the chosen atoms of each position, as linked lists
    link, queue, queued = np.empty(k, np.int64), np.empty(k, np.int64), np.zeros(k, np.bool_)
    near, step = np.empty(MOST, np.int64), np.empty(MOST)
    gram = np.empty((MOST, MOST))
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
            size = _window(near, s, support, head, link, P, Q, m, p, q, wrap)
            energy -= _least_squares(near, size, support, corr, cross, gram, step, P, Q, m, p, q, wrap)
            for n in range(size):
                if abs(step[n]) <= 1e-3 * tiny:
                    continue
                at = support[near[n]]
                z[near[n]] += step[n]
                i, j, a = at // (Q * m), at // m % Q, at % m
                for di in range(-p, p + 1):
                    u = i + di
                    if u < 0 or u >= P:
                        if not wrap:
                            continue
                        u %= P
                    _subtract_row(corr[u], cross[a, p + di], (j - q) * m, step[n], wrap)
                    for x in range((j - q) // BLOCK, (j + q) // BLOCK + 1):
                        b = u * blocks + x % blocks
                        if not marked[b]:
                            marked[b], dirty[count] = True, b
                            count += 1
                    if wrap and (j - q < 0 or j + q >= Q):  # the last block may be shorter than the others
                        for b in (u * blocks, u * blocks + blocks - 1):
                            if not marked[b]:
                                marked[b], dirty[count] = True, b
                                count += 1
            first, waiting = _disturbed(
                support[s],
                corr,
                head,
                link,
                support,
                queue,
                queued,
                first,
                waiting,
                tiny,
                P,
                Q,
                m,
                p,
                q,
                wrap,
            )
        for b in dirty[:count]:
            marked[b] = False
            _play(best, where, corr, leaves, b, blocks, Q, m)
        trace[t - 1] = np.sqrt(max(energy, 0.0))
    return t, energy


@numba.njit(nogil=True, cache=True)
def _window(near, s, support, head, link, P, Q, m, p, q, wrap):
    """Chosen atoms around atom s, within two stripes or fewer, at most MOST; s itself comes first."""
    at = support[s]
    i, j = at // (Q * m), at // m % Q
    near[0] = s
    for reach in (2, 1):
        rows, columns = min(reach * p, (P - 1) // 2), min(reach * q, (Q - 1) // 2)
        size = 1
        for di in range(-rows, rows + 1):
            for dj in range(-columns, columns + 1):
                u, v = i + di, j + dj
                if not wrap and (u < 0 or u >= P or v < 0 or v >= Q):
                    continue
                n = head[u % P, v % Q]
                while n >= 0 and size < MOST:
                    if n != s:
                        near[size] = n
                        size += 1
                    n = link[n]
        if size < MOST:
            return size
    return 1


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _inner(one, two, cross, P, Q, m, p, q, wrap):
    """Inner product of two placed atoms, on the circle by the shorter way, or by both where an atom
    reaches that far."""
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
def _least_squares(near, size, support, corr, cross, gram, step, P, Q, m, p, q, wrap):
    """Solve ``gram step = corr`` on the window by Cholesky; returns by how much ||r||^2 falls."""
    gain = 0.0
    for i in range(size):
        at = support[near[i]]
        step[i] = corr[at // (Q * m), at % (Q * m)]
        gram[i, i] = 1.0
        for j in range(i):
            gram[i, j] = _inner(support[near[j]], at, cross, P, Q, m, p, q, wrap)
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


@numba.njit(nogil=True, cache=True)
def _disturbed(at, corr, head, link, support, queue, queued, first, waiting, tiny, P, Q, m, p, q, wrap):
    """Queue the chosen atoms within three stripes of a place that correlate with the residual."""
    i, j = at // (Q * m), at // m % Q
    rows, columns = min(3 * p, P // 2), min(3 * q, Q // 2)
    for di in range(-rows, rows + 1):
        for dj in range(-columns, columns + 1):
            u, v = i + di, j + dj
            if not wrap and (u < 0 or u >= P or v < 0 or v >= Q):
                continue
            n = head[u % P, v % Q]
            while n >= 0:
                if not queued[n] and abs(corr[u % P, support[n] % (Q * m)]) > tiny:
                    queue[(first + waiting) % len(queue)], queued[n] = n, True
                    waiting += 1
                n = link[n]
    return first, waiting


@numba.njit(nogil=True, fastmath=True, cache=True)
def _play(best, where, corr, leaves, block, blocks, Q, m):
    """Find the largest |corr| of one block and replay its games up to the root of the tournament."""
    i, first = block // blocks, block % blocks * BLOCK
    row, stop = corr[i], min(first + BLOCK, Q) * m
    top = abs(row[first * m])
    for x in range(first * m, stop):
        top = max(top, abs(row[x]))
    at = first * m
    for x in range(first * m, stop):
        if abs(row[x]) == top:
            at = x
            break
    node = leaves + block
    best[node], where[node] = top, i * Q * m + at
    while node > 1:
        node //= 2
        child = 2 * node if best[2 * node] >= best[2 * node + 1] else 2 * node + 1
        best[node], where[node] = best[child], where[child]
