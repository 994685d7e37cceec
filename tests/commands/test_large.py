"""``cscbook code --tiles``: the code of an array in a file is that of the whole, and goes on from a stop."""

import numpy as np
import pytest
from commands.pictures import noisy, scene

import cscbook.commands.large as module
from cscbook import ConvDictionary, basis_pursuit, split_frequencies
from cscbook.commands.large import Windows
from cscbook.imaging import dct_filters
from cscbook.large import open_code

OPTIONS = "--tiles", 40, "--tol", 1e-4


@pytest.fixture
def picture(tmp_path):
    """An array (H, W) in a file, and a small dictionary beside it."""
    y = noisy(scene(110, 90, 1), 3)
    np.save(tmp_path / "y.npy", y[..., 0])
    np.savez(tmp_path / "atoms.npz", filters=dct_filters(5, 5))
    return y


def test_the_code_is_that_of_the_whole_array(call, picture, tmp_path):
    done = call("code", "y.npy", "--dictionary", "atoms.npz", "--lam", 10, "--tiles", 40, "--tol", 1e-6)
    assert (done.code, done.out) == (0, "y.npy -> y-code\n") and " of the best code" in done.err
    code = open_code(tmp_path / "y-code")
    D = ConvDictionary(dct_filters(5, 5), picture.shape[:2], circular=False)
    best = basis_pursuit(D, split_frequencies(picture, 3.0)[1], 10.0, tol=1e-8).gamma
    assert np.abs(code.sparse().dense() - best).max() < 0.02 * np.abs(best).max()
    assert np.abs(code.synthesize(slice(0, 110), slice(0, 90)) - D @ best).max() < 0.2


def test_windows_are_those_of_the_whole_array(tmp_path):
    y = noisy(scene(300, 200, 3), 3)
    np.save(tmp_path / "y.npy", y)
    high, part = split_frequencies(y, 3.0)[1], (slice(100, 140), slice(90, 200))
    np.testing.assert_allclose(Windows(tmp_path / "y.npy", 3.0)[part], high[part], atol=1e-11)
    np.testing.assert_array_equal(Windows(tmp_path / "y.npy")[part], y[part])
    assert np.abs(high - y).max() > 50, "the smooth part is most of it"


def test_what_was_interrupted_goes_on(call, picture, tmp_path, monkeypatch):
    command = "code", "y.npy", "--dictionary", "atoms.npz", "--as-is", *OPTIONS, "--quiet"
    assert call(*command, "-o", "whole").code == 0
    read, left = Windows.__getitem__, [12]  # nine tiles are looked at, and two are coded

    def stops(self, place):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return read(self, place)

    monkeypatch.setattr(module.Windows, "__getitem__", stops)
    done = call(*command, "-o", "parts")
    assert done.code == 1 and "interrupted" in done.err and list((tmp_path / "parts").glob("fresh-*"))
    assert call(*command, "-o", "parts").code == 0
    one, two = (open_code(tmp_path / name).sparse() for name in ("whole", "parts"))
    np.testing.assert_array_equal(one.places, two.places)
    np.testing.assert_array_equal(one.values, two.values)


def test_a_zarr_array_and_whole_numbers(call, picture, tmp_path):
    zarr = pytest.importorskip("zarr")
    whole = np.rint(picture).clip(0, 255).astype("u1")
    kept = zarr.create_array(tmp_path / "y.zarr", shape=whole.shape, chunks=(32, 32, 1), dtype="u1")
    kept[:] = whole
    np.save(tmp_path / "z.npy", whole)
    for name in ("y.zarr", "z.npy"):
        assert call("code", name, "--dictionary", "atoms.npz", "--tiles", 40, "--quiet").code == 0
    one, two = (open_code(tmp_path / f"{name}-code").sparse() for name in "yz")
    assert one.values.dtype == np.float32 and np.array_equal(one.values, two.values)


def test_bad_input_is_one_sentence(refused, call, picture, tmp_path):
    (tmp_path / "letter.npy").write_bytes(b"a letter")
    np.save(tmp_path / "line.npy", np.zeros(5))
    assert "letter.npy is no array that can be read" in refused("code", "letter.npy", *OPTIONS)
    assert "line.npy holds float64 of shape (5,)" in refused("code", "line.npy", *OPTIONS)
    assert "absent.zarr is no array that can be read" in refused("code", "absent.zarr", *OPTIONS)
    assert "--force does not go with --tiles" in refused("code", "y.npy", *OPTIONS, "--force")
    assert "tile = 8: expected at least 16" in refused("code", "y.npy", "--tiles", 8)
    assert "letter.npy is no dictionary" in refused("code", "y.npy", *OPTIONS, "--dictionary", "letter.npy")
    assert call("code", "y.npy", *OPTIONS, "--dictionary", "atoms.npz").code == 0
    line = refused("code", "y.npy", *OPTIONS, "--dictionary", "atoms.npz", "--lam", 30)
    assert "belongs to another lam" in line
