"""Signals from files that are what the registry says, and what is made of them before coding."""

import hashlib
import json
import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cscbook import (
    contrast_normalize,
    grey,
    image_names,
    load_digits,
    load_image,
    load_notes,
    natural32,
    split_frequencies,
)
from cscbook.arrays import to_numpy
from cscbook.datasets import files as signals


@pytest.mark.parametrize("name, shape", [("camera", (512, 512, 1)), ("coffee", (400, 600, 3))])
def test_photographs(name, shape):
    x = to_numpy(load_image(name))
    assert x.shape == shape and x.dtype == float and 0 <= x.min() and 200 < x.max() <= 255


def test_grey_weighs_the_colours():
    x = np.stack([np.full((2, 2), v) for v in (100.0, 50.0, 10.0)], axis=-1)
    assert to_numpy(grey(x))[0, 0, 0] == pytest.approx(21.25 + 35.77 + 0.721)
    with pytest.raises(ValueError, match=r"\(2, 2, 2\)"):
        grey(np.zeros((2, 2, 2)))


def smoothing(N, weight):
    """Dense ``I + weight G^T G`` on N samples, with the N - 1 differences of neighbours in G."""
    G = np.diff(np.eye(N), axis=0)
    return weight * G.T @ G


@pytest.mark.parametrize("shape", [(40, 1), (30, 25, 2)])
def test_contrast_normalisation_is_the_formula(rng, xp, close, shape):
    x = rng.random(shape) * np.linspace(0, 3, shape[0]).reshape(-1, *[1] * (len(shape) - 1)) + 2

    def smooth(a):
        return gaussian_filter(a, (*[4.773] * (len(shape) - 1), 0), mode="reflect", radius=6)

    s = np.sqrt(smooth(x**2) - smooth(x) ** 2)
    y = contrast_normalize(xp(x))
    close(y, (x - smooth(x)) / np.maximum(s, np.median(s)), factor=1e3)
    close(contrast_normalize(xp(5 * x)), to_numpy(y), factor=1e3)


def test_flat_and_half_flat_signals_have_a_contrast_level(xp):
    assert np.abs(to_numpy(contrast_normalize(xp(np.ones((20, 20, 1)))))).max() < 1e-3
    x = np.zeros((60, 1))
    x[5] = 1.0
    y = to_numpy(contrast_normalize(xp(x)))
    assert np.all(np.isfinite(y)) and 0.5 < y.max() < 5
    for wrong in ({"sigma": 0.0}, {"reach": 0}, {"reach": 60}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} = "):
            contrast_normalize(xp(x), **wrong)


@pytest.mark.parametrize("space", [(7,), (6, 5)])
def test_the_low_part_solves_the_smoothing_problem(xp, rng, close, space):
    x = rng.standard_normal((*space, 2))
    A = np.eye(x[..., 0].size) + sum(
        np.kron(np.kron(np.eye(N_before), smoothing(N, 3.0)), np.eye(N_after))
        for N_before, N, N_after in [(1, space[0], math.prod(space[1:])), (space[0], space[-1], 1)][
            : len(space)
        ]
    )
    low, high = split_frequencies(xp(x), 3.0)
    close(low, np.linalg.solve(A, x.reshape(-1, 2)).reshape(x.shape), factor=10)
    close(low + high, x)
    assert low.dtype == high.dtype == xp(x).dtype


def test_a_flat_image_is_all_low_and_no_weight_leaves_nothing_high(xp, rng, close):
    flat, x = np.full((6, 5, 1), 90.0), rng.standard_normal((9, 1))
    close(split_frequencies(xp(flat))[1] / 90, 0 * flat)
    close(split_frequencies(xp(x), 0.0)[1], 0 * x)
    with pytest.raises(ValueError, match="weight = -1"):
        split_frequencies(xp(x), -1.0)


def test_a_file_of_ones_own(tmp_path):
    from PIL import Image

    Image.fromarray(np.full((4, 5, 3), 128, np.uint8)).save(tmp_path / "mine.png")
    assert to_numpy(load_image(tmp_path / "mine.png")).shape == (4, 5, 3)
    with pytest.raises(FileNotFoundError, match="absent.png"):
        load_image(tmp_path / "absent.png")


def test_digits_tiles_and_notes():
    x_train, y_train, x_test, y_test = map(to_numpy, load_digits())
    assert x_train.shape == (4000, 28, 28, 1) and x_test.shape == (1000, 28, 28, 1) and x_train.max() == 1
    assert (np.bincount(y_train) == 400).all() and (np.bincount(y_test) == 100).all()
    assert to_numpy(natural32(3)).shape == (3, 32, 32, 3)
    notes, names, rate = load_notes()
    assert to_numpy(notes).shape == (8, 8000, 1) and names[0] == "A3" and rate == 8000


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="no image 'lena': .*camera"):
        load_image("lena")
    assert "camera" in image_names()


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "camera.png").write_bytes(b"not the picture")
    (tmp_path / "registry.json").write_text(json.dumps({"images/camera.png": {"sha256": "0" * 64}}))
    monkeypatch.setenv("CSCBOOK_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=hashlib.sha256(b"not the picture").hexdigest()):
        load_image("camera")


def test_data_that_is_nowhere_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(signals, "_folders", lambda: [tmp_path])
    with pytest.raises(FileNotFoundError, match="CSCBOOK_DATA"):
        load_image("camera")
