"""What similar patches say about the code of one: common scales (SSC-GSM), and a common mean (NCSR).

Both group patches as :func:`denoise_wnnm` does, and code them over principal components: those of the group,
or those of all patches of one kind.
"""

import math

import numpy as np

from ...arrays import (
    array_namespace,
    as_generator,
    check_level,
    check_whole,
    check_wholes,
    float64,
    indices,
    to_numpy,
)
from .checks import check_image
from .ksvd import averaged, by_channel, image_patches
from .patch_models import group_round, regularized
from .similar_patches import similar_patches, ungroup

WINDOW = 30  # side of the square of places in which NCSR looks for similar patches


def _levels(**values):
    return [check_level(name, value) for name, value in values.items()]


# --- common scales ------------------------------------------------------------------------------------------


def denoise_gsm(
    y, sigma, size=6, members=60, window=30, stride=4, rounds=4, feedback=0.1, left=0.5, price=None
):
    """Simultaneous sparse coding with a Gaussian scale mixture: similar patches use an atom equally strongly.

    Over its own principal components, the code of a group is ``A = diag(theta) B``, with one scale
    ``theta_j >= 0`` for each component and standard normal ``B``, and minimises ``||A_y - diag(theta) B||^2 +
    sigma^2 ||B||^2 + price sigma^2 sum_j log(theta_j)`` (``scale_mixture``). Rounds, groups and averages
    are those of :func:`denoise_wnnm`. After [Dong, Shi, Ma & Li, 2015], whose price is 4.

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    size, members, window, stride
        Of :func:`similar_patches`.
    rounds : int
    feedback, left : float
        How much of what was removed comes back, and which share of the noise is believed to remain.
    price : float, optional
        Of a scale; default ``members``. The density of the coefficients of one scale times that of the
        scale, ``1 / theta``, would make it ``2 (members + 1)``, which is 4 for a single member.

    Returns
    -------
    array (H, W, c)
    """
    size, members, stride = check_wholes(size=size, members=members, stride=stride)
    sigma, rounds = check_image(y, sigma, size), check_whole("rounds", rounds)
    _check_stride(stride, size)
    price = float(members) if price is None else price
    feedback, left, price = _levels(feedback=feedback, left=left, price=price)

    def one_round(v, level):
        return group_round(
            v, size, (members, window, stride), lambda s: scale_mixture(s, level, price, members)
        )

    return by_channel(lambda part: regularized(one_round, part, sigma, rounds, feedback, left), y)


def _check_stride(stride, size):
    if stride > size:
        raise ValueError(f"stride = {stride}: expected at most the size {size}, else pixels are in no group")


def scale_mixture(s, sigma, price, members, n_iter=8):
    """Norms ``theta b`` of coefficient rows of norm ``s`` that share a scale: alternating minimisation of
    ``(s - theta b)^2 + sigma^2 b^2 + price sigma^2 log(theta)``.

    Rows stay parallel to what they were, so that only their norms matter. The first scale is that of the
    clean coefficients, ``theta^2 = s^2 / members - sigma^2``; then ``b = theta s / (theta^2 + sigma^2)`` and
    ``theta`` (``best_scale``) in turn.
    """
    xp = array_namespace(s)
    theta = xp.sqrt(xp.maximum(s * s / members - sigma**2, xp.zeros_like(s)))
    for _ in range(n_iter):
        b = theta * s / (theta * theta + sigma**2)
        theta = best_scale(s, b, price * sigma**2)
    return theta * theta * s / (theta * theta + sigma**2)


def best_scale(s, b, cost):
    """The positive ``theta`` at which ``(s - theta b)^2 + cost log(theta)`` has its minimum, 0 where it has
    none: ``theta = (s + (s^2 - 2 cost)^{1/2}) / (2 b)``."""
    xp = array_namespace(s, b)
    zero = xp.zeros_like(s)
    inside = s * s - 2 * cost
    real = (inside >= 0) & (b > 0)
    root = (s + xp.sqrt(xp.maximum(inside, zero))) / (2 * xp.where(real, b, xp.ones_like(b)))
    return xp.where(real, root, zero)


# --- a common mean ------------------------------------------------------------------------------------------


