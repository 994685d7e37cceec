"""Multi-layer dictionary learning: its gradient against differences, its start, what it keeps, and the
shipped dictionary of digits against its claims."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from cscbook import ConvDictionary, ksvd, load_digits, mlcsc_learning, normalize
from cscbook.arrays import to_numpy
from cscbook.layered import effective, synthesize
from cscbook.learning import deepest_code, greedy_atoms, relative_error, thresholded_atoms
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
from cscbook.networks import load_dictionaries, load_digit_dictionaries, save_dictionaries

SIZES, STRIDES, ATOMS = ((4,), (3,), (2,)), (2, 1, 1), (3, 4, 5)
REGISTRY = Path(__file__).parents[1] / "data" / "registry.json"


def chain(rng, space=(20,), sizes=SIZES, strides=STRIDES, atoms=ATOMS, circular=False, c=1):
    """Random layers that fit one another, as NumPy arrays."""
    found = []
    for size, stride, m in zip(sizes, strides, atoms, strict=True):
        filters = rng.standard_normal((*size, c, m))
        found.append(ConvDictionary(filters, space, stride, circular))
        space, c = found[-1].positions, m
    return found


def moved(xp, layers):
    return [ConvDictionary(xp(D.filters), D.space, D.stride, D.circular) for D in layers]


def planted(rng, p=150, k=1):
    """Signals of ``k`` deepest atoms over a chain of sparse dictionaries, one atom as long as a signal."""
    layers = chain(rng, space=(spans(SIZES, STRIDES)[0]))
    filters = [layers[0].filters, *(_sparse(rng, D.filters.shape, 2) for D in layers[1:])]
    layers = [
        ConvDictionary(f, D.space, D.stride, False) for f, D in zip(unit_layers(filters), layers, strict=True)
    ]
    code = np.zeros((p, 1, ATOMS[-1]))
    for j in range(p):
        code[j, 0, rng.choice(ATOMS[-1], k, replace=False)] = rng.standard_normal(k)
    return layers, synthesize(layers, code)[-1]


def _sparse(rng, shape, k):
    return keep_largest(rng.standard_normal(shape).reshape(-1, shape[-1]), k).reshape(shape)


# --- effective atoms and the gradient -----------------------------------------------------------------------


def test_a_cone_covers_what_the_talk_says():
    assert spans(((7, 7), (5, 5), (7, 7)), (2, 1, 1)) == [(27, 27), (11, 11), (7, 7)]
    assert spans(((5, 5), (5, 5), (5, 5)), (2, 2, 1)) == [(29, 29), (13, 13), (5, 5)]
    assert spans(((7, 7), (5, 5)), (2, 1))[0] == (15, 15)


@pytest.mark.parametrize("circular", [True, False])
def test_atoms_of_the_cone_are_the_effective_atoms(xp, rng, close, circular):
    layers = moved(xp, chain(rng, circular=circular, c=2))
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
    layers = chain(rng, circular=circular)
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
    layers = moved(xp, chain(rng))
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


@pytest.mark.parametrize("express", [greedy_atoms, thresholded_atoms])
def test_atoms_that_are_sparse_over_the_layers_before_are_found(xp, rng, express):
    A = normalize(rng.standard_normal((40, 50)))
    truth = keep_largest(rng.standard_normal((50, 6)), 2)
    found = to_numpy(express(xp(A), xp(A @ truth), 2))
    assert (np.count_nonzero(found, axis=0) == 2).all()
    np.testing.assert_allclose(found, truth, atol=1e-3)


# --- learning -----------------------------------------------------------------------------------------------


def learn(xp, ys, **options):
    options = {"n_iter": 5, "batch": 60} | options
    return mlcsc_learning(xp(ys), SIZES, ATOMS, (2, 2), (1, 1, 1), strides=STRIDES, **options)


def test_learned_layers_are_sparse_unit_and_fit_better_than_their_start(xp, rng):
    _, ys = planted(rng)
    learned = learn(xp, ys, n_iter=40, batch=150)
    for D, count in zip(learned.dictionaries, (4, 2, 2), strict=True):
        local = to_numpy(D.local)
        np.testing.assert_allclose(np.linalg.norm(local, axis=0), 1, atol=1e-5)
        assert (np.count_nonzero(local, axis=0) <= count).all()
        assert D.filters.dtype == learned.gamma.dtype == xp(ys).dtype
    assert learned.trace[-1]["error"] < 0.8 * learned.trace[0]["error"], "all layers together fit better"
    assert relative_error(effective(learned.dictionaries)[-1], xp(ys), 1) < 0.5
    assert learned.gamma.shape == (150, 1, 5)


def test_a_chain_that_is_nearly_right_becomes_right(rng):
    layers, ys = planted(rng, p=300)

    def start(ys, *_, **__):
        noisy = (D.filters + 0.1 * (D.filters != 0) * rng.standard_normal(D.filters.shape) for D in layers)
        together = zip(unit_layers(noisy), layers, strict=True)
        return [ConvDictionary(f, D.space, D.stride, False) for f, D in together]

    learned = learn(lambda a: a, ys, start=start, n_iter=300, batch=300, step=1e-2)
    found, truth = (normalize(effective(chain)[-1].local) for chain in (learned.dictionaries, layers))
    assert (np.abs(found.T @ truth).max(axis=0) > 0.999).all(), "every molecule is recovered"
    assert learned.trace[-1]["error"] < 0.05 * learned.trace[0]["error"]


def test_the_same_seed_gives_the_same_dictionaries_and_a_checkpoint_goes_on(rng, tmp_path):
    ys, file = planted(rng)[1], tmp_path / "learning.npz"
    straight = learn(lambda a: a, ys)
    learn(lambda a: a, ys, n_iter=2, checkpoint=file)
    resumed = learn(lambda a: a, ys, checkpoint=file)
    assert straight.trace == resumed.trace
    for a, b in zip(straight.dictionaries, resumed.dictionaries, strict=True):
        assert np.array_equal(a.filters, b.filters)
    with pytest.raises(ValueError, match="other data or settings"):
        learn(lambda a: a, ys, step=1e-3, checkpoint=file)


def test_signals_longer_than_an_atom_and_circular_ones(rng):
    ys = rng.standard_normal((12, 24, 1))
    for circular in (True, False):
        learned = mlcsc_learning(
            ys, SIZES, ATOMS, (2, 2), (1, 1, 3), strides=STRIDES, n_iter=3, circular=circular
        )
        assert learned.gamma.shape[1:-1] == learned.dictionaries[-1].positions
        assert (np.count_nonzero(learned.gamma.reshape(12, -1), axis=1) == 3).all()


def test_bad_input_is_named(rng):
    ys = rng.standard_normal((12, 24, 1))
    with pytest.raises(ValueError, match="expected one a layer"):
        mlcsc_learning(ys, SIZES, ATOMS, (2,), (1, 1, 1))
    with pytest.raises(ValueError, match="nonzeros of layer 3 = 9"):
        mlcsc_learning(ys, SIZES, ATOMS, (2, 9), (1, 1, 1))
    with pytest.raises(ValueError, match="do not fit"):
        mlcsc_learning(ys[:, :8], SIZES, ATOMS, (2, 2), (1, 1, 1), strides=STRIDES)
    with pytest.raises(ValueError, match="step = 0"):
        mlcsc_learning(ys, SIZES, ATOMS, (2, 2), (1, 1, 1), step=0)
    with pytest.raises(ValueError, match="NaN"):
        mlcsc_learning(ys * np.nan, SIZES, ATOMS, (2, 2), (1, 1, 1))


# --- digits -------------------------------------------------------------------------------------------------


def claims():
    return json.loads(REGISTRY.read_text(encoding="utf-8"))["digit_dictionaries.npz"]


def digits(p):
    x, _, held, _ = (to_numpy(a) for a in load_digits())
    return x[:p, 1:, 1:].astype(np.float32), held[:, 1:, 1:].astype(np.float32)


def test_a_file_keeps_the_dictionaries(rng, tmp_path):
    layers = planted(rng)[0]
    save_dictionaries(tmp_path / "three.npz", layers)
    for a, b in zip(layers, load_dictionaries(tmp_path / "three.npz"), strict=True):
        assert (a.space, a.stride, a.circular) == (b.space, b.stride, b.circular)
        np.testing.assert_array_equal(a.filters.astype(np.float32), to_numpy(b.filters))


def test_shipped_dictionaries_are_what_the_talk_and_the_registry_say():
    layers = load_digit_dictionaries()
    assert [D.filters.shape for D in layers] == [(7, 7, 1, 32), (5, 5, 32, 128), (7, 7, 128, 1024)]
    assert [(D.space, D.stride) for D in layers] == [((27, 27), 2), ((11, 11), 1), ((7, 7), 1)]
    assert layers[-1].positions == (1, 1) and effective(layers)[-1].size == (27, 27)
    zeros = [float(np.mean(to_numpy(D.filters) == 0)) for D in layers]
    assert zeros[1] >= 0.9909 and zeros[2] >= 0.9989, "the talk's sparsities"
    for D in layers:
        np.testing.assert_allclose(np.linalg.norm(to_numpy(D.local), axis=0), 1, atol=1e-5)
    _, held = digits(1)
    found = relative_error(effective(layers)[-1], held, 10)
    assert found == pytest.approx(claims()["held_out_error"], rel=1e-3)
    assert found <= 1.15 * claims()["ksvd_error"] and claims()["cpu_seconds"] < 2 * 15 * 60


def test_unconstrained_dictionary_is_as_good_as_registered():
    train, held = digits(4000)
    D = ksvd(train.reshape(4000, -1).T, n_atoms=1024, k=10, n_iter=2).D  # two rounds of the twenty
    assert relative_error(D, held, 10) > 0.98 * claims()["ksvd_error"], "more rounds are not beaten by fewer"


def test_a_reduced_training_on_digits():
    train, held = digits(400)
    learned = mlcsc_learning(
        train, ((7, 7), (5, 5), (7, 7)), (8, 12, 48), (4, 4), (3, 4, 8), strides=(2, 1, 1), n_iter=25
    )
    columns = train.reshape(400, -1).T
    free = relative_error(ksvd(columns, n_atoms=48, k=8).D, held, 8)
    error = relative_error(effective(learned.dictionaries)[-1], held, 8)
    assert error < 0.9 * learned.trace[0]["error"] and error < 1.6 * free
    codes = synthesize(learned.dictionaries, deepest_code(effective(learned.dictionaries)[-1], held[:5], 8))
    counts = [np.count_nonzero(code.reshape(5, -1), axis=1).max() for code in codes[:-1]]
    assert counts[0] <= 8 and counts[1] <= 4 * 8 and counts[2] <= 4 * counts[1]
