"""Judges of Part 1: patch models and pursuits for a matrix."""

import numpy as np

from ..dictionaries.matrix import coherence as reference_coherence
from ..pursuits import omp as reference_omp
from ..shrinkage import soft
from .compare import same


def omp(function):
    """``my_omp(D, y, k)``: a dictionary (n, m) with unit columns, a signal (n,) and a number of atoms; gives
    the code (m,)."""
    rng = np.random.default_rng(0)
    D = rng.standard_normal((20, 30))
    D /= np.linalg.norm(D, axis=0)
    y = rng.standard_normal(20)
    gamma = np.asarray(function(D, y, 1))
    yield "The code has one entry per atom.", gamma.shape == (30,)
    best = np.argmax(np.abs(D.T @ y))
    yield (
        "With k = 1 the atom is the one that correlates most, in absolute value.",
        np.flatnonzero(gamma).tolist() == [best],
    )
    yield "Its coefficient is the inner product.", same(gamma[best], D[:, best] @ y)
    gamma = np.asarray(function(D, y, 4))
    yield "With k = 4 there are four atoms.", np.count_nonzero(gamma) == 4
    support = gamma != 0
    refitted = np.linalg.lstsq(D[:, support], y, rcond=None)[0]
    yield (
        "All coefficients are fitted again by least squares after every step.",
        same(gamma[support], refitted),
    )
    yield "The four atoms are those of OMP.", same(gamma, reference_omp(D, y, k=4).gamma)


def coherence(function):
    """``my_coherence(D)``: a dictionary (n, m) whose columns need not have norm one; gives a number."""
    yield "Orthogonal atoms have coherence 0.", same(function(np.eye(3)), 0.0)
    slanted = np.array([[1.0, 0.8, 0.0], [0.0, 0.6, 1.0]])
    yield (
        "No atom is compared with itself, and the largest inner product counts.",
        same(function(slanted), 0.8),
    )
    yield (
        "A negative inner product counts with its absolute value.",
        same(function(np.array([[1.0, -0.8, 0.0], [0.0, 0.6, 1.0]])), 0.8),
    )
    yield "Atoms are divided by their norms first.", same(function(slanted * [2.0, 3.0, 0.5]), 0.8)
    D = np.random.default_rng(1).standard_normal((6, 15))
    yield "A random dictionary has the right coherence.", same(function(D), reference_coherence(D))


def ista(function):
    """``my_ista(D, y, lam, steps)``: a dictionary (n, m), a signal (n,), the weight of the l1 norm and how
    many steps to make from the zero code; gives the code (m,)."""
    rng = np.random.default_rng(2)
    Q, y = np.linalg.qr(rng.standard_normal((8, 8)))[0], 2 * rng.standard_normal(8)
    gamma = np.asarray(function(Q, y, 0.5, 1))
    yield "The code has one entry per atom.", gamma.shape == (8,)
    yield (
        "For orthonormal atoms one step gives the soft threshold of D^T y at lam, of negative numbers too.",
        same(gamma, soft(Q.T @ y, 0.5)),
    )
    D, y = rng.standard_normal((10, 20)), rng.standard_normal(10)
    c, lam = np.linalg.norm(D, 2) ** 2, 0.2 * np.abs(D.T @ y).max()
    one = soft(D.T @ y / c, lam / c)
    yield "The first step has length 1/c and the threshold lam/c.", same(function(D, y, lam, 1), one)
    two = soft(one + D.T @ (y - D @ one) / c, lam / c)
    yield (
        "The second step starts at the first code and uses its residual.",
        same(function(D, y, lam, 2), two),
    )
    far = np.asarray(function(D, y, lam, 5000))
    most = np.abs(D.T @ (y - D @ far)).max()
    yield "After many steps no atom correlates with the residual by more than lam.", most < 1.001 * lam


def patch_average(function):
    """``my_patch_average(P, N)``: the patches (N - n + 1, n) that start at each sample of a signal of N
    samples; gives the signal (N,) that averages them where they overlap."""
    x = np.random.default_rng(3).standard_normal(9)
    P = np.stack([x[i : i + 4] for i in range(6)])
    yield "The signal has N samples.", np.shape(function(P, 9)) == (9,)
    yield (
        "Where three patches of length 3 cover a sample, it is their mean.",
        same(np.asarray(function(np.arange(9.0).reshape(3, 3), 5))[2], 4.0),
    )
    yield (
        "A sample near the border is divided by the number of patches that cover it, which is smaller.",
        same(np.asarray(function(np.ones((3, 3)), 5)), np.ones(5)),
    )
    yield "Patches cut from a signal give back the signal.", same(function(P, 9), x)


def denoiser(function):
    """``my_denoiser(y, C, beta)``: a signal (N,), an orthonormal transform (n, n) whose rows are its atoms,
    and a threshold; gives the signal (N,) that averages its patches, each thresholded in the transform."""
    rng = np.random.default_rng(4)
    C, y = np.linalg.qr(rng.standard_normal((4, 4)))[0], rng.standard_normal(12)
    yield "With the threshold 0 nothing changes.", same(function(y, C, 0.0), y)
    yield "With a huge threshold nothing is left.", same(function(y, C, 1e9), 0 * y)
    a = C @ y[:4]
    yield (
        "A signal of one patch keeps its coefficients larger than beta in magnitude, as they are.",
        same(function(y[:4], C, 0.6), C.T @ np.where(np.abs(a) > 0.6, a, 0)),
    )
    total, cover = np.zeros(12), np.zeros(12)
    for i in range(9):
        a = C @ y[i : i + 4]
        total[i : i + 4] += C.T @ np.where(np.abs(a) > 0.8, a, 0)
        cover[i : i + 4] += 1
    yield (
        "All overlapping patches take part, and they are averaged.",
        same(function(y, C, 0.8), total / cover),
    )


