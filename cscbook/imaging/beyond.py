"""Beyond K-SVD denoising: five ingredients that patch averaging lacks, each a small function over the same patches.

Boosting, agreement of overlapping patches, the model on the final patches, several scales, and self-similarity. Functions
that work in rounds yield one result a round, so the last is ``*_, x = sos(...)``.
"""

import itertools
import math

from ..arrays import array_namespace, asarray, check, check_level, float64, indices, zeros
from ..dictionary import atom_norms
from ..norms import l0
from ..pursuits import Pursuit
from .denoising import (
    GAIN,
    Denoised,
    average,
    centred_patches,
    check_image,
    code_patches,
    image_patches,
    single,
    synthesize,
)
from .matching import similar_patches


def _count(name, value, least=1):
    if value != int(value) or value < least:
        raise ValueError(f"{name} = {value}: expected an integer, at least {least}")
    return int(value)


def _channels(y, D):
    """The channels of ``y``, each with its dictionary (a tuple ``D`` holds one a channel)."""
    c = y.shape[-1]
    if isinstance(D, tuple) and len(D) != c:
        raise ValueError(f"{len(D)} dictionaries for an image of shape {tuple(y.shape)}")
    each = D if isinstance(D, tuple) else (D,) * c
    sizes = {math.isqrt(one.shape[0]) for one in each}
    if len(sizes) > 1 or any(one.shape[0] != size * size for one in each for size in sizes):
        raise ValueError(
            f"D has {[one.shape[0] for one in each]} rows: expected the square of one patch size"
        )
    return [(y[..., i : i + 1], asarray(each[i], like=y)) for i in range(c)], sizes.pop()


def _side_by_side(channels):
    """Run one generator a channel in step; yield the joined results."""
    for parts in zip(*channels, strict=True):
        D = tuple(part.D for part in parts) if len(parts) > 1 else parts[0].D
        x = array_namespace(parts[0].x).concat([part.x for part in parts], axis=-1)
        yield Denoised(x, D, sum(part.atoms_per_patch for part in parts) / len(parts))


# --- boosting ----------------------------------------------------------------------------------------------------------


def sos(denoise, y, rho=0.5, rounds=5):
    """Yield the rounds of SOS boosting, ``x <- f(y + rho x) - rho x`` from zero on: strengthen, operate, subtract.

    For a linear denoiser ``f = W`` the fixed point is ``(I + rho (I - W))^{-1} W y``, reached if every eigenvalue of W has
    ``rho |1 - lambda| < 1`` [Romano & Elad, 2015].

    Parameters
    ----------
    denoise : function
        Takes and returns arrays like ``y``.
    y : array
    rho : float
        How much of the last result is added; 0 is ``denoise`` itself.
    rounds : int
        The first is ``denoise(y)``.
    """
    rho, x = check_level("rho", rho), 0 * check("y", y)
    for _ in range(_count("rounds", rounds)):
        x = denoise(y + rho * x) - rho * x
        yield x


# --- agreement ---------------------------------------------------------------------------------------------------------


def disagreement(P, x, size):
    """What each patch says against the image, ``q_i = p_i - R_i x``, as columns (size^2, p).

    Where ``x`` is the plain average of the patches ``P``, the disagreements cancel: ``sum_i R_i^T q_i = 0``.
    """
    R = image_patches(x, size)
    if tuple(P.shape) != tuple(R.shape):
        raise ValueError(
            f"patches of shape {tuple(P.shape)} for an image of shape {tuple(x.shape)}: "
            f"expected {tuple(R.shape)}"
        )
    return P - R


def share_disagreement(y, sigma, D, rounds=2, gain=GAIN):
    """Yield the rounds of sharing the disagreement: code ``R_i y - q_i``, average, and see what q_i is left.

    ``q_i = D g_i - R_i x`` is zero at first, so the first round is :func:`denoise_omp`. The dictionary stays as it is, where
    the paper goes on learning it and shares in every other round [Romano & Elad, 2015].

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    D : array (n, m), or a tuple of one a channel
        What :func:`denoise_ksvd` learned on ``y``.

    Yields
    ------
    Denoised
    """
    channels, size = _channels(y, D)
    check_image(y, sigma, size)
    return _side_by_side(
        [_share(part, sigma, D, size, _count("rounds", rounds), gain) for part, D in channels]
    )


