"""LISTA: a pursuit of few steps with learned matrices, ``z <- soft(W y + S z, beta)`` [Gregor & LeCun,
2010].

Its arrays are a dict, ``theta``: ``W`` (m, n), ``S`` (m, m), and a threshold for each step and atom,
``beta`` (steps, m). At :func:`lista_start` its iterates are ISTA's. Training keeps the number of steps
and moves the arrays, by gradients made by hand.
"""

from dataclasses import dataclass

from ..arrays import array_namespace, as_generator, check, check_level, check_whole, eye, indices, zeros
from ..dictionaries.matrix import lipschitz as largest_eigenvalue
from ..pursuits.iterative import check_problem, check_weight
from ..shrinkage import soft
from .optimisers import adam
from .plans import check_theta


@dataclass(frozen=True)
class Lista:
    """A trained pursuit: its arrays ``theta``, and ``trace``, the mean loss of each epoch."""

    theta: dict
    trace: tuple = ()


def lista_start(D, lam, steps, lipschitz=None):
    """ISTA as arrays: ``W = D^T / c``, ``S = I - D^T D / c`` and ``beta = lam / c`` for ``c = lipschitz``."""
    check("D", D, ndim=2)
    c = check_level("lipschitz", largest_eigenvalue(D) if lipschitz is None else lipschitz, positive=True)
    return {
        "W": D.T / c,
        "S": eye(D.shape[1], like=D) - D.T @ D / c,
        "beta": zeros((check_whole("steps", steps), D.shape[1]), like=D) + check_weight(lam) / c,
    }


def lista(theta, y):
    """The code (m, p) of columns ``y`` (n, p) after all steps from zero, and its pullback ``g -> gradients
    of theta``."""
    check_theta(theta, check("y", y, ndim=2), W=2, S=2, beta=2)
    return _lista(theta, y)


def _lista(theta, y):
    seen, steps = theta["W"] @ y, theta["beta"].shape[0]
    codes = [0 * seen]
    for t in range(steps):
        codes.append(soft(seen + theta["S"] @ codes[-1], theta["beta"][t, :][:, None]))

    def pull(g):
        xp = array_namespace(g)
        g_seen, g_S, g_beta = 0, 0, []
        for t in reversed(range(steps)):
            sign = xp.sign(codes[t + 1])  # zero where the threshold stopped the entry
            g = xp.abs(sign) * g
            g_beta.append(-xp.sum(sign * g, axis=1))
            g_seen, g_S = g_seen + g, g_S + g @ codes[t].T
            g = theta["S"].T @ g
        return {"W": g_seen @ y.T, "S": g_S, "beta": xp.stack(g_beta[::-1])}

    return codes[-1], pull


def train_lista(D, ys, gammas, lam, steps=5, *, n_iter=30, batch=100, rate=1e-3, lipschitz=None, rng=None):
    """Fit the arrays of :func:`lista` to codes: least ``||z - gamma||^2 / 2``, in the mean over signals.

    Adam in mini-batches from :func:`lista_start`; the rate falls linearly to zero over the epochs.

    Parameters
    ----------
    D : matrix (n, m)
    ys : array (n, p)
    gammas : array (m, p)
        What to predict, such as the solutions of basis pursuit with weight ``lam``.
    lam : float
    steps : int
    n_iter : int
        Epochs.
    batch : int
    rate : float
    rng : numpy Generator, optional

    Returns
    -------
    Lista
    """
    xp = array_namespace(check_problem(D, ys), check("gammas", gammas, ndim=2))
    p = ys.shape[-1]
    if ys.ndim != 2 or tuple(gammas.shape) != (D.shape[1], p):
        raise ValueError(
            f"gammas of shape {tuple(gammas.shape)}: expected {(D.shape[1], p)}, a column per signal"
        )
    n_iter, batch = check_whole("n_iter", n_iter), check_whole("batch", batch)
    rate, rng = check_level("rate", rate), as_generator(rng)
    theta = lista_start(D, lam, steps, lipschitz)
    memory = {name: (0 * a, 0 * a) for name, a in theta.items()}
    trace, t, last = [], 0, n_iter * -(-p // batch)
    for _ in range(n_iter):
        order, loss = indices(rng.permutation(p), like=ys), 0.0
        for start in range(0, p, batch):
            part = order[start : min(start + batch, p)]
            y, gamma = xp.take(ys, part, axis=1), xp.take(gammas, part, axis=1)
            z, pull = _lista(theta, y)
            loss, slope = loss + float(xp.sum((z - gamma) ** 2)) / 2, rate * (1 - t / last)
            t += 1
            for name, g in pull((z - gamma) / part.shape[0]).items():
                theta[name], *memory[name] = adam(theta[name], g, *memory[name], t, slope)
        trace.append(loss / p)
    return Lista(theta, tuple(trace))
