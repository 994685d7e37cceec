"""The classical theorems: their closed forms, and the pursuits and exhaustive search that must obey them."""

import itertools
import math

import numpy as np
import pytest
from scipy.linalg import hadamard

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    basis_pursuit_equality,
    bp_error_bound,
    bp_noise_level,
    coherence,
    dense,
    duality_gap,
    l0,
    l0_inf_stripe,
    l2_inf_patch,
    local_count,
    low_coherence_dictionary,
    margin_bound,
    normalize,
    omp,
    omp_error_bound,
    omp_noise_level,
    random_code,
    random_dictionary,
    shifted_coherence,
    sparsest_error_bound,
    stripe_coherence,
    stripe_coherence_level,
    stripe_rip,
    stripes,
    thresholding_level,
    thresholding_noise_level,
    to_numpy,
    uniqueness_level,
    welch_bound,
)
from cscbook.theory.guarantees import stripe_rip_bound

MU = np.linspace(0.01, 1, 34)


def two_bases(n):
    """Spikes and square waves: two bases whose coherence ``1 / sqrt(n)`` is the smallest possible."""
    return np.hstack([np.eye(n), hadamard(n) / math.sqrt(n)])


def simplex(n):
    """``n + 1`` unit atoms in n dimensions that sum to zero; every pair has the inner product ``-1 / n``."""
    centred = np.eye(n + 1) - 1 / (n + 1)
    return normalize(np.linalg.svd(centred)[0][:, :n].T @ centred)


def planted(rng, m, k, p, low=None, high=None):
    """Codes (m, p) with k non-zeros at random places: Gaussian, or magnitudes from low to high."""
    gamma = np.zeros((m, p))
    for j in range(p):
        signs = rng.choice([-1.0, 1.0], k)
        gamma[rng.choice(m, k, replace=False), j] = (
            rng.standard_normal(k) if low is None else signs * rng.uniform(low, high, k)
        )
    return gamma


def imitation(rng, D, gamma, eps):
    """Noise of norm eps that looks like an atom which the code does not use: unkinder than white noise."""
    e = np.zeros((D.shape[0], gamma.shape[1]))
    for j in range(gamma.shape[1]):
        e[:, j] = eps * rng.choice([-1, 1]) * D[:, rng.choice(np.flatnonzero(gamma[:, j] == 0))]
    return e


def exhaustive(D, y, k):
    """All codes of at most k atoms that are least squares on their support, with their misfits."""
    for size in range(k + 1):
        for S in itertools.combinations(range(D.shape[1]), size):
            gamma = np.zeros(D.shape[1])
            gamma[list(S)] = np.linalg.lstsq(D[:, list(S)], y, rcond=None)[0] if S else 0
            yield gamma, np.linalg.norm(y - D @ gamma)


def separation(D, y, gamma):
    """The smallest ``|d^T y|`` on the support less the largest off it: thresholding needs it positive."""
    size = np.abs(D.T @ y)
    return np.where(gamma != 0, size, np.inf).min(axis=0) - np.where(gamma == 0, size, 0).max(axis=0)


# --- closed forms -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 4, 7, 12])
def test_the_level_is_half_of_the_fewest_dependent_atoms_of_a_simplex(n):
    D = simplex(n)
    assert coherence(D) == pytest.approx(1 / n)
    assert np.linalg.matrix_rank(D[:, :n]) == n and np.linalg.norm(D.sum(axis=1)) < 1e-12
    assert uniqueness_level(coherence(D)) == pytest.approx((n + 1) / 2)


def test_the_levels_agree_where_the_theorems_meet():
    for mu in MU:
        assert uniqueness_level(mu) == pytest.approx((1 + 1 / mu) / 2)
        assert thresholding_level(mu, 1.0) == pytest.approx(uniqueness_level(mu))
        assert thresholding_noise_level(mu, 0.4, 0.0, 2.0) == pytest.approx(thresholding_level(mu, 0.4))
        assert omp_noise_level(mu, 0.0, 0.3) == pytest.approx(uniqueness_level(mu))
        assert bp_noise_level(mu) == pytest.approx(2 / 3 * uniqueness_level(mu))
    assert uniqueness_level(1.0) == 1 and bp_noise_level(0.5) == 1


def test_equal_magnitudes_cost_thresholding_what_noise_costs_omp():
    for mu in MU:
        assert thresholding_noise_level(mu, 1.0, 0.1, 0.7) == pytest.approx(omp_noise_level(mu, 0.1, 0.7))


def test_one_atom_costs_only_its_noise():
    for mu in MU:
        assert omp_error_bound(1, mu, 0.3) == pytest.approx(0.09)
        assert omp_error_bound(5, mu, 0.0) in (0.0, math.inf)
    assert bp_error_bound(0.2) == pytest.approx(1.5)


def test_a_bound_is_finite_exactly_where_it_says_something():
    for k, mu in itertools.product(range(1, 12), MU):
        assert math.isfinite(omp_error_bound(k, mu, 0.1)) == ((k - 1) * mu < 1)
        assert math.isfinite(sparsest_error_bound(k, mu, 0.1)) == ((2 * k - 1) * mu < 1)
        if k < uniqueness_level(mu) * (1 - 1e-12):
            assert math.isfinite(sparsest_error_bound(k, mu, 0.1)), "below the uniqueness level it does"


@pytest.mark.parametrize("n, k", [(7, 1), (7, 3), (12, 4)])
def test_the_error_bounds_are_met_by_a_simplex(n, k):
    D, eps = simplex(n), 0.3
    mu = coherence(D)
    gamma, other = np.zeros(n + 1), np.zeros(n + 1)
    gamma[:k], other[k : 2 * k] = 1.0, -1.0
    x, z = D @ gamma, D @ other  # y half way between them is eps from both
    size = 2 * eps / np.linalg.norm(x - z)
    assert np.sum((size * (gamma - other)) ** 2) == pytest.approx(sparsest_error_bound(k, mu, eps))
    error = np.linalg.lstsq(D[:, :k], eps * x / np.linalg.norm(x), rcond=None)[0]
    assert np.sum(error**2) == pytest.approx(omp_error_bound(k, mu, eps))


def test_the_bp_constant_is_five_over_two_thirds():
    for mu in MU:
        k = bp_noise_level(mu)  # at the level, with lam = 4 eps: (lam + eps) / (1 - (k - 1) mu)
        assert (4 + 1) * 0.1 / (1 - (k - 1) * mu) <= bp_error_bound(0.1) * (1 + 1e-12)
    assert (4 + 1) / (1 - (bp_noise_level(1e-9) - 1) * 1e-9) == pytest.approx(bp_error_bound(1.0))


# --- monotonicity -------------------------------------------------------------------------------------------


def falls(values):
    return all(b <= a for a, b in itertools.pairwise(values)) and values[-1] < values[0]


def test_more_coherence_promises_less():
    for level in (
        uniqueness_level,
        bp_noise_level,
        lambda mu: thresholding_level(mu, 0.5),
        lambda mu: omp_noise_level(mu, 0.01, 1.0),
        lambda mu: thresholding_noise_level(mu, 0.5, 0.01, 1.0),
    ):
        assert falls([level(mu) for mu in MU])
    for bound in (omp_error_bound, sparsest_error_bound):
        assert falls([-bound(3, mu, 0.1) for mu in MU])


def test_more_noise_promises_less():
    noise = np.linspace(0, 1, 9)
    assert falls([omp_noise_level(0.1, eps, 1.0) for eps in noise])
    assert falls([thresholding_noise_level(0.1, 0.5, eps, 1.0) for eps in noise])
    for bound in (
        lambda eps: omp_error_bound(2, 0.1, eps),
        lambda eps: sparsest_error_bound(2, 0.1, eps),
        bp_error_bound,
    ):
        assert falls([-bound(eps) for eps in noise])


def test_more_atoms_and_a_wider_range_promise_less():
    for bound in (omp_error_bound, sparsest_error_bound):
        assert falls([-bound(k, 0.05, 0.1) for k in range(1, 30)])
        assert sparsest_error_bound(3, 0.05, 0.1) > omp_error_bound(3, 0.05, 0.1)
    assert falls([thresholding_level(0.1, ratio) for ratio in (1.0, 0.8, 0.3, 0.01)])
    assert falls([omp_noise_level(0.1, 0.1, smallest) for smallest in (10.0, 1.0, 0.1)])


# --- uniqueness: exhaustive search --------------------------------------------------------------------------


def test_any_atoms_below_twice_the_level_are_independent(rng):
    for D in (two_bases(4), two_bases(16)[:, ::2], simplex(6), normalize(rng.standard_normal((8, 10)))):
        mu = coherence(D)
        for k in range(1, 5):
            smallest = min(
                np.linalg.eigvalsh(D[:, S].T @ D[:, S])[0]
                for S in map(list, itertools.combinations(range(D.shape[1]), k))
            )
            assert smallest >= 1 - (k - 1) * mu - 1e-12, "Gershgorin, on which the error bounds rest"


@pytest.mark.parametrize("D", [two_bases(16), simplex(7)], ids=["two bases", "simplex"])
def test_below_the_level_the_sparsest_code_is_unique(rng, D):
    k = math.ceil(uniqueness_level(coherence(D)) - 1e-9) - 1
    assert k >= 2
    for gamma in planted(rng, D.shape[1], k, 8).T:
        for other, misfit in exhaustive(D, D @ gamma, k):
            assert misfit > 1e-9 or np.allclose(other, gamma)


def test_at_the_level_it_need_not_be():
    D = simplex(7)
    gamma = np.repeat([1.0, 0.0], 4)  # four of eight atoms, and the level is four
    other = gamma - 1
    assert np.count_nonzero(gamma) == pytest.approx(uniqueness_level(coherence(D)))
    assert np.count_nonzero(other) == 4 and np.allclose(D @ gamma, D @ other)
    comb = np.zeros(32)
    comb[[0, 4, 8, 12]], comb[16:20] = 1, -1  # four spikes are four square waves
    assert np.linalg.norm(two_bases(16) @ comb) < 1e-12


# --- noiseless recovery -------------------------------------------------------------------------------------


def test_omp_and_bp_recover_every_code_below_the_level():
    D = two_bases(16)  # level 2.5: all pairs of atoms, all signs, two ranges of magnitude
    gamma = []
    for i, j in itertools.combinations(range(32), 2):
        for sign, size in itertools.product((-1.0, 1.0), (1.0, 5.0)):
            code = np.zeros(32)
            code[i], code[j] = 1.0, sign * size
            gamma.append(code)
    gamma = np.stack(gamma, axis=1)
    np.testing.assert_allclose(omp(D, D @ gamma, k=2).gamma.toarray(), gamma, atol=1e-9)
    some = gamma[:, ::19]
    np.testing.assert_allclose(basis_pursuit_equality(D, D @ some).gamma, some, atol=1e-6)


def test_omp_and_bp_recover_random_codes_below_the_level(rng):
    D = two_bases(64)
    k = math.ceil(uniqueness_level(coherence(D))) - 1
    assert k == 4
    gamma = planted(rng, 128, k, 50)
    np.testing.assert_allclose(omp(D, D @ gamma, k=k).gamma.toarray(), gamma, atol=1e-8)
    np.testing.assert_allclose(basis_pursuit_equality(D, D @ gamma).gamma, gamma, atol=1e-6)


def test_at_the_level_omp_and_thresholding_meet_a_tie():
    D, gamma = simplex(7), np.repeat([1.0, 0.0], 4)
    assert separation(D, D @ gamma, gamma) == pytest.approx(0, abs=1e-12)
    assert separation(D, D @ np.repeat([1.0, 0.0], [3, 5]), np.repeat([1.0, 0.0], [3, 5])) > 0.1
    assert separation(D, D @ np.repeat([1.0, 0.0], [5, 3]), np.repeat([1.0, 0.0], [5, 3])) < -0.1


