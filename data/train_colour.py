"""Train a three-layer dictionary of colour tiles, at the talk's sizes.

    python data/train_colour.py [--rounds N] [--checkpoint FILE] [--cifar ARCHIVE] [--register] OUT

Without --cifar, natural tiles are cut from three photographs, and held-out ones from a fourth; they are not
CIFAR. --cifar names the reader's own cifar-10-binary.tar.gz, whose SHA-256 is checked before it is opened;
it learns from data_batch_1.bin to data_batch_5.bin and holds out test_batch.bin. Each tile loses its mean
colour. Writes OUT, an npz of some megabytes, which is not shipped. Takes some ten minutes on two cores; with
--checkpoint it goes on where it was interrupted. It prints what it reached on tiles that it has not seen,
beside K-SVD with as many atoms that know no layers. --register also writes colour_dictionaries.npz into this
folder, the same dictionaries in eight bits, and its entry in registry.json: what these reach, and how far
they are from the uncompressed ones.
"""

import argparse
import hashlib
import tarfile
import time
from pathlib import Path

import numpy as np
from entry import register

from cscbook import ksvd, mlcsc_learning, natural32, to_numpy
from cscbook.layered import effective
from cscbook.learning import relative_error, thresholded_atoms
from cscbook.networks import load_dictionaries, save_compressed, save_dictionaries

SIZES, STRIDES, ATOMS = ((5, 5), (5, 5), (5, 5)), (2, 2, 1), (64, 256, 1024)
NONZEROS, K, SEED = (272, 598), (4, 8, 16), 0  # 83.0 and 90.7 % zeros
HERE = Path(__file__).parent
CIFAR = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"


def prepare(tiles):
    """Tiles (p, 32, 32, 3) in 0..255 as the effective atoms see them: 29 x 29 pixels, mean colour zero."""
    x = to_numpy(tiles)[:, 1:30, 1:30].astype(np.float32) / 255
    return x - x.mean(axis=(1, 2), keepdims=True)


def natural(p):
    """Training tiles from three photographs, held-out ones from a fourth."""
    train = natural32(p, np.random.default_rng(SEED), ("astronaut", "coffee", "rocket"))
    return train, natural32(1000, np.random.default_rng(SEED), ("cat",))


def cifar(archive, p):
    """Training and test tiles from the binary version of CIFAR-10."""
    found = hashlib.sha256(Path(archive).read_bytes()).hexdigest()
    if found != CIFAR:
        raise ValueError(f"{archive} has SHA-256 {found}, expected {CIFAR}, the binary version of CIFAR-10")
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    with tarfile.open(archive) as files:
        read = [files.extractfile(f"cifar-10-batches-bin/{name}").read() for name in names]
    rows = [np.frombuffer(part, np.uint8).reshape(-1, 3073)[:, 1:] for part in read]
    tiles = [r.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) for r in rows]
    return np.concatenate(tiles[:5])[:p], tiles[5][:1000]


def zeros(dictionaries):
    """The share of zeros in each layer."""
    return [round(float(np.mean(to_numpy(D.filters) == 0)), 5) for D in dictionaries]


def held_out_error(dictionaries, held):
    return round(relative_error(effective(dictionaries)[-1], held, K[-1]), 5)


def measure(dictionaries, train, held):
    """Shares of zeros, and held-out errors beside K-SVD's, 10 rounds."""
    columns = train.reshape(len(train), -1).T
    free = ksvd(columns, n_atoms=ATOMS[-1], k=K[-1], n_iter=10, rng=np.random.default_rng(SEED)).D
    return {
        "zeros": zeros(dictionaries),
        "nonzeros": K[-1],
        "held_out_tiles": len(held),
        "held_out_error": held_out_error(dictionaries, held),
        "ksvd_error": round(relative_error(free, held, K[-1]), 5),
    }


def keep(dictionaries, held, found):
    """The dictionaries in eight bits, and what was measured of them and of the uncompressed ones."""
    file = HERE / "colour_dictionaries.npz"
    save_compressed(file, dictionaries)
    kept = load_dictionaries(file)
    pairs = [(to_numpy(D.local), to_numpy(E.local)) for D, E in zip(dictionaries, kept, strict=True)]
    errors = [round(float(np.linalg.norm(a - b) / np.linalg.norm(a)), 5) for a, b in pairs]
    found = found | {"uncompressed_error": found["held_out_error"], "compression_errors": errors}
    found |= {"zeros": zeros(kept), "held_out_error": held_out_error(kept, held)}
    return register(file, "CC0-1.0", "learned from astronaut, coffee and rocket by train_colour.py", found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--tiles", type=int, default=5000)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--cifar", type=Path)
    parser.add_argument("--register", action="store_true")
    options = parser.parse_args()
    tiles = cifar(options.cifar, options.tiles) if options.cifar else natural(options.tiles)
    train, held = map(prepare, tiles)
    start = time.process_time()
    learned = mlcsc_learning(
        train, SIZES, ATOMS, NONZEROS, K, strides=STRIDES, express=thresholded_atoms, n_iter=options.rounds,
        rng=np.random.default_rng(SEED), progress=True, checkpoint=options.checkpoint,
    )  # fmt: skip
    seconds = time.process_time() - start
    save_dictionaries(options.out, learned.dictionaries)
    found = measure(learned.dictionaries, train, held) | {"cpu_seconds": round(seconds), "seed": SEED}
    print(found)
    if options.register and not options.cifar:
        command = f"python data/train_colour.py --rounds {options.rounds} --register OUT"
        keep(learned.dictionaries, held, found | {"command": command})


if __name__ == "__main__":
    main()
