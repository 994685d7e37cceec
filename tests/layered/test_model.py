"""The multi-layer model: its operators are matrices, its pursuits are what their names say."""

from functools import partial
from itertools import islice

import numpy as np
import pytest

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    coherence,
    dense,
    effective,
    fista,
    forward_pass,
    hard,
    holistic_pursuit,
    ista,
    layered,
    layered_basis_pursuit,
    layered_iterative_thresholding,
    layered_thresholding,
    local_ista,
    local_sparsities,
    ml_basis_pursuit,
    ml_fista,
    ml_ista,
    ml_objective,
    ml_steps,
    nonnegative,
    omp,
    positive_parts,
    projection_pursuit,
    refit,
    slice_admm,
    soft,
    sweep,
    synthesize,
    thresholding,
)
from cscbook.arrays import to_numpy

CASES = [  # space, channels, (size, m, stride) a layer, circular
    ((12,), 1, [((4,), 3, 1), ((3,), 2, 1)], True),
    ((16,), 2, [((4,), 3, 2), ((3,), 2, 2)], True),
    ((17,), 1, [((5,), 2, 2), ((3,), 4, 1), ((2,), 3, 2)], False),
    ((6, 8), 1, [((3, 2), 2, 1), ((2, 2), 3, 1)], True),
    ((8, 8), 3, [((3, 3), 2, 2), ((2, 2), 3, 1)], True),
    ((9, 11), 2, [((3, 3), 4, 2), ((2, 2), 3, 1)], False),
    ((7, 8), 1, [((3, 2), 2, 1), ((2, 3), 2, 2)], False),
]


def chain(xp, rng, space, c, layers, circular):
    found = []
    for size, m, stride in layers:
        filters = rng.standard_normal((*size, c, m))
        found.append(ConvDictionary(xp(filters / np.sqrt(filters[..., 0].size)), space, stride, circular))
        space, c = found[-1].positions, m
    return found


def matrices(rng, *sizes):
    drawn = [rng.standard_normal(shape) for shape in zip(sizes, sizes[1:], strict=False)]
    return [D / np.linalg.norm(D, axis=0) for D in drawn]


def deepest(rng, D, p=0.3):
    shape = (*D.positions, D.filters.shape[-1])
    return rng.standard_normal(shape) * (rng.random(shape) < p)


def run(iterates, steps):
    return next(islice(iterates, steps - 1, None))


# --- the model ----------------------------------------------------------------------------------


@pytest.mark.parametrize("space, c, layers, circular", CASES)
def test_layered_operators_equal_their_matrices(xp, rng, close, space, c, layers, circular):
    dictionaries = chain(xp, rng, space, c, layers, circular)
    M = [to_numpy(dense(D)).astype(float) for D in dictionaries]
    gamma = deepest(rng, dictionaries[-1])
    codes, expected = synthesize(dictionaries, xp(gamma)), gamma.ravel()
    for D, A, code in zip(dictionaries[::-1], M[::-1], codes[1:], strict=True):
        expected = A @ expected
        close(code, expected.reshape(*D.space, -1), factor=10)
    product = np.linalg.multi_dot(M)
    for D, count in zip(effective(dictionaries), range(1, len(M) + 1), strict=True):
        A = M[0] if count == 1 else np.linalg.multi_dot(M[:count])
        close(dense(D), A, factor=10)
    x = rng.standard_normal(codes[-1].shape)
    close(effective(dictionaries)[-1].T @ xp(x), (product.T @ x.ravel()).reshape(gamma.shape), factor=10)


@pytest.mark.parametrize("space, c, layers, circular", CASES)
@pytest.mark.parametrize("shrink", [hard, soft])
def test_layered_thresholding_equals_that_of_the_matrices(xp, rng, close, space, c, layers, circular, shrink):
    dictionaries = chain(xp, rng, space, c, layers, circular)
    y = rng.standard_normal((*space, c))
    found = layered_thresholding(dictionaries, xp(y), [0.2] * len(layers), shrink)
    if shrink is hard and xp.dtype == "float32":
        return  # an entry beside the threshold may fall on either side
    explicit = y.ravel()
    for D, code in zip(dictionaries, found, strict=True):
        explicit = shrink(to_numpy(dense(D)).astype(float).T @ explicit, 0.2)
        close(code, explicit.reshape(code.shape), factor=10)


