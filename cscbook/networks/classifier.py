"""Training as supervised dictionary learning: filters, thresholds and a classifier from labelled signals.

The deep-learning problem of the talk, ``min sum_j loss(label_j, U, DCP*(y_j, D_1, ..., D_K))`` over the
dictionaries and the classifier U, where the deepest code DCP* comes from a pursuit: one forward pass,
or more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..arrays import (
    added,
    array_namespace,
    as_generator,
    as_labels,
    as_sizes,
    asarray,
    check,
    check_level,
    check_type,
    check_whole,
    indices,
    to_numpy,
    zeros,
)
from ..checkpoints import run, take
from ..dictionaries.convolution import ConvDictionary
from ..local import positions
from ..shrinkage import soft
from .optimisers import _features, adam, loss_and_gradients, pack, unpack
from .plans import Geometry, cnn


@dataclass(frozen=True)
class Network:
    """A trained network.

    Attributes
    ----------
    theta : dict of arrays
        Filters ``W1`` ``(*size, c, m)``, biases ``b1`` (m,), steps ``c1``, and so on for every layer; the
        classifier ``U`` (features, classes), its offset ``v``, and the ``gain`` of the features.
    layers : tuple of Geometry
    plan : function
        The pursuit, such as ``cnn`` or ``ml_ista(2)``.
    trace : tuple of dict
        One entry per epoch: mean ``loss`` and ``accuracy`` while training.
    """

    theta: dict
    layers: tuple
    plan: object
    trace: tuple = ()


def train_cnn(
    xs, labels, sizes=((6, 6), (6, 6), (4, 4)), atoms=(32, 64, 512), strides=(2, 2, 1), *,
    plan=cnn, free=False, start=None, **training
):  # fmt: skip
    """Train a convolutional network, or an unfolded pursuit of the same filters, to classify signals.

    Cross-entropy of ``softmax(gain U^T gamma_K + v)``, minimised in mini-batches. The gradients are made of
    ``D``, ``D^T`` and the correlation of filters (:mod:`cscbook.networks.plans`). The rate falls
    linearly to zero over the epochs.

    Parameters
    ----------
    xs : array (p, *space, c)
    labels : integer array (p,)
        0, 1, ..., all classes must occur.
    sizes, atoms, strides : sequences, one entry per layer
    plan : function
        ``cnn``, ``layered_ista(T)``, ``ml_ista(T)`` or ``ml_ista(T, momentum=True)``.
    free : bool
        Filters of their own for the way towards the signal, as in ML-LISTA; for unfolded plans.
    start : Network, optional
        Go on from its arrays, with the same layers and plan; random ones by default.
    n_iter : int, default 10
        Epochs.
    batch : int, default 64
    rate : float, default 1e-3
    optimizer : function, optional
        ``adam`` (default) or ``sgd``, of ``cscbook.networks.optimisers``.
    shift : int, default 0
        Each signal is moved by up to so many samples along each axis, at random.
    l1 : float, default 0
        Weight of ``||W||_1`` over all filters, by a proximal step: filters with exact zeros.
    rng : numpy Generator, optional
    progress : bool, default False
    checkpoint : path, optional
        Kept after every epoch; the same call goes on from there.

    Returns
    -------
    Network
    """
    labels, sizes, atoms, strides = _check(xs, labels, sizes, atoms, strides, plan)
    n_iter, batch, rate, optimizer, shift, l1 = _numbers(training)
    rng = training["rng"] = as_generator(training.get("rng"))
    layers = _geometry(tuple(xs.shape[1:-1]), sizes, strides)
    seed, classes = str(rng.bit_generator.state), int(labels.max()) + 1
    if start is None:
        theta = _start(xs, classes, layers, atoms, plan, free, rng)
    else:
        theta = _go_on(start, xs, classes, layers, atoms, plan)
    draw, count = partial(_minibatches, xs, labels, batch, shift), -(-xs.shape[0] // batch)
    loss, update = partial(_loss, plan, layers), partial(_updated, optimizer, l1)
    step = partial(_epoch, draw, count, loss, update, lambda t: rate * (1 - t / (n_iter * count)))
    settings = (xs, labels, sizes, atoms, strides, plan, free, n_iter, batch, rate, optimizer)
    settings += (shift, l1, seed, None if start is None else theta)
    begin = {**pack(theta), "epoch": zeros((1,), like=xs)}
    state, trace = run(step, begin, n_iter, settings=settings, title="training", **training)
    return Network(unpack(state)[0], layers, plan, trace)


def scores(network, xs, batch=500):
    """``gain U^T gamma_K + v`` of signals ``(p, *space, c)``: one row (classes,) per signal."""
    check_network("network", network)
    xp, theta, found, p = array_namespace(check_signals(network, xs)), network.theta, [], xs.shape[0]
    for i in range(0, p, batch):
        code = network.plan(theta, xs[i : min(i + batch, p), ...], network.layers)[0]
        found.append(_features(theta, code) @ theta["U"] + theta["v"])
    return xp.concat(found)


def accuracy(network, xs, labels):
    """The share of signals whose largest score is that of their label."""
    found = np.argmax(to_numpy(scores(network, xs)), axis=-1)
    return float(np.mean(found == as_labels("labels", labels, len(found))))


def check_network(name, network):
    """Raise unless this is a :class:`Network` with a plan, layers, and arrays for each of them."""
    theta, layers = check_type(name, network, Network).theta, network.layers
    check_type(f"the plan of {name}", network.plan, Callable)
    for layer in check_type(f"the layers of {name}", layers, tuple):
        check_type(f"a layer of {name}", layer, Geometry)
    expected = ["gain", "U", "v", *(f"{a}{i}" for i in range(1, len(layers) + 1) for a in "Wb")]
    missing = [a for a in expected if a not in check_type(f"theta of {name}", theta, dict)]
    if missing or not layers:
        raise ValueError(f"{name} has {len(layers)} layers, and no {missing}: expected at least one, and all")
    return network


def check_signals(network, xs):
    """Raise unless these are signals for the arrays of the network."""
    check("xs", xs, ndim=len(network.layers[0].space) + 2)
    array_namespace(xs, network.theta["U"])
    return xs


def dictionaries(network):
    """The layers as ConvDictionaries without wrapping, for ``forward_pass`` with ``betas`` of ``-b``."""
    return [
        ConvDictionary(network.theta[f"W{i}"], layer.space, layer.stride, circular=False)
        for i, layer in enumerate(network.layers, 1)
    ]


def shifted(xs, reach, rng):
    """Signals ``(p, *space, c)``, each moved by its own random shift of up to ``reach`` along each axis,
    zeros moved in."""
    if not reach:
        return xs
    xp, d = array_namespace(xs), xs.ndim - 2
    wide = zeros((xs.shape[0], *(n + 2 * reach for n in xs.shape[1:-1]), xs.shape[-1]), like=xs)
    inside = (slice(None), *(slice(reach, reach + n) for n in xs.shape[1:-1]), slice(None))
    wide = added(wide, inside, xs)
    at = rng.integers(2 * reach + 1, size=(xs.shape[0], d))
    return xp.stack(
        [wide[(j, *(slice(a, a + n) for a, n in zip(where, xs.shape[1:-1], strict=True)), slice(None))]
         for j, where in enumerate(at.tolist())]
    )  # fmt: skip


def _minibatches(xs, labels, batch, shift, rng):
    """All signals in a random order, each shifted at random, ``batch`` at a time, with their labels."""
    xp, order = array_namespace(xs), rng.permutation(xs.shape[0])
    for start in range(0, xs.shape[0], batch):
        some = order[start : start + batch]
        yield shifted(xp.take(xs, indices(some, like=xs), axis=0), shift, rng), labels[some]


def _loss(plan, layers, theta, x, labels):
    return loss_and_gradients(theta, x, labels, plan, layers)


def _updated(optimizer, l1, arrays, grads, t, speed):
    """One step of the optimiser on each array that has a gradient, and of the prox of ``l1`` on filters."""
    theta, m, v = arrays
    for name, grad in grads.items():
        theta[name], m[name], v[name] = optimizer(theta[name], grad, m[name], v[name], t, speed)
        if l1 and name[0] in "WV":
            theta[name] = soft(theta[name], speed * l1)


def _epoch(draw, count, loss, update, rate, state, rng):
    """One pass over the signals in ``count`` mini-batches; ``rate(t)`` is that of step t of all epochs."""
    arrays, epoch = unpack(state), state["epoch"]
    total, right, seen = 0.0, 0, 0
    for t, (x, labels) in enumerate(draw(rng), int(epoch[0]) * count):
        value, hits, grads = loss(arrays[0], x, labels)
        total, right, seen = total + value * len(labels), right + hits, seen + len(labels)
        update(arrays, grads, t + 1, rate(t))
    row = {"loss": total / seen, "accuracy": right / seen}
    return {**pack(*arrays), "epoch": epoch + 1}, row


def _check(xs, labels, sizes, atoms, strides, plan):
    """Raise unless signals, labels, layers and plan fit; returns all but the first and last as integers."""
    d = check("xs", xs, ndim=(3, 4, 5)).ndim - 2
    labels = as_labels("labels", labels, xs.shape[0])
    found = np.unique(labels)
    if len(found) < 2 or found[-1] != len(found) - 1:
        raise ValueError(f"labels holds {len(found)} classes up to {found[-1]}: expected all of 0, 1, ...")
    check_type("plan", plan, Callable)
    atoms = [check_whole("atoms", m) for m in atoms]
    strides = [check_whole("strides", stride) for stride in strides]
    if not len(sizes) == len(atoms) == len(strides) or not len(sizes):
        raise ValueError(
            f"{len(sizes)} sizes, {len(atoms)} atoms, {len(strides)} strides: expected one per layer"
        )
    sizes = [as_sizes("sizes", size, d) for size in sizes]
    if any(len(size) != d for size in sizes):
        raise ValueError(f"sizes {sizes}: expected {d} numbers a size")
    return labels, sizes, atoms, strides


def _numbers(training):
    """The keywords of the training, taken out of the dict: how long, how fast, and by which steps."""
    n_iter, batch, rate = take(training, n_iter=10, batch=64, rate=1e-3)
    optimizer, shift, l1 = take(training, optimizer=None, shift=0, l1=0.0)
    n_iter, batch = check_whole("n_iter", n_iter), check_whole("batch", batch)
    shift = check_whole("shift", shift, least=0)
    optimizer = check_type("optimizer", adam if optimizer is None else optimizer, Callable)
    return n_iter, batch, check_level("rate", rate), optimizer, shift, check_level("l1", l1)


def _geometry(space, sizes, strides):
    layers = []
    for size, stride in zip(sizes, strides, strict=True):
        layers.append(Geometry(tuple(size), stride, space))
        space = positions(size, space, stride, circular=False)
    return tuple(layers)


def _start(xs, classes, layers, atoms, plan, free, rng):
    """Random filters with operator norm one (so that steps of one are safe), no bias, and features of
    root mean square one."""
    theta, c = {}, xs.shape[-1]
    for i, (layer, m) in enumerate(zip(layers, atoms, strict=True), 1):
        W = asarray(rng.standard_normal((*layer.size, c, m)), like=xs)
        D = ConvDictionary(W, layer.space, layer.stride, circular=False)
        theta[f"W{i}"] = W / D.lipschitz**0.5
        theta[f"b{i}"], c = zeros((m,), like=xs), m
        if plan is not cnn:
            theta[f"c{i}"] = zeros((1,), like=xs) + 1
            if free:
                theta[f"V{i}"] = theta[f"W{i}"] + 0
    xp = array_namespace(xs)
    code = plan(theta, xs[: min(500, xs.shape[0]), ...], layers)[0]
    size = float(xp.mean(code * code)) ** 0.5
    theta["gain"] = zeros((1,), like=xs) + (1 / size if size > 0 else 1.0)
    features = int(np.prod(code.shape[1:]))
    theta["U"] = asarray(rng.standard_normal((features, classes)) / features**0.5, like=xs)
    theta["v"] = zeros((classes,), like=xs)
    return theta


def name_of(plan):
    return getattr(plan, "__qualname__", repr(plan))


def _go_on(start, xs, classes, layers, atoms, plan):
    """The arrays of a network to go on from, if it has these layers, atoms, classes and plan."""
    check_signals(check_network("start", start), xs)
    found = [int(start.theta[f"W{i}"].shape[-1]) for i in range(1, len(start.layers) + 1)]
    found += [int(start.theta["v"].shape[0]), name_of(start.plan), start.layers]
    expected = [*atoms, classes, name_of(plan), layers]
    if found != expected:
        raise ValueError(f"start has atoms, classes, plan and layers {found}: expected {expected}")
    return dict(start.theta)
