"""Tricks of networks as plans: skip and dense connections, batch normalisation, dropout, noise.

Each is a plan for :func:`~cscbook.networks.train_cnn`, beside the pursuit that it resembles.
"""

import math
from dataclasses import replace

from ..arrays import array_namespace, as_generator, asarray, check_level, check_type, check_whole
from ..datasets.synthetic import add_noise
from .classifier import check_network, check_signals
from .plans import Plan, add, analysis, chained, cnn, imply, rectify, thresholding


def residual(blocks, skip=True):
    """One layer, and then ``blocks`` times the same residual block ``h <- max(h + V max(W^T h + b, 0),
    0)`` of the second layer's filters [He, Zhang, Ren & Sun, 2016].

    ``V`` is ``W`` unless the training is ``free``. Without ``skip`` the identity is left out. A plan for
    two layers; ``layered_ista(T)`` is the pursuit of the same form, with ``max(h + c D^T (x - D h) + b, 0)``.
    """
    return Plan(_residual, "residual", (check_whole("blocks", blocks, least=0), bool(skip)))


def _residual(theta, x, layers, blocks, skip):
    code, first = thresholding(theta, x, layers[0], 1)
    steps = []
    for _ in range(blocks):
        inner, into = thresholding(theta, code, layers[1], 2)
        branch, out = imply(theta, inner, layers[1], 2)
        code, gate = rectify(code + branch if skip else branch)
        steps.append((into, out, gate))

    def pull(g, signal=False):
        found = {}
        for into, out, gate in reversed(steps):
            g = gate(g)
            g_inner, filters = out(g)
            g_below, arrays = into(g_inner)
            g, found = g_below + g if skip else g_below, add(found, filters, arrays)
        g, arrays = first(g, signal)
        return add(found, arrays) | ({"x": g} if signal else {})

    return code, pull


def dense(theta, x, layers):
    """A plan whose code holds the codes of *all* layers, one after the other, as (p, features): what
    dense connections hand on to the classifier [Huang, Liu, van der Maaten & Weinberger, 2017]."""
    xp, code, codes, pulls = array_namespace(x), x, [], []
    for i, layer in enumerate(layers, 1):
        code, back = thresholding(theta, code, layer, i)
        codes.append(code)
        pulls.append(back)

    def pull(g, signal=False):
        found, below, end = {}, 0, g.shape[1]
        for i in reversed(range(len(codes))):
            start = end - math.prod(codes[i].shape[1:])
            own, end = xp.reshape(g[:, start:end], codes[i].shape), start
            below, arrays = pulls[i](own + below, signal or i > 0)
            found = add(found, arrays)
        return found | ({"x": below} if signal else {})

    return xp.concat([xp.reshape(one, (x.shape[0], -1)) for one in codes], axis=1), pull


def batch_normalised(theta, x, layers):
    """The forward pass with batch normalisation: the correlations of each filter lose their mean over the
    batch and are divided by their standard deviation, before the bias [Ioffe & Szegedy, 2015].

    The means are those of the signals at hand. A trained network becomes an ordinary one by
    :func:`folded`. Their usual gain per filter is left out: the next layer can absorb it.
    """
    code, pulls = x, []
    for i, layer in enumerate(layers, 1):
        code, back = _normalised(theta, code, layer, i)
        pulls.append(back)
    return code, chained(pulls)


def _normalised(theta, below, layer, i):
    z, back = analysis(below, theta[f"W{i}"], layer)
    xp, over = array_namespace(z), tuple(range(z.ndim - 1))
    mean, spread = _statistics(z)
    z = (z - mean) / spread
    code, gate = rectify(z + theta[f"b{i}"])

    def pull(g, inner=True):
        g = gate(g)
        centred = g - xp.mean(g, axis=over) - z * xp.mean(g * z, axis=over)
        below, g_W = back(centred / spread, inner)
        return below, {f"W{i}": g_W, f"b{i}": xp.sum(g, axis=over)}

    return code, pull


def _statistics(z, eps=1e-5):
    """Mean and standard deviation of each channel, as batch normalisation has them."""
    xp, over = array_namespace(z), tuple(range(z.ndim - 1))
    return xp.mean(z, axis=over), xp.sqrt(xp.var(z, axis=over) + eps)


def folded(network, xs):
    """The ordinary network that a batch-normalised one is with the means of the signals ``xs``: filters
    ``W / s`` and biases ``b - m / s``, where ``m`` and ``s`` are mean and standard deviation of each
    filter's correlations.

    Parameters
    ----------
    network : Network
        Trained with the plan :func:`batch_normalised`.
    xs : array (p, *space, c)
        Usually the signals of the training.

    Returns
    -------
    Network, whose plan is ``cnn``
    """
    code = check_signals(check_network("network", network), xs)
    if network.plan is not batch_normalised:
        raise ValueError(f"the plan of network is {network.plan}: expected batch_normalised")
    theta = dict(network.theta)
    for i, layer in enumerate(network.layers, 1):
        mean, spread = _statistics(analysis(code, theta[f"W{i}"], layer)[0])
        theta[f"W{i}"], theta[f"b{i}"] = theta[f"W{i}"] / spread, theta[f"b{i}"] - mean / spread
        code, _ = thresholding(theta, code, layer, i)
    return replace(network, theta=theta, plan=cnn)


def dropout(q, rng=None):
    """The forward pass in which each coefficient of each layer is zero with probability ``q``, else
    divided by ``1 - q`` [Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, 2014].

    For the training only: give the network the plan ``cnn`` afterwards.
    """
    if not 0 <= check_type("q", q, int, float) < 1:
        raise ValueError(f"q = {q}: expected 0 <= q < 1")
    return Plan(_dropout, "dropout", (float(q), as_generator(rng)))


def _dropout(theta, x, layers, q, rng):
    code, pulls = x, []
    for i, layer in enumerate(layers, 1):
        code, back = thresholding(theta, code, layer, i)
        kept = asarray((rng.random(tuple(code.shape)) >= q) / (1 - q), like=code)
        code = code * kept
        pulls.append(lambda g, inner, back=back, kept=kept: back(g * kept, inner))
    return code, chained(pulls)


def disturbed(sigma, rng=None):
    """The forward pass of the signals with white noise of standard deviation ``sigma``, drawn anew each
    time: for the training, as :func:`dropout`."""
    return Plan(_disturbed, "disturbed", (check_level("sigma", sigma), as_generator(rng)))


def _disturbed(theta, x, layers, sigma, rng):
    return cnn(theta, add_noise(x, sigma, rng), layers)
