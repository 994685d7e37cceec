"""What was learned and is shipped: read as written, and held against its claims."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from problems import LAYERS, digits, parameters, planted_chain

from cscbook import ConvDictionary, ksvd, load_digit_network, load_digits, natural32
from cscbook.arrays import to_numpy
from cscbook.layered import effective
from cscbook.learning import relative_error
from cscbook.networks import (
    Network,
    load_colour_dictionaries,
    load_dictionaries,
    load_digit_dictionaries,
    load_network,
    save_compressed,
    save_dictionaries,
    save_network,
)
from cscbook.networks.classifier import accuracy
from cscbook.networks.plans import cnn, ml_ista
from cscbook.networks.pooling import pooled_cnn

REGISTRY = Path(__file__).parents[2] / "data" / "registry.json"


def claims(file="digit_dictionaries.npz"):
    return json.loads(REGISTRY.read_text(encoding="utf-8"))[file]


def test_a_file_keeps_the_dictionaries(rng, tmp_path):
    layers = planted_chain(rng)[0]
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


def test_eight_bits_keep_norms_and_zeros_and_move_an_entry_by_half_a_step(rng, tmp_path):
    filters = rng.standard_normal((4, 4, 3, 9)) * (rng.random((4, 4, 3, 9)) < 0.3)
    filters[..., 1] = 0
    layers = [ConvDictionary(filters, (8, 8), 2, circular=False)]
    save_compressed(tmp_path / "small.npz", layers)
    (D,) = load_dictionaries(tmp_path / "small.npz")
    assert (D.space, D.stride, D.circular) == ((8, 8), 2, False)
    a, b = layers[0].local, to_numpy(D.local)
    np.testing.assert_allclose(np.linalg.norm(b, axis=0), np.linalg.norm(a, axis=0), rtol=1e-6)
    assert not b[a == 0].any(), "zeros stay"
    step = np.abs(a).max(axis=0) / 127
    assert (np.abs(a - b) <= 0.5 * step + 0.01 * np.abs(a)).all(), "the scale moves it by less than a percent"
    assert np.abs(a - b).max() > 0.2 * step.max(), "eight bits are not more"
    with np.load(tmp_path / "small.npz", allow_pickle=False) as kept:
        assert kept["whole1"].dtype == np.int8 and np.abs(kept["whole1"]).max() == 127


def test_the_digits_lose_less_than_two_percent_in_eight_bits(tmp_path):
    layers = load_digit_dictionaries()
    save_compressed(tmp_path / "small.npz", layers)
    assert (tmp_path / "small.npz").stat().st_size < claims()["bytes"] / 2
    small, (_, held) = load_dictionaries(tmp_path / "small.npz"), digits(1)
    for D, E in zip(layers, small, strict=True):
        a, b = to_numpy(D.local), to_numpy(E.local)
        assert np.linalg.norm(a - b) < 0.02 * np.linalg.norm(a)
    errors = [relative_error(effective(L)[-1], held[:300], 10) for L in (layers, small)]
    assert errors[1] == pytest.approx(errors[0], rel=0.02)


def test_the_shipped_colour_dictionaries_are_what_the_talk_and_the_registry_say():
    layers, claim = load_colour_dictionaries(), claims("colour_dictionaries.npz")
    assert [D.filters.shape for D in layers] == [(5, 5, 3, 64), (5, 5, 64, 256), (5, 5, 256, 1024)]
    assert [(D.space, D.stride) for D in layers] == [((29, 29), 2), ((13, 13), 2), ((5, 5), 1)]
    zeros = [float(np.mean(to_numpy(D.filters) == 0)) for D in layers]
    assert zeros == pytest.approx(claim["zeros"], abs=1e-5) and zeros[1] >= 0.82 and zeros[2] >= 0.90
    for D in layers:
        np.testing.assert_allclose(np.linalg.norm(to_numpy(D.local), axis=0), 1, atol=1e-5)
    tiles = to_numpy(natural32(1000, np.random.default_rng(0), ("cat",)))[:, 1:30, 1:30].astype("f4") / 255
    tiles -= tiles.mean(axis=(1, 2), keepdims=True)
    D = effective(layers)[-1]
    assert D.size == (29, 29)
    assert relative_error(D, tiles, 16) == pytest.approx(claim["held_out_error"], rel=1e-3)
    assert claim["held_out_error"] < claim["ksvd_error"] and claim["bytes"] < 2e6
    assert claim["held_out_error"] == pytest.approx(claim["uncompressed_error"], rel=0.02)
    assert max(claim["compression_errors"]) < 0.02


def test_unconstrained_dictionary_is_as_good_as_registered():
    train, held = digits(4000)
    D = ksvd(train.reshape(4000, -1).T, n_atoms=1024, k=10, n_iter=2).D  # two rounds of the twenty
    assert relative_error(D, held, 10) > 0.98 * claims()["ksvd_error"], "more rounds are not beaten by fewer"


def test_the_shipped_network_is_what_the_registry_says():
    net, claims = load_digit_network(), json.loads(REGISTRY.read_text())["digit_network.npz"]
    _, _, x, y = load_digits()
    found = accuracy(net, x.astype("f4"), y)
    assert found == pytest.approx(claims["held_out_accuracy"], abs=0.0011) and found >= 0.985
    W = [to_numpy(net.theta[f"W{i}"]) for i in (1, 2, 3)]
    assert [w.shape for w in W] == [(6, 6, 1, 32), (6, 6, 32, 64), (4, 4, 64, 512)]
    assert [int(np.count_nonzero(w)) for w in W] == claims["nonzeros"]
    assert sum(claims["nonzeros"]) < 0.07 * sum(w.size for w in W)
    assert claims["bytes"] < 350_000 and claims["cpu_seconds"] < 300 and claims["seed"] == 0
    assert claims["command"] == "python data/train_digits_network.py"


def test_a_network_is_read_as_it_was_written(tmp_path, rng):
    theta = parameters(np.asarray, rng)
    theta["W2"] = np.where(abs(theta["W2"]) > 0.3, theta["W2"], 0)
    save_network(tmp_path / "a.npz", Network(theta, LAYERS, cnn))
    net = load_network(tmp_path / "a.npz")
    assert net.layers == LAYERS and net.plan is cnn and set(net.theta) == set(theta)
    for name, a in theta.items():
        np.testing.assert_array_equal(net.theta[name], a.astype("f2").astype("f4"))
    save_network(tmp_path / "b.npz", net)
    assert (tmp_path / "b.npz").read_bytes() == (tmp_path / "a.npz").read_bytes()
    save_network(tmp_path / "c.npz", Network(theta, LAYERS, ml_ista(1)))
    assert load_network(tmp_path / "c.npz").plan == ml_ista(1)
    with pytest.raises(ValueError, match="expected one of cnn, layered_ista, ml_ista"):
        save_network(tmp_path / "d.npz", Network(theta, LAYERS, pooled_cnn))


def test_a_network_of_another_is_refused(tmp_path, rng, monkeypatch):
    (tmp_path / "registry.json").write_text(REGISTRY.read_text())
    save_network(tmp_path / "digit_network.npz", Network(parameters(np.asarray, rng), LAYERS, cnn))
    monkeypatch.setenv("CSCBOOK_DATA", str(tmp_path))
    with pytest.raises(
        ValueError, match=hashlib.sha256((tmp_path / "digit_network.npz").read_bytes()).hexdigest()
    ):
        load_digit_network()


def test_a_file_holds_layers_that_fit_and_one_border(tmp_path, rng):
    first = ConvDictionary(rng.standard_normal((3, 1, 2)), (8,))
    for filters, space, circular in (
        ((2, 2, 2), (8,), False),
        ((2, 2, 2), (9,), True),
        ((2, 3, 2), (8,), True),
    ):
        other = ConvDictionary(rng.standard_normal(filters), space, circular=circular)
        with pytest.raises(ValueError, match="of one border|the code of one layer has shape"):
            save_dictionaries(tmp_path / "layers.npz", [first, other])
    assert not list(tmp_path.iterdir())
