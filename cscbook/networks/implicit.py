"""Gradients through a pursuit that has converged: no step is unfolded, the solution itself is differentiated.

A small change of the dictionary, the signal or the weight moves the non-zeros of a lasso's solution and,
except on a set of measure zero, leaves its support and signs as they are. On the support the solution obeys
linear equations, and differentiating these gives its gradients from one more system with the same matrix
[Mairal, Bach & Ponce, 2012].
"""

from ..arrays import array_namespace, check, check_level, check_type, check_whole, zeros
from ..dictionaries.convolution import ConvDictionary, _largest_eigenvalue
from ..local import correlate, patches
from ..norms import energy
from ..pursuits.conjugate_gradients import conjugate_gradients
from ..pursuits.iterative import check_problem, momentum
from ..shrinkage import soft_nonnegative
from .plans import Plan, _over_positions, chained


def lasso_gradients(D, y, gamma, g, ridge=0.0, tol=1e-10, max_iter=1000):
    """Gradients of a loss that depends on the code ``argmin ||y - D z||^2 / 2 + ridge ||z||^2 / 2 +
    sum lam |z|``, from its gradient ``g`` in that code.

    On the support S of the code, ``D_S^T (D_S z_S - y) + ridge z_S + lam_S sign(z_S) = 0``. With
    ``(D_S^T D_S + ridge I) b_S = g_S`` and ``b = 0`` elsewhere, the gradients are ``(y - D z) b^T - (D b)
    z^T`` in D, ``D b`` in y and ``-sign(z) b`` in lam [Mairal, Bach & Ponce, 2012]. They hold for codes
    restricted to ``z >= 0`` as well.

    Parameters
    ----------
    D : matrix or ConvDictionary
        Its atoms on the support must be linearly independent, or ``ridge`` positive.
    y : array
        The signal; columns of signals for a matrix, a batch for a ``ConvDictionary``.
    gamma : array
        The converged code.
    g : array
        Gradient of the loss in the code, in its shape.
    ridge : float
    tol : float
        The linear system is solved by conjugate gradients to this relative residual.
    max_iter : int

    Returns
    -------
    tuple of arrays
        The gradients in the matrix, or in the filters; in ``y``; and in the weight of each entry of the code.
    """
    check_problem(check_type_of(D), y)
    xp, made = array_namespace(y, check("gamma", gamma)), D @ gamma
    if tuple(check("g", g).shape) != tuple(gamma.shape):
        raise ValueError(f"g has shape {tuple(g.shape)}: expected {tuple(gamma.shape)}, as gamma")
    if tuple(made.shape) != tuple(y.shape):
        raise ValueError(f"gamma makes a signal of {tuple(made.shape)}: expected {tuple(y.shape)}, as y")
    ridge, tol = check_level("ridge", ridge), check_level("tol", tol)
    b = _on_support(D, gamma, g, ridge, tol, check_whole("max_iter", max_iter))
    back = D @ b
    return _outer(D, y - made, b) - _outer(D, back, gamma), back, -xp.sign(gamma) * b


def check_type_of(D):
    """Raise unless ``D`` is a matrix or a ConvDictionary, whose arrays a gradient can have."""
    return D if hasattr(D, "ndim") else check_type("D", D, ConvDictionary)


def _on_support(D, gamma, g, ridge, tol, max_iter):
    """``b`` with ``(D_S^T D_S + ridge I) b_S = g_S`` and zeros off the support: all signals as one system."""
    on = array_namespace(gamma).astype(gamma != 0, gamma.dtype)

    def gram(b):
        return on * (D.T @ (D @ b)) + ridge * b

    g = on * g
    b = conjugate_gradients(gram, g, 0 * g, tol, max_iter)
    if not ridge and not energy(gram(b) - g) <= 1e-4 * energy(g):
        raise ValueError("ridge = 0.0, and dependent atoms on the support: expected a positive ridge")
    return b


def _outer(D, x, code):
    """The sum of ``x code^T`` over signals: a matrix, or filters, whose patches meet needles."""
    if hasattr(D, "ndim"):
        return x @ code.T if x.ndim == 2 else x[:, None] * code[None, :]
    local = correlate(patches(x, D.size, D.stride, D.circular), code)
    return array_namespace(local).reshape(local, D.filters.shape)


def converged_code(D, y, lam, ridge=0.1, tol=1e-4, max_iter=1000):
    """The code ``argmin_{z >= 0} ||y - D z||^2 / 2 + ridge ||z||^2 / 2 + sum lam z`` of a batch, by FISTA.

    It stops where one step more would move it by less than ``tol`` of its size. A positive ``ridge`` makes
    the solution unique, whatever the dictionary, and exist even where ``lam`` is negative.

    Parameters
    ----------
    D : ConvDictionary
    y : array (*batch, *space, c)
    lam : float or array (m,)
        One weight per atom; minus the bias of a network.
    ridge, tol : float, positive
    max_iter : int

    Returns
    -------
    array (*batch, *positions, m)
    """
    check_problem(check_type("D", D, ConvDictionary), y)
    ridge, tol = check_level("ridge", ridge, positive=True), check_level("tol", tol, positive=True)
    lam = lam if hasattr(lam, "shape") else check_level("lam", lam)
    return _converged(D, y, lam, ridge, tol, check_whole("max_iter", max_iter))


def _converged(D, y, lam, ridge, tol, max_iter):
    c, seen = _largest_eigenvalue(D, rtol=0.1) + ridge, D.T @ y  # a rough constant is enough for steps
    z, t = 0 * seen, zeros((), like=seen) + 1
    code = z
    for _ in range(max_iter):
        before, code = code, soft_nonnegative(z + (seen - D.T @ (D @ z) - ridge * z) / c, lam / c)
        move = z - code
        if energy(move) <= tol**2 * energy(code):
            break
        push, t = momentum(t, move * (code - before))
        z = code + push * (code - before)
    return code


def layered_bp(ridge=0.1, tol=1e-4):
    """The plan of layered basis pursuit, solved in every layer: layer i codes the code before it by
    :func:`converged_code` with ``lam = -b_i``, and its gradients are :func:`lasso_gradients`.

    The arrays are those of ``cnn``, filters and biases.
    """
    ridge, tol = check_level("ridge", ridge, positive=True), check_level("tol", tol, positive=True)
    return Plan(_layered_bp, "layered_bp", (ridge, tol))


def _layered_bp(theta, x, layers, ridge, tol):
    code, pulls = x, []
    for i, layer in enumerate(layers, 1):
        code, back = solved_layer(theta, code, layer, i, ridge, tol)
        pulls.append(back)
    return code, chained(pulls)


def solved_layer(theta, below, layer, i, ridge, tol):
    """One layer of basis pursuit, and its pullback ``g -> (gradient of below, gradients of arrays)``."""
    D = ConvDictionary(theta[f"W{i}"], layer.space, layer.stride, circular=False)
    code = _converged(D, below, -theta[f"b{i}"], ridge, tol, 1000)

    def pull(g, inner=True):
        g_W, g_below, g_lam = lasso_gradients(D, below, code, g, ridge, tol)
        return g_below, {f"W{i}": g_W, f"b{i}": -_over_positions(g_lam)}

    return code, pull
