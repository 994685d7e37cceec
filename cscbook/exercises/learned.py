"""Judges of Part 5: optimal estimates, learned pursuits, robustness, architectures."""

import numpy as np

from .compare import same


def _unit_columns(rng, n, m):
    D = rng.standard_normal((n, m))
    return D / np.linalg.norm(D, axis=0)


def _soft(z, beta):
    return np.sign(z) * np.maximum(np.abs(z) - beta, 0)


def mmse_shrinkage(function):
    """``my_mmse_shrinkage(b, p, sigma_x, sigma_nu)``: observed coefficients (n,), the probability of a
    non-zero, the standard deviations of non-zeros and of the noise; gives the estimates (n,)."""
    b, p, sigma_x, sigma_nu = np.array([-1.5, -0.6, -0.1, 0.0, 0.3, 0.6, 2.0]), 0.1, 1.5, 0.3
    kappa = sigma_x**2 / (sigma_x**2 + sigma_nu**2)
    found = np.asarray(function(b, p, sigma_x, sigma_nu), float)
    yield "There is one estimate per coefficient.", found.shape == b.shape
    yield (
        "Zero stays zero, and opposite signs give opposite estimates.",
        same(found, -np.asarray(function(-b, p, sigma_x, sigma_nu))),
    )
    yield (
        "No estimate is larger in magnitude than that of the oracle, kappa b.",
        bool((np.abs(found) <= kappa * np.abs(b) + 1e-9).all()),
    )
    large = np.asarray(function(np.array([4.0]), p, sigma_x, sigma_nu), float)
    yield (
        "A large coefficient is multiplied by kappa, not kept as it is.",
        same(large, kappa * np.array([4.0]), 1e-4),
    )
    wide = np.exp(-(b**2) / 2 / (sigma_x**2 + sigma_nu**2)) / np.sqrt(sigma_x**2 + sigma_nu**2)
    narrow = np.exp(-(b**2) / 2 / sigma_nu**2) / sigma_nu
    odds = p * wide / ((1 - p) * narrow)
    yield (
        "The weight of the non-zero is its probability given b, q / (1 + q).",
        same(found, odds / (1 + odds) * kappa * b),
    )


def resonance(function):
    """``my_resonance(D, y, noises)``: a dictionary (n, m) with unit columns, a signal (n,) and disturbances
    (n, draws), one in each column; gives the mean code (m,)."""
    rng = np.random.default_rng(0)
    D, y = _unit_columns(rng, 12, 20), rng.standard_normal(12)
    seen = D.T @ y
    best = int(np.argmax(np.abs(seen)))
    found = np.asarray(function(D, y, np.zeros((12, 3))), float)
    yield "The code has one entry per atom.", found.shape == (20,)
    yield (
        "Without disturbance the atom is the one that correlates most, in absolute value.",
        np.flatnonzero(found).tolist() == [best],
    )
    yield (
        "Three equal draws give the same code as one: it is a mean and no sum.",
        same(found[best], seen[best]),
    )
    other = (best + 1) % 20
    found = np.asarray(function(D, y, 100 * D[:, [other]]), float)
    yield "The disturbance chooses the atom.", np.flatnonzero(found).tolist() == [other]
    yield (
        "The coefficient is that of the original signal, without the disturbance.",
        same(found[other], seen[other]),
    )
    noises = rng.standard_normal((12, 50))
    chosen = np.argmax(np.abs(D.T @ (y[:, None] + noises)), axis=0)
    share = np.bincount(chosen, minlength=20) / 50
    yield "Each atom counts as often as it was chosen.", same(function(D, y, noises), share * seen)


def _lista_example():
    rng = np.random.default_rng(0)
    D, y = _unit_columns(rng, 10, 16), rng.standard_normal(10)
    c = np.linalg.norm(D, 2) ** 2
    return rng, D.T / c, np.eye(16) - D.T @ D / c, y, 0.5 / c


