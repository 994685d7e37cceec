"""Self-similarity: patches that look alike are coded together, over the same few atoms."""

import math

from ...arrays import array_namespace, check, check_level, check_type, check_whole, float64, indices, zeros
from ...dictionaries.matrix import atom_norms
from ...pursuits import Pursuit
from .after_ksvd import by_dictionary, join
from .ksvd import GAIN, Denoised, averaged, centred_patches, single
from .similar_patches import similar_patches


def denoise_lssc(y, sigma, start, members=16, window=32, gain=GAIN):
    """Denoise each patch together with the patches that look like it: a group shares its atoms.

    Each patch and the ``members - 1`` most similar ones are coded by :func:`simultaneous_omp` up to a
    squared error of ``members n sigma^2 (1 + (gain^2 - 1) / sqrt(members))``: relative to its mean,
    the energy of noise in many pixels spreads less. A patch keeps its own estimate out of its own
    group, and the patches are averaged. After [Mairal et al., 2009], with a greedy pursuit. There is
    no compiled loop behind it: a whole photograph takes minutes.

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    start : Denoised
        What :func:`denoise_ksvd` found: ``start.x`` says what is similar, and ``start.D`` codes.
    members, window : int
        Of :func:`similar_patches`.

    Returns
    -------
    Denoised
    """
    check_type("start", start, Denoised)
    channels, size, sigma = by_dictionary(y, sigma, start.D, "start.D")
    array_namespace(y, check("start.x", start.x, ndim=3))
    if tuple(start.x.shape) != tuple(y.shape):
        raise ValueError(f"start.x has shape {tuple(start.x.shape)}, y has shape {tuple(y.shape)}")
    members = check_whole("members", members)
    margin = 1 + (check_level("gain", gain) ** 2 - 1) / math.sqrt(members)
    tol = sigma * size * math.sqrt(members * margin)
    guides = [single(start.x[..., i : i + 1]) for i in range(y.shape[-1])]
    groups = [similar_patches(guide, size, members, window) for guide in guides]
    each = zip(channels, groups, strict=True)
    return join([_lssc(part, D, size, some, tol, 30 / sigma) for (part, D), some in each])


def _lssc(y, D, size, groups, tol, weight):
    P, mean = centred_patches(single(y), size)
    own, atoms = code_groups(P, D, groups, tol, keep=1)
    return Denoised(averaged(own[:, :, 0] + mean, y, size, weight), D, atoms)


def code_groups(P, D, groups, tol, keep, run=256):
    """What :func:`simultaneous_omp` makes of groups of columns: ``D g`` of the first ``keep`` members,
    (n, groups, keep), and the mean number of atoms per group; ``run`` groups are in memory at a time."""
    xp, unit, coded, atoms = array_namespace(P), single(D / atom_norms(D)), [], 0
    first = xp.take(P, groups[:, 0], axis=1)
    order = xp.argsort(xp.sum(first * first, axis=0))  # what runs together should need about as many steps
    groups = xp.take(groups, order, axis=0)
    for start in range(0, groups.shape[0], run):
        some = groups[start : min(start + run, groups.shape[0]), :]
        Y = xp.reshape(xp.take(P, xp.reshape(some, (-1,)), axis=1), (P.shape[0], *some.shape))
        steps, r, _ = _group_steps(unit, Y, min(D.shape), tol**2)
        coded.append((Y - r)[:, :, :keep])
        atoms += sum(int(xp.sum(xp.astype(xp.any(along != 0, axis=1), xp.int64))) for _, _, along in steps)
    return xp.take(xp.concat(coded, axis=1), xp.argsort(order), axis=1), atoms / groups.shape[0]


