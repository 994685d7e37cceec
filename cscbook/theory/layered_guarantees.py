"""Guarantees of the multi-layer model: one function per theorem, with one number per layer.

They take what matters of each layer, a :class:`Layer` (see :func:`layers_of`), and the noise. A list of
bounds has one entry per layer, and is infinite from the first layer on whose condition fails: there the
theorem does not apply. All from [Papyan, Romano & Elad, 2017] unless another source is named.
"""

import math
from typing import NamedTuple

from ..arrays import array_namespace, check_each, check_level, check_type, check_whole
from ..dictionaries.convolution import ConvDictionary, Product
from ..dictionaries.matrix import coherence
from ..norms import l0_inf_patch, l0_inf_stripe
from .guarantees import bp_noise_level, sparsest_error_bound, thresholding_noise_level, uniqueness_level

ROUNDING = 1e-16  # the coherence of orthogonal atoms, so that 1 / mu stays a number


class Layer(NamedTuple):
    """What the theorems ask of a layer ``gamma_{i - 1} = D_i gamma_i``.

    Attributes
    ----------
    mu : float
        ``mu(D_i)``.
    stripe, patch : int
        ``||Gamma_i||_{0,inf}`` over the stripes of ``D_i``, and over the patches that an atom of
        ``D_{i + 1}`` covers; of the deepest code over single needles, as no layer follows.
    smallest, largest : float
        Magnitudes of the non-zeros.
    """

    mu: float
    stripe: int
    patch: int
    smallest: float
    largest: float


def layers_of(dictionaries, codes):
    """The :class:`Layer` of each dictionary (ConvDictionary, unit atoms) and its true code ``gamma_i``."""
    if not len(dictionaries):
        raise ValueError("dictionaries is empty: expected at least one layer")
    check_each("dictionaries", dictionaries, ConvDictionary, Product)
    sizes = [(D.size, D.stride, D.circular) for D in dictionaries[1:]]
    sizes.append(((1,) * len(dictionaries[-1].size), 1, dictionaries[-1].circular))
    layers = []
    for D, gamma, view in zip(dictionaries, codes, sizes, strict=True):
        xp = array_namespace(gamma)
        size = xp.abs(gamma[gamma != 0])
        stripe = l0_inf_stripe(gamma, D.size, D.stride, D.circular)
        ends = (float(xp.min(size)), float(xp.max(size))) if stripe else (math.inf, 0.0)
        mu = max(coherence(D), ROUNDING)
        layers.append(Layer(mu, stripe, l0_inf_patch(gamma, *view), *ends))
    return layers


def dcp_is_unique(layers):
    """Whether ``||Gamma_i||_{0,inf}^s < (1 + 1 / mu(D_i)) / 2`` in each layer: the codes are then the
    only solution of the deep coding problem, and noiseless layered basis pursuit finds them."""
    return all(layer.stripe < uniqueness_level(layer.mu) for layer in check_each("layers", layers, Layer))


def dcp_error_bounds(layers, eps):
    """``[E_1^2, ..., E_K^2]``: bounds on ``||G_i - Gamma_i||_2^2`` for every solution ``G`` of the deep
    coding problem with ``||y - D_1 Gamma_1||_2 <= eps``.

    ``E_0^2 = 4 eps^2`` and ``E_i^2 = E_{i - 1}^2 / (1 - (2 k_i - 1) mu(D_i))``, with at most ``k_i =
    layer.stripe`` non-zeros per stripe in both.
    """
    bounds, bound = [], 4 * check_level("eps", eps) ** 2
    for layer in check_each("layers", layers, Layer):
        room = 1 - (2 * layer.stripe - 1) * layer.mu
        bound = bound / room if room > 0 else math.inf
        bounds.append(bound)
    return bounds


def threshold_interval(layer, eps=0.0):
    """``(low, high)``: every threshold between them finds the support of one layer from ``D^T y``.

    Off the support ``|D^T y|`` is at most ``low = k mu |gamma_max| + eps``, on it at least ``high =
    |gamma_min| - (k - 1) mu |gamma_max| - eps``, where ``eps`` is the local noise level.
    The interval is empty (``low >= high``) outside
    :func:`~cscbook.theory.guarantees.thresholding_noise_level`.
    """
    mu, k, _, smallest, largest = check_type("layer", layer, Layer)
    low = k * mu * largest + check_level("eps", eps)
    return low, smallest - (k - 1) * mu * largest - eps