def _lista(W, S, betas, y):
    z = np.zeros(len(S))
    for beta in betas:
        z = _soft(W @ y + S @ z, beta)
    return z


def lista(function):
    """``my_lista(W, S, betas, y)``: matrices (m, n) and (m, m), thresholds (steps, m), a row for each step,
    and a signal (n,); gives the code (m,) after all steps from zero."""
    rng, W, S, y, beta = _lista_example()
    z = np.asarray(function(W, S, np.full((1, 16), beta), y), float)
    yield "The code has one entry per atom.", z.shape == (16,)
    yield "After one step it is soft(W y, beta).", same(z, _soft(W @ y, beta))
    betas = np.full((5, 16), beta)
    yield (
        "In the next step W y is added to S z before the threshold.",
        same(function(W, S, betas[:2], y), _lista(W, S, betas[:2], y)),
    )
    yield (
        "With equal thresholds and ISTA's matrices, five steps are five of ISTA.",
        same(function(W, S, betas, y), _lista(W, S, betas, y)),
    )
    betas = betas * rng.uniform(0.5, 2, (5, 1))
    yield "Each step uses its own row of thresholds.", same(function(W, S, betas, y), _lista(W, S, betas, y))
    betas = betas * rng.uniform(0.5, 2, (5, 16))
    yield "Each atom has its own threshold.", same(function(W, S, betas, y), _lista(W, S, betas, y))


def lista_gradient(function):
    """``my_lista_gradient(W, S, beta, y, gamma)``: matrices (m, n) and (m, m), thresholds (m,), a signal (n,)
    and the code (m,) to predict; gives the gradients with respect to W and S of ``||z - gamma||^2 / 2`` for
    the code z of *two* steps from zero."""
    rng, W, S, y, beta = _lista_example()
    W, S = W + 0.05 * rng.standard_normal(W.shape), S + 0.05 * rng.standard_normal(S.shape)
    beta, gamma = np.full(16, beta), 0.3 * rng.standard_normal(16)

    def loss(W, S):
        return ((_lista(W, S, [beta, beta], y) - gamma) ** 2).sum() / 2

    def slope(at):  # by central differences, entry by entry
        found = np.zeros_like((W, S)[at])
        for place in np.ndindex(*found.shape):
            step = np.zeros_like(found)
            step[place] = 1e-6
            arrays = [[W, S], [W, S]]
            arrays[0][at], arrays[1][at] = arrays[0][at] + step, arrays[1][at] - step
            found[place] = (loss(*arrays[0]) - loss(*arrays[1])) / 2e-6
        return found

    found = function(W, S, beta, y, gamma)
    yield "It gives two arrays, in the shapes of W and S.", [np.shape(g) for g in found] == [W.shape, S.shape]
    g_W, g_S = (np.asarray(g, float) for g in found)
    z = _lista(W, S, [beta, beta], y)
    yield (
        "A row of the gradient of S is zero where the threshold stopped the entry in the second step.",
        not g_S[z == 0].any(),
    )
    yield "The gradient of S holds (z - gamma) times the code of the first step.", same(g_S, slope(1), 1e-5)
    yield (
        "The gradient of W adds what comes through both steps, the first by way of S transposed.",
        same(g_W, slope(0), 1e-5),
    )


def worst_noise(function):
    """``my_worst_noise(D, support, w, eps)``: a dictionary (n, m), the indices of the support, a classifier
    (m,) and the norm of the noise; gives the noise (n,) that raises ``w @ gamma`` most, for the least-squares
    code gamma on the support."""
    rng = np.random.default_rng(0)
    D, w, support = _unit_columns(rng, 20, 30), rng.standard_normal(30), [3, 8, 21]
    back = np.linalg.pinv(D[:, support])
    e = np.asarray(function(D, support, w, 0.5), float)
    yield "The noise has one entry per sample.", e.shape == (20,)
    yield "Its norm is eps.", same(np.linalg.norm(e), 0.5)
    yield (
        "It is a combination of the atoms of the support: what is orthogonal to them moves nothing.",
        same(D[:, support] @ (back @ e), e),
    )
    raised = float(w[support] @ (back @ e))
    yield "It raises the score and does not lower it.", raised > 0
    most = 0.5 * np.linalg.norm(back.T @ w[support])
    yield "No noise of this norm raises the score more.", raised > (1 - 1e-9) * most


