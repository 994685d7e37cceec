"""The multi-layer theorems: random models that satisfy a hypothesis, and the pursuits that must obey it."""

import itertools
import math

import numpy as np
import pytest

from cscbook import (
    ConvDictionary,
    Layer,
    coherence,
    cover_count,
    dcp_error_bounds,
    dcp_is_unique,
    dense,
    effective,
    forward_pass,
    hard,
    l0_inf_stripe,
    l2_inf_patch,
    layered_basis_pursuit,
    layered_bp_error_bounds,
    layered_bp_weights,
    layered_thresholding,
    layered_thresholding_error_bounds,
    layers_of,
    low_coherence_dictionary,
    omp,
    projection_error_bound,
    random_molecules,
    soft,
    spaced_code,
    sparse_dictionary_bound,
    stripes,
    synthesize,
    threshold_interval,
)


@pytest.fixture(scope="module")
def small():
    """N = 640: four non-zeros a stripe in the first layer, one in the second."""
    D1 = ConvDictionary(low_coherence_dictionary(2, 64, starts=1), (640,))
    return D1, random_molecules(20, 2, 2, 4, 640)


@pytest.fixture(scope="module")
def roomy():
    """Long filters leave room for two non-zeros a stripe in the second layer: twelve in the first."""
    D1 = ConvDictionary(low_coherence_dictionary(2, 512, starts=1), (4096,))
    return D1, random_molecules(40, 2, 2, 6, 4096)


def draw(rng, layers, every, together=1, low=0.7, loudest=1e-2):
    deepest = spaced_code(layers[1].space[0], 2, every, together, low, rng)
    _, first, x = synthesize(list(layers), deepest)
    codes, e = [first, deepest], rng.standard_normal(x.shape)
    e *= loudest * 10 ** rng.uniform(-2, 0) / l2_inf_patch(e, layers[0].size)
    return codes, x, e, l2_inf_patch(e, layers[0].size), layers_of(layers, codes)


def local_errors(layers, found, codes):
    views = [layers[1].size, (1,)]
    return [l2_inf_patch(f - c, view) for f, c, view in zip(found, codes, views, strict=True)]


CASES = [("small", (150, 170), 1), ("roomy", (1150, 1250), 2)]


@pytest.fixture(params=CASES, ids=["one a stripe", "two a stripe"])
def model(request):
    return request.getfixturevalue(request.param[0]), *request.param[1:]


# --- closed forms -------------------------------------------------------------------------------


def test_layers_hold_what_the_theorems_ask(xp):
    D1 = ConvDictionary(xp(np.eye(3)[:, None, :2] + 0.1), (12,))
    D2 = ConvDictionary(xp(np.ones((2, 2, 1)) / 2), (12,))
    gamma = np.zeros((12, 1))
    gamma[2], gamma[8] = -2.0, 1.0
    _, first, _ = synthesize([D1, D2], xp(gamma))
    one, two = layers_of([D1, D2], [first, xp(gamma)])
    assert one == Layer(coherence(D1), 4, 4, 0.5, 1.0)
    assert two == Layer(coherence(D2), 1, 1, 1.0, 2.0)


def test_orthogonal_atoms_have_a_layer_too():
    atoms = np.zeros((3, 2, 1))
    atoms[0, 0], atoms[2, 1] = 0.6, 0.8  # in channels of their own: all shifts are orthogonal
    D = ConvDictionary(atoms, (40,), circular=False)
    (facts,) = layers_of([D], [spaced_code(38, 1, (5, 9))])
    assert coherence(D) < 1e-15 and facts.mu > 0
    assert dcp_is_unique([facts]) and np.isfinite(layered_thresholding_error_bounds([facts], 0.01)).all()


def test_bounds_by_hand():
    layers = [Layer(0.1, 3, 4, 0.5, 1.0), Layer(0.2, 1, 1, 0.7, 1.0)]
    assert dcp_is_unique(layers)
    np.testing.assert_allclose(dcp_error_bounds(layers, 0.1), [0.04 / 0.5, 0.04 / 0.5 / 0.8])
    np.testing.assert_allclose(layered_bp_error_bounds(layers, 0.01), [0.15, 1.125])
    np.testing.assert_allclose(layered_bp_weights(layers, 0.01), [0.04, 0.6])
    assert layered_bp_error_bounds(layers, 0) == [0, 0]
    np.testing.assert_allclose(threshold_interval(layers[1], 0.01), [0.21, 0.69])
    layers = [Layer(0.05, 3, 4, 0.5, 1.0), layers[1]]
    hard_bounds = layered_thresholding_error_bounds(layers, 0.01)
    np.testing.assert_allclose(hard_bounds, [2 * (0.01 + 0.1), 2 * (0.01 + 0.1)])
    soft_bounds = layered_thresholding_error_bounds(layers, 0.01, [0.2, 0.45])
    np.testing.assert_allclose(soft_bounds[0], 2 * (0.01 + 0.1 + 0.2))
    assert soft_bounds[1] == math.inf, "the error has eaten the interval of the second layer"


