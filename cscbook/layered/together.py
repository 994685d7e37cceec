"""All layers together: the multi-layer lasso, its exact solution for small models, ML-ISTA and ML-FISTA.

The problem is ``min_g ||y - D_1 ... D_K g||^2 / 2 + sum_i lam_i ||gamma_i||_1`` over the deepest code
``g = gamma_K``, with ``gamma_{i - 1} = D_i gamma_i`` exactly [Sulam, Aberdam, Beck & Elad, 2020].
Unlike layer after layer, a late layer can correct an early one.
"""

from itertools import accumulate

from ..arrays import array_namespace, check, check_level, check_whole, eye, float64, zeros
from ..dictionaries.matrix import dense, lipschitz
from ..pursuits import Pursuit
from ..pursuits.iterative import momentum
from ..shrinkage import soft
from .model import check_layers, largest_eigenvalues
from .pursuits import check_number


def _codes(dictionaries, gamma):
    """``[D_1 ... D_K g, ..., D_K g, g]``: the signal and all codes that the deepest implies."""
    return list(accumulate(reversed(dictionaries), lambda code, D: D @ code, initial=gamma))[::-1]


def _check_shape(y, x):
    if tuple(y.shape) != tuple(x.shape):
        raise ValueError(f"y has shape {tuple(y.shape)}: expected {tuple(x.shape)}, as the code makes it")


def ml_objective(dictionaries, y, gamma, lams):
    """``||y - D_1 ... D_K g||^2 / 2 + sum_i lam_i ||D_{i + 1} ... D_K g||_1`` of the deepest code, a
    number (summed over a batch)."""
    check_layers(dictionaries, lams, names=["lams"])
    array_namespace(check("y", y), check("gamma", gamma))
    lams = [check_level("lam", lam) for lam in lams]
    x, *codes = map(float64, _codes(dictionaries, gamma))
    xp = array_namespace(x)
    _check_shape(y, x)
    fidelity = float(xp.sum((float64(y) - x) ** 2)) / 2
    return fidelity + sum(lam * float(xp.sum(xp.abs(g))) for lam, g in zip(lams, codes, strict=True))


def ml_steps(dictionaries, step=None):
    """Coupled steps ``[t_1, ..., t_K]`` of ML-ISTA: ``t_1 = step``, by default ``1 / eig_max(D_1^T
    D_1)``, and ``t_i = t_{i - 1} / eig_max(D_i^T D_i)``.

    Each layer takes its step on what the one before left undone, so the steps multiply. With these the
    iteration is an averaged operator at any depth, and converges; for two layers ``t_2`` may be 4/3 as
    large.
    """
    sizes = largest_eigenvalues(check_layers(dictionaries))
    step = 1 / sizes[0] if step is None else check_level("step", step, positive=True)
    if not 0 < step <= 1.0001 / sizes[0]:
        raise ValueError(f"step = {step}: expected 0 < step <= 1 / eig_max(D_1^T D_1) = {1 / sizes[0]:.4g}")
    return list(accumulate(sizes[1:], lambda t, size: t / size, initial=step))


def sweep(dictionaries, y, gamma, steps, betas, shrink=soft):
    """One sweep through all layers, ``[gamma_1, ..., gamma_K]``: one unfolding of a network.

    Towards the signal: ``h_{i - 1} = D_i h_i`` from ``h_K = gamma``. Then towards the deepest layer:
    ``gamma_i = shrink(h_i - c_i D_i^T (D_i h_i - gamma_{i - 1}), beta_i)`` from ``gamma_0 = y``, with
    ``c_i = steps[i]``. From a zero code and with steps 1 it is layered thresholding.
    """
    steps = [check_number("step", step) for step in steps]
    betas = [check_number("beta", beta) for beta in betas]
    array_namespace(check("y", y), check("gamma", gamma))
    return _sweep(dictionaries, y, gamma, steps, betas, shrink)


def _sweep(dictionaries, y, gamma, steps, betas, shrink):
    implied, codes = _codes(dictionaries, gamma), [y]
    _check_shape(y, implied[0])
    for D, before, h, c, beta in zip(dictionaries, implied[:-1], implied[1:], steps, betas, strict=True):
        codes.append(shrink(h - c * (D.T @ (before - codes[-1])), beta))
    return codes[1:]


def _prepare(dictionaries, y, lams, step, start):
    """Deepest code to start from, the step of each layer relative to the one before, the thresholds."""
    check_layers(dictionaries, lams, names=["lams"])
    check("y", y)
    steps = ml_steps(dictionaries, step)
    relative = [t / before for t, before in zip(steps, [1.0, *steps], strict=False)]
    if start is None:
        start = y
        for D in dictionaries:
            start = D.T @ start
        start = 0 * start
    array_namespace(y, check("start", start))
    return start, relative, [t * check_level("lam", lam) for t, lam in zip(steps, lams, strict=True)]


