"""Judges of Part 2: convolutional dictionaries, stripes and local sparsity."""

import numpy as np

from .compare import same


def _shifted(atom, i, N):
    """An atom (n,) put at entry i of a circle of N."""
    return np.roll(np.pad(atom, (0, N - len(atom))), i)


def _spike(N, m, *spikes):
    gamma = np.zeros((N, m))
    for i, a, height in spikes:
        gamma[i, a] = height
    return gamma


def synthesis(function):
    """``my_synthesis(filters, gamma)``: filters (n, m) and a code (N, m) on the circle; gives the signal
    (N,)."""
    rng = np.random.default_rng(0)
    filters, N = rng.standard_normal((4, 2)), 10
    x = np.asarray(function(filters, _spike(N, 2, (3, 0, 1.0))))
    yield "The signal has one entry per position of the code.", x.shape == (N,)
    yield (
        "A spike of height 1 at position 3 puts its filter on the entries 3, 4, 5 and 6, in this order.",
        same(x, _shifted(filters[:, 0], 3, N)),
    )
    yield (
        "A copy that starts near the end of the circle goes on at its beginning.",
        same(function(filters, _spike(N, 2, (8, 1, 1.0))), _shifted(filters[:, 1], 8, N)),
    )
    yield (
        "The copy is as tall as its spike, with the sign of the spike.",
        same(function(filters, _spike(N, 2, (2, 1, -2.0))), -2 * _shifted(filters[:, 1], 2, N)),
    )
    gamma = rng.standard_normal((N, 2))
    total = sum(gamma[i, a] * _shifted(filters[:, a], i, N) for i in range(N) for a in range(2))
    yield "Where copies overlap, they are added.", same(function(filters, gamma), total)


def correlations(function):
    """``my_correlations(filters, x)``: filters (n, m) and a signal (N,) on the circle; gives the inner
    product of the signal with every filter at every position, (N, m)."""
    rng = np.random.default_rng(0)
    filters, N = rng.standard_normal((4, 2)), 10
    found = np.asarray(function(filters, _shifted(filters[:, 0], 3, N)))
    yield "There is one number per position and filter.", found.shape == (N, 2)
    yield (
        "Where the signal is a copy of a filter, the entry is the squared norm of that filter.",
        same(found[3, 0], filters[:, 0] @ filters[:, 0]),
    )
    spike = np.zeros(N)
    spike[4] = 1
    yield (
        "A filter at position i meets the entries i, i + 1, ..., and not those before i.",
        same(np.asarray(function(filters, spike))[1:5], filters[::-1]),
    )
    x = rng.standard_normal(N)
    found = np.asarray(function(filters, x))
    expected = np.array([[x @ _shifted(filters[:, a], i, N) for a in range(2)] for i in range(N)])
    yield "Filters inside the signal meet the right entries.", same(found[:7], expected[:7])
    yield (
        "A filter near the end of the circle meets the entries at its beginning.",
        same(found[7:], expected[7:]),
    )


def stripe_dictionary(function):
    """``my_stripe_dictionary(filters)``: filters (n, m); gives Omega, (n, (2 n - 1) m), its blocks of m
    columns in the order of the positions, from n - 1 before the patch to n - 1 after its first sample."""
    filters = np.random.default_rng(0).standard_normal((4, 3))
    n, m = filters.shape
    omega = np.asarray(function(filters))
    yield (
        "There are n rows, and m columns for each of 2 n - 1 positions.",
        omega.shape == (n, (2 * n - 1) * m),
    )
    blocks = omega.reshape(n, 2 * n - 1, m).swapaxes(0, 1)
    yield "The block in the middle holds the filters, whole.", same(blocks[n - 1], filters)
    yield (
        "What leaves the patch is cut off: it does not come back at the other side.",
        all(
            np.count_nonzero(block) == m * (n - abs(s))
            for s, block in zip(range(1 - n, n), blocks, strict=True)
        ),
    )
    yield (
        "In the first block only the last sample of each filter is left, in the first row.",
        same(blocks[0][0], filters[-1]),
    )
    padded = np.pad(filters, ((n - 1, n - 1), (0, 0)))
    expected = [padded[n - 1 - s : 2 * n - 1 - s] for s in range(1 - n, n)]
    yield "Each block is the one before it, moved by one sample.", same(blocks, np.array(expected))


