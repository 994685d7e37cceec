"""Judges of Part 4: multi-layer models."""

import numpy as np

from ..layered import layered_thresholding as reference_layered_thresholding
from ..layered import sweep
from ..pursuits import omp as reference_omp
from .compare import same


def effective_filters(function):
    """``my_effective_filters(f1, f2)``: filters (n1, m1) of a first layer of one channel, and filters (n2,
    m1, m2) of a second layer, both with stride 1; gives the atoms of the second layer as signals, (n1 + n2 -
    1, m2)."""
    f1 = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, -1.0]])
    delta = np.zeros((4, 2, 1))
    delta[0, 1, 0] = 1.0
    found = np.asarray(function(f1, delta))
    yield "Atoms of length n1 + n2 - 1, one per column.", found.shape == (6, 1)
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


def fits(function):
    """``my_fits(D2, taken, j, k1, k2)``: a matrix with few non-zeros, the numbers of the columns already
    taken, a candidate, the bounds of both codes; whether the candidate is allowed."""
    D2 = np.array([[1.0, -1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 1.0]])
    yield "An empty code has room for a column of two non-zeros.", bool(function(D2, [], 0, 2, 1))
    yield "A column of two non-zeros does not fit into k1 = 1.", not function(D2, [], 0, 1, 1)
    yield "A row that both columns use is counted once.", bool(function(D2, [0], 1, 2, 2))
    yield "It is counted even where the entries cancel.", not function(D2[:1], [0], 1, 0, 2)
    yield "New rows are added to those in use: 2 + 2 exceed k1 = 3.", not function(D2, [0], 2, 3, 2)
    yield "The deepest code has its own bound: two columns exceed k2 = 1.", not function(D2, [0], 1, 4, 1)


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


def _two_layers(seed=0):
    """Two matrices with unit atoms, a signal, a code, all NumPy arrays."""
    rng = np.random.default_rng(seed)
    D1, D2 = rng.standard_normal((12, 18)), rng.standard_normal((18, 15))
    D1, D2 = D1 / np.linalg.norm(D1, axis=0), D2 / np.linalg.norm(D2, axis=0)
    return D1, D2, rng.standard_normal(12), rng.standard_normal(15)


# Chapters 4.5 to 4.7


def ml_ista_step(function):
    """``my_ml_ista_step(D1, D2, y, gamma, t, lams)``: dictionaries (n, m1) and (m1, m2), a signal (n,), a
    deepest code (m2,), the steps (t1, t2) and the weights (lam1, lam2); gives the deepest code (m2,) after
    one sweep."""
    D1, D2, y, gamma = _two_layers()
    t1 = 0.5 / np.linalg.norm(D1, 2) ** 2
    t = (t1, t1 / np.linalg.norm(D2, 2) ** 2)

    def step(gamma, lams):
        return np.asarray(function(D1, D2, y, gamma.copy(), t, lams))

    def expected(gamma, lams):
        betas = [step * lam for step, lam in zip(t, lams, strict=True)]
        return sweep([D1, D2], y, gamma, [t[0], t[1] / t[0]], betas)[-1]

    found = step(0 * gamma, (0.0, 0.0))
    yield "The code has one entry per atom of D2.", found.shape == gamma.shape
    yield (
        "From the zero code and without weights it is t2 D2^T D1^T y: the second layer's factor is t2 / t1.",
        same(found, t[1] * D2.T @ (D1.T @ y)),
    )
    yield (
        "From any code and without weights it is a gradient step for the product D1 D2.",
        same(step(gamma, (0.0, 0.0)), expected(gamma, (0.0, 0.0))),
    )
    lams = (2.0, 0.0)
    yield "The threshold of the first layer is t1 lam1.", same(step(gamma, lams), expected(gamma, lams))
    lams = (0.5, 2.0)
    yield "The threshold of the second layer is t2 lam2.", same(step(gamma, lams), expected(gamma, lams))


