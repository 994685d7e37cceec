"""Compiled twins of the loops that arrays cannot do fast. NumPy arrays only; nothing else imports numba.

Each has its array version in the module that calls it, which tests hold equal. A kernel works on a run
of columns and releases the interpreter lock, so :func:`over_columns` can hand runs to threads.
"""

import numba
import numpy as np

from .threads import in_threads


def over_columns(work, p, run):
    """``[work(start, stop), ...]`` over the columns 0..p in runs of ``run``, on numba's number of
    threads."""
    return in_threads(lambda start: work(start, min(start + run, p)), range(0, p, run))


@numba.njit(nogil=True, fastmath=True, cache=True)
def batch_omp(corr, gram, Y, D, energy, bound, k, support, value, used):
    """Batch-OMP: one orthogonal matching pursuit a row of ``Y``, all correlations by updates
    [Rubinstein et al., 2008].

    With u_1, u_2, ... the chosen atoms made orthonormal, the loop keeps ``D^T u_i`` instead of u_i:
    then the correlations after step i are ``corr - (u_i . r) D^T u_i``, and the Gram-Schmidt
    coefficients of a new atom j are the entries j of the vectors kept. A row stops at ``k`` atoms or at
    ``||y - D gamma||^2 <= bound``, measured on the residual itself.

    Parameters: corr (p, m) is overwritten; gram (m, m); Y (p, n); D (m, n) unit atoms as rows; energy (p,) =
    ||y||^2, overwritten by the squared residual. Output: support and value (p, k), used (p,) atoms per row.
    """
    (p, m), n = corr.shape, Y.shape[1]
    seen = np.empty((k, m), gram.dtype)  # row i: D^T u_i
    low = np.empty((k, k), gram.dtype)  # Cholesky factor of the chosen atoms' Gram matrix
    along = np.empty(k, gram.dtype)  # u_i . y
    residual = np.empty(n, gram.dtype)
    one = np.ones(1, gram.dtype)[0]  # a plain 1 would turn single precision into double
    eps, span = (100 * 2.3e-16, 1e-12) if gram.itemsize == 8 else (100 * 1.2e-7, 1e-5)
    for row in range(p):
        c, chosen, left = corr[row], support[row], energy[row]
        zero, doubt = eps * eps * left, 1e2 * eps * left  # below doubt, left is measured, not updated
        t, solved = 0, True
        while t < k and left > bound and left > zero:
            best = _argmax_abs(c)
            s, g, norm2 = seen[t], gram[best], gram[best, best]
            for i in range(t):
                low[t, i] = seen[i, best]
                norm2 -= low[t, i] * low[t, i]
            if norm2 < span:  # the new atom lies in the span of the chosen ones
                break
            low[t, t] = np.sqrt(norm2)
            inverse = one / low[t, t]
            for j in range(m):
                s[j] = g[j]
            i = 0
            while i + 3 < t:
                a0, a1, a2, a3 = low[t, i], low[t, i + 1], low[t, i + 2], low[t, i + 3]
                s0, s1, s2, s3 = seen[i], seen[i + 1], seen[i + 2], seen[i + 3]
                for j in range(m):
                    s[j] -= a0 * s0[j] + a1 * s1[j] + a2 * s2[j] + a3 * s3[j]
                i += 4
            while i < t:
                a0, s0 = low[t, i], seen[i]
                for j in range(m):
                    s[j] -= a0 * s0[j]
                i += 1
            step = c[best] * inverse
            for j in range(m):
                s[j] *= inverse
                c[j] -= step * s[j]
            chosen[t], along[t] = best, step
            left -= step * step
            t += 1
            solved = left <= bound or left <= doubt
            if solved:
                left = _solve_and_measure(low, along, chosen, value[row], t, Y[row], D, residual)
        if t > 0 and not solved:
            left = _solve_and_measure(low, along, chosen, value[row], t, Y[row], D, residual)
        energy[row], used[row] = left, t


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _argmax_abs(c):
    """Index of the largest ``|c_j|``: first the winning block of 32 (this loop is vectorised), then the
    entry."""
    m = c.size
    best, where = -abs(c[0]), 0
    for start in range(0, m - 31, 32):
        top = abs(c[start])
        for j in range(start, start + 32):
            top = max(top, abs(c[j]))
        if top > best or start == 0:
            best, where = top, start
    tail = m - m % 32
    for j in range(tail, m):
        if abs(c[j]) > best:
            best, where = abs(c[j]), j
    if where < tail:
        for j in range(where, where + 32):
            if abs(c[j]) == best:
                return j
    return where


