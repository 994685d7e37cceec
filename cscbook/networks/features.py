"""Codes as features: what a linear classifier makes of a code that was learned without labels."""

from functools import reduce

import numpy as np

from ..arrays import (
    array_namespace,
    as_labels,
    asarray,
    check,
    check_level,
    check_type,
    check_whole,
    eye,
    to_numpy,
)
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.matrix import atom_norms
from ..layered import positive_parts
from ..pursuits import thresholding

MOST_CLASSES = 100_000


def unit_atoms(D):
    """The dictionary with unit filters, ``d_k / ||d_k||_2``."""
    check_type("D", D, ConvDictionary)
    return ConvDictionary(D.filters / atom_norms(D.local), D.space, D.stride, D.circular)


def largest_in_windows(gamma, size, stride, d=2):
    """Largest entry of each channel in windows of ``size`` positions, ``stride`` apart, on ``d`` axes."""
    xp = array_namespace(gamma)
    size, stride = check_whole("size", size), check_whole("stride", stride)
    if not size <= min(gamma.shape[-1 - d : -1]):
        raise ValueError(f"windows of {size} do not fit a code of shape {tuple(gamma.shape)}")
    for after in range(d, 0, -1):  # the axes one by one: the largest of the largest
        last = gamma.shape[-1 - after] - size + 1
        shifts = [slice(i, i + last, stride) for i in range(size)]
        gamma = reduce(xp.maximum, (gamma[(..., s, *[slice(None)] * after)] for s in shifts))
    return gamma


def pooled_features(D, x, beta, size=3, stride=2):
    """Thresholded correlations with the unit atoms of ``D``, signs apart, pooled, one row per signal.

    Parameters
    ----------
    D : ConvDictionary
        In two dimensions; for example an effective dictionary.
    x : array (p, *space, c)
    beta : float
        Soft threshold.
    size, stride : int
        Of the windows in which the largest entry of each channel counts.
    """
    gamma = positive_parts(thresholding(unit_atoms(D), x, beta).gamma)
    pooled = largest_in_windows(gamma, size, stride, len(D.space))
    return array_namespace(pooled).reshape(pooled, (x.shape[0], -1))


def ridge_classifier(features, labels, weight):
    """Weights ``W`` of the linear classifier ``argmax [f, 1] W``: least squares on one column per class.

    ``min sum_j ||W^T [f_j, 1] - e_{label j}||^2 + weight v ||W||^2`` with v the mean of the squared
    norms ``||f_j||^2`` times p over the number of features: ``weight`` does not depend on the scale or
    the number of features.

    Parameters
    ----------
    features : array (p, n)
    labels : integer array (p,)
    weight : float
    """
    xp, (p, n) = array_namespace(check("features", features, ndim=2)), features.shape
    labels = as_labels("labels", labels, p, MOST_CLASSES)
    targets = asarray(labels[:, None] == np.arange(labels.max() + 1), like=features)
    F, level = _with_one(features), check_level("weight", weight)
    ridge = level * float(xp.sum(features * features)) / n
    gram = F.T @ F + ridge * eye(n + 1, like=features)
    return xp.linalg.solve(gram, F.T @ targets)


def _with_one(features):
    xp = array_namespace(features)
    return xp.concat([features, xp.ones_like(features[:, :1])], axis=1)


def error_rate(W, features, labels):
    """Share of signals that the linear classifier ``W`` puts into a wrong class."""
    xp = array_namespace(check("features", features, ndim=2), check("W", W, ndim=2))
    labels = as_labels("labels", labels, features.shape[0])
    found = to_numpy(xp.argmax(_with_one(features) @ W, axis=1))
    return int(np.count_nonzero(found != labels)) / len(labels)
