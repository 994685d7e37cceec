"""What all pursuits share, and the simple ones: thresholding, and its iterations ISTA and FISTA."""

from dataclasses import dataclass

from ..arrays import array_namespace, check, check_level, is_traced, to_numpy, zeros
from ..dictionaries.checks import check_dictionary
from ..dictionaries.convolution import ConvDictionary
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


def check_problem(D, y, name="y"):
    """Raise unless ``D`` is a dictionary, and ``y`` a signal of it, columns or a batch; returns ``y``."""
    if hasattr(check_dictionary(D), "ndim"):
        array_namespace(D, check(name, y, ndim=(1, 2)))
        if D.shape[0] != y.shape[0]:
            expected = f"({D.shape[0]},) or columns"
            raise ValueError(
                f"D has {D.shape[0]} rows, {name} has shape {tuple(y.shape)}: expected {expected}"
            )
        return y
    check(name, y)
    if isinstance(D, ConvDictionary):
        D._check(y, D.space, D.filters.shape[-2], "signal")
    return y


def check_weight(lam, name="lam", positive=False):
    """Raise unless ``lam``, a number or one for each entry, is finite and not negative (nor zero, where it
    must be positive). Under ``jax.jit`` the values are not looked at."""
    if isinstance(lam, (int, float)):
        return check_level(name, lam, positive)
    xp = array_namespace(check(name, lam))
    least = xp.min(lam)
    if not is_traced(least):
        check_level(f"the smallest {name}", float(to_numpy(least)), positive)
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
    check_problem(D, y)
    return Pursuit(shrink(D.T @ y, check_weight(beta, "beta")))


def _steps(D, y, lam, lipschitz, start):
    """The constant of the steps, the weight and the first code of ISTA and FISTA. Where D is zero, any
    constant will do."""
    check_problem(D, y)
    if lipschitz is None:
        lipschitz = largest_eigenvalue(D) or 1.0
    c = check_weight(lipschitz, "lipschitz", positive=True)
    return c, check_weight(lam), 0 * (D.T @ y) if start is None else check("start", start)


def ista(D, y, lam, lipschitz=None, shrink=soft, start=None):
    """Yield the iterates of iterative soft thresholding for ``||y - D g||^2 / 2 + lam ||g||_1``, for ever.

    ``g <- soft(g + D^T (y - D g) / c, lam / c)`` with ``c = lipschitz``, by default the largest
    eigenvalue of ``D^T D`` [Daubechies, Defrise & De Mol, 2004]. It starts from zero, or from
    ``start``. ``shrink=hard`` with ``lam`` replaced by ``sqrt(2 lam c)`` is iterative hard thresholding
    for ``lam ||g||_0`` [Blumensath & Davies, 2008].
    """
    c, lam, gamma = _steps(D, y, lam, lipschitz, start)
    while True:
        gamma = shrink(gamma + D.T @ (y - D @ gamma) / c, lam / c)
        yield gamma


def fista(D, y, lam, lipschitz=None, shrink=soft, start=None):
    """Yield the iterates of FISTA [Beck & Teboulle, 2009]: :func:`ista` with momentum, and a restart
    when it overshoots.

    The objective is at most ``2 c ||g*||^2 / (t + 1)^2`` above the optimum after t steps (without
    restarts), where ISTA needs ``c ||g*||^2 / (2 t)``.
    """
    c, lam, gamma = _steps(D, y, lam, lipschitz, start)
    z, t = gamma, zeros((), like=gamma) + 1
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
