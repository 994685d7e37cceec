"""Music: laws of the log-frequency picture, codes that are scores, and scores of scores."""

import itertools

import numpy as np
import pytest

from cscbook.arrays import to_numpy
from cscbook.datasets.synthetic import synthesize_notes
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.pursuits import duality_gap
from cscbook.sound.music import (
    LOWEST,
    ORIGIN,
    Note,
    constant_q,
    harmonic_template,
    hop,
    learn_templates,
    note_code,
    note_scores,
    note_template,
    pick_notes,
    tones,
    transcribe,
)
from cscbook.sound.waveforms import pitch_of

RATE = 8000


def sine(pitch, seconds=0.5):
    return np.sin(2 * np.pi * pitch * np.arange(int(RATE * seconds)) / RATE)[:, None]


# --- the picture ----------------------------------------------------------------------------------


def test_a_pure_tone_is_brightest_in_its_own_row(xp):
    for row in (0, 31, 100):
        V = to_numpy(constant_q(xp(sine(LOWEST * 2 ** (row / 24))), RATE))
        assert V.shape == (124, 4000 // hop(RATE) + 1, 1) and V.max() == pytest.approx(1)
        assert set(V[:, 12:20, 0].argmax(axis=0)) == {row}


def test_constant_q_is_the_correlation_with_windowed_tones(xp, close, rng):
    x = rng.standard_normal((700, 1))
    V = to_numpy(constant_q(xp(x), RATE, rows=5, power=1.0))
    pairs = tones(RATE, 5)[:, 0, :]
    wave, reach = pairs[:, :5] - 1j * pairs[:, 5:], len(pairs) // 2
    padded = np.pad(x[:, 0], reach)
    frames = range(0, 701, hop(RATE))
    brute = np.array([np.abs(padded[t : t + len(wave)] @ wave) for t in frames]).T
    close(V[..., 0], brute / brute.max(), factor=10)


@pytest.mark.parametrize("rate", [11_025, 16_000, 44_100])
def test_a_frame_lasts_as_long_at_every_rate(rate):
    def chirp(rate):
        t = np.arange(int(0.6 * rate)) / rate
        return np.sin(2 * np.pi * (300 * t + 400 * t**2))[:, None] * np.minimum(1, t[:, None] / 0.05)

    expected = constant_q(chirp(RATE), RATE)[:, :36, 0]
    found = constant_q(chirp(rate), rate)[:, :36, 0]
    assert np.abs(found - expected).max() < 0.1
    assert np.abs(found[:, 2:] - expected[:, :-2]).max() > 0.4, "two frames apart they differ"


def test_a_rate_that_is_no_rate_is_refused():
    with pytest.raises(ValueError, match="rate = 10: expected samples a second, at least 31.25"):
        hop(10)


def test_an_octave_is_a_shift_by_24_rows():
    low, high = (constant_q(sine(pitch), RATE, power=1.0)[:, 15, 0] for pitch in (330.0, 660.0))
    assert np.abs(high[24:110] - low[:86]).max() < 1e-3, "windows shrink with the period"


def test_an_amplitude_is_read_in_every_row():
    pairs = tones(RATE)[:, 0, :]
    t = np.arange(-(len(pairs) // 2), len(pairs) // 2 + 1) / RATE
    for row in (10, 60, 120):
        seen = np.cos(2 * np.pi * LOWEST * 2 ** (row / 24) * t + 0.7) @ pairs
        assert np.hypot(seen[row], seen[124 + row]) == pytest.approx(0.5, abs=2e-3)


def test_the_next_row_reads_half():
    pairs = tones(RATE)[:, 0, :]
    t = np.arange(-(len(pairs) // 2), len(pairs) // 2 + 1) / RATE
    seen = np.exp(2j * np.pi * LOWEST * 2 ** (61 / 24) * t) @ (pairs[:, :124] - 1j * pairs[:, 124:])
    assert abs(seen[60]) == pytest.approx(0.5, abs=2e-3), "rows are one bin of a Hann window apart"


def test_pictures_refuse_what_they_cannot_show():
    with pytest.raises(ValueError, match="less than rate / 2"):
        constant_q(sine(440), 4000)
    with pytest.raises(ValueError, match="2 axes"):
        constant_q(sine(440)[:, 0], RATE)
    with pytest.raises(ValueError, match="NaN"):
        constant_q(np.nan * sine(440), RATE)
    assert not constant_q(np.zeros((1000, 1)), RATE).any(), "silence stays silent"


# --- templates and codes --------------------------------------------------------------------------


def small_templates(rng, m=2):
    """Random non-negative unit atoms that hardly resemble each other."""
    W = rng.random((20, 14, 1, m)) ** 6
    return W / np.sqrt((W**2).sum(axis=(0, 1, 2)))


def planted(W, where, space=(40, 50)):
    gamma = np.zeros((space[0] - W.shape[0] + 1, space[1], W.shape[-1]))
    for i, t, k, value in where:
        gamma[i, t, k] = value
    wide = (space[0], space[1] + W.shape[1] - 1)
    V = ConvDictionary(W, wide, circular=False) @ gamma
    return gamma, V[:, ORIGIN[1] : ORIGIN[1] + space[1], :]


def test_a_template_planted_once_is_found_exactly(xp, rng):
    W = small_templates(rng)
    gamma, V = planted(W, [(5, 20, 1, 2.0)])
    found = to_numpy(note_code(xp(V), xp(W), lam=0.1, tol=1e-4))
    expected = np.where(gamma > 0, gamma - 0.1, 0)  # the l1 price: lam / ||d||^2
    assert found.shape == gamma.shape and np.abs(found - expected).max() < 2e-2
    assert np.unravel_index(found.argmax(), found.shape) == (5, 20, 1)


def test_codes_are_non_negative_and_optimal(xp, rng):
    W, V = small_templates(rng), rng.standard_normal((30, 22, 1))  # signed, to tempt it
    gamma = note_code(xp(V), xp(W), lam=0.5, tol=1e-3)
    assert float(to_numpy(gamma).min()) >= 0 and to_numpy(gamma).any()
    wide = np.pad(V, ((0, 0), (ORIGIN[1], 14 - ORIGIN[1] - 1), (0, 0)))
    D = ConvDictionary(W, wide.shape[:2], circular=False)
    assert duality_gap(D, wide, to_numpy(gamma).astype(float), 0.5, nonnegative=True) < 2e-3


def test_a_template_is_the_same_for_a_note_and_its_transposition(rng):
    V = np.zeros((124, 60, 1))
    V[10:70, :40] = rng.random((60, 40, 1))
    higher = np.roll(V, 12, axis=0)
    pitches = [LOWEST * 2 ** (14 / 24), LOWEST * 2 ** (26 / 24)]
    both, one = note_template([V, higher], pitches), note_template([V], pitches[:1])
    assert both.shape == (62, 72, 1, 1) and np.linalg.norm(both) == pytest.approx(1)
    assert np.allclose(both, one), "the mean of equals"
    assert np.allclose(one[:, 8:48, :, 0], V[10:72, :40] / np.linalg.norm(V[10:72, :40]))
    assert not one[:, :8].any(), "silence before the onset"


def test_templates_run_on_every_library(xp, close, rng):
    V = rng.random((80, 30, 1))
    close(note_template([xp(V)], [pitch_of("A3")], (40, 20)), note_template([V], [pitch_of("A3")], (40, 20)))


def test_a_template_needs_room_in_the_spectrogram():
    with pytest.raises(ValueError, match="880 Hz"):
        note_template([np.ones((124, 70, 1))], [880.0])


def test_a_harmonic_template_has_its_lines_at_the_harmonics():
    W = harmonic_template([1.0, 0.5, 0.25])[:, :, 0, 0]
    column = W[:, ORIGIN[1]]
    peaks = np.flatnonzero((column[1:-1] > column[:-2]) & (column[1:-1] > column[2:])) + 1
    assert peaks.tolist() == [4, 4 + 24, 4 + 38], "1, 2 and 3 times the fundamental: 24 log2(3) = 38.04"
    assert column[28] / column[4] == pytest.approx(0.5)
    assert W[4, ORIGIN[1] + 20] / W[4, ORIGIN[1]] == pytest.approx(0.5), "half in 20 frames"


def test_templates_are_learned_from_the_mixture(xp, rng):
    W = small_templates(rng)
    _, V = planted(W, [(2, 10, 0, 1.0), (9, 30, 0, 0.8), (15, 12, 1, 1.0), (4, 40, 1, 0.7)])
    start = W + 0.04 * rng.random(W.shape)
    start /= np.sqrt((start**2).sum(axis=(0, 1, 2)))
    for atoms, gamma in itertools.islice(learn_templates(xp(V), xp(start), lam=0.02, tol=1e-2), 3):
        atoms, gamma = to_numpy(atoms), to_numpy(gamma)
        assert atoms.min() >= 0 and gamma.min() >= 0
        np.testing.assert_allclose(np.sqrt((atoms**2).sum(axis=(0, 1, 2))), 1, rtol=1e-5)
    before, after = (np.einsum("ijck,ijck->k", A, W) for A in (start, atoms))
    assert (1 - after < 0.5 * (1 - before)).all(), f"closer to the truth: {before} -> {after}"


def test_learning_keeps_codes_non_negative(rng):
    atoms, gamma = next(learn_templates(rng.random((24, 16, 1)), small_templates(rng), lam=0.3))
    assert atoms.min() >= 0 and gamma.min() >= 0 and gamma.any()


def test_an_unused_template_stays_as_it_was(rng):
    W = small_templates(rng)
    atoms, gamma = next(learn_templates(np.zeros((30, 20, 1)), W))
    assert not gamma.any() and np.allclose(atoms, W)


# --- notes ----------------------------------------------------------------------------------------


def test_peaks_become_notes_and_registers_are_added():
    gamma = np.zeros((60, 80, 3))
    gamma[20, 30, 0] = gamma[44, 60, 1] = 1.0
    gamma[44, 60, 2], gamma[5, 10, 2] = 0.5, 0.2
    first, second = pick_notes(gamma, RATE, threshold=0.3, instruments=[0, 1, 1])
    assert (first.onset, first.instrument) == (30 * hop(RATE) / RATE, 0)
    assert (
        first.pitch == pytest.approx(LOWEST)
        and first.name == "A2"
        or first.pitch == pytest.approx(LOWEST * 2)
    )
    assert (second.onset, second.instrument) == (60 * hop(RATE) / RATE, 1)
    assert second.pitch / first.pitch == pytest.approx(2), "24 rows apart"
    assert second.strength / first.strength == pytest.approx(1.5), "both registers add up"
    assert len(pick_notes(gamma, RATE, threshold=0.1, instruments=[0, 1, 1])) == 3
    assert pick_notes(np.zeros((9, 9, 1)), RATE) == []


def test_picking_refuses_bad_input():
    gamma = np.ones((9, 9, 2))
    with pytest.raises(ValueError, match="threshold = 1.5"):
        pick_notes(gamma, RATE, threshold=1.5)
    with pytest.raises(ValueError, match=r"instruments has shape \(3,\): expected \(2,\)"):
        pick_notes(gamma, RATE, instruments=[0, 1, 1])


def test_a_short_piece_is_read_without_a_mistake():
    pitches = [pitch_of("C4"), pitch_of("F#4")]
    taught = []
    for k in (0, 1):
        alone = [constant_q(synthesize_notes([(0, p, k)], RATE, 1.3), RATE) for p in pitches]
        taught.append(note_template(alone, pitches))
    score = [(0.2, pitch_of("A4"), 0), (0.45, pitch_of("D4"), 1), (0.7, pitch_of("E4"), 0)]
    found = transcribe(synthesize_notes(score, RATE, 1.5), RATE, np.concatenate(taught, axis=-1))
    assert note_scores(found, [Note(*note) for note in score]) == (1, 1, 1)
    assert [note.name for note in found] == ["A4", "D4", "E4"]


def test_scores_of_hand_made_cases():
    truth = [Note(1.0, 440.0, 0), Note(2.0, 220.0, 1)]
    assert note_scores(truth, truth) == (1, 1, 1)
    assert note_scores([], truth) == (0, 0, 0) and note_scores(truth, []) == (0, 0, 0)
    assert note_scores(truth[:1], truth) == (1, 0.5, pytest.approx(2 / 3))
    assert note_scores([Note(1.04, 440.0), Note(1.0, 440.0)], truth[:1]) == (0.5, 1, pytest.approx(2 / 3))
    semitone = 2 ** (1 / 12)
    wrong = [
        Note(1.06, 440.0),  # late
        Note(1.0, 440.0 * semitone**0.6),  # sharp
        Note(1.0, 440.0, 1),  # another instrument
        Note(1.0, 880.0),  # an octave too high
    ]
    for note in wrong:
        assert note_scores([note], truth) == (0, 0, 0)
    assert note_scores([Note(1.04, 440.0 * semitone**0.4)], truth)[0] == 1, "inside both tolerances"
    assert note_scores([Note(1.06, 440.0)], truth, tolerance=0.1)[0] == 1


def test_the_strongest_chooses_first():
    truth = [Note(1.0, 440.0), Note(1.06, 440.0)]
    found = [Note(1.03, 440.0, strength=1.0), Note(0.97, 440.0, strength=2.0)]
    assert note_scores(found, truth) == (1, 1, 1)


def test_a_template_is_not_made_of_silence():
    with pytest.raises(ValueError, match=r"spectrograms\[0\] is silent"):
        note_template([np.zeros((124, 70, 1))], [220.0])
