"""PyTorch and JAX: the numbers of NumPy, gradients, what runs under ``jax.jit``, and whom the door turns
away. Neither is a dependency: where one is not installed, its tests are skipped."""

import os
import subprocess
import sys
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest
from calls import FUNCTIONS, GEOMETRY, shifts, view
from libraries import library
from problems import LAYERS, PLANS, after, parameters

import cscbook as book
from cscbook import ConvDictionary, fista, ista, local, norms, shrinkage
from cscbook.arrays import array_namespace, asarray, check, to_numpy
from cscbook.dictionaries.matrix import lipschitz
from cscbook.local import correlate
from cscbook.networks.lista import lista, lista_start

OTHERS = [
    pytest.param(name, marks=pytest.mark.libraries)
    for name in ("torch", "torch-float32", "jax", "jax-float32")
]
double_precision = pytest.mark.parametrize("name", OTHERS[::2])


@pytest.fixture(params=["direct", "spectral"])
def route(request, monkeypatch):
    monkeypatch.setattr(ConvDictionary, "_spectral_is_faster", lambda self: request.param == "spectral")


@pytest.fixture
def jax():
    library("jax")
    return pytest.importorskip("jax")


# --- the numbers of NumPy -------------------------------------------------------------------------


def flat(found):
    """All numbers in what a call returns, in one array."""
    found = getattr(found, "gamma", found)
    found = found.toarray() if hasattr(found, "toarray") else getattr(found, "filters", found)
    found = list(found.values()) if isinstance(found, dict) else found
    if isinstance(found, (list, tuple)):
        return np.concatenate([flat(one) for one in found])
    return np.ravel(np.asarray(to_numpy(found), dtype=float))


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_library_has_the_numbers_of_numpy(name, function):
    xp = library(name)
    like, tol = library(f"numpy-{xp.dtype}"), 1e-4 if xp.dtype == "float32" else 1e-5
    cases = list(FUNCTIONS[function].items())
    for case, call in cases[:1] if name == "jax-float32" else cases:  # JAX compiles each for seconds
        found, expected = flat(call(xp)), flat(call(like))
        scale = max(1.0, np.abs(expected).max(initial=0))
        np.testing.assert_allclose(found, expected, rtol=0, atol=tol * scale, err_msg=case)


def test_the_table_is_long():
    assert sum(map(len, FUNCTIONS.values())) >= 274


def test_the_table_holds_the_functions_of_the_core():
    folders = (import_module(f"cscbook.{name}") for name in ("dictionaries", "layered", "pursuits"))
    public = {name for module in folders for name in module.__all__}
    public |= {
        name
        for module in (local, norms, shrinkage)
        for name, function in vars(module).items()
        if getattr(function, "__module__", "") == module.__name__ and not name.startswith("_")
    }
    draw_their_own = {"dct_dictionary", "dct_matrix", "low_coherence_dictionary", "random_molecules"}
    draw_their_own |= {"spaced_code", "map_threshold", "ConvDictionary", "Product", "Pursuit", "SparseCode"}
    only_inside = {"positions", "times"}
    assert public - FUNCTIONS.keys() == draw_their_own | only_inside


