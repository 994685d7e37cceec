"""Online learning: filters from a stream of signals, in memory that does not grow with their number."""

import itertools
from dataclasses import replace
from functools import partial

import numpy as np

from ..arrays import (
    array_namespace,
    arrays_in,
    as_map,
    asarray,
    check,
    check_level,
    check_whole,
    each_array,
    native,
)
from ..checkpoints import fingerprint, run, take
from ..dictionaries.places import sparse_code
from .filters import descend
from .lobcod import improve_all
from .problem import LearnedFilters, as_signals, renew, set_up, unit


def online_dictionary_learning(ys, size, m, lam, *, n_iter=None, passes=5, steps=4, delay=10.0, **shared):
    """Learn filters from a stream of signals by stochastic approximation [Liu et al., 2018].

    Minibatch t = 0, 1, ... is coded over the present filters and then forgotten. The filters move
    towards those that suit it better: ``d_k <- unit((1 - w_k) d_k + w_k d_k')``, where ``d'`` comes from
    gradient steps on this minibatch alone. With the energy ``e_k`` of the coefficients of filter k here,
    and their discounted sum ``E_k <- t / (t + delay) E_k + e_k``, it is ``w_k = e_k / E_k``; that is
    ``(delay + 1) / (t + delay + 1)`` where every minibatch uses the filter alike. Minibatches on a device
    are copied to the host, and the filters back at the end.

    Parameters
    ----------
    ys : iterable
        Of arrays ``(*space, c)``, or of lists of them (minibatches). A generator is read once; a list may
        be repeated by ``itertools.cycle`` together with ``n_iter``.
    size, m, lam, D0, circular, zero_mean, rng, progress, map
        As for :func:`~cscbook.learning.lobcod_dictionary_learning`. Without ``D0``, the first filters are
        patches of the first minibatch.
    n_iter : int, optional
        At most so many minibatches; default: to the end of the stream.
    passes, steps : int
        Improvements of the code from zero on (full correlations), and gradient steps on the filters.
    delay : float
        About so many minibatches pass before the steps begin to decay.
    checkpoint : path, optional
        As for :func:`~cscbook.checkpoints.run`. Give the same stream from its start: what has been
        learned from is read again, compared, and passed over.

    Returns
    -------
    LearnedFilters
        ``gamma`` is empty. ``trace``: ``objective``, ``nonzeros`` and ``used`` filters of each
        minibatch, over the filters as they were before it.
    """
    stream = _Stream(ys)
    like = check("ys", next(arrays_in(stream.first), stream.first))
    array_namespace(like, *arrays_in(shared))
    (where,) = take(shared, map=None)
    as_map(where)
    shared = each_array(native, shared)
    first, D = set_up(each_array(native, stream.first), size, m, lam, shared, masked=False)
    n_iter = None if n_iter is None else check_whole("n_iter", n_iter)
    passes, steps = check_whole("passes", passes), check_whole("steps", steps)
    delay, m, lam = check_level("delay", delay), D.shape[-1], first.lam
    settings = ("online", first.ys, D, lam, passes, steps, delay, first.circular, first.zero_mean)
    step = partial(_round, stream, replace(first, ys=(), masks=()), passes, steps, delay, where)
    start = {"D": D, "energy": np.zeros(m), "scale": np.ones(1), "t": np.zeros(1, int), "seen": stream.seen}
    state, trace = run(step, start, n_iter, settings=settings, **shared)
    return LearnedFilters(asarray(state["D"], like=like), (), trace)


class _Stream:
    """Minibatches that can be read once, with a digest of all that has been read."""

    def __init__(self, ys):
        self.rest = iter(ys)
        self.first = next(self.rest, None)
        if self.first is None:
            raise ValueError("ys is empty: expected at least one signal")
        self.rest, self.t = itertools.chain([self.first], self.rest), 0
        self.seen = np.zeros(32, np.uint8)

    def read(self, t, seen):
        """Minibatch ``t`` of the stream, once those before it turn out to be the ones with this digest."""
        while self.t < t:
            self._next()
        if not np.array_equal(self.seen, seen):
            raise ValueError(f"the first {t} signals of the stream are not those of the checkpoint")
        return self._next()

    def _next(self):
        batch = each_array(native, next(self.rest))
        both = fingerprint(self.seen, batch)
        self.seen, self.t = np.frombuffer(bytes.fromhex(both), np.uint8), self.t + 1
        return batch


def _round(stream, problem, passes, steps, delay, where, state, rng):
    """One minibatch: its codes, then a step of the filters."""
    D, t = state["D"], int(state["t"][0])
    ys = as_signals(stream.read(t, state["seen"]), problem.size)
    problem = replace(problem, ys=ys, masks=(None,) * len(ys))
    on = problem.on(D)
    blank = tuple(np.zeros((*on(y).positions, D.shape[-1]), y.dtype) for y in ys)
    gammas = improve_all(problem, D, blank, passes, where)
    row = problem.row(D, gammas, problem.residuals(D, tuple(map(sparse_code, gammas))))
    new, residuals, scale = descend(problem, D, gammas, steps, float(state["scale"][0]))
    here = problem.usage(gammas)
    energy = (t / (t + delay) if t else 0) * state["energy"] + here
    share = (here / np.where(energy > 0, energy, 1)).astype(D.dtype)
    D = unit(D + share * (new - D), problem.zero_mean)
    D = renew(D, energy > 0, residuals, problem.size, problem.zero_mean)
    state = {
        "D": D,
        "energy": energy,
        "scale": np.array([0.9 * scale]),
        "t": np.array([t + 1]),
        "seen": stream.seen,
    }
    return state, row