def test_sizes_of_the_talk(rng):
    for space, layers, atoms, codes in [
        ((27, 27), [((7, 7), 4, 2), ((5, 5), 3, 1), ((7, 7), 2, 1)], [7, 15, 27], [11, 7, 1]),
        ((29, 29), [((5, 5), 4, 2), ((5, 5), 3, 2), ((5, 5), 2, 1)], [5, 13, 29], [13, 5, 1]),
    ]:
        dictionaries = chain(np.asarray, rng, space, 1, layers, False)
        assert [D.size for D in effective(dictionaries)] == [(n, n) for n in atoms]
        assert [D.positions for D in dictionaries] == [(n, n) for n in codes]
    assert [n * n * m for n, m in zip((11, 7, 1), (32, 128, 1024), strict=True)] == [3872, 6272, 1024]


def test_a_synthesised_code_has_no_rounding_in_its_zeros(rng, monkeypatch):
    monkeypatch.setattr(ConvDictionary, "_spectral_is_faster", lambda self: True)
    D1, D2 = chain(np.asarray, rng, (64,), 1, [((8,), 2, 1), ((4,), 2, 1)], True)
    gamma = np.zeros((64, 2))
    gamma[5, 0] = gamma[40, 1] = 1.0
    deep, code, x = synthesize([D1, D2], gamma)
    assert np.count_nonzero(D2 @ gamma) > 16 == np.count_nonzero(code), "eight entries an atom"
    assert np.abs(x - D1 @ (D2 @ gamma)).max() < 1e-12 and deep is gamma
    assert local_sparsities([D1, D2], [code, gamma]) == [8, 1]


