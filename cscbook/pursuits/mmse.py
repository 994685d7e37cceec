"""Minimum mean squared error: its estimators for sparse codes, and stochastic resonance, which comes close.

The model: a support S is drawn, ``gamma_S`` is Gaussian with standard deviation ``sigma_x``, and ``y = D
gamma + nu`` with white noise of standard deviation ``sigma_nu``. What the estimators know of the two is
``ratio = sigma_nu^2 / sigma_x^2``. Signals are the columns of ``y``, one or many.
"""

import math
from itertools import combinations, islice

import numpy as np
import scipy
from scipy.sparse import csc_matrix, eye_array
from scipy.sparse.linalg import splu

from ..arrays import (
    array_namespace,
    as_generator,
    asarray,
    check,
    check_level,
    check_type,
    check_whole,
    eye,
    indices,
    to_numpy,
)
from ..datasets.synthetic import noise
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.matrix import dense
from .iterative import Pursuit, check_problem


def oracle_estimate(D, y, on, ratio=0.0):
    """``(D_S^T D_S + ratio I)^-1 D_S^T y`` on the support S, zero off it: the best estimate for whoever
    knows S.

    Parameters
    ----------
    D : matrix (n, m) or ConvDictionary
    y : array (n,) or (n, p), or (*batch, *space, c)
    on : array of bool (m,) or (m, p), or (*batch, *positions, m)
        The support of each signal. The cost grows with the fullest.
    ratio : float
        ``sigma_nu^2 / sigma_x^2``; zero for the least-squares fit.

    Returns
    -------
    array, in the shape of ``on``
    """
    xp = array_namespace(check_problem(D, y), on)
    if not xp.isdtype(on.dtype, "bool"):
        raise TypeError(f"on has dtype {on.dtype}: expected bool")
    if isinstance(D, ConvDictionary):
        return _convolutional(D, y, on, check_level("ratio", ratio))
    if tuple(on.shape) != (D.shape[1], *y.shape[1:]):
        raise ValueError(f"a support of shape {tuple(on.shape)}: expected {(D.shape[1], *y.shape[1:])}")
    if y.ndim == 1:
        return oracle_estimate(D, y[:, None], on[:, None], ratio)[:, 0]
    count = xp.astype(on, xp.int64)
    k = int(xp.max(xp.sum(count, axis=0)))
    if k == 0:
        return xp.zeros_like(D.T @ y)
    places = xp.argsort(count, axis=0, descending=True)[:k, :]  # (k, p): the support comes first
    held = xp.astype(xp.take_along_axis(count, places, axis=0), y.dtype)  # 0 where it is over
    atoms = xp.reshape(xp.take(D, xp.reshape(places, (-1,)), axis=1), (D.shape[0], *places.shape)) * held
    value = _ridge(xp.permute_dims(atoms, (2, 0, 1)), y.T[..., None], ratio, 1 - held.T)
    return _placed(places, value[..., 0].T * held, D.shape[1])


def _ridge(atoms, y, ratio, idle=0):
    """``(A^T A + ratio I)^-1 A^T y`` for a batch of matrices; ``idle`` marks columns that are zero."""
    xp = array_namespace(atoms)
    turned = xp.matrix_transpose(atoms)
    ridge = check_level("ratio", ratio) + (idle[..., None] if not isinstance(idle, int) else 0)
    return xp.linalg.solve(turned @ atoms + ridge * eye(atoms.shape[-1], like=atoms), turned @ y)


def _convolutional(D, y, on, ratio):
    """The oracle of a convolutional dictionary: short signals by its explicit matrix, all at once; long
    ones one by one, from the atoms of the support."""
    xp, batch = array_namespace(y), y.shape[: -1 - len(D.space)]
    shape = (*batch, *D.positions, D.filters.shape[-1])
    if tuple(on.shape) != shape:
        raise ValueError(f"a support of shape {tuple(on.shape)}: expected {shape}")
    signals, supports = xp.reshape(y, (-1, D.shape[0])), xp.reshape(on, (-1, D.shape[1]))
    if math.prod(D.shape) <= 1 << 18:
        return xp.reshape(oracle_estimate(dense(D), signals.T, supports.T, ratio).T, shape)
    found = np.zeros(supports.shape, to_numpy(y).dtype)
    for gamma, x, held in zip(found, to_numpy(signals), to_numpy(supports), strict=True):
        places = np.flatnonzero(held)
        if len(places):
            atoms = _columns(D, places)
            gamma[places] = _solve(atoms.T @ atoms + ratio * eye_array(len(places)), atoms.T @ x)
    return asarray(found.reshape(shape), like=y)


