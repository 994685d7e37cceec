"""Random signals: seeded, and shaped as promised."""

import numpy as np
import pytest

from cscbook import (
    add_noise,
    natural32,
    random_code,
    random_dictionary,
    synthesize_notes,
)
from cscbook.arrays import to_numpy


def test_the_same_seed_gives_the_same_signal():
    for make in (lambda: random_dictionary(5, 9), lambda: random_code(9, 3, 4), lambda: natural32(2)):
        assert np.array_equal(to_numpy(make()), to_numpy(make()))


def test_codes_have_exactly_k_entries():
    gamma = to_numpy(random_code(30, 4, 50, low=1, high=2))
    assert (np.count_nonzero(gamma, axis=0) == 4).all()
    assert 1 <= np.abs(gamma[gamma != 0]).min() and np.abs(gamma).max() <= 2


def test_noise_has_its_deviation(xp):
    x = xp(np.zeros((200, 200, 1)))
    y = add_noise(x, 3.0)
    assert y.dtype == x.dtype and abs(float(np.std(to_numpy(y))) - 3) < 0.05


def test_a_synthetic_note_sounds_at_its_pitch():
    x = to_numpy(synthesize_notes([(0.5, 440.0, 0)], seconds=2.0))[:, 0]
    assert (x[:4000] == 0).all()
    assert abs(np.argmax(np.abs(np.fft.rfft(x))) / 2 - 440) <= 1


def test_bad_numbers():
    with pytest.raises(ValueError, match="k = 10"):
        random_code(9, 10)
    with pytest.raises(ValueError, match="sigma = -1"):
        add_noise(np.zeros(3), -1)


@pytest.mark.parametrize("instrument", [-1, 2])
def test_an_instrument_that_is_not_there_is_silent_for_nobody(instrument):
    with pytest.raises(ValueError, match="instrument"):
        synthesize_notes([(0.0, 440.0, instrument)], seconds=0.1)
