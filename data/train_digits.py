"""Train the three-layer dictionary of digits, at the talk's sizes, and register it.

    python data/train_digits.py [--rounds N] [--checkpoint FILE] [OUT]

Reads data/mnist_small.npz, writes OUT/digit_dictionaries.npz and its entry in OUT/registry.json; OUT is
this folder unless another is given. The full training takes a few minutes on two cores. With --checkpoint
it goes on where it was interrupted. It prints what it reached on digits that it has not seen, beside K-SVD
with 1,024 atoms that know no layers. Single precision: another processor may give other last digits.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from entry import register

from cscbook import ConvDictionary, ksvd, load_digits, mlcsc_learning
from cscbook.layered import effective
from cscbook.learning import relative_error
from cscbook.learning.effective_atoms import prune
from cscbook.networks import save_dictionaries

HERE = Path(__file__).parent
SIZES, STRIDES, ATOMS = ((7, 7), (5, 5), (7, 7)), (2, 1, 1), (32, 128, 1024)
NONZEROS, K, SEED, ZEROS = (7, 7), (3, 5, 10), 0, 0.9989
LICENCE = "CC-BY-SA-3.0"


def digits():
    """Training and held-out digits on 27 x 27 pixels: what the effective atoms cover."""
    x, _, held, _ = load_digits()
    return x[:, 1:, 1:].astype(np.float32), held[:, 1:, 1:].astype(np.float32)


def unconstrained(train, held):
    """Held-out error of a K-SVD dictionary of as many atoms, 20 rounds."""
    columns = train.reshape(len(train), -1).T
    D = ksvd(columns, n_atoms=ATOMS[-1], k=K[-1], n_iter=20, rng=np.random.default_rng(SEED)).D
    return relative_error(D, held, K[-1])


def sparse_enough(dictionaries):
    """Seven non-zeros an atom are 99.888 % zeros in D3; the hundred smallest go, and it is 99.89 %."""
    *before, D = dictionaries
    return [*before, ConvDictionary(prune(D.filters, ZEROS), D.space, D.stride, D.circular)]


def keep(options, dictionaries, seconds, held, free):
    """Write the file and its entry, and print what was reached."""
    file = options.out / "digit_dictionaries.npz"
    save_dictionaries(file, dictionaries)
    facts = {"command": f"python data/train_digits.py --rounds {options.rounds}", "seed": SEED}
    facts |= {"cpu_seconds": round(seconds), "held_out_digits": len(held), "nonzeros": K[-1]}
    facts["held_out_error"] = round(relative_error(effective(dictionaries)[-1], held, K[-1]), 5)
    facts["ksvd_error"] = round(free, 5)
    register(file, LICENCE, "learned from mnist_small.npz by train_digits.py", facts)
    zeros = ", ".join(f"{100 * np.mean(np.asarray(D.filters) == 0):.2f} %" for D in dictionaries)
    print(f"{seconds:.0f} CPU seconds; zeros in D1, D2, D3: {zeros}")
    error = facts["held_out_error"]
    print(f"held-out error {error}, {error / free:.3f} times K-SVD's {free:.5f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=HERE)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--checkpoint", type=Path)
    options = parser.parse_args()
    train, held = digits()
    start = time.process_time()
    learned = mlcsc_learning(
        train, SIZES, ATOMS, NONZEROS, K, strides=STRIDES, n_iter=options.rounds,
        rng=np.random.default_rng(SEED), progress=True, checkpoint=options.checkpoint,
    )  # fmt: skip
    seconds = time.process_time() - start
    keep(options, sparse_enough(learned.dictionaries), seconds, held, unconstrained(train, held))


if __name__ == "__main__":
    main()
