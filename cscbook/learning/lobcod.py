"""The learner by block coordinate descent: codes, filters, codes, filters, all in place and local.

The pursuit of this name, for filters that are given, is :mod:`cscbook.localglobal.lobcod`.
"""

from functools import partial

import numpy as np

from .. import kernels
from ..arrays import as_map, check_whole, on_host
from ..checkpoints import run, take
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.places import sparse_code
from ..pursuits.working_set import refine
from .filters import descend
from .problem import LearnedFilters, set_up


@on_host
def lobcod_dictionary_learning(ys, size, m, lam, *, ridge=0.0, n_iter=20, passes=2, steps=8, **shared):
    """Learn filters by local block coordinate descent [Zisselman, Sulam & Elad, 2019].

    ``min sum_j ||M_j (y_j - D g_j)||^2 / 2 + lam ||g_j||_1 + ridge / 2 ||D_L - D_0||^2`` over codes and
    unit filters. A round improves every code by coordinate descent on its working set, from where it
    stands, and then the filters by gradient steps ``D_L += sum_i R_i (y - D g) alpha_i^T / (scale
    ||alpha||^2)`` through the non-zeros alone. The objective never increases. Filters that no code uses
    become the patches represented worst (not with a ``ridge``, which holds them). All of it runs on the host,
    whatever device ``ys`` live on.

    Parameters
    ----------
    ys : array (*space, c), a batch, or a list of arrays of different size
    size : tuple of int
        Size of the filters.
    m : int
        Number of filters.
    lam : float
    ridge : float
        Pull towards ``D0``, which it needs.
    n_iter : int
        Rounds.
    passes, steps : int
        Improvements of a code (full correlations) and of the filters in a round.
    D0 : array (*size, c, m), optional
        Start from these filters; default: random patches.
    masks : array or list of arrays, optional
        One that broadcasts against each signal: 0 where it is missing.
    circular : bool, default True
        False: filters lie wholly inside each signal.
    zero_mean : bool, default False
        Filters sum to zero, channel by channel.
    rng : numpy Generator, optional
    progress : bool, default False
        Show a bar.
    checkpoint : path, optional
        Keep the state there after each round, and go on from it: see
        :func:`~cscbook.checkpoints.run`.
    map : function, optional
        ``map(function, items)`` codes the signals, one per task, and gives their codes in order: see
        :func:`~cscbook.large.dask_map`. The filters are improved here.

    Returns
    -------
    LearnedFilters
        ``trace``: ``objective``, ``nonzeros`` and ``used`` filters after each round.
    """
    (where,) = take(shared, map=None)
    as_map(where)
    problem, D = set_up(ys, size, m, lam, shared, ridge)
    n_iter, lam, ridge = check_whole("n_iter", n_iter), problem.lam, problem.ridge
    passes, steps = check_whole("passes", passes, least=0), check_whole("steps", steps, least=0)
    codes = tuple(0 * (problem.on(D)(y).T @ y) for y in problem.ys)
    settings = ("lobcod", problem.ys, problem.masks, D, lam, ridge, passes, steps)
    settings += (problem.circular, problem.zero_mean)
    start = {"D": D, "gamma": codes, "scale": np.ones(1)}
    state, trace = run(
        partial(_round, problem, passes, steps, where), start, n_iter, settings=settings, **shared
    )
    return LearnedFilters(state["D"], state["gamma"], trace)


def _round(problem, passes, steps, where, state, rng):
    """Codes, then filters, then new filters in the place of unused ones."""
    D, gammas = state["D"], improve_all(problem, state["D"], state["gamma"], passes, where)
    D, residuals, scale = descend(problem, D, gammas, steps, float(state["scale"][0]))
    row = problem.row(D, gammas, residuals)
    D = problem.renew(D, gammas, residuals)
    return {"D": D, "gamma": gammas, "scale": np.array([0.9 * scale])}, row


def improve_all(problem, filters, gammas, passes, map=None):
    """The codes of all signals, each no worse than that in ``gammas``; on a ``map`` each is a task, which is
    sent its signal and what is not zero in its code."""
    if map is None:
        on = problem.on(filters)

        def one(each):
            y, M, gamma = each
            return improve(on(y), y, problem.lam, M, gamma, passes)

        return tuple(kernels.threads.in_threads(one, problem.each(gammas)))
    jobs = (
        (filters, problem.circular, y, problem.lam, M, sparse_code(g), passes)
        for y, M, g in problem.each(gammas)
    )
    return tuple(code.dense() for code in map(_improve, jobs))


def _improve(job):
    filters, circular, y, *rest = job
    return sparse_code(improve(ConvDictionary(filters, y.shape[:-1], circular=circular), y, *rest))


def improve(D, y, lam, mask, gamma, passes):
    """A code no worse than ``gamma``, by coordinate descent on a working set."""
    return refine(D, y, lam, gamma, mask, passes=passes)[0]
