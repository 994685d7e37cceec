"""The other commands on pictures: each does what it says, on pieces as on the whole."""

import sys

import numpy as np
import pytest
from commands.pictures import noisy, read, save, scene
from PIL import Image

from cscbook import ConvDictionary, basis_pursuit, psnr, split_frequencies
from cscbook.commands.code import coded
from cscbook.commands.enlarge import enlarged
from cscbook.commands.inpaint import filled, photograph_filters, read_mask
from cscbook.commands.learn import crops
from cscbook.commands.separate import separated
from cscbook.imaging import dct_filters, double, halve, inpaint, train_superresolution

INPAINT, ENLARGE, SEPARATE = (
    sys.modules[f"cscbook.commands.{n}"] for n in ("inpaint", "enlarge", "separate")
)


@pytest.fixture
def dictionary(tmp_path):
    """A file as ``cscbook learn`` writes it, with the cosines in it."""
    np.savez(tmp_path / "cosines.npz", filters=dct_filters(8, 9))
    return "cosines.npz"


@pytest.fixture(scope="module")
def model():
    return train_superresolution([scene(64, 64, 1), scene(80, 64, 1)], size=5, m=16, n_iter=3)


# --- inpaint ------------------------------------------------------------------------------------


def scratched(x, value=255.0):
    """The picture with a scratch through it, and the mask that is white there."""
    mask = np.zeros((*x.shape[:2], 1))
    mask[10:13, 5:] = 255
    mask[20:40, 30:33] = 255
    return np.where(mask > 0, value, x), mask


@pytest.mark.parametrize("c", [1, 3])
def test_a_scratch_is_filled_and_the_rest_stays(call, tmp_path, dictionary, c):
    x = np.rint(scene(64, 72, c))
    y, mask = scratched(x)
    save(tmp_path / "y.png", y)
    save(tmp_path / "mask.png", mask)
    done = call("inpaint", "y.png", "--mask", "mask.png", "--dictionary", dictionary)
    assert (done.code, done.err) == (0, "")
    found, missing = read(tmp_path / "y-inpainted.png"), mask[..., 0] > 0
    np.testing.assert_array_equal(found[~missing], x[~missing])
    mean = x[~missing].mean(axis=0) + 0 * x[missing]
    assert psnr(found[missing], x[missing]) > psnr(mean, x[missing]) + 3


