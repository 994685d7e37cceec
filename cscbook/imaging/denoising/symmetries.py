"""The eight symmetries of a square: an estimate can be averaged over the views of an image that they make."""

from ...arrays import array_namespace


def views(x):
    """The eight views of an image (H, W, c): its four rotations, and those of its mirror image."""
    return [view(x, v) for v in range(8)]


def view(x, v):
    """View ``v`` of :func:`views`: a quarter turn for each unit of ``v % 4``, after a mirror from 4 on."""
    xp = array_namespace(x)
    x = x if v < 4 else xp.flip(x, axis=1)
    for _ in range(v % 4):
        x = xp.flip(xp.permute_dims(x, (1, 0, 2)), axis=0)
    return x


def unview(images):
    """Turn the eight :func:`views` back."""
    xp, back = array_namespace(*images), []
    for v, image in enumerate(images):
        for _ in range(v % 4):
            image = xp.permute_dims(xp.flip(image, axis=0), (1, 0, 2))
        back.append(image if v < 4 else xp.flip(image, axis=1))
    return back
