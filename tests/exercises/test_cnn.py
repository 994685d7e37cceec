"""Part 5, the first three chapters: each judge passes a solution and fails three wrong ones, each at the
sentence that says why; and the program for PyTorch that a page prints gives the numbers of the book."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from cscbook.exercises import check

FORWARD_PASS = next((Path(__file__).parents[2] / "chapters/5_cnn").glob("01_*.ipynb"))


def programs(path):
    """The programs that the text of a chapter prints."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def layer(x, W):
    return np.stack([np.tensordot(x[i : i + len(W)], W, axes=2) for i in range(len(x) - len(W) + 1)])


def my_forward_pass(x, filters, biases):
    for W, b in zip(filters, biases, strict=True):
        x = np.maximum(layer(x, W) + b, 0)
    return x


def forward_pass_of_flipped_filters(x, filters, biases):
    return my_forward_pass(x, [W[::-1] for W in filters], biases)


def forward_pass_without_relu(x, filters, biases):
    for W, b in zip(filters, biases, strict=True):
        x = layer(x, W) + b
    return x


def first_layer_only(x, filters, biases):
    return my_forward_pass(x, filters[:1], biases[:1])


def my_nonnegative_ista(D, y, lam, T):
    c, gamma = np.linalg.eigvalsh(D.T @ D).max(), np.zeros(D.shape[1])
    for _ in range(T):
        gamma = np.maximum(gamma + D.T @ (y - D @ gamma) / c - lam / c, 0)
    return gamma


def ista_of_both_signs(D, y, lam, T):
    c, gamma = np.linalg.eigvalsh(D.T @ D).max(), np.zeros(D.shape[1])
    for _ in range(T):
        z = gamma + D.T @ (y - D @ gamma) / c
        gamma = np.sign(z) * np.maximum(abs(z) - lam / c, 0)
    return gamma


def ista_with_the_whole_threshold(D, y, lam, T):
    c, gamma = np.linalg.eigvalsh(D.T @ D).max(), np.zeros(D.shape[1])
    for _ in range(T):
        gamma = np.maximum(gamma + D.T @ (y - D @ gamma) / c - lam, 0)
    return gamma


def ista_that_subtracts_nothing(D, y, lam, T):
    c, gamma = np.linalg.eigvalsh(D.T @ D).max(), np.zeros(D.shape[1])
    for _ in range(T):
        gamma = np.maximum(gamma + (D.T @ y - lam) / c, 0)
    return gamma


def my_layer_gradients(x, W, b, g):
    patches = np.stack([x[i : i + len(W)] for i in range(len(g))])
    g = g * (patches @ W + b > 0)
    g_x = np.zeros(len(x))
    for i, needle in enumerate(g):
        g_x[i : i + len(W)] += W @ needle
    return g_x, patches.T @ g, g.sum(0)


def gradients_without_a_gate(x, W, b, g):
    return my_layer_gradients(x, W, b + 1e9, g)


def gradients_of_flipped_patches(x, W, b, g):
    g_x, g_W, g_b = my_layer_gradients(x, W, b, g)
    return g_x, g_W[::-1], g_b


def gradients_by_the_analysis(x, W, b, g):
    _, g_W, g_b = my_layer_gradients(x, W, b, g)
    return my_layer_gradients(x, W[::-1], b + 1e9, g)[0], g_W, g_b


def my_training_step(D, beta, U, X, labels, t):
    codes = np.maximum(X @ D - beta, 0)
    p = np.exp(codes @ U)
    g = (p / p.sum(1, keepdims=True) - np.eye(U.shape[1])[labels]) / len(X)
    g_codes = (g @ U.T) * (codes > 0)
    return D - t * X.T @ g_codes, beta + t * g_codes.sum(0), U - t * codes.T @ g


def step_up_the_gradient(D, beta, U, X, labels, t):
    return my_training_step(D, beta, U, X, labels, -t)


