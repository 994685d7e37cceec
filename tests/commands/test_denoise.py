"""``cscbook denoise`` takes the noise out of any picture, and the same tile by tile as at once."""

import numpy as np
import pytest
from commands.pictures import noisy, read, save, scene
from PIL import Image

from cscbook import denoise_dct, denoise_omp, psnr
from cscbook.commands import denoise as command
from cscbook.commands.denoise import denoised, learned_atoms
from cscbook.commands.tiles import by_tiles


@pytest.mark.parametrize("c", [1, 3])
@pytest.mark.parametrize("method", ["ksvd", "dct", "csc", "trained"])
def test_a_noisy_picture_becomes_better(call, tmp_path, method, c):
    x = scene(64, 72, c)
    y = save(tmp_path / "y.png", noisy(x, 20))
    done = call("denoise", y, "-o", "clean.png", "--method", method)
    assert done.code == 0 and done.out == f"{y} -> clean.png\n"
    assert "noise: sigma = 2" in done.err or "noise: sigma = 1" in done.err
    clean = read(tmp_path / "clean.png")
    assert clean.shape == x.shape and psnr(clean, x) > psnr(read(y), x) + 5


def test_the_noise_may_be_given(call, tmp_path):
    y = save(tmp_path / "y.png", noisy(scene(), 20))
    assert call("denoise", y, "-o", "a.png", "--sigma", 20, "--method", "dct", "--quiet").err == ""
    expected = np.rint(np.clip(denoise_dct(read(y), 20.0), 0, 255))
    assert abs(read(tmp_path / "a.png") - expected).max() <= 1
    for wrong in ("0", "-3", "nan", "much"):
        assert "expected auto, or a positive number" in call("denoise", y, "--sigma", wrong).err


def test_a_picture_without_noise_stays_as_it_is(call, tmp_path):
    x = np.full((20, 30, 3), 77.0)
    x[:, 15:] = 180
    y = save(tmp_path / "flat.png", x)
    assert call("denoise", y).code == 0
    np.testing.assert_array_equal(read(tmp_path / "flat-denoised.png"), x)


def test_tiles_give_what_the_whole_picture_gives():
    y = noisy(scene(150, 130, 1), 20)
    D = learned_atoms(y, 20)
    whole = denoise_omp(y, 20, D).x
    parts = by_tiles(lambda tile: denoise_omp(tile, 20, D).x, y, 40, 8, quiet=True)
    np.testing.assert_allclose(parts, whole, atol=0.01)
    near = by_tiles(lambda tile: denoise_omp(tile, 20, D).x, y, 40, 4, quiet=True)
    assert abs(near - whole).max() > 0.1, "a margin of half a patch would show"


def test_a_large_picture_is_as_good_as_a_small_one(monkeypatch):
    module = __import__("sys").modules[command.callback.__module__]
    x = scene(150, 200, 3)
    y = noisy(x, 25)
    small = psnr(denoised(y, 25.0, quiet=True), x)
    monkeypatch.setattr(module, "SIDE", 64)
    large = psnr(denoised(y, 25.0, quiet=True), x)
    assert large > small - 0.5 and large > psnr(y, x) + 8


def test_grey_of_sixteen_bits_in_and_out(call, tmp_path):
    y = np.clip(noisy(scene(64, 64, 1)[..., 0], 10), 0, 255) * 257
    Image.fromarray(y.astype(np.uint16)).save(tmp_path / "y.png")
    assert call("denoise", "y.png", "-o", "x.png", "--method", "dct", "--bits", 16).code == 0
    found = np.asarray(Image.open(tmp_path / "x.png"))
    assert found.dtype == np.uint16 and found.shape == (64, 64)
    assert psnr(found / 257, scene(64, 64, 1)[..., 0]) > psnr(y / 257, scene(64, 64, 1)[..., 0]) + 4
    assert len(np.unique(found)) > 1000, "more levels than 8 bits have"


def test_colour_of_sixteen_bits_needs_a_tiff(call, refused, tmp_path):
    import tifffile

    save(tmp_path / "y.png", noisy(scene(), 10))
    assert "cannot hold colours of 16 bits" in refused("denoise", "y.png", "--bits", 16)
    assert "cannot hold 16 bits" in refused("denoise", "y.png", "-o", "x.jpg", "--bits", 16)
    assert call("denoise", "y.png", "-o", "x.tif", "--bits", 16, "--method", "dct").code == 0
    assert tifffile.imread(tmp_path / "x.tif").dtype == np.uint16


def test_too_small_a_picture_is_named(refused, tmp_path):
    save(tmp_path / "y.png", noisy(scene(5, 5, 1), 20))
    assert "smaller than a patch" in refused("denoise", "y.png", "--sigma", 20)