@numba.njit(nogil=True, fastmath=True, cache=True)
def _solve_and_measure(low, along, chosen, value, t, y, D, residual):
    """Back substitution ``low^T value = along``; returns ``||y - D value||^2``."""
    for i in range(t - 1, -1, -1):
        v = along[i]
        for r in range(i + 1, t):
            v -= low[r, i] * value[r]
        value[i] = v / low[i, i]
    for j in range(y.size):  # `residual[:] = y` compiles the text of an error too: two seconds
        residual[j] = y[j]
    for i in range(t):
        v, d = value[i], D[chosen[i]]
        for j in range(y.size):
            residual[j] -= v * d[j]
    total = 0.0
    for j in range(y.size):
        total += np.float64(residual[j]) * np.float64(residual[j])
    return total


@numba.njit(nogil=True, cache=True)
def compact(support, value, used, rows, data):
    """Copy the used entries of ``support`` and ``value`` (p, k) one after another, row by row."""
    at = 0
    for row in range(used.size):
        for t in range(used[row]):
            rows[at] = support[row, t]
            data[at] = value[row, t]
            at += 1


@numba.njit(nogil=True, fastmath=True, cache=True)
def lasso_descent(gram, corr, gamma, lam, sweeps):
    """Cyclic coordinate descent on ``||y - D g||^2 / 2 + lam ||g||_1``, one problem per row [Friedman et
    al., 2007].

    ``corr`` (p, m) holds ``D^T (y - D g)`` and is kept up to date with ``gamma`` (p, m); both change in
    place. Between two sweeps over all entries, the non-zero ones are swept until they settle, on their
    part of the Gram matrix.
    """
    p, m = gamma.shape
    active = np.empty(m, np.int64)
    for row in range(p):
        c, g = corr[row], gamma[row]
        for _ in range(sweeps):
            moved = 0.0
            count = 0
            for j in range(m):
                moved = max(moved, _descend(gram, c, g, lam, j))
                if g[j] != 0:
                    active[count] = j
                    count += 1
            if moved == 0:
                break
            _settle(gram, c, g, lam, active[:count], moved)


@numba.njit(nogil=True, fastmath=True, cache=True)
def _settle(gram, c, g, lam, active, first):
    """Sweep the active entries until none moves by more than a hundredth of ``first``."""
    few, seen, value = active.size, c[active], g[active]
    part = np.empty((few, few), gram.dtype)
    for i in range(few):
        row = gram[active[i]]
        for j in range(few):
            part[i, j] = row[active[j]]
    moved = first
    for _ in range(50):
        if moved <= 1e-2 * first:
            break
        moved = 0.0
        for i in range(few):
            moved = max(moved, _descend(part, seen, value, lam, i))
    for i in range(few):
        step = value[i] - g[active[i]]
        if step != 0:
            g[active[i]] = value[i]
            row = gram[active[i]]
            for j in range(c.size):
                c[j] -= step * row[j]


@numba.njit(nogil=True, fastmath=True, cache=True, inline="always")
def _descend(gram, c, g, lam, j):
    """Minimise over entry j alone; returns how far it moved."""
    z = c[j] + gram[j, j] * g[j]
    new = c[j] * 0
    if z > lam:
        new = (z - lam) / gram[j, j]
    elif z < -lam:
        new = (z + lam) / gram[j, j]
    step = new - g[j]
    if step != 0:
        g[j] = new
        row = gram[j]
        for i in range(c.size):
            c[i] -= step * row[i]
    return abs(step)


@numba.njit(nogil=True, fastmath=True, cache=True)
def ksvd_sweep(D, residual, start, users, value, order):
    """One sweep of approximate K-SVD: every atom, then its coefficients, by one power step [Rubinstein
    et al., 2008].

    Rows everywhere: D (m, n) atoms, residual (p, n); atom j is used by ``users[start[j]:start[j + 1]]``
    with coefficients ``value``. All but ``users`` change in place.
    """
    n = D.shape[1]
    new = np.empty(n, D.dtype)
    for j in order:
        d = D[j]
        new[:] = 0
        for u in range(start[j], start[j + 1]):  # E g, with E = residual + d g^T over the users
            r, v = residual[users[u]], value[u]
            for i in range(n):
                r[i] += v * d[i]
                new[i] += v * r[i]
        norm = np.sqrt(np.sum(new * new))
        if norm > 0:
            for i in range(n):
                d[i] = new[i] / norm
        for u in range(start[j], start[j + 1]):
            r = residual[users[u]]
            v = d[0] * 0
            for i in range(n):
                v += d[i] * r[i]
            value[u] = v
            for i in range(n):
                r[i] -= v * d[i]
