"""Pitches, pieces, and the kernels of the ear."""

import numpy as np
import pytest

from cscbook.arrays import to_numpy
from cscbook.datasets.files import load_notes
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.pursuits import omp
from cscbook.sound.waveforms import (
    gammatones,
    midi,
    name_of,
    pitch_of,
    play_notes,
    random_score,
    reverberate,
)


def test_pitches_and_names():
    assert (midi(440), midi(220), pitch_of("A4")) == (69, 57, 440)
    assert pitch_of("C4") == pytest.approx(261.6256, abs=1e-4)
    for key in range(21, 109):
        pitch = 440 * 2 ** ((key - 69) / 12)
        assert midi(pitch) == pytest.approx(key) and pitch_of(name_of(pitch)) == pytest.approx(pitch)
    for bad in ("H4", "A", "", "Ab3", "A-1"):
        with pytest.raises(ValueError, match="no note"):
            pitch_of(bad)


def test_random_pieces(rng):
    score = random_score(10.0, [220.0, 330.0, 440.0], 0.5, instrument=1, most=2, rng=rng)
    onsets = sorted({onset for onset, _, _ in score})
    assert all(1 / 3 <= b - a <= 2 / 3 for a, b in zip(onsets, onsets[1:], strict=False))
    chords = [[p for o, p, _ in score if o == onset] for onset in onsets]
    assert {len(chord) for chord in chords} == {1, 2} and all(len(set(c)) == len(c) for c in chords)
    assert {k for _, _, k in score} == {1} and onsets[-1] < 9.5
    assert random_score(3.0, [220.0], 0.5) == random_score(3.0, [220.0], 0.5), "the same call, the same piece"
    with pytest.raises(ValueError, match="most = 2"):
        random_score(3.0, [220.0], 0.5, most=2)


def test_a_piece_is_the_sum_of_its_notes(xp, rng):
    notes = xp(rng.standard_normal((2, 50, 1)))
    x = to_numpy(play_notes([(0.1, 220.0, 0), (0.3, 441.0, 0)], notes, [220.0, 440.0], 100, 0.6))
    a, b = np.random.default_rng(0).uniform(0.5, 1, 2)
    expected, notes = np.zeros((60, 1)), to_numpy(notes)
    expected[10:60] += a * notes[0]
    expected[30:60] += b * notes[1][:30]
    np.testing.assert_allclose(x, expected, rtol=1e-5)


def test_gammatones_are_unit_and_ring_at_their_pitch():
    pitches = [400.0, 900.0, 2000.0]
    kernels = to_numpy(gammatones(pitches, 8000, 512))
    assert kernels.shape == (512, 1, 3)
    np.testing.assert_allclose((kernels**2).sum(axis=0), 1)
    spectrum = np.abs(np.fft.rfft(kernels[:, 0, :], 8192, axis=0))
    np.testing.assert_allclose(spectrum.argmax(axis=0) * 8000 / 8192, pitches, rtol=0.02)
    with pytest.raises(ValueError, match="5000"):
        gammatones([5000.0], 8000, 64)


def test_spikes_move_with_the_sound():
    notes, names, rate = load_notes()
    x = to_numpy(notes)[names.index("C4"), :400]
    D = ConvDictionary(to_numpy(gammatones(np.geomspace(200, 3000, 12), rate, 160)), (760,), circular=False)
    early, late = (omp(D, np.pad(x, ((160 + s, 200 - s), (0, 0))), k=12) for s in (0, 37))
    assert np.allclose(late.gamma[37:], early.gamma[:-37]), "the same spikes, 37 samples later"
    assert early.trace == pytest.approx(late.trace)


def test_a_piece_is_not_played_with_the_wrong_notes():
    notes = np.ones((2, 30, 1))
    with pytest.raises(ValueError, match="3 pitches for 2 notes"):
        play_notes([(0.0, 440.0, 0)], notes, [220.0, 440.0, 880.0], 100, 0.5)
    with pytest.raises(ValueError, match="an onset of 2.0 s: expected at most seconds = 0.5"):
        play_notes([(2.0, 440.0, 0)], notes, [220.0, 440.0], 100, 0.5)


def test_a_click_in_a_room_is_a_tail_that_falls_by_sixty_decibels(xp, rng):
    """What is left of the tail's energy after a time falls on a line; its slope gives the decay."""
    rate, decay, click = 8000, 0.5, np.zeros((6000, 1))
    click[0] = 1.0
    room = to_numpy(reverberate(xp(click), rate, decay, 0.7, rng))[:, 0]
    assert room[0] == pytest.approx(1) and np.linalg.norm(room[1:]) == pytest.approx(0.7)
    left = np.cumsum(room[:0:-1] ** 2)[::-1]
    t = np.arange(1, 2400)
    slope = np.polyfit(t / rate, 10 * np.log10(left[t - 1]), 1)[0]
    assert slope * decay == pytest.approx(-60, rel=0.05)


def test_a_room_is_linear_and_does_not_start_before_the_sound(rng):
    a, b = rng.standard_normal((2, 400, 1))
    a[:100] = 0
    one, other, both = (reverberate(x, 1000, 0.2, 0.5, np.random.default_rng(1)) for x in (a, b, a + 2 * b))
    np.testing.assert_allclose(both, one + 2 * other, atol=1e-12)
    np.testing.assert_allclose(one[:100], 0, atol=1e-14)
    np.testing.assert_array_equal(reverberate(a, 1000, 0.2, 0.0), a)
    with pytest.raises(ValueError, match="decay = 0"):
        reverberate(a, 1000, 0.0)
