"""``cupy.lib.stride_tricks``: views, which launch nothing."""

import numpy as _np

from .._functions import make as _make

as_strided = _make("as_strided", "x, shape=None, strides=None", _np.lib.stride_tricks.as_strided)
sliding_window_view = _make(
    "sliding_window_view",
    "x, window_shape, axis=None, *, subok=False, writeable=False",
    _np.lib.stride_tricks.sliding_window_view,
)