def test_a_conspiracy_above_the_level_defeats_them_all():
    D, gamma = two_bases(16), np.zeros(32)
    gamma[[0, 4, 8, 12, 16]] = 1.0, 1.1, 1.2, 1.3, -1.4  # five of the eight dependent atoms
    x = D @ gamma
    assert min(misfit for _, misfit in exhaustive(D, x, 3)) > 0.1, "nothing with three atoms explains it"
    assert np.abs(omp(D, x, k=5).gamma - gamma).max() > 0.5
    relaxed = basis_pursuit_equality(D, x)
    assert relaxed.converged and np.abs(relaxed.gamma).sum() < np.abs(gamma).sum() - 1
    assert separation(D, x, gamma) < 0


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.25])
def test_thresholding_separates_below_its_level(rng, ratio):
    D = two_bases(256)
    k = math.ceil(thresholding_level(coherence(D), ratio)) - 1
    assert k >= 2
    gamma = planted(rng, 512, k, 60, low=ratio, high=1.0)
    gamma[:, ::2] = np.sign(gamma[:, ::2])  # half of them with the extreme magnitudes only
    for j in range(0, 60, 2):
        gamma[np.flatnonzero(gamma[:, j])[0], j] *= ratio
    assert (separation(D, D @ gamma, gamma) > 0).all()


def test_one_loud_atom_hides_a_quiet_one_from_thresholding():
    D, gamma = two_bases(64), np.zeros(128)
    gamma[[3, 40]] = 10.0, 1.0
    assert 2 > thresholding_level(coherence(D), 0.1)
    assert separation(D, D @ gamma, gamma) < 0
    np.testing.assert_allclose(omp(D, D @ gamma, k=2).gamma, gamma, atol=1e-9)


# --- with noise ---------------------------------------------------------------------------------------------


def test_every_sparse_code_that_fits_the_noise_is_near(rng):
    D, k, eps = two_bases(16), 2, 0.5
    bound = sparsest_error_bound(k, coherence(D), eps)
    others = 0
    for gamma in planted(rng, 32, k, 6, low=0.05, high=2).T:
        y = D @ gamma + imitation(rng, D, gamma[:, None], eps)[:, 0]
        for g, misfit in exhaustive(D, y, k):
            S = np.flatnonzero(g)
            if misfit > eps or not len(S):
                assert misfit > eps or np.sum(gamma**2) <= bound
                continue
            others += set(S) != set(np.flatnonzero(gamma))
            axes, lengths, _ = np.linalg.svd(D[:, S].T @ D[:, S])  # the edge of {misfit <= eps}, both ways
            for axis, length in zip(axes.T, lengths, strict=True):
                for sign in (-1, 1):
                    edge = g.copy()
                    edge[S] += sign * axis * math.sqrt(max(eps**2 - misfit**2, 0) / length)
                    assert np.sum((edge - gamma) ** 2) <= bound
    assert others > 10, "codes with another support were among them"


def test_omp_keeps_the_support_and_the_error_bound(rng):
    D, eps, k = two_bases(256), 0.1, 6
    mu = coherence(D)
    assert k < omp_noise_level(mu, eps, 1.0) <= k + 1
    gamma = planted(rng, 512, k, 60, low=1, high=3)
    found = omp(D, D @ gamma + imitation(rng, D, gamma, eps), k=k).gamma.toarray()
    assert ((found != 0) == (gamma != 0)).all()
    assert (np.sum((found - gamma) ** 2, axis=0) <= omp_error_bound(k, mu, eps)).all()


def test_noise_louder_than_an_atom_misleads_omp():
    D, gamma = two_bases(64), np.zeros(128)
    gamma[[3, 100]] = 1.0, 2.0
    assert omp_noise_level(coherence(D), 1.3, 1.0) < 2
    assert omp(D, D @ gamma + 1.3 * D[:, 50], k=2).gamma[3] == 0