def dictionary_gradients(function):
    """``my_dictionary_gradients(D1, D2, y, gamma)``: dictionaries (n, m1) and (m1, m2), a signal (n,) and a
    deepest code (m2,); gives the gradients of ``||y - D1 D2 gamma||^2 / 2`` with respect to D1 and to D2."""
    D1, D2, y, gamma = _two_layers(1)
    residual = y - D1 @ D2 @ gamma

    def error(A, B):
        return float(((y - A @ B @ gamma) ** 2).sum()) / 2

    G1, G2 = (np.asarray(G) for G in function(D1.copy(), D2.copy(), y.copy(), gamma.copy()))
    yield "Each gradient has the shape of its dictionary.", (G1.shape, G2.shape) == (D1.shape, D2.shape)
    t = 1e-6
    yield "A small step of D1 against its gradient lowers the error.", error(D1 - t * G1, D2) < error(D1, D2)
    yield "A small step of D2 against its gradient lowers the error.", error(D1, D2 - t * G2) < error(D1, D2)
    yield (
        "The gradient of D1 is minus the residual times the code of the first layer.",
        same(G1, -np.outer(residual, D2 @ gamma)),
    )
    yield (
        "The gradient of D2 is minus D1^T times the residual times the deepest code.",
        same(G2, -np.outer(D1.T @ residual, gamma)),
    )


def iht(function):
    """``my_iht(A, x, k, steps)``: a matrix (n, m), a signal (n,), a number of non-zeros and a number of
    steps; gives the code (m,) that iterative hard thresholding reaches from zero."""
    _, A, _, _ = _two_layers(2)
    x = np.random.default_rng(3).standard_normal(A.shape[0])
    c = np.linalg.norm(A, 2) ** 2

    def expected(k, steps):
        gamma = np.zeros(A.shape[1])
        for _ in range(steps):
            gamma = gamma + A.T @ (x - A @ gamma) / c
            gamma[np.argsort(-np.abs(gamma))[k:]] = 0
        return gamma

    found = np.asarray(function(A.copy(), x.copy(), 3, 1))
    yield "The code has one entry per column of A.", found.shape == (A.shape[1],)
    yield "With k = 3 it has three non-zeros.", np.count_nonzero(found) == 3
    places = np.flatnonzero(found).tolist() == np.flatnonzero(expected(3, 1)).tolist()
    yield "After one step they are the largest entries of A^T x in absolute value.", places
    yield "The step is 1 / c, with c the largest eigenvalue of A^T A.", same(found, expected(3, 1))
    yield (
        "With k = m nothing is set to zero, and ten steps are gradient descent.",
        same(function(A.copy(), x.copy(), A.shape[1], 10), expected(A.shape[1], 10)),
    )
    yield (
        "The threshold acts in each of ten steps.",
        same(function(A.copy(), x.copy(), 3, 10), expected(3, 10)),
    )


# Chapter 6.1


def translated_omp(function):
    """``my_translated_omp(D, y, eps)``: a matrix (n, m) with columns of any norm, a signal (n,) and a bound
    on the norm of the residual; gives the code (m,) of our ``omp(D, y, tol=eps)``."""
    D, _, y, _ = _two_layers(4)
    norms = np.where(np.arange(D.shape[1]) % 2, 50.0, 1.0)

    def code(D, y, eps):
        return np.asarray(function(D.copy(), y.copy(), eps)), reference_omp(D, y, tol=eps).gamma

    found, ours = code(D, y, 0.3)
    yield "The code has one entry per atom.", found.shape == ours.shape
    yield (
        "With unit atoms and eps = 0.3 the residual has at most the norm 0.3: theirs compares squares.",
        np.linalg.norm(y - D @ found) <= 0.3 * (1 + 1e-9),
    )
    yield "It takes no more atoms than ours.", np.count_nonzero(found) == np.count_nonzero(ours)
    found, ours = code(D * norms, y, 0.3)
    yield (
        "With atoms of norm 1 and 50 the same atoms are taken: theirs prefers long ones.",
        np.flatnonzero(found).tolist() == np.flatnonzero(ours).tolist(),
    )
    yield "The coefficients belong to the atoms as they were given.", same(found, ours)
    found, ours = code(D * norms, 1e3 * y, 300.0)
    yield "A signal and an eps 1,000 times as large change nothing but the unit.", same(found, ours)
