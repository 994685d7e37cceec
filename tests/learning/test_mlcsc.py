"""Multi-layer dictionary learning: its start, what it keeps, and what it recovers."""

import numpy as np
import pytest
from problems import ATOMS, SIZES, STRIDES, digits, planted_chain

from cscbook import ConvDictionary, ksvd, mlcsc_learning, normalize
from cscbook.arrays import to_numpy
from cscbook.layered import effective, synthesize
from cscbook.learning import deepest_code, relative_error
from cscbook.learning.effective_atoms import (
    unit_layers,
)


def learn(xp, ys, **options):
    options = {"n_iter": 5, "batch": 60} | options
    return mlcsc_learning(xp(ys), SIZES, ATOMS, (2, 2), (1, 1, 1), strides=STRIDES, **options)


# --- learning -----------------------------------------------------------------------------------------------


def test_learned_layers_are_sparse_unit_and_fit_better_than_their_start(xp, rng):
    _, ys = planted_chain(rng)
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
    layers, ys = planted_chain(rng, p=300)

    def start(ys, *_, **__):
        noisy = (D.filters + 0.1 * (D.filters != 0) * rng.standard_normal(D.filters.shape) for D in layers)
        together = zip(unit_layers(noisy), layers, strict=True)
        return [ConvDictionary(f, D.space, D.stride, False) for f, D in together]

    learned = learn(lambda a: a, ys, start=start, n_iter=300, batch=300, step=1e-2)
    found, truth = (normalize(effective(chain)[-1].local) for chain in (learned.dictionaries, layers))
    assert (np.abs(found.T @ truth).max(axis=0) > 0.999).all(), "every molecule is recovered"
    assert learned.trace[-1]["error"] < 0.05 * learned.trace[0]["error"]


def test_the_same_seed_gives_the_same_dictionaries_and_a_checkpoint_goes_on(rng, tmp_path):
    ys, file = planted_chain(rng)[1], tmp_path / "learning.npz"
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
    with pytest.raises(ValueError, match="expected one per layer"):
        mlcsc_learning(ys, SIZES, ATOMS, (2,), (1, 1, 1))
    with pytest.raises(ValueError, match="nonzeros of layer 3 = 9"):
        mlcsc_learning(ys, SIZES, ATOMS, (2, 9), (1, 1, 1))
    with pytest.raises(ValueError, match="do not fit"):
        mlcsc_learning(ys[:, :8], SIZES, ATOMS, (2, 2), (1, 1, 1), strides=STRIDES)
    with pytest.raises(TypeError, match="'speed'"):
        mlcsc_learning(ys, SIZES, ATOMS, (2, 2), (1, 1, 1), strides=STRIDES, speed=1)
    with pytest.raises(ValueError, match="step = 0"):
        mlcsc_learning(ys, SIZES, ATOMS, (2, 2), (1, 1, 1), step=0)
    with pytest.raises(ValueError, match="NaN"):
        mlcsc_learning(ys * np.nan, SIZES, ATOMS, (2, 2), (1, 1, 1))


def test_a_batch_of_silent_signals_teaches_nothing(rng):
    _, ys = planted_chain(rng)
    ys = np.concatenate([ys[:40], 0 * ys[:40]])
    learned = mlcsc_learning(ys, SIZES, ATOMS, (2, 2), (1, 1, 1), strides=STRIDES, n_iter=12, batch=1)
    errors = [row["error"] for row in learned.trace]
    assert np.isfinite(errors).all() and 0.0 in errors
    D = effective(learned.dictionaries)[-1]
    assert relative_error(D, ys, 1) < 1
    with pytest.raises(ValueError, match="the energy of ys = 0"):
        relative_error(D, 0 * ys, 1)


# --- digits -------------------------------------------------------------------------------------------------


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
