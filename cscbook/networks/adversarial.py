"""Attacks: the noise of a given norm that hurts a classifier most, of codes exactly, of networks as far as
their gradients know."""

from ..arrays import array_namespace, check_level
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
        A linear classifier, or one a signal. Where it misses the support, the noise is zero.
    eps : float

    Returns
    -------
    array (n, p)
    """
    xp, columns = array_namespace(D, on, w), []
    for j in range(on.shape[1]):
        S = xp.nonzero(on[:, j])[0]
        w_S = xp.take(w[:, j if w.shape[1] > 1 else 0], S)
        columns.append(xp.linalg.pinv(xp.take(D, S, axis=1)).T @ w_S)
    return check_level("eps", eps) * _directions(xp.stack(columns)).T


def input_gradient(network, xs, labels):
    """The gradient of each signal's cross-entropy in the signal itself, in the shape of ``xs``.

    The pursuit backwards, forward pass or unfolded, through every ``D_i`` down to the signal.
    """
    grads = loss_and_gradients(network.theta, xs, labels, network.plan, network.layers, signal=True)[2]
    return xs.shape[0] * grads["x"]


def adversarial_noise(network, xs, labels, eps, steps=5):
    """Noise ``e`` with ``||e||_2 = eps`` for each signal that raises its loss: projected gradient ascent
    [Madry et al., 2018].

    The first step is ``eps g / ||g||_2`` along the gradient [Goodfellow, Shlens & Szegedy, 2015]; the
    others go on from ``x + e`` by half as much, and back to the sphere.
    """
    check_level("eps", eps)
    e = eps * _directions(input_gradient(network, xs, labels))
    for _ in range(steps - 1):
        ahead = e + eps / 2 * _directions(input_gradient(network, xs + e, labels))
        e = eps * _directions(ahead)
    return e


def _directions(g):
    """Each signal of a batch, of norm one; zeros stay."""
    xp = array_namespace(g)
    size = xp.sqrt(xp.sum(g * g, axis=tuple(range(1, g.ndim)), keepdims=True))
    return g / xp.where(size > 0, size, xp.ones_like(size))
