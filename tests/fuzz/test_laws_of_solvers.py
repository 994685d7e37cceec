"""Certificates of pursuits and learners, recomputed from the explicit matrix in double precision."""

import math

import numpy as np
from fuzz.laws import columns, dtypes, gap, laid, law, near, orders, powers, scales, seeds, shifts, within
from hypothesis import assume
from hypothesis import strategies as st

import cscbook as book
from cscbook import ConvDictionary, layered_basis_pursuit, synthesize
from cscbook.layered import forward_pass, layered_iterative_thresholding, layered_thresholding
from cscbook.shrinkage import hard, soft, soft_nonnegative

shares = st.floats(0.02, 0.9)
ordinary = st.just(1.0)
short = dict(batches=((), (2,)), spread=ordinary)


def toarray(gamma):
    return np.asarray(gamma.toarray() if hasattr(gamma, "toarray") else gamma)


def singles(D, y, gamma):
    """``(M, [(signal, code), ...])``: the explicit matrix, and every signal of the batch by itself."""
    if not hasattr(D, "filters"):
        return D.astype(np.float64), list(
            zip(y.reshape(len(y), -1).T, toarray(gamma).reshape(D.shape[1], -1).T, strict=True)
        )
    M = book.dense(D).astype(np.float64)
    return M, list(zip(y.reshape(-1, M.shape[0]), gamma.reshape(-1, M.shape[1]), strict=True))


# --- greed ----------------------------------------------------------------------------------------


@law(p=st.one_of(columns(), shifts(batches=((), (2,), (9,)))), k=st.integers(1, 4), share=st.floats(0, 0.9))
def test_omp_leaves_what_is_orthogonal_to_the_chosen_and_stops_by_its_rule(p, k, share):
    """``D_S^T r = 0``; at most k atoms; ``converged`` means ``||r|| <= tol``, or k atoms, or nothing left."""
    D, _, y, eps = p.parts()
    M = (book.dense(D) if hasattr(D, "filters") else D).astype(np.float64)
    if (np.linalg.norm(M, axis=0) == 0).any():
        return
    k, tol = min(k, *M.shape), share * float(np.linalg.norm(y.astype(np.float64)))
    found = book.omp(D, y, k=k, tol=tol)
    _, each = singles(D, y, found.gamma)
    left = []
    for signal, code in each:
        r, on, norm = signal - M @ code, code != 0, np.linalg.norm(signal.astype(np.float64))
        assert on.sum() <= k
        along = M[:, on].T @ r / np.linalg.norm(M[:, on], axis=0)
        near(along, 0 * along, 1, 100 * eps * norm)
        left.append(np.linalg.norm(r) - 100 * eps * norm)
    assert not found.converged or max(left) <= tol * (1 + eps)
    if found.trace:
        near(found.trace[-1], np.linalg.norm(r), 10 * eps, norm)
        assert all(value > tol * (1 - eps) for value in found.trace[:-1]), "it stops where it may"
    assert all(a >= b * (1 - eps) for a, b in zip(found.trace, found.trace[1:], strict=False))


@law(p=st.one_of(columns(), shifts(batches=((), (2,)), spread=ordinary)), k=st.integers(1, 3), s=powers)
def test_omp_of_a_scaled_signal_is_the_scaled_code(p, k, s):
    """``omp(D, s y) = s omp(D, y)``."""
    D, _, y, eps = p.parts()
    k, t = min(k, *D.shape), y.dtype.type(s)
    assume(within(t * y))
    near(toarray(book.omp(D, t * y, k=k).gamma), t * toarray(book.omp(D, y, k=k).gamma), 100 * eps)


@law(p=columns(batches=((),), wide=False), seed=seeds)
def test_refit_is_least_squares_on_the_support(p, seed):
    """The normal equations hold, and nothing lies off the support."""
    D, _, y, eps = p.parts()
    on = np.random.default_rng(seed).random(D.shape[1]) < 0.6
    found = book.refit(D, y, on)
    assert not found[~on].any()
    r = y.astype(np.float64) - D[:, on].astype(np.float64) @ found[on]
    near(D[:, on].T @ r, np.zeros(on.sum()), 1, 1e3 * eps * (np.linalg.norm(y) + np.abs(found).sum()))


# --- basis pursuit --------------------------------------------------------------------------------


def is_optimal(M, y, gamma, lam, tol, eps, nonnegative=False):
    """The gap is at most ``tol`` of the objective; with it come the KKT conditions: ``|d_j^T r| <= lam_j +
    ||d_j|| sqrt(2 gap)`` and ``|lam |g| - <g, M^T r>| <= ||M g|| sqrt(2 gap)``."""
    M, y, gamma = (np.asarray(a, np.float64) for a in (M, y, gamma))
    primal, absolute = gap(M, y, gamma, lam, nonnegative)
    assert absolute <= (1.01 * tol + 20 * eps) * primal, (absolute / primal, tol)
    slack, r = math.sqrt(2 * max(absolute, 0)) + 1e3 * eps * np.linalg.norm(y), y - M @ gamma
    seen = M.T @ r if nonnegative else np.abs(M.T @ r)
    assert (seen <= lam + np.linalg.norm(M, axis=0) * slack).all()
    assert abs(np.sum(lam * np.abs(gamma)) - gamma @ (M.T @ r)) <= np.linalg.norm(M @ gamma) * slack + 1e-300
    assert not nonnegative or gamma.min(initial=0) >= 0


