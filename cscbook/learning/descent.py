"""Descent: the loss of labels with its gradient, and steps that lower it."""

import numpy as np

from ..arrays import array_namespace, asarray


def adam(theta, grad, m, v, t, rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam [Kingma & Ba, 2015] on one array, ``t = 1, 2, ...``; returns ``(theta, m, v)``."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad * grad
    scale = rate * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
    return theta - scale * m / (v**0.5 + eps), m, v


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
    hot = asarray(np.eye(scores.shape[1])[labels], like=scores)
    loss = float(xp.sum(xp.log(total)[:, 0] - xp.sum(shifted * hot, axis=1))) / p
    return loss, (weights / total - hot) / p
