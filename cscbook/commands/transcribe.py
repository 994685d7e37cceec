"""``cscbook transcribe``: the notes of recordings."""

import click
import numpy as np

from ..checkpoints import writing
from ..datasets import load_notes
from ..sound import constant_q, load_waveform, midi_file, note_code, note_template, pick_notes, pitch_of
from .files import SOUNDS, plan, run, shared

RATE = 8000
REGISTERS = ((0, 1, 2, 3), (4, 5, 6, 7))  # of the eight notes of a piano that teach: low and high ones
EXAMPLE = "Example: cscbook transcribe recording.wav -o tune.mid writes tune.mid and tune.png"


@click.command(epilog=EXAMPLE)
@click.argument("inputs", nargs=-1, required=True)
@shared
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="Notes count from this share of the strongest on: larger gives fewer.",
)
def transcribe(inputs, output, force, quiet, threshold):
    """Write the notes of a recording as a MIDI file, and draw them under its spectrogram.

    The templates are those of a piano; they reach from C3 to about A#5.
    """
    results = [("notes", ".mid"), ("notes", ".png")]
    jobs = plan(inputs, output, force, results, (".mid", ".midi"), SOUNDS)

    def work(source, targets):
        x = load_waveform(source, RATE)
        V = constant_q(x, RATE)
        if V.shape[1] < 2:
            raise ValueError(f"{source} is shorter than a note, expected at least a tenth of a second.")
        found = pick_notes(note_code(V, piano_templates()), RATE, threshold, [0] * len(REGISTERS))
        with writing(*targets) as (score, picture):
            score.write_bytes(midi_file(found))
            draw(V, found, x.shape[0] / RATE, source.name, picture)
        if not quiet:
            names = " ".join(note.name for note in found[:12]) + " ..." * (len(found) > 12)
            click.echo(f"{len(found)} notes{':' * bool(found)} {names}".rstrip(), err=True)

    return run(jobs, work, quiet)


def piano_templates():
    """Two templates of a piano, one for low notes and one for high ones."""
    notes, names, rate = load_notes()
    pitches = [pitch_of(name) for name in names]
    spectrograms = [constant_q(note, rate) for note in notes]
    return np.concatenate(
        [note_template([spectrograms[i] for i in g], [pitches[i] for i in g]) for g in REGISTERS], axis=-1
    )


def draw(V, found, seconds, title, file):
    """The spectrogram, with the notes below it, longer for a longer piece."""
    import matplotlib.pyplot as plt

    from .. import plots

    width = float(np.clip(seconds / 2, 7, 60))  # inches, two seconds each
    figure, axes = plt.subplots(2, 1, sharex=True, layout="constrained", figsize=(width, 5.2))
    plots.spectrogram(V, RATE, axes[0], title).set_xlabel(None)
    plots.piano_roll(found, [], axes[1])
    figure.savefig(file, format="png", dpi=120)
    plt.close(figure)
