"""Learn the Gaussian mixture of EPLL from the seven photographs that are not tested, and register it.

    python data/train_mixture.py [--rounds N] [OUT]

Reads photographs from data/images, writes OUT/mixture.npz and its entry in OUT/registry.json; OUT is this
folder unless another is given. The patches are random ones, as many of each photograph, in random views. All
rounds take about three minutes of one core. It prints what EPLL reaches with it on two photographs that
it has not seen. Single precision: another processor may give other last digits.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from entry import register
from lessons import LESSONS, held_out

from cscbook import grey, load_image
from cscbook.imaging import denoise_epll, image_patches, learn_mixture, load_mixture, save_mixture
from cscbook.imaging.denoising.symmetries import view

HERE = Path(__file__).parent
KINDS, SIZE, EACH, SEED = 100, 8, 20_000, 0


def lessons(rng):
    """``EACH`` patches of each photograph, an eighth in each view, as columns without their means."""
    found = []
    for name in LESSONS:
        x = grey(load_image(name)).astype("float32")
        for v in range(8):
            P = image_patches(view(x, v), SIZE)
            found.append(P[:, rng.choice(P.shape[1], EACH // 8, replace=False)])
    P = np.concatenate(found, axis=1)
    return P - P.mean(axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=HERE)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    start, rng = time.process_time(), np.random.default_rng(SEED)
    for found in learn_mixture(lessons(rng), KINDS, options.rounds, rng=rng):
        print(f"{found[-1]:.3f} per patch", flush=True)
    *mixture, likelihood = found
    seconds, file = time.process_time() - start, options.out / "mixture.npz"
    save_mixture(file, *mixture)
    kept = load_mixture(file)
    dB = held_out(lambda y: denoise_epll(y.astype("float32"), 25, *kept), 25)
    facts = {"command": f"python data/train_mixture.py --rounds {options.rounds}", "seed": SEED}
    facts |= {"cpu_seconds": round(seconds), "lessons": LESSONS, "log_likelihood": round(likelihood, 3)}
    register(file, "CC0-1.0", "learned from seven photographs by train_mixture.py", facts | {"held_out": dB})
    print(f"{seconds:.0f} CPU seconds; {dB}")


if __name__ == "__main__":
    main()