def test_coherence_and_omp_of_a_product_are_those_of_its_matrix(xp, rng):
    D1, D2 = chain(xp, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    D = D1 @ D2
    M = to_numpy(dense(D)).astype(float)
    unit = M / np.linalg.norm(M, axis=0)
    gram = np.abs(unit.T @ unit) - 2 * np.eye(M.shape[1])
    assert coherence(D) == pytest.approx(gram.max(), abs=10 * xp.tol)
    y = rng.standard_normal((40, 1))
    found, matrix = omp(D, xp(y), k=5).gamma, omp(M, y.ravel(), k=5).gamma
    np.testing.assert_allclose(to_numpy(found).ravel(), matrix, atol=1e3 * xp.tol)


def test_non_negative_codes_make_the_same_signals(xp, rng, close):
    for case in CASES:
        dictionaries = chain(xp, rng, *case)
        *_, x = codes = synthesize(dictionaries, xp(deepest(rng, dictionaries[-1])))
        *_, y = positive = synthesize(nonnegative(dictionaries), positive_parts(codes[0]))
        close(y, to_numpy(x), factor=10)
        assert all(to_numpy(code).min() >= 0 for code in positive[:-1]), "no code is negative"
        for code, signed in zip(positive, codes[:-1], strict=False):
            first, second = np.split(to_numpy(code), 2, axis=-1)
            np.testing.assert_allclose(first - second, to_numpy(signed), atol=100 * xp.tol)


def test_soft_thresholding_is_a_relu_network_with_mirrored_filters(xp, rng, close):
    D1, D2 = chain(xp, rng, (9, 11), 2, [((3, 3), 4, 2), ((2, 2), 3, 1)], False)
    y, f1, f2 = xp(rng.standard_normal((9, 11, 2))), to_numpy(D1.filters), to_numpy(D2.filters)
    mirrored = [
        ConvDictionary(xp(np.concatenate([f1, -f1], -1)), D1.space, 2, False),
        ConvDictionary(xp(np.block([[f2, -f2], [-f2, f2]])), D2.space, 1, False),
    ]
    network = forward_pass(mirrored, y, [0.3, 0.2])
    codes = layered_thresholding([D1, D2], y, [0.3, 0.2], soft)
    for active, code in zip(network, codes, strict=True):
        close(active, to_numpy(positive_parts(code)), factor=10)


def test_a_lasso_is_a_non_negative_lasso_over_plus_and_minus_d(rng):
    (D,) = chain(np.asarray, rng, (20,), 1, [((4,), 2, 1)], True)
    y = rng.standard_normal((20, 1))
    code = basis_pursuit(D, y, 0.2, tol=1e-10).gamma
    mirrored = basis_pursuit(nonnegative([D])[0], y, 0.2, tol=1e-10, nonnegative=True).gamma
    np.testing.assert_allclose(mirrored, positive_parts(code), atol=1e-5)


# --- layer after layer --------------------------------------------------------------------------


def test_forward_pass_is_a_relu_network(xp, rng, close):
    for case in CASES:
        dictionaries, beta = chain(xp, rng, *case), rng.standard_normal(case[2][0][1])
        y = rng.standard_normal((2, *case[0], case[1]))
        found = forward_pass(dictionaries, xp(y), [xp(beta)] + [-0.1] * (len(dictionaries) - 1))
        signal, biases = y.reshape(2, -1), [-np.tile(beta, found[0][0, ...].shape[:-1] + (1,)).ravel()]
        for D, code in zip(dictionaries, found, strict=True):
            bias = biases.pop() if biases else 0.1
            signal = np.maximum(signal @ to_numpy(dense(D)).astype(float) + bias, 0)
            close(code, signal.reshape(code.shape), factor=10)


@pytest.mark.parametrize(
    "pursuit, knobs",
    [(omp, [6, 2]), (basis_pursuit, [0.3, 0.2]), (partial(thresholding, shrink=hard), [1, 1])],
)
def test_layered_runs_any_pursuit_layer_after_layer(rng, pursuit, knobs):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    y = rng.standard_normal((40, 1))
    first = pursuit(D1, y, knobs[0]).gamma
    codes = layered(pursuit, [D1, D2], y, knobs)
    np.testing.assert_array_equal(codes[0], first)
    np.testing.assert_array_equal(codes[1], pursuit(D2, first, knobs[1]).gamma)


@pytest.mark.parametrize(
    "space, layers, circular",
    [
        ((96,), [((8,), 3, 1), ((4,), 4, 1)], True),
        ((6, 40), [((2, 6), 2, 1), ((2, 3), 3, 1)], True),
        ((96,), [((8,), 6, 2), ((4,), 4, 2)], True),
        ((95,), [((9,), 6, 2), ((4,), 4, 1)], False),
    ],
)
def test_noiseless_layered_basis_pursuit_is_exact(xp, rng, space, layers, circular):
    D1, D2 = chain(xp, rng, space, 1, layers, circular)
    atoms = np.zeros(D2.filters.shape)  # molecules of two atoms
    for k in range(atoms.shape[-1]):
        atoms[..., 0, 0, k], atoms[..., -1, 1, k] = 0.6, 0.8 * (-1) ** k
        atoms[..., 1:, 0, k] = atoms[..., :-1, 1, k] = 0
    gamma = np.zeros((2, *D2.positions, layers[1][1]))
    gamma[0, ..., 2, 0], gamma[0, ..., 14, 1], gamma[1, ..., 9, 1] = 1.0, -0.7, 0.5


def test_layered_basis_pursuit_by_local_steps(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 2, 1), ((3,), 2, 1)], True)
    y, lams = rng.standard_normal((40, 1)), [0.3, 0.2]
    whole = layered_basis_pursuit([D1, D2], y, lams, tol=1e-10)
    for method in (local_ista, slice_admm):
        local = layered_basis_pursuit([D1, D2], y, lams, tol=1e-9, method=method, max_iter=20_000)
        for a, b in zip(local, whole, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3)


def test_layered_iterative_thresholding(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 2, 1), ((3,), 2, 1)], True)
    y, lams = rng.standard_normal((40, 1)), [0.3, 0.2]
    once = layered_iterative_thresholding([D1, D2], y, lams, 1)
    c1, c2 = D1.lipschitz, D2.lipschitz
    first = soft(D1.T @ y / c1, 0.3 / c1)
    np.testing.assert_allclose(once[1], soft(D2.T @ first / c2, 0.2 / c2), atol=1e-12)
    local = layered_iterative_thresholding([D1, D2], y, lams, 50, method=local_ista)
    often = layered_iterative_thresholding([D1, D2], y, lams, 50)
    np.testing.assert_allclose(local[1], often[1], atol=1e-12)
    best = layered_basis_pursuit([D1, D2], y, lams, tol=1e-10)
    errors = [
        np.abs(layered_iterative_thresholding([D1, D2], y, lams, t)[1] - best[1]).max() for t in (1, 10, 1000)
    ]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 1e-4


