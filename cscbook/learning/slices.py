"""The learner of slices: K-SVD on slices, as if they were patches; they agree by ADMM.

The pursuit of slices, for filters that are given, is :mod:`cscbook.localglobal.slices`.
"""

from functools import partial

from ..arrays import array_namespace, check_level, check_whole, on_host
from ..checkpoints import run
from ..localglobal import first_slices
from ..localglobal.slices import admm_step
from .ksvd import check_pairs, ksvd_update
from .problem import LearnedFilters, set_up, unit


def mod_update(D, S, gamma, order):
    """The method of optimal directions: least squares on all atoms at once, ``S gamma^T (gamma
    gamma^T)^+``, with unit norms [Engan, Aase & Husoy, 1999].

    Parameters as for :func:`ksvd_update`; ``order`` plays no part.
    """
    check_pairs(D, S, gamma)
    xp = array_namespace(D)
    new = (S @ gamma.T) @ xp.linalg.pinv(gamma @ gamma.T)
    norms = xp.linalg.vector_norm(new, axis=0)
    used = (xp.count_nonzero(gamma, axis=1) > 0) & (norms > 0)
    return xp.where(used, new / xp.where(used, norms, xp.ones_like(norms)), D)


@on_host
def slice_dictionary_learning(
    ys, size, m, lam, *, rho=3.0, update=ksvd_update, pursuit=None, n_iter=30, steps=1, **shared
):
    """Learn filters from slices [Papyan, Romano, Sulam & Elad, 2017].

    Every signal keeps its slices, needles and duals. A round does ``steps`` steps of
    :func:`~cscbook.localglobal.slice_admm` on each, and then updates the local dictionary on all
    pairs of a slice and its needle, ``min sum_i ||s_i + u_i - D_L alpha_i||^2``: patch-based learning,
    with slices in the place of patches. Filters that no needle uses become the patches represented
    worst. All of it runs on the host, whatever device ``ys`` live on, and so do ``update`` and ``pursuit``.

    Parameters
    ----------
    ys, size, m, lam, D0, masks, circular, zero_mean, rng, progress, checkpoint
        As for :func:`~cscbook.learning.lobcod_dictionary_learning`.
    rho : float
        Weight of the constraints ``s_i = D_L alpha_i``.
    update : function
        ``ksvd_update`` or ``mod_update``: ``(D_L, S, gamma, order) -> D_L``.
    pursuit : function, optional
        Of the needles, as for :func:`~cscbook.localglobal.slice_admm`.
    n_iter, steps : int
        Rounds, and steps of ADMM in each.

    Returns
    -------
    LearnedFilters
        ``gamma`` holds the needles. ``trace``: ``objective`` of needles and filters (which may rise: ADMM
        is no descent), ``nonzeros`` and ``used`` filters after each round.
    """
    problem, D = set_up(ys, size, m, lam, shared)
    rho, lam = check_level("rho", rho, positive=True), problem.lam
    steps, n_iter = check_whole("steps", steps), check_whole("n_iter", n_iter)
    starts = [first_slices(problem.on(D)(y), y, M) for y, M in problem.each()]
    slices, duals, gammas = map(tuple, zip(*starts, strict=True))
    settings = ("slices", problem.ys, problem.masks, D, lam, rho, update, pursuit, steps)
    settings += (problem.circular, problem.zero_mean)
    start = {"D": D, "gamma": gammas, "slices": slices, "dual": duals}
    step = partial(_round, problem, rho, update, pursuit, steps)
    state, trace = run(step, start, n_iter, settings=settings, **shared)
    return LearnedFilters(state["D"], state["gamma"], trace)


def _round(problem, rho, update, pursuit, steps, state, rng):
    """Steps of ADMM on every signal, then one update of the filters from all slices."""
    on, images = problem.on(state["D"]), []
    for y, M, gamma, slices, dual in problem.each(state["gamma"], state["slices"], state["dual"]):
        for _ in range(steps):
            gamma, slices, dual = admm_step(on(y), y, problem.lam, rho, slices, dual, gamma, M, pursuit)
        images.append((gamma, slices, dual))
    gammas, slices, duals = map(tuple, zip(*images, strict=True))
    D = _update(problem, update, state["D"], [s + u for s, u in zip(slices, duals, strict=True)], gammas, rng)
    residuals = problem.residuals(D, gammas)
    row = problem.row(D, gammas, residuals)
    D = problem.renew(D, gammas, residuals)
    return {"D": D, "gamma": gammas, "slices": slices, "dual": duals}, row


def _update(problem, update, filters, slices, gammas, rng):
    """All pairs of slices and needles as columns, to the update of the local dictionary and back."""
    xp, m = array_namespace(filters), filters.shape[-1]
    local = xp.reshape(filters, (-1, m))
    S, A = (xp.concat([xp.reshape(a, (-1, a.shape[-1])) for a in parts]) for parts in (slices, gammas))
    new = update(local, S.T, A.T, rng.permutation(m))
    return unit(xp.reshape(new, filters.shape), problem.zero_mean)
