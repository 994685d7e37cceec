"""The phase transition at full scale: 500 trials at every cardinality from 1 to 300, OMP and noiseless BP.

    python tests/bench/phase_transition_full.py --folder results

Finished cardinalities are kept in the folder; the same command goes on from there after an
interruption, and prints the table at once when nothing is left to do.
"""

import argparse
import time

import harness  # noqa: F401  (one thread a job: must come before numpy)

from cscbook import ConvDictionary, coherence, low_coherence_dictionary, phase_transition, uniqueness_level
from cscbook.theory.phase_transition import wilson


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=500, help="codes for each cardinality")
    parser.add_argument(
        "--cardinalities",
        type=int,
        nargs=3,
        default=(1, 300, 1),
        metavar=("FIRST", "LAST", "STEP"),
        help="numbers of non-zeros in the whole code (default: 1 300 1)",
    )
    parser.add_argument("--folder", required=True, help="where finished cardinalities are kept")
    parser.add_argument("--jobs", type=int, default=-1, help="parallel jobs (default: one a core)")
    parser.add_argument("--bin", type=int, default=5, help="width of the table's bins of ||gamma||_0,inf")
    options = parser.parse_args()
    first, last, step = options.cardinalities
    if first < 1 or last < first or min(step, options.trials, options.bin) < 1:
        parser.error(
            f"--trials {options.trials} --cardinalities {first} {last} {step} --bin {options.bin}: "
            "expected 1 <= FIRST <= LAST, the rest at least 1"
        )

    D = ConvDictionary(low_coherence_dictionary(2, 64), (640,))
    start, cpu = time.perf_counter(), time.process_time()
    found = phase_transition(
        D,
        range(first, last + 1, step),
        options.trials,
        n_jobs=options.jobs,
        folder=options.folder,
        progress=True,
    )
    print(f"mu = {coherence(D):.4f}, guarantee below {uniqueness_level(coherence(D)):.2f} a stripe")
    print(f"{found.l0_inf.size} trials, {time.perf_counter() - start:.0f} s on the clock")
    if options.jobs == 1:
        print(f"{time.process_time() - cpu:.0f} s of one core")
    table(found, options.bin)


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


if __name__ == "__main__":
    main()
