"""MNIST's own files: read as they are published, and refused, in words, when they are not."""

import gzip
import hashlib
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cscbook import load_digits, load_mnist
from cscbook.arrays import to_numpy
from cscbook.datasets import mnist

BENCH = Path(__file__).parents[1] / "bench" / "cnn.py"
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(array):
    """The bytes of the idx format, written as its description says."""
    return struct.pack(f">{1 + array.ndim}I", 2048 + array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def digits():
    """Images and labels as bytes: 40 to train, 20 to test."""
    x, y, xt, yt = map(to_numpy, load_digits())
    return [
        np.round(255 * x[:40, ..., 0]).astype("u1"),
        y[:40].astype("u1"),
        np.round(255 * xt[:20, ..., 0]).astype("u1"),
        yt[:20].astype("u1"),
    ]


@pytest.fixture
def folder(tmp_path, digits):
    """The four files, two of them packed."""
    for i, (name, array) in enumerate(zip(mnist.PUBLISHED, digits, strict=True)):
        packed = i % 2 == 1
        content = gzip.compress(idx(array)) if packed else idx(array)
        (tmp_path / (name + ".gz" * packed)).write_bytes(content)
    return tmp_path


def test_what_is_written_is_read(folder, digits):
    found = load_mnist(folder)
    assert [a.dtype.str[1:] for a in found] == ["f4", "i8", "f4", "i8"]
    for a, b in zip(found[::2], digits[::2], strict=True):
        np.testing.assert_array_equal(np.round(255 * to_numpy(a)[..., 0]), b)
        assert a.shape[1:] == (28, 28, 1) and float(a.max()) == 1
    for a, b in zip(found[1::2], digits[1::2], strict=True):
        np.testing.assert_array_equal(to_numpy(a), b)


def moved(folder, place):
    """Bring every file of the folder to ``place(name)``."""
    for path in [p for p in folder.iterdir() if p.is_file()]:
        target = folder / place(path.name)
        path.rename(folder / "moving")
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / "moving").rename(target)


@pytest.mark.parametrize(
    "place",
    [
        lambda name: name.replace("-idx", ".idx"),
        lambda name: f"{name}/{name}",
        lambda name: f"{name.replace('-idx', '.idx')}/{name.replace('-idx', '.idx')}",
        lambda name: f"raw/{name}",
        lambda name: f"MNIST/raw/{name}",
    ],
    ids=["dots", "folders", "both", "raw", "torchvision"],
)
def test_copies_spell_and_place_the_files_in_several_ways(folder, digits, place):
    moved(folder, place)
    assert not (folder / IMAGES).is_file()
    for a, b in zip(load_mnist(folder)[1::2], digits[1::2], strict=True):
        np.testing.assert_array_equal(to_numpy(a), b)


def test_a_header_is_big_endian_and_says_what_the_format_says(digits):
    assert idx(digits[0])[:16] == bytes([0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 28, 0, 0, 0, 28])  # magic 2051
    assert idx(digits[1])[:8] == bytes([0, 0, 8, 1, 0, 0, 0, 40])  # magic 2049


def test_a_missing_file_is_named_with_its_folder_and_what_is_expected(folder):
    (folder / IMAGES).unlink()
    with pytest.raises(
        FileNotFoundError, match=f"no {IMAGES} or {IMAGES}.gz in .*t10k-labels-idx1-ubyte"
    ) as e:
        load_mnist(folder)
    assert str(folder) in str(e.value)


def test_damage_is_named(folder, digits):
    whole, path = idx(digits[0]), folder / IMAGES
    for content, message in (
        (idx(digits[1]), "starts with 2049: expected 2051"),
        (struct.pack("<4I", 2051, 40, 28, 28) + whole[16:], "expected 2051"),
        (whole[:-1], r"31375 bytes: expected 16 \+ 40 x 28 x 28"),
        (whole + b"\0", r"31377 bytes: expected 16 \+ 40 x 28 x 28"),
        (whole[:10], "10 bytes: expected 16"),
        (b"", "starts with 0: expected 2051"),
        (idx(digits[0][:39]), r"shape \(39, 28, 28\), 40 labels"),
        (idx(digits[0][:, 1:]), r"shape \(40, 27, 28\), 40 labels"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            load_mnist(folder)


def test_labels_beyond_nine_and_broken_packing_are_named(folder, digits):
    packed = folder / f"{LABELS}.gz"
    packed.write_bytes(gzip.compress(idx(digits[1]))[:-9])
    with pytest.raises(ValueError, match="cannot be unpacked"):
        load_mnist(folder)
    packed.write_bytes(idx(digits[1]))
    with pytest.raises(ValueError, match="cannot be unpacked"):
        load_mnist(folder)
    packed.write_bytes(gzip.compress(idx(digits[1] + 1)))
    with pytest.raises(ValueError, match="labels up to 10: expected one label in 0..9"):
        load_mnist(folder)


def test_without_a_folder_only_the_published_files_will_do(tmp_path, digits, monkeypatch):
    monkeypatch.setattr(mnist, "_folders", lambda: [tmp_path / "none", tmp_path])
    with pytest.raises(FileNotFoundError, match=r"none.mnist, .*or call load_mnist\(folder\)"):
        load_mnist()
    (tmp_path / "mnist").mkdir()
    contents = [gzip.compress(idx(array)) for array in digits]
    for name, content in zip(mnist.PUBLISHED, contents, strict=True):
        (tmp_path / "mnist" / f"{name}.gz").write_bytes(content)
    with pytest.raises(ValueError, match="the published file 440fcabf"):
        load_mnist()
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    monkeypatch.setattr(mnist, "PUBLISHED", dict(zip(mnist.PUBLISHED, digests, strict=True)))
    np.testing.assert_array_equal(to_numpy(load_mnist()[3]), digits[3])


def test_the_benchmark_reads_such_a_folder(folder):
    options = ["--full-mnist", str(folder), "--epochs", "1", "--seeds", "2", "--unfoldings", "1"]
    command = [sys.executable, str(BENCH), *options, "--only", "ML-ISTA"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "40 and 20 digits, 1 epochs" in done.stdout and "seed 1  ML-ISTA, T = 1" in done.stdout
