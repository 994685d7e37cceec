"""Mixed norms, against counting by hand."""

import numpy as np
import pytest

from cscbook import l0, l0_inf_patch, l0_inf_stripe, l2_inf_patch


def test_a_spike_every_seven_entries(xp):
    gamma = np.zeros((42, 2))
    gamma[::7, 1] = 1
    assert l0(xp(gamma)) == 6
    assert l0_inf_stripe(xp(gamma), (8,)) == 3  # 15 needles hold spikes 7 apart at most three times
    assert l0_inf_patch(xp(gamma), (7,)) == 1


def test_norms_take_the_worst_of_a_batch(xp):
    gamma = np.zeros((2, 12, 1))
    gamma[1, 3:6] = 2.0
    assert l0_inf_patch(xp(gamma), (3,)) == 3
    assert l2_inf_patch(xp(gamma), (3,)) == pytest.approx(np.sqrt(12), rel=1e-6)


def test_stripes_of_images(xp):
    gamma = np.zeros((9, 9, 1))
    gamma[4, 4] = gamma[4, 6] = 1
    assert l0_inf_stripe(xp(gamma), (2, 2)) == 2
    assert l0_inf_stripe(xp(gamma), (1, 1)) == 1


def test_nan_is_an_error(xp):
    with pytest.raises(ValueError, match="NaN"):
        l2_inf_patch(xp(np.array([[1.0], [np.nan]])), (1,))
