"""``cscbook transcribe`` finds the notes that were played, and ``cscbook phase`` repeats the experiment."""

import numpy as np
import pytest
from scipy.io import wavfile

from cscbook import ConvDictionary, load_notes, phase_transition, pitch_of, play_notes
from cscbook.arrays import to_numpy
from cscbook.commands.transcribe import piano_templates


def record(path, names, gap=0.8, rate=8000):
    """The notes of the book's piano, one after the other, as a WAV file."""
    notes, known, own = load_notes()
    score = [(0.2 + gap * k, pitch_of(name), 0) for k, name in enumerate(names)]
    x = to_numpy(play_notes(score, notes, [pitch_of(n) for n in known], own, 1.5 + gap * len(names)))
    wavfile.write(path, own, (x[:, 0] / abs(x).max() * 30000).astype(np.int16))


def keys(content):
    """The keys of all notes that start in a MIDI file of one short track, in time."""
    return [content[i + 1] for i in range(len(content) - 2) if content[i] == 0x90 and content[i + 2] < 128]


def test_a_melody_is_written_down(call, tmp_path):
    melody = load_notes()[1][:4]
    record(tmp_path / "melody.wav", melody)
    done = call("transcribe", "melody.wav", "-o", "tune.mid")
    assert done.code == 0 and "notes: " in done.err
    found = keys((tmp_path / "tune.mid").read_bytes())
    expected = [round(69 + 12 * np.log2(pitch_of(name) / 440)) for name in melody]
    assert [k for k in found if k in expected] == expected and len(found) <= 6
    assert (tmp_path / "tune.png").read_bytes().startswith(b"\x89PNG")


def test_silence_has_no_notes_and_a_click_is_too_short(call, refused, tmp_path):
    wavfile.write(tmp_path / "silence.wav", 8000, np.zeros(16000, np.int16))
    done = call("transcribe", "silence.wav")
    assert done.code == 0 and done.err.startswith("0 notes")
    assert keys((tmp_path / "silence-notes.mid").read_bytes()) == []
    wavfile.write(tmp_path / "click.wav", 8000, np.ones(20, np.int16))
    assert "click.wav is shorter than a note" in refused("transcribe", "click.wav")


def test_bad_recordings_are_one_sentence(refused, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"a letter")
    assert "a.wav is no " in refused("transcribe", "a.wav")
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    assert "b.wav is cut" in refused("transcribe", "b.wav")


def test_templates_are_two_unit_atoms():
    W = to_numpy(piano_templates())
    assert W.shape[2:] == (1, 2)
    np.testing.assert_allclose((W**2).sum(axis=(0, 1, 2)), 1)


def test_a_phase_transition_is_the_experiment_of_the_package(call, tmp_path):
    sizes = ("--samples", 48, "--length", 8, "--trials", 4, "--steps", 3, "--most", 20, "--jobs", 1)
    done = call("phase", "-o", "p.png", *sizes, "--quiet")
    assert (done.code, done.err, done.out) == (0, "", "")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    with np.load(tmp_path / "p.npz") as kept:
        D = ConvDictionary(kept["filters"], (48,))
        expected = phase_transition(D, [1, 10, 20], 4)
        np.testing.assert_array_equal(kept["cardinality"], expected.cardinality)
        np.testing.assert_array_equal(kept["l0_inf"], expected.l0_inf)
        for name, success in expected.success.items():
            np.testing.assert_array_equal(kept[name], success)
    assert expected.success["BP"][:4].all(), "one atom is always found"


def test_phases_that_cannot_be(refused):
    assert "a filter of 64 samples does not fit 32" in refused("phase", "--samples", 32, "--length", 64)
    assert "expected a name in .png" in refused("phase", "-o", "a.npz")
    assert "not in the range" in refused("phase", "--trials", 0)


@pytest.mark.parametrize("most", [2, 1000])
def test_the_largest_number_of_atoms_is_that_of_the_code(call, tmp_path, most):
    call("phase", "--samples", 8, "--length", 4, "--filters", 1, "--trials", 1, "--most", most, "--quiet")
    with np.load(tmp_path / "phase.npz") as kept:
        assert kept["cardinality"].max() == min(most, 8)
