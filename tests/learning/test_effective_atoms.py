"""Effective atoms: cones, gradients of every layer against differences, sparse atoms."""

import itertools

import numpy as np
import pytest
from problems import ATOMS, inside_chain

from cscbook import ConvDictionary
from cscbook.arrays import to_numpy
from cscbook.layered import effective, synthesize
from cscbook.learning.effective_atoms import (
    atoms_by_depth,
    cone,
    filter_correlation,
    filter_gradients,
    keep_largest,
    prune,
    spans,
    unit_layers,
)


def moved(xp, layers):
    return [ConvDictionary(xp(D.filters), D.space, D.stride, D.circular) for D in layers]


# --- effective atoms and the gradient -----------------------------------------------------------------------


def test_a_cone_covers_what_the_talk_says():
    assert spans(((7, 7), (5, 5), (7, 7)), (2, 1, 1)) == [(27, 27), (11, 11), (7, 7)]
    assert spans(((5, 5), (5, 5), (5, 5)), (2, 2, 1)) == [(29, 29), (13, 13), (5, 5)]
    assert spans(((7, 7), (5, 5)), (2, 1))[0] == (15, 15)


@pytest.mark.parametrize("circular", [True, False])
def test_atoms_of_the_cone_are_the_effective_atoms(xp, rng, close, circular):
    layers = moved(xp, inside_chain(rng, circular=circular, c=2))
    atoms = atoms_by_depth(cone(layers))[-1]
    close(np.moveaxis(to_numpy(atoms), 0, -1), effective(layers)[-1].filters)


@pytest.mark.parametrize("circular, stride", [(True, 1), (True, 2), (False, 1), (False, 2)])
@pytest.mark.parametrize("space, size", [((12,), (3,)), ((6, 8), (3, 2))])
def test_filter_correlation_is_the_adjoint_of_synthesis(xp, rng, space, size, circular, stride):
    filters = rng.standard_normal((*size, 2, 3))
    D = ConvDictionary(filters, space, stride, circular)
    gamma, x = rng.standard_normal((4, *D.positions, 3)), rng.standard_normal((4, *space, 2))
    on_x = np.sum((D @ gamma) * x)
    on_filters = np.sum(to_numpy(filter_correlation(D, xp(x), xp(gamma))) * filters)
    tol = xp.tol * np.linalg.norm(gamma) * np.linalg.norm(x)
    np.testing.assert_allclose(on_filters, on_x, rtol=0, atol=tol)


@pytest.mark.parametrize("circular", [True, False])
def test_gradient_of_every_layer_is_the_derivative_of_the_fit(xp, rng, circular):
    layers = inside_chain(rng, circular=circular)
    D = effective(layers)[-1]
    y = rng.standard_normal((6, 20, 1))
    gamma = rng.standard_normal((6, *D.positions, ATOMS[-1]))

    def fit(layers):
        return np.sum((y - synthesize(layers, gamma)[-1]) ** 2) / 2

    small = cone(moved(xp, layers))
    outer = filter_correlation(D, xp(D @ gamma - y), xp(gamma))
    found = filter_gradients(small, atoms_by_depth(small), outer)
    for i, gradient in enumerate(found):
        way = rng.standard_normal(layers[i].filters.shape)
        slope = (fit(_shifted(layers, i, 1e-4 * way)) - fit(_shifted(layers, i, -1e-4 * way))) / 2e-4
        np.testing.assert_allclose(np.sum(to_numpy(gradient) * way), slope, rtol=max(1e-6, 3 * xp.tol))


def _shifted(layers, i, way):
    """The chain with ``way`` added to the filters of layer ``i``."""
    D = layers[i]
    new = ConvDictionary(D.filters + way, D.space, D.stride, D.circular)
    return [*layers[:i], new, *layers[i + 1 :]]


def test_unit_layers_keep_the_effective_atoms(xp, rng, close):
    layers = moved(xp, inside_chain(rng))
    filters = unit_layers([D.filters for D in layers])
    for f in filters:
        close(np.linalg.norm(to_numpy(f).reshape(-1, f.shape[-1]), axis=0), np.ones(f.shape[-1]))
    scaled = [ConvDictionary(f, D.space, D.stride, False) for f, D in zip(filters, layers, strict=True)]
    before, after = (to_numpy(effective(chain)[-1].local) for chain in (layers, scaled))
    close(after / np.linalg.norm(after, axis=0), before / np.linalg.norm(before, axis=0))


# --- sparse atoms -------------------------------------------------------------------------------------------


def test_keep_largest_is_the_nearest_sparse_atom(xp, rng):
    atoms = rng.standard_normal((6, 4))
    found = to_numpy(keep_largest(xp(atoms), 2))
    for j in range(4):
        pairs = itertools.combinations(range(6), 2)
        tries = [np.where(np.isin(range(6), pair), atoms[:, j], 0) for pair in pairs]
        best = min(tries, key=lambda a: np.sum((a - atoms[:, j]) ** 2))
        np.testing.assert_allclose(found[:, j], best, rtol=1e-6)
    with pytest.raises(ValueError, match="k = 7"):
        keep_largest(xp(atoms), 7)


def test_pruning_drops_the_smallest_entries_to_the_share_asked_for(xp, rng, close):
    filters = rng.standard_normal((3, 2, 4))
    found = to_numpy(prune(xp(filters), 0.4))
    assert np.mean(found == 0) >= 0.4 and np.count_nonzero(found) == 14
    assert np.abs(filters[found == 0]).max() < np.abs(filters[found != 0]).min()
    close(np.linalg.norm(found.reshape(6, 4), axis=0), np.ones(4))
    with pytest.raises(ValueError, match="zeros = 0.9"):
        prune(xp(filters), 0.9)
