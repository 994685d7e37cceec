"""The pursuit by local work: iterative thresholding patch by patch, and the ADMM of the slices.

The learner of slices is :mod:`cscbook.learning.slices`.
"""

from ..arrays import array_namespace, as_mask, check, check_level, check_type, check_whole, on_host
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.matrix import lipschitz as largest_eigenvalue
from ..local import aggregate, counts, patches
from ..pursuits import basis_pursuit
from ..pursuits.iterative import check_problem, check_weight
from ..shrinkage import soft


def local_ista(D, y, lam, lipschitz=None):
    """Yield the iterates of iterative soft thresholding, computed patch by patch [Papyan, Sulam & Elad,
    2017].

    Every needle does, in parallel, ``alpha_i <- soft(alpha_i + D_L^T r_i / c, lam / c)`` with its own
    patch of the residual, ``r_i = R_i (y - sum_j R_j^T D_L alpha_j)``. It is :func:`ista
    <cscbook.pursuits.ista>`, number for number: needle i of ``D^T r`` is ``D_L^T R_i r``.

    Parameters
    ----------
    D : ConvDictionary
    y : array, shape (*batch, *space, c)
    lam : float
        Weight of the l1 norm.
    lipschitz : float
        The constant c, by default the largest eigenvalue of ``D^T D``.
    """
    r_i = _patches(D, check_local(D, y, lam))
    c = largest_eigenvalue(D) if lipschitz is None else check_weight(lipschitz, "lipschitz", positive=True)
    alpha = 0 * (r_i @ D.local)
    while True:
        alpha = soft(alpha + r_i @ D.local / c, lam / c)
        slices = alpha @ D.local.T
        r_i = _patches(D, y - _aggregate(D, slices))
        yield alpha


@on_host
def slice_admm(D, y, lam, rho=1.0, mask=None, pursuit=None, balance=0, relax=1.8):
    """Yield the needles of slice-based ADMM [Papyan, Romano, Sulam & Elad, 2017].

    ``min ||y - sum_i R_i^T s_i||^2 / 2 + sum_i lam ||alpha_i||_1`` with the constraints ``s_i = D_L
    alpha_i``, whose scaled multipliers are ``u_i``: :func:`slice_step` again and again. The needles are found
    by coordinate descent on the host; what is yielded is copied to the device of ``y``.

    Parameters
    ----------
    D : ConvDictionary
    y : array, shape (*batch, *space, c)
    lam, rho : float
        Weight of the l1 norm, and of the constraints. 1 to 3 is fast for atoms of norm one and codes
        of order one.
    mask : array, optional
        Broadcasts against ``y``.
    pursuit : function, optional
        ``(D_L, S, weight, start) -> codes``: the needles (m, p) of slices (n c, p), of weight ``lam /
        rho``. Default: :func:`needles`.
    balance : int
        After so many steps each, rho is doubled or halved where the constraints and the slices' moves
        differ by a factor of ten [Boyd et al., 2011, Section 3.4.1]; 0: it stays.
    relax : float
        Over-relaxation, between 0 and 2; 1 is the talk's recursion, 1.8 needs about half of its steps.
    """
    balance = check_whole("balance", balance, least=0)
    slices, dual, gamma = first_slices(D, check_local(D, y, lam), mask)
    rho, relax, mask = _check_step(y, rho, relax, mask)
    for t in range(1, 1 << 62):
        before = slices
        gamma, slices, dual = admm_step(D, y, lam, rho, slices, dual, gamma, mask, pursuit, relax)
        if balance and t % balance == 0:
            factor = _balance(slices - gamma @ D.local.T, rho * (slices - before))
            rho, dual = rho * factor, dual / factor
        yield gamma


def first_slices(D, y, mask=None):
    """Where slice-ADMM starts: the patches of ``y``, each pixel shared among those that cover it, no
    duals, no needles."""
    check_problem(check_type("D", D, ConvDictionary), y)
    y = y if mask is None else as_mask("mask", mask, y) * y
    slices = _patches(D, y / _cover(D, y))
    return slices, 0 * slices, 0 * (slices @ D.local)