def test_bounds_are_infinite_from_the_first_layer_that_fails():
    good, bad = Layer(0.1, 2, 4, 0.5, 1.0), Layer(0.5, 3, 3, 0.5, 1.0)
    for bounds in (dcp_error_bounds, layered_bp_error_bounds, layered_thresholding_error_bounds):
        first, *rest = bounds([good, bad, good], 1e-4)
        assert math.isfinite(first) and rest == [math.inf, math.inf]
    assert not dcp_is_unique([good, bad])
    with pytest.raises(ValueError, match="eps = -1"):
        dcp_error_bounds([good], -1)
    with pytest.raises(ValueError, match="shortest = 0"):
        projection_error_bound(1, 0.1, 0.1, 0)


def test_the_threshold_interval_is_empty_exactly_outside_the_level(rng):
    for _ in range(200):
        largest, mu = rng.uniform(0.5, 2), rng.uniform(0.01, 0.5)
        layer = Layer(mu, int(rng.integers(1, 6)), 1, largest * rng.uniform(0.1, 1), largest)
        eps = rng.uniform(0, 0.2)
        low, high = threshold_interval(layer, eps)
        bound = layered_thresholding_error_bounds([layer], eps)[0]
        assert (low < high) == math.isfinite(bound)


# --- the theorems at work -----------------------------------------------------------------------


def test_noiseless_layered_basis_pursuit_is_exact_where_the_codes_are_unique(model, rng):
    layers, every, together = model
    for _ in range(2):
        codes, x, *_, facts = draw(rng, layers, every, together)
        assert dcp_is_unique(facts) and facts[1].stripe == together and facts[0].stripe >= 4 * together
        for found, code in zip(layered_basis_pursuit(layers, x), codes, strict=True):
            np.testing.assert_allclose(found, code, atol=1e-8)


def test_noisy_layered_basis_pursuit_obeys_its_bounds(model, rng):
    layers, every, together = model
    for _ in range(12):
        codes, x, e, eps, facts = draw(rng, layers, every, together)
        bounds = layered_bp_error_bounds(facts, eps)
        assert math.isfinite(bounds[-1]) and facts[1].stripe == together
        found = layered_basis_pursuit(layers, x + e, layered_bp_weights(facts, eps), tol=1e-10)
        errors = local_errors(layers, found, codes)
        assert all(0.05 * b < a <= b for a, b in zip(errors, bounds, strict=True))
        for f, c, before in zip(found, codes, [eps, *bounds], strict=False):
            assert not ((f != 0) & (c == 0)).any(), "contained"
            assert (f != 0)[np.abs(c) > 7.5 * before].all(), "holds every large entry"


@pytest.mark.parametrize("shrink", [hard, soft])
def test_layered_thresholding_obeys_its_bounds(small, rng, shrink):
    layers, every, low = small, (150, 170), 0.7
    if shrink is soft:  # its shift of all values is an error: only longer filters leave room in layer two
        D1 = ConvDictionary(low_coherence_dictionary(2, 256, starts=1), (2560,))
        layers, every, low = (D1, random_molecules(20, 2, 2, 4, 2560)), (540, 600), 0.9
    for _ in range(25):
        codes, x, e, eps, facts = draw(rng, layers, every, low=low)
        betas, bounds = [], [eps]
        for i in (0, 1):
            least, most = threshold_interval(facts[i], bounds[-1])
            betas.append(least + 0.05 * (most - least))
            bounds = layered_thresholding_error_bounds(facts[: i + 1], eps, betas if shrink is soft else None)
        assert math.isfinite(bounds[-1]), "inside the hypothesis"
        found = layered_thresholding(layers, x + e, betas, shrink)
        assert all(a <= b for a, b in zip(local_errors(layers, found, codes), bounds, strict=True))
        assert all(((f != 0) == (c != 0)).all() for f, c in zip(found, codes, strict=True))