def denoise_ncsr(
    y, sigma, size=6, kinds=40, members=16, stride=2, rounds=4, feedback=0.1, left=0.5, gain=0.7, rng=None
):
    """Nonlocally centralised sparse representation: codes are sparse around those of similar patches.

    Patches are sorted into kinds (``kind_bases``), each with its principal components as a dictionary.
    The code of a patch is shrunk towards the mean code of the patches similar to it (``centralize``).
    Windows hold 30 x 30 places; rounds are those of :func:`denoise_wnnm`. After [Dong, Zhang, Shi & Li,
    2013]; there, the mean has weights that fall with the distance.

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    size, members, stride
        Of :func:`similar_patches`; at least two members.
    kinds : int
        At most the number of patches.
    rounds : int
    feedback, left : float
        How much of what was removed comes back, and which share of the noise is believed to remain.
    gain : float
        Of the thresholds; the square root of 2 belongs to Laplacian coefficients.
    rng : numpy Generator, optional
        Draws the first centres of the kinds.

    Returns
    -------
    array (H, W, c)
    """
    size, members, stride = check_wholes(size=size, members=members, stride=stride)
    sigma, rounds, rng = check_image(y, sigma, size), check_whole("rounds", rounds), as_generator(rng)
    _check_stride(stride, size)
    kinds, most = check_whole("kinds", kinds), math.prod(N - size + 1 for N in y.shape[:2])
    if members < 2 or kinds > most:
        raise ValueError(
            f"members = {members}, kinds = {kinds}: expected at least 2 members, and at most {most} kinds"
        )
    feedback, left, gain = _levels(feedback=feedback, left=left, gain=gain)

    def one_round(v, level):
        P, groups = image_patches(v, size), similar_patches(v, size, members, WINDOW, stride)
        own, seen = _centralized(P, groups, kinds, level, gain, rng)
        return averaged(own, v, size) / averaged(seen, v, size)

    return by_channel(lambda part: regularized(one_round, part, sigma, rounds, feedback, left), y)


def _centralized(P, groups, kinds, level, gain, rng):
    """The estimates of the first patch of each group at their places among the columns of ``P``, zero
    elsewhere, and where they are."""
    xp, n = array_namespace(P), P.shape[0]
    first = groups[:, 0]
    centred = xp.take(P, first, axis=1)
    kind, bases = kind_bases(centred - xp.mean(centred, axis=0, keepdims=True), kinds, rng)
    found, order = [], []
    for k in range(kinds):
        which = np.flatnonzero(to_numpy(kind) == k)
        if len(which) == 0:
            continue
        some = xp.take(groups, indices(which, like=P), axis=0)
        Z = xp.reshape(xp.take(P, xp.reshape(some, (-1,)), axis=1), (n, -1))
        codes = xp.reshape(bases[k, ...].T @ Z, (n, *some.shape))
        found.append(bases[k, ...] @ centralize(codes, level, gain))
        order.append(some[:, 0])
    own, order = xp.concat(found, axis=1), xp.concat(order)[:, None]
    own = ungroup(own[:, :, None], order, P.shape[1])
    seen = ungroup(xp.ones_like(P[:1, : order.shape[0], None]), order, P.shape[1])
    return own, seen * xp.ones_like(P)


def centralize(codes, sigma, gain):
    """The code ``beta + soft(alpha - beta, tau)`` of the first member of each group, (n, groups).

    ``beta`` is the mean code of the group, and ``tau_j = gain sigma^2 / spread_j`` with the variance
    ``spread_j^2 = mean (alpha_j - beta_j)^2 - sigma^2`` of the clean codes, at least a ten thousandth of
    ``sigma^2``.

    Parameters
    ----------
    codes : array (n, groups, members)
    sigma, gain : float
    """
    xp = array_namespace(codes)
    beta = xp.mean(codes, axis=2)
    own = codes[:, :, 0] - beta
    if sigma == 0:
        return own + beta
    spread = xp.mean((codes - beta[:, :, None]) ** 2, axis=2) - sigma**2
    spread = xp.sqrt(xp.maximum(spread, 1e-4 * sigma**2 + 0 * spread))
    return beta + xp.sign(own) * xp.maximum(xp.abs(own) - gain * sigma**2 / spread, 0 * own)


def kind_bases(P, kinds, rng, n_iter=8):
    """Kinds of patches by Lloyd's algorithm, and the principal components of each kind.

    Parameters
    ----------
    P : array (n, p)
        Patches without their means, as columns.
    kinds : int

    Returns
    -------
    integer array (p,), array (kinds, n, n)
        The kind of each patch; the components as columns. A thousandth of the energy of all patches is added
        to that of a kind.
    """
    xp, number = array_namespace(P), indices(range(kinds), like=P)[:, None]
    centres = xp.take(P, indices(np.sort(rng.choice(P.shape[1], kinds, replace=False)), like=P), axis=1)
    for _ in range(n_iter):
        near = centres.T @ P - xp.sum(centres * centres, axis=0)[:, None] / 2
        kind = xp.argmax(near, axis=0)
        member = xp.astype(kind[None, :] == number, P.dtype)
        mass = xp.sum(member, axis=1)
        centres = xp.where(mass > 0, (P @ member.T) / xp.maximum(mass, xp.ones_like(mass)), centres)
    energy = xp.stack([float64((P * member[k, :]) @ P.T) for k in range(kinds)])
    energy = energy + 1e-3 * xp.sum(energy, axis=0)  # decides where a kind has fewer patches than pixels
    return kind, xp.astype(xp.linalg.eigh(energy)[1], P.dtype)
