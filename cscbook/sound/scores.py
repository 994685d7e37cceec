"""Scores as files: notes in the format that every music program reads."""

import struct

from ..arrays import check_level
from .music import check_notes
from .waveforms import midi

TICKS = 480  # a quarter note
QUARTER = 500_000  # microseconds: 120 quarter notes a minute
LOUDEST = 110  # of 127
LATEST = 2**28 - 1  # the last tick that the format can name


def midi_file(notes, seconds=0.5):
    """The bytes of a standard MIDI file of format 0 with these notes [MIDI 1.0, 1996].

    A code says when a note starts, not how long it sounds. Each is held for ``seconds``, or until the same
    key starts again. Loudness is relative to the strongest note; instrument i plays on channel i.

    Parameters
    ----------
    notes : list of Note
        At most 16 instruments; pitches go to the nearest key, 0 to 127.
    seconds : float

    Returns
    -------
    bytes
    """
    notes, seconds = check_notes("notes", notes), check_level("seconds", seconds, positive=True)
    track, now = bytearray(b"\0\xff\x51\x03" + QUARTER.to_bytes(3)), 0
    for tick, message in sorted(_messages(notes, seconds)):
        track += _variable(tick - now) + message
        now = tick
    track += b"\0\xff\x2f\0"
    head = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, TICKS)
    return head + struct.pack(">4sI", b"MTrk", len(track)) + bytes(track)


def _messages(notes, seconds):
    """``(tick, bytes)`` of every beginning and end; at one tick ends sort before beginnings."""
    top, ends = max((note.strength for note in notes), default=1.0), {}
    for note in sorted(notes, key=lambda note: -note.onset):
        key, start = round(midi(note.pitch)), _tick(note.onset)
        if not 0 <= key <= 127 or note.instrument >= 16 or start >= LATEST:
            raise ValueError(
                f"{note}: expected a key from 0 to 127, an instrument below 16, and an onset within 77 hours"
            )
        end = min(max(_tick(note.onset + seconds), start + 1), ends.get((key, note.instrument), LATEST))
        if end <= start:
            continue  # the same key twice at one moment
        ends[key, note.instrument] = start
        loudness = max(1, round(LOUDEST * note.strength / (top or 1.0)))
        yield start, bytes([0x90 + note.instrument, key, loudness])
        yield end, bytes([0x80 + note.instrument, key, 0])


def _tick(seconds):
    return round(seconds * 1e6 / QUARTER * TICKS)


def _variable(number):
    """A number in bytes of 7 bits, the last without its highest bit."""
    found = [number & 127]
    while number := number >> 7:
        found.append(128 + (number & 127))
    return bytes(reversed(found))