def layered_thresholding_error_bounds(layers, eps, betas=None):
    """``[eps_1, ..., eps_K]``: bounds on ``||G_i - Gamma_i||_{2,inf}^p`` of layered hard thresholding, or
    with ``betas`` of soft thresholding.

    ``eps_0 = eps`` is at least ``||E||_{2,inf}^p`` and ``eps_i = sqrt(||Gamma_i||_{0,inf}^p) (eps_{i -
    1} + mu(D_i) (||Gamma_i||_{0,inf}^s - 1) |Gamma_i^max| [+ beta_i])``. All supports are right if each
    threshold lies in the :func:`threshold_interval` for ``eps_{i - 1}``.
    """
    bounds, bound, layers = [], check_level("eps", eps), check_each("layers", layers, Layer)
    for layer, beta in zip(layers, [None] * len(layers) if betas is None else betas, strict=True):
        bound = _thresholding_error(layer, bound, beta)
        bounds.append(bound)
    return bounds


def _thresholding_error(layer, eps, beta):
    mu, k, patch, smallest, largest = layer
    if math.isinf(eps) or k and not k < thresholding_noise_level(mu, smallest / largest, eps, largest):
        return math.inf
    if beta is not None and k:
        low, high = threshold_interval(layer, eps)
        if not low < beta < high:
            return math.inf
    return math.sqrt(patch) * (eps + mu * max(k - 1, 0) * largest + (beta or 0.0))


def layered_bp_error_bounds(layers, eps):
    """``[eps_1, ..., eps_K]``: bounds on ``||G_i - Gamma_i||_{2,inf}^p`` of layered basis pursuit with
    the weights ``lam_i = 4 eps_{i - 1}``.

    ``eps_i = 7.5 eps_{i - 1} sqrt(||Gamma_i||_{0,inf}^p)`` where ``||Gamma_i||_{0,inf}^s < (1 + 1 /
    mu(D_i)) / 3``. Moreover the supports are contained in the true ones, and hold every entry above
    ``7.5 eps_{i - 1}``. For ``eps = 0``, the noiseless problem, the condition is :func:`dcp_is_unique`.
    """
    bounds, bound = [], check_level("eps", eps)
    level = bp_noise_level if eps > 0 else uniqueness_level
    for layer in check_each("layers", layers, Layer):
        inside = layer.stripe < level(layer.mu) and math.isfinite(bound)
        bound = 7.5 * bound * math.sqrt(layer.patch) if inside else math.inf
        bounds.append(bound)
    return bounds


def layered_bp_weights(layers, eps):
    """``lam_i = 4 eps_{i - 1}``: the weights of :func:`layered_bp_error_bounds`."""
    return [4 * bound for bound in [check_level("eps", eps), *layered_bp_error_bounds(layers, eps)[:-1]]]


def cover_count(before, D):
    """``c_i``: how many patches of ``D = D_i`` cover a stripe of ``before = D_{i - 1}``; ``ceil((2 n_{i -
    1} - 1) / n_i)`` per axis for stride 1."""
    check_type("before", before, ConvDictionary, Product)
    check_type("D", D, ConvDictionary, Product)
    count = 1
    for n, outer in zip(D.size, before.size, strict=True):
        needles = 2 * -(-outer // before.stride) - 1
        late = min(n, D.stride) - 1  # patches start at multiples of the stride, the stripe anywhere
        reach = max(n, D.stride)  # between patches shorter than the stride there is nothing to cover
        hop = D.stride * (reach // D.stride)
        count *= max(0, -(-(needles + late - reach) // hop)) + 1
    return count


def sparse_dictionary_bound(before, D, stripe):
    """``c_i ||D_i||_0 ||Gamma_i||_{0,inf}^s``: bound on ``||Gamma_{i - 1}||_{0,inf}^s`` for ``Gamma_{i -
    1} = D_i Gamma_i``.

    ``||D_i||_0`` is the number of non-zeros of the fullest atom. A stripe of the layer before is longer
    than a patch of this one: it takes ``c_i`` patches (:func:`cover_count`) to cover it, each fed by one
    stripe of ``Gamma_i``. The slide leaves ``c_i`` out [Sulam, Papyan, Romano & Elad, 2018].

    Parameters
    ----------
    before, D : ConvDictionary
        ``D_{i - 1}`` and ``D_i``.
    stripe : int
        ``||Gamma_i||_{0,inf}^s``.
    """
    check_type("D", D, ConvDictionary)
    count, xp = cover_count(before, D), array_namespace(D.local)
    fullest = int(xp.max(xp.count_nonzero(D.local, axis=0)))
    return count * fullest * check_whole("stripe", stripe, least=0)


def projection_error_bound(k, mu, eps, shortest=1.0):
    """``4 eps^2 / (1 - (2 k - 1) mu) / shortest^2``: bound on ``||g_i - gamma_i||_2^2`` for two signals
    of the model within ``eps`` of ``y``, in any layer.

    ``mu`` and the stripes with ``k`` non-zeros are those of the effective dictionary ``D_1 ... D_i``,
    ``shortest`` the smallest norm of its atoms. As each layer is compared with the signal itself, the
    bounds do not accumulate over the layers [Sulam, Papyan, Romano & Elad, 2018].
    """
    shortest = check_level("shortest", shortest, positive=True)
    return sparsest_error_bound(k, mu, eps) / shortest**2