def _share(y, sigma, D, size, rounds, gain):
    P = image_patches(single(y), size)
    xp, q = array_namespace(P), 0 * P
    for _ in range(rounds):
        mean = xp.mean(P - q, axis=0, keepdims=True)
        code = code_patches(P - q - mean, D, sigma, gain)
        patches = synthesize(D, code) + mean
        x = average(patches, y, size, 30 / sigma)
        q = disagreement(patches, single(x), size)
        yield Denoised(x, D, l0(code) / P.shape[1])


# --- the model on the final patches --------------------------------------------------------------------------------------


def ksvd_epll(y, sigma, D, rounds=3, gain=1.05):
    """Yield the rounds of K-SVD under the expected patch log-likelihood: ask the patches of the result to be sparse too.

    Round t codes the patches of the last result up to ``gain sigma_t`` a pixel and solves
    ``min_x w_t ||x - y||^2 + sum_i ||R_i x - D g_i||^2`` with ``w_t = (30 / sigma) (sigma_t / sigma)^2``, starting from y
    and sigma. Then the noise that remains is estimated anew, :func:`remaining_noise`. A variant of [Sulam & Elad, 2015]:
    they take the most frequent level over the image, correct it once, and go on learning the dictionary.

    Parameters
    ----------
    y : array (H, W, c)
        Each channel has its own ``sigma_t``.
    sigma : float
    D : array (n, m), or a tuple of one a channel
        What :func:`denoise_ksvd` learned on ``y``.

    Yields
    ------
    Denoised
    """
    channels, size = _channels(y, D)
    check_image(y, sigma, size)
    rounds = _count("rounds", rounds)
    return _side_by_side([_epll(part, sigma, D, size, rounds, gain) for part, D in channels])


def _epll(y, sigma, D, size, rounds, gain):
    x, level = y, sigma
    for _ in range(rounds):
        P, mean = centred_patches(single(x), size)
        code = code_patches(P, D, level, gain)
        x = average(synthesize(D, code) + mean, y, size, 30 / sigma * (level / sigma) ** 2)
        atoms = l0(code) / P.shape[1]
        level = remaining_noise(level, atoms, P.shape[0])
        yield Denoised(x, D, atoms)


def remaining_noise(sigma, atoms, n):
    """Noise a pixel after patches of ``n`` pixels were projected on their mean and ``atoms`` atoms.

    ``sigma sqrt((atoms + 1) / n)``: an orthogonal projection P of rank r leaves ``E ||P e||^2 = r sigma^2`` of white noise.
    """
    return sigma * math.sqrt((atoms + 1) / n)


# --- several scales ------------------------------------------------------------------------------------------------------