def test_the_relu_pass_obeys_the_bounds_where_codes_are_not_negative(rng):
    """Soft non-negative thresholds: the forward pass of a network with the biases ``-betas``."""
    D1 = ConvDictionary(low_coherence_dictionary(2, 256, starts=1), (2560,))
    layers = [D1, random_molecules(20, 2, 2, 4, 2560, rng, positive=True)]
    for _ in range(25):
        codes, x, e, eps, facts = draw(rng, layers, (540, 600), low=0.9)
        codes = [np.abs(c) for c in codes]
        x = D1 @ codes[0]
        assert np.allclose(codes[0], layers[1] @ codes[1]) and facts == layers_of(layers, codes)
        betas, bounds = [], [eps]
        for i in (0, 1):
            least, most = threshold_interval(facts[i], bounds[-1])
            betas.append(least + 0.05 * (most - least))
            bounds = layered_thresholding_error_bounds(facts[: i + 1], eps, betas)
        assert math.isfinite(bounds[-1]), "inside the hypothesis"
        found = forward_pass(layers, x + e, betas)
        assert all(0.1 * b < a <= b for a, b in zip(local_errors(layers, found, codes), bounds, strict=True))
        assert all(((f != 0) == (c != 0)).all() for f, c in zip(found, codes, strict=True))
        assert not forward_pass(layers, e - x, betas)[0].any(), "of codes of the other sign nothing passes"


def test_where_no_threshold_works_layered_basis_pursuit_does(small, rng):
    gamma = spaced_code(640, 2, (150, 155), rng=rng)
    at = np.argwhere(gamma)
    gamma[tuple(at[1])] /= 50
    _, first, x = synthesize(list(small), gamma)
    e = rng.standard_normal(x.shape)
    e *= 1e-4 / l2_inf_patch(e, (64,))
    size = np.abs(small[0].T @ (x + e))
    assert size[first == 0].max() > 5 * size[first != 0].min(), "no threshold separates them"
    facts = layers_of(small, [first, gamma])
    assert math.isinf(layered_thresholding_error_bounds(facts, 1e-4)[0])
    found = layered_basis_pursuit(small, x + e, layered_bp_weights(facts, 1e-4), tol=1e-10)
    assert all(((f != 0) == (c != 0)).all() for f, c in zip(found, [first, gamma], strict=True))


def test_solutions_of_the_deep_coding_problem_obey_the_bounds(model, rng):
    """The farthest solutions on the true supports: noise in the direction that the dictionary likes least."""
    layers, every, together = model
    D = effective(layers)[-1]
    for _ in range(3):
        codes, x, *_, facts = draw(rng, layers, every, together)
        eps = 0.05 * np.linalg.norm(x)
        on = np.flatnonzero(codes[1])
        columns = np.stack([(D @ unit.reshape(codes[1].shape)).ravel() for unit in np.eye(codes[1].size)[on]])
        u, s, v = np.linalg.svd(columns.T, full_matrices=False)
        e = eps * u[:, -1].reshape(x.shape)
        other = codes[1].copy()
        other[codes[1] != 0] += 2 * eps / s[-1] * v[-1]
        _, first, z = synthesize(list(layers), other)
        assert np.linalg.norm(x + e - z) <= eps * (1 + 1e-9), "both explain y"
        errors = [np.sum((a - b) ** 2) for a, b in zip([first, other], codes, strict=True)]
        bounds = dcp_error_bounds(facts, eps)
        assert all(a <= b for a, b in zip(errors, bounds, strict=True)) and errors[0] > 0.3 * bounds[0]


def test_the_codes_are_unique_by_exhaustive_search(rng):
    D1 = ConvDictionary(low_coherence_dictionary(2, 4), (14,))
    atoms = np.zeros((2, 2, 2))
    atoms[0, 0, 0] = atoms[1, 1, 0] = atoms[1, 0, 1] = atoms[0, 1, 1] = 0.5**0.5
    D2 = ConvDictionary(atoms, (14,))
    lists = [supports(D1, s, 2) for s in range(1, 5)]
    A, shallow = dense(D1), 0
    for _ in range(2):
        gamma = np.zeros((14, 2))
        gamma[rng.integers(2), 0], gamma[7 + rng.integers(2), 1] = rng.standard_normal(2)
        _, first, x = synthesize([D1, D2], gamma)
        facts = layers_of([D1, D2], [first, gamma])
        assert dcp_is_unique(facts) and facts[0].stripe == 2
        for S in lists:
            Q = np.linalg.qr(A.T[S].swapaxes(1, 2))[0]
            away = np.linalg.norm(x.ravel() - (Q @ (Q.swapaxes(1, 2) @ x.ravel())[..., None])[..., 0], axis=1)
            for explains in S[away < 1e-9]:
                assert set(np.flatnonzero(first)) <= set(explains), "no other first layer"
                shallow += 1
    assert shallow == 2, "one explanation each; the second layer follows from it"


def supports(D, s, k):
    """All choices of s atoms with at most k in every stripe."""
    S = np.array(list(itertools.combinations(range(D.shape[1]), s)))
    gamma = np.zeros((len(S), D.shape[1]))
    np.put_along_axis(gamma, S, 1.0, axis=1)
    held = (stripes(gamma.reshape(len(S), *D.positions, -1), D.size) != 0).sum(-1)
    return S[held.max(-1) <= k]


