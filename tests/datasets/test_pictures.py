"""Every kind of picture file gives the numbers that it shows, or an error that says what is wrong with it."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from cscbook import load_image
from cscbook.arrays import to_numpy

DEEP = np.random.default_rng(0).integers(0, 65536, (5, 7, 4)).astype(np.uint16)
SMALL = (DEEP >> 8).astype(np.uint8)


def png(pixels, depth=16, row=None, **chunks):
    """The bytes of a PNG, written as its description says: rows are stored as differences to the one before
    (filter 2), which a reader has to undo with the right number of bytes."""
    H, W = pixels.shape[:2]
    rows = pixels.astype(">u2" if depth == 16 else "u1").reshape(H, -1).view("u1").astype(int)
    before = np.concatenate([0 * rows[:1], rows[:-1]])
    data = b"".join(b"\2" + r.astype("u1").tobytes() for r in (rows - before) % 256)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[pixels.shape[-1]]

    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, depth, kind, 0, 0, 0))
    extra = b"".join(chunk(name.encode(), content) for name, content in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def written(pixels, format="PNG", **options):
    """The bytes that Pillow writes."""
    out, image = io.BytesIO(), pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(out, format, **options)
    return out.getvalue()


def tiff(pixels, **options):
    out = io.BytesIO()
    kind = "rgb" if pixels.ndim == 3 and 3 in (pixels.shape[0], pixels.shape[-1]) else "minisblack"
    tifffile.imwrite(out, pixels, **({"photometric": kind} | options))
    return out.getvalue()


@pytest.fixture
def read(tmp_path):
    """``read(bytes, ...)`` is what :func:`load_image` reads from a file with this content."""

    def load(content, **options):
        (tmp_path / "mine.any").write_bytes(content)
        return to_numpy(load_image(tmp_path / "mine.any", **options))

    return load


# --- depth --------------------------------------------------------------------------------------


@pytest.mark.parametrize("c", [1, 3])
def test_sixteen_bits_of_a_png_are_all_read(read, c):
    x = read(png(DEEP[..., :c]))
    np.testing.assert_array_equal(x, DEEP[..., :c] / 257)
    assert x.dtype == float and x.shape == (5, 7, c)


@pytest.mark.parametrize(
    "options", [{}, {"byteorder": ">"}, {"compression": "zlib"}, {"planarconfig": "separate"}]
)
@pytest.mark.parametrize("c", [1, 3])
def test_sixteen_bits_of_a_tiff_are_all_read(read, c, options):
    pixels = DEEP[..., 0] if c == 1 else DEEP[..., :3]
    if "planarconfig" in options:
        pixels = DEEP[..., 0] if c == 1 else np.moveaxis(pixels, -1, 0)
    np.testing.assert_array_equal(read(tiff(pixels, **options)), DEEP[..., :c] / 257)


def test_sixteen_bits_of_portable_maps(read):
    def head(kind, levels):
        return f"P{kind} 7 5 {levels}\n".encode()

    np.testing.assert_array_equal(
        read(head(6, 65535) + DEEP[..., :3].astype(">u2").tobytes()), DEEP[..., :3] / 257
    )
    np.testing.assert_array_equal(
        read(head(5, 65535) + DEEP[..., 0].astype(">u2").tobytes()), DEEP[..., :1] / 257
    )
    ten = DEEP[..., :3] >> 6
    x = read(head(6, 1023) + ten.astype(">u2").tobytes())
    np.testing.assert_allclose(x, ten * (255 / 1023), atol=1 / 257)
    with pytest.raises(ValueError, match="cut"):
        read(head(6, 1023) + ten.astype(">u2").tobytes()[:-1])


def test_a_level_of_sixteen_bits_that_eight_cannot_hold(read):
    flat = np.full((3, 3, 3), 0x0180, np.uint16)
    assert read(png(flat))[0, 0, 0] == 0x180 / 257 != read(png(flat >> 8, 8))[0, 0, 0]


@pytest.mark.parametrize("kind", ["bool", "uint8", "uint16"])
def test_a_tiff_in_which_white_is_zero_is_turned_over_at_every_depth(read, kind):
    """Pillow 12.3 does so at 8 bits and not at 16."""
    top = 1 if kind == "bool" else np.iinfo(kind).max
    stored = np.array([[0, top, top, 0], [top, 0, 0, 0]], dtype=kind)
    seen = read(tiff(stored, photometric="miniswhite"))[..., 0]
    np.testing.assert_array_equal(seen, 255 - 255.0 * (stored / top))


def test_signs_of_whole_numbers_are_kept(read):
    """Pillow 12.3 reads signed bytes as unsigned, and unsigned words of 32 bits as signed."""
    for kind in (np.int8, np.int16, np.int32, np.uint32):
        np.testing.assert_array_equal(read(tiff(np.array([[3, 100]], dtype=kind)))[..., 0], [[3, 100]])
    for value, kind in ((-3, np.int8), (-3, np.int16), (-3, np.int32), (2**32 - 1, np.uint32)):
        with pytest.raises(ValueError, match=f"{float(value):g}".replace("+", r"\+")):
            read(tiff(np.array([[value, 5]], dtype=kind)))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits_of_grey_reach_from_black_to_white(read, depth):
    levels = np.arange(2**depth, dtype=np.uint8)
    line = int("".join(f"{v:0{depth}b}" for v in levels).ljust(-(-len(levels) * depth // 8) * 8, "0"), 2)
    packed = line.to_bytes(-(-len(levels) * depth // 8))
    content = bytearray(png(np.zeros((1, len(levels), 1), np.uint8), 8))
    start = content.index(b"IDAT") - 4
    head = struct.pack(">IIBBBBB", len(levels), 1, depth, 0, 0, 0, 0)
    data = zlib.compress(b"\0" + packed)
    parts = [(b"IHDR", head), (b"IDAT", data), (b"IEND", b"")]
    assert start > 0
    body = b"".join(
        struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in parts
    )
    x = read(b"\x89PNG\r\n\x1a\n" + body)
    np.testing.assert_allclose(x[0, :, 0], levels * (255 / (2**depth - 1)))


# --- ranges -------------------------------------------------------------------------------------


@pytest.mark.parametrize("c", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_floating_tiffs_in_both_ranges(read, dtype, c):
    x = (SMALL[..., :c] / 255).astype(dtype).squeeze()
    expected = 255 * x.astype(float).reshape(5, 7, c)
    np.testing.assert_array_equal(read(tiff(x)), expected)
    x = SMALL[..., :c].astype(dtype).squeeze()
    np.testing.assert_array_equal(read(tiff(x)), SMALL[..., :c])


@pytest.mark.parametrize(
    "dtype, low, high", [("float32", -1.0, 1.0), ("float64", 0, 255.5), ("float32", 0, 4e4)]
)
def test_another_range_is_named(read, dtype, low, high):
    x = np.linspace(low, high, 35).reshape(5, 7).astype(dtype)
    with pytest.raises(
        ValueError, match=rf"mine.any holds floating numbers from {low:g} to {high:g}: expected"
    ):
        read(tiff(x))


def test_whole_numbers_of_other_sizes(read):
    for dtype in ("int32", "uint32", "int16"):
        np.testing.assert_array_equal(read(tiff(SMALL[..., 0].astype(dtype))), SMALL[..., :1])
        with pytest.raises(ValueError, match="whole numbers from 0 to 300: expected 0 to 255$"):
            read(tiff(np.array([[0, 300], [1, 2]], dtype)))
    with pytest.raises(ValueError, match="from -1000 to 5"):
        read(tiff(np.array([[-1000, 5]], np.int16)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_floating_picture_with_holes_is_refused(read, value):
    with pytest.raises(ValueError, match="mine.any holds NaN or infinity"):
        read(tiff(np.array([[0.5, value]], np.float32)))


# --- transparency -------------------------------------------------------------------------------


def stroke():
    """Black everywhere, opaque on a stroke alone: the usual picture of a digit that one drew."""
    opaque = np.zeros((9, 9), np.uint8)
    opaque[2:7, 4] = 255
    return opaque


def test_a_black_stroke_on_transparent_paper_is_black_on_white(read):
    rgba = np.zeros((9, 9, 4), np.uint8)
    rgba[..., 3] = stroke()
    x = read(written(rgba))
    assert x.shape == (9, 9, 3) and (x == 255.0 - stroke()[..., None]).all()
    assert (read(written(rgba), background=0) == 0).all()
    green = read(written(rgba), background=(0, 255, 0))
    assert (green[0, 0] == (0, 255, 0)).all() and (green[4, 4] == 0).all()
    with pytest.raises(ValueError, match="background = 300"):
        read(written(rgba), background=300)


def test_hidden_colours_stay_hidden_and_half_transparent_ones_are_mixed(read):
    rgba = np.zeros((1, 2, 4), np.uint8)
    rgba[0] = [(200, 10, 30, 0), (100, 0, 50, 51)]
    np.testing.assert_allclose(read(written(rgba))[0], [(255, 255, 255), (224, 204, 214)])


def test_grey_with_alpha_stays_grey(read):
    la = np.stack([np.full((9, 9), 40, np.uint8), stroke()], axis=-1)
    x = read(png(la, 8))
    assert x.shape == (9, 9, 1) and x[0, 0] == 255 and x[4, 4] == 40
    assert read(png(la, 8), background=(0, 0, 9)).shape == (9, 9, 3)


@pytest.mark.parametrize("c", [2, 4])
def test_sixteen_bits_with_alpha(read, c):
    x, alpha = DEEP[..., : c - 1] / 257, DEEP[..., c - 1 : c] / 65535
    np.testing.assert_allclose(read(png(DEEP[..., :c])), alpha * x + (1 - alpha) * 255)
    if c == 4:
        rgba = tiff(DEEP, photometric="rgb", extrasamples=["unassalpha"])
        np.testing.assert_allclose(read(rgba), alpha * x + (1 - alpha) * 255)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("c", [1, 3])
def test_one_colour_declared_transparent(read, depth, c):
    x = np.zeros((2, 2, c), np.uint16)
    x[0, 0], x[1, 1] = 7, 77
    content = png(x, depth, tRNS=struct.pack(f">{c}H", *[7] * c))
    found = read(content)
    assert found.shape == (2, 2, c) and (found[0, 0] == 255).all() and (found[0, 1] == 0).all()
    np.testing.assert_allclose(found[1, 1], 77 if depth == 8 else 77 / 257)


def test_palettes_show_their_colours_and_their_transparency(read):
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 0, 0, 0, 0, 90])
    np.testing.assert_array_equal(read(written(image))[0], [(10, 20, 30), (200, 0, 0), (0, 0, 90)])
    x = read(written(image, transparency=1))
    np.testing.assert_array_equal(x[0], [(10, 20, 30), (255, 255, 255), (0, 0, 90)])
    x = read(written(image, transparency=bytes([255, 0, 51])))
    np.testing.assert_allclose(x[0], [(10, 20, 30), (255, 255, 255), (204, 204, 222)])


# --- other kinds of colour ----------------------------------------------------------------------


def test_one_bit_is_black_or_white(read):
    bits = np.array([[True, False, True]])
    for format in ("PNG", "TIFF", "BMP", "PPM"):
        np.testing.assert_array_equal(read(written(Image.fromarray(bits), format))[0, :, 0], [255, 0, 255])


def test_printers_colours_and_lab_are_brought_to_rgb(read):
    cmyk = Image.new("CMYK", (2, 2), (255, 0, 0, 0))
    np.testing.assert_array_equal(read(written(cmyk, "TIFF"))[0, 0], (0, 255, 255))
    assert abs(read(written(cmyk, "JPEG"))[0, 0] - (0, 255, 255)).max() < 3
    lab = Image.new("LAB", (2, 2), (255, 128, 128))
    assert read(written(lab, "TIFF")).min() > 250


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "BMP", "GIF", "ICO", "TGA", "JPEG2000", "PCX", "PPM"])
def test_formats(read, format):
    x = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    found = read(written(x, format))
    assert found.shape == (16, 16, 3) and abs(found - x).max() < 12


# --- orientation and pages ----------------------------------------------------------------------


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_photograph_with_an_orientation_tag_is_upright(read, tag, format):
    """The eight cases, as the standard words them: where row 0 and column 0 of the file belong."""
    upright = np.zeros((24, 16), np.uint8)
    upright[:8, :8] = 250  # a bright corner, top left
    upright[:8, 8:] = 120
    stored = {
        1: upright,
        2: upright[:, ::-1],  # row 0 top, column 0 right
        3: upright[::-1, ::-1],  # bottom, right
        4: upright[::-1],  # bottom, left
        5: upright.T,  # row 0 left, column 0 top
        6: upright[:, ::-1].T,  # row 0 right, column 0 top
        7: upright[::-1, ::-1].T,  # row 0 right, column 0 bottom
        8: upright[::-1].T,  # row 0 left, column 0 bottom
    }[tag]
    exif = Image.Exif()
    exif[0x0112] = tag
    x = read(written(np.ascontiguousarray(stored), format, exif=exif, quality=95))
    assert x.shape[:2] == (24, 16) and abs(x[..., 0] - upright).max() < 25


def test_deep_pictures_are_turned_too(read):
    exif = Image.Exif()
    exif[0x0112] = 6
    x = read(png(DEEP[..., :3], eXIf=exif.tobytes().removeprefix(b"Exif\0\0")))
    np.testing.assert_array_equal(x, np.rot90(DEEP[..., :3], -1) / 257)
    x = np.rot90(SMALL[..., 0].astype(np.float64), 1)
    content = tiff(np.ascontiguousarray(x), extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_array_equal(read(content)[..., 0], SMALL[..., 0])


def test_pages_are_named_and_chosen(read):
    pages = [Image.fromarray(np.full((4, 5), 10 * i, np.uint8)) for i in range(5)]
    content = written(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match="mine.any holds 5 pages: expected page=0 to page=4"):
        read(content)
    assert [read(content, page=i)[0, 0, 0] for i in range(5)] == [0, 10, 20, 30, 40]
    for page in (5, -1):
        with pytest.raises(ValueError, match=f"page = {page}"):
            read(content, page=page)
    with pytest.raises(ValueError, match="page = 1"):
        read(written(pages[0]), page=1)
    assert read(written(pages[3]), page=0)[0, 0, 0] == 30


def test_pages_of_deep_and_floating_tiffs(read):
    stack = np.stack([np.full((4, 5, 3), i, np.uint16) for i in (257, 514)])
    content = tiff(stack, photometric="rgb")
    assert read(content, page=1)[0, 0, 0] == 2
    content = tiff(np.stack([np.full((4, 5), i) for i in (7.0, 9.0)]))
    assert read(content, page=1)[0, 0, 0] == 9
    with pytest.raises(ValueError, match="^[^ ]*mine.any holds 2 pages: expected page=0 to page=1$"):
        read(content)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_frames_of_an_animation_are_pages(read, format):
    frames = [Image.fromarray(np.full((8, 8, 3), (v, 0, 0), np.uint8)) for v in (0, 128, 255)]
    content = written(frames[0], format, save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match="holds 3 pages"):
        read(content)
    assert abs(read(content, page=2)[0, 0] - (255, 0, 0)).max() < 10


def test_the_second_picture_in_a_telephones_jpeg_is_no_page(read):
    first, second = (Image.fromarray(np.full((8, 8, 3), v, np.uint8)) for v in (200, 20))
    x = read(written(first, "MPO", save_all=True, append_images=[second]))
    assert abs(x - 200).max() < 5


# --- what is no picture -------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"a letter", b"%PDF-1.7 ...", b"<svg></svg>", bytes(5000)])
def test_what_is_no_picture_is_named(read, content):
    with pytest.raises(ValueError, match="mine.any is no picture that can be read: expected PNG"):
        read(content)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_picture_that_is_cut_is_refused(read, format, share):
    content = written(np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8), format)
    with pytest.raises(ValueError, match="mine.any (is|holds)"):
        read(content[: int(share * len(content))])


@pytest.mark.parametrize("content", [tiff(np.ones((9, 9))), tiff(DEEP[..., :3]), png(DEEP[..., :3])])
def test_a_deep_picture_that_is_cut_is_refused(read, content):
    for length in (8, 20, len(content) // 2, len(content) - 40):
        with pytest.raises(ValueError, match="mine.any"):
            read(content[:length])


def test_folders_and_names_without_an_ending(tmp_path, read):
    with pytest.raises(ValueError, match="is a folder"):
        load_image(tmp_path)
    (tmp_path / "photo").write_bytes(written(SMALL[..., :3]))
    assert to_numpy(load_image(tmp_path / "photo")).shape == (5, 7, 3)


def test_a_file_beside_does_not_hide_a_known_name(tmp_path, monkeypatch):
    (tmp_path / "camera").write_bytes(written(SMALL[..., :3]))
    monkeypatch.chdir(tmp_path)
    assert load_image("camera").shape == (512, 512, 1)


def test_a_picture_of_too_many_pixels_is_refused(read, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(ValueError, match="mine.any is too large to read"):
        read(written(SMALL[..., :3]))


def test_one_may_write_into_what_was_read(read):
    for content in (written(SMALL[..., :3]), png(DEEP[..., :3]), tiff(np.ones((4, 4)))):
        x = read(content)
        x[0] = 0
        assert x.flags.c_contiguous