def test_lagrangian_bp_keeps_all_its_promises(rng):
    D, eps = two_bases(256), 0.1
    k = math.ceil(bp_noise_level(coherence(D))) - 1
    assert k == 5
    gamma = planted(rng, 512, k, 60, low=0.2, high=3)
    y = D @ gamma + imitation(rng, D, gamma, eps)
    found = basis_pursuit(D, y, 4 * eps, tol=1e-12)
    assert found.converged
    assert (gamma[found.gamma != 0] != 0).all(), "its support lies inside the true one"
    assert np.abs(found.gamma - gamma).max() <= bp_error_bound(eps)
    assert (found.gamma[np.abs(gamma) > bp_error_bound(eps)] != 0).all(), "large entries are found"
    off = np.abs(D.T @ (y - D @ found.gamma))[gamma == 0]
    assert off.max() < 0.99 * 4 * eps, "strictly below lam off independent atoms: the solution is unique"


def test_lagrangian_bp_breaks_its_promises_far_above_the_level():
    D, gamma = two_bases(16), np.zeros(32)
    gamma[[0, 4, 8, 12, 16]] = 1.0, 1.1, 1.2, 1.3, -1.4
    found = basis_pursuit(D, D @ gamma, 4 * 0.01, tol=1e-12)
    assert 5 > bp_noise_level(coherence(D))
    assert found.converged and (found.gamma[gamma == 0] != 0).any()
    assert np.abs(found.gamma - gamma).max() > bp_error_bound(0.01)


def test_thresholding_separates_in_noise(rng):
    D, eps = two_bases(256), 0.1
    k = math.ceil(thresholding_noise_level(coherence(D), 0.5, eps, 2.0)) - 1
    assert k == 3
    gamma = planted(rng, 512, k, 60, low=1, high=2)
    gamma *= 2 / np.abs(gamma).max(axis=0)  # the loudest is 2, the ratio at least a half
    assert (separation(D, D @ gamma + imitation(rng, D, gamma, eps), gamma) > 0).all()
    quiet = np.zeros(512)
    quiet[[3, 40]] = 1.0, 2.0
    assert separation(D, D @ quiet + 1.1 * D[:, 50], quiet) < 0


# --- stripes and patches ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def short():
    """Two filters of 16 samples on a circle of 96: three non-zeros a stripe are certain."""
    D = ConvDictionary(low_coherence_dictionary(2, 16), (96,))
    assert 3 < uniqueness_level(coherence(D)) and 2 < bp_noise_level(coherence(D))
    return D


def packed(rng, D, k, p, low, high):
    """Codes with k non-zeros in the fullest stripe: places drawn in 32, repeated along the signal."""
    gamma = np.zeros((p, *D.positions, 2))
    for code in gamma:
        at = (rng.choice(32, k, replace=False) + 32 * np.arange(3)[:, None]).ravel()
        code[at, rng.integers(0, 2, 3 * k)] = rng.choice([-1, 1], 3 * k) * rng.uniform(low, high, 3 * k)
    assert l0_inf_stripe(gamma, D.size) == k and l0(gamma[0]) == 3 * k
    return gamma


def heard(rng, D, gamma, eps):
    """Noise whose loudest patch has the norm eps: for each code white noise, or an atom it does not use."""
    e = rng.standard_normal((len(gamma), *D.space, 1))
    for b in range(0, len(gamma), 2):
        disguise = np.zeros(gamma.shape[1:])
        disguise[tuple(rng.choice(np.argwhere(gamma[b] == 0)))] = 1
        e[b] = D @ disguise
    return e * np.array([eps / l2_inf_patch(x, D.size) for x in e])[:, None, None]


def test_the_level_holds_in_every_stripe_of_a_longer_signal(rng, short):
    gamma = packed(rng, short, 3, 50, 0.1, 3)
    assert l0(gamma[0]) == 9 > 2 * uniqueness_level(coherence(short)), "far beyond the classical count"
    assert np.abs(omp(short, short @ gamma, k=9).gamma - gamma).max() < 1e-9
    assert np.abs(basis_pursuit_equality(short, short @ gamma).gamma - gamma).max() < 1e-4


def test_omp_hears_the_noise_of_one_patch(rng, short):
    mu, eps = coherence(short), 0.1
    quietest = 1.01 * eps / (mu * (uniqueness_level(mu) - 2))
    assert 2 < omp_noise_level(mu, eps, quietest)
    gamma = packed(rng, short, 2, 60, quietest, 3 * quietest)
    e = heard(rng, short, gamma, eps)
    found = omp(short, short @ gamma + e, k=6).gamma
    assert ((found != 0) == (gamma != 0)).all()
    error, energy = ((found - gamma) ** 2).sum((1, 2)), (e**2).sum((1, 2))
    assert all(a <= omp_error_bound(2, mu, math.sqrt(b)) for a, b in zip(error, energy, strict=True))