def convolutional_coherence(function):
    """``my_convolutional_coherence(filters)``: filters (n, m) with unit columns, on a circle that is long;
    gives the largest correlation of two different atoms, in absolute value."""
    one = np.array([[0.6], [0.8]])
    yield (
        "The shifts of a single filter count: (0.6, 0.8) and its neighbour share one sample.",
        same(function(one), 0.48),
    )
    two = np.array([[1.0, 0.8], [0.0, 0.6]])
    yield "Two filters at the same position count as well.", same(function(two), 0.8)
    yield (
        "An atom is not compared with itself, so orthogonal atoms have coherence 0.",
        abs(float(function(np.array([[1.0], [0.0], [0.0]])))) < 1e-9,
    )
    sign = np.array([[0.6], [-0.8]])
    yield "Correlations count in absolute value.", same(function(sign), 0.48)
    filters = np.random.default_rng(0).standard_normal((6, 3))
    filters /= np.linalg.norm(filters, axis=0)
    atoms = np.array([_shifted(d, i, 20) for d in filters.T for i in range(20)])
    expected = np.abs(atoms @ atoms.T - np.eye(len(atoms))).max()
    yield "All pairs of filters at all shifts were compared.", same(function(filters), expected)


def l0_inf(function):
    """``my_l0_inf(gamma, n)``: a code (N, m) on the circle and the length of the filters; gives the number
    of non-zeros in the fullest stripe."""
    yield "A code with one spike has one.", function(_spike(30, 2, (10, 0, 1.0)), 4) == 1
    yield (
        "The height does not matter, only whether it is zero.",
        function(_spike(30, 2, (10, 1, -2.5)), 4) == 1,
    )
    yield (
        "Spikes at a distance of 2 n - 2 lie together in one stripe.",
        function(_spike(30, 2, (10, 0, 1.0), (16, 0, 1.0)), 4) == 2,
    )
    yield (
        "Spikes at a distance of 2 n - 1 lie together in none.",
        function(_spike(30, 2, (10, 0, 1.0), (17, 0, 1.0)), 4) == 1,
    )
    yield (
        "Two spikes in the same needle count twice.",
        function(_spike(30, 2, (10, 0, 1.0), (10, 1, 1.0)), 4) == 2,
    )
    yield (
        "The stripes go round the circle.",
        function(_spike(30, 2, (28, 0, 1.0), (1, 0, 1.0), (3, 1, 1.0)), 4) == 3,
    )


def stripe_coherence(function):
    """``my_stripe_coherence(gamma, mu_s)``: a code (N, m) on the circle and the shifted coherences
    (2 n - 1,) of the shifts -(n - 1), ..., n - 1; gives zeta of each stripe, (N,)."""
    mu_s = np.array([0.1, 0.2, 0.4, 0.3, 0.4, 0.2, 0.1])
    zeta = np.asarray(function(_spike(20, 2, (9, 0, 1.0)), mu_s))
    yield "There is one number per stripe.", zeta.shape == (20,)
    yield "A spike counts with mu_0 in the stripe of its own position.", same(zeta[9], 0.3)
    yield (
        "It counts with mu_s in a stripe at distance s, and not at all from n on.",
        same(zeta[5:14], [0, *mu_s, 0]),
    )
    yield (
        "The height of a spike does not matter.",
        same(function(_spike(20, 2, (9, 0, -2.5)), mu_s), zeta),
    )
    yield (
        "Two spikes in the same needle count twice.",
        same(function(_spike(20, 2, (9, 0, 1.0), (9, 1, 1.0)), mu_s), 2 * zeta),
    )
    yield (
        "The stripes go round the circle.",
        same(function(_spike(20, 2, (0, 0, 1.0)), mu_s), np.roll(zeta, -9)),
    )


