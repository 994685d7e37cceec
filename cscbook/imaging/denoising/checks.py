"""What an image, its units and its mask must be."""

from ...arrays import array_namespace, as_mask, asarray, check, check_level

MOST = 1e12  # the square of this, and of its inverse, is within single precision


def check_intensities(name, x):
    """Raise unless ``x`` is an image (H, W, c) on the scale 0..255: one that is not zero and stays below 4
    has other units, most often 0..1."""
    xp = array_namespace(check(name, x, ndim=3))
    peak = float(xp.max(xp.abs(x)))
    if peak > MOST:
        raise ValueError(f"{name} holds {peak:.3g}: expected intensities in 0..255")
    if 0 < peak <= 4:
        raise ValueError(
            f"{name} has no value beyond {peak:.3g}: expected intensities in 0..255 (and sigma on that scale)"
        )
    return x


def check_image(y, sigma, size):
    """Raise unless ``y`` is an image (H, W, c) in 0..255 that holds a patch, and ``sigma`` a positive
    number; returns ``sigma`` as a Python float."""
    check_intensities("y", y)
    if y.shape[0] < size or y.shape[1] < size:
        raise ValueError(f"image of shape {tuple(y.shape)} is smaller than a patch of {size} x {size}")
    if check_level("sigma", sigma) == 0:
        raise ValueError("sigma = 0: nothing to denoise")
    return check_scale("sigma", sigma)


def check_scale(name, value, zero=False):
    """``value`` as a Python float; raise unless it is positive (or zero, where it may be), and it and its
    inverse are within single precision."""
    number = check_level(name, value, positive=not zero)
    if not (1 / MOST <= number <= MOST or number == 0):
        raise ValueError(f"{name} = {value}: expected a number from {1 / MOST:g} to {MOST:g}")
    return number


def check_mask(mask, y):
    """The mask of an image (H, W, c) in its shape and type: 1 (or True) where a pixel is seen, 0 where it is
    missing; each channel must be seen somewhere."""
    xp = array_namespace(y)
    mask = as_mask("mask", mask if hasattr(mask, "dtype") else asarray(mask, like=y), y)
    if mask.ndim != 3 or any(a not in (1, b) for a, b in zip(mask.shape, y.shape, strict=True)):
        raise ValueError(f"mask of shape {tuple(mask.shape)} for an image of shape {tuple(y.shape)}")
    return xp.broadcast_to(check_seen(mask), y.shape)


def check_seen(mask):
    """Raise unless all entries of a mask (*batch, H, W, c) are 0 or 1, and each channel has a 1."""
    xp = array_namespace(mask)
    if not bool(xp.all((mask == 0) | (mask == 1))):
        raise ValueError("mask: expected 1 where a pixel is seen and 0 where it is missing")
    if not bool(xp.all(xp.any(mask == 1, axis=(-3, -2)))):
        raise ValueError("mask is empty: expected at least one pixel that is seen in each channel")
    return mask
