"""What other libraries mean by a weight, a tolerance, a norm, a border: each row of the table in the chapter
*Coming from another library*, held against the library where it is installed.

A translated parameter is right when the other library's solution minimises our problem: when its duality gap,
which is computed here, is small. The parameter as it stands, without translation, must fail by far.
"""

import os

import numpy as np
import pytest

from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.dictionaries.matrix import lipschitz, normalize
from cscbook.interop import from_alphacsc, from_channels_first, from_sporco_code, to_sporco
from cscbook.pursuits import basis_pursuit, duality_gap, lam_max, objective, omp

N, ATOMS = 24, 40


@pytest.fixture
def problem(rng):
    """A dictionary of unit atoms, signals of a few of them in noise, as columns, and a weight."""
    D = normalize(rng.standard_normal((N, ATOMS)))
    gamma = rng.standard_normal((ATOMS, 3)) * (rng.random((ATOMS, 3)) < 0.1)
    Y = D @ gamma + 0.05 * rng.standard_normal((N, 3))
    return D, Y, 0.1 * lam_max(D, Y[:, 0])


@pytest.fixture
def uneven(rng):
    """Atoms of norms 1 and 50 in turn, and a signal of two small ones."""
    D = normalize(rng.standard_normal((N, ATOMS))) * np.where(np.arange(ATOMS) % 2, 50.0, 1.0)
    return D, D[:, 4] + 0.8 * D[:, 10]


def best(D, y, lam, gamma, tol=1e-4):
    """Whether a code minimises our problem."""
    assert gamma.shape == (D.shape[1],)
    return duality_gap(D, y, np.asarray(gamma, np.float64), lam) < tol


def support(gamma):
    return set(np.flatnonzero(gamma))


def our_omp(D, y, **stop):
    return omp(D, y, **stop).gamma


# --- scikit-learn -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Lasso", "LassoLars"])
def test_sklearn_lasso_divides_lam_by_the_rows(problem, name):
    Lasso = getattr(pytest.importorskip("sklearn.linear_model"), name)
    D, Y, lam = problem
    y = Y[:, 0]
    more = {"tol": 1e-10, "max_iter": 100_000} if name == "Lasso" else {}
    assert best(D, y, lam, Lasso(alpha=lam / N, fit_intercept=False, **more).fit(D, y).coef_)
    assert not best(D, y, lam, Lasso(alpha=lam, fit_intercept=False, **more).fit(D, y).coef_, 0.1)
    shifted = Lasso(alpha=lam / N, **more).fit(D, y + 1)
    assert shifted.intercept_ != 0, "an intercept is the default"
    assert not best(D, y + 1, lam, shifted.coef_, 0.01)


@pytest.mark.parametrize("algorithm", ["lasso_cd", "lasso_lars"])
def test_sparse_encode_takes_lam_itself(problem, algorithm):
    sparse_encode = pytest.importorskip("sklearn.decomposition").sparse_encode
    D, Y, lam = problem
    codes = sparse_encode(Y.T, D.T, algorithm=algorithm, alpha=lam, max_iter=100_000)
    for y, code in zip(Y.T, codes, strict=True):
        assert best(D, y, lam, code, 1e-3)
        assert not best(D, y, lam / N, code, 0.1)
    default = sparse_encode(Y.T, D.T, algorithm=algorithm, max_iter=100_000)
    np.testing.assert_allclose(default, sparse_encode(Y.T, D.T, algorithm=algorithm, alpha=1.0), atol=1e-8)


