"""The model itself: signals from the deepest code, effective dictionaries, least squares on a support."""

import math
from itertools import accumulate
from operator import matmul

import numpy as np

from ..arrays import array_namespace, asarray, check, check_each, check_level, eye, to_numpy, zeros
from ..dictionaries.checks import check_dictionary
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.matrix import lipschitz
from ..norms import l0_inf_stripe
from ..pursuits.iterative import check_problem
from ..shrinkage import hard


def check_layers(dictionaries, *lists, names=()):
    """Raise unless ``dictionaries`` is a list of layers that fit, and every other list has one entry
    per layer."""
    if not isinstance(dictionaries, (list, tuple)) or not dictionaries:
        raise TypeError(f"expected a list of dictionaries [D_1, ..., D_K], got {type(dictionaries).__name__}")
    for name, values in zip(names, lists, strict=True):
        if len(values) != len(dictionaries):
            raise ValueError(f"{len(values)} {name} for {len(dictionaries)} layers: expected one per layer")
    for i, D in enumerate(dictionaries):
        check_dictionary(D, f"dictionaries[{i}]")
    return dictionaries


def largest_eigenvalues(dictionaries):
    """``eig_max(D_i^T D_i)`` of each layer, none of them zero, as steps are made of their inverses."""
    return [
        check_level(f"eig_max of dictionaries[{i}]", lipschitz(D), positive=True)
        for i, D in enumerate(dictionaries)
    ]


def effective(dictionaries):
    """Effective dictionaries ``[D_1, D_1 D_2, ..., D_1 ... D_K]``: what each layer's atoms look like as
    signals.

    Matrices give matrices. Convolutional layers give ConvDictionaries again, of the effective atoms:
    their size grows by ``stride_1 ... stride_{i - 1} (n_i - 1)`` a layer, and their stride is the
    product of the strides.
    """
    return [getattr(D, "effective", D) for D in accumulate(check_layers(dictionaries), matmul)]


def synthesize(dictionaries, deepest):
    """``[gamma_K, ..., gamma_1, x]``: from the deepest code to the signal, ``gamma_{i - 1} = D_i
    gamma_i``.

    Entries of the codes between that are zero up to rounding (less than 100 units in the last place of
    the largest) are set to zero, so that their non-zeros can be counted.
    """
    codes = [check("the deepest code", deepest)]
    xp = array_namespace(deepest)
    for D in reversed(check_layers(dictionaries)):
        codes.append(D @ codes[-1])
        if len(codes) <= len(dictionaries):
            top = float(xp.max(xp.abs(codes[-1])))
            codes[-1] = hard(codes[-1], 100 * float(xp.finfo(deepest.dtype).eps) * top)
    return codes


def local_sparsities(dictionaries, codes):
    """``[||Gamma_1||_{0,inf}^s, ..., ||Gamma_K||_{0,inf}^s]``: the fullest stripe of each layer's code.

    For matrices, whose only stripe is the whole code, the number of its non-zeros.
    """
    check_layers(dictionaries, codes, names=["codes"])
    return [_sparsity(D, gamma) for D, gamma in zip(dictionaries, codes, strict=True)]


def _sparsity(D, gamma):
    if isinstance(D, ConvDictionary):
        return l0_inf_stripe(gamma, D.size, D.stride, D.circular)
    return int(np.count_nonzero(to_numpy(check("codes", gamma)), axis=0).max())


def refit(D, y, support, annihilate=None):
    """Least squares on a support: the code that is zero off ``support`` and minimises ``||y - D
    gamma||_2``.

    Parameters
    ----------
    D : matrix (n, m) or ConvDictionary
    y : array, shape (n,), or (*batch, *space, c)
    support : array of bool, in the shape of the code
    annihilate : matrix (r, m), optional
        For a matrix ``D``: search only codes with ``annihilate @ gamma = 0``.
    """
    xp = array_namespace(check_problem(D, y), support)
    if not xp.isdtype(support.dtype, "bool"):
        raise TypeError(f"support has dtype {support.dtype}: expected bool")
    if hasattr(D, "ndim"):
        return _refit_one(D, y, support, annihilate)
    d, code = len(D.space), (*D.positions, D.filters.shape[-1])
    if tuple(support.shape[-d - 1 :]) != code:
        raise ValueError(f"support of shape {tuple(support.shape)}: expected (*batch, {code})")
    signals = xp.reshape(y, (-1, *D.space, D.filters.shape[-2]))
    supports = xp.reshape(support, (-1, *code))
    found = [_refit_shifts(D, signals[b, ...], supports[b, ...]) for b in range(signals.shape[0])]
    return xp.reshape(xp.stack(found), (*y.shape[: -1 - d], *code))