def test_lagrangian_bp_hears_the_noise_of_one_patch(rng, short):
    gamma, eps = packed(rng, short, 2, 60, 0.1, 3), 0.1
    y = short @ gamma + heard(rng, short, gamma, eps)
    found = basis_pursuit(short, y, 4 * eps, tol=1e-12).gamma
    assert (gamma[found != 0] != 0).all() and np.abs(found - gamma).max() <= bp_error_bound(eps)
    assert (found[np.abs(gamma) > bp_error_bound(eps)] != 0).all()
    assert np.abs(short.T @ (y - short @ found))[gamma == 0].max() < 0.99 * 4 * eps, "so it is unique"


def test_two_codes_of_one_signal_leave_lagrangian_bp_undecided():
    edge = ConvDictionary(np.array([1, -1])[:, None, None] / math.sqrt(2), (12,))
    even = (np.arange(12)[:, None] % 2 == 0) - 0.0
    assert l0_inf_stripe(even, edge.size) > bp_noise_level(coherence(edge))
    for gamma in (even, even - 1, even - 0.5):
        assert duality_gap(edge, edge @ even, 0.9 * gamma, 0.1) < 1e-12


def test_far_neighbours_count_little(rng):
    D = ConvDictionary(random_dictionary(32, 2)[:, None, :], (160,))
    gamma = random_code(320, 4, p=300, rng=rng).T.reshape(300, 160, 2)
    inside = stripe_coherence(gamma, D).max(-1) < stripe_coherence_level(shifted_coherence(D)[31])
    beyond = gamma[inside & ((stripes(gamma, D.size) != 0).sum(-1).max(-1) > uniqueness_level(coherence(D)))]
    assert len(beyond) > 50
    assert np.abs(omp(D, D @ beyond, k=4).gamma - beyond).max() < 1e-9
    for mu in MU:  # where all shifts are equally coherent, the weights only rescale the count
        assert stripe_coherence_level(mu) / mu == pytest.approx(uniqueness_level(mu))
    with pytest.raises(ValueError, match="mu0 = -0.1"):
        stripe_coherence_level(-0.1)


def test_no_filters_have_all_their_shifts_below_welch(rng):
    for _ in range(60):
        m, n = int(rng.integers(2, 5)), int(rng.integers(2, 20))
        D = ConvDictionary(random_dictionary(n, m, rng)[:, None, :], (2 * n - 1,))
        assert coherence(D) >= welch_bound(m, n)
        d, M = D.space[0], m * D.space[0]  # M unit vectors in d dimensions
        assert welch_bound(m, n) == pytest.approx(math.sqrt((M - d) / (d * (M - 1))))
    q = np.linalg.qr(rng.standard_normal((8, 3)))[0][:, None, :]
    assert coherence(ConvDictionary(q, (32,), stride=8)) < welch_bound(3, 8), "some shifts may lie below"
    with pytest.raises(ValueError, match="m = 0: expected an integer"):
        welch_bound(0, 4)