@pytest.mark.parametrize("alpha", [1e-6, 0.1, 10.0])
def test_sparse_encode_by_omp_ignores_alpha(problem, alpha):
    sparse_encode = pytest.importorskip("sklearn.decomposition").sparse_encode
    D, Y, _ = problem
    codes = sparse_encode(Y.T, D.T, algorithm="omp", alpha=alpha)
    assert (np.count_nonzero(codes, axis=1) == max(N // 10, 1)).all()
    np.testing.assert_allclose(codes.T, our_omp(D, Y, k=N // 10).toarray(), atol=1e-8)


def test_sklearn_omp_squares_the_tolerance(problem):
    orthogonal_mp = pytest.importorskip("sklearn.linear_model").orthogonal_mp
    D, Y, _ = problem
    for y in Y.T / np.linalg.norm(Y, axis=0)[:, None]:
        eps = 0.2  # the root is 0.45
        ours = our_omp(D, y, tol=eps)
        np.testing.assert_allclose(orthogonal_mp(D, y, tol=eps**2), ours, atol=1e-10)
        assert support(orthogonal_mp(D, y, tol=eps)) != support(ours)


def test_sklearn_omp_compares_raw_products(uneven):
    orthogonal_mp = pytest.importorskip("sklearn.linear_model").orthogonal_mp
    D, y = uneven
    norms = np.linalg.norm(D, axis=0)
    ours = our_omp(D, y, k=2)
    assert support(ours) == {4, 10}
    np.testing.assert_allclose(orthogonal_mp(D / norms, y, n_nonzero_coefs=2) / norms, ours, atol=1e-10)
    assert support(orthogonal_mp(D, y, n_nonzero_coefs=2)) != {4, 10}


def test_sklearn_learners_return_rows_of_norm_at_most_one(rng):
    learner = pytest.importorskip("sklearn.decomposition").DictionaryLearning
    learned = learner(6, max_iter=5, random_state=0).fit(rng.standard_normal((60, 9))).components_
    assert learned.shape == (6, 9)
    assert np.linalg.norm(learned, axis=1).max() <= 1 + 1e-9


# --- celer, skglm -------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["celer", "skglm"])
def test_celer_and_skglm_divide_lam_by_the_rows(problem, library):
    Lasso = pytest.importorskip(library).Lasso
    D, Y, lam = problem
    y = Y[:, 0]
    assert best(D, y, lam, Lasso(alpha=lam / N, fit_intercept=False, tol=1e-10).fit(D, y).coef_)
    assert not best(D, y, lam, Lasso(alpha=lam, fit_intercept=False, tol=1e-10).fit(D, y).coef_, 0.1)
    assert Lasso().fit_intercept, "an intercept is the default"


# --- spams --------------------------------------------------------------------------------------


def test_spams_lasso_takes_lam_itself(problem):
    spams = pytest.importorskip("spams")
    D, Y, lam = problem
    with pytest.raises(RuntimeError, match="Fortran"):  # columns must lie one after the other
        spams.lasso(np.asfortranarray(Y), D=np.ascontiguousarray(D), lambda1=lam, mode=2, numThreads=1)
    Y, D = np.asfortranarray(Y), np.asfortranarray(D)
    codes = spams.lasso(Y, D=D, lambda1=lam, mode=2, numThreads=1).toarray()
    for y, code in zip(Y.T, codes.T, strict=True):
        assert best(D, y, lam, code)
        assert not best(D, y, lam / 2, code, 0.01)


def spams_omp(D, y, **stop):
    """The code of one signal, in the order of memory that spams wants."""
    spams = pytest.importorskip("spams")
    return spams.omp(np.asfortranarray(y[:, None]), np.asfortranarray(D), numThreads=1, **stop).toarray()[
        :, 0
    ]


def test_spams_omp_squares_the_tolerance_of_unit_atoms(problem):
    D, Y, _ = problem
    for y in Y.T / np.linalg.norm(Y, axis=0)[:, None]:
        eps = 0.2  # the root is 0.45
        left, loose = (np.linalg.norm(y - D @ spams_omp(D, y, eps=e)) for e in (eps**2, eps))
        assert left <= eps * (1 + 1e-9), "the residual keeps our bound"
        assert eps < loose <= np.sqrt(eps) * (1 + 1e-9), "and not where eps is taken for the norm"


def residual_on(D, y, atoms):
    """The norm that least squares on these atoms leaves."""
    return np.linalg.norm(y - D[:, atoms] @ np.linalg.lstsq(D[:, atoms], y)[0])


def test_spams_omp_takes_the_atom_that_leaves_least(rng):
    """It is order-recursive, which differs from OMP from the second atom on."""
    different = 0
    for _ in range(20):
        D, y, atoms = normalize(rng.standard_normal((12, 30))), rng.standard_normal(12), []
        for _ in range(4):
            rest = [j for j in range(30) if j not in atoms]
            atoms.append(min(rest, key=lambda j: residual_on(D, y, [*atoms, j])))
        assert support(spams_omp(D, y, L=4)) == set(atoms)
        different += support(our_omp(D, y, k=4)) != set(atoms)
    assert different >= 3


def test_spams_omp_is_wrong_on_atoms_of_other_norms(uneven):
    D, y = uneven
    code = spams_omp(D, y, L=2)
    assert support(our_omp(D, y, k=2)) == {4, 10}
    assert np.linalg.norm(y - D @ code) > 0.1 * np.linalg.norm(y)


# --- pylops, pyproximal -------------------------------------------------------------------------


def pylops():
    os.environ.setdefault("CUPY_PYLOPS", "0")  # NumPy, whatever else is installed
    return pytest.importorskip("pylops")


@pytest.mark.parametrize("method", ["ista", "fista"])
def test_pylops_takes_half_of_eps(problem, method):
    operator = pylops().MatrixMult(problem[0])
    from pylops.optimization import sparsity

    D, Y, lam = problem
    y, solve = Y[:, 0], getattr(sparsity, method)
    for factor in (1.0, 0.5):  # whatever the step
        step = factor / lipschitz(D)
        steps = {"niter": 10_000, "alpha": step, "tol": 0}
        assert best(D, y, lam, solve(operator, y, eps=2 * lam, **steps)[0])
        assert not best(D, y, lam, solve(operator, y, eps=lam, **steps)[0], 0.01)


def test_pylops_omp_takes_the_norm(problem):
    operator = pylops().MatrixMult(problem[0])
    from pylops.optimization.sparsity import omp as theirs

    D, Y, _ = problem
    for y in Y.T:
        eps = 0.3 * np.linalg.norm(y)
        found = theirs(operator, y, niter_outer=N, niter_inner=200, sigma=eps)[0]
        np.testing.assert_allclose(found, our_omp(D, y, tol=eps), atol=1e-6)


def test_pylops_omp_compares_raw_products(uneven):
    D, y = uneven
    operator = pylops().MatrixMult(D)
    from pylops.optimization.sparsity import omp as theirs

    options = {"niter_outer": 2, "niter_inner": 200, "sigma": 0}
    assert support(theirs(operator, y, normalizecols=True, **options)[0]) == {4, 10}
    assert support(theirs(operator, y, **options)[0]) != {4, 10}


def test_pyproximal_scales_both_terms(problem):
    pyproximal, operator = pytest.importorskip("pyproximal"), pylops().MatrixMult(problem[0])
    from pyproximal.optimization.primal import ProximalGradient

    D, Y, lam = problem
    y, fit, weight = Y[:, 0], 2.0, 3.0
    found = ProximalGradient(
        pyproximal.L2(Op=operator, b=y, sigma=fit, niter=1),
        pyproximal.L1(sigma=weight),
        np.zeros(ATOMS),
        epsg=lam * fit / weight,
        tau=1 / (fit * lipschitz(D)),
        niter=20_000,
    )
    assert best(D, y, lam, found)


# --- convolutions: sporco, alphacsc -------------------------------------------------------------


def on_the_circle(rng):
    """Filters of several norms, an image that they are good for, and a weight."""
    D = ConvDictionary(rng.standard_normal((3, 4, 1, 3)), (12, 15))
    gamma = rng.standard_normal((12, 15, 3)) * (rng.random((12, 15, 3)) < 0.05)
    y = D @ gamma + 0.1 * rng.standard_normal((12, 15, 1))
    return D, y, 0.1 * lam_max(D, y)


def sporco_code(D, y, lam):
    """sporco's code of ``y`` by ADMM, with a fixed penalty: the one that adapts may stall."""
    cbpdn = pytest.importorskip("sporco.admm.cbpdn")
    options = {"MaxMainIter": 2000, "RelStopTol": 1e-9, "ReturnX": False}
    options |= {"rho": 10 * lam, "AutoRho": {"Enabled": False}}
    solver = cbpdn.ConvBPDN(to_sporco(D), y, lam, cbpdn.ConvBPDN.Options(options), dimK=0, dimN=2)
    return from_sporco_code(solver.solve(), D)[0]


def test_sporco_takes_lam_itself_on_the_circle_whatever_the_norms(rng):
    D, y, lam = on_the_circle(rng)
    norms = np.linalg.norm(D.local, axis=0)
    assert norms.max() > 1.1 * norms.min()
    gamma = sporco_code(D, y[..., 0], lam)
    assert duality_gap(D, y, gamma, lam) < 1e-4
    assert duality_gap(D, y, gamma, lam / 2) > 0.01
    assert gamma.min() < 0 < gamma.max(), "signed"
    lowest = objective(D, y, basis_pursuit(D, y, lam, tol=1e-8).gamma, lam)
    np.testing.assert_allclose(objective(D, y, gamma, lam), lowest, rtol=1e-4)


def test_three_channels_under_a_grey_dictionary_of_sporco_are_three_signals(rng):
    D, y, lam = on_the_circle(rng)
    colour = np.concatenate([y, 0.5 * y, y[::-1]], axis=-1)
    gamma = sporco_code(D, colour, lam)
    assert gamma.shape == (3, 12, 15, 3)
    assert duality_gap(D, np.moveaxis(colour, -1, 0)[..., None], gamma, lam) < 1e-4


def test_sporco_learns_atoms_of_norm_one_with_their_means(rng):
    learning = pytest.importorskip("sporco.dictlrn.cbpdndl")
    D, y, lam = on_the_circle(rng)
    options = learning.ConvBPDNDictLearn.Options({"MaxMainIter": 5, "Verbose": False})
    start = to_sporco(D) + 1.0
    found = learning.ConvBPDNDictLearn(start, y + 1.0, lam, options, dimK=0).solve().squeeze()
    np.testing.assert_allclose(np.linalg.norm(found.reshape(-1, 3), axis=0), 1, atol=1e-12)
    assert np.abs(found.reshape(-1, 3).mean(axis=0)).max() > 0.01


def test_alphacsc_solves_our_nonnegative_problem_inside_the_border(rng):
    pytest.importorskip("alphacsc")
    from alphacsc.update_z_multi import update_z_multi

    d = normalize(rng.standard_normal((2, 5)).T).T[:, None, :]  # (m, C, L)
    D = from_alphacsc(d, 60)
    y = D @ (rng.standard_normal((56, 2)) * (rng.random((56, 2)) < 0.2))
    lam = 0.1 * lam_max(D, y)
    solver = {"tol": 1e-8, "max_iter": 100_000}
    found = update_z_multi(y.T[None], d, lam, solver="lgcd", solver_kwargs=solver)[0]
    assert found.shape == (1, 2, 56)
    gamma = from_channels_first(found, D)[0]
    assert gamma.min() >= 0
    assert duality_gap(D, y, gamma, lam, nonnegative=True) < 1e-4
    assert basis_pursuit(D, y, lam).gamma.min() < -0.1, "ours is signed unless told otherwise"
