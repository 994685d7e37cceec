"""One round of multi-layer learning at the talk's sizes for digits, beside the calls of D, D^T and the
filter correlation that it makes; the pursuit is counted apart."""

import numpy as np
from harness import measure

from cscbook import ConvDictionary, load_digits
from cscbook.learning.effective_atoms import (
    atoms_by_depth,
    cone,
    filter_correlation,
    keep_largest,
    unit_layers,
)
from cscbook.learning.mlcsc import _powers, _round, deepest_code

SIZES, STRIDES, ATOMS, NONZEROS, K = ((7, 7), (5, 5), (7, 7)), (2, 1, 1), (32, 128, 1024), (49, 7, 7), 10


def layers():
    """Random unit atoms with the talk's numbers of non-zeros, in single precision."""
    rng, channels, filters = np.random.default_rng(0), 1, []
    for size, m, count in zip(SIZES, ATOMS, NONZEROS, strict=True):
        atoms = rng.standard_normal((size[0] * size[1] * channels, m)).astype(np.float32)
        filters.append(keep_largest(atoms, count).reshape(*size, channels, m))
        channels = m
    found, space = [], (27, 27)
    for f, stride in zip(unit_layers(filters), STRIDES, strict=True):
        found.append(ConvDictionary(np.ascontiguousarray(f), space, stride, circular=False))
        space = found[-1].positions
    return found


def run(repeat):
    D1, D2, D3 = chain = layers()
    ys = load_digits()[0][:1000, 1:, 1:].astype(np.float32)
    code, molecules, atoms = atoms_by_depth(cone(chain))
    D = ConvDictionary(np.moveaxis(atoms, 0, -1), (27, 27), 2, circular=False)
    gamma = deepest_code(D, ys, K)
    residual, back = ys - D @ gamma, D1.T @ atoms
    filters = tuple(layer.filters for layer in chain)
    state = {"filters": filters, "velocity": tuple(0 * f for f in filters), "power": _powers(filters)}
    state["t"] = np.ones(1, int)
    calls = {
        "D2 @ (1024 codes)": lambda: D2 @ code,
        "D1 @ (1024 codes)": lambda: D1 @ molecules,
        "D1 D2 D3 @ (1000 codes)": lambda: D @ gamma,
        "filter correlation, effective": lambda: filter_correlation(D, residual, gamma),
        "filter correlation of D1": lambda: filter_correlation(D1, atoms, molecules),
        "D1.T": lambda: D1.T @ atoms,
        "filter correlation of D2": lambda: filter_correlation(D2, back, code),
        "D2.T": lambda: D2.T @ back,
    }
    one = lambda: _round(ys, chain, None, K, 1000, 3e-2, 0.9, state, np.random.default_rng(0))  # noqa: E731
    whole = {"one round": one, "its pursuit": lambda: deepest_code(D, ys, K)}
    seconds, _ = measure(whole | calls, repeat)
    print("\nMulti-layer learning, mini-batch of 1000 digits, CPU seconds")
    for name, spent in seconds.items():
        print(f"  {name:38s} {spent:8.3f} s")
    total = sum(seconds[name] for name in calls)
    rest = seconds["one round"] - seconds["its pursuit"]
    print(f"  round without pursuit / sum of its calls: {rest:.3f} / {total:.3f} = {rest / total:.2f}")
