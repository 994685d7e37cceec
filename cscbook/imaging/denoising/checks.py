"""What an image, its units and its mask must be."""

from ...arrays import array_namespace, asarray, check, check_level


def check_intensities(name, x):
    """Raise unless ``x`` is an image (H, W, c) on the scale 0..255: one that is not zero and stays below 4
    has other units, most often 0..1."""
    xp = array_namespace(check(name, x, ndim=3))
    peak = float(xp.max(xp.abs(x)))
    if 0 < peak <= 4:
        raise ValueError(
            f"{name} has no value beyond {peak:.3g}: expected intensities in 0..255 (and sigma on that scale)"
        )
    return x


def check_image(y, sigma, size):
    """Raise unless ``y`` is an image (H, W, c) in 0..255 that holds a patch, and ``sigma`` a positive
    number."""
    check_intensities("y", y)
    if y.shape[0] < size or y.shape[1] < size:
        raise ValueError(f"image of shape {tuple(y.shape)} is smaller than a patch of {size} x {size}")
    if check_level("sigma", sigma) == 0:
        raise ValueError("sigma = 0: nothing to denoise")
    return y


def check_mask(mask, y):
    """The mask of an image (H, W, c) in its shape and type: 1 (or True) where a pixel is seen, 0 where it is
    missing; each channel must be seen somewhere."""
    xp = array_namespace(y)
    mask = xp.astype(mask, y.dtype) if hasattr(mask, "dtype") else asarray(mask, like=y)
    array_namespace(y, mask)
    if mask.ndim != 3 or any(a not in (1, b) for a, b in zip(mask.shape, y.shape, strict=True)):
        raise ValueError(f"mask of shape {tuple(mask.shape)} for an image of shape {tuple(y.shape)}")
    if not bool(xp.all((mask == 0) | (mask == 1))):
        raise ValueError("mask: expected 1 where a pixel is seen and 0 where it is missing")
    if not bool(xp.all(xp.any(mask == 1, axis=(0, 1)))):
        raise ValueError("mask is empty: expected at least one pixel that is seen in each channel")
    return xp.broadcast_to(mask, y.shape)
