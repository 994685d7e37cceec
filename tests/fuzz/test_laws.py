"""Identities of operators, views, norms and shrinkage, over random shapes, precisions, orders and scales."""

import math

import numpy as np
import pytest
from fuzz.laws import columns, inner, law, near, powers, scales, shifts
from hypothesis import strategies as st

import cscbook as book
from cscbook import ConvDictionary
from cscbook.shrinkage import hard, soft, soft_nonnegative

thresholds = st.floats(0, 3)
ordinary = st.just(1.0)


def size_of(D, gamma):
    """``|D| |gamma|``: what rounding in ``D @ gamma`` is relative to."""
    return ConvDictionary(abs(D.filters), D.space, D.stride, D.circular) @ abs(gamma)


# --- operators ------------------------------------------------------------------------------------


@law(p=shifts())
def test_the_adjoint_of_the_dictionary(p):
    """``<D g, x> = <g, D^T x>``."""
    D, g, x, tol = p.parts()
    scale = inner(size_of(D, g), abs(x))
    near(inner(D @ g, x), inner(g, D.T @ x), tol, scale)


@law(p=shifts())
def test_the_dictionary_is_its_matrix(p):
    """``D g`` and ``D^T x`` are products with ``dense(D)``."""
    D, g, x, tol = p.parts()
    M, batch = book.dense(D).astype(np.float64), g.shape[: -1 - len(D.space)]
    flat_g, flat_x = g.reshape(*batch, -1).astype(np.float64), x.reshape(*batch, -1).astype(np.float64)
    near((D @ g).reshape(*batch, -1), flat_g @ M.T, tol, (abs(flat_g) @ abs(M.T)).max())
    near((D.T @ x).reshape(*batch, -1), flat_x @ M, tol, (abs(flat_x) @ abs(M)).max())
    one = flat_g.reshape(-1, M.shape[1])[0]
    near(book.linear_operator(D) @ one, one @ M.T, tol, (abs(flat_g) @ abs(M.T)).max())


@law(p=shifts())
def test_aggregate_is_the_adjoint_of_patches(p):
    """``<R x, q> = <x, sum_i R_i^T q_i>`` for patches q of another signal."""
    D, _, x, tol = p.parts()
    q = book.patches(x, *p.view())[..., ::-1] * x.dtype.type(0.5)
    back = book.aggregate(q, D.size, D.space, D.stride, D.circular)
    assert back.shape == x.shape and back.dtype == x.dtype
    views = book.patches(x, *p.view())
    near(inner(views, q), inner(x, back), tol, inner(abs(views), abs(q)))


@law(p=shifts())
def test_counts_are_the_aggregate_of_ones(p):
    """``sum_i R_i^T R_i 1``."""
    D, _, x, _ = p.parts()
    ones = np.ones((*D.positions, math.prod(D.size)), x.dtype)
    found = book.counts(D.size, D.space, D.stride, D.circular, like=x)
    np.testing.assert_array_equal(found, book.aggregate(ones, D.size, D.space, D.stride, D.circular))


@law(p=shifts())
def test_slices_sum_to_the_signal(p):
    """``sum_i R_i^T D_L alpha_i = D g``."""
    D, g, _, tol = p.parts()
    slices = book.aggregate(g @ D.local.T, D.size, D.space, D.stride, D.circular)
    near(slices, D @ g, tol, float(size_of(D, g).max()))


@law(p=shifts())
def test_a_patch_is_omega_times_its_stripe(p):
    """``R_i D g = Omega gamma_i``."""
    D, g, _, tol = p.parts()
    found = book.stripes(g, *p.view()) @ D.stripe_dictionary.T
    near(found, book.patches(D @ g, *p.view()), tol, float(size_of(D, g).max()))


@law(p=shifts())
def test_the_order_in_memory_does_not_matter(p):
    """Fortran order, negative strides and read-only arrays give the numbers of plain ones."""
    D, g, x, tol = p.parts()
    plain = ConvDictionary(D.filters.copy(order="C"), D.space, D.stride, D.circular)
    g2, x2 = (a.copy(order="C") for a in (g, x))
    near(D @ g, plain @ g2, tol, float(size_of(D, g).max()))
    np.testing.assert_array_equal(book.patches(x, *p.view()), book.patches(x2, *p.view()))
    np.testing.assert_array_equal(book.stripes(g, *p.view()), book.stripes(g2, *p.view()))
    assert (D @ g).dtype == (D.T @ x).dtype == x.dtype


@law(p=shifts(spread=ordinary), s=scales)
def test_lipschitz_is_the_largest_eigenvalue_at_every_scale(p, s):
    """``lambda_max((s D)^T (s D)) = s^2 lambda_max(D^T D)``, an upper bound that is nearly met; in single
    precision as long as ``s^4`` is a number."""
    D, _, _, tol = p.parts()
    s = s if D.filters.dtype == np.float64 else s**0.7
    scaled = ConvDictionary(D.filters * D.filters.dtype.type(s), D.space, D.stride, D.circular)
    top = np.linalg.norm(book.dense(D).astype(np.float64), 2) ** 2
    found = float(scaled.lipschitz) / float(D.filters.dtype.type(s)) ** 2
    assert top * (1 - 10 * tol) <= found <= top * 1.02


@pytest.mark.parametrize("s", [1e-11, 1e10])
def test_lipschitz_in_single_precision_where_the_fourth_power_is_no_number(s):
    filters = np.array([0.34558418, 0.82161814], np.float32).reshape(1, 1, 2)
    expected = s**2 * float(ConvDictionary(filters, (1,), circular=False).lipschitz)
    with np.errstate(all="ignore"):
        found = float(ConvDictionary(filters * np.float32(s), (1,), circular=False).lipschitz)
    assert found == pytest.approx(expected, rel=1e-2, abs=0)