def _refit_one(D, y, support, annihilate):
    xp, m = array_namespace(y), D.shape[1]
    if tuple(support.shape) != (m,):
        raise ValueError(f"support of shape {tuple(support.shape)}: expected {(m,)}")
    if annihilate is not None:
        array_namespace(y, annihilate)
        annihilate = None if tuple(annihilate.shape) == (0, m) else check("annihilate", annihilate, ndim=2)
    if annihilate is not None and annihilate.shape[1] != m:
        raise ValueError(f"annihilate has shape {tuple(annihilate.shape)}: expected {m} columns")
    on = xp.nonzero(support)[0]
    if on.shape[0] == 0:
        return zeros((m,), like=y)
    atoms, basis = xp.take(D, on, axis=1), None
    if annihilate is not None:
        basis = null_space(xp.take(annihilate, on, axis=1))
        atoms = atoms @ basis
    value = _inverse(atoms) @ y
    value = value if basis is None else basis @ value
    return xp.take(eye(m, like=y), on, axis=1) @ value


def _refit_shifts(D, y, support):
    """One signal: the placed atoms of the support are columns, and their small normal equations are
    solved."""
    xp, where = array_namespace(y), np.flatnonzero(to_numpy(support).ravel())
    if not len(where):
        return 0 * (D.T @ y)
    units = np.zeros((len(where), math.prod(support.shape)))
    units[np.arange(len(where)), where] = 1
    units = asarray(units, like=y)
    columns = xp.reshape(D @ xp.reshape(units, (-1, *support.shape)), (len(where), -1)).T
    value = _inverse(columns) @ xp.reshape(y, (-1,))
    return xp.reshape(value @ units, support.shape)


def _inverse(atoms):
    """The pseudo-inverse, whose entries must stay within the floats."""
    xp = array_namespace(atoms)
    top, least = float(xp.max(xp.abs(atoms))), float(xp.finfo(atoms.dtype).max) ** -0.5
    if 0 < top < least:
        raise ValueError(f"the atoms hold at most {top:.3g}: expected {least:.3g} or more, or zeros alone")
    return xp.linalg.pinv(atoms)


def null_space(A, rtol=1e-10):
    """Orthonormal basis (m, m - rank) of the codes that the matrix ``A`` (r, m) annihilates."""
    xp = array_namespace(A)
    _, s, vt = xp.linalg.svd(A, full_matrices=True)
    rank = int(xp.count_nonzero(s > rtol * max(1.0, float(s[0]))))
    return vt[rank:, :].T


def positive_parts(gamma):
    """``[gamma_+, gamma_-]``: the positive and the negative part of a code, as twice as many channels."""
    xp = array_namespace(check("gamma", gamma))
    zero = xp.zeros_like(gamma)
    return xp.concat([xp.maximum(gamma, zero), xp.maximum(-gamma, zero)], axis=-1)


def nonnegative(dictionaries):
    """The same signals from non-negative codes: convolutional layers for ``positive_parts`` of every code.

    The first layer is ``[D, -D]``; a deeper one has ``[[D_+, D_-], [D_-, D_+]]``, whose entries are not
    negative, so that a code that is not negative implies codes that are not, in every layer before it.
    This costs twice the channels and nothing else.
    """
    check_each("dictionaries", check_layers(dictionaries), ConvDictionary)
    xp, layers = array_namespace(dictionaries[0].filters), []
    for D in dictionaries:
        if layers:
            filters = xp.concat([positive_parts(D.filters), positive_parts(-D.filters)], axis=-2)
        else:
            filters = xp.concat([D.filters, -D.filters], axis=-1)
        layers.append(ConvDictionary(filters, D.space, D.stride, D.circular))
    return layers
