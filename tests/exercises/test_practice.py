"""Part 6: the judge passes a solution and fails three wrong ones, each at the sentence that says why."""

import numpy as np
import pytest

from cscbook.exercises import check


def my_local_dual(r, excess, n, ample=1.5, circle=True, collect=np.maximum):
    N, psi = len(r), np.zeros(len(r))
    for i in range(N):
        far = abs(np.arange(N) - (i + n // 2) % N)
        far = np.minimum(far, N - far) if circle else far
        psi = collect(psi, ample * excess[i] * np.exp(-far / n))
    return (1 - np.minimum(psi, 1)) * r


def too_little(r, excess, n):
    return my_local_dual(r, excess, n, ample=1.0)


def on_a_line(r, excess, n):
    return my_local_dual(r, excess, n, circle=False)


def added_up(r, excess, n):
    return my_local_dual(r, excess, n, collect=np.add)


def my_summed_gap(tiles, least=1.0):
    a, b, c, top = np.transpose(tiles)
    s, primal = max(least, top.max()), a.sum() / 2 + c.sum()
    return (primal - b.sum() / s + a.sum() / (2 * s**2)) / primal


def no_least_scale(tiles):
    return my_summed_gap(tiles, least=0.0)


def own_scales(tiles):
    a, b, c, top = np.transpose(tiles)
    s, primal = np.maximum(1, top), a.sum() / 2 + c.sum()
    return (primal - (b / s - a / (2 * s**2)).sum()) / primal


def not_divided(tiles):
    return my_summed_gap(tiles) * sum(tile[0] / 2 + tile[2] for tile in tiles)


WRONG = [
    ("local_dual", too_little, "one and a half"),
    ("local_dual", on_a_line, "circle"),
    ("local_dual", added_up, "larger weight"),
    ("summed_gap", no_least_scale, "do not enlarge"),
    ("summed_gap", own_scales, "worst tile"),
    ("summed_gap", not_divided, "share of the objective"),
]


@pytest.mark.parametrize("right", [my_local_dual, my_summed_gap])
def test_the_solution_passes(right):
    assert check(right), check(right)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence):
    function.__name__ = f"my_{name}"
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict
