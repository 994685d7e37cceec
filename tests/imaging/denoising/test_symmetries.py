"""The eight views of an image."""

import numpy as np

from cscbook.arrays import to_numpy
from cscbook.imaging.denoising.symmetries import unview, views


def test_views_are_eight_and_turn_back(xp):
    x = np.arange(12.0).reshape(3, 4, 1)
    eight = views(xp(x))
    assert len({to_numpy(v).tobytes() + bytes(v.shape) for v in eight}) == 8
    assert all(np.array_equal(to_numpy(v), x) for v in unview(eight))
    assert all(np.array_equal(to_numpy(v), x) for v in unview(eight[:3]))