def test_projections_stay_within_bounds_that_do_not_accumulate(small, rng):
    dictionaries = effective(small)
    shortest = [float(np.linalg.norm(D.local, axis=0).min()) for D in dictionaries]
    D = dictionaries[-1]
    for _ in range(25):
        gamma = spaced_code(640, 2, (170, 190), rng=rng)
        codes = [small[1] @ gamma, gamma]
        k = [
            l0_inf_stripe(c, E.size) for c, E in zip([hard(codes[0], 1e-9), gamma], dictionaries, strict=True)
        ]
        x = D @ gamma
        e = 0.05 * rng.standard_normal(x.shape) / np.sqrt(640)
        found = omp(D, x + e, k=np.count_nonzero(gamma)).gamma
        eps = max(np.linalg.norm(e), np.linalg.norm(x + e - D @ found))
        for code, other, E, count, norm in zip(
            codes, [small[1] @ found, found], dictionaries, k, shortest, strict=True
        ):
            bound = projection_error_bound(count, coherence(E), eps, norm)
            assert np.sum((code - other) ** 2) <= bound < math.inf


# --- sparse dictionaries ------------------------------------------------------------------------


def test_sparse_dictionaries_need_their_constant(rng):
    before = ConvDictionary(rng.standard_normal((64, 1, 2)), (640,))
    D = random_molecules(20, 2, 2, 4, 640, rng)
    assert cover_count(before, D) == 7 == math.ceil(127 / 20)
    gamma = np.zeros((640, 2))
    gamma[:600:39, 0] = 1.0  # one atom a stripe of the second layer, four molecules a stripe of the first
    first = hard(D @ gamma, 1e-9)
    full, deep = l0_inf_stripe(first, before.size), l0_inf_stripe(gamma, D.size)
    assert deep == 1 and full > 4 * deep, "the slide's bound, without the constant, fails"
    assert full <= sparse_dictionary_bound(before, D, deep) == 28


@pytest.mark.parametrize("size, outer", [((3,), (7,)), ((4,), (4,)), ((2, 3), (4, 4)), ((5,), (3,))])
@pytest.mark.parametrize("stride, outer_stride", [(1, 1), (2, 1), (1, 2), (2, 2), (3, 2)])
@pytest.mark.parametrize("circular", [True, False])
def test_the_sparse_dictionary_bound_holds(rng, size, outer, stride, outer_stride, circular):
    d = len(size)
    before = ConvDictionary(rng.standard_normal((*outer, 1, 2)), (24,) * d, outer_stride, circular)
    if circular and before.positions[0] % stride:
        return
    atoms = rng.standard_normal((*size, 2, 2)) * (rng.random((*size, 2, 2)) < 0.4)
    D, worst = ConvDictionary(atoms, before.positions, stride, circular), 0.0
    for _ in range(40):
        gamma = rng.standard_normal((*D.positions, 2)) * (
            rng.random((*D.positions, 2)) < rng.uniform(0.02, 1)
        )
        first = synthesize([before, D], gamma)[1]
        full = l0_inf_stripe(first, before.size, outer_stride, circular)
        bound = sparse_dictionary_bound(before, D, l0_inf_stripe(gamma, D.size, stride, circular))
        assert full <= bound
        worst = max(worst, full / max(bound, 1))
    assert worst > 0.1, "not idle"


def test_patches_that_cover_a_stripe_are_counted_for_the_unluckiest_one(rng):
    for n, outer, stride, outer_stride in itertools.product((1, 2, 3, 5), (2, 4, 7), (1, 2, 3), (1, 2)):
        before = ConvDictionary(rng.standard_normal((outer, 1, 1)), (60,), outer_stride)
        D = ConvDictionary(rng.standard_normal((n, 1, 1)), before.positions, stride)
        needles, most = 2 * math.ceil(outer / outer_stride) - 1, 0
        for start in range(stride):  # greedily, from the left, with patches that start at multiples of stride
            count, at = 0, start
            while at < start + needles:
                first = at // stride * stride
                count, at = count + (at < first + n), max(at + 1, first + n)
            most = max(most, count)
        assert most == cover_count(before, D), (n, outer, stride, outer_stride)


def test_layers_are_layers():
    for wrong in ([0.1, 2, 2, 0.5, 1.0], [(0.1, 2, 2, 0.5, 1.0)], "ab"):
        for bounds in (dcp_error_bounds, layered_bp_error_bounds, layered_bp_weights):
            with pytest.raises(TypeError, match=r"layers\[0\] is of type .*: expected Layer"):
                bounds(wrong, 0.1)
    with pytest.raises(ValueError, match="dictionaries is empty"):
        layers_of([], [])
