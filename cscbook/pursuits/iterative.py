"""What all pursuits share, and the simple ones: thresholding, and its iterations ISTA and FISTA."""

from dataclasses import dataclass

from ..arrays import array_namespace, check, check_level, is_traced, to_numpy, zeros
from ..dictionaries.matrix import lipschitz as largest_eigenvalue
from ..shrinkage import soft


@dataclass(frozen=True)
class Pursuit:
    """What a pursuit found.

    Attributes
    ----------
    gamma : array, or sparse matrix (atoms, p) for ``omp`` over columns
        The code.
    trace : tuple of float
        The objective (basis pursuit) or the residual norm (OMP of one signal), one per iteration.
    converged : bool
        Whether the stopping rule of every signal was met.
    """

    gamma: object
    trace: tuple = ()
    converged: bool = True


def check_problem(D, y):
    if getattr(D, "ndim", None) == 2:
        array_namespace(check("D", D, ndim=2), check("y", y, ndim=(1, 2)))
        if D.shape[0] != y.shape[0]:
            raise ValueError(
                f"D has {D.shape[0]} rows, y has shape {tuple(y.shape)}: expected ({D.shape[0]},) or columns"
            )
    return check("y", y)


def check_planar(D):
    """Raise unless a convolutional dictionary has one or two space axes, which the compiled loops take."""
    if len(D.space) > 2:
        raise ValueError(
            f"D has {len(D.space)} space axes: expected one or two (products, ista and fista take any number)"
        )
    return D


def check_weight(lam, name="lam"):
    """Raise unless ``lam``, a number or one for each entry, is finite and not negative. Under ``jax.jit``
    the values are not looked at."""
    if isinstance(lam, (int, float)):
        return check_level(name, lam)
    xp = array_namespace(check(name, lam))
    least = xp.min(lam)
    if not is_traced(least):
        check_level(f"the smallest {name}", float(to_numpy(least)))
    return lam


def thresholding(D, y, beta, shrink=soft):
    """Thresholding pursuit, ``shrink(D^T y, beta)``: the simplest of all, one product and one scalar
    function.

    Parameters
    ----------
    D : dictionary
    y : array
        The signal, or columns of signals.
    beta : float or array
        Threshold, at least 0; an array broadcasts against the code.
    shrink : callable
        ``soft``, ``hard`` or ``soft_nonnegative``.
    """
    return Pursuit(shrink(D.T @ check_problem(D, y), check_weight(beta, "beta")))


def ista(D, y, lam, lipschitz=None, shrink=soft, start=None):
    """Yield the iterates of iterative soft thresholding for ``||y - D g||^2 / 2 + lam ||g||_1``, for ever.

    ``g <- soft(g + D^T (y - D g) / c, lam / c)`` with ``c = lipschitz``, by default the largest
    eigenvalue of ``D^T D`` [Daubechies, Defrise & De Mol, 2004]. It starts from zero, or from
    ``start``. ``shrink=hard`` with ``lam`` replaced by ``sqrt(2 lam c)`` is iterative hard thresholding
    for ``lam ||g||_0`` [Blumensath & Davies, 2008].
    """
    c = largest_eigenvalue(D) if lipschitz is None else lipschitz
    gamma = 0 * (D.T @ check_problem(D, y)) if start is None else start
    lam = check_weight(lam)
    while True:
        gamma = shrink(gamma + D.T @ (y - D @ gamma) / c, lam / c)
        yield gamma


def fista(D, y, lam, lipschitz=None, shrink=soft, start=None):
    """Yield the iterates of FISTA [Beck & Teboulle, 2009]: :func:`ista` with momentum, and a restart
    when it overshoots.

    The objective is at most ``2 c ||g*||^2 / (t + 1)^2`` above the optimum after t steps (without
    restarts), where ISTA needs ``c ||g*||^2 / (2 t)``.
    """
    c = largest_eigenvalue(D) if lipschitz is None else lipschitz
    gamma = z = 0 * (D.T @ check_problem(D, y)) if start is None else start
    t, lam = zeros((), like=gamma) + 1, check_weight(lam)
    while True:
        before, gamma = gamma, shrink(z + D.T @ (y - D @ z) / c, lam / c)
        push, t = momentum(t, (z - gamma) * (gamma - before))
        z = gamma + push * (gamma - before)
        yield gamma


def momentum(t, overshoot):
    """FISTA's weight of the last move, ``(t - 1) / t'``, and the next ``t' = (1 + sqrt(1 + 4 t^2)) / 2``.

    Both are 0-d arrays, so that a device is not waited for. Where the entries of ``overshoot`` have a
    positive sum, the momentum starts again: ``(0, 1)``.
    """
    xp = array_namespace(t)
    again, later = xp.sum(overshoot) > 0, (1 + xp.sqrt(1 + 4 * t * t)) / 2
    return xp.where(again, 0 * t, (t - 1) / later), xp.where(again, 0 * t + 1, later)
