"""Filters whose shifts hardly correlate, against the Welch bound."""

import numpy as np
import pytest

from cscbook import coherence
from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.dictionaries.low_coherence import low_coherence_dictionary
from cscbook.theory.guarantees import welch_bound


def test_low_coherence_filters():
    filters = to_numpy(low_coherence_dictionary(2, 64))
    mu = coherence(ConvDictionary(filters, (640,)))
    assert welch_bound(2, 64) == pytest.approx(0.062869, abs=1e-6)
    assert welch_bound(2, 64) <= mu <= 0.076
    np.testing.assert_array_equal(filters, to_numpy(low_coherence_dictionary(2, 64)))
