"""Pooling: the largest coefficient of each block of needles, and its gradient."""

from dataclasses import replace

from ..arrays import array_namespace
from .plans import chained, thresholding


def max_pool(code, reach, axes):
    """The largest of each block of ``reach`` needles along each of the ``axes`` space axes, and its
    pullback.

    Parameters
    ----------
    code : array (*batch, *positions, m)
        ``reach`` must divide the positions.

    Returns
    -------
    ``(*batch, *positions / reach, m)``, and a function ``g -> gradient of code``
        Equal largest entries all receive the gradient; after a threshold they are zeros, where it ends.
    """
    xp, batch = array_namespace(code), code.ndim - axes - 1
    space = tuple(code.shape[batch:-1])
    if any(n % reach for n in space):
        raise ValueError(f"pooling blocks of {reach} do not divide positions {space}")
    split = tuple(k for n in space for k in (n // reach, reach))
    blocks = xp.reshape(code, (*code.shape[:batch], *split, code.shape[-1]))
    inside = tuple(range(batch + 1, batch + 2 * axes, 2))
    top = xp.max(blocks, axis=inside, keepdims=True)

    def pull(g):
        g = xp.reshape(g, top.shape)
        return xp.reshape(xp.where(blocks == top, g, xp.zeros_like(g)), code.shape)

    return xp.reshape(top, (*code.shape[:batch], *(n // reach for n in space), code.shape[-1])), pull


def pooled_cnn(theta, x, layers):
    """A convolutional network with pooling: each layer correlates at every position, and the largest of
    ``stride`` neighbours along each axis goes on [LeCun, Bottou, Bengio & Haffner, 1998].

    A plan for :func:`~cscbook.networks.train_cnn`, with the filters and feature maps of ``cnn`` where the
    stride divides ``N - n + 1``.
    """
    code, pulls = x, []
    for i, layer in enumerate(layers, 1):
        code, back = thresholding(theta, code, replace(layer, stride=1), i)
        code, spread = max_pool(code, layer.stride, len(layer.size))
        pulls.append(lambda g, inner, back=back, spread=spread: back(spread(g), inner))
    return code, chained(pulls)