def test_jax_in_its_default_precision_warns_of_nothing(jax):
    """Without ``jax_enable_x64``, in a process of its own: nothing asks JAX for what it does not have."""
    code = """
import jax.numpy as jnp, numpy as np
from cscbook import *
D = ConvDictionary(jnp.asarray(np.random.default_rng(0).standard_normal((4, 1, 2))), (12,))
y = jnp.asarray(np.random.default_rng(1).standard_normal((12, 1)))
found = basis_pursuit(D, y, 0.5).gamma, omp(D, y, k=2).gamma, basis_pursuit(D, y, 0.5, method=fista).gamma
assert all(gamma.dtype == jnp.float32 for gamma in found)
assert duality_gap(D, y, found[0], 0.5) < 1e-3 and l0_inf_stripe(found[1], D.size) <= 2
print(coherence(D), stripe_coherence(found[1], D).dtype)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "JAX_ENABLE_X64": "0"}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stdout.strip().endswith("float32"), done.stderr


# --- gradients ------------------------------------------------------------------------------------


def gradients(xp, loss, *arrays):
    """The gradients of ``loss`` in its arrays, as its library makes them."""
    arrays = [xp(a) for a in arrays]
    if "torch" in repr(xp):
        arrays = [a.requires_grad_() for a in arrays]
        loss(*arrays).backward()
        return [to_numpy(a.grad) for a in arrays]
    jax = sys.modules["jax"]
    found = jax.grad(loss, argnums=tuple(range(len(arrays))))(*arrays)
    traced = jax.jit(jax.grad(loss, argnums=tuple(range(len(arrays)))))(*arrays)
    for a, b in zip(found, traced, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)
    return [to_numpy(g) for g in found]


def agrees_with_differences(loss, found, *arrays, h=1e-6):
    """Every gradient is the slope of the loss in NumPy, along random directions."""
    rng = np.random.default_rng(3)
    for i, g in enumerate(found):
        along = rng.standard_normal(np.shape(arrays[i]))
        ends = [loss(*arrays[:i], arrays[i] + s * h * along, *arrays[i + 1 :]) for s in (1, -1)]
        slope = float(ends[0] - ends[1]) / (2 * h)
        assert abs(np.sum(g * along) - slope) <= 1e-6 * max(1.0, abs(slope)), i


def half_square(r):
    return array_namespace(r).sum(r * r) / 2


@double_precision
@pytest.mark.parametrize("case", GEOMETRY, ids=str)
def test_gradients_of_both_products(name, case, route):
    xp = library(name)
    D, gamma, y = shifts(library("numpy"), np.random.default_rng(0), *case)
    above, seen = np.random.default_rng(1).standard_normal((2, *gamma.shape))

    def rebuilt(filters):
        return ConvDictionary(filters, D.space, D.stride, D.circular)

    def fit(filters, gamma):
        return half_square(rebuilt(filters) @ gamma - asarray(y, like=filters))

    def match(filters, x):
        return half_square(rebuilt(filters).T @ x - asarray(above, like=filters))

    r, g = D @ seen - y, gradients(xp, fit, D.filters, seen)
    np.testing.assert_allclose(g[1], D.T @ r, atol=1e-9)
    np.testing.assert_allclose(
        g[0], correlate(local.patches(r, *view(D)), seen).reshape(g[0].shape), atol=1e-9
    )
    agrees_with_differences(fit, g, D.filters, seen)
    r, g = D.T @ y - above, gradients(xp, match, D.filters, y)
    np.testing.assert_allclose(g[1], D @ r, atol=1e-9)
    np.testing.assert_allclose(g[0], correlate(local.patches(y, *view(D)), r).reshape(g[0].shape), atol=1e-9)
    agrees_with_differences(match, g, D.filters, y)


@pytest.mark.libraries
def test_one_dictionary_is_differentiated_as_often_as_one_likes(route):
    xp = library("torch")
    filters = xp(np.random.default_rng(0).standard_normal((4, 1, 2))).requires_grad_()
    D, gamma = ConvDictionary(filters, (12,)), xp(np.ones((12, 2)))
    found = []
    with pytest.importorskip("torch").no_grad():
        D @ gamma  # must not leave a spectrum without a gradient behind
    for _ in range(2):
        filters.grad = None
        half_square(D.T @ (D @ gamma)).backward()
        found.append(to_numpy(filters.grad))
    assert np.array_equal(*found) and np.abs(found[0]).max() > 0


@double_precision
@pytest.mark.parametrize("plan", PLANS)
def test_gradients_of_the_plans_are_those_made_by_hand(name, plan):
    xp, rng = library(name), np.random.default_rng(0)
    theta, x = parameters(library("numpy"), rng), rng.standard_normal((2, 9, 9, 1))
    code, pull = PLANS[plan](theta, x, LAYERS)
    expected = pull(code, signal=True)  # of half the square of the code

    def loss(*arrays):
        given = dict(zip(expected, arrays, strict=True))
        rest = {key: asarray(a, like=given["x"]) for key, a in theta.items()}
        return half_square(PLANS[plan](rest | given, given["x"], LAYERS)[0])

    found = gradients(xp, loss, *((theta | {"x": x})[key] for key in expected))
    for (key, g), other in zip(expected.items(), found, strict=True):
        np.testing.assert_allclose(other, g, atol=1e-9, err_msg=key)


@double_precision
def test_gradients_of_lista_are_those_made_by_hand(name):
    xp, rng = library(name), np.random.default_rng(0)
    D, y = rng.standard_normal((5, 8)), rng.standard_normal((5, 6))
    theta = lista_start(D, 0.1, 3)
    code, pull = lista(theta, y)

    def loss(*arrays):
        return half_square(lista(dict(zip(theta, arrays, strict=True)), asarray(y, like=arrays[0]))[0])

    for key, g in zip(theta, gradients(xp, loss, *theta.values()), strict=True):
        np.testing.assert_allclose(g, pull(code)[key], atol=1e-9, err_msg=key)


@double_precision
def test_gradients_of_the_forward_pass(name, route):
    """In the filters, the signal and the thresholds, through two layers."""
    xp, rng = library(name), np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((3, 1, 2), (2, 2, 3), (8, 1), (2,), (3,))]
    arrays[3:] = [0.1 * abs(beta) for beta in arrays[3:]]

    def loss(first, second, x, *betas):
        return half_square(
            book.forward_pass([ConvDictionary(d, (8,)) for d in (first, second)], x, betas)[-1]
        )

    agrees_with_differences(loss, gradients(xp, loss, *arrays), *arrays)


@double_precision
def test_gradients_of_unfolded_pursuits(name, route):
    """In the filters, the signal, the start and the weight of ISTA, FISTA and thresholding."""
    xp, rng = library(name), np.random.default_rng(0)
    arrays = [0.5 * rng.standard_normal(shape) for shape in ((3, 1, 2), (8, 1), (8, 2))]

    def loss(filters, y, start, lam):
        D = ConvDictionary(filters, (8,))
        found = [after(method(D, y, lam, lipschitz=6.0, start=start), 5) for method in (ista, fista)]
        return sum(map(half_square, [*found, book.thresholding(D, y, lam).gamma]))

    arrays.append(np.array(0.07))
    agrees_with_differences(loss, gradients(xp, loss, *arrays), *arrays)


# --- jax.jit --------------------------------------------------------------------------------------


TRACED = {
    "D @ gamma": lambda D, g, y: D @ g,
    "D.T @ x": lambda D, g, y: D.T @ y,
    "D.T @ D": lambda D, g, y: D.T @ (D @ g),
    "stripe_dictionary": lambda D, g, y: D.stripe_dictionary,
    "dense": lambda D, g, y: book.dense(D),
    "normalize": lambda D, g, y: book.normalize(D.local),
    "patches": lambda D, g, y: book.patches(y, *view(D)),
    "aggregate": lambda D, g, y: book.aggregate(g @ D.local.T, D.size, D.space, D.stride, D.circular),
    "stripes": lambda D, g, y: book.stripes(g, *view(D)),
    "counts": lambda D, g, y: book.counts(D.size, D.space, D.stride, D.circular, like=y),
    "filter_norms": lambda D, g, y: norms.filter_norms(D.filters),
    "soft": lambda D, g, y: book.soft(g, 0.1),
    "hard": lambda D, g, y: book.hard(g, 0.1),
    "soft_nonnegative": lambda D, g, y: book.soft_nonnegative(g, 0.1),
    "thresholding": lambda D, g, y: book.thresholding(D, y, 0.1).gamma,
    "ista": lambda D, g, y: after(ista(D, y, 0.1, lipschitz=6.0), 3),
    "fista": lambda D, g, y: after(fista(D, y, 0.1, lipschitz=6.0), 3),
    "objective": lambda D, g, y: book.objective(D, y, g, 0.1),
    "forward_pass": lambda D, g, y: book.forward_pass([D], y, [0.1])[0],
    "layered_thresholding": lambda D, g, y: book.layered_thresholding([D], y, [0.1])[0],
    "sweep": lambda D, g, y: book.sweep([D], y, g, [0.2], [0.1])[0],
    "positive_parts": lambda D, g, y: book.positive_parts(g),
    "nonnegative": lambda D, g, y: book.nonnegative([D])[0].filters,
    "mmse_shrinkage": lambda D, g, y: book.mmse_shrinkage(g, 0.1, 1.0, 0.1),
}
HOST_OR_DECIDES = {
    "omp": lambda D, g, y: book.omp(D, y, k=2).gamma,
    "basis_pursuit": lambda D, g, y: book.basis_pursuit(D, y, 0.1).gamma,
    "duality_gap": lambda D, g, y: book.duality_gap(D, y, g, 0.1),
    "coherence": lambda D, g, y: book.coherence(D),
    "l0": lambda D, g, y: book.l0(g),
}


def problem(case=GEOMETRY[1]):
    D, gamma, y = shifts(library("jax"), np.random.default_rng(0), *case)
    return D, gamma, y, lambda f, *rest: (ConvDictionary(f, D.space, D.stride, D.circular), *rest)


@pytest.mark.libraries
@pytest.mark.parametrize("function", TRACED)
def test_what_runs_under_jit(jax, function, route):
    D, gamma, y, rebuilt = problem()
    traced = jax.jit(lambda f, g, y: TRACED[function](*rebuilt(f, g, y)))(D.filters, gamma, y)
    expected = TRACED[function](D, gamma, y)
    np.testing.assert_allclose(traced, expected, atol=1e-10)
    inside = jax.jit(lambda g, y: TRACED[function](D, g, y))(gamma, y)  # a dictionary from outside
    np.testing.assert_allclose(inside, expected, atol=1e-10)


@pytest.mark.libraries
@pytest.mark.parametrize("function", HOST_OR_DECIDES)
def test_what_needs_values_says_so_under_jit(jax, function):
    D, gamma, y, rebuilt = problem()
    with pytest.raises((jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError)):
        jax.jit(lambda f, g, y: HOST_OR_DECIDES[function](*rebuilt(f, g, y)))(D.filters, gamma, y)


@pytest.mark.libraries
def test_a_dictionary_from_outside_keeps_no_tracer(jax, route):
    D, gamma, y, _ = problem(GEOMETRY[0])
    steps = jax.jit(lambda y: after(ista(D, y, 0.1), 3))(y)  # its eigenvalue is known, although traced
    assert not any(isinstance(kept, jax.core.Tracer) for kept in vars(D).values())
    np.testing.assert_allclose(steps, after(ista(D, y, 0.1), 3), atol=1e-12)
    M = D.local
    assert float(jax.jit(lambda x: x * lipschitz(M))(1.0)) == pytest.approx(lipschitz(M))


@pytest.mark.libraries
def test_values_of_a_tracer_are_not_looked_at(jax):
    bad = library("jax")([np.nan])
    with pytest.raises(ValueError, match="holds NaN"):
        check("x", bad)
    assert np.isnan(jax.jit(lambda x: check("x", x))(bad))
    with pytest.raises(ValueError, match="expected 2 axes"):  # its shape is
        jax.jit(lambda x: check("x", x, ndim=2))(bad)


# --- the door -------------------------------------------------------------------------------------


def test_a_library_that_is_not_served_is_refused_in_one_sentence():
    namespace = ModuleType("other")
    other = type(
        "Array", (), {"__module__": "other.core", "__array_namespace__": lambda *_, **__: namespace}
    )()
    with pytest.raises(TypeError, match="^other.Array is not served: expected NumPy, CuPy, PyTorch or JAX"):
        array_namespace(other)


@pytest.mark.libraries
@pytest.mark.parametrize("module, make", [("dask.array", "ones"), ("sparse", "ones"), ("ndonnx", "ones")])
def test_dask_and_others_are_refused(module, make):
    array = getattr(pytest.importorskip(module), make)((4, 1, 2))
    with pytest.raises(TypeError, match="is not served: expected NumPy, CuPy, PyTorch or JAX"):
        ConvDictionary(array, (8,))


@double_precision
def test_the_way_to_numpy_and_back(name):
    xp = library(name)
    a = xp([1.0, 2.0])
    if name == "torch":
        a.requires_grad_()
        assert asarray(2 * a, like=a).requires_grad  # nothing is cut off beside its own library
    copy = to_numpy(a)
    assert type(copy) is np.ndarray and copy.flags.writeable
    assert asarray(np.float32([1, 2]), like=a).dtype == a.dtype
    if name == "jax":
        copy[0] = 5
        assert float(a[0]) == 1.0
    with pytest.raises(TypeError, match="mixed array libraries"):
        array_namespace(a, copy)


# --- a dictionary is its own ----------------------------------------------------------------------


def test_a_dictionary_does_not_change_with_the_array_it_was_made_of(xp, rng, route):
    given = [xp(rng.standard_normal(shape)) for shape in ((3, 1, 2), (2, 2, 3))]
    if "jax" in repr(xp):
        pytest.skip("nothing changes an array of JAX")
    D = ConvDictionary(given[0], (8,)), ConvDictionary(given[1], (8,))
    both = D[0] @ D[1]
    gamma, deep, x = (xp(rng.standard_normal((8, k))) for k in (2, 3, 1))
    before = _products(D[0], both, gamma, deep, x)
    fresh = ConvDictionary(D[0].filters, (8,)), ConvDictionary(D[1].filters, (8,))
    for a in given:
        a[...] = 0
    for after_it in (
        _products(D[0], both, gamma, deep, x),
        _products(fresh[0], fresh[0] @ fresh[1], gamma, deep, x),
    ):
        for one, other in zip(before, after_it, strict=True):
            np.testing.assert_array_equal(one, other)
            assert np.abs(one).max() > 0


def _products(D, both, gamma, deep, x):
    seen = D @ gamma, D.T @ x, both @ deep, both.T @ x, both.effective @ deep, both.effective.T @ x
    return [to_numpy(a) for a in (*seen, D.filters, D.local, both.filters)]


def test_filters_cannot_be_written(rng):
    D = ConvDictionary(rng.standard_normal((3, 1, 2)), (8,))
    both = D @ ConvDictionary(rng.standard_normal((2, 2, 3)), (8,))
    for filters in (D.filters, D.local, both.filters, both.effective.filters):
        with pytest.raises(ValueError, match="read-only"):
            filters[...] = 0
