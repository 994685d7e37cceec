"""Pictures from files of any kind, as they look: upright, on paper, and with all the bits that they hold.

Pillow opens the files. It cuts 16 bits per colour to 8 and does not know all numbers of a TIFF: here stands
what gets them nevertheless.
"""

import io
import sys
from pathlib import Path

import numpy as np

from ..arrays import asarray

GREYS = ("1", "L", "LA", "La")  # modes of Pillow with one colour; the others of 8 bits have three
WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
EIGHT_BITS = (*GREYS, "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr", "HSV", "CMYK")
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
TURNS = {  # Exif's orientation -> what brings the picture upright
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


def read_picture(source, page=None, background=255.0, name=None):
    """A picture from a file, as float64 (H, W, c) in 0..255 with c = 1 (grey) or 3 (colour).

    Numbers of 16 bits are divided by 257. Floating numbers are multiplied by 255 if all lie in 0..1, and
    taken as they are if in 0..255; so are whole numbers of 32 bits in 0..255. A picture with an orientation
    tag is turned upright; transparent pixels show the background, ``alpha x + (1 - alpha) background``.

    Parameters
    ----------
    source : path or bytes
    page : int, optional
        Which page or frame, from 0; needed where there are several.
    background : float or three floats
        In 0..255; the default is white.
    name : str, optional
        What messages call the picture.

    Raises
    ------
    ValueError
        No picture, cut or damaged; several pages; numbers in a range that is not known.
    """
    name, ground = str(source if name is None else name), _background(background)
    content = source if isinstance(source, bytes) else _content(Path(source))
    pixels = _within_bytes(_opened(content, page, name), name)
    return asarray(np.ascontiguousarray(on_background(pixels, ground)))


def _background(background):
    ground = np.atleast_1d(np.asarray(background, dtype=float))
    if ground.shape not in ((1,), (3,)) or not ((ground >= 0) & (ground <= 255)).all():
        raise ValueError(f"background = {background}: expected one or three numbers in 0..255")
    return ground


def _content(path):
    if path.is_dir():
        raise ValueError(f"{path} is a folder: expected a picture")
    if not path.exists():
        raise FileNotFoundError(f"no file {path}")
    return path.read_bytes()


def on_background(pixels, ground):
    """Pixels (H, W, 2) or (H, W, 4) in 0..255, whose last channel says how opaque they are, on a ground;
    those of one or three channels as they are."""
    if pixels.shape[-1] in (1, 3):
        return pixels
    alpha = pixels[..., -1:] / 255
    return alpha * pixels[..., :-1] + (1 - alpha) * ground


def _within_bytes(pixels, name):
    """Any numbers as float64 in 0..255."""
    if pixels.dtype == bool:
        return 255.0 * pixels
    if pixels.dtype == np.uint8:
        return pixels.astype(float)
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize == 2:
        return pixels / 257.0
    if pixels.dtype.kind not in "iuf":
        raise ValueError(f"{name} holds numbers of type {pixels.dtype}: expected whole or floating ones")
    pixels, whole = pixels.astype(float), pixels.dtype.kind != "f"
    if not np.isfinite(pixels).all():
        raise ValueError(f"{name} holds NaN or infinity")
    low, high = pixels.min(), pixels.max()
    if low < 0 or high > 255:
        raise ValueError(
            f"{name} holds {'whole' if whole else 'floating'} numbers from {low:g} to {high:g}: expected "
            f"0 to 255{'' if whole else ', or 0 to 1'}"
        )
    return 255 * pixels if high <= 1 and not whole else pixels


# --- what Pillow opens --------------------------------------------------------------------------


def _opened(content, page, name):
    """The numbers of a picture as they are stored, (H, W, 1 to 4), upright."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as image:
            _choose(image, page, name)
            if _beyond_pillow(image):
                return _by_tifffile(content, page, name)
            pixels = _deep(image, content, page, name)
            pixels = _plain(image, name) if pixels is None else pixels
            turn = TURNS.get(image.getexif().get(0x0112), lambda a: a)
            return turn(pixels.reshape(*pixels.shape[:2], -1))
    except UnidentifiedImageError:
        if content[:4] in TIFF_STARTS:
            return _by_tifffile(content, page, name)
        raise ValueError(
            f"{name} is no picture that can be read: expected PNG, JPEG, TIFF, GIF, BMP, WebP or another "
            "format that Pillow reads"
        ) from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name} is too large to read: {error}") from error
    except (OSError, SyntaxError, EOFError, IndexError) as error:
        raise ValueError(f"{name} is cut or damaged: {error}") from error


def _choose(image, page, name):
    """Go to a page. The further pictures in a JPEG of a phone and the layers under a PSD are no pages."""
    count = 1 if image.format in ("MPO", "PSD") else getattr(image, "n_frames", 1)
    _check_page(page, count, name)
    if page is not None and count > 1:
        image.seek(page)


def _check_page(page, count, name):
    if count > 1 and page is None:
        raise ValueError(f"{name} holds {count} pages: expected page=0 to page={count - 1}")
    if page is not None and page not in range(count):
        raise ValueError(f"page = {page}: {name} holds {count}, numbered from 0")


def _plain(image, name):
    """What Pillow reads in full, with its transparency as a last channel."""
    key = image.info.get("transparency")
    if image.mode == "LAB":
        return _from_lab(image)
    if image.mode in EIGHT_BITS:
        alpha = image.mode in WITH_ALPHA or key is not None
        mode = ("L" if image.mode in GREYS else "RGB") + "A" * alpha
        return np.asarray(image.convert(mode))
    pixels = np.asarray(image)
    if image.mode == "I" and image.format == "PPM":  # Pillow brings these to 0..65535
        pixels = pixels.astype(np.uint16)
    if image.mode[0] not in "IF":
        raise ValueError(f"{name} has colours of mode {image.mode}: save it as RGB")
    return pixels if key is None else _with_key(pixels[..., None], key)


def _with_key(pixels, key):
    """Pixels of 16 bits, with a channel that is 0 where they have the one colour that is transparent."""
    opaque = (pixels != np.asarray(key)).any(axis=-1, keepdims=True)
    return np.concatenate([pixels, opaque * pixels.dtype.type(65535)], axis=-1)


def _from_lab(image):
    from PIL import ImageCms

    lab, rgb = (ImageCms.createProfile(space) for space in ("LAB", "sRGB"))
    return np.asarray(ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB"))


# --- what Pillow would cut ----------------------------------------------------------------------


def _rawmode(image):
    """How Pillow's decoder finds the numbers in the file, such as ``RGB;16B``."""
    args = image.tile[0][3] if image.tile else ""
    return args if isinstance(args, str) else str(args[0]) if isinstance(args, tuple) and args else ""


def _deep(image, content, page, name):
    """The numbers of a colour picture of 16 bits, uint16 (H, W, c); None for any other.

    Pillow keeps the first byte of each number, or the second, as the order of bytes in the raw mode says.
    Read in both orders, we have all of it. Grey with alpha has four bytes per pixel, and passes for RGBA.
    """
    raw = _rawmode(image)
    if image.format == "PPM" and image.mode == "RGB" and image.tile[0][3] != "RGB":
        return _deep_ppm(image, content, name)
    if raw == "LA;16B":
        image.tile = [tile._replace(args="RGBA") for tile in image.tile]
        return np.ascontiguousarray(image).view(">u2")
    if raw[:-1] not in ("RGB;16", "RGBA;16"):
        if ";16" in raw and image.mode in EIGHT_BITS:
            raise ValueError(f"{name} holds 16 bits per colour as {raw}: save it as RGB")
        return None
    order = raw[-1] if raw[-1] != "N" else "L" if sys.byteorder == "little" else "B"
    first, second = (_reread(content, page, raw[:-1] + o) for o in (order, "BL"[order == "B"]))
    pixels = first.astype(np.uint16) << 8 | second
    key = image.info.get("transparency")
    return pixels if key is None else _with_key(pixels, key)


def _reread(content, page, rawmode):
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        image.seek(page or 0)
        image.tile = [
            t._replace(args=rawmode if isinstance(t.args, str) else (rawmode, *t.args[1:]))
            for t in image.tile
        ]
        return np.asarray(image)


def _deep_ppm(image, content, name):
    """A binary PPM of up to 65535 levels, as uint16; None where a byte is enough."""
    tile, (W, H) = image.tile[0], image.size
    levels = tile[3] if isinstance(tile[3], int) else tile[3][-1]
    if levels <= 255:
        return None
    if not content.startswith(b"P6"):
        raise ValueError(f"{name} holds {levels + 1} levels in words: save it as a PNG")
    if len(content) < tile[2] + 6 * W * H:
        raise ValueError(f"{name} is cut or damaged: it ends before its {H} x {W} pixels do")
    pixels = np.frombuffer(content, ">u2", 3 * W * H, tile[2]).reshape(H, W, 3)
    return np.round(pixels * (65535 / levels)).astype(np.uint16)


def _beyond_pillow(image):
    """Whether a TIFF holds what Pillow gets wrong: more than 8 bits per colour, plane after plane; signed
    bytes, or unsigned numbers of 32 bits, taken for the other kind; or more than 8 bits in which white is
    zero, which it does not turn over."""
    if image.format != "TIFF":
        return False
    bits, signed = max(image.tag_v2.get(258, (1,))), image.tag_v2.get(339, (1,))[0] == 2
    if image.mode in EIGHT_BITS:
        return signed or (bits > 8 and ";16" not in _rawmode(image))
    return (image.mode == "I" and not signed) or image.tag_v2.get(262) == 0


def _by_tifffile(content, page, name):
    """The numbers of a TIFF that Pillow does not know, such as float64, or floats in colour."""
    import tifffile

    pages = _or_named(name, lambda: list(tifffile.TiffFile(io.BytesIO(content)).pages))
    if not pages:
        raise ValueError(f"{name} is cut or damaged: a TIFF without a page")
    _check_page(page, len(pages), name)
    one = pages[page or 0]
    pixels, kind = _or_named(name, one.asarray), getattr(one.photometric, "name", "unknown")
    if one.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    channels = 1 if pixels.ndim == 2 else pixels.shape[-1]
    if kind == "MINISWHITE" and pixels.dtype.kind == "u":
        pixels, kind = np.iinfo(pixels.dtype).max - pixels, "MINISBLACK"
    if one.axes not in ("YX", "YXS", "SYX") or kind not in ("MINISBLACK", "RGB") or channels > 4:
        raise ValueError(f"{name} has axes {one.axes} and colours {kind}: expected a TIFF of grey or RGB")
    turn = TURNS.get(one.tags["Orientation"].value if "Orientation" in one.tags else 1, lambda a: a)
    return turn(pixels.reshape(*pixels.shape[:2], channels))


def _or_named(name, read):
    """``read()``, with a message about the file where tifffile fails."""
    import tifffile

    try:
        return read()
    except (tifffile.TiffFileError, ValueError, KeyError, IndexError, OSError) as error:
        raise ValueError(
            f"{name} is a TIFF that is damaged, or compressed in an unusual way ({error}): save it again, "
            "without compression"
        ) from error