@pytest.mark.parametrize("size, space, stride", [((5,), (30,), 1), ((5,), (30,), 2), ((3, 4), (12, 10), 1)])
def test_the_count_is_a_bound_that_full_stripes_meet(rng, size, space, stride):
    positions = tuple(N // stride for N in space)
    for _ in range(20):
        gamma = (rng.random((*positions, 2)) < rng.uniform(0.02, 0.5)) * 1.0
        k = l0_inf_stripe(gamma, size, stride=stride)
        assert l0(gamma) <= local_count(k, size, space, stride) * (1 + 1e-12)
    full = l0_inf_stripe(np.ones((*positions, 2)), size, stride=stride)
    assert local_count(full, size, space, stride) == pytest.approx(2 * math.prod(positions))


def test_the_stripe_rip_constant_is_that_of_the_matrix(xp, rng, close):
    D = ConvDictionary(xp(rng.standard_normal((3, 1, 2))), (8,))
    v = rng.standard_normal((6, 8, 2))
    seen = v.reshape(6, -1) @ to_numpy(dense(D)).T
    expected = np.abs((seen**2).sum(1) / (v**2).sum((1, 2)) - 1).max()
    close(np.array(stripe_rip(D, xp(v))), np.array(expected), factor=10)
    with pytest.raises(ValueError, match="a code is zero"):
        stripe_rip(D, xp(0 * v))


def test_stripe_rip_is_bounded_by_the_coherence(rng):
    D = ConvDictionary(low_coherence_dictionary(2, 16, starts=1), (160,))
    mu = coherence(D)
    for k in (2, 3, 5):
        codes = np.zeros((40, 160, 2))
        for code in codes:
            for place in rng.permutation(320):
                code.ravel()[place] = rng.standard_normal()
                if l0_inf_stripe(code, D.size) > k:
                    code.ravel()[place] = 0
        assert 0 < stripe_rip(D, codes) <= stripe_rip_bound(k, mu)
    assert local_count(7, (64,), (640,)) == pytest.approx(35.3, abs=0.1)


def test_the_bound_is_the_same_on_every_library(xp, rng):
    W = rng.standard_normal((7, 4))
    assert margin_bound(xp(W), 0.3) == pytest.approx(margin_bound(W, 0.3), rel=10 * xp.tol)
    assert margin_bound(xp(W)[:, 0], 0.3) == pytest.approx(margin_bound(W[:, 0], 0.3), rel=10 * xp.tol)


# --- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mu", [0.0, -0.2, 1.5, math.nan, math.inf])
def test_an_impossible_coherence_is_named(mu):
    calls = (
        uniqueness_level,
        bp_noise_level,
        lambda mu: thresholding_level(mu, 0.5),
        lambda mu: omp_noise_level(mu, 0.1, 1.0),
        lambda mu: omp_error_bound(2, mu, 0.1),
        lambda mu: sparsest_error_bound(2, mu, 0.1),
        lambda mu: thresholding_noise_level(mu, 0.5, 0.1, 1.0),
    )
    for call in calls:
        with pytest.raises(ValueError, match=f"mu = {mu}: expected 0 < mu <= 1"):
            call(mu)


@pytest.mark.parametrize("ratio", [0.0, -0.5, 1.01, math.nan])
def test_an_impossible_ratio_is_named(ratio):
    for call in (
        lambda: thresholding_level(0.1, ratio),
        lambda: thresholding_noise_level(0.1, ratio, 0.1, 1.0),
    ):
        with pytest.raises(ValueError, match=f"ratio = {ratio}: expected 0 <"):
            call()


@pytest.mark.parametrize("smallest", [0.0, -1.0, math.nan])
def test_a_non_zero_that_is_zero_is_named(smallest):
    with pytest.raises(ValueError, match=f"gamma_min = {smallest}"):
        omp_noise_level(0.1, 0.1, smallest)


@pytest.mark.parametrize("eps", [-1.0, np.nan, np.inf])
def test_a_noise_level_is_a_number_not_below_zero(eps):
    for bound in (
        lambda: bp_error_bound(eps),
        lambda: omp_error_bound(2, 0.1, eps),
        lambda: sparsest_error_bound(2, 0.1, eps),
        lambda: omp_noise_level(0.1, eps, 1.0),
        lambda: thresholding_noise_level(0.1, 0.5, eps, 1.0),
    ):
        with pytest.raises(ValueError, match=f"eps = {eps}"):
            bound()
    with pytest.raises(ValueError, match="gamma_max = 0"):
        thresholding_noise_level(0.1, 0.5, 0.1, 0)


def test_a_bound_needs_a_distance():
    assert margin_bound(np.ones(4), math.inf) == math.inf
    with pytest.raises(ValueError, match="error = -1"):
        margin_bound(np.ones(4), -1.0)
    with pytest.raises(ValueError, match="two classes"):
        margin_bound(np.ones((4, 1)), 1.0)
