"""Guarantees: one function per theorem. They take the mutual coherence ``mu`` and counts.

The code is ``gamma``, ``x = D gamma`` the clean signal and ``y = x + e`` the noisy one. For a matrix with
unit atoms the functions are the classical ones: ``k`` is the number of non-zeros of ``gamma``, and
``eps`` at least ``||e||_2``. For a convolutional dictionary ``k`` counts the non-zeros of the fullest
*stripe*, and ``eps`` in the conditions of OMP and BP is the local noise level, the norm of the noise
on the *patch* where it is largest: conditions on what touches one patch, for signals of any length
[Papyan, Sulam & Elad, 2017].
"""

import math

from ..arrays import array_namespace, as_sizes, as_stride, check, check_level, check_type, check_whole
from ..dictionaries.convolution import ConvDictionary, Product


def _check_mu(mu):
    if not 0 < mu <= 1:
        raise ValueError(f"mu = {mu}: expected 0 < mu <= 1")
    return mu


def uniqueness_level(mu):
    """``(1 + 1 / mu) / 2``: a code with fewer non-zeros is the unique sparsest one, and OMP and BP find it.

    Uniqueness and BP: [Donoho & Elad, 2003]; OMP: [Tropp, 2004].
    """
    return (1 + 1 / _check_mu(mu)) / 2


def thresholding_level(mu, ratio):
    """``(1 + ratio / mu) / 2``: a code with fewer non-zeros has the support of the largest ``|D^T x|``.

    ``ratio`` is ``|gamma_min| / |gamma_max|`` over the non-zeros [Elad, 2010, Theorem 4.4].
    """
    if not 0 < ratio <= 1:
        raise ValueError(f"ratio = {ratio}: expected 0 < |gamma_min| / |gamma_max| <= 1")
    return (1 + ratio / _check_mu(mu)) / 2


def thresholding_noise_level(mu, ratio, eps, gamma_max):
    """``(1 + ratio / mu) / 2 - eps / (mu |gamma_max|)``: :func:`thresholding_level` for a noisy signal.

    An entry of ``D^T y`` on the support is at least ``|gamma_min| - (k - 1) mu |gamma_max| - eps``, off
    it at most ``k mu |gamma_max| + eps``; under the bound there are thresholds between the two.
    """
    gamma_max = check_level("gamma_max", gamma_max, positive=True)
    return thresholding_level(mu, ratio) - check_level("eps", eps) / mu / gamma_max


def omp_noise_level(mu, eps, gamma_min):
    """``(1 + 1 / mu) / 2 - eps / (mu |gamma_min|)``: below it, k steps of OMP find the support of a
    noisy signal.

    [Donoho, Elad & Temlyakov, 2006]
    """
    gamma_min = check_level("gamma_min", gamma_min, positive=True)
    return uniqueness_level(mu) - check_level("eps", eps) / mu / gamma_min


def omp_error_bound(k, mu, eps):
    """``eps^2 / (1 - (k - 1) mu)``: bound on ``||gamma_OMP - gamma||_2^2`` below :func:`omp_noise_level`.

    [Donoho, Elad & Temlyakov, 2006]; infinite where the bound does not apply.
    """
    room = 1 - (check_level("k", k) - 1) * _check_mu(mu)
    return check_level("eps", eps) ** 2 / room if room > 0 else math.inf


def sparsest_error_bound(k, mu, eps):
    """``4 eps^2 / (1 - (2 k - 1) mu)``: bound on ``||g - gamma||_2^2`` for every ``g`` with at most k
    non-zeros and ``||y - D g||_2 <= eps``, so for the solution of P_0^eps [Donoho, Elad & Temlyakov,
    2006].
    """
    room = 1 - (2 * check_level("k", k) - 1) * _check_mu(mu)
    return 4 * check_level("eps", eps) ** 2 / room if room > 0 else math.inf


