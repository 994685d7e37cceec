"""Attacks: the noise of a given norm that hurts a classifier most, of codes exactly, of networks as far as
their gradients know."""

from ..arrays import array_namespace, as_labels, as_mask, check, check_level, check_whole
from .classifier import check_network, check_signals
from .optimisers import loss_and_gradients


def worst_noise(D, on, w, eps):
    """``eps D_S G^-1 w_S / ||D_S G^-1 w_S||_2`` with ``G = D_S^T D_S``: the noise of norm ``eps`` that
    raises ``w^T gamma`` most, for the least-squares code on the support S.

    It raises it by ``eps sqrt(w_S^T G^-1 w_S)`` [Romano, Aberdam, Sulam & Elad, 2020].

    Parameters
    ----------
    D : matrix (n, m)
    on : array of bool (m, p)
        The support of each signal.
    w : array (m, p) or (m, 1)
        A linear classifier, or one per signal. Where it misses the support, the noise is zero.
    eps : float

    Returns
    -------
    array (n, p)
    """
    xp, columns = array_namespace(check("D", D, ndim=2), check("w", w, ndim=2)), []
    on, (m, p) = as_mask("on", on, D) != 0, (D.shape[1], w.shape[1])
    if on.ndim != 2 or on.shape[0] != m or w.shape[0] != m or p not in (1, on.shape[1]):
        raise ValueError(
            f"on of shape {tuple(on.shape)}, w of shape {tuple(w.shape)}: expected {m} rows, "
            "and a column of w for all or for each of on"
        )
    D = D / (float(xp.max(xp.abs(D))) or 1.0)  # the direction stays, and so does every scale of atoms
    for j in range(on.shape[1]):
        S = xp.nonzero(on[:, j])[0]
        w_S = xp.take(w[:, j if p > 1 else 0], S)
        columns.append(xp.linalg.pinv(xp.take(D, S, axis=1)).T @ w_S)
    return check_level("eps", eps) * _directions(xp.stack(columns)).T


def input_gradient(network, xs, labels):
    """The gradient of each signal's cross-entropy in the signal itself, in the shape of ``xs``.

    The pursuit backwards, forward pass or unfolded, through every ``D_i`` to the signal.
    """
    return _gradient(check_network("network", network), xs, _labels(network, xs, labels))


def _gradient(network, xs, labels):
    grads = loss_and_gradients(network.theta, xs, labels, network.plan, network.layers, signal=True)[2]
    return xs.shape[0] * grads["x"]


def _labels(network, xs, labels):
    """The labels, in the classes of the network, of signals on the space of its first layer."""
    p = check_signals(network, xs).shape[0]
    return as_labels("labels", labels, p, network.theta["v"].shape[0])


def adversarial_noise(network, xs, labels, eps, steps=5):
    """Noise ``e`` with ``||e||_2 = eps`` for each signal that raises its loss: projected gradient ascent
    [Madry et al., 2018].

    The first step is ``eps g / ||g||_2`` along the gradient [Goodfellow, Shlens & Szegedy, 2015]; the
    others go on from ``x + e`` by half as much, and back to the sphere.
    """
    eps, steps = check_level("eps", eps), check_whole("steps", steps)
    labels = _labels(check_network("network", network), xs, labels)
    e = eps * _directions(_gradient(network, xs, labels))
    for _ in range(steps - 1):
        ahead = e + eps / 2 * _directions(_gradient(network, xs + e, labels))
        e = eps * _directions(ahead)
    return e


def _directions(g):
    """Each signal of a batch, of norm one; zeros stay. Squares of tiny numbers would be zero: the largest
    entry becomes one first."""
    xp, axes = array_namespace(g), tuple(range(1, g.ndim))
    top = xp.max(xp.abs(g), axis=axes, keepdims=True)
    g = g / xp.where(top > 0, top, xp.ones_like(top))
    size = xp.sqrt(xp.sum(g * g, axis=axes, keepdims=True))
    return g / xp.where(size > 0, size, xp.ones_like(size))
