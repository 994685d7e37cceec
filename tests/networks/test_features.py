"""Features of codes and the linear classifier on them, against plain loops and least squares by stacking."""

import numpy as np
import pytest

from cscbook import ConvDictionary
from cscbook.arrays import indices, to_numpy
from cscbook.networks import error_rate, pooled_features, ridge_classifier, unit_atoms


def test_pooled_features_are_the_largest_thresholded_correlations(xp, rng, close):
    D = ConvDictionary(rng.standard_normal((3, 3, 1, 2)), (9, 9), 1, circular=False)
    x = rng.standard_normal((4, 9, 9, 1))
    found = pooled_features(ConvDictionary(xp(D.filters), (9, 9), 1, False), xp(x), 0.4)
    corr = unit_atoms(D).T @ x  # 7 x 7 positions: windows at 0, 2, 4
    signs = np.concatenate([np.maximum(corr - 0.4, 0), np.maximum(-corr - 0.4, 0)], axis=-1)
    windows = [[signs[:, i : i + 3, j : j + 3].max(axis=(1, 2)) for j in (0, 2, 4)] for i in (0, 2, 4)]
    close(found, np.moveaxis(np.array(windows), 2, 0).reshape(4, -1))
    with pytest.raises(ValueError, match="windows of 8"):
        pooled_features(ConvDictionary(xp(D.filters), (9, 9), 1, False), xp(x), 0.4, size=8)


def test_ridge_classifier_is_least_squares_with_penalty_rows(xp, rng, close):
    features, labels = rng.standard_normal((40, 5)), rng.integers(0, 3, 40)
    found = ridge_classifier(xp(features), indices(labels, like=xp(features)), 0.1)
    penalty = np.sqrt(0.1 * (features**2).sum() / 5) * np.eye(6)
    rows = np.vstack([np.hstack([features, np.ones((40, 1))]), penalty])
    targets = np.vstack([np.eye(3)[labels], np.zeros((6, 3))])
    close(found, np.linalg.lstsq(rows, targets, rcond=None)[0], factor=10)


def test_classes_that_a_plane_separates_are_told_apart(xp, rng):
    labels = rng.integers(0, 2, 60)
    features = rng.standard_normal((60, 3)) + 6 * labels[:, None]
    f, y = xp(features), indices(labels, like=xp(features))
    assert error_rate(ridge_classifier(f, y, 1e-3), f, y) == 0
    assert error_rate(ridge_classifier(f, y, 1e-3), f, 1 - y) == 1
    with pytest.raises(ValueError, match="weight = -1"):
        ridge_classifier(f, y, -1)


def test_unit_atoms_have_norm_one(rng):
    D = unit_atoms(ConvDictionary(rng.standard_normal((4, 2, 3)), (10,)))
    np.testing.assert_allclose(np.linalg.norm(to_numpy(D.local), axis=0), 1)


def test_labels_are_few_classes(rng):
    features = rng.standard_normal((3, 2))
    with pytest.raises(ValueError, match="expected classes from 0 to 99999"):
        ridge_classifier(features, np.array([0, 1, 10**15]), 0.1)
    with pytest.raises(TypeError, match="labels has dtype float64: expected integers"):
        error_rate(ridge_classifier(features, [0, 1, 1], 0.1), features, np.array([0.0, 1.0, 1.0]))
