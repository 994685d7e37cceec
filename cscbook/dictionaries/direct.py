"""``D^T x`` as products of matrices on NumPy arrays, with next to no copies of patches.

A product takes the rows of a matrix from anywhere, as long as they lie a fixed distance of at least their
length apart. Patches of a signal that start n apart do; n such sets hold them all. In two dimensions an image
is copied once, cut into windows of the width of an atom: then a patch is a run of numbers too.
"""

import math

import numpy as np


def suits(D):
    """Whether this is faster than copies of all patches: large signals of few channels (measured)."""
    numbers = math.prod(D.positions) * D.local.shape[0]
    return len(D.space) <= 2 and D.filters.shape[-2] <= 4 and numbers >= 50_000


def correlate(D, x):
    """Correlations (*batch, *positions, m) of signals (*batch, *space, c) on one or two axes."""
    batch, c = x.shape[: -1 - len(D.space)], x.shape[-1]
    spans = [(P - 1) * D.stride + n for P, n in zip(D.positions, D.size, strict=True)]
    wide = [(0, 0), *((0, max(span - N, 0)) for span, N in zip(spans, D.space, strict=True)), (0, 0)]
    x = np.ascontiguousarray(np.pad(x.reshape(-1, *D.space, c), wide, "wrap" if D.circular else "constant"))
    along = _along_a_line if len(D.space) == 1 else _over_rows
    found = np.stack([along(D, one) for one in x]) if len(x) != 1 else along(D, x[0])
    return found.reshape(*batch, *D.positions, -1)


def _along_a_line(D, x):
    (n, c, _), (P,), s = D.filters.shape, D.positions, D.stride
    apart = -(-n // s)
    rows = -(-P // apart)
    short = (rows * apart - 1) * s + n - len(x)
    x = np.ascontiguousarray(np.pad(x, [(0, max(short, 0)), (0, 0)]))
    step = x.strides[0] * s
    sets = np.lib.stride_tricks.as_strided(
        x, (apart, rows, n * c), (step, apart * step, x.itemsize), writeable=False
    )
    return np.swapaxes(sets @ D.local, 0, 1).reshape(rows * apart, -1)[:P]


def _over_rows(D, x):
    (h, w, c, _), (P, Q), s = D.filters.shape, D.positions, D.stride
    windows = np.lib.stride_tricks.sliding_window_view(x, w, axis=1)[:, ::s][:, :Q]  # (H, Q, c, w)
    columns = np.ascontiguousarray(np.moveaxis(windows, (1, 0, 3, 2), (0, 1, 2, 3)))  # (Q, H, w, c)
    strides = (columns.strides[1] * s, columns.strides[0], columns.itemsize)
    patches = np.lib.stride_tricks.as_strided(columns, (P, Q, h * w * c), strides, writeable=False)
    return patches @ D.local
