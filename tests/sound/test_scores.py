"""A MIDI file says what its notes say, read back as the format is described."""

import struct

import pytest

from cscbook import Note, pitch_of
from cscbook.sound import midi_file


def read(content):
    """``{(channel, key): [(start in s, end in s, loudness)]}`` of a MIDI file of format 0."""
    magic, size, kind, tracks, ticks = struct.unpack(">4sIHHH", content[:14])
    assert (magic, size, kind, tracks) == (b"MThd", 6, 0, 1)
    name, length = struct.unpack(">4sI", content[14:22])
    track, at, now, quarter, found, on = content[22:], 0, 0, None, {}, {}
    assert name == b"MTrk" and len(track) == length
    while True:
        step = 0
        while True:
            step, at = step << 7 | track[at] & 127, at + 1
            if track[at - 1] < 128:
                break
        now += step
        if track[at] == 0xFF:
            what, size = track[at + 1], track[at + 2]
            if what == 0x51:
                quarter = int.from_bytes(track[at + 3 : at + 3 + size]) / 1e6
            at += 3 + size
            if what == 0x2F:
                assert at == len(track) and not on
                return found
            continue
        status, key, loudness = track[at : at + 3]
        at += 3
        seconds = now / ticks * quarter
        if status >> 4 == 9:
            assert (status & 15, key) not in on, "no key starts while it sounds"
            on[status & 15, key] = (seconds, loudness)
        else:
            start, loud = on.pop((status & 15, key))
            found.setdefault((status & 15, key), []).append((start, seconds, loud))


def test_notes_are_where_they_were():
    notes = [Note(0.0, 440.0, 0, 2.0), Note(1.25, pitch_of("C4"), 1, 1.0), Note(200.5, 441.0, 0, 0.001)]
    found = read(midi_file(notes, 0.5))
    assert found[0, 69] == [(0.0, 0.5, 110), (200.5, 201.0, 1)]
    assert found[1, 60] == [(1.25, 1.75, 55)]


def test_a_key_that_starts_again_ends_first():
    found = read(midi_file([Note(0.0, 440.0), Note(0.2, 440.0), Note(0.2, 440.0), Note(0.2, 220.0)], 0.5))
    near = pytest.approx
    times = [n[:2] for n in found[0, 69]]
    assert times == [(0.0, near(0.2, abs=1e-3)), (near(0.2, abs=1e-3), near(0.7, abs=1e-3))]
    assert len(found[0, 57]) == 1


def test_no_notes_are_a_file_too():
    assert read(midi_file([])) == {}


def test_what_midi_cannot_say_is_refused():
    for note in (Note(0, 440.0, 16), Note(0, 1e5), Note(3e5, 440.0)):
        with pytest.raises(ValueError, match="expected a key from 0 to 127"):
            midi_file([note])
    with pytest.raises(ValueError, match=r"onset of notes\[0\] = -1"):
        midi_file([Note(-1, 440.0)])
    with pytest.raises(ValueError, match="seconds = 0"):
        midi_file([], 0)


def test_notes_without_strength_are_written_too():
    assert len(read(midi_file([Note(0.0, 440.0, strength=0.0)]))) == 1
