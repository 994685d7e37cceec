"""Judges of Part 3: global pursuits by local work."""

import numpy as np

from .compare import same


def local_ista(function):
    """``my_local_ista(D_L, y, lam, c, steps)``: filters (n, m), a signal (N,) on the circle, the weight of
    the l1 norm, ISTA's constant and how many steps to take from zero; gives the code (N, m), one row for each
    needle."""
    D_L, y, _ = _example(0)
    lam, c = 0.3, 1.1 * _lipschitz(D_L, len(y))
    alpha = np.asarray(function(D_L, y, lam, c, 1))
    yield "The code has one needle of m entries for each of the N positions.", alpha.shape == (20, 3)
    correlations = _patches(y, 5) @ D_L
    yield (
        "The first needles are (1/c) D_L^T R_i y, soft-thresholded at lam / c.",
        same(alpha, _soft(correlations / c, lam / c)),
    )
    expected = _ista(D_L, y, lam, c, 2)
    alpha = np.asarray(function(D_L, y, lam, c, 2))
    yield (
        "The residual is that of the whole signal: the slices of all positions are added.",
        same(alpha, expected),
    )
    expected = _ista(D_L, y, lam, c, 50)
    yield "After 50 steps the code is that of global ISTA.", same(function(D_L, y, lam, c, 50), expected)


def slice_update(function):
    """``my_slice_update(y, coded, u, rho)``: a signal (N,) on the circle, the coded slices D_L alpha_i
    (N, n), the multipliers (N, n) and the penalty; gives the slices (N, n) of step 2 of slice-ADMM."""
    rng = np.random.default_rng(0)
    y, nothing, rho = rng.standard_normal(12), np.zeros((12, 4)), 1.5
    s = np.asarray(function(y, nothing, nothing, rho))
    yield "There is one slice of n samples for each of the N positions.", s.shape == (12, 4)
    yield (
        "With nothing coded each slice gets its patch of y, divided by rho + n.",
        same(s, _patches(y, 4) / (rho + 4)),
    )
    coded = rng.standard_normal((12, 4))
    explained = _aggregate(coded)
    s = np.asarray(function(explained, coded, nothing, rho))
    yield "Where the coded slices add up to the signal, the slices are the coded ones.", same(s, coded)
    u = rng.standard_normal((12, 4))
    s = np.asarray(function(y, coded, u, rho))
    Z = _aggregate(coded - u)
    yield "The multipliers are subtracted.", same(s, coded - u + _patches(y - Z, 4) / (rho + 4))
    pull = _patches(y - _aggregate(s), 4)
    yield (
        "The gradient vanishes: rho (s_i - D_L alpha_i + u_i) = R_i (y - sum).",
        same(rho * (s - coded + u), pull),
    )


def filter_gradient(function):
    """``my_filter_gradient(D_L, y, alpha)``: filters (n, m), a signal (N,) on the circle and its code (N, m);
    gives the gradient (n, m) of ``||y - sum_i R_i^T D_L alpha_i||^2 / 2`` with respect to the filters."""
    D_L, y, alpha = _example(1)
    gradient = np.asarray(function(D_L, y, alpha))
    yield "The gradient has the shape of the filters.", gradient.shape == D_L.shape
    x = _aggregate(alpha @ D_L.T)
    yield (
        "It is zero where the code explains the signal.",
        float(np.abs(function(D_L, x, alpha)).max()) < 1e-9,
    )
    down = [((y - _aggregate(alpha @ F.T)) ** 2).sum() for F in (D_L, D_L - 1e-4 * gradient)]
    yield "A small step against the gradient lowers the misfit.", down[1] < down[0]
    E = np.random.default_rng(2).standard_normal(D_L.shape)
    ends = [((y - _aggregate(alpha @ (D_L + t * E).T)) ** 2).sum() / 2 for t in (1e-4, -1e-4)]
    yield (
        "It is the slope of half the squared misfit in every direction.",
        same((gradient * E).sum(), (ends[0] - ends[1]) / 2e-4),
    )


