"""The phase transition at full scale, without noise and with it; keeps every trial, and registers the file.

    python data/run_phase_transition.py --folder results [--noisy] [OUT]

Without noise: 500 codes at each cardinality from 1 to 300, OMP and noiseless basis pursuit, about an hour of
one core; writes OUT/phase_transition.npz. With ``--noisy``: 200 codes at every second cardinality up to 240,
for each of three amplitudes, OMP and basis pursuit with the weight of its theorem, about ten minutes of one
core; writes OUT/phase_transition_noisy.npz. The entry goes into OUT/registry.json; OUT is this folder unless
another is given. Finished cardinalities are kept in the folder ``results``; the same command goes on from
there after an interruption, and prints the table at once when nothing is left to do.

A row of the file is a trial. The trials are sorted, because their order means nothing, and so the file is
small.
"""

import argparse
import datetime
import os
from pathlib import Path

for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # one thread a job: before anything imports numpy
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from entry import register  # noqa: E402

from cscbook import (  # noqa: E402
    ConvDictionary,
    bp_error_bound,
    bp_noise_level,
    coherence,
    low_coherence_dictionary,
    phase_transition,
    uniqueness_level,
)
from cscbook.theory.phase_transition import (  # noqa: E402
    PhaseTransition,
    recover_lagrangian_bp,
    recover_omp,
    wilson,
)

HERE = Path(__file__).parent
SEED, EPS, AMPLITUDES = 0, 0.1, (1, 5, 20)
NOISELESS = {"trials": 500, "cardinalities": (1, 300, 1)}
NOISY = {"trials": 200, "cardinalities": (2, 240, 2)}


def keeps_promise(found, truth):
    """What the theorem on basis pursuit promises: no false atom, and none missed beyond its error bound."""
    false = (found != 0) & (truth == 0)
    lost = (found == 0) & (np.abs(truth) > bp_error_bound(EPS))
    return ~(false | lost).any(axis=(1, 2))


def run(D, options):
    """The trials as columns, sorted; those with noise say their amplitude."""
    first, last, step = options.cardinalities
    running = {"n_jobs": options.jobs, "folder": options.folder, "progress": True, "seed": SEED}
    ks = range(first, last + 1, step)
    if not options.noisy:
        return columns(phase_transition(D, ks, options.trials, **running))
    running |= {"pursuits": {"OMP": recover_omp, "BP": recover_lagrangian_bp}, "success": keeps_promise}
    parts = []
    for a in AMPLITUDES:
        found = columns(phase_transition(D, ks, options.trials, amplitude=a, eps=EPS, **running))
        parts.append({"amplitude": np.full(len(found["OMP"]), a, np.uint8)} | found)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def columns(found):
    """Cardinality, ``||gamma||_0,inf`` and both outcomes of each trial, in few bytes and sorted."""
    every = {"cardinality": found.cardinality.astype(np.uint16), "l0_inf": found.l0_inf.astype(np.uint8)}
    every |= found.success
    order = np.lexsort(list(every.values())[::-1])
    return {name: values[order] for name, values in every.items()}


def table(found, width):
    """Print success rates with their 95 % Wilson intervals, a row a bin of ``||gamma||_0,inf``."""
    print(f"{'l0_inf':>9s} {'trials':>7s}" + "".join(f"{name:>24s}" for name in found.success))
    for left in range(0, int(found.l0_inf.max()) + 1, width):
        inside = (found.l0_inf >= left) & (found.l0_inf < left + width)
        if inside.any():
            rates = "".join(
                "{:>10.3f} [{:.3f}, {:.3f}]".format(*wilson(outcome[inside]))
                for outcome in found.success.values()
            )
            print(f"{left:4d}-{left + width - 1:<4d} {inside.sum():7d}{rates}")


def tables(trials, width):
    """The tables of all amplitudes."""
    where = trials.get("amplitude", np.zeros(len(trials["OMP"])))
    for a in np.unique(where):
        inside = where == a
        if a:
            print(f"amplitude {a}, local noise level {EPS}")
        success = {name: trials[name][inside] for name in ("OMP", "BP")}
        table(PhaseTransition(trials["cardinality"][inside], trials["l0_inf"][inside], success), width)


def command(options):
    """What to type for such a file."""
    words = f"python data/{Path(__file__).name} --folder results{' --noisy' * options.noisy}"
    usual = NOISY if options.noisy else NOISELESS
    if options.trials != usual["trials"]:
        words += f" --trials {options.trials}"
    if tuple(options.cardinalities) != usual["cardinalities"]:
        words += " --cardinalities {} {} {}".format(*options.cardinalities)
    return words


def keep(file, trials, options):
    """Write the file and its entry."""
    np.savez_compressed(file, **trials)
    facts = {"command": command(options), "seed": SEED, "date": datetime.date.today().isoformat()}
    facts |= {"codes": len(trials["OMP"])} | ({"eps": EPS} if "amplitude" in trials else {})
    what = register(file, "CC0-1.0", f"measured by {Path(__file__).name}", facts)
    print(f"{what['codes']} codes, {what['bytes']} bytes in {file}")


def parsed():
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", nargs="?", type=Path, default=HERE, metavar="OUT")
    parser.add_argument("--noisy", action="store_true", help=f"amplitudes {AMPLITUDES}, noise of {EPS}")
    parser.add_argument("--folder", required=True, help="where finished cardinalities are kept")
    parser.add_argument("--trials", type=int, help="codes for each cardinality (default: 500, noisy 200)")
    parser.add_argument(
        "--cardinalities",
        type=int,
        nargs=3,
        metavar=("FIRST", "LAST", "STEP"),
        help="numbers of non-zeros in the whole code (default: 1 300 1, noisy 2 240 2)",
    )
    parser.add_argument("--jobs", type=int, default=-1, help="parallel jobs (default: one a core)")
    parser.add_argument("--bin", type=int, default=5, help="width of the table's bins of ||gamma||_0,inf")
    options = parser.parse_args()
    for name, value in (NOISY if options.noisy else NOISELESS).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    first, last, step = options.cardinalities
    if first < 1 or last < first or min(step, options.trials, options.bin) < 1:
        parser.error(
            f"--trials {options.trials} --cardinalities {first} {last} {step} --bin {options.bin}: "
            "expected 1 <= FIRST <= LAST, the rest at least 1"
        )
    return options


def main():
    options = parsed()
    D = ConvDictionary(low_coherence_dictionary(2, 64), (640,))
    mu = coherence(D)
    level = bp_noise_level(mu) if options.noisy else uniqueness_level(mu)
    print(f"mu = {mu:.4f}, guarantee below {level:.2f} a stripe")
    trials = run(D, options)
    tables(trials, options.bin)
    keep(options.out / f"phase_transition{'_noisy' * options.noisy}.npz", trials, options)


if __name__ == "__main__":
    main()
