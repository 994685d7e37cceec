"""The compiled sum of overlapping patches, on NumPy arrays.

Rows of patches stand as slices of ``w c`` numbers, the rows of a signal as ``W c``; one-dimensional
signals are a single row.
"""

import numba


@numba.njit(nogil=True, cache=True)
def overlap_add(p, stride, channels, x):
    """Add each row of each patch to its place in the signal.

    Parameters
    ----------
    p : array (batch, P1, P2, h, w c)
    stride, channels : int
    x : array (batch, H, W c)
        Is changed.
    """
    batch, rows, columns, h, w = p.shape
    for b in range(batch):
        for i in range(rows):
            for j in range(columns):
                at = j * stride * channels
                for a in range(h):
                    row, part = x[b, i * stride + a, at : at + w], p[b, i, j, a]
                    for k in range(w):  # over slices, so that the compiler can use vector instructions
                        row[k] += part[k]
