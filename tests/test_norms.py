"""Mixed norms, against counting by hand."""

import numpy as np
import pytest

from cscbook import coherence, l0, l0_inf_patch, l0_inf_stripe, l2_inf_patch
from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.norms import stripe_coherence


def test_stripe_coherence_is_never_above_the_count(xp, rng):
    D = ConvDictionary(xp(rng.standard_normal((5, 1, 2))), (40,))
    gamma = xp(rng.standard_normal((40, 2)) * (rng.random((40, 2)) < 0.1))
    zeta = to_numpy(stripe_coherence(gamma, D))
    assert (
        zeta.shape == (40,)
        and (zeta <= coherence(D) * l0_inf_stripe(gamma, D.size) + 1e-6).all()
        and zeta.max() > 0
    )


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


def test_imaginary_parts_are_an_error():
    with pytest.raises(TypeError, match="gamma has dtype complex128"):
        stripe_coherence(np.ones((8, 1)) + 1j, ConvDictionary(np.ones((2, 1, 1)), (8,)))
