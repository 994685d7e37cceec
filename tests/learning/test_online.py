"""Learning from a stream that is read once."""

import numpy as np
import pytest
from problems import SIZE, planted_filters

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    online_dictionary_learning,
)
from cscbook.learning.problem import unit


def test_a_stream_is_read_once_and_forgotten(rng):
    truth, _ = planted_filters(rng)
    D0 = unit(rng.standard_normal((9, 1, 6)))

    def signal():
        return ConvDictionary(truth, (90,)) @ (rng.standard_normal((90, 3)) * (rng.random((90, 3)) < 0.05))

    found = online_dictionary_learning((signal() for _ in range(40)), (9,), 6, 0.2, D0=D0)
    assert len(found.trace) == 40 and found.gamma == ()
    unseen = np.stack([signal() for _ in range(5)])
    before, after = (basis_pursuit(ConvDictionary(D, (90,)), unseen, 0.2).trace[-1] for D in (D0, found.D))
    assert after < 0.8 * before


def test_a_stream_of_minibatches(rng):
    _, ys = planted_filters(rng)
    found = online_dictionary_learning([ys, ys[:1], ys[1:]], SIZE, 3, 0.1)
    assert [row["nonzeros"] > 0 for row in found.trace] == [True] * 3
    with pytest.raises(ValueError, match="empty"):
        online_dictionary_learning([], SIZE, 3, 0.1)


def test_another_stream_than_that_of_the_checkpoint_is_refused(rng, tmp_path):
    _, ys = planted_filters(rng, spaces=((60,), (60,), (60,)))
    file = tmp_path / "state.npz"
    online_dictionary_learning(ys, SIZE, 3, 0.1, n_iter=2, checkpoint=file)
    with pytest.raises(ValueError, match="not those of the checkpoint"):
        online_dictionary_learning([ys[0], ys[2], ys[1]], SIZE, 3, 0.1, checkpoint=file)
    whole = online_dictionary_learning(ys, SIZE, 3, 0.1)
    np.testing.assert_array_equal(online_dictionary_learning(ys, SIZE, 3, 0.1, checkpoint=file).D, whole.D)


def test_what_is_no_signal_is_refused_and_any_order_of_bytes_is_taken(rng):
    _, ys = planted_filters(rng)
    for wrong in ("nonsense", [3.0], [[[1.0], [2.0]]], [None]):
        with pytest.raises((TypeError, ValueError)):
            online_dictionary_learning(wrong, SIZE, 3, 0.1)
    D0 = unit(rng.standard_normal((*SIZE, 1, 3)))
    plain = online_dictionary_learning(ys, SIZE, 3, 0.1, D0=D0).D
    swapped = online_dictionary_learning([y.astype(">f8") for y in ys], SIZE, 3, 0.1, D0=D0.astype(">f8")).D
    np.testing.assert_array_equal(swapped, plain)