@law(p=st.one_of(columns(), shifts(**short)), share=shares, s=powers)
def test_basis_pursuit_has_its_gap_at_every_scale(p, share, s):
    """The certificate of ``s y`` with the weight ``s lam``, and its code is s times that of y."""
    D, _, y, eps = p.parts()
    t = y.dtype.type(s)
    assume(within(t * p.y))
    if not np.any(y) or not (lam := share * book.lam_max(D, y)):
        return
    tol = 1e-7 if eps < 1e-6 else 1e-3
    one, other = (
        book.basis_pursuit(D, a * y, float(a) * lam, tol=tol, max_iter=20_000) for a in (y.dtype.type(1), t)
    )
    assert one.converged and other.converged
    M, each = singles(D, y, other.gamma / t)
    for signal, code in each:
        is_optimal(M, signal, code, lam, tol, eps)
    near(D @ (other.gamma / t), D @ one.gamma, 1, 3 * math.sqrt(2 * tol) * np.linalg.norm(y))


@law(
    p=st.one_of(columns(batches=((),)), shifts(batches=((),), spread=ordinary)),
    share=shares,
    seed=seeds,
    nonnegative=st.booleans(),
    masked=st.booleans(),
    weighted=st.booleans(),
    s=powers,
)
def test_masks_weights_and_signs(p, share, seed, nonnegative, masked, weighted, s):
    """``||M (y - D g)||^2 / 2 + lam sum w_j |g_j|``, over ``g >= 0`` where asked, at every scale."""
    D, _, y, eps = p.parts()
    rng, conv = np.random.default_rng(seed), hasattr(D, "filters")
    y = y * y.dtype.type(s)
    assume(within(y))
    mask = (rng.random(y.shape) < 0.7).astype(y.dtype) if masked else None
    w = rng.uniform(0.5, 2, D.filters.shape[-1] if conv else D.shape[1]).astype(y.dtype) if weighted else None
    M, ((signal, _),) = singles(D, y, 0 * (D.T @ y))
    M, signal = (M, signal) if mask is None else (mask.ravel()[:, None] * M, mask.ravel() * signal)
    each = np.ones(M.shape[1]) if w is None else np.tile(w, M.shape[1] // len(w)).astype(np.float64)
    seen = M.T @ signal.astype(np.float64) / each
    if (top := float((seen if nonnegative else np.abs(seen)).max())) <= 0:
        return
    tol = 1e-6 if eps < 1e-6 else 1e-3
    found = book.basis_pursuit(
        D, y, share * top, tol=tol, max_iter=50_000, mask=mask, weights=w, nonnegative=nonnegative
    )
    assert found.converged
    is_optimal(M, signal, found.gamma.ravel(), share * top * each, tol, eps, nonnegative)


@law(p=st.one_of(columns(), shifts(**short)), more=st.floats(1.001, 10))
def test_from_lam_max_on_the_code_is_zero(p, more):
    """``lam >= lam_max`` gives zero, and ``lam_max = ||D^T y||_inf``."""
    D, _, y, eps = p.parts()
    near(book.lam_max(D, y), np.abs(D.T @ y).max(), 10 * eps)
    if top := book.lam_max(D, y):
        assert not np.any(book.basis_pursuit(D, y, more * (1 + 10 * eps) * top).gamma)


@law(p=columns(batches=((),)), s=powers, lam=st.floats(0.01, 1))
def test_the_objective_and_the_gap_know_no_scale(p, s, lam):
    """``objective(s y, s g, s lam) = s^2 objective``, and the relative gap is that of the matrix."""
    D, g, y, eps = p.parts()
    t, lam = y.dtype.type(s), lam * book.lam_max(D, y)
    assume(within(t * y, t * g))
    near(
        book.objective(D, t * y, t * g, float(t) * lam),
        float(t) ** 2 * book.objective(D, y, g, lam),
        1e3 * eps,
    )
    primal, absolute = gap(D, y, g, lam)
    near(book.duality_gap(D, t * y, t * g, float(t) * lam), absolute / primal, 1e3 * eps, 1.0)


@law(p=columns(batches=((), (3,))), s=powers)
def test_noiseless_basis_pursuit_is_feasible_minimal_and_scales(p, s):
    """``D g = x``, ``||g||_1`` at most that of the code that made x, and ``s x`` gives ``s g``."""
    D, truth, _, eps = p.parts()
    x, t = D @ truth, p.y.dtype.type(s)
    assume(within(t * x))
    found, other = book.basis_pursuit_equality(D, x), book.basis_pursuit_equality(D, t * x)
    near(D @ found.gamma, x, 1e3 * eps)
    near(D @ other.gamma, t * x, 1e3 * eps)
    assert found.converged == other.converged
    assert not found.converged or np.abs(found.gamma).sum() <= np.abs(truth).sum() * (1 + 1e-5 + 100 * eps)
    near(np.abs(other.gamma).sum() / float(t), np.abs(found.gamma).sum(), 1e-5 + 100 * eps)


@law(p=shifts(axes=(1,), strides=1, batches=((),), spread=ordinary), s=scales)
def test_noiseless_basis_pursuit_on_the_circle(p, s):
    """The same for a convolutional dictionary, whose ``D D^T`` is inverted by frequencies."""
    D, g, _, eps = p.parts()
    D, t = ConvDictionary(D.filters, D.space), g.dtype.type(s)
    truth = np.zeros((*D.positions, g.shape[-1]), g.dtype)
    truth.flat[: g.size] = g.ravel()[: truth.size]
    x = D @ truth
    if np.abs(x).max() < 1e-3:
        return
    found = book.basis_pursuit_equality(D, t * x, max_iter=2000)
    near(D @ found.gamma, t * x, 1e-5)
    assert not found.converged or np.abs(found.gamma).sum() <= float(t) * np.abs(truth).sum() * (
        1 + 1e-5 + 100 * eps
    )


# --- learning and layers --------------------------------------------------------------------------


@law(seed=seeds, dtype=dtypes, order=orders, s=powers)
def test_ksvd_knows_no_scale(seed, dtype, order, s):
    """The dictionary of ``s Y`` is that of Y, and its codes are s times those of Y."""
    rng = np.random.default_rng(seed)
    Y, D0 = (
        rng.standard_normal((5, 40)).astype(dtype),
        book.normalize(rng.standard_normal((5, 8))).astype(dtype),
    )
    one = book.ksvd(Y, D0=D0, k=2, n_iter=2)
    other = book.ksvd(laid(Y * Y.dtype.type(s), order), D0=D0, k=2, n_iter=2)
    tol = 1e-6 if dtype == "float64" else 1e-2
    near(other.D, one.D, tol, 1.0)
    near(toarray(other.gamma) / s, toarray(one.gamma), 10 * tol)
    near(np.linalg.norm(other.D, axis=0), np.ones(8), 1e-5)


@st.composite
def chains(draw):
    """Two layers that fit, and a signal of their model."""
    rng, dtype, circular = np.random.default_rng(draw(seeds)), draw(dtypes), draw(st.booleans())
    first = ConvDictionary(
        rng.standard_normal((4, 1, 3)).astype(dtype), (16,), draw(st.integers(1, 2)), circular
    )
    filters = rng.standard_normal((draw(st.integers(1, 4)), 3, 2)).astype(dtype)
    second = ConvDictionary(laid(filters, draw(orders)), first.positions, 1, circular)
    deepest = rng.standard_normal((*second.positions, 2)).astype(dtype)
    deepest *= rng.random(deepest.shape) < 0.3
    return [first, second], deepest, 1e-9 if dtype == "float64" else 1e-3


@law(p=chains(), beta=st.floats(0.01, 2), shrink=st.sampled_from([soft, hard, soft_nonnegative]), s=scales)
def test_layered_pursuits_obey_their_definitions(p, beta, shrink, s):
    """Every layer is the pursuit of the code before; the forward pass is a network with ReLU; the scale of y
    and of the thresholds is that of all codes."""
    D, deepest, tol = p
    y = synthesize(D, deepest)[-1] * deepest.dtype.type(s)
    betas = [beta * s, beta * s]
    for found, one in (
        (layered_thresholding(D, y, betas, shrink), lambda D, x, b: shrink(D.T @ x, b)),
        (forward_pass(D, y, betas), lambda D, x, b: np.maximum(D.T @ x - b, 0)),
        (
            layered_iterative_thresholding(D, y, betas, 1),
            lambda D, x, b: soft(D.T @ x / D.lipschitz, b / D.lipschitz),
        ),
    ):
        before = y
        for E, code in zip(D, found, strict=True):
            near(code, one(E, before, betas[0]), tol, float(np.abs(E.T @ before).max()) + beta * s)
            before = code
    near(synthesize(D, deepest)[1], D[1] @ deepest, tol)


@law(p=chains(), share=shares, s=powers)
def test_layered_basis_pursuit_is_basis_pursuit_layer_by_layer(p, share, s):
    """The gap of each layer, with the code before as its signal."""
    D, deepest, eps = p
    y = synthesize(D, deepest)[-1] * deepest.dtype.type(s)
    assume(within(y))
    lam = share * book.lam_max(D[0], y)
    if not lam:
        return
    tol = 1e-6 if eps < 1e-6 else 1e-3
    before, lams = y, [lam, 0.1 * lam]
    for E, code, weight in zip(
        D, layered_basis_pursuit(D, y, lams, tol=tol, max_iter=50_000), lams, strict=True
    ):
        if np.any(before):
            is_optimal(
                book.dense(E), before.ravel(), code.ravel(), weight, tol, 2e-4 if eps > 1e-6 else 1e-10
            )
        before = code
