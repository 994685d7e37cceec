"""Judges of Part 4: multi-layer models."""

import numpy as np

from ..layered import layered_thresholding as reference_layered_thresholding
from .compare import same


def effective_filters(function):
    """``my_effective_filters(f1, f2)``: filters (n1, m1) of a first layer of one channel, and filters (n2,
    m1, m2) of a second layer, both with stride 1; gives the atoms of the second layer as signals, (n1 + n2 -
    1, m2)."""
    f1 = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, -1.0]])
    delta = np.zeros((4, 2, 1))
    delta[0, 1, 0] = 1.0
    found = np.asarray(function(f1, delta))
    yield "Atoms of length n1 + n2 - 1, one a column.", found.shape == (6, 1)
    yield (
        "A molecule that is a single atom at place 0 looks like that atom.",
        same(found[:, 0], [0, 1, -1, 0, 0, 0]),
    )
    delta[0, 1, 0], delta[2, 0, 0] = 0.0, 3.0
    found = np.asarray(function(f1, delta))
    yield (
        "An entry at place 2 moves its atom by two samples, and multiplies it.",
        same(found[:, 0], [0, 0, 3, 6, 0, 0]),
    )
    rng = np.random.default_rng(0)
    f1, f2 = rng.standard_normal((5, 3)), rng.standard_normal((4, 3, 2))
    found = np.asarray(function(f1, f2))
    wanted = sum(np.stack([np.convolve(f1[:, c], f2[:, c, k]) for k in range(2)], axis=-1) for c in range(3))
    yield "All channels are added, and every molecule has its own column.", same(found, wanted)


def sparse_bound(function):
    """``my_sparse_bound(filters, before, k)``: filters (n, c, m) of layer i, the length of the filters of
    layer i - 1, and the non-zeros in the fullest stripe of code i; gives the bound on those of code i - 1."""
    one = np.zeros((4, 2, 1))
    one[[0, 3], [1, 0], 0] = 1.0
    yield (
        "Filters as long as a stripe of the layer before: non-zeros of the filter times k.",
        function(one, 2, 3) == 6,
    )
    yield (
        "A stripe of 7 needles is covered by two patches of 4, rounded up.",
        function(one, 4, 3) == 12,
    )
    two = np.concatenate([one, np.ones((4, 2, 1))], axis=-1)
    yield "The fullest filter counts, not the first one or all of them.", function(two, 4, 3) == 48
    yield "Negative entries are non-zeros too.", function(-two, 4, 3) == 48
    yield "The example of the chapter: 28.", function(_molecules(20, 4), 64, 1) == 28


def _molecules(size, entries):
    filters = np.zeros((size, 2, 2))
    filters[np.arange(entries) * 4, 0, 0] = 0.5
    filters[np.arange(entries) * 3, 1, 1] = -0.5
    return filters


def deep_bounds(function):
    """``my_deep_bounds(ks, mus, eps)``: non-zeros per stripe and coherences of layers 1 to K, and a bound on
    the norm of the noise; gives the list of bounds on the squared errors of the K codes, infinite from the
    first layer on whose condition fails."""
    found = list(function([1], [0.0], 0.1))
    yield "One bound per layer.", len(found) == 1
    yield (
        "Two signals within eps of y are within 2 eps of each other: the recursion starts at 4 eps^2.",
        same(found, [0.04]),
    )
    yield (
        "With k non-zeros in both codes the difference has 2 k: the factor is 1 / (1 - (2 k - 1) mu).",
        same(function([3], [0.1], 0.1), [0.08]),
    )
    yield (
        "The bound of one layer is the noise of the next.",
        same(function([3, 2], [0.1, 0.2], 0.1), [0.08, 0.2]),
    )
    void = [float(bound) for bound in function([1, 3, 1], [0.5, 0.3, 0.5], 0.1)]
    yield (
        "Where (2 k - 1) mu is 1 or more nothing is bounded: infinite, not negative.",
        same(void[:1], [0.08]) and void[1] == float("inf"),
    )
    yield "After such a layer all bounds are infinite.", void[2] == float("inf")


def layered_thresholding(function):
    """``my_layered_thresholding(dictionaries, y, betas)``: a list of matrices, a signal (n,) and one
    threshold per layer; gives the list of codes of layered hard thresholding, the first layer first."""
    y = np.array([3.0, -2.0, 0.5])
    found = [np.asarray(gamma) for gamma in function([np.eye(3)], y, [1.0])]
    yield "One layer gives a list with one code.", len(found) == 1 and found[0].shape == (3,)
    yield "What is below the threshold becomes zero.", found[0][2] == 0
    yield "What is above it keeps its value: the threshold is hard.", same(found[0][0], 3.0)
    yield "Magnitudes are compared, so large negative correlations stay.", same(found[0][1], -2.0)
    flat = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    yield (
        "Correlations are products with the transposed dictionary.",
        same(function([flat], y, [0.1])[0], [3.0, 1.0]),
    )
    second = np.array([[1.0], [0.0], [1.0]])
    found = [np.asarray(gamma) for gamma in function([np.eye(3), second], y, [1.0, 0.1])]
    yield "Two layers give two codes.", len(found) == 2 and found[1].shape == (1,)
    yield (
        "The second layer correlates with the first code, after its threshold.",
        same(found[1], [3.0]),
    )
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal(shape) for shape in ((8, 12), (12, 10), (10, 9))]
    matrices = [D / np.linalg.norm(D, axis=0) for D in matrices]
    y = rng.standard_normal(8)
    wanted = reference_layered_thresholding(matrices, y, [0.5, 0.4, 0.3])
    found = function(matrices, y, [0.5, 0.4, 0.3])
    yield "Three layers, each with its own threshold.", all(map(same, found, wanted))
