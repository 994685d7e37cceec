"""Train a network of patches to denoise, on the seven photographs that are not tested, and register it.

    python data/train_patch_network.py [--rounds N] [OUT]

Reads photographs from data/images, writes OUT/patch_denoiser.npz and its entry in OUT/registry.json; OUT is
this folder unless another is given. A round is a hundred steps; all of them take some minutes of one core. It
prints what the network reaches on the two photographs that it has not seen. Single precision: another
processor may give other last digits.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from entry import register
from lessons import LESSONS, held_out

from cscbook import grey, load_image
from cscbook.imaging import denoise_trained, save_denoiser, train_denoiser
from cscbook.networks import patch_network, patch_start

HERE = Path(__file__).parent
SIGMA, SIZE, NEURONS, STRIDE, RATE, SEED = 25.0, 8, (128, 128), 4, 3e-3, 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=HERE)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    begin, rng = time.process_time(), np.random.default_rng(SEED)
    start = patch_start((SIZE, SIZE), NEURONS, rng=rng)
    start["C"] = 0.1 * start["C"]  # begin near the mean of the image
    denoiser = train_denoiser(
        [grey(load_image(name)) for name in LESSONS], SIGMA, start, patch_network, STRIDE,
        n_iter=options.rounds, rate=RATE, rng=rng, progress=True,
    )  # fmt: skip
    seconds, file = time.process_time() - begin, options.out / "patch_denoiser.npz"
    save_denoiser(file, denoiser)
    dB = held_out(lambda y: denoise_trained(y, denoiser).x, SIGMA)
    facts = {"command": f"python data/train_patch_network.py --rounds {options.rounds}", "seed": SEED}
    facts |= {"cpu_seconds": round(seconds), "sigma": SIGMA, "lessons": LESSONS, "held_out": dB}
    register(file, "CC0-1.0", "learned from seven photographs by train_patch_network.py", facts)
    print(f"{seconds:.0f} CPU seconds; {denoiser.parameters} parameters; {dB}")


if __name__ == "__main__":
    main()
