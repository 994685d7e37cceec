"""Compiled loops of a tournament: where is the largest of many numbers, when a few of them change?

Numbers (P, Q, m) stand as P rows of ``Q m``; the players are blocks of a row, each with its largest.
"""

import numba
import numpy as np

BLOCK = 64  # positions whose largest number is kept together


@numba.njit(nogil=True, cache=True, inline="always")
def blocks(Q):
    """Blocks in a row."""
    return (Q + BLOCK - 1) // BLOCK


@numba.njit(nogil=True, cache=True)
def tournament(corr, grid):
    """``(best, where)``: |corr| and the block for the winner of each game, the winner of all at 1."""
    P, Q = grid[:2]
    leaves = 1
    while leaves < P * blocks(Q):
        leaves *= 2
    best, where = np.zeros(2 * leaves, corr.dtype), np.zeros(2 * leaves, np.int64)
    for block in range(P * blocks(Q)):
        leaf(best, where, corr, block, grid)
        play(best, where, block)
    return best, where


@numba.njit(nogil=True, fastmath=True, cache=True)
def leaf(best, where, corr, block, grid):
    """Find the largest |corr| of one block."""
    numbers, _ = _of(corr, block, grid)
    top = abs(numbers[0])
    for x in range(len(numbers)):
        top = max(top, abs(numbers[x]))
    node = len(best) // 2 + block
    best[node], where[node] = top, block


@numba.njit(nogil=True, cache=True, inline="always")
def play(best, where, block):
    """Replay the games of one block up to the root of the tournament."""
    node = len(best) // 2 + block
    while node > 1:
        node //= 2
        child = 2 * node if best[2 * node] >= best[2 * node + 1] else 2 * node + 1
        best[node], where[node] = best[child], where[child]


@numba.njit(nogil=True, cache=True)
def winner(best, where, corr, grid):
    """The place of the largest number of all, the first one among equals of its block."""
    numbers, at = _of(corr, where[1], grid)
    for x in range(len(numbers)):
        if abs(numbers[x]) == best[1]:
            return at + x
    return at


@numba.njit(nogil=True, cache=True, inline="always")
def _of(corr, block, grid):
    """The numbers of a block, and the place of the first."""
    _, Q, m, _, _, _ = grid
    i, first = block // blocks(Q), block % blocks(Q) * BLOCK
    return corr[i, first * m : min(first + BLOCK, Q) * m], (i * Q + first) * m