def test_filters_of_the_book_are_the_default(call, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(INPAINT, "photograph_filters", lambda: asked.append(1) or dct_filters(8, 9))
    y, mask = scratched(scene())
    save(tmp_path / "in" / "a.png", y)
    save(tmp_path / "in" / "b.png", y)
    save(tmp_path / "mask.png", mask)
    assert call("inpaint", "in", "--mask", "mask.png", "-o", "out", "--quiet").code == 0
    assert asked == [1], "learned once for all pictures"
    assert photograph_filters(8, 16).shape == (8, 8, 1, 16)


def test_masks_may_be_black_transparent_or_a_folder(tmp_path, call, dictionary):
    y, mask = scratched(scene())
    white = save(tmp_path / "white.png", mask)
    black = save(tmp_path / "black.png", 255 - mask)
    drawn = np.zeros((*mask.shape[:2], 4), np.uint8)
    drawn[mask[..., 0] > 0] = 255  # white strokes on a transparent layer
    Image.fromarray(drawn).save(tmp_path / "drawn.png")
    masks = [read_mask(white, (48, 56)), read_mask(black, (48, 56), True)]
    masks.append(read_mask(tmp_path / "drawn.png", (48, 56)))
    for found in masks:
        np.testing.assert_array_equal(found, mask > 0)
    save(tmp_path / "in" / "a.png", y)
    save(tmp_path / "masks" / "a.bmp", mask)
    assert call("inpaint", "in", "--mask", "masks", "-o", "out", "--dictionary", dictionary).code == 0
    save(tmp_path / "in" / "b.png", y)
    done = call("inpaint", "in", "--mask", "masks", "-o", "new", "--dictionary", dictionary)
    assert done.code == 2 and "masks holds 0 masks called b" in done.err


def test_masks_that_do_not_fit_are_named(refused, tmp_path):
    save(tmp_path / "y.png", scene())
    for mask, message in (
        (np.zeros((48, 56, 1)), "marks nothing as missing"),
        (np.full((48, 56, 1), 255), "marks everything as missing"),
        (np.zeros((9, 7, 1)), "is 9 x 7 pixels large and its picture 48 x 56"),
    ):
        save(tmp_path / "mask.png", mask)
        assert message in refused("inpaint", "y.png", "--mask", "mask.png")


def test_filling_in_pieces_is_as_good_as_filling_at_once(monkeypatch):
    """Windows grow with the holes: one of 24 pixels is filled from all sides by windows of 16."""
    x = scene(90, 100, 1)
    missing = np.zeros((90, 100, 1), bool)
    missing[30:54, 40:64] = True
    y, filters = np.where(missing, 0, x), dct_filters(8, 8)
    whole = inpaint(y, 1.0 - missing, filters).x
    monkeypatch.setattr(INPAINT, "SIDE", 16)
    monkeypatch.setattr(INPAINT, "MARGIN", 8)
    found = filled(y, missing, filters, quiet=True)
    np.testing.assert_array_equal(found[~missing], x[~missing])
    assert psnr(found[missing], x[missing]) > psnr(whole[missing], x[missing]) - 1


def test_a_hole_that_is_too_large_is_named(refused, tmp_path):
    save(tmp_path / "y.png", scene(240, 250, 1))
    mask = np.full((240, 250, 1), 255)
    mask[:10] = 0
    save(tmp_path / "mask.png", mask)
    line = refused("inpaint", "y.png", "--mask", "mask.png")
    assert "a hole reaches 230 pixels from what is seen, expected at most 20" in line


# --- enlarge ------------------------------------------------------------------------------------


def test_an_enlarged_picture_has_sharper_edges_than_bicubic(model):
    x = scene(128, 128, 3)
    y = halve(x)
    found = enlarged(y, model, 2, quiet=True)
    assert found.shape == x.shape and psnr(found, x) > psnr(double(y), x) + 0.3


def test_enlarging_by_tiles_shows_no_seams(model, monkeypatch):
    y = scene(90, 80, 1)
    whole = enlarged(y, model, 1, quiet=True)
    monkeypatch.setattr(ENLARGE, "SIDE", 32)
    assert abs(enlarged(y, model, 1, quiet=True) - whole).max() < 6
    assert psnr(enlarged(y, model, 1, quiet=True), whole) > 50


@pytest.mark.parametrize("times", [2, 4])
def test_enlarging_on_the_command_line(call, tmp_path, model, monkeypatch, times):
    monkeypatch.setattr(ENLARGE, "train_superresolution", lambda *args, **options: model)
    save(tmp_path / "y.jpg", scene(20, 24))
    assert call("enlarge", "y.jpg", "-o", "x.png", "--times", times, "--views", 1).code == 0
    assert read(tmp_path / "x.png").shape == (20 * times, 24 * times, 3)


def test_the_teachers_are_photographs_of_the_book(refused, tmp_path):
    assert [x.shape for x in ENLARGE.teachers()] == [(192, 192, 1)] * 4
    save(tmp_path / "y.png", scene(5, 9))
    assert "y.png is 5 x 9 pixels large, expected at least 8 x 8" in refused("enlarge", "y.png")


# --- separate -----------------------------------------------------------------------------------


def test_cartoon_and_texture_are_two_files_and_add_up(call, tmp_path):
    x = scene(48, 56, 1)
    save(tmp_path / "y.png", x)
    done = call("separate", "y.png", "-o", "parts.png")
    assert (done.code, done.err) == (0, "")
    cartoon, texture = (read(tmp_path / f"parts-{part}.png") for part in ("cartoon", "texture"))
    assert psnr(cartoon + texture - 128, x) > 25
    stripes = np.s_[8:40, 44:]
    assert texture[stripes].std() > 3 * cartoon[stripes].std()
    assert texture[:, :16].std() < texture[stripes].std() / 2


def test_a_large_picture_is_separated_in_pieces(monkeypatch):
    monkeypatch.setattr(SEPARATE, "TEACHER", 48)
    monkeypatch.setattr(SEPARATE, "SIDE", 40)
    monkeypatch.setattr(SEPARATE, "MARGIN", 12)
    x = scene(70, 60, 3)
    cartoon, texture = separated(x, quiet=True)
    assert cartoon.shape == texture.shape == x.shape and psnr(cartoon + texture - 128, x) > 24


def test_too_small_to_separate(refused, tmp_path):
    save(tmp_path / "y.png", scene(20, 60))
    assert "y.png is 20 x 60 pixels large, expected at least 24 x 24" in refused("separate", "y.png")


# --- code ---------------------------------------------------------------------------------------


def test_a_code_is_the_one_of_basis_pursuit_and_rebuilds_the_picture(call, tmp_path):
    save(tmp_path / "y.png", scene())
    done = call("code", "y.png", "--lam", 10)
    assert done.code == 0 and " atoms for 8064 numbers" in done.err
    with np.load(tmp_path / "y-code.npz") as kept:
        filters, places, values, low = (kept[name] for name in ("filters", "places", "values", "low"))
    y, x = read(tmp_path / "y.png"), np.array(low, dtype=float)
    D = ConvDictionary(filters, y.shape[:2], circular=False)
    for c in range(3):
        gamma, mine = np.zeros((*D.positions, filters.shape[-1])), places[:, 0] == c
        gamma[tuple(places[mine, 1:].T)] = values[mine]
        x[..., c : c + 1] += D @ gamma
        high = split_frequencies(y[..., c : c + 1], 3.0)[1]
        best = basis_pursuit(D, high, 10.0, tol=1e-3).gamma
        assert np.abs(gamma - best).max() < 1e-5 * np.abs(best).max()
    assert psnr(x, y) > 30
    panels = read(tmp_path / "y-code.png")
    assert panels.shape == (48, 3 * 56 + 16, 3)
    assert psnr(panels[:, 64:120], np.clip(x, 0, 255)) > 45


def test_a_code_in_pieces_rebuilds_as_well_as_one_of_the_whole(monkeypatch):
    y = noisy(scene(100, 90, 1), 3)
    filters = dct_filters(6, 7)
    whole = coded(y, filters, 10.0, quiet=True)
    monkeypatch.setattr(sys.modules["cscbook.commands.code"], "SIDE", 30)
    parts = coded(y, filters, 10.0, quiet=True)
    assert abs(psnr(parts[1], y) - psnr(whole[1], y)) < 0.3
    assert len(parts[3]) == pytest.approx(len(whole[3]), rel=0.05)
    assert len(np.unique(parts[2], axis=0)) == len(parts[2]), "no atom is counted twice"


# --- learn, and what uses it --------------------------------------------------------------------


def test_a_dictionary_is_learned_and_used(call, tmp_path):
    for k in range(3):
        save(tmp_path / "photos" / f"{k}.png", noisy(scene(60 + k, 70, 1 + 2 * (k % 2)), 2, k))
    options = ("--filters", 9, "--size", 6, "--rounds", 10)
    assert call("learn", "photos", "-o", "mine.npz", *options, "--quiet").code == 0
    with np.load(tmp_path / "mine.npz") as kept:
        filters, objective = kept["filters"], kept["objective"]
    assert filters.shape == (6, 6, 1, 9) and len(objective) == 10
    np.testing.assert_allclose((filters**2).sum(axis=(0, 1, 2)), 1)
    np.testing.assert_allclose(filters.sum(axis=(0, 1, 2)), 0, atol=1e-9)
    assert read(tmp_path / "mine.png").shape[-1] == 1
    assert call("code", "photos/0.png", "-o", "c.npz", "--dictionary", "mine.npz").code == 0
    with np.load(tmp_path / "c.npz") as kept:
        np.testing.assert_array_equal(kept["filters"], filters)


def test_learning_depends_on_its_seed_alone(call, tmp_path):
    save(tmp_path / "y.png", scene(80, 80, 1))
    found = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        call(
            "learn", "y.png", "-o", f"{name}.npz", "--filters", 4, "--size", 5, "--rounds", 4, "--seed", seed
        )
        with np.load(tmp_path / f"{name}.npz") as kept:
            found.append(kept["filters"])
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])