# --- all layers together ------------------------------------------------------------------------


def test_one_layer_of_ml_ista_is_ista(xp, rng, close):
    D1, D2 = chain(xp, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    y = xp(rng.standard_normal((40, 1)))
    c = D1.lipschitz
    close(run(ml_ista([D1], y, [0.2], 1 / c), 20), to_numpy(run(ista(D1, y, 0.2, c), 20)), factor=10)
    close(run(ml_fista([D1], y, [0.2], 1 / c), 20), to_numpy(run(fista(D1, y, 0.2, c), 20)), factor=10)
    steps = ml_steps([D1, D2], 1 / c)
    free = run(ml_ista([D1, D2], y, [0.0, 0.2], 1 / c), 20)  # nothing asked of the first layer
    close(free, to_numpy(run(ista(D1 @ D2, y, 0.2, 1 / steps[1]), 20)), factor=10)


def test_a_sweep_from_nothing_is_layered_thresholding(xp, rng):
    dictionaries = chain(xp, rng, *CASES[2])
    y, zero = xp(rng.standard_normal((17, 1))), xp(np.zeros((*dictionaries[-1].positions, 3)))
    codes = sweep(dictionaries, y, zero, [1.0] * 3, [0.1] * 3)
    for code, expected in zip(codes, layered_thresholding(dictionaries, y, [0.1] * 3, soft), strict=True):
        np.testing.assert_array_equal(to_numpy(code), to_numpy(expected))


def test_the_multi_layer_lasso_reduces_to_lassos(rng):
    D, y = matrices(rng, 20, 30)[0], rng.standard_normal(20)
    single = basis_pursuit(D, y, 0.3, tol=1e-12).gamma
    found = ml_basis_pursuit([D], y, [0.3], tol=1e-10)
    assert found.converged
    np.testing.assert_allclose(found.gamma, single, atol=1e-5)
    twice = ml_basis_pursuit([D, np.eye(30)], y, [0.1, 0.2], tol=1e-10)  # the weights add up
    np.testing.assert_allclose(twice.gamma, single, atol=1e-5)
    assert ml_objective([D, np.eye(30)], y, single, [0.1, 0.2]) == pytest.approx(
        0.5 * np.sum((y - D @ single) ** 2) + 0.3 * np.abs(single).sum(), abs=1e-12
    )


def test_the_certificate_bounds_every_objective(xp, rng):
    dictionaries = [xp(D) for D in matrices(rng, 20, 30, 25, 15)]
    y, lams = xp(rng.standard_normal(20)), [0.05, 0.1, 0.2]
    found = ml_basis_pursuit(dictionaries, y, lams, tol=1e-7)
    assert found.converged
    best = ml_objective(dictionaries, y, found.gamma, lams)
    for _ in range(50):  # nothing nearby is better
        other = found.gamma + xp(10 ** rng.uniform(-4, 0) * rng.standard_normal(15))
        assert ml_objective(dictionaries, y, other, lams) >= best * (1 - 1e-6)
    assert not ml_basis_pursuit(dictionaries, y, lams, tol=1e-12, max_iter=3).converged


@pytest.mark.parametrize("sizes", [(30, 40, 35), (30, 40, 35, 20)])
def test_the_excess_of_ml_fista_falls_with_the_step_and_that_of_independent_steps_does_not(rng, sizes):
    dictionaries = matrices(rng, *sizes)
    code = np.zeros(sizes[-1])
    code[:4] = rng.standard_normal(4)
    y = synthesize(dictionaries, code)[-1]
    y, lams = y / np.linalg.norm(y), [0.02] * len(dictionaries)
    least = ml_objective(dictionaries, y, ml_basis_pursuit(dictionaries, y, lams, 1e-10).gamma, lams)
    L = [np.linalg.norm(D, 2) ** 2 for D in dictionaries]

    def excess(gamma):
        return ml_objective(dictionaries, y, gamma, lams) - least

    def independent(fraction):
        steps, gamma = [fraction / one for one in L], 0 * code
        for _ in range(600):
            gamma = sweep(dictionaries, y, gamma, steps, [t * w for t, w in zip(steps, lams, strict=True)])[
                -1
            ]
        return excess(gamma)

    coupled = [excess(run(ml_fista(dictionaries, y, lams, f / L[0]), 1500)) for f in (1, 0.3, 0.1, 0.03)]
    alone = [independent(f) for f in (1, 0.3, 0.1, 0.03)]
    assert min(coupled) > -1e-9 and coupled[3] < coupled[2] < coupled[1] < coupled[0]
    assert coupled[3] < 0.1 * coupled[0] and coupled[0] < 0.01 * least
    assert min(alone) > 10 * coupled[0] and alone[3] >= alone[0]


def test_momentum_is_faster_than_none(rng):
    dictionaries = matrices(rng, 30, 40, 35)
    y, lams = rng.standard_normal(30) / 5, [0.02, 0.02]
    step = 0.1 / np.linalg.norm(dictionaries[0], 2) ** 2
    end = ml_objective(dictionaries, y, run(ml_fista(dictionaries, y, lams, step), 6_000), lams)
    plain, fast = (
        ml_objective(dictionaries, y, run(method(dictionaries, y, lams, step), 300), lams) - end
        for method in (ml_ista, ml_fista)
    )
    assert fast < 0.2 * plain


# --- least squares, projection, holism ----------------------------------------------------------


def test_refit_is_least_squares_on_the_support(xp, rng):
    atol = 100 * xp.tol
    D, y, support = rng.standard_normal((12, 20)), rng.standard_normal(12), rng.random(20) < 0.3
    gamma = to_numpy(refit(xp(D), xp(y), xp.namespace.asarray(support, device=xp.device)))
    expected = np.linalg.lstsq(D[:, support], y, rcond=None)[0]
    np.testing.assert_allclose(gamma[support], expected, atol=atol)
    assert not gamma[~support].any()
    (C,) = chain(xp, rng, (9, 11), 2, [((3, 3), 4, 2)], False)
    y, support = rng.standard_normal((2, 9, 11, 2)), rng.random((2, *C.positions, 4)) < 0.1
    gamma = to_numpy(refit(C, xp(y), xp.namespace.asarray(support, device=xp.device)))
    for one, signal, on in zip(gamma, y, support, strict=True):
        A = to_numpy(dense(C)).astype(float)[:, on.ravel()]
        np.testing.assert_allclose(one[on], np.linalg.lstsq(A, signal.ravel(), rcond=None)[0], atol=atol)
        assert not one[~on].any()


def test_refit_obeys_the_equations_of_the_layer_above(rng):
    D, rows, y = rng.standard_normal((12, 8)), rng.standard_normal((3, 8)), rng.standard_normal(12)
    support = np.arange(8) != 2
    gamma = refit(D, y, support, annihilate=rows)
    assert np.abs(rows @ gamma).max() < 1e-12 and gamma[2] == 0
    A, B = D[:, support], rows[:, support]
    kkt = np.block([[A.T @ A, B.T], [B, np.zeros((3, 3))]])
    np.testing.assert_allclose(gamma[support], np.linalg.solve(kkt, np.r_[A.T @ y, 0, 0, 0])[:7], atol=1e-10)


def test_projection_finds_a_signal_of_the_model_and_stays_inside_it(rng):
    D1, D2 = chain(np.asarray, rng, (60,), 1, [((6,), 3, 1), ((4,), 2, 1)], True)
    sparse = D2.filters * (rng.random(D2.filters.shape) < 0.4)
    D2 = ConvDictionary(sparse / np.linalg.norm(sparse, axis=(0, 1)), D2.space)
    gamma = np.zeros((60, 2))
    gamma[3, 0], gamma[25, 1], gamma[44, 0] = 1.0, -0.8, 1.2
    *codes, x = synthesize([D1, D2], gamma)
    levels = local_sparsities([D1, D2], codes[::-1])
    found = projection_pursuit([D1, D2], x, levels, range(1, 4))
    for code, truth in zip(found, codes[::-1], strict=True):
        np.testing.assert_allclose(code, truth, atol=1e-9)
    noise = projection_pursuit([D1, D2], rng.standard_normal((60, 1)), levels, range(1, 40))
    assert all(a <= b for a, b in zip(local_sparsities([D1, D2], noise), levels, strict=True))
    assert np.abs(noise[0] - D2 @ noise[1]).max() < 1e-12 < np.abs(noise[1]).max()
    nothing = projection_pursuit([D1, D2], x, [0, 0], range(1, 4))
    assert not any(code.any() for code in nothing)


def molecule_problem(rng, n=50, m1=100, m2=50, k=11, zeros=10, sigma=0.1):
    """A code with k non-zeros that annihilates some rows of D_2, its signal, and that in noise at 25 dB."""
    D1, D2 = matrices(rng, n, m1, m2)
    on, rows = np.isin(np.arange(m2), rng.permutation(m2)[:k]), D2[rng.permutation(m1)[:zeros]]
    gamma = refit(np.eye(m2), rng.standard_normal(m2), on, annihilate=rows)
    x = D1 @ D2 @ gamma
    x *= 10 ** (25 / 20) * sigma * np.sqrt(n) / np.linalg.norm(x)
    return D1, D2, on, rows, x, x + sigma * rng.standard_normal(n)


def test_known_zeros_above_leave_fewer_dimensions_to_the_noise(rng):
    errors = np.zeros((400, 2))
    for row in errors:
        D1, D2, on, rows, x, y = molecule_problem(rng)
        A = D1 @ D2
        row[:] = [np.sum((A @ refit(A, y, on, annihilate=r) - x) ** 2) for r in (None, rows)]
    np.testing.assert_allclose(errors.mean(axis=0), [11 * 0.1**2, (11 - 10) * 0.1**2], rtol=0.15)


def test_holistic_pursuit_finds_some_of_the_zeros(rng):
    right = 0
    for _ in range(5):
        D1, D2, _, rows, _, y = molecule_problem(rng)
        above, gamma = holistic_pursuit(D1, D2, y, 0.1 * np.sqrt(50), 10, 200)
        assert np.sum(np.abs(above) < 1e-10) >= 10, "ten equations are met"
        assert np.linalg.norm(y - D1 @ above) < 1.01 * 0.1 * np.sqrt(50)
        right += np.sum(np.abs(rows @ gamma) < 1e-10)
    assert right >= 20, "of fifty; chance would find five"


def test_holistic_pursuit_without_zeros_is_basis_pursuit(xp, rng):
    D1, D2 = matrices(rng, 15, 25, 20)
    y = rng.standard_normal(15)
    _, found = holistic_pursuit(xp(D1), xp(D2), xp(y), 1.0, 0, 1500)
    found = to_numpy(found).astype(float)
    r = y - D1 @ D2 @ found
    assert np.linalg.norm(r) == pytest.approx(1.0, abs=1e-4)
    lam = np.abs((D1 @ D2).T @ r).max()
    np.testing.assert_allclose(found, basis_pursuit(D1 @ D2, y, lam, tol=1e-12).gamma, atol=1e-3)


def test_errors_name_the_value(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    y = rng.standard_normal((40, 1))
    with pytest.raises(ValueError, match="1 knobs for 2 layers"):
        layered(omp, [D1, D2], y, [3])
    with pytest.raises(TypeError, match="list of dictionaries"):
        synthesize(D1, y)
    with pytest.raises(ValueError, match="step = 1.0"):
        next(ml_ista([D1, D2], y, [0.1, 0.1], step=1.0))
    with pytest.raises(ValueError, match="steps = 0"):
        layered_iterative_thresholding([D1, D2], y, [0.1, 0.1], 0)
    with pytest.raises(ValueError, match="NaN"):
        synthesize([D1, D2], np.full((40, 2), np.nan))
    with pytest.raises(ValueError, match="expected positive weights"):
        ml_basis_pursuit([D1, D2], y, [0.0, 0.1])
    with pytest.raises(ValueError, match="lam = -1"):
        next(ml_ista([D1, D2], y, [-1, 0.1]))
    with pytest.raises(ValueError, match="zeros_above = 50"):
        holistic_pursuit(*matrices(rng, 10, 50, 20), rng.standard_normal(10), 0.1, 50)
    with pytest.raises(ValueError, match="some layers are circular"):
        effective([D1, ConvDictionary(rng.standard_normal((3, 3, 2)), (40,), circular=False)])