def attack(function):
    """``my_attack(gradient, x, eps, steps)``: a function that gives the loss's gradient (n,) at a signal,
    a signal (n,), the norm of the noise and a number of steps; gives the noise (n,). The first step is
    ``eps g / ||g||``; each later one adds ``eps / 2`` times the unit gradient at ``x + e`` and scales the
    result back to norm eps."""
    rng = np.random.default_rng(0)
    M, x = rng.standard_normal((6, 6)), rng.standard_normal(6)
    M = M @ M.T

    def unit(g):
        return g / np.linalg.norm(g)

    def gradient(z):
        return M @ z

    e = np.asarray(function(gradient, x, 0.7, 1), float)
    yield "The noise has one entry per sample.", e.shape == (6,)
    yield "After one step its norm is eps.", same(np.linalg.norm(e), 0.7)
    yield "The first step goes along the gradient, where the loss grows.", same(e, 0.7 * unit(M @ x))
    second = 0.7 * unit(e + 0.35 * unit(M @ (x + e)))
    found = np.asarray(function(gradient, x, 0.7, 2), float)
    yield "After two steps its norm is eps again.", same(np.linalg.norm(found), 0.7)
    yield "The second gradient is taken at x + e.", same(found, second)
    third = 0.7 * unit(second + 0.35 * unit(M @ (x + second)))
    yield "Three steps take three gradients.", same(function(gradient, x, 0.7, 3), third)


def residual_block(function):
    """``my_residual_block(D, z, beta, c)``: a dictionary (n, n), the code (n,) of the layer before, a
    threshold and a constant; gives the code (n,) after one step of non-negative ISTA that starts at z, for
    the signal z."""
    rng = np.random.default_rng(0)
    D, z, beta = rng.standard_normal((12, 12)), np.maximum(rng.standard_normal(12), 0), 0.05
    c = np.linalg.norm(D, 2) ** 2
    found = np.asarray(function(D, z, beta, c), float)
    yield "The code has one entry per atom.", found.shape == (12,)
    yield "No entry is negative.", bool((found >= 0).all())
    yield (
        "With D = I nothing is left to explain: the code is max(z - beta, 0).",
        same(function(np.eye(12), z, beta, 1.0), np.maximum(z - beta, 0)),
    )
    yield (
        "With D = 0 the branch is zero as well, and the identity remains.",
        same(function(np.zeros((12, 12)), z, beta, 1.0), np.maximum(z - beta, 0)),
    )
    yield (
        "The branch is D^T (z - D z) / c, added to z.",
        same(found, np.maximum(z + D.T @ (z - D @ z) / c - beta, 0)),
    )


def dense_layer(function):
    """``my_dense_layer(F, z, beta)``: filters (n, m), a non-negative code (n,) and a threshold for the new
    atoms; gives the code (n + m,) of a layer of thresholding over [I, F]."""
    rng = np.random.default_rng(0)
    F, z = _unit_columns(rng, 8, 5), np.maximum(rng.standard_normal(8), 0)
    found = np.asarray(function(F, z, 0.2), float)
    yield "The code has n + m entries.", found.shape == (13,)
    yield "The first n entries hand the input on unchanged.", same(found[:8], z)
    yield (
        "The others are the correlations with F, less the threshold.",
        same(found[8:], np.maximum(F.T @ z - 0.2, 0)),
    )