def test_all_pictures_teach(tmp_path):
    files = [save(tmp_path / f"{k}.png", noisy(scene(40, 40, 1), 10, k)) for k in range(5)]
    stream = crops(files, 8, np.random.default_rng(0))
    batches = [next(stream) for _ in range(20)]
    assert len({batch[0].tobytes() for batch in batches}) == 5


def test_files_that_are_no_dictionary(refused, tmp_path):
    save(tmp_path / "y.png", scene())
    (tmp_path / "letter.npz").write_bytes(b"a letter")
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    np.savez(tmp_path / "shape.npz", filters=np.ones((8, 8, 3, 4)))
    np.savez(tmp_path / "zero.npz", filters=np.zeros((8, 8, 1, 4)))
    for name, message in (
        ("letter", "is no dictionary"),
        ("other", "is no dictionary"),
        ("shape", r"holds filters of shape (8, 8, 3, 4)"),
        ("zero", "holds filters that are zero"),
    ):
        assert message in refused("code", "y.png", "--dictionary", f"{name}.npz")
    save(tmp_path / "small.png", scene(6, 60))
    assert "small.png is smaller than a filter" in refused("code", "small.png")
    assert "small.png is smaller than a filter" in refused("learn", "small.png", "--quiet")
    assert "expected a name in .npz" in refused("learn", "y.png", "-o", "d.png")