def _solve(gram, right):
    """The solution of sparse normal equations."""
    try:
        return splu(csc_matrix(gram)).solve(right)
    except RuntimeError as found:  # SciPy's word for an exact zero on the diagonal
        raise ValueError("the atoms of a support depend linearly: expected a positive ratio") from found


def _columns(D, places):
    """The columns of ``D`` at these entries of the flattened code, as a sparse matrix (N c, places)."""
    filters = to_numpy(D.filters)
    c, m = filters.shape[-2:]
    corner = np.stack(np.unravel_index(places // m, D.positions)) * D.stride  # (d, places)
    inside = np.indices(D.size).reshape(len(D.size), 1, -1)  # (d, 1, n)
    at = np.ravel_multi_index(corner[:, :, None] + inside, D.space, mode="wrap")  # (places, n)
    rows = at[:, :, None] * c + np.arange(c)
    values = np.moveaxis(filters, -1, 0).reshape(m, -1)[places % m]
    column = np.repeat(np.arange(len(places)), values.shape[1])
    return csc_matrix((values.ravel(), (rows.ravel(), column)), (D.shape[0], len(places)))


def _placed(places, value, m):
    """The code (m, p) with ``value`` (k, p) at ``places`` (k, p)."""
    xp, number = array_namespace(value), indices(range(m), like=value)[:, None]
    return sum(
        xp.where(number == places[i, :], value[i, :], xp.zeros_like(value[i, :]))
        for i in range(places.shape[0])
    )


def _ratio(sigma_nu, sigma_x):
    """``sigma_nu^2 / sigma_x^2`` of two positive numbers."""
    ratio = (
        check_level("sigma_nu", sigma_nu, positive=True) ** 2
        / check_level("sigma_x", sigma_x, positive=True) ** 2
    )
    return check_level("sigma_nu^2 / sigma_x^2", ratio, positive=True)


def exact_mmse(D, y, k, sigma_nu, sigma_x=1.0):
    """``sum_S P(S | y) gamma_S`` over all supports S of ``k`` atoms, equally likely: the estimate with the
    least mean squared error.

    ``gamma_S`` is the :func:`oracle_estimate`, and ``P(S | y) ~ exp(y^T D_S gamma_S / (2 sigma_nu^2)) /
    sqrt(det(D_S^T D_S / ratio + I))``. There are ``m! / (k! (m - k)!)`` supports: for small problems only
    [Elad & Yavneh, 2009].

    Parameters
    ----------
    D : matrix (n, m)
    y : array (n, p)

    Returns
    -------
    array (m, p)
    """
    xp, m = array_namespace(check_problem(D, y)), D.shape[1]
    if check_whole("k", k) > m or math.comb(m, k) > 20_000:
        raise ValueError(f"k = {k} of {m} atoms: expected 1 <= k <= m and at most 20,000 supports")
    ratio = _ratio(sigma_nu, sigma_x)
    if y.ndim == 1:
        return exact_mmse(D, y[:, None], k, sigma_nu, sigma_x)[:, 0]
    supports = np.array(list(combinations(range(m), k)))
    atoms = xp.reshape(xp.take(D, indices(supports.ravel(), like=y), axis=1), (D.shape[0], -1, k))
    atoms = xp.permute_dims(atoms, (1, 0, 2))  # (supports, n, k)
    turned = xp.matrix_transpose(atoms)
    value = _ridge(atoms, y, ratio)  # (supports, k, p)
    volume = xp.linalg.slogdet(turned @ atoms / ratio + eye(k, like=y)).logabsdet
    log = xp.sum((turned @ y) * value, axis=1) / (2 * sigma_nu**2) - volume[:, None] / 2
    weight = xp.exp(log - xp.max(log, axis=0))
    value = value * (weight / xp.sum(weight, axis=0))[:, None, :]
    hot = asarray(np.eye(m)[:, supports.ravel()], like=y)
    return hot @ xp.reshape(value, (-1, y.shape[1]))


def resonance_estimates(D, y, sigma, pursuit, ratio=0.0, rng=None):
    """Yield, without end, the estimate on the support that a pursuit finds in ``y`` with more noise.

    Each time, white noise of standard deviation ``sigma`` is added, the pursuit chooses a support, and
    the *original* ``y`` is projected on it: :func:`oracle_estimate`. Their mean is
    :func:`stochastic_resonance`.

    Parameters
    ----------
    D, y, sigma, pursuit, ratio, rng
        As for :func:`stochastic_resonance`.

    Yields
    ------
    array, the code
    """
    check_problem(D, y)
    sigma, rng = check_level("sigma", sigma), as_generator(rng)
    while True:
        found = pursuit(D, y + noise(y, sigma, rng))
        gamma = check_type("what the pursuit returns", found, Pursuit).gamma
        gamma = gamma.toarray() if hasattr(gamma, "toarray") else gamma
        yield oracle_estimate(D, y, gamma != 0, ratio)


def stochastic_resonance(D, y, sigma, pursuit, draws=100, ratio=0.0, rng=None):
    """The mean over ``draws`` of the estimate on the supports that a pursuit finds in ``y`` with more
    noise: of :func:`resonance_estimates`.

    The mean is no sparse code; its mean squared error comes close to the least possible [Simon, Sulam,
    Romano, Lu & Elad, 2019].

    Parameters
    ----------
    D : matrix (n, m) or ConvDictionary
    y : array (n,) or (n, p), or (*batch, *space, c)
    sigma : float
        0: no noise, the estimate of the pursuit itself.
    pursuit : function
        ``pursuit(D, y)`` returns a :class:`~cscbook.Pursuit`, as ``functools.partial(omp, k=1)`` does.
    draws : int
    ratio : float
        ``sigma_nu^2 / sigma_x^2``.
    rng : numpy Generator, optional

    Returns
    -------
    array, the code
    """
    draws = check_whole("draws", draws) if check_level("sigma", sigma) > 0 else 1
    return sum(islice(resonance_estimates(D, y, sigma, pursuit, ratio, rng), draws)) / draws


# --- unitary dictionaries: everything happens entry by entry, on beta = D^T y ---------------------


def _prior(p, sigma_x, sigma_nu):
    """``c^2 = sigma_x^2 / (sigma_x^2 + sigma_nu^2)`` and the odds ``p / (1 - p) sqrt(1 - c^2)``."""
    if not check_level("p", p, positive=True) < 1:
        raise ValueError(f"p = {p}: expected 0 < p < 1")
    ratio = _ratio(sigma_nu, sigma_x)
    return 1 / (1 + ratio), p / (1 - p) * math.sqrt(ratio / (1 + ratio))


def mmse_shrinkage(beta, p, sigma_x, sigma_nu):
    """``q / (1 + q) c^2 beta``: the MMSE estimate of an entry that is not zero with probability ``p``.

    ``c^2 = sigma_x^2 / (sigma_x^2 + sigma_nu^2)``, and ``q = p / (1 - p) sqrt(1 - c^2) exp(c^2 beta^2 / (2
    sigma_nu^2))`` are the odds that it is not zero [Turek, Yavneh & Elad, 2011].
    """
    xp = array_namespace(check("beta", beta))
    c2, odds = _prior(p, sigma_x, sigma_nu)
    return c2 * beta / (1 + xp.exp(-c2 * beta**2 / (2 * sigma_nu**2)) / odds)


def map_threshold(p, sigma_x, sigma_nu):
    """``sqrt(2 sigma_nu^2 / c^2 ln((1 - p) / (p sqrt(1 - c^2))))``: above it an entry is more likely from
    the support than not."""
    c2, odds = _prior(p, sigma_x, sigma_nu)
    return math.sqrt(max(0.0, -2 * sigma_nu**2 / c2 * math.log(odds)))


def resonance_shrinkage(beta, threshold, sigma):
    """``beta (Q((threshold - beta) / sigma) + Q((threshold + beta) / sigma))``: hard thresholding under
    stochastic resonance, for infinitely many draws.

    ``Q`` is the tail of the normal distribution: the noise carries ``beta`` over the threshold with that
    probability. For Gaussian entries multiply by ``c^2`` [Simon, Sulam, Romano, Lu & Elad, 2019].
    """
    sigma, b = check_level("sigma", sigma, positive=True), to_numpy(check("beta", beta))
    level = check_level("threshold", threshold)
    passed = scipy.special.ndtr((b - level) / sigma) + scipy.special.ndtr((-b - level) / sigma)
    return beta * asarray(passed, like=beta)