def slice_step(D, y, lam, rho, slices, dual, gamma, mask=None, pursuit=None, relax=1.0):
    """One step of slice-ADMM; returns ``(gamma, slices, dual)``.

    The needles code the slices, ``alpha_i = argmin lam ||alpha||_1 + rho ||s_i + u_i - D_L alpha||^2 /
    2``. The slices then share what the image still lacks: with ``Z = sum_j R_j^T (D_L alpha_j - u_j)``
    and the number c of patches over each pixel, ``s_i = D_L alpha_i - u_i + R_i [(y - Z) / (rho + c)]``
    minimises exactly. The duals add up the disagreement, ``u_i <- u_i + s_i - D_L alpha_i``.
    """
    check_local(D, y, lam)
    for name, a, last in (("slices", slices, 0), ("dual", dual, 0), ("gamma", gamma, 1)):
        D._check(a, D.positions, D.local.shape[last], name)
    rho, relax, mask = _check_step(y, rho, relax, mask)
    return admm_step(D, y, lam, rho, slices, dual, gamma, mask, pursuit, relax)


def _check_step(y, rho, relax, mask):
    if not 0 < check_level("relax", relax) < 2:
        raise ValueError(f"relax = {relax}: expected a number between 0 and 2")
    mask = mask if mask is None else as_mask("mask", mask, y)
    return check_level("rho", rho, positive=True), relax, mask


def admm_step(D, y, lam, rho, slices, dual, gamma, mask=None, pursuit=None, relax=1.0):
    """:func:`slice_step`, for what is checked already."""
    gamma = _code(pursuit or needles, D, slices + dual, lam / rho, gamma)
    coded = relax * gamma @ D.local.T + (1 - relax) * slices  # D_L alpha_i: (*batch, *positions, n c)
    missing = y - _aggregate(D, coded - dual)
    cover = _cover(D, y)
    if mask is None:
        shared = missing / (rho + cover)
    else:
        shared = mask**2 * missing / (rho + mask**2 * cover)
    slices = coded - dual + _patches(D, shared)
    return gamma, slices, dual + slices - coded


def needles(D, S, lam, start):
    """Codes (m, p) of slices (n, p) over the local dictionary (n, m) by basis pursuit, from ``start``
    (m, p) on."""
    return basis_pursuit(D, S, lam, tol=1e-4, start=start, max_iter=20).gamma


def check_local(D, y, lam):
    """Raise unless ``D`` is a ``ConvDictionary``, ``y`` a signal of it and ``lam`` a positive number."""
    check_level("lam", lam, positive=True)
    return check_problem(check_type("D", D, ConvDictionary), y)


def _patches(D, x):
    return patches(x, D.size, D.stride, D.circular)


def _aggregate(D, p):
    return aggregate(p, D.size, D.space, D.stride, D.circular)


def _cover(D, y):
    """How many patches cover each pixel, at least 1 so that one may divide."""
    xp, cover = array_namespace(y), counts(D.size, D.space, D.stride, D.circular, like=y)
    return xp.maximum(cover, xp.ones_like(cover))


def _code(pursuit, D, slices, weight, gamma):
    """Needles of slices ``(*batch, *positions, n c)``, by a pursuit that takes and returns columns."""
    xp, m = array_namespace(slices), D.local.shape[1]
    codes = pursuit(
        D.local, xp.reshape(slices, (-1, slices.shape[-1])).T, weight, xp.reshape(gamma, (-1, m)).T
    )
    return xp.reshape(check("codes of the pursuit", codes, ndim=2).T, gamma.shape)


def _balance(primal, dual):
    """2 or 1/2 where one residual is ten times the other, else 1."""
    xp = array_namespace(primal)
    primal, dual = (float(xp.linalg.vector_norm(xp.reshape(a, (-1,)))) for a in (primal, dual))
    return 2.0 if primal > 10 * dual else 0.5 if dual > 10 * primal else 1.0