def margin_bound(w, error):
    """``||w||_2 sqrt(error)``: a label read from the code, ``sign(w^T gamma + omega)``, is kept if its
    margin is larger.

    For classes u with the scores ``w_u^T gamma + omega_u``, ``w`` holds the ``w_u`` as columns, the largest
    ``||w_u - w_v||_2`` takes the place of the norm, and the margin is the lead of the label over the
    second best [Romano, Aberdam, Sulam & Elad, 2020].

    Parameters
    ----------
    w : array (features,) or (features, classes)
    error : float
        Bound on ``||g - gamma||_2^2`` for the code ``g`` found under attack and the true one:
        :func:`sparsest_error_bound`, or for the deepest code the last of
        :func:`~cscbook.theory.layered_guarantees.dcp_error_bounds`.
    """
    xp = array_namespace(check("w", w, ndim=(1, 2)))
    if not error >= 0:
        raise ValueError(f"error = {error}: expected a bound on a squared distance, not negative")
    if w.ndim == 2 and w.shape[1] < 2:
        raise ValueError(f"w has shape {tuple(w.shape)}: expected at least two classes, or one axis for two")
    apart = w[:, :, None] - w[:, None, :] if w.ndim == 2 else w
    return math.sqrt(float(xp.max(xp.sum(apart**2, axis=0))) * error)


def bp_noise_level(mu):
    """``(1 + 1 / mu) / 3``: below it, Lagrangian BP with ``lam = 4 eps`` is stable (see
    :func:`bp_error_bound`)."""
    return (1 + 1 / _check_mu(mu)) / 3


def bp_error_bound(eps):
    """``7.5 eps``: bound on ``||gamma_BP - gamma||_inf`` for ``lam = 4 eps`` and k below
    :func:`bp_noise_level`.

    Moreover the support of ``gamma_BP`` lies inside that of ``gamma``, holds every entry above the
    bound in magnitude, and the solution is unique [Tropp, 2006; for stripes and patches: Papyan, Sulam
    & Elad, 2017].
    """
    return 7.5 * check_level("eps", eps)


def welch_bound(m, n):
    """``sqrt((m - 1) / (m (2 n - 1) - 1))``: no m filters of length n have all their shifts less
    coherent [Welch, 1974].

    The ``m (2 n - 1)`` shifts that touch a patch lie in ``2 n - 1`` dimensions.
    """
    m, n = check_whole("m", m), check_whole("n", n)
    return math.sqrt((m - 1) / (m * (2 * n - 1) - 1)) if m > 1 else 0.0


def stripe_coherence_level(mu0):
    """``(1 + mu_0) / 2``: a code whose stripe coherences all lie below is unique, and OMP and BP find it.

    ``mu0`` is the coherence of atoms at the same place, the shifted coherence for s = 0 [Papyan, Sulam
    & Elad, 2017].
    """
    if not check_level("mu0", mu0) <= 1:
        raise ValueError(f"mu0 = {mu0}: expected 0 <= mu0 <= 1")
    return (1 + mu0) / 2


def stripe_rip_bound(k, mu):
    """``(k - 1) mu``: bound on the Stripe-RIP constant ``delta_k`` [Papyan, Sulam & Elad, 2017].

    ``(1 - delta_k) ||v||^2 <= ||D v||^2 <= (1 + delta_k) ||v||^2`` for all codes v with k non-zeros in
    the fullest stripe.
    """
    return (check_level("k", k) - 1) * _check_mu(mu)


def stripe_rip(D, codes):
    """Empirical Stripe-RIP constant: the largest ``| ||D v||^2 / ||v||^2 - 1 |`` over a batch of codes,
    a lower bound."""
    check_type("D", D, ConvDictionary, Product)
    xp, axes = array_namespace(check("codes", codes)), tuple(range(-1 - len(D.space), 0))
    energy = xp.sum(codes**2, axis=axes)
    if not bool(xp.all(energy > 0)):
        raise ValueError("a code is zero: its norm can be neither kept nor changed")
    ratio = xp.sum((D @ codes) ** 2, axis=axes) / energy
    return float(xp.max(xp.abs(ratio - 1)))


def local_count(k, n, space, stride=1):
    """``k prod_i N_i / (2 n_i - 1)``: the most non-zeros that ``k`` per stripe allow a code of ``space``.

    On the circle each needle lies in ``prod_i (2 n_i - 1)`` of the stripes, so the stripes count each
    non-zero that often: the bound is met where all of them hold ``k``. With a ``stride`` there are
    ``N_i / stride`` needles and ``2 ceil(n_i / stride) - 1`` in a stripe [Papyan, Sulam & Elad, 2017].
    """
    n, space, stride = as_sizes("n", n), as_sizes("space", space), as_stride(stride)
    each = (N / stride / (2 * -(-a // stride) - 1) for a, N in zip(n, space, strict=True))
    return check_level("k", k) * math.prod(each)