def growth(function):
    """``my_growth(A, B, steps)``: dictionaries (n, m) and a number of multiplications; gives the factor by
    which the last multiplication by ``I - B^T A`` makes a vector longer, after ``steps - 1`` earlier ones."""
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((8, 8)))[0]

    def pair(values):
        return Q.T, (Q * values).T  # B^T A has these eigenvalues

    found = float(function(*pair(np.zeros(8)), 10))
    yield "With B = 0 nothing changes: the factor is one.", same(found, 1.0)
    values = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    yield (
        "Where all eigenvalues of B^T A lie between 0 and 1, nothing grows.",
        float(function(*pair(values), 50)) < 1,
    )
    yield (
        "The factor is then that of the smallest, 1 - 0.1.",
        same(float(function(*pair(values), 300)), 0.9, 1e-3),
    )
    values[3] = 2.5
    yield (
        "An eigenvalue of 2.5 makes differences longer, by |1 - 2.5|.",
        same(float(function(*pair(values), 300)), 1.5, 1e-3),
    )
    A, B = pair(values)
    A, B = np.vstack([A, np.ones((1, 8))]), np.vstack([B, np.zeros((1, 8))])
    yield "Signals may have more entries than codes.", same(float(function(A, B, 300)), 1.5, 1e-3)
    yield (
        "Normalised before each step, it stays finite after 5,000 of them.",
        same(float(function(A, B, 5000)), 1.5, 1e-3),
    )


def cscnet(function):
    """``my_cscnet(A, B, C, tau, y, steps)``: dictionaries (n, m), thresholds (m,), a signal (n,) and a number
    of steps; gives the signal ``C gamma`` (n,) after that many steps from zero."""
    rng = np.random.default_rng(0)
    A, B, C = (_unit_columns(rng, 10, 16) / 3 for _ in range(3))
    y, tau = rng.standard_normal(10), rng.uniform(0.02, 0.1, 16)
    found = np.asarray(function(A, B, C, tau, y, 1), float)
    gamma = _soft(B.T @ y, tau)
    yield "The result is a signal, with one entry per sample.", found.shape == (10,)
    yield "One step looks with B, thresholds softly, and draws with C.", same(found, C @ gamma)
    gamma = _soft(gamma - B.T @ (A @ gamma - y), tau)
    yield "The second step subtracts what A says is explained.", same(function(A, B, C, tau, y, 2), C @ gamma)
    for _ in range(3):
        gamma = _soft(gamma - B.T @ (A @ gamma - y), tau)
    yield "Five steps are five.", same(function(A, B, C, tau, y, 5), C @ gamma)


def running_mean(function):
    """``my_running_mean(codes)``: an iterable of codes; yields the mean of the first, of the first two, and
    so on."""
    rng = np.random.default_rng(3)
    codes = rng.standard_normal((6, 4, 2))
    found = [np.array(mean) for mean in function(iter(codes))]
    yield "There are as many means as codes.", len(found) == 6
    yield "The first mean is the first code.", same(found[0], codes[0])
    yield "The second is half the sum of two.", same(found[1], codes[:2].mean(axis=0))
    yield "The last is the mean of all.", same(found[-1], codes.mean(axis=0))
    kept = list(function(iter(codes)))
    yield "A mean that was yielded does not change afterwards.", same(kept[0], codes[0])


def batch_norm(function):
    """``my_batch_norm(z)``: correlations (p, positions, m) of a batch; gives each channel with mean zero and
    standard deviation one."""
    z = np.random.default_rng(4).standard_normal((5, 7, 3)) * np.array([1.0, 10.0, 0.1]) + 2
    found = np.asarray(function(z), float)
    yield "The shape stays.", found.shape == z.shape
    yield (
        "Each channel has the mean zero, over batch and positions.",
        same(1 + found.mean((0, 1)), np.ones(3)),
    )
    yield "Each channel has the standard deviation one.", same(found.std((0, 1)), np.ones(3), 1e-4)
    yield (
        "The mean and the deviation are those of the whole batch, so that signals keep their differences.",
        same(found, (z - z.mean((0, 1))) / z.std((0, 1)), 1e-4),
    )
    yield "Another unit and another zero change nothing.", same(function(7 * z + 3), found, 1e-4)