# --- norms, coherence -----------------------------------------------------------------------------


@law(p=shifts(spread=ordinary), s=scales, sign=st.sampled_from([1, -1]))
def test_norms_are_homogeneous(p, s, sign):
    """``||s e|| = |s| ||e||`` for the loudest patch, and counts of non-zeros do not feel the scale."""
    _, g, x, tol = p.parts()
    t = x.dtype.type(sign * s)
    near(book.l2_inf_patch(t * x, *p.view()), abs(float(t)) * book.l2_inf_patch(x, *p.view()), tol)
    sparse = g * (g > 0.5)
    assert book.l0(t * sparse) == book.l0(sparse) == np.count_nonzero(sparse)
    assert book.l0_inf_stripe(t * sparse, *p.view()) == book.l0_inf_stripe(sparse, *p.view())
    held = x * (x > 0.5)
    assert book.l0_inf_patch(t * held, *p.view()) == book.l0_inf_patch(held, *p.view())
    near(book.psnr(t * x, 2 * t * x, abs(t) * 255), book.psnr(x, 2 * x, 255), 100 * tol)


@law(p=columns(), s=scales)
def test_coherence_is_that_of_the_gram_matrix_within_welch(p, s):
    """``sqrt((m - n) / (n (m - 1))) <= mu <= 1``, whatever the norms of the atoms."""
    D, _, _, tol = p.parts()
    (n, m), mu = D.shape, book.coherence(D)
    gram = np.abs(D.T.astype(np.float64) @ D)
    near(mu, (gram - np.diag(np.diag(gram))).max(), 10 * tol, 1.0)
    assert math.sqrt((m - n) / (n * (m - 1))) - tol <= mu <= 1
    near(book.coherence(D * D.dtype.type(s)), mu, 10 * tol, 1.0)


@law(p=shifts(axes=(1,), strides=1), wide=st.integers(0, 5))
def test_no_filters_are_less_coherent_than_welch_says(p, wide):
    """``mu(D) >= welch_bound(m, n)`` for all shifts of m filters of n samples."""
    (n,), m = p.D.size, p.D.filters.shape[-1]
    if p.D.filters.shape[-2] == 1 and (n > 1 or m > 1):
        D = ConvDictionary(p.D.filters, (2 * n - 1 + wide,))
        assert book.welch_bound(m, n) <= book.coherence(D) + p.tol <= 1 + p.tol
        near(book.coherence(D), float(book.shifted_coherence(D).max()), 10 * p.tol, 1.0)


@law(p=shifts(batches=((),)), s=powers)
def test_stripe_coherence_counts_and_is_below_mu_times_the_stripe(p, s):
    """``zeta_i <= mu ||gamma_i||_0``, at every scale of the code."""
    D, g, _, tol = p.parts()
    sparse = g * (g > 0)
    zeta = book.stripe_coherence(sparse, D)
    held = np.count_nonzero(book.stripes(sparse, *p.view()), axis=-1)
    mu = float(book.shifted_coherence(D).max())
    assert (zeta <= mu * held * (1 + tol) + tol).all()


# --- shrinkage ------------------------------------------------------------------------------------


@law(p=shifts(spread=ordinary), beta=thresholds, s=powers)
def test_soft_thresholding_is_the_prox_of_the_l1_norm(p, beta, s):
    """``z - x`` lies in ``beta`` times the subdifferential of ``||x||_1``; Moreau; scale."""
    z, tol = p.gamma, p.tol
    b, t = z.dtype.type(beta), z.dtype.type(s)
    x = soft(z, b)
    assert x.dtype == z.dtype
    assert (np.abs(z - x) <= b + tol * np.abs(z)).all()
    near((z - x)[x != 0], (b * np.sign(x))[x != 0], 1, tol * max(1.0, float(np.abs(z).max())))
    near(x + np.clip(z, -b, b), z, tol)
    np.testing.assert_array_equal(soft(t * z, t * b), t * x)
    np.testing.assert_array_equal(soft_nonnegative(z, b), np.maximum(x, 0))
    np.testing.assert_array_equal(soft_nonnegative(t * z, t * b), t * soft_nonnegative(z, b))


@law(p=shifts(spread=ordinary), beta=thresholds, other=st.floats(-5, 5))
def test_hard_thresholding_is_a_prox_of_the_count(p, beta, other):
    """No value does better than ``hard(z)`` in ``(z - x)^2 / 2 + beta^2 / 2 [x != 0]``; done twice it is
    done."""
    z, b = p.gamma.astype(np.float64), beta
    x = hard(z, b)

    def cost(x):
        return (z - x) ** 2 / 2 + b**2 / 2 * (x != 0)

    assert (cost(x) <= cost(np.full_like(z, other)) + 1e-12).all()
    assert (cost(x) <= np.minimum(cost(z), cost(0 * z)) + 1e-12).all()
    np.testing.assert_array_equal(hard(x, b), x)


@law(p=shifts(spread=ordinary), peak=st.floats(0.5, 1e5))
def test_psnr_is_its_formula(p, peak):
    """``20 log10(peak / rmse)``, infinite for equal images, the same in both directions."""
    x, truth = p.y, p.y + np.abs(p.y[..., ::-1])
    rmse = math.sqrt(np.mean((x.astype(np.float64) - truth) ** 2))
    near(book.psnr(x, truth, peak), 20 * math.log10(peak / rmse), 1, 1e-3)
    assert book.psnr(x, truth, peak) == book.psnr(truth, x, peak)
    assert book.psnr(x, x) == math.inf
