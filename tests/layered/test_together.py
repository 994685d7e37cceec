"""All layers together: multi-layer ISTA, its certificate and its limit."""

import numpy as np
import pytest
from problems import CHAINS, after, chain, matrices

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    fista,
    ista,
    layered_thresholding,
    ml_basis_pursuit,
    ml_fista,
    ml_ista,
    ml_objective,
    ml_steps,
    soft,
    sweep,
    synthesize,
)
from cscbook.arrays import to_numpy


def test_one_layer_of_ml_ista_is_ista(xp, rng, close):
    D1, D2 = chain(xp, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    y = xp(rng.standard_normal((40, 1)))
    c = D1.lipschitz
    close(after(ml_ista([D1], y, [0.2], 1 / c), 20), to_numpy(after(ista(D1, y, 0.2, c), 20)), factor=10)
    close(after(ml_fista([D1], y, [0.2], 1 / c), 20), to_numpy(after(fista(D1, y, 0.2, c), 20)), factor=10)
    steps = ml_steps([D1, D2], 1 / c)
    free = after(ml_ista([D1, D2], y, [0.0, 0.2], 1 / c), 20)  # nothing asked of the first layer
    close(free, to_numpy(after(ista(D1 @ D2, y, 0.2, 1 / steps[1]), 20)), factor=10)


def test_a_sweep_from_nothing_is_layered_thresholding(xp, rng):
    dictionaries = chain(xp, rng, *CHAINS[2])
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

    coupled = [excess(after(ml_fista(dictionaries, y, lams, f / L[0]), 1500)) for f in (1, 0.3, 0.1, 0.03)]
    alone = [independent(f) for f in (1, 0.3, 0.1, 0.03)]
    assert min(coupled) > -1e-9 and coupled[3] < coupled[2] < coupled[1] < coupled[0]
    assert coupled[3] < 0.1 * coupled[0] and coupled[0] < 0.01 * least
    assert min(alone) > 10 * coupled[0] and alone[3] >= alone[0]


def test_momentum_is_faster_than_none(rng):
    dictionaries = matrices(rng, 30, 40, 35)
    y, lams = rng.standard_normal(30) / 5, [0.02, 0.02]
    step = 0.1 / np.linalg.norm(dictionaries[0], 2) ** 2
    end = ml_objective(dictionaries, y, after(ml_fista(dictionaries, y, lams, step), 6_000), lams)
    plain, fast = (
        ml_objective(dictionaries, y, after(method(dictionaries, y, lams, step), 300), lams) - end
        for method in (ml_ista, ml_fista)
    )
    assert fast < 0.2 * plain


def test_weights_and_a_step_out_of_range_are_named(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    y = rng.standard_normal((40, 1))
    with pytest.raises(ValueError, match="step = 1.0"):
        next(ml_ista([D1, D2], y, [0.1, 0.1], step=1.0))
    with pytest.raises(ValueError, match="lam = 0.0: expected a positive number"):
        ml_basis_pursuit([D1, D2], y, [0.0, 0.1])
    with pytest.raises(ValueError, match="lam = -1"):
        next(ml_ista([D1, D2], y, [-1, 0.1]))


def test_signals_that_do_not_fit_the_code_are_not_stretched(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    gamma, y = rng.standard_normal((40, 2)), rng.standard_normal((40, 1))
    for wrong in (y[:1], y[0], y[None]):
        with pytest.raises(ValueError, match=r"y has shape .* expected \(40, 1\)"):
            ml_objective([D1, D2], wrong, gamma, [0.1, 0.1])
        with pytest.raises(ValueError, match=r"y has shape .* expected \(40, 1\)"):
            sweep([D1, D2], wrong, gamma, [0.1, 0.1], [0.1, 0.1])
    with pytest.raises(TypeError, match="complex"):  # no imaginary part is dropped
        ml_objective([D1, D2], y + 1j, gamma, [0.1, 0.1])


def test_layers_of_zeros_and_no_iterations_are_named(rng):
    D1, D2 = chain(np.asarray, rng, (40,), 1, [((4,), 3, 1), ((3,), 2, 1)], True)
    y, zero = rng.standard_normal((40, 1)), ConvDictionary(0 * D2.filters, (40,))
    with pytest.raises(ValueError, match=r"eig_max of dictionaries\[1\] = 0.0"):
        ml_steps([D1, zero])
    with pytest.raises(ValueError, match="max_iter = 0"):
        ml_basis_pursuit([D1, D2], y, [0.1, 0.1], max_iter=0)
    with pytest.raises(ValueError, match="rho = -1"):
        ml_basis_pursuit([D1, D2], y, [0.1, 0.1], rho=-1.0)
