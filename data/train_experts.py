"""Train the Field of Experts on the seven photographs that are not tested, and register it.

    python data/train_experts.py [--rounds N] [OUT]

Reads photographs from data/images, writes OUT/experts.npz and its entry in OUT/registry.json; OUT is this
folder unless another is given. A round is fifty steps; all of them take a few minutes of one core. It prints
what the field reaches on the two photographs that it has not seen. Single precision: another processor may
give other last digits.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from entry import register
from lessons import LESSONS, held_out

from cscbook import grey, load_image
from cscbook.checkpoints import write_npz
from cscbook.imaging import denoise_foe, train_experts

HERE = Path(__file__).parent
SIGMA, SEED = 25.0, 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=HERE)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    start, images = time.process_time(), [grey(load_image(name)) for name in LESSONS]
    training = train_experts(images, SIGMA, rounds=options.rounds, rng=np.random.default_rng(SEED))
    for found in training:
        print(f"{found[-1]:.2f} dB on the crops, {time.process_time() - start:.0f} s", flush=True)
    filters, alpha, _ = found
    seconds, file = time.process_time() - start, options.out / "experts.npz"
    write_npz(file, {"filters": np.asarray(filters, np.float32), "alpha": np.asarray(alpha, np.float32)})
    dB = held_out(lambda y: denoise_foe(y, SIGMA, filters, alpha), SIGMA)
    facts = {"command": f"python data/train_experts.py --rounds {options.rounds}", "seed": SEED}
    facts |= {"cpu_seconds": round(seconds), "sigma": SIGMA, "lessons": LESSONS, "held_out": dB}
    register(file, "CC0-1.0", "learned from seven photographs by train_experts.py", facts)
    print(f"{seconds:.0f} CPU seconds; {dB}")


if __name__ == "__main__":
    main()
