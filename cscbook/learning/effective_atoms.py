"""Effective atoms: how a change of any layer's filters shows in the signals, and its gradient.

One atom of the deepest layer covers a small part of the signal, its cone. On the cone the chain of layers
is short, and the effective atoms ``D_1 D_2 ... D_K e_j`` are what it makes of unit codes.
"""

import math

from ..arrays import array_namespace
from ..dictionaries.convolution import ConvDictionary
from ..local import correlate, patches, times
from ..norms import filter_norms


def spans(sizes, strides):
    """What one deepest atom covers in the signal of each layer: ``N_K = n_K``, ``N_i = n_i + s_i
    (N_{i+1} - 1)``, a list from the first layer to the last."""
    found = [tuple(sizes[-1])]
    for size, stride in zip(sizes[-2::-1], strides[-2::-1], strict=True):
        found.append(tuple(n + stride * (N - 1) for n, N in zip(size, found[-1], strict=True)))
    return found[::-1]


def cone(dictionaries):
    """The same layers on what one deepest atom covers; the last then has a single position."""
    covered = spans([D.size for D in dictionaries], [D.stride for D in dictionaries])
    return [
        ConvDictionary(D.filters, span, D.stride, circular=False)
        for D, span in zip(dictionaries, covered, strict=True)
    ]


def atoms_by_depth(layers):
    """The deepest atoms as codes of every layer before, and as signals: ``[D_K, D_{K-1} D_K, ...]``.

    ``layers`` is a :func:`cone`. Entry t has shape ``(m_K, *span, channels)``; the last holds the effective
    atoms.
    """
    *before, last = layers
    found = [array_namespace(last.filters).moveaxis(last.filters, -1, 0)]
    for D in reversed(before):
        found.append(D @ found[-1])
    return found


def filter_correlation(D, x, gamma):
    """``sum_i (R_i x) gamma_i^T`` over all positions and signals, shape of ``D.filters``: the adjoint of
    filters to ``D @ gamma``, and so minus the gradient of ``||x - D gamma||^2 / 2`` where x is the
    residual."""
    local = correlate(patches(x, D.size, D.stride, D.circular), gamma)
    return array_namespace(x).reshape(local, D.filters.shape)


def filter_gradients(layers, atoms, gradient):
    """The chain rule: from a gradient with respect to the effective atoms to one for every layer's
    filters.

    Parameters
    ----------
    layers : list of ConvDictionary
        A :func:`cone`.
    atoms : list of arrays
        What :func:`atoms_by_depth` makes of it.
    gradient : array (*size, c, m_K)
        With respect to the effective atoms, the filters of ``D_1 ... D_K``.
    """
    xp = array_namespace(gradient)
    seen, found = xp.moveaxis(gradient, -1, 0), []
    for D, code in zip(layers[:-1], atoms[-2::-1], strict=True):
        p = patches(seen, D.size, D.stride, D.circular)  # both uses of them: taken once
        found.append(xp.reshape(correlate(p, code), D.filters.shape))
        seen = times(p, D.local)
    return [*found, xp.moveaxis(seen, 0, -1)]


def keep_largest(atoms, k):
    """Hard thresholding to a count: the ``k`` entries of each column largest in magnitude, the others
    zero. Entries that tie with the last one stay too."""
    xp, n = array_namespace(atoms), atoms.shape[0]
    if not 1 <= k <= n:
        raise ValueError(f"k = {k}: expected between 1 and {n}, the length of an atom")
    size = xp.abs(atoms)
    return xp.where(size >= xp.sort(size, axis=0)[n - k, :], atoms, xp.zeros_like(atoms))


def prune(filters, zeros):
    """Hard thresholding to a share: the smallest entries of all atoms become zero, until the share
    ``zeros`` of the entries is; the atoms keep norm one.

    Raises
    ------
    ValueError
        An atom would lose all its entries.
    """
    xp = array_namespace(filters)
    size = xp.abs(filters)
    kept = math.floor(math.prod(filters.shape) * (1 - zeros))
    if not 0 <= zeros < 1 or kept < filters.shape[-1]:
        raise ValueError(f"zeros = {zeros}: expected a share that leaves each atom an entry")
    level = xp.sort(xp.reshape(size, (-1,)))[-kept]
    filters = xp.where(size >= level, filters, xp.zeros_like(filters))
    norms = filter_norms(filters)
    if bool(xp.any(norms == 0)):
        raise ValueError(f"zeros = {zeros}: an atom would lose all its entries")
    return filters / norms


def unit_layers(filters):
    """Unit atoms in every layer, the effective atoms the same up to their norms: an atom's norm moves
    into the next layer, which uses it; the last layer's are dropped. Atoms that are zero stay so."""
    found, scale = [], None
    for f in filters:
        xp = array_namespace(f)
        f = f if scale is None else f * scale[:, None]
        norms = filter_norms(f)
        scale = xp.where(norms > 0, norms, xp.ones_like(norms))
        found.append(f / scale)
    return found
