"""Judges of Part 5: networks as pursuits."""

import numpy as np

from ..dictionaries import ConvDictionary
from .compare import same


def forward_pass(function):
    """``my_forward_pass(x, filters, biases)``: a signal (N, c), a list of filters (n, c, m), whose c is the
    number of channels of their input, and a list of biases (m,); gives the deepest code, without wrapping
    at the borders and with stride 1."""
    rng = np.random.default_rng(0)
    x, W, b = rng.standard_normal((20, 2)), rng.standard_normal((5, 2, 3)), rng.standard_normal(3)
    code = np.asarray(function(x, [W], [b]))
    yield (
        "One filter of five samples fits at 16 places of 20: the code has the shape (16, 3).",
        (code.shape == (16, 3)),
    )
    correlations = ConvDictionary(W, (20,), circular=False).T @ x
    code = np.asarray(function(x, [W], [b + 100]))
    yield (
        "Where a large bias makes all positive, the code is the bias plus the correlations, summed over "
        "channels, with filters that are not flipped.",
        same(code - b - 100, correlations),
    )
    code = np.asarray(function(x, [W], [b]))
    yield "No coefficient is negative.", bool((code >= 0).all())
    yield (
        "The bias is added first, and then what is negative is set to zero.",
        same(code, np.maximum(correlations + b, 0)),
    )
    V, d = rng.standard_normal((4, 3, 2)), rng.standard_normal(2)
    deepest = np.maximum(ConvDictionary(V, (16,), circular=False).T @ code + d, 0)
    found = np.asarray(function(x, [W, V], [b, d]))
    yield "With two layers, the second takes the code of the first as its signal.", same(found, deepest)


def nonnegative_ista(function):
    """``my_nonnegative_ista(D, y, lam, T)``: a dictionary (n, m), a signal (n,), the weight of the l1 norm
    and a number of steps; gives the code (m,) that T steps reach from zero, each of length 1 / c where c is
    the largest eigenvalue of ``D.T @ D``."""
    rng = np.random.default_rng(0)
    D = rng.standard_normal((12, 20))
    D /= np.linalg.norm(D, axis=0)
    y, lam, c = rng.standard_normal(12), 0.3, np.linalg.norm(D, 2) ** 2
    gamma = np.asarray(function(D, y, lam, 1))
    yield "The code has one entry per atom.", gamma.shape == (20,)
    yield "No coefficient is negative.", bool((gamma >= 0).all())
    layer = np.maximum(D.T @ y - lam, 0) / c
    yield "One step is a layer divided by c: max(D^T y - lam, 0) / c.", same(gamma, layer)
    two = np.maximum(layer + (D.T @ (y - D @ layer) - lam) / c, 0)
    yield (
        "The second step starts at the first code and correlates with what that leaves unexplained.",
        same(function(D, y, lam, 2), two),
    )
    gamma = np.asarray(function(D, y, lam, 3000))
    left, on = D.T @ (y - D @ gamma), gamma > 0
    yield (
        "After many steps it is basis pursuit: the residual correlates by lam with each atom that is used, "
        "and by no more with any other.",
        bool(on.any() and np.allclose(left[on], lam, atol=1e-5) and (left < lam + 1e-5).all()),
    )


def layer_gradients(function):
    """``my_layer_gradients(x, W, b, g)``: a signal (N,), filters (n, m), biases (m,), and the gradient g of a
    loss in the code ``max(D^T x + b, 0)``, (N - n + 1, m); gives its gradients in x, W and b."""
    rng = np.random.default_rng(0)
    x, W, b = rng.standard_normal(15), rng.standard_normal((4, 3)), rng.standard_normal(3)
    g = rng.standard_normal((12, 3))
    found = [np.asarray(a) for a in function(x, W, b, g)]
    yield (
        "There are three gradients, in the shapes of x, W and b.",
        ([a.shape for a in found] == [(15,), (4, 3), (3,)]),
    )
    D = ConvDictionary(W[:, None, :], (15,), circular=False)
    passed = g * (D.T @ x[:, None] + b > 0)
    yield (
        "The ReLU passes the gradient only where the code is not zero; that of b sums it over the places.",
        same(found[2], passed.sum(0)),
    )
    windows = np.lib.stride_tricks.sliding_window_view(x, 4)
    yield (
        "The gradient in W is the sum of the patches, each times the gradient of its needle.",
        same(found[1], windows.T @ passed),
    )
    yield "The gradient in x is D applied to the gradient, as to a code.", same(found[0], (D @ passed)[:, 0])


def training_step(function):
    """``my_training_step(D, beta, U, X, labels, t)``: a dictionary (n, m), thresholds (m,), a classifier
    (m, classes), signals (p, n), their labels (p,) and a step size; gives D, beta and U after one step down
    the gradient of the mean cross-entropy of ``softmax(max(X @ D - beta, 0) @ U)``."""
    rng = np.random.default_rng(0)
    D, beta, U = rng.standard_normal((6, 5)), rng.uniform(0.1, 0.3, 5), rng.standard_normal((5, 3))
    X, labels, t = rng.standard_normal((8, 6)), np.arange(8) % 3, 0.05
    found = [np.asarray(a) for a in function(D.copy(), beta.copy(), U.copy(), X, labels, t)]
    yield (
        "There are three arrays, in the shapes of D, beta and U.",
        ([a.shape for a in found] == [D.shape, beta.shape, U.shape]),
    )
    codes = np.maximum(X @ D - beta, 0)
    p = np.exp(codes @ U)
    wrong = p / p.sum(1, keepdims=True) - np.eye(3)[labels]
    yield (
        "U moves against its gradient, codes^T (softmax - 1 at the label), in the mean over the signals.",
        same(found[2], U - t * codes.T @ wrong / 8),
    )
    g = (wrong @ U.T) * (codes > 0) / 8
    yield (
        "D moves against X^T times the gradient in the codes, which is zero where a code is zero.",
        same(found[0], D - t * X.T @ g),
    )
    yield (
        "A threshold is minus a bias, so beta moves along the summed gradient.",
        (same(found[1], beta + t * g.sum(0))),
    )


# --- 5.4 to 5.8: least squared error, learned pursuits, robustness, architectures, denoising


def implicit_gradients(function):
    """``my_implicit_gradients(D, y, z, g)``: a dictionary (n, m), a signal (n,), the solution z (m,) of basis
    pursuit, and the gradient g of a loss in z; gives the gradients in D and in y."""
    rng = np.random.default_rng(0)
    D, y, g = rng.standard_normal((8, 12)), rng.standard_normal(8), rng.standard_normal(12)
    z, on = np.zeros(12), [1, 4, 9]
    z[on] = [0.7, -0.4, 1.1]
    found = [np.asarray(a) for a in function(D.copy(), y.copy(), z.copy(), g.copy())]
    yield "There are two gradients, in the shapes of D and y.", [a.shape for a in found] == [(8, 12), (8,)]
    passed = np.zeros(12)
    passed[on] = np.linalg.solve(D[:, on].T @ D[:, on], g[on])
    yield "Atoms off the support receive no gradient.", not found[0][:, z == 0].any()
    yield (
        "The gradient in y is D_S (D_S^T D_S)^-1 g_S, with the entries of g on the support.",
        same(found[1], D @ passed),
    )
    yield (
        "The gradient in D has the residual's part and, with a minus, that of the synthesis.",
        same(found[0], np.outer(y - D @ z, passed) - np.outer(D @ passed, z)),
    )
