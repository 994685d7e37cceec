"""``cscbook phase``: how often pursuits find the code, against how full it is."""

import os
from pathlib import Path

import click
import numpy as np

from ..checkpoints import writing
from ..dictionaries import ConvDictionary, coherence, low_coherence_dictionary
from ..theory import phase_transition, uniqueness_level
from .files import Job, beside, check_targets, run, save_numbers, shared, watched

EXAMPLE = "Example: cscbook phase -o phase.png --samples 320 --trials 20 writes phase.png and phase.npz"


@click.command(epilog=EXAMPLE)
@shared
@click.option("--samples", type=click.IntRange(8), default=320, show_default=True, help="Of a signal.")
@click.option("--length", type=click.IntRange(2), default=32, show_default=True, help="Of a filter.")
@click.option("--filters", "m", type=click.IntRange(1), default=2, show_default=True, help="How many.")
@click.option("--trials", type=click.IntRange(1), default=20, show_default=True, help="Codes of each kind.")
@click.option(
    "--steps", type=click.IntRange(2), default=12, show_default=True, help="Numbers of atoms to try."
)
@click.option(
    "--most", type=click.IntRange(2), help="The largest number of atoms; by default half of the samples."
)
@click.option("--jobs", type=click.IntRange(1), help="Processes; by default one for each core.")
def phase(output, force, quiet, **sizes):
    """Draw random sparse codes, and see up to how many atoms OMP and basis pursuit find them.

    The npz holds what each trial gave; the png shows the rates beside the guarantee of the theory.
    """
    name = Path(output or "phase.png")
    if name.suffix.lower() != ".png":
        raise click.UsageError(f"{name} cannot be written, expected a name in .png.")
    if sizes["length"] > sizes["samples"]:
        raise click.UsageError(f"a filter of {sizes['length']} samples does not fit {sizes['samples']}.")
    job = Job(Path("phase"), tuple(beside(name, [("phase", ".png"), ("phase", ".npz")])))
    check_targets(job.targets, force)

    def work(_, targets):
        D, found = experiment(quiet, **sizes)
        with writing(*targets) as (picture, numbers):
            codes = {"cardinality": found.cardinality, "l0_inf": found.l0_inf}
            save_numbers(numbers, filters=D.filters, **codes, **found.success)
            draw(found, uniqueness_level(coherence(D)), picture)

    return run([job], work, quiet)


def experiment(quiet, samples, length, m, trials, steps, most, jobs):
    """The dictionary and its phase transition."""
    D = ConvDictionary(low_coherence_dictionary(m, length), (samples,))
    most = min(samples // 2 if most is None else most, samples * m)
    cardinalities = np.unique(np.linspace(1, most, steps).round().astype(int)).tolist()
    jobs = jobs or os.cpu_count()
    return D, phase_transition(D, cardinalities, trials, n_jobs=jobs, progress=watched(quiet))


def draw(found, level, file):
    """The rates of both pursuits in ten bins of the fullest stripe."""
    import matplotlib.pyplot as plt

    from .. import plots

    edges = np.unique(np.linspace(0, found.l0_inf.max() + 1, 11))
    rates = {name: found.rates(name, edges) for name in found.success}
    figure, ax = plt.subplots(layout="constrained", figsize=(6.4, 3.6))
    plots.recovery(rates, level, ax)
    figure.savefig(file, format="png", dpi=120)
    plt.close(figure)