def step_without_a_gate(D, beta, U, X, labels, t):
    codes = np.maximum(X @ D - beta, 0)
    p = np.exp(codes @ U)
    g = (p / p.sum(1, keepdims=True) - np.eye(U.shape[1])[labels]) / len(X)
    return D - t * X.T @ (g @ U.T), beta + t * (g @ U.T).sum(0), U - t * codes.T @ g


def step_that_takes_thresholds_for_biases(D, beta, U, X, labels, t):
    moved, thresholds, classifier = my_training_step(D, beta, U, X, labels, t)
    return moved, 2 * beta - thresholds, classifier


def my_implicit_gradients(D, y, z, g):
    on, passed = z != 0, np.zeros(len(z))
    passed[on] = np.linalg.solve(D[:, on].T @ D[:, on], g[on])
    return np.outer(y - D @ z, passed) - np.outer(D @ passed, z), D @ passed


def gradients_of_all_atoms(D, y, z, g):
    passed = np.linalg.pinv(D.T @ D) @ g
    return np.outer(y - D @ z, passed) - np.outer(D @ passed, z), D @ passed


def gradients_without_the_system(D, y, z, g):
    passed = g * (z != 0)
    return np.outer(y - D @ z, passed) - np.outer(D @ passed, z), D @ passed


def gradients_of_the_analysis_only(D, y, z, g):
    g_D, g_y = my_implicit_gradients(D, y, z, g)
    return g_D + np.outer(g_y, z), g_y


SOLUTIONS = [
    my_forward_pass,
    my_nonnegative_ista,
    my_layer_gradients,
    my_training_step,
    my_implicit_gradients,
]
WRONG = [
    ("forward_pass", forward_pass_of_flipped_filters, "not flipped"),
    ("forward_pass", forward_pass_without_relu, "No coefficient is negative"),
    ("forward_pass", first_layer_only, "the second takes the code of the first"),
    ("nonnegative_ista", ista_of_both_signs, "No coefficient is negative"),
    ("nonnegative_ista", ista_with_the_whole_threshold, "divided by c"),
    ("nonnegative_ista", ista_that_subtracts_nothing, "leaves unexplained"),
    ("layer_gradients", gradients_without_a_gate, "only where the code is not zero"),
    ("layer_gradients", gradients_of_flipped_patches, "sum of the patches"),
    ("layer_gradients", gradients_by_the_analysis, "D applied to the gradient"),
    ("training_step", step_up_the_gradient, "against its gradient"),
    ("training_step", step_without_a_gate, "zero where a code is zero"),
    ("implicit_gradients", gradients_of_all_atoms, "off the support"),
    ("implicit_gradients", gradients_without_the_system, "(D_S^T D_S)^-1"),
    ("implicit_gradients", gradients_of_the_analysis_only, "with a minus"),
    ("training_step", step_that_takes_thresholds_for_biases, "minus a bias"),
]


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda f: f.__name__)
def test_a_solution_passes(solution):
    assert check(solution), check(solution)


@pytest.mark.parametrize(("name", "function", "sentence"), WRONG, ids=lambda x: getattr(x, "__name__", None))
def test_a_wrong_one_is_told_why(name, function, sentence):
    function.__name__ = f"my_{name}"
    verdict = check(function)
    assert not verdict and sentence in verdict.wrong, verdict


@pytest.mark.libraries
def test_the_program_for_pytorch_has_the_numbers_of_the_book():
    pytest.importorskip("torch")
    found = {}
    exec(next(program for program in programs(FORWARD_PASS) if "import torch" in program), found)
    maps, drawn = (found[name][0].permute(1, 2, 0).detach().numpy() for name in ("maps", "drawn"))
    np.testing.assert_allclose(found["gamma"], maps, atol=1e-12)
    np.testing.assert_allclose(found["picture_of_gamma"], drawn, atol=1e-12)
    assert (maps > 0).any()