def _example(seed, N=20, n=5, m=3):
    """Unit filters, a signal and a code with a third of its entries."""
    rng = np.random.default_rng(seed)
    D_L = rng.standard_normal((n, m))
    D_L /= np.linalg.norm(D_L, axis=0)
    alpha = rng.standard_normal((N, m)) * (rng.random((N, m)) < 1 / 3)
    return D_L, _aggregate(alpha @ D_L.T) + 0.3 * rng.standard_normal(N), alpha


def _places(N, n):
    return (np.arange(N)[:, None] + np.arange(n)) % N


def _patches(x, n):
    return x[_places(len(x), n)]


def _aggregate(p):
    x = np.zeros(len(p))
    np.add.at(x, _places(*p.shape), p)
    return x


def _dense(D_L, N):
    """The whole dictionary (N, N m), the atoms of one position next to each other."""
    n, m = D_L.shape
    D = np.zeros((N, N, m))
    for i in range(N):
        D[(i + np.arange(n)) % N, i] = D_L
    return D.reshape(N, N * m)


def _lipschitz(D_L, N):
    return float(np.linalg.norm(_dense(D_L, N), 2)) ** 2


def _soft(z, beta):
    return np.sign(z) * np.maximum(np.abs(z) - beta, 0)


def _ista(D_L, y, lam, c, steps):
    """Global ISTA with the dense dictionary, which forms no patch."""
    D = _dense(D_L, len(y))
    gamma = np.zeros(D.shape[1])
    for _ in range(steps):
        gamma = _soft(gamma + D.T @ (y - D @ gamma) / c, lam / c)
    return gamma.reshape(len(y), -1)


# --- inpainting, detection, music, denoising ------------------------------------------------------


def masked_ista(function):
    """``my_masked_ista(D, y, mask, lam, steps)``: a dictionary (n, m), a signal (n,), a mask (n,) of ones
    where a sample is seen and zeros where it is missing, the weight of the l1 norm and a number of steps;
    gives the code (m,) after so many steps of ISTA from zero; c is the largest eigenvalue of D^T D."""
    rng = np.random.default_rng(0)
    D = rng.standard_normal((20, 30))
    D /= np.linalg.norm(D, axis=0)
    y = rng.standard_normal(20)
    mask = (np.arange(20) % 3 > 0) * 1.0
    c = np.linalg.norm(D, 2) ** 2
    gamma = np.asarray(function(D, y, mask, 0.1, 1))
    yield "The code has one entry per atom.", gamma.shape == (30,)
    yield (
        "With nothing missing, the first step thresholds D^T y / c at lam / c.",
        same(function(D, y, 0 * mask + 1, 0.1, 1), _soft(D.T @ y / c, 0.1 / c)),
    )
    yield (
        "With nothing missing, the third step is that of ISTA.",
        same(function(D, y, 0 * mask + 1, 0.1, 3), _masked_ista(D, y, 1, 0.1, 3)),
    )
    changed = np.where(mask > 0, y, 100.0)
    yield (
        "What stands at the missing samples of y makes no difference.",
        same(function(D, changed, mask, 0.1, 5), function(D, y, mask, 0.1, 5)),
    )
    yield (
        "Missing samples do not count in the residual either, whatever D gamma is there.",
        same(function(D, y, mask, 0.1, 5), _masked_ista(D, y, mask, 0.1, 5)),
    )
    gamma = np.asarray(function(D, y, mask, 0.1, 3000))
    pull = D.T @ (mask * (y - D @ gamma))
    best = np.where(gamma != 0, pull - 0.1 * np.sign(gamma), np.maximum(np.abs(pull) - 0.1, 0))
    yield "After many steps the code is optimal.", float(np.abs(best).max()) < 1e-3


def _masked_ista(D, y, mask, lam, steps):
    c, gamma = np.linalg.norm(D, 2) ** 2, np.zeros(D.shape[1])
    for _ in range(steps):
        gamma = _soft(gamma + D.T @ (mask * (y - D @ gamma)) / c, lam / c)
    return gamma


