"""Pursuits that begin at the deepest code: projection on the model, and holistic pursuit."""

from ..arrays import added, array_namespace, check, check_level, check_whole, eye, indices, zeros
from ..pursuits import Pursuit, omp
from ..shrinkage import soft
from .model import check_layers, effective, local_sparsities, null_space, synthesize


def projection_pursuit(dictionaries, y, levels, knobs, pursuit=omp):
    """Project a signal on the model: ``[gamma_1, ..., gamma_K]``, exactly consistent, each code within
    its sparsity bound [Sulam, Papyan, Romano & Elad, 2018, Algorithm 1].

    The pursuit runs on the effective dictionary ``D_1 ... D_K``, with one knob after the other, from
    sparse to full. Each deepest code is synthesised, layer by layer to the signal; the first that
    overfills a stripe of any layer ends the search, and the one before it is returned.

    Parameters
    ----------
    dictionaries : list of matrices or ConvDictionaries
    y : array
        One signal.
    levels : list of int
        How many non-zeros a stripe of each layer may hold.
    knobs : iterable
        For ``omp`` numbers of atoms, ``range(1, k + 1)``; for ``basis_pursuit`` falling weights.

    Returns
    -------
    list of arrays
        All zero if already the first code overfills a stripe.
    """
    check_layers(dictionaries, levels, names=["levels"])
    levels = [check_level("level", level) for level in levels]
    D, best = effective(dictionaries)[-1], None
    for knob in knobs:
        found = pursuit(D, y, knob)
        gamma = found.gamma if isinstance(found, Pursuit) else found
        codes = synthesize(dictionaries, gamma)[-2::-1]
        if any(s > level for s, level in zip(local_sparsities(dictionaries, codes), levels, strict=True)):
            break
        best = codes
    return synthesize(dictionaries, 0 * (D.T @ y))[-2::-1] if best is None else best


def holistic_pursuit(D1, D2, y, eps, zeros_above, steps=300):
    """Holistic pursuit of two matrix layers: the zeros of ``gamma_1 = D_2 gamma_2`` help to find
    ``gamma_2`` [Aberdam, Sulam & Elad, 2019].

    Every zero of ``gamma_1`` is an equation that ``gamma_2`` obeys. Alternately: the smallest ``||gamma_2
    ||_1`` with ``||y - D_1 D_2 gamma_2||_2 <= eps`` under the equations so far, and one more equation,
    the row of ``D_2`` that is smallest on that code.

    Parameters
    ----------
    D1, D2 : matrices (n, m_1), (m_1, m_2)
    y : array (n,)
    eps : float
        How far from the signal the code may stay, such as ``sqrt(n) sigma``.
    zeros_above : int
        How many zeros of ``gamma_1`` to find; 0 is basis pursuit over ``D_1 D_2``.
    steps : int
        Of ADMM, in each basis pursuit.

    Returns
    -------
    (gamma_1, gamma_2) : arrays (m_1,), (m_2,)
    """
    xp, m = array_namespace(check("D1", D1, 2), check("D2", D2, 2), check("y", y, 1)), D2.shape[1]
    eps, steps = check_level("eps", eps), check_whole("steps", steps)
    zeros_above = check_whole("zeros_above", zeros_above, least=0)
    if zeros_above >= min(m, D1.shape[1]):
        raise ValueError(f"zeros_above = {zeros_above}: expected 0 <= zeros_above < {min(m, D1.shape[1])}")
    A, norms = D1 @ D2, xp.linalg.vector_norm(D2, axis=1)
    check_level("the largest singular value of D1 D2", float(xp.linalg.matrix_norm(A, ord=2)), positive=True)
    if zeros_above and not bool(xp.all(norms > 0)):
        raise ValueError("a row of D2 is zero: it is no equation")
    basis, found = eye(m, like=y), []
    for _ in range(zeros_above):
        size = xp.abs(D2 @ _error_constrained(A, y, eps, basis, steps)) / norms
        for j in found:  # not again
            size = added(size, (j,), xp.inf)
        found.append(int(xp.argmin(size)))
        basis = null_space(xp.take(D2, indices(found, like=y), axis=0))
    gamma = _error_constrained(A, y, eps, basis, steps)
    return D2 @ gamma, gamma


def _error_constrained(A, y, eps, basis, steps):
    """``min ||g||_1`` such that ``||y - A g||_2 <= eps``, over ``g`` in the span of an orthonormal basis.

    ADMM with two splits: ``z = g`` is shrunk, ``v = y - A g`` is pulled into the ball.
    """
    xp, B = array_namespace(y), A @ basis
    w = 5 / float(xp.linalg.matrix_norm(B, ord=2)) ** 2  # weight of the second split
    inverse = xp.linalg.inv(eye(B.shape[1], like=y) + w * (B.T @ B))
    z = u = zeros((A.shape[1],), like=y)
    v = t = xp.zeros_like(y)
    gamma = basis @ (w * (inverse @ (B.T @ y)))
    beta = max(0.2 * float(xp.max(xp.abs(gamma))), 1e-300)
    for _ in range(steps):
        x = inverse @ (basis.T @ (z - u) + w * (B.T @ (y - v + t)))
        gamma, r = basis @ x, y - B @ x
        z = soft(gamma + u, beta)
        u = u + gamma - z
        v = r + t
        v = v * min(1.0, eps / max(float(xp.linalg.vector_norm(v)), 1e-300))
        t = t + r - v
    return gamma