def simultaneous_omp(D, Y, k=None, tol=None):
    """Orthogonal matching pursuit of groups: the signals of a group share atoms, not coefficients.

    Each step adds the atom with the largest ``sum_s (d_j^T r_s)^2 / ||d_j||^2`` over the residuals of
    the group, and makes them orthogonal to all chosen [Tropp, Gilbert & Strauss, 2006]. Groups of one
    signal are ``omp``.

    Parameters
    ----------
    D : matrix (n, m)
        A zero atom is an error.
    Y : array (n, groups, members)
    k : int, optional
        At most so many atoms per group.
    tol : float, optional
        Stop at a residual norm of ``tol``, of the group as a whole. One of the two is required.

    Returns
    -------
    Pursuit
        ``gamma`` has shape (m, groups, members).
    """
    norms, xp = atom_norms(D), array_namespace(D, check("Y", Y, ndim=3))
    if D.shape[0] != Y.shape[0]:
        raise ValueError(f"D has {D.shape[0]} rows, Y has shape {tuple(Y.shape)}")
    if k is None and tol is None:
        raise ValueError("simultaneous_omp needs k, tol or both")
    if k is not None and check_whole("k", k) > min(D.shape):
        raise ValueError(f"k = {k}: expected at most {min(D.shape)} for D of shape {tuple(D.shape)}")
    bound = -1.0 if tol is None else check_level("tol", tol) ** 2
    steps, _, met = _group_steps(xp.astype(D / norms, Y.dtype), Y, int(k or min(D.shape)), bound)
    number, gamma = indices(range(D.shape[1]), like=D), zeros((D.shape[1], *Y.shape[1:]), like=Y)
    for j, values in _solve(steps):
        gamma = gamma + xp.where((number[:, None] == j)[:, :, None], values, xp.zeros_like(values))
    return Pursuit(gamma / xp.astype(norms, Y.dtype)[:, None, None], (), met)


def _group_steps(D, Y, k, bound):
    """OMP of all groups in lock step, for unit atoms: its steps, the residuals, and if all rules were met.

    A step is (atom of each group, its Gram-Schmidt coefficients, the signals' coefficients along it).
    """
    (n, groups, members), xp, r = Y.shape, array_namespace(Y), Y
    left = xp.sum(float64(r) ** 2, axis=(0, 2))
    zero = (100 * xp.finfo(Y.dtype).eps) ** 2 * left
    one, least = xp.ones_like(Y[0, 0, :]), 3e-3 if Y.dtype == xp.float32 else 1e-6
    live, used, steps, basis = (left > bound) & (left > zero), 0 * left, [], []
    while len(steps) < k and bool(xp.any(live)):
        seen = xp.reshape(D.T @ xp.reshape(r, (n, -1)), (-1, groups, members))
        j = xp.argmax((seen * seen) @ one, axis=0)  # a product sums short rows faster than sum
        u, column = xp.take(D, j, axis=1), []
        for q in basis:
            column.append(xp.sum(q * u, axis=0))
            u = u - column[-1] * q
        norm = xp.linalg.vector_norm(u, axis=0)
        live = live & (norm > least)  # else atom j lies in the span of the chosen
        norm = xp.where(live, norm, xp.ones_like(norm))
        u = xp.where(live, u / norm, xp.zeros_like(u))
        along = xp.sum(u[:, :, None] * r, axis=0)
        r = r - u[:, :, None] * along
        basis.append(u)
        steps.append((j, [*column, norm], along))
        used = used + xp.astype(live, xp.float64)
        left = xp.sum(float64(r) ** 2, axis=(0, 2))
        live = live & (left > bound) & (left > zero)
    met = left <= bound if bound >= 0 else (left <= zero) | (used >= k)
    return steps, r, bool(xp.all(met))


def _solve(steps):
    """Pairs (atom of each group, coefficients of its signals), by back substitution."""
    values = [None] * len(steps)
    for i in reversed(range(len(steps))):
        _, column, along = steps[i]
        later = sum(steps[t][1][i][:, None] * values[t] for t in range(i + 1, len(steps)))
        values[i] = (along - later) / column[i][:, None]
    return [(step[0], value) for step, value in zip(steps, values, strict=True)]
