"""Train the denoiser of Part 5 on seven photographs, and register it.

    python data/train_denoiser.py [--rounds N] [--checkpoint FILE] [OUT]

Reads photographs from data/images, writes OUT/denoiser.npz and its entry in OUT/registry.json; OUT is this
folder unless another is given. A round is a hundred steps; all of them take seventeen minutes of one core.
With --checkpoint it goes on where it was interrupted. It prints what it reached on the two photographs that
it has not seen, beside K-SVD. Single precision: another processor may give other last digits.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from entry import register
from lessons import LESSONS, held_out

from cscbook import asarray, dct_dictionary, denoise_ksvd, grey, load_image
from cscbook.imaging import denoise_trained, save_denoiser, train_denoiser
from cscbook.networks import csc_network, csc_start

HERE = Path(__file__).parent
SIGMA, SIZE, ROOT, STRIDE, STEPS, LAM, RATE, SEED = 25.0, 10, 11, 5, 4, 0.15, 3e-3, 0


def train(n_rounds, checkpoint):
    """The network from the over-complete DCT on, ``ROOT^2`` filters of ``SIZE x SIZE``."""
    D = dct_dictionary(SIZE, ROOT)
    start = csc_start(asarray(np.asarray(D).reshape(SIZE, SIZE, 1, -1)), LAM, STRIDE)
    images = [grey(load_image(name)) for name in LESSONS]
    return train_denoiser(
        images, SIGMA, start, csc_network(STEPS), STRIDE, n_iter=n_rounds, rate=RATE,
        rng=np.random.default_rng(SEED), progress=True, checkpoint=checkpoint,
    )  # fmt: skip


def reached(denoiser):
    """PSNR on whole held-out photographs, of the network and of K-SVD that learns from each noisy one."""
    ours = held_out(lambda y: denoise_trained(y, denoiser).x, SIGMA)
    ksvd = held_out(lambda y: denoise_ksvd(y, SIGMA).x, SIGMA)
    return {name: {"psnr": ours[name], "ksvd_psnr": ksvd[name]} for name in ours}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=HERE)
    parser.add_argument("--rounds", type=int, default=180)
    parser.add_argument("--checkpoint", type=Path)
    options = parser.parse_args()
    start = time.process_time()
    denoiser = train(options.rounds, options.checkpoint)
    seconds = time.process_time() - start
    file = options.out / "denoiser.npz"
    save_denoiser(file, denoiser)
    facts = {"command": f"python data/train_denoiser.py --rounds {options.rounds}", "seed": SEED}
    facts |= {
        "cpu_seconds": round(seconds),
        "sigma": SIGMA,
        "lessons": LESSONS,
        "held_out": reached(denoiser),
    }
    register(file, "CC0-1.0", "learned from seven photographs by train_denoiser.py", facts)
    print(f"{seconds:.0f} CPU seconds; {denoiser.parameters} parameters; {facts['held_out']}")


if __name__ == "__main__":
    main()
