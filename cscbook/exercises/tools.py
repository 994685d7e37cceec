"""Judges of the appendix: least squares, singular values, convexity, proximal maps, duality, ADMM, EM and
the Fourier transform."""

import numpy as np

from ..pursuits import basis_pursuit, objective
from ..shrinkage import soft
from .compare import same


def _problem(rng, n=12, m=20):
    """A dictionary with unit columns, a signal, and the weight from which on its code is zero."""
    D, y = rng.standard_normal((n, m)), rng.standard_normal(n)
    D /= np.linalg.norm(D, axis=0)
    return D, y, np.abs(D.T @ y).max()


def ridge(function):
    """``my_ridge(D, y, w)``: a dictionary (n, m), a signal (n,) and a weight; gives the code (m,) that
    minimises ``|y - D g|^2 + w |g|^2``."""
    rng = np.random.default_rng(0)
    tall, y = rng.standard_normal((12, 5)), rng.standard_normal(12)
    yield "The code has one entry per atom.", np.shape(function(tall, y, 1.0)) == (5,)
    yield (
        "With the weight 0 it is the least-squares fit.",
        same(function(tall, y, 0.0), np.linalg.lstsq(tall, y, rcond=None)[0]),
    )
    Q = np.linalg.qr(tall)[0]
    yield (
        "For orthonormal atoms each correlation is divided by 1 + w.",
        same(function(Q, y, 0.5), Q.T @ y / 1.5),
    )
    D, y, _ = _problem(rng)
    expected = np.linalg.solve(D.T @ D + 0.3 * np.eye(20), D.T @ y)
    yield (
        "The weight stands on the diagonal of D^T D, also where there are more atoms than samples.",
        same(function(D, y, 0.3), expected),
    )


def leading_pair(function):
    """``my_leading_pair(E, d, steps)``: a matrix (n, p), an atom (n,) to start from and a number of power
    steps; gives the atom (n,) of norm one and its coefficients (p,)."""
    rng = np.random.default_rng(1)
    E, start = rng.standard_normal((6, 9)), rng.standard_normal(6)
    d, g = (np.asarray(part) for part in function(E, start, 1))
    yield "An atom (n,) and a row of coefficients (p,) come back.", d.shape == (6,) and g.shape == (9,)
    yield "The atom has norm one.", same(np.linalg.norm(d), 1.0)
    turned = E @ (E.T @ start)
    yield (
        "One step applies E^T, then E, and divides by the norm.",
        same(d, turned / np.linalg.norm(turned)),
    )
    yield "The coefficients are those of the new atom, d^T E.", same(g, d @ E)
    U, s, V = np.linalg.svd(E, full_matrices=False)
    d, g = (np.asarray(part) for part in function(E, start, 2000))
    yield (
        "After many steps the product of both is the first term of the decomposition.",
        same(np.outer(d, g), s[0] * np.outer(U[:, 0], V[0])),
    )


def is_subgradient(function):
    """``my_is_subgradient(s, g)``: two vectors (m,); says whether ``s`` is a subgradient of the l1 norm at
    ``g``."""
    g = np.array([2.0, -0.5, 3.0])
    yield "Where no entry is zero, the signs are a subgradient.", bool(function(np.sign(g), g))
    yield "A wrong sign is none.", not function(np.array([1.0, 1.0, 1.0]), g)
    yield (
        "Where an entry is not zero, a number between -1 and 1 is not enough.",
        not function(np.array([1.0, -1.0, 0.5]), g),
    )
    g = np.array([2.0, 0.0, 0.0])
    yield (
        "Where an entry is zero, any number from -1 to 1 will do.",
        bool(function(np.array([1.0, 0.3, -1.0]), g)) and bool(function(np.array([1.0, 1.0, 0.0]), g)),
    )
    yield (
        "Where an entry is zero, the magnitude may not exceed 1.",
        not function(np.array([1.0, 1.5, 0.0]), g) and not function(np.array([1.0, 0.0, -1.5]), g),
    )


def block_soft(function):
    """``my_block_soft(z, beta)``: a vector (m,) and a number; gives the vector (m,) with the same direction
    whose norm is smaller by ``beta``, or zero: the proximal map of ``beta |z|_2``."""
    z = np.array([3.0, 0.0, -4.0])
    yield "The result has the shape of z.", np.shape(function(z, 1.0)) == (3,)
    yield "The norm is smaller by beta.", same(np.linalg.norm(function(z, 2.0)), 3.0)
    yield "The direction stays.", same(function(z, 2.0), 0.6 * z)
    yield "A vector that is not longer than beta becomes zero.", same(function(z, 6.0), 0 * z)
    with np.errstate(all="ignore"):
        zero = function(0 * z, 1.0)
    yield "The zero vector stays zero.", same(zero, 0 * z)


