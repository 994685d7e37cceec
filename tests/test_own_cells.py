"""Cells for a reader's own file take any picture or recording, or say in a sentence why they cannot."""

import re
import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.io.wavfile
import tifffile
from own_cells import own_cells
from PIL import Image

matplotlib.use("Agg")
SHADES = np.random.default_rng(0).integers(0, 256, (41, 57, 4)).astype(np.uint8)
STROKE = np.pad(np.full((30, 9), 200, np.uint8), 12)  # a written one, bright on dark


def pictures(folder):
    """Eight pictures that are not 8-bit RGB, or are too small, or hold nothing to look at."""
    Image.fromarray(SHADES).save(folder / "with alpha.png")
    Image.fromarray(SHADES[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    Image.fromarray(STROKE).convert("1").save(folder / "black and white.png")
    Image.fromarray(SHADES[..., :3]).convert("CMYK").save(folder / "for print.jpg")
    Image.fromarray(SHADES[..., :3]).quantize(16).save(folder / "palette.gif")
    tifffile.imwrite(folder / "floats.tif", SHADES[..., 0].astype(np.float32) / 255)
    Image.new("L", (64, 48), 128).save(folder / "plain grey.png")
    Image.fromarray(SHADES[:3, :9, :3]).save(folder / "tiny.png")
    return sorted(folder.iterdir())


def recordings(folder):
    """Eight recordings of other rates, kinds and lengths than the chapter's."""
    for name, rate, kind in (("cd", 44100, "i2"), ("low", 4000, "i2"), ("eight bits", 11025, "u1"),
                             ("long words", 48000, "i4"), ("floats", 96000, "f4")):  # fmt: skip
        t = np.arange(rate // 2) / rate
        wave = np.stack([np.sin(2 * np.pi * 440 * t), np.sin(2 * np.pi * 660 * t)], axis=1) / 2
        top = {"i2": 32767, "i4": 2**31 - 1, "u1": 127, "f4": 1}[kind]
        scipy.io.wavfile.write(folder / f"{name}.wav", rate, (wave * top + 128 * (kind == "u1")).astype(kind))
    scipy.io.wavfile.write(folder / "silence.wav", 8000, np.zeros(8000, "i2"))
    scipy.io.wavfile.write(folder / "short.wav", 8000, np.arange(5, dtype="i2"))
    (folder / "no sound.wav").write_bytes(b"RIFF, but nothing else")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("cell", own_cells(), ids=str)
def test_a_file_of_any_kind_is_taken_or_refused_in_a_sentence(cell, tmp_path, monkeypatch):
    monkeypatch.chdir(cell.chapter.parent)
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(re.sub(r"n_iter=\d+", "n_iter=1", cell.before), names)  # noqa: S102  what is learned matters little
        for file in (recordings if cell.reads_sound else pictures)(tmp_path):
            try:
                exec(cell.with_file(file), dict(names))  # noqa: S102
            except AssertionError as error:
                assert str(error), "a claim about the chapter's own picture says what it is"
            except ValueError as error:
                assert len(str(error)) < 300, (file.name, error)
                assert re.search(f"{file.name}|picture|samples|pixels|atom", str(error)), (file.name, error)
            finally:
                plt.close("all")


def test_there_is_one_in_every_chapter_that_reads_files():
    assert len(own_cells()) >= 17 and sum(cell.reads_sound for cell in own_cells()) == 1