def haar(x):
    """The four bands ``low, horizontal, vertical, diagonal`` of an orthonormal Haar step on an image (H, W, c).

    Each has shape (H / 2, W / 2, c). White noise keeps its level in all four, while a constant doubles in ``low``.
    """
    check("x", x, ndim=3)
    if x.shape[0] % 2 or x.shape[1] % 2:
        raise ValueError(f"image of shape {tuple(x.shape)}: a Haar step needs even height and width")
    a, b = x[0::2, 0::2, :], x[0::2, 1::2, :]
    c, d = x[1::2, 0::2, :], x[1::2, 1::2, :]
    return (a + b + c + d) / 2, (a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2


def inverse_haar(low, horizontal, vertical, diagonal):
    """The image of four Haar bands: the inverse, and the adjoint, of :func:`haar`."""
    xp, (H, W, c) = array_namespace(low, horizontal, vertical, diagonal), low.shape
    top = (
        xp.stack([low + horizontal, low - horizontal], axis=2),
        xp.stack([vertical + diagonal, vertical - diagonal], axis=2),
    )
    rows = [xp.reshape(top[0] + sign * top[1], (H, 2 * W, c)) / 2 for sign in (1, -1)]
    return xp.reshape(xp.stack(rows, axis=1), (2 * H, 2 * W, c))


def denoise_pyramid(denoise, y, levels=1):
    """Denoise each band of the orthonormal Haar pyramid of ``y`` on its own, and put the bands together again.

    White noise has the same level in all bands, so one ``denoise`` serves them all; with K-SVD each band learns its own
    dictionary [Ophir, Lustig & Elad, 2011].

    Parameters
    ----------
    denoise : function
        Takes and returns an image of one band.
    y : array (H, W, c)
        Height and width divisible by ``2^levels``.
    levels : int
    """
    if _count("levels", levels, 0) == 0:
        return denoise(y)
    if y.shape[0] % 2**levels or y.shape[1] % 2**levels:
        raise ValueError(
            f"image of shape {tuple(y.shape)}: {levels} levels need sides divisible by {2**levels}"
        )
    low, *details = haar(y)
    return inverse_haar(denoise_pyramid(denoise, low, levels - 1), *map(denoise, details))


def fuse_scales(denoise, y, x, weight=0.75):
    """Correct a result ``x`` of one scale by the next coarser one: 2 x 2 patches of ``x`` move their means towards it.

    The sums of the 2 x 2 patches of ``y``, halved, are four coarse images with noise of the same level, one for each way to
    tile ``y``. Each is denoised; then every 2 x 2 patch of ``x`` moves its mean to its coarse pixel by ``weight``, and the
    patches are averaged. A simple relative of the fusion in [Sulam, Ophir & Elad, 2014].

    Parameters
    ----------
    denoise : function
        Takes and returns a coarse image.
    y, x : arrays (H, W, c)
        The noisy image, and the result of one scale.
    weight : float
        1 takes the coarse means as they are.
    """
    check_level("weight", weight)
    xp = array_namespace(check("y", y, ndim=3), check("x", x, ndim=3))
    if tuple(x.shape) != tuple(y.shape):
        raise ValueError(f"x has shape {tuple(x.shape)}, y has {tuple(y.shape)}: expected the same")
    both = [_fuse(denoise, y[..., i : i + 1], x[..., i : i + 1]) for i in range(x.shape[-1])]
    return xp.concat(both, axis=-1)


def _fuse(denoise, y, x, weight):
    xp, (H, W, _) = array_namespace(x), x.shape
    _, mean = centred_patches(y, 2)
    low = xp.reshape(2 * mean, (H - 1, W - 1, 1))
    coarse = xp.zeros_like(low)
    for i, j in itertools.product((0, 1), repeat=2):
        coarse[i::2, j::2, :] = denoise(low[i::2, j::2, :])
    P, mean = centred_patches(x, 2)
    return average(P + mean + weight * (xp.reshape(coarse, (1, -1)) / 2 - mean), x, 2)


# --- self-similarity -----------------------------------------------------------------------------------------------------


def simultaneous_omp(D, Y, k=None, tol=None):
    """Orthogonal matching pursuit of groups of signals: the members of a group share their atoms, not their coefficients.

    Each step adds the atom with the largest ``sum_s (d_j^T r_s)^2 / ||d_j||^2`` over the group's residuals ``r_s``, and
    makes all of them orthogonal to the chosen atoms [Tropp, Gilbert & Strauss, 2006]. Groups of one signal are plain OMP.

    Parameters
    ----------
    D : matrix (n, m)
    Y : array (n, groups, members)
    k : int, optional
        At most so many atoms a group.
    tol : float, optional
        Stop at a residual norm of ``tol``, of the whole group. One of the two is required.

    Returns
    -------
    Pursuit
        ``gamma`` has shape (m, groups, members).
    """
    norms, most = atom_norms(D), min(D.shape)
    xp = array_namespace(D, check("Y", Y, ndim=3))
    if D.shape[0] != Y.shape[0]:
        raise ValueError(
            f"D has {D.shape[0]} rows, Y has shape {tuple(Y.shape)}: expected ({D.shape[0]}, groups, members)"
        )
    if k is None and tol is None:
        raise ValueError("simultaneous_omp needs k, tol or both")
    if k is not None and _count("k", k) > most:
        raise ValueError(f"k = {k}: expected at most {most} for D of shape {tuple(D.shape)}")
    bound = -1.0 if tol is None else check_level("tol", tol) ** 2
    steps, _, met = _group_steps(D / norms, Y, int(k or most), bound)
    number, gamma = (
        indices(range(D.shape[1]), like=D)[:, None, None],
        zeros((D.shape[1], *Y.shape[1:]), like=Y),
    )
    for j, value in _solve(steps):
        gamma = gamma + xp.where(number == j[:, None], value, xp.zeros_like(value))
    return Pursuit(gamma / norms[:, None, None], (), met)


def _group_steps(D, Y, k, bound):
    """The steps (atom, triangle, coefficients along it) of OMP on all groups at once, for unit atoms; and the residuals."""
    (n, groups, members), xp, r = Y.shape, array_namespace(Y), Y
    left = xp.sum(float64(r) ** 2, axis=(0, 2))
    zero = (100 * xp.finfo(Y.dtype).eps) ** 2 * left
    live, steps, basis, used = (left > bound) & (left > zero), [], [], 0 * left
    while len(steps) < k and bool(xp.any(live)):
        corr = xp.reshape(D.T @ xp.reshape(r, (n, -1)), (-1, groups, members))
        j = xp.argmax(xp.sum(corr * corr, axis=2), axis=0)
        u, column = xp.take(D, j, axis=1), []
        for q in basis:  # Gram-Schmidt
            column.append(xp.sum(q * u, axis=0))
            u = u - column[-1] * q
        norm = xp.linalg.vector_norm(u, axis=0)
        live = live & (
            norm > (3e-3 if Y.dtype == xp.float32 else 1e-6)
        )  # else j lies in the span of the chosen
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
    """The steps as (atom, coefficients), by back substitution."""
    values = [None] * len(steps)
    for i in reversed(range(len(steps))):
        later = sum(steps[t][1][i][:, None] * values[t] for t in range(i + 1, len(steps)))
        values[i] = (steps[i][2] - later) / steps[i][1][i][:, None]
    return [(step[0], value) for step, value in zip(steps, values, strict=True)]


def denoise_lssc(y, sigma, start, members=16, window=32, gain=GAIN):
    """Self-similar patch denoising: every patch shares its atoms with the patches that look like it.

    A patch and the ``members - 1`` most similar ones are coded by :func:`simultaneous_omp`, up to a squared error of
    ``members n sigma^2 (1 + (gain^2 - 1) / sqrt(members))``: the margin shrinks because the noise of many pixels deviates
    less from its mean. Each patch keeps its own estimate, and the patches are averaged. After [Mairal et al., 2009], with
    greed in the place of ``sum_i ||A_i||_{1,2}``.

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    start : Denoised
        A first result, such as that of :func:`denoise_ksvd`: similarity is judged on ``start.x``, and ``start.D`` codes.
    members, window : int
        Patches in a group, and the side of the square of positions that they are sought in.

    Returns
    -------
    Denoised
    """
    channels, size = _channels(y, start.D)
    check_image(y, sigma, size)
    array_namespace(y, start.x)
    tol = sigma * size * math.sqrt(members * (1 + (gain**2 - 1) / math.sqrt(_count("members", members))))
    parts = [
        _lssc(part, start.x[..., i : i + 1], sigma, D, size, members, window, tol)
        for i, (part, D) in enumerate(channels)
    ]
    x = array_namespace(y).concat([part.x for part in parts], axis=-1)
    return Denoised(x, start.D, sum(part.atoms_per_patch for part in parts) / len(parts))


def _lssc(y, guide, sigma, D, size, members, window, tol):
    P, mean = centred_patches(single(y), size)
    xp, atoms, estimates, run = array_namespace(P), 0, [], 256
    groups = similar_patches(single(guide), size, members, window)
    order = xp.argsort(xp.sum(P * P, axis=0))  # groups that run together should need about as many steps
    groups, unit = xp.take(groups, order, axis=0), single(D / atom_norms(D))
    for start in range(0, groups.shape[0], run):
        some = groups[start:start + run, :]
        Y = xp.reshape(xp.take(P, xp.reshape(some, (-1,)), axis=1), (P.shape[0], some.shape[0], members))
        steps, r, _ = _group_steps(unit, Y, min(D.shape), tol ** 2)
        estimates.append(Y[:, :, 0] - r[:, :, 0])
        atoms += sum(int(xp.sum(xp.astype(xp.any(along != 0, axis=1), xp.int64))) for _, _, along in steps)
    own = xp.take(xp.concat(estimates, axis=1), xp.argsort(order), axis=1)
    return Denoised(average(own + mean, y, size, 30 / sigma), D, atoms / groups.shape[0])
