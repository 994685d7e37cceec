"""Pursuits to be trained on photographs: a few iterations with free dictionaries, and a network of patches.

A *plan* is ``plan(theta, y, layer) -> (code, pull)``, as in :mod:`cscbook.networks.plans` but for one
layer; the image is ``D @ code`` with the filters ``theta["C"]``. All gradients are made of analysis,
synthesis and the correlation of filters.
"""

import numpy as np

from ..arrays import (
    array_namespace,
    as_generator,
    as_sizes,
    as_stride,
    asarray,
    check,
    check_level,
    check_type,
    check_whole,
    zeros,
)
from ..dictionaries.convolution import ConvDictionary
from ..local import positions
from ..shrinkage import soft
from .plans import Geometry, Plan, _over_positions, add, analysis, check_theta, cnn, synthesis


def shrink(z, tau):
    """``soft(z, tau)`` with a threshold for each atom, and its pullback ``g -> (gradient of z, of tau)``."""
    code = soft(z, tau)

    def pull(g):
        xp = array_namespace(g)
        sign = xp.sign(code)  # zero where the threshold stopped the coefficient
        return xp.abs(sign) * g, -_over_positions(sign * g)

    return code, pull


def csc_network(steps):
    """The plan of CSCNet: ``steps`` iterations of a pursuit, with analysis and synthesis of their own.

    ``g_1 = soft(B^T y, tau)`` and ``g_{t+1} = soft(g_t - B^T (A g_t - y), tau)``; arrays ``A`` and ``B``
    ``(*size, c, m)``, ``tau`` (m,), and ``C`` for the image [Simon & Elad, 2019].
    """
    return Plan(_csc_network, "csc_network", (check_whole("steps", steps),))


def _csc_network(theta, y, layer, steps):
    seen, first = analysis(y, theta["B"], layer)
    code, open_first = shrink(seen, theta["tau"])
    pulls = []
    for _ in range(steps - 1):
        code, back = _iterate(theta, code, y, layer)
        pulls.append(back)

    def pull(g):
        found = {}
        for back in reversed(pulls):
            g, arrays = back(g)
            found = add(found, arrays)
        g, g_tau = open_first(g)
        return add(found, {"tau": g_tau, "B": first(g, inner=False)[1]})

    return code, pull


def _iterate(theta, code, y, layer):
    """``soft(code - B^T (A code - y), tau)``, and its pullback ``g -> (gradient of code, of arrays)``."""
    implied, down = synthesis(code, theta["A"], layer)
    r, up = analysis(implied - y, theta["B"], layer)
    after, gate = shrink(code - r, theta["tau"])

    def pull(g):
        g, g_tau = gate(g)
        g_implied, g_B = up(-g)
        g_code, g_A = down(g_implied)
        return g + g_code, {"tau": g_tau, "A": g_A, "B": g_B}

    return after, pull


def csc_start(D, lam, stride):
    """Arrays of :func:`csc_network` at which it is ISTA for ``min ||y - D g||^2 / 2 + lam ||g||_1``.

    With ``L = eig_max(D^T D)`` at this stride, ``A = B = C = D / sqrt(L)`` and ``tau = lam / sqrt(L)``:
    the codes are ``sqrt(L)`` times ISTA's. Constant filters, which carry the brightness, have ``tau = 0``.

    Parameters
    ----------
    D : array (*size, c, m)
        Unit filters.
    lam : float
    stride : int
    """
    xp, size, stride = array_namespace(check("D", D)), D.shape[:-2], as_stride(stride)
    around = tuple(stride * -(-4 * n // stride) for n in size)
    largest = ConvDictionary(D, around, stride).lipschitz
    root = check_level("the largest eigenvalue of D^T D", largest, positive=True) ** 0.5
    axes = tuple(range(D.ndim - 1))
    varies = xp.max(D, axis=axes) - xp.min(D, axis=axes) >= 1e-6
    tau = xp.astype(varies, D.dtype) * (check_level("lam", lam) / root)
    return {"A": D / root, "B": D / root, "C": D / root, "tau": tau}


def patch_network(theta, y, layer):
    """The plan of a network that denoises patch by patch [Burger, Schuler & Harmeling, 2012].

    Each patch is a needle, ``ReLU(W1^T R_i y + b1)``, and goes on through layers ``W2``, ``W3``, ... of
    one needle's reach, filters ``(1, ..., m, m')``. It is a forward pass: a convolutional network.
    """
    d = len(check_type("layer", layer, Geometry).size)
    depth = sum(name[0] == "W" for name in check_type("theta", theta, dict)) or 1
    filters = {f"W{i}": d + 2 for i in range(1, depth + 1)}
    check_theta(theta, check("y", y), **filters, **{f"b{i}": 1 for i in range(1, depth + 1)})
    space = positions(layer.size, layer.space, layer.stride, circular=False)
    above = Geometry((1,) * len(layer.size), 1, space)
    return cnn(theta, y, (layer, *[above] * (depth - 1)))


def patch_start(size, atoms=(256, 256), channels=1, rng=None, like=None):
    """Random arrays of :func:`patch_network`, of variance ``2 / (entries that feed a neuron)`` [He et al.,
    2015].

    Parameters
    ----------
    size : tuple
        Of a patch.
    atoms : sequence
        Neurons of each hidden layer.
    channels : int
    rng : numpy Generator, optional
    like : array, optional
        Whose library, device and type to take; default: float32 of the chosen backend.
    """
    rng, c = as_generator(rng), check_whole("channels", channels)
    like = asarray(np.zeros(1, np.float32)) if like is None else check("like", like)
    size = reach = as_sizes("size", size)
    theta, atoms = {}, [check_whole("atoms", m) for m in atoms]
    for i, m in enumerate(atoms, 1):
        scale = (2 / (np.prod(reach) * c)) ** 0.5
        theta[f"W{i}"] = asarray(scale * rng.standard_normal((*reach, c, m)), like=like)
        theta[f"b{i}"], c, reach = zeros((m,), like=like), m, (1,) * len(size)
    last = rng.standard_normal((*size, channels, c)) / c**0.5
    return theta | {"C": asarray(last, like=like)}
