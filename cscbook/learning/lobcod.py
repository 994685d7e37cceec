"""Convolutional dictionary learning by block coordinate descent: codes, filters, codes, filters, all in
place and local."""

from itertools import islice

import numpy as np

from ..arrays import array_namespace, check_level, is_numpy
from ..checkpoints import rounds
from ..convolution import ConvDictionary
from ..pursuits.iterative import check_weight, fista
from ..pursuits.relaxation import Masked
from ..pursuits.working_set import refine
from .filters import (
    LearnedFilters,
    as_masks,
    as_signals,
    descend,
    energy,
    filter_maps,
    first_filters,
    renew,
)


def lobcod_dictionary_learning(
    ys,
    size,
    m,
    lam,
    *,
    D0=None,
    masks=None,
    ridge=0.0,
    n_iter=20,
    passes=2,
    steps=8,
    circular=True,
    zero_mean=False,
    rng=None,
    progress=False,
    checkpoint=None,
):
    """Learn filters by local block coordinate descent [Zisselman, Sulam & Elad, 2019].

    ``min sum_j ||M_j (y_j - D g_j)||^2 / 2 + lam ||g_j||_1 + ridge / 2 ||D_L - D_0||^2`` over codes and
    unit filters. A round improves every code by coordinate descent on its working set, from where it
    stands, and then the filters by gradient steps ``D_L += sum_i R_i (y - D g) alpha_i^T / (scale
    ||alpha||^2)`` through the non-zeros alone. The objective never increases. Filters that no code uses
    become the patches represented worst (not with a ``ridge``, which holds them).

    Parameters
    ----------
    ys : array (*space, c), a batch, or a list of arrays of different size
    size : tuple of int
        Size of the filters.
    m : int
        Number of filters.
    lam : float
    D0 : array (*size, c, m), optional
        Start from these filters; default: random patches.
    masks : array or list of arrays, optional
        One that broadcasts against each signal: 0 where it is missing.
    ridge : float
        Pull towards ``D0``, which it needs.
    n_iter : int
        Rounds.
    passes, steps : int
        Improvements of a code (full correlations) and of the filters in a round.
    circular : bool
        False: filters lie wholly inside each signal.
    zero_mean : bool
        Filters sum to zero, channel by channel.
    rng : numpy Generator, optional
    progress : bool
        Show a bar.
    checkpoint : path, optional
        Keep the state there after each round, and go on from it: see
        :func:`~cscbook.checkpoints.rounds`.

    Returns
    -------
    LearnedFilters
        ``trace``: ``objective``, ``nonzeros`` and ``used`` filters after each round.
    """
    size, rng = tuple(size), np.random.default_rng(0) if rng is None else rng
    ys = as_signals(ys, size)
    masks = as_masks(masks, ys, size)
    if check_weight(lam) == 0:
        raise ValueError("lam = 0: expected a positive weight")
    if check_level("ridge", ridge) and D0 is None:
        raise ValueError(f"ridge = {ridge} pulls towards D0: expected D0")
    settings = ("lobcod", ys, masks, size, m, lam, D0, ridge, passes, steps, circular, zero_mean)
    signals = tuple(y if M is None else M * y for y, M in zip(ys, masks, strict=True))
    D = first_filters(signals, size, m, D0, zero_mean, rng)
    anchor, xp = D, array_namespace(D)
    one = xp.ones_like(xp.reshape(D, (-1,))[:1])

    def step(state, rng):
        D, gammas, scale = state["D"], [], float(state["scale"][0])
        for y, M, g in zip(signals, masks, state["gamma"], strict=True):
            gammas.append(improve(ConvDictionary(D, y.shape[:-1], circular=circular), y, lam, M, g, passes))
        maps = [
            filter_maps(g, M, y.shape, size, circular) for g, M, y in zip(gammas, masks, signals, strict=True)
        ]
        over = tuple(range(len(size)))
        weight = sum(xp.sum(g * g, axis=over) for g in gammas)
        D, residuals, scale = descend(
            D,
            signals,
            maps,
            weight,
            steps=steps,
            scale=scale,
            ridge=ridge,
            anchor=anchor,
            zero_mean=zero_mean,
        )
        l1 = sum(float(xp.sum(xp.abs(g), dtype=xp.float64)) for g in gammas)
        used = [bool(w > 0) for w in weight]
        row = {
            "objective": sum(map(energy, residuals)) / 2 + lam * l1 + ridge / 2 * energy(D - anchor),
            "nonzeros": sum(int(xp.count_nonzero(g)) for g in gammas),
            "used": sum(used),
        }
        if not ridge:
            D = renew(D, used, residuals, size, zero_mean)
        return {"D": D, "gamma": tuple(gammas), "scale": 0.9 * scale * one}, row

    start = {
        "D": D,
        "gamma": tuple(0 * (ConvDictionary(D, y.shape[:-1], circular=circular).T @ y) for y in signals),
        "scale": one,
    }
    state, trace = rounds(
        step, start, n_iter, rng=rng, checkpoint=checkpoint, settings=settings, progress=progress
    )
    return LearnedFilters(state["D"], state["gamma"], trace)


def improve(D, y, lam, mask, gamma, passes, iterations=20):
    """A code no worse than ``gamma``: coordinate descent on a working set in NumPy, else a few steps of
    FISTA."""
    if is_numpy(y, D.filters):
        return refine(D, y, lam, gamma, mask, passes=passes)[0]
    seen = D if mask is None else Masked(D, mask)
    bound = ConvDictionary(D.filters, D.space).lipschitz  # a border or a 0/1 mask only makes it smaller
    *_, new = islice(fista(seen, y, lam, lipschitz=bound, start=gamma), iterations * passes)
    return min((gamma, new), key=lambda g: _value(seen, y, g, lam))


def _value(D, y, gamma, lam):
    xp = array_namespace(y)
    return energy(y - D @ gamma) / 2 + lam * float(xp.sum(xp.abs(gamma), dtype=xp.float64))
