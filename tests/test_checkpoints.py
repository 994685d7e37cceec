"""Checkpoints: what is kept is all that matters, and nothing else is taken for it."""

from functools import partial

import numpy as np
import pytest

from cscbook.arrays import to_numpy
from cscbook.checkpoints import fingerprint, run, write_npz


def walk(xp):
    """A step that draws random numbers and keeps a dense array, mostly zero ones, and a count."""

    def step(state, rng):
        x = state["x"] + xp(rng.standard_normal((3, 2)))
        sparse = np.zeros((4, 5))
        sparse[rng.integers(4), rng.integers(5)] = rng.random()
        state = {"x": x, "codes": (xp(sparse), xp(-sparse)), "t": state["t"] + 1}
        return state, {"t": int(state["t"][0]), "sum": float(np.sum(to_numpy(x)))}

    start = {"x": xp(np.zeros((3, 2))), "codes": (xp(np.zeros((4, 5))),) * 2, "t": np.zeros(1, int)}
    return step, start


@pytest.mark.parametrize("generator", [np.random.PCG64, np.random.MT19937])
def test_interrupted_rounds_end_where_uninterrupted_ones_do(xp, tmp_path, generator):
    step, start = walk(xp)
    whole, trace = run(step, start, 6, rng=np.random.Generator(generator(0)))
    for n in (1, 4, 6):
        rng = np.random.Generator(generator(0))
        state, found = run(step, start, n, rng=rng, checkpoint=tmp_path / "a" / "state.npz")
    assert found == trace and [row["t"] for row in trace] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(to_numpy(state["x"]), to_numpy(whole["x"]))
    for one, other in zip(state["codes"], whole["codes"], strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))
        assert one.dtype == other.dtype
    assert type(state["x"]) is type(whole["x"])


def test_rounds_end_with_their_source(tmp_path):
    source = iter(range(3))
    step = lambda state, rng: ({"x": state["x"] + next(source)}, {})  # noqa: E731
    state, trace = run(step, {"x": np.zeros(1)}, None, rng=np.random.default_rng(0))
    assert state["x"][0] == 3 and len(trace) == 3


def test_settings_that_differ_have_other_fingerprints():
    a = np.arange(6.0)
    different = [(a, 1), (a, 2), (a, 1.5), (a.reshape(2, 3), 1), (a.astype("f4"), 1), (a + 1, 1), (a, None)]
    different += [((a, 1),), (a, "1"), ({"a": a}, 1), ({"b": a}, 1), (a, np.sum), (a, np.mean)]
    different += [(a, partial(np.sum, axis=0)), (a, partial(np.sum, axis=1))]
    assert len({fingerprint(*parts) for parts in different}) == len(different)
    assert fingerprint({"a": 1, "b": a}) == fingerprint({"b": a.copy(), "a": 1})


def test_a_file_is_replaced_in_one_step(tmp_path):
    file = tmp_path / "state.npz"
    write_npz(file, {"x": np.ones(2)})
    with pytest.raises(RuntimeError):
        write_npz(file, {"x": Unwritable()})
    with np.load(file, allow_pickle=False) as kept:
        np.testing.assert_array_equal(kept["x"], 1)


class Unwritable:
    """Stands for a disk that fails in the middle of a file."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no space left")


def test_rounds_without_end_are_asked_for_by_none():
    for wrong in (float("inf"), 2.5, 0, "3"):
        with pytest.raises((TypeError, ValueError), match="n_iter = .*: expected an integer, at least 1"):
            run(lambda state, rng: (state, {}), {}, wrong)
