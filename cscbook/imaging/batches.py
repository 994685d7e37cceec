"""Filters on photographs: where they come from, and how they stand at the border and on the channels."""

from ..arrays import array_namespace, as_generator, check, check_type, check_wholes, indices, zeros
from ..dictionaries.convolution import ConvDictionary
from ..learning import ksvd
from ..norms import filter_norms
from .denoising.ksvd import PEAK, image_patches, single
from .total_variation import gradient, length


def patch_filters(xs, size=12, m=256, k=10, *, patches=20_000, n_iter=10, rng=None):
    """Filters for a convolutional dictionary that K-SVD learns on patches of images.

    Every patch loses its mean, and the flattest third of them is left out. Atoms that stand for whole
    patches reach over a hole; filters that were learned convolutionally may be small, as their
    neighbours help them.

    Parameters
    ----------
    xs : list of arrays (H, W, c)
        In 0..255; the same filters are learned from all channels.
    size, m : int
        Filters of ``size`` x ``size``, and how many.
    k : int
        Atoms per patch, see :func:`~cscbook.learning.ksvd`.
    patches : int
        At most so many, at random places, from each image and channel.
    n_iter : int
    rng : numpy Generator, optional

    Returns
    -------
    array (size, size, 1, m)
        Unit filters of mean zero.
    """
    rng, found = as_generator(rng), []
    size, m, k, patches, n_iter = check_wholes(size=size, m=m, k=k, patches=patches, n_iter=n_iter)
    for x in check_type("xs", xs, list, tuple):
        for channel in range(check("x", x, ndim=3).shape[-1]):
            P = image_patches(single(x[..., channel : channel + 1]) / PEAK, size).T
            some = rng.choice(P.shape[0], min(patches, P.shape[0]), replace=False)
            found.append(array_namespace(P).take(P, indices(some, like=P), axis=0))
    if not found:
        raise ValueError("xs is empty: expected at least one image")
    xp = array_namespace(*found)
    P = xp.concat(found)
    P = P - xp.mean(P, axis=1, keepdims=True)
    lively = xp.argsort(xp.sum(P * P, axis=1))[P.shape[0] // 3 :]
    D = ksvd(xp.take(P, lively, axis=0).T, n_atoms=m, k=k, n_iter=n_iter, rng=rng).D
    return xp.astype(xp.reshape(D, (size, size, 1, m)), xs[0].dtype)


def check_filters(y, D, name="D"):
    """The filters of ``D``, if they fit the channels of the image, and none is zero in single precision."""
    filters = check(name, getattr(D, "filters", D), ndim=4)
    array_namespace(y, filters)
    if filters.shape[2] not in (1, y.shape[-1]):
        raise ValueError(
            f"filters of shape {tuple(filters.shape)} for an image of shape {tuple(y.shape)}: "
            f"expected (n, n, c, m) with c = 1 or {y.shape[-1]}"
        )
    if not float(array_namespace(filters).min(filter_norms(single(filters)))) > 0:
        raise ValueError(f"{name} holds a zero filter: it has no direction")
    return filters


def to_batch(x, filters):
    """Image (H, W, c) as a batch for ``filters``: channels one by one, or all in one signal."""
    xp = array_namespace(x)
    return xp.moveaxis(x, -1, 0)[..., None] if filters.shape[2] == 1 else x[None, ...]


def from_batch(x):
    """The image (H, W, c) of a batch: undoes :func:`to_batch`."""
    return x[0, ...] if x.shape[0] == 1 else array_namespace(x).moveaxis(x[..., 0], 0, -1)


def padded_length(N, n):
    """At least ``N + n - 1``, a product of 2, 3 and 5: there the Fourier transforms are fast."""
    length = N + n - 1
    while True:
        left = length
        for prime in (2, 3, 5):
            while left % prime == 0:
                left //= prime
        if left == 1:
            return length
        length += 1


def padded_dictionary(filters, x):
    """All shifts of ``filters`` that touch the image; on the padded circle none of them wraps into it."""
    sizes = zip(x.shape[-3:-1], filters.shape[:2], strict=True)
    return ConvDictionary(filters, tuple(padded_length(N, n) for N, n in sizes))


def pad(x, size):
    """Append zeros to ``(*batch, H, W, c)``, up to the space of :func:`padded_dictionary`."""
    xp = array_namespace(x)
    for axis, n in zip((x.ndim - 3, x.ndim - 2), size, strict=True):
        N = x.shape[axis]
        border = tuple(padded_length(N, n) - N if a == axis else s for a, s in enumerate(x.shape))
        x = xp.concat([x, zeros(border, like=x)], axis=axis)
    return x


def crop(x, like):
    """Undo :func:`pad`."""
    return x[..., : like.shape[-3], : like.shape[-2], :]


def roughness(filters):
    """``||grad d_k||_2`` of each filter, 1 in the mean: photographs hold the less of an atom the rougher it
    is."""
    xp = array_namespace(check("filters", filters, ndim=4))
    framed = xp.moveaxis(filters, -1, 0)
    for axis in (1, 2):
        edge = xp.zeros_like(xp.take(framed, indices([0], like=filters), axis=axis))
        framed = xp.concat([edge, framed, edge], axis=axis)
    rough = xp.sqrt(xp.sum(length(gradient(framed)) ** 2, axis=(1, 2, 3)))
    mean = xp.mean(rough)
    if float(mean) == 0:
        raise ValueError("filters are zero: they have no gradient to compare")
    return rough / mean