def ml_ista(dictionaries, y, lams, step=None, shrink=soft, start=None):
    """Yield the deepest codes of multi-layer ISTA [Sulam, Aberdam, Beck & Elad, 2020], for ever.

    One :func:`sweep` per step, ``c_i = t_i / t_{i - 1}`` and thresholds ``t_i lam_i`` with the coupled
    steps ``t_i`` of :func:`ml_steps`. Its fixed points are near the minimiser of :func:`ml_objective`,
    and reach it as ``step`` falls to 0. Steps chosen for each layer alone lead elsewhere.

    Parameters
    ----------
    dictionaries : list of matrices or ConvDictionaries
    y : array
        The signal.
    lams : list of float
        One weight per layer.
    step : float, optional
        ``t_1``, at most ``1 / eig_max(D_1^T D_1)``.
    """
    gamma, steps, betas = _prepare(dictionaries, y, lams, step, start)
    while True:
        gamma = _sweep(dictionaries, y, gamma, steps, betas, shrink)[-1]
        yield gamma


def ml_fista(dictionaries, y, lams, step=None, shrink=soft, start=None):
    """Yield the deepest codes of multi-layer FISTA: :func:`ml_ista` with momentum on the deepest code
    only, and a restart when it overshoots [Sulam, Aberdam, Beck & Elad, 2020]."""
    z, steps, betas = _prepare(dictionaries, y, lams, step, start)
    gamma, t = z, zeros((), like=z) + 1
    while True:
        before, gamma = gamma, _sweep(dictionaries, y, z, steps, betas, shrink)[-1]
        push, t = momentum(t, (z - gamma) * (gamma - before))
        z = gamma + push * (gamma - before)
        yield gamma


def ml_basis_pursuit(dictionaries, y, lams, tol=1e-6, max_iter=20_000, rho=None):
    """The minimiser of :func:`ml_objective` for one small signal, by ADMM on the explicit matrices.

    Splits ``z_i = M_i g``, ``M_i = D_{i + 1} ... D_K``, for all layers. It stops on a certificate: with
    ``r = y - M_0 g``, dual vectors ``|p_i| <= lam_i`` of the layers before the last, and ``p_K = M_0^T
    r - sum_i M_i^T p_i``, the number ``s y^T r - s^2 ||r||^2 / 2``, ``s = min(1, lam_K /
    ||p_K||_inf)``, is below every objective.

    Returns
    -------
    Pursuit
        ``gamma`` is the deepest code; ``trace`` holds the objective at each check.
    """
    check_layers(dictionaries, lams, names=["lams"])
    lams = [check_level("lam", lam, positive=True) for lam in lams]
    tol, max_iter = check_level("tol", tol), check_whole("max_iter", max_iter)
    xp = array_namespace(check("y", y))
    A, W, weights = _stacked(dictionaries, lams)
    target, m, trace = xp.reshape(float64(y), (-1,)), A.shape[1], []
    rho = check_level("rho", lipschitz(A) / lipschitz(W) if rho is None else rho, positive=True)
    inverse, seen = xp.linalg.inv(A.T @ A + rho * (W.T @ W)), A.T @ target
    z = u = 0 * weights
    for t in range(1, max_iter + 1):
        codes = W @ (inverse @ (seen + rho * (W.T @ (z - u))))
        mixed = 1.7 * codes - 0.7 * z  # over-relaxed
        z, before = soft(mixed + u, weights / rho), u
        u = before + mixed - z
        if t % 25 == 0 or t == max_iter:
            value, bound = _certificate(A, W, weights, target, z[-m:], rho * u)
            trace.append(value)
            if value - bound <= tol * value:
                break
    last = dictionaries[-1]
    shape = (*last.positions, last.filters.shape[-1]) if hasattr(last, "positions") else (m,)
    return Pursuit(xp.astype(xp.reshape(z[-m:], shape), y.dtype), tuple(trace), value - bound <= tol * value)


def _stacked(dictionaries, lams):
    """``A = D_1 ... D_K``, all ``M_i`` on top of each other, and the weight of each of their rows."""
    matrices = [float64(dense(D)) for D in reversed(dictionaries)]
    xp, m = array_namespace(matrices[0]), matrices[0].shape[1]
    *maps, A = accumulate(matrices, lambda product, D: D @ product, initial=eye(m, like=matrices[0]))
    maps = maps[::-1]  # M_1, ..., M_K = I
    weights = [lam + zeros((M.shape[0],), like=M) for lam, M in zip(lams, maps, strict=True)]
    return A, xp.concat(maps), xp.concat(weights)


def _certificate(A, W, weights, y, gamma, p):
    """The objective of a deepest code, and a lower bound on every objective from ``|p| <= weights``."""
    xp, m = array_namespace(y), A.shape[1]
    r = y - A @ gamma
    value = float(r @ r) / 2 + float(weights @ xp.abs(W @ gamma))
    last = A.T @ r - W.T @ p + p[-m:]
    scale = min(1.0, float(weights[-1]) / max(float(xp.max(xp.abs(last))), 1e-300))
    return value, scale * float(y @ r) - scale**2 * float(r @ r) / 2
