"""Sound: waveforms, their log-frequency spectrograms, and scores as sparse codes."""

from .music import Note, constant_q, note_code, note_scores, note_template, pick_notes, transcribe
from .recordings import load_waveform
from .scores import midi_file
from .waveforms import pitch_of, play_notes

__all__ = [
    "Note",
    "constant_q",
    "load_waveform",
    "midi_file",
    "note_code",
    "note_scores",
    "note_template",
    "pick_notes",
    "pitch_of",
    "play_notes",
    "transcribe",
]
