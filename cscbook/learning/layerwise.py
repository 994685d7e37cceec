"""A start for multi-layer learning: one layer after the other, atoms by K-SVD, expressed by the layers
before."""

import math
from itertools import islice

import numpy as np

from ..arrays import (
    array_namespace,
    as_generator,
    as_sizes,
    as_stride,
    check,
    check_level,
    check_whole,
    indices,
    to_numpy,
    zeros,
)
from ..checkpoints import take_all
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.matrix import dense, lipschitz, normalize
from ..layered import effective
from ..local import patches, positions
from ..pursuits import fista, omp
from .effective_atoms import keep_largest, spans
from .ksvd import ksvd


def greedy_atoms(A, atoms, k):
    """Express each atom (a column) by ``k`` columns of ``A``, by orthogonal matching pursuit: for few
    non-zeros."""
    found = omp(A, atoms, k=k).gamma
    return found.toarray() if hasattr(found, "toarray") else found


def thresholded_atoms(A, atoms, k, steps=40):
    """Express each atom by ``k`` columns of ``A``, by accelerated iterative hard thresholding: for
    hundreds of non-zeros, where greed is slow [Blumensath & Davies, 2008]."""
    k, steps = check_whole("k", k), check_whole("steps", steps)
    most = check_level("eig_max of A", lipschitz(check("A", A, ndim=2)), positive=True)
    iterates = fista(A, atoms, 0.0, most, shrink=lambda z, _: keep_largest(z, k))
    return next(islice(iterates, steps - 1, None))


def blank_layers(ys, sizes, m, nonzeros, k, strides, circular):
    """Layers of the right shapes, all zero; everything about them checked."""
    strides = [1] * len(sizes) if strides is None else list(strides)
    if not len(sizes) == len(m) == len(k) == len(strides) == len(nonzeros) + 1:
        raise ValueError(
            f"{len(sizes)} sizes, {len(m)} m, {len(k)} k, {len(strides)} strides, {len(nonzeros)} nonzeros: "
            "expected one per layer, and nonzeros from layer 2 on"
        )
    for i, count in enumerate(k):
        check_whole(f"k[{i}]", count)
    sizes, strides = [as_sizes("sizes", size) for size in sizes], [as_stride(stride) for stride in strides]
    check("ys", ys, ndim=len(sizes[0]) + 2)
    found, space, channels = [], tuple(ys.shape[1:-1]), ys.shape[-1]
    for size, atoms, stride in zip(sizes, m, strides, strict=True):
        atoms = check_whole("m", atoms)
        found.append(ConvDictionary(zeros((*size, channels, atoms), like=ys), space, stride, circular))
        space, channels = found[-1].positions, atoms
    for i, count in enumerate(nonzeros):
        longest = math.prod(found[i + 1].filters.shape[:-1])
        if check_whole(f"nonzeros[{i}]", count) > longest:
            raise ValueError(f"nonzeros of layer {i + 2} = {count}: expected between 1 and {longest}")
    positions(spans(sizes, strides)[0], ys.shape[1:-1], 1, circular)
    return found


def layerwise_start(ys, sizes, m, nonzeros, k, strides, circular, express=greedy_atoms, rng=None, **options):
    """Dictionaries ``[D_1, ..., D_K]``, each learned when those before it are there.

    For layer i, K-SVD learns atoms of the effective size from patches of the signals. A pursuit over the
    layers before, ``D_1 ... D_{i-1}``, then finds the sparse atoms of ``D_i`` that come closest
    [after Rubinstein, Zibulevsky & Elad, 2010: an atom that is sparse over a base dictionary].

    Parameters
    ----------
    ys, sizes, m, nonzeros, k, strides, circular, express, rng
        As for :func:`~cscbook.learning.mlcsc_learning`.
    sweeps, count : int, default 10 and 20,000
        Rounds of K-SVD, and the number of patches that it sees.
    """
    sweeps, count = take_all("layerwise_start", options, sweeps=10, count=20_000)
    sweeps, count, rng = check_whole("sweeps", sweeps), check_whole("count", count), as_generator(rng)
    blank = blank_layers(ys, sizes, m, nonzeros, k, strides, circular)
    sizes, strides, m = zip(*((D.size, D.stride, D.filters.shape[-1]) for D in blank), strict=True)
    found, space, c = [], blank[0].space, ys.shape[-1]
    for i, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        covered = spans(sizes[: i + 1], strides[: i + 1])
        seen = some_patches(ys, covered[0], math.prod(strides[: i + 1]), circular, count, rng)
        atoms = ksvd(seen, n_atoms=m[i], k=k[i], n_iter=sweeps, rng=rng).D
        channels = m[i - 1] if i else c
        if i:
            before = zip(found, covered, strict=False)
            layers = [ConvDictionary(D.filters, span, D.stride, circular=False) for D, span in before]
            atoms = normalize(express(dense(effective(layers)[-1]), atoms, nonzeros[i - 1]))
        filters = array_namespace(atoms).reshape(atoms, (*size, channels, m[i]))
        found.append(ConvDictionary(filters, space, stride, circular))
        space = found[-1].positions
    return found


def some_patches(ys, size, stride, circular, count, rng):
    """About ``count`` patches as columns (n c, count), drawn from those that hold more than a hundredth
    of the mean energy."""
    xp, each = array_namespace(ys), math.prod(positions(size, ys.shape[1:-1], stride, circular))
    signals = rng.choice(ys.shape[0], min(ys.shape[0], -(-4 * count // each)), replace=False)
    seen = patches(xp.take(ys, indices(signals, like=ys), axis=0), size, stride, circular)
    seen = xp.reshape(seen, (-1, seen.shape[-1]))
    power = to_numpy(xp.sum(seen * seen, axis=-1))
    loud = np.flatnonzero(power > 1e-2 * power.mean())
    chosen = rng.choice(loud, min(count, len(loud)), replace=False)
    return xp.take(seen, indices(chosen, like=ys), axis=0).T