def dual_bound(function):
    """``my_dual_bound(D, y, lam, gamma)``: a dictionary (n, m), a signal (n,), the weight of the l1 norm and
    a code (m,); gives the lower bound for the objective of basis pursuit that the scaled residual proves."""
    rng = np.random.default_rng(2)
    D, y, top = _problem(rng)
    zero = np.zeros(20)
    yield (
        "If lam is so large that the zero code is optimal, its residual is allowed as it is: the bound is "
        "|y|^2 / 2.",
        same(function(D, y, 2 * top, zero), y @ y / 2),
    )
    yield (
        "If the residual correlates with an atom by 2 lam, it is halved first: the bound is 3 |y|^2 / 8.",
        same(function(D, y, top / 2, zero), 3 * (y @ y) / 8),
    )
    lam = 0.3 * top
    best = basis_pursuit(D, y, lam, tol=1e-13).gamma
    low = objective(D, y, best, lam)
    some = 0.3 * rng.standard_normal((20, 20))
    yield (
        "No bound exceeds the minimum, whatever the code is.",
        all(function(D, y, lam, g) <= low * (1 + 1e-9) for g in some),
    )
    yield "At the optimum the bound is the minimum.", same(function(D, y, lam, best), low, 1e-5)


def admm(function):
    """``my_admm(D, y, lam, rho, steps)``: a dictionary (n, m), a signal (n,), the weight of the l1 norm, that
    of the penalty, and a number of steps from zero; gives the copy z (m,), which comes from the threshold."""
    D, y, top = _problem(np.random.default_rng(3))
    lam, rho = 0.3 * top, 0.7
    inverse = np.linalg.inv(D.T @ D + rho * np.eye(20))
    yield "The code has one entry per atom.", np.shape(function(D, y, lam, rho, 1)) == (20,)
    a = inverse @ (D.T @ y)
    z = soft(a, lam / rho)
    yield (
        "The first step solves (D^T D + rho I) a = D^T y and thresholds a at lam / rho.",
        same(function(D, y, lam, rho, 1), z),
    )
    u = a - z
    a = inverse @ (D.T @ y + rho * (z - u))
    yield (
        "The second step solves with D^T y + rho (z - u), where u is a - z of the first, and thresholds "
        "a + u.",
        same(function(D, y, lam, rho, 2), soft(a + u, lam / rho)),
    )
    best = basis_pursuit(D, y, lam, tol=1e-13).gamma
    yield (
        "The multiplier adds up the disagreement of all steps: after many steps z solves basis pursuit.",
        same(function(D, y, lam, rho, 3000), best, 1e-4),
    )


def em_step(function):
    """``my_em_step(x, w, S)``: numbers (p,), the weights and the variances (kinds,) of Gaussians with mean
    zero; gives the weights and variances (kinds,) after one round of expectation maximisation."""
    rng = np.random.default_rng(4)
    x = np.where(rng.random(200) < 0.3, 1.0, 0.2) * rng.standard_normal(200)
    w, S = np.array([0.4, 0.6]), np.array([2.0, 0.1])
    new_w, new_S = (np.asarray(part) for part in function(x, w, S))
    yield "Weights and variances (kinds,) come back.", new_w.shape == (2,) and new_S.shape == (2,)
    one = function(x, np.array([1.0]), np.array([3.0]))
    yield "The variance of a single kind is the mean square.", same(one[1], [np.mean(x**2)])
    yield "The weights add up to one.", same(new_w.sum(), 1.0)
    q = w * np.exp(-(x[:, None] ** 2) / (2 * S)) / np.sqrt(S)
    q = q / q.sum(1, keepdims=True)
    yield (
        "A weight is the mean of the probabilities of its kind, in proportion to w times the density.",
        same(new_w, q.mean(0)),
    )
    yield (
        "A variance is the mean square in which each number counts by the probability of the kind.",
        same(new_S, (q * x[:, None] ** 2).sum(0) / q.sum(0)),
    )


def _same_complex(found, expected):
    found = np.asarray(found)
    return same(found.real, np.real(expected)) and same(found.imag, np.imag(expected))


def fft(function):
    """``my_fft(x)``: a signal whose length N is a power of two; gives its Fourier transform, N complex
    numbers."""
    yield "A signal of one sample is its own transform.", _same_complex(function(np.array([3.0])), [3])
    yield (
        "For two samples the transform is their sum and their difference.",
        _same_complex(function(np.array([5.0, 2.0])), [7, 3]),
    )
    yield (
        "A constant signal of eight ones has the transform (8, 0, ..., 0).",
        _same_complex(function(np.ones(8)), 8 * np.eye(8)[0]),
    )
    spike = np.eye(4)[1]
    yield (
        "A one at place 1 of 4 has the transform (1, -i, -1, i): the exponent is negative.",
        _same_complex(function(spike), [1, -1j, -1, 1j]),
    )
    x = np.random.default_rng(5).standard_normal(32)
    yield (
        "At each halving the transforms of the even and of the odd samples are combined.",
        _same_complex(function(x), np.fft.fft(x)),
    )
