"""How well a code reads music: note precision, recall and F1 of random pieces, in a table.

    python tests/bench/music.py [--seeds FIRST LAST]

Two synthesised instruments (templates from three pitches that no piece contains); a real piano, with
templates from every other of its eight notes and pieces of the other four, both ways; and templates
learned from the mixture alone. The settings were chosen on seeds 0 to 4.
"""

import argparse
import itertools
import time

import harness  # noqa: F401  (one thread: must come before numpy)
import numpy as np

from cscbook.datasets.files import load_notes
from cscbook.datasets.synthetic import synthesize_notes
from cscbook.sound.music import (
    Note,
    constant_q,
    harmonic_template,
    learn_templates,
    note_code,
    note_scores,
    note_template,
    pick_notes,
)
from cscbook.sound.waveforms import pitch_of, play_notes, random_score

RATE = 8000
KEYS = [440 * 2 ** ((key - 69) / 12) for key in range(57, 79)]
TAUGHT = [KEYS[3], KEYS[8], KEYS[13]]
OTHERS = [pitch for pitch in KEYS if pitch not in TAUGHT]
PIECES = {  # gap, most at once, seconds: notes last a second
    "one at a time": (1.5, 1, 16),
    "three overlapping": (0.42, 1, 8),
    "chords of 1 to 3": (1.5, 3, 12),
}


def report(name, scores, start):
    scores = np.array(scores)
    worst, cpu = scores[:, 2].min(), (time.process_time() - start) / len(scores)
    print(f"{name:44s}" + "".join(f"{v:10.3f}" for v in (*scores.mean(axis=0), worst)) + f"{cpu:9.2f} s")


def synthetic_piece(seed):
    rng = np.random.default_rng(seed)
    score = [note for k in (0, 1) for note in random_score(6.0, OTHERS, 0.4, k, rng=rng)]
    return constant_q(synthesize_notes(score, RATE, 6.0), RATE), [Note(*note) for note in score]


def best_of_both(found, truth):
    """Blind templates carry no names: the better of both ways to name them."""
    swapped = [Note(n.onset, n.pitch, 1 - n.instrument, n.strength) for n in found]
    return max((note_scores(way, truth) for way in (found, swapped)), key=lambda s: s[2])


def synthesised(seeds):
    taught = []
    for k in (0, 1):
        alone = [constant_q(synthesize_notes([(0, p, k)], RATE, 1.3), RATE) for p in TAUGHT]
        taught.append(note_template(alone, TAUGHT))
    templates, start, scores = np.concatenate(taught, axis=-1), time.process_time(), []
    for seed in seeds:
        V, truth = synthetic_piece(seed)
        scores.append(note_scores(pick_notes(note_code(V, templates), RATE), truth))
    report("two synthesised instruments", scores, start)


def blind(seeds, rounds=12):
    pieces, guesses = [synthetic_piece(seed) for seed in seeds], []
    for seed in seeds:
        strengths = np.random.default_rng(seed).uniform(0.5, 1.5, (2, 5)) / np.arange(1, 6)
        guesses.append(np.concatenate([harmonic_template(partials) for partials in strengths], axis=-1))
    for learned in (False, True):
        start, scores = time.process_time(), []
        for (V, truth), W in zip(pieces, guesses, strict=True):
            *_, (_, code) = itertools.islice(learn_templates(V, W), rounds if learned else 1)
            scores.append(best_of_both(pick_notes(code, RATE), truth))
        words = "learned from the mixture" if learned else "guessed harmonic templates"
        report(f"the same, {words}", scores, start)


def piano(seeds):
    notes, names, _ = load_notes()
    pitches = [pitch_of(name) for name in names]
    pictures = [constant_q(x, RATE) for x in notes]
    for registers in (1, 2):
        for kind, (gap, most, seconds) in PIECES.items():
            start, scores = time.process_time(), []
            for first in (0, 1):
                taught, played = range(first, 8, 2), [pitches[i] for i in range(1 - first, 8, 2)]
                parts = np.array_split(taught, registers)
                templates = [note_template([pictures[i] for i in p], [pitches[i] for i in p]) for p in parts]
                templates = np.concatenate(templates, axis=-1)
                for seed in seeds:
                    rng = np.random.default_rng(seed)
                    score = random_score(seconds, played, gap, most=most, rng=rng)
                    V = constant_q(play_notes(score, notes, pitches, RATE, seconds, rng), RATE)
                    found = pick_notes(note_code(V, templates), RATE, instruments=[0] * registers)
                    scores.append(note_scores(found, [Note(*note) for note in score]))
            report(f"piano, {kind}, {registers} template(s)", scores, start)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs=2, default=(100, 109), metavar=("FIRST", "LAST"))
    options = parser.parse_args()
    seeds = range(options.seeds[0], options.seeds[1] + 1)
    print(f"{'':44s}{'precision':>10s}{'recall':>10s}{'F1':>10s}{'worst F1':>10s}{'a piece':>11s}")
    synthesised(seeds)
    piano(seeds)
    blind(seeds)


if __name__ == "__main__":
    main()
