"""Descent: the loss of labels, its gradients, steps that lower it, and their state between rounds."""

import numpy as np

from ..arrays import array_namespace, asarray, to_numpy


def adam(theta, grad, m, v, t, rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam [Kingma & Ba, 2015] on one array, ``t = 1, 2, ...``; returns ``(theta, m, v)``."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    scale = rate * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    return theta - scale * m / (v**0.5 + eps), m, v


def adam_on_support(theta, grad, *rest):
    """One step of :func:`adam` that leaves zeros alone: to refit what an l1 penalty has left."""
    xp = array_namespace(theta)
    return adam(theta, xp.where(theta != 0, grad, xp.zeros_like(grad)), *rest)


def sgd(theta, grad, m, v, t, rate, momentum=0.9):
    """One step of gradient descent with momentum; returns ``(theta, m, v)``."""
    m = momentum * m + grad
    return theta - rate * m, m, v


def cross_entropy(scores, labels):
    """Mean of ``-log softmax(scores)[label]`` over the rows, and its gradient in the scores."""
    xp, p = array_namespace(scores), scores.shape[0]
    shifted = scores - xp.max(scores, axis=1, keepdims=True)
    weights = xp.exp(shifted)
    total = xp.sum(weights, axis=1, keepdims=True)
    hot = asarray(np.eye(scores.shape[1])[to_numpy(labels)], like=scores)
    loss = float(xp.sum(xp.log(total)[:, 0] - xp.sum(shifted * hot, axis=1))) / p
    return loss, (weights / total - hot) / p


def pack(theta, m=None, v=None):
    """The state of a training, for :func:`~cscbook.checkpoints.run`: arrays and the two memories of their
    optimiser, zero at first, under the names ``"theta W1"``, ``"m W1"``, ``"v W1"``, ...."""
    m, v = (kept or {name: 0 * a for name, a in theta.items()} for kept in (m, v))
    parts = {"theta": theta, "m": m, "v": v}
    return {f"{part} {name}": a for part, arrays in parts.items() for name, a in arrays.items()}


def unpack(state):
    """Undo :func:`pack`: ``(theta, m, v)``; other entries of the state are left out."""
    found = {"theta": {}, "m": {}, "v": {}}
    for key, a in state.items():
        part, _, name = key.partition(" ")
        if name:
            found[part][name] = a
    return tuple(found.values())


def loss_and_gradients(theta, x, labels, plan, layers, signal=False):
    """Cross-entropy of a batch, the number of right answers, and the gradients of all of ``theta``;
    with ``signal`` that of the signals too, under ``"x"``."""
    xp, labels = array_namespace(x), to_numpy(labels)
    code, pull = plan(theta, x, layers)
    flat = _features(theta, code)
    found = flat @ theta["U"] + theta["v"]
    loss, g = cross_entropy(found, labels)
    grads = pull(theta["gain"] * xp.reshape(g @ theta["U"].T, code.shape), signal)
    grads |= {"U": flat.T @ g, "v": xp.sum(g, axis=0)}
    right = int(np.sum(np.argmax(to_numpy(found), axis=1) == labels))
    return loss, right, grads


def _features(theta, code):
    return theta["gain"] * array_namespace(code).reshape(code, (code.shape[0], -1))