def find_pattern(function):
    """``my_find_pattern(d, y, count)``: a pattern (n,) of norm one, a signal (N,) and a number of
    occurrences; gives their first samples (count,), integers in the order in which they are found: the place
    of the largest correlation in absolute value, whose share is subtracted before the next is sought."""
    rng = np.random.default_rng(1)
    d = rng.standard_normal(8)
    d /= np.linalg.norm(d)
    y = np.zeros(60)
    for i, a in ((5, -3.0), (30, 2.5)):
        y[i : i + 8] += a * d
    yield "With count = 1 there is one place.", np.shape(function(d, y, 1)) == (1,)
    first = np.asarray(function(d, np.abs(y[30]) / y[30] * y[20:], 1))
    yield "A pattern that is alone is found at its first sample.", first.tolist() == [10]
    found = _found_places(function(d, y, 2))
    yield "The strongest comes first, also where its sign is negative.", found == [5, 30]
    d = np.ones(8) / 8**0.5
    y = np.zeros(60)
    for i, a in ((20, 3.0), (40, 1.0)):
        y[i : i + 8] += a * d
    yield (
        "A strong occurrence is subtracted: its neighbours, which resemble it, are not found again.",
        _found_places(function(d, y, 2)) == [20, 40],
    )
    d = 2 * d
    d /= np.linalg.norm(d)
    y[48:56] -= 2.5 * d
    yield (
        "What is subtracted is the correlation times the pattern, so that three of different size are found.",
        _found_places(function(d, y, 3)) == [20, 48, 40],
    )


def _found_places(found):
    return np.asarray(found).tolist()


def learn_template(function):
    """``my_learn_template(v, gamma, n)``: a signal (N + n - 1,), a code (N,) of one atom and the atom's
    length; gives the atom (n,) whose convolution with the code is nearest to the signal."""
    rng = np.random.default_rng(0)
    atom = np.array([3.0, 2.0, 1.0, -1.0])
    gamma = np.zeros(12)
    gamma[5] = 2.0
    found = np.asarray(function(np.convolve(gamma, atom), gamma, 4))
    yield "The atom has n samples.", found.shape == (4,)
    yield (
        "From one note, the atom is what sounds from its onset on, divided by its strength.",
        same(found, atom),
    )
    gamma[[7, 8]] = 1.0, -0.5
    yield (
        "Where notes overlap, their contributions are told apart.",
        same(function(np.convolve(gamma, atom), gamma, 4), atom),
    )
    v = np.convolve(gamma, atom) + rng.standard_normal(15)
    found = np.asarray(function(v, gamma, 4))
    shifts = np.stack([np.convolve(gamma, one) for one in np.eye(4)], axis=1)
    yield (
        "With noise, the error is orthogonal to all shifts of the code: least squares.",
        bool(np.abs(shifts.T @ (v - shifts @ found)).max() < 1e-6),
    )


def cycle_spinning(function):
    """``my_cycle_spinning(y, n, estimate)``: a signal (N,), the length of a block and a function from a block
    (n,) to its estimate (n,); gives the average (N,), at each sample over the shifts that cover it, of the
    estimates of whole blocks at all n shifts of the grid."""
    y = np.random.default_rng(0).standard_normal(21)
    found = np.asarray(function(y, 4, lambda block: block))
    yield "The result has as many samples as the signal.", found.shape == (21,)
    yield (
        "If blocks are their own estimates, so is the signal: divide by the shifts that cover a sample.",
        same(found, y),
    )

    def mean(block):
        return 0 * block + block.mean()

    inside = np.s_[3:-3]
    yield (
        "Inside, blockwise means are averaged over all n shifts.",
        same(np.asarray(function(y, 4, mean))[inside], _all_patches(y, 4, mean)[inside]),
    )
    yield "At the ends as well.", same(function(y, 4, mean), _all_patches(y, 4, mean))

    def largest(block):
        return np.where(np.abs(block) == np.abs(block).max(), block, 0)

    yield (
        "For any estimate the result is the average of all overlapping patches.",
        same(function(y, 5, largest), _all_patches(y, 5, largest)),
    )


def _all_patches(y, n, estimate):
    total, count = np.zeros(len(y)), np.zeros(len(y))
    for i in range(len(y) - n + 1):
        total[i : i + n] += estimate(y[i : i + n])
        count[i : i + n] += 1
    return total / count