def ksvd_atom(function):
    """``my_ksvd_atom(P, D, gamma, j)``: patches (n, p), a dictionary (n, m), codes (m, p) and the number of
    an atom; gives the new atom (n,) and its new coefficients (p,)."""
    rng = np.random.default_rng(5)
    P, D = rng.standard_normal((6, 40)), rng.standard_normal((6, 9))
    D /= np.linalg.norm(D, axis=0)
    gamma = rng.standard_normal((9, 40)) * (rng.random((9, 40)) < 0.3)
    users = gamma[2] != 0
    d, g = (np.asarray(part) for part in function(P, D, gamma.copy(), 2))
    yield "An atom (n,) and a row of coefficients (p,) come back.", d.shape == (6,) and g.shape == (40,)
    yield "The atom has norm one.", same(np.linalg.norm(d), 1.0)
    yield "A patch that did not use the atom does not use it now.", not g[~users].any()
    others = P - D @ gamma + np.outer(D[:, 2], gamma[2])
    U, s, V = np.linalg.svd(others[:, users], full_matrices=False)
    yield (
        "Atom and coefficients are the best rank-one fit to what the other atoms leave of these patches.",
        same(np.outer(d, g[users]), s[0] * np.outer(U[:, 0], V[0])),
    )


def sos(function):
    """``my_sos(f, y, rho, rounds)``: a denoiser, which takes and gives an array, a noisy signal (N,), the
    strength and how many rounds to make from the zero signal; gives the last signal (N,)."""
    y = np.random.default_rng(6).standard_normal(10)

    def smooth(z):
        return (np.roll(z, 1) + 2 * z + np.roll(z, -1)) / 4

    yield "With rho = 0 it is the denoiser itself.", same(function(smooth, y, 0.0, 3), smooth(y))
    first = smooth(y)
    yield "One round from zero denoises the measurement.", same(function(smooth, y, 0.5, 1), first)
    second = smooth(y + 0.5 * first) - 0.5 * first
    yield (
        "The second round denoises y + rho x and subtracts rho x from the result.",
        same(function(smooth, y, 0.5, 2), second),
    )
    third = smooth(y + 0.5 * second) - 0.5 * second
    yield "The third round starts from the second result.", same(function(smooth, y, 0.5, 3), third)


def low_rank(function):
    """``my_low_rank(Y, t)``: a matrix (n, p) and a number; gives the matrix (n, p) with the singular vectors
    of ``Y`` and its singular values less ``t``, or 0."""
    Y = np.random.default_rng(7).standard_normal((5, 8))
    U, s, V = np.linalg.svd(Y, full_matrices=False)
    yield "The result has the shape of Y.", np.shape(function(Y, 0.1)) == (5, 8)
    yield (
        "A rank-one matrix stays of rank one and only becomes weaker.",
        same(function(np.outer(U[:, 0], 3 * V[0]), 1.0), np.outer(U[:, 0], 2 * V[0])),
    )
    yield (
        "Singular values smaller than t become 0, not negative.",
        np.abs(function(s[-1] * np.outer(U[:, 0], V[0]), 2 * s[-1])).max() < 1e-9,
    )
    expected = (U * np.maximum(s - s[2], 0)) @ V
    yield "All singular values are reduced by t.", same(function(Y, s[2]), expected)


def centralized(function):
    """``my_centralized(codes, beta)``: the codes (n, members) of similar patches over one orthonormal
    dictionary, and a threshold; gives the code (n,) of the first patch, shrunk towards the mean code."""
    rng = np.random.default_rng(8)
    codes = rng.standard_normal((6, 5))
    yield "The result has one entry per component.", np.shape(function(codes, 0.1)) == (6,)
    yield "With beta = 0 the first code stays as it is.", same(function(codes, 0.0), codes[:, 0])
    shared = np.repeat(rng.standard_normal((6, 1)), 5, axis=1)
    yield "What all members share is not shrunk.", same(function(shared, 0.5), shared[:, 0])
    yield (
        "A large threshold leaves the mean of all members.",
        same(function(codes, 100.0), codes.mean(axis=1)),
    )
    mean = codes.mean(axis=1)
    expected = mean + soft(codes[:, 0] - mean, 0.4)
    yield "The difference to the mean is shrunk by the soft threshold.", same(function(codes, 0.4), expected)


def path(function):
    """``my_path(P)``: patches as columns (n, p); gives their p numbers in the order of a path that starts at
    patch 0 and always goes on to the nearest patch that it has not visited."""
    line = np.array([[0.0, 7.0, 1.0, 4.0, 2.0]])
    yield "Each patch is visited once.", sorted(np.ravel(function(line)).tolist()) == [0, 1, 2, 3, 4]
    yield "Numbers on a line are visited in ascending order.", list(function(line)) == [0, 2, 4, 3, 1]
    yield (
        "The path starts at patch 0, and may jump.",
        list(function(line[:, [3, 0, 1, 2, 4]])) == [0, 4, 3, 1, 2],
    )
    P, order, left = np.random.default_rng(8).standard_normal((4, 12)), [0], list(range(1, 12))
    while left:
        order.append(min(left, key=lambda i: np.sum((P[:, i] - P[:, order[-1]]) ** 2)))
        left.remove(order[-1])
    yield "Distances count all pixels of two patches.", list(function(P)) == order
