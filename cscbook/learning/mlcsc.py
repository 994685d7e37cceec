"""Multi-layer convolutional dictionary learning: a whole chain of dictionaries, from signals alone."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..arrays import array_namespace, check, check_level, check_type, check_whole, indices, zeros
from ..checkpoints import run, take
from ..dictionaries.checks import check_dictionary
from ..dictionaries.convolution import ConvDictionary, Product
from ..layered import effective
from ..norms import energy
from ..pursuits import omp
from .effective_atoms import atoms_by_depth, cone, filter_correlation, filter_gradients, unit_layers
from .layerwise import blank_layers, greedy_atoms, layerwise_start


@dataclass(frozen=True)
class LearnedLayers:
    """Dictionaries learned for the multi-layer model.

    Attributes
    ----------
    dictionaries : tuple of ConvDictionary
        ``D_1, ..., D_K``, with unit atoms.
    gamma : array ``(p, *positions, m_K)``
        The deepest code of every training signal.
    trace : tuple of dict
        One entry per round: squared ``error`` relative to the energy of the mini-batch, and the number of
        deepest atoms that it ``used``.
    """

    dictionaries: tuple
    gamma: object
    trace: tuple = ()


def mlcsc_learning(
    ys, sizes, m, nonzeros, k, *,
    strides=None, circular=False, start=layerwise_start, express=greedy_atoms, **learning
):  # fmt: skip
    """Learn sparse dictionaries ``D_1, ..., D_K`` with ``y = D_1 D_2 ... D_K gamma``, gamma sparse.

    ``min sum_j ||y_j - D_1 ... D_K gamma_j||^2 / 2`` over codes with at most k non-zeros and unit atoms
    with a given number of non-zeros, by mini-batches [Sulam, Papyan, Romano & Elad, 2018]. Round 0
    learns one layer after the other (:func:`layerwise_start`) and so finds the supports of the atoms.
    Every round pursues a mini-batch over the effective dictionary, correlates its residual with the
    codes, and takes a step in all layers together by the chain rule through the effective atoms.

    We differ from the paper: the supports stay after round 0, where it thresholds atoms in every step;
    and the step of each atom is relative to the running size of its gradients, so that rare atoms learn
    as fast as frequent ones.

    Parameters
    ----------
    ys : array (p, *space, c)
        Training signals. Nothing is centred.
    sizes : sequence of tuples
        Size of the filters of each layer, e.g. ``((7, 7), (5, 5), (7, 7))``.
    m : sequence of int
        Number of atoms of each layer.
    nonzeros : sequence of int
        Non-zeros of an atom in layers 2, ..., K; the first layer is dense.
    k : sequence of int
        Non-zeros in the code of a patch of each layer's effective size, at the start; the last is that
        of a signal's deepest code throughout.
    strides : sequence of int, optional
        One per layer; default 1.
    circular : bool
    start : function
        Makes the dictionaries of round 0, as :func:`layerwise_start` does.
    express : function
        ``(A, atoms, k) -> coefficients``, the pursuit of atoms at the start: ``greedy_atoms`` for few
        non-zeros, ``thresholded_atoms`` for hundreds.
    n_iter, batch : int, default 200 and 1000
        Rounds, and signals in each.
    step, momentum : float, default 0.03 and 0.9
        Of the gradient steps; ``step (1 - momentum)`` is about how far an atom of norm one moves.
    rng, progress, checkpoint
        As for :func:`~cscbook.checkpoints.run`.

    Returns
    -------
    LearnedLayers
    """
    n_iter, batch, step, momentum = take(learning, n_iter=200, batch=1000, step=3e-2, momentum=0.9)
    blank = blank_layers(ys, sizes, m, nonzeros, k, strides, circular)
    n_iter, batch, step, momentum = _check_steps(n_iter, batch, step, momentum)
    strides = [D.stride for D in blank]
    settings = ("mlcsc", ys, sizes, m, nonzeros, k, strides, circular, start, express, batch, step, momentum)
    start = partial(start, ys, sizes, m, nonzeros, k, strides, circular, express)
    empty = tuple(D.filters for D in blank)
    begin = {"filters": empty, "velocity": empty, "power": _powers(empty), "t": np.zeros(1, int)}
    step = partial(_round, ys, blank, start, k[-1], batch, step, momentum)
    state, trace = run(step, begin, n_iter, settings=settings, **learning)
    found = _with_filters(blank, state["filters"])
    return LearnedLayers(tuple(found), deepest_code(effective(found)[-1], ys, k[-1]), trace)


def _check_steps(n_iter, batch, step, momentum):
    if check_level("momentum", momentum) >= 1:
        raise ValueError(f"momentum = {momentum}: expected less than 1")
    step = check_level("step", step, positive=True)
    return check_whole("n_iter", n_iter), check_whole("batch", batch), step, float(momentum)


def _powers(filters):
    return tuple(zeros((f.shape[-1],), like=f) for f in filters)


def _with_filters(dictionaries, filters):
    together = zip(filters, dictionaries, strict=True)
    return [ConvDictionary(f, D.space, D.stride, D.circular) for f, D in together]


def deepest_code(D, ys, k):
    """OMP of every signal over the effective dictionary ``D``, ``k`` non-zeros each."""
    check("ys", ys)
    D = getattr(check_type("D", D, ConvDictionary, Product), "effective", D)
    if D.size != D.space or D.circular:
        return omp(D, ys, k=k).gamma
    xp, p = array_namespace(ys), ys.shape[0]  # atoms as large as the signals: a matrix
    gamma = omp(D.local, xp.reshape(ys, (p, -1)).T, k=k).gamma
    gamma = gamma.toarray() if hasattr(gamma, "toarray") else gamma
    return xp.reshape(xp.asarray(gamma.T), (p, *D.positions, gamma.shape[0]))


def relative_error(D, ys, k):
    """``sum_j ||y_j - D gamma_j||^2 / sum_j ||y_j||^2`` over all signals, by OMP with ``k`` non-zeros
    each. ``D`` is an effective dictionary, or a matrix whose atoms are as large as the signals."""
    full = check_level("the energy of ys", energy(check("ys", ys)), positive=True)
    if hasattr(check_dictionary(D), "ndim"):
        xp = array_namespace(D)
        filters = xp.reshape(D, (*ys.shape[1:], D.shape[1]))
        D = ConvDictionary(filters, ys.shape[1:-1], circular=False)
    left = ys - D @ deepest_code(D, ys, k)
    return energy(left) / full


def _round(ys, blank, start, k, batch, step, momentum, state, rng):
    """One mini-batch: its pursuit, the gradient in every layer, a step."""
    t, filters = int(state["t"][0]), state["filters"]
    if t == 0:
        filters = tuple(D.filters for D in start(rng=rng))
    chosen = rng.choice(ys.shape[0], min(batch, ys.shape[0]), replace=False)
    y = array_namespace(ys).take(ys, indices(chosen, like=ys), axis=0)
    layers = cone(_with_filters(blank, filters))
    atoms = atoms_by_depth(layers)
    gradient, row = effective_gradient(atoms[-1], blank, y, k)
    gradients = filter_gradients(layers, atoms, gradient)
    filters, velocity, power = _step(filters, gradients, state["velocity"], state["power"], t, step, momentum)
    return {"filters": filters, "velocity": velocity, "power": power, "t": np.array([t + 1])}, row


def effective_gradient(atoms, layers, y, k):
    """Gradient of the mini-batch's fit with respect to the effective atoms ``(m_K, *size, c)``, and what the
    trace notes."""
    xp = array_namespace(atoms)
    stride = math.prod(D.stride for D in layers)
    D = ConvDictionary(xp.moveaxis(atoms, 0, -1), layers[0].space, stride, layers[0].circular)
    gamma = deepest_code(D, y, k)
    residual = y - D @ gamma
    used = xp.any(xp.reshape(gamma, (-1, gamma.shape[-1])) != 0, axis=0)
    row = {"error": energy(residual) / (energy(y) or 1.0), "used": int(xp.count_nonzero(used))}
    return -filter_correlation(D, residual, gamma), row


def _step(filters, gradients, velocity, power, t, step, momentum, memory=0.95):
    """Momentum on gradients that are scaled, atom by atom, to about norm one; supports and norms stay."""
    moved = []
    for f, g, v, q in zip(filters, gradients, velocity, power, strict=True):
        xp = array_namespace(f)
        g = xp.where(f != 0, g, xp.zeros_like(g))
        q = memory * q + (1 - memory) * xp.sum(g * g, axis=tuple(range(g.ndim - 1)))
        size = xp.sqrt(q / (1 - memory ** (t + 1)))
        v = momentum * v - (step * (1 - momentum)) * (g / xp.where(size > 0, size, xp.ones_like(size)))
        moved.append((f + v, v, q))
    filters, velocity, power = zip(*moved, strict=True)
    return tuple(unit_layers(filters)), velocity, power