def wilson(function):
    """``my_wilson(successes, trials)``: how many of the trials succeeded; gives the two ends (low, high) of
    Wilson's interval for the rate, with z = 1.96."""
    z2 = 1.96**2
    ends = np.asarray(function(20, 40), dtype=float)
    yield "There are two ends, low and high.", ends.shape == (2,) and ends[0] < ends[1]
    yield "Half of the trials: the interval is symmetric about 0.5.", same(ends.mean(), 0.5)
    yield (
        "40 of 40: the lower end is 40 / (40 + 1.96^2), and not 1.",
        same(function(40, 40)[0], 40 / (40 + z2)),
    )
    yield "40 of 40: the upper end is 1.", same(function(40, 40)[1], 1.0)
    low, high = function(10, 40)
    yield (
        "At each end p the observed rate is 1.96 standard deviations sqrt(p (1 - p) / n) away.",
        all(same((0.25 - p) ** 2, z2 * p * (1 - p) / 40) for p in (low, high)),
    )


def local_noise(function):
    """``my_local_noise(e, n)``: noise (N,) on the circle and the length of a patch; gives the number
    ``max_i ||R_i e||_2``."""
    spike = np.zeros(12)
    spike[5] = -3.0
    yield "One sample of -3 alone: the answer is 3.", same(function(spike, 4), 3.0)
    e = np.random.default_rng(0).standard_normal(30)
    yield "With n = 1 it is the largest magnitude.", same(function(e, 1), np.abs(e).max())
    pair = np.zeros(12)
    pair[[4, 7]] = 3.0, 4.0
    yield (
        "3 and 4, three samples apart: a patch of 4 holds both, and the answer is 5.",
        same(function(pair, 4), 5.0),
    )
    yield "For patches of 3 they are too far apart, and the answer is 4.", same(function(pair, 3), 4.0)
    ends = np.zeros(12)
    ends[[0, 11]] = 3.0, 4.0
    yield "Patches wrap around: the last sample and the first are neighbours.", same(function(ends, 2), 5.0)
    found = max(np.linalg.norm(np.roll(e, -i)[:7]) for i in range(30))
    yield "It is right for random noise.", same(function(e, 7), found)


def minimises(function):
    """``my_minimises(D, y, gamma, lam)``: a dictionary (n, m), a signal (n,), a code (m,) and the weight of
    the l1 norm; says whether the code minimises ``||y - D gamma||^2 / 2 + lam ||gamma||_1``, up to 1e-6
    ``lam`` in the correlations."""
    rng = np.random.default_rng(0)
    D = rng.standard_normal((40, 12))
    D /= np.linalg.norm(D, axis=0)
    y, zero = rng.standard_normal(40), np.zeros(12)
    most = np.abs(D.T @ y).max()
    yield "A weight over all correlations: the zero code minimises.", bool(function(D, y, zero, 1.1 * most))
    yield "A weight below some correlation: the zero code does not.", not function(D, y, zero, 0.5 * most)
    gamma, lam = zero.copy(), 0.2
    gamma[[1, 6]] = 2.0, -1.0
    support = gamma != 0
    A = D[:, support]
    pull = A @ np.linalg.solve(A.T @ A, np.sign(gamma[support]))  # correlates with the atoms by their signs
    x = D @ gamma
    yield (
        "A code whose residual correlates by lam with its atoms minimises.",
        bool(function(D, x + lam * pull, gamma, lam)),
    )
    yield (
        "Small correlations are not enough: on the support they must equal lam in magnitude.",
        not function(D, x, gamma, lam),
    )
    yield (
        "Their sign must be that of the coefficient.",
        not function(D, x - lam * pull, gamma, lam),
    )
    yield (
        "Off the support they may not exceed lam.",
        not function(D, x + lam * pull + 2 * lam * _outside(A, D[:, 0]), gamma, lam),
    )


def _outside(A, d):
    """A vector that does not correlate with the columns of A, and by one with d."""
    rest = d - A @ np.linalg.lstsq(A, d, rcond=None)[0]
    return rest / (rest @ d)
