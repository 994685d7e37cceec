"""The deep coding problem as it is stated: a bound for the stripes of every layer, and one for the error."""

import math

import numpy as np
from scipy.sparse import csc_matrix, identity

from ..arrays import check_each, check_level, check_whole, on_host
from ..dictionaries.convolution import ConvDictionary
from ..local import stripes
from ..norms import _fullest, filter_norms
from ..pursuits import Pursuit
from ..pursuits.iterative import check_problem
from .model import check_layers, effective, refit

BLOCK = 128  # how many atoms are counted together


@on_host
def dcp(dictionaries, y, k, eps):
    """The deep coding problem: codes with ``||y - D_1 gamma_1||_2 <= eps``, ``gamma_{i - 1} = D_i
    gamma_i`` and ``||Gamma_i||_{0,inf}^s <= k_i`` in every layer [Papyan, Romano & Elad, 2017].

    The problem is hard; this is greed, our variant of OMP over the effective dictionary ``D_1 ... D_K``.
    Each step takes the atom with the largest ``|d_j^T r| / ||d_j||`` among those that leave the stripes
    of all layers within their bounds, and makes the residual ``r`` orthogonal to all chosen. A non-zero
    of a code between is counted wherever a chosen atom can put one. Such counts only grow, so that an
    atom that is refused once is refused for good, and the bounds hold after every step.

    Unlike :func:`~cscbook.layered.projection_pursuit` it goes on with other atoms where the best does not
    fit.

    Parameters
    ----------
    dictionaries : list of ConvDictionary
    y : array (*batch, *space, c)
    k : list of int
        At most so many non-zeros per stripe, one bound per layer.
    eps : float
        How far the signal of the model may be from each signal of the batch.

    Returns
    -------
    Pursuit
        ``gamma``: the deepest code; :func:`~cscbook.layered.synthesize` gives the others. It obeys the bounds
        ``k`` in any case. ``trace``: for one signal, the residual norm after each atom. ``converged``:
        every residual is at most ``eps``, up to rounding; if not, the signals may still have codes that
        this pursuit did not find.
    """
    check_each("dictionaries", check_layers(dictionaries, k, names=["k"]), ConvDictionary)
    k, eps = [check_whole("k", bound, least=0) for bound in k], check_level("eps", eps)
    D = effective(dictionaries)[-1]
    signals = check_problem(D, y).reshape(-1, *D.space, D.filters.shape[-2])
    layers = _layers(dictionaries, k)
    found = [_greedy(D, layers, one, eps) for one in signals]
    gamma = np.stack([code for code, _, _ in found]).reshape(
        *y.shape[: -1 - len(D.space)], *found[0][0].shape
    )
    return Pursuit(gamma, found[0][1] if len(found) == 1 else (), all(done for _, _, done in found))


def _layers(dictionaries, k):
    """The layers whose bound can be reached, the deepest first: the dictionary, a sparse matrix whose
    column j has an entry wherever the deepest atom j can put a non-zero into the layer's code, the bound."""
    full = [_fullest_stripes(D, csc_matrix((D.shape[1], 1)), np.ones(D.shape[1], bool)) for D in dictionaries]
    binds = [bound < most for bound, (most,) in zip(k, full, strict=True)]
    found, reach = [], identity(dictionaries[-1].shape[1], np.float32, format="csc")
    for i in reversed(range(len(dictionaries))):
        if binds[i]:
            found.append((dictionaries[i], reach, k[i]))
        if any(binds[:i]):
            reach = csc_matrix(_places(dictionaries[i]) @ reach)
    return found


def _places(D):
    """The places of the non-zeros of a ConvDictionary, a sparse matrix that holds ones."""
    *offsets, channel, atom = np.nonzero(D.filters)
    positions = np.indices(D.positions).reshape(len(D.size), -1, 1)
    rows = [(D.stride * i + o) % N for i, o, N in zip(positions, offsets, D.space, strict=True)]
    rows = np.ravel_multi_index((*rows, channel + 0 * rows[0]), (*D.space, D.filters.shape[-2]))
    columns = np.arange(math.prod(D.positions))[:, None] * D.filters.shape[-1] + atom
    return csc_matrix((np.ones(rows.size, np.float32), (rows.ravel(), columns.ravel())), shape=D.shape)


def _greedy(D, layers, y, eps):
    """One signal: its deepest code, the residual norm after every atom, and whether it met ``eps``."""
    norms, taken = filter_norms(D.filters), [np.zeros(E.shape[1], bool) for E, _, _ in layers]
    weights, shape = 1 / np.where(norms > 0, norms, np.inf), (*D.positions, len(norms))
    support, refused = np.zeros((2, D.shape[1]), bool)
    r, left, basis, trace = y, float(np.linalg.norm(y)), np.zeros((0, y.size), y.dtype), []
    rounding = 100 * float(np.finfo(y.dtype).eps) * left
    while left > eps + rounding:
        score = np.where(refused, 0, (np.abs(D.T @ r) * weights).ravel())
        j = _best_that_fits(layers, taken, score, rounding, refused)
        if j is None:
            break
        refused[j] = True
        unit = np.zeros(D.shape[1], y.dtype)
        unit[j] = 1
        u = (D @ (unit.reshape(shape) * weights)).ravel()
        for _ in range(2):  # twice is orthogonal up to rounding
            u = u - (basis @ u) @ basis
        size = float(np.linalg.norm(u))
        if size <= (3e-3 if y.dtype == np.float32 else 1e-6):  # j lies in the span of the chosen
            continue
        support[j], basis = True, np.vstack([basis, u / size])
        for on, (_, reach, _) in zip(taken, layers, strict=True):
            on[reach[:, [j]].indices] = True
        r = r - (basis[-1] * (basis[-1] @ r.ravel())).reshape(r.shape)
        left = float(np.linalg.norm(r))
        trace.append(left)
    return refit(D, y, support.reshape(shape)), tuple(trace), left <= eps + rounding


def _best_that_fits(layers, taken, score, least, refused):
    """The atom with the largest score above ``least`` whose non-zeros find room in every layer, or None;
    atoms that are counted and find none are marked as refused."""
    order = np.argsort(-score, kind="stable")
    order = order[score[order] > least]
    for start in range(0, len(order), BLOCK):
        fit = block = order[start : start + BLOCK]
        for on, (D, reach, bound) in zip(taken, layers, strict=True):
            fit = fit[_fullest_stripes(D, reach[:, fit], on) <= bound]
        refused[np.setdiff1d(block, fit)] = True
        if len(fit):
            return fit[0]
    return None


def _fullest_stripes(D, new, on):
    """How many non-zeros the fullest stripe of a layer holds with each column of ``new`` beside what is
    ``on``."""
    m, count, atoms = D.filters.shape[-1], math.prod(D.positions), new.shape[1]
    owner = np.repeat(np.arange(atoms), np.diff(new.indptr))
    needles = np.bincount(owner * count + new.indices // m, ~on[new.indices], atoms * count)
    needles = needles.reshape(atoms, *D.positions, 1) + on.reshape(*D.positions, m).sum(-1, keepdims=True)
    held = _fullest(stripes, needles, D.size, D.stride, D.circular)
    return held.reshape(atoms, -1).max(axis=1) if atoms else np.zeros(0)
