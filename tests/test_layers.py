"""The layers of the package: imports point down, and the core stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "cscbook"
LAYERS = {
    "arrays": 0,
    "checkpoints": 1,
    "kernels": 1,
    "convolutional_kernels": 1,
    "descent_kernels": 1,
    "greedy_kernels": 1,
    "local": 1,
    "shrinkage": 1,
    "dictionary": 2,
    "low_coherence": 2,
    "norms": 2,
    "convolution": 2,
    "guarantees": 3,
    "layered_guarantees": 3,
    "pursuits": 3,
    "localglobal": 4,
    "layered": 4,
    "learning": 5,
    "mnist": 5,
    "molecules": 5,
    "resonance": 5,
    "signals": 5,
    "sounds": 5,
    "imaging": 6,
    "experiments": 6,
    "music": 6,
    "plots": 9,
    "widgets": 9,
}


def modules():
    return sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or p.name != "__init__.py")


def imports(path):
    """``(module, names)`` of every import in a file; relative ones resolved to the module of this
    package."""
    here = path.relative_to(PACKAGE).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = (
                here[: len(here) - node.level] if here[-1] != "__init__" else here[: len(here) - node.level]
            )
            inside = (*base, *(node.module or "").split(".")) if node.module else base
            for target in [inside[0]] if inside and inside[0] else [alias.name for alias in node.names]:
                yield f"cscbook.{target}", None
        elif isinstance(node, ast.ImportFrom):
            yield node.module, None


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_point_down(path):
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert name in LAYERS, f"{name} has no layer"
    for target, _ in imports(path):
        if target.startswith("cscbook.") and (other := target.split(".")[1]) != name:
            assert LAYERS[other] <= LAYERS[name], f"{name} imports {other}, which lies above it"
            assert other not in ("plots", "widgets"), f"{name} imports {other}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_each_library_has_its_module(path):
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    found = {target.split(".")[0] for target, _ in imports(path)}
    allowed = {
        "numba": {"kernels", "convolutional_kernels", "descent_kernels", "greedy_kernels"},
        "matplotlib": {"plots", "widgets"},
        "ipywidgets": {"widgets"},
        "IPython": {"widgets"},
        "cupy": {"arrays"},
        "cupyx": {"arrays"},
        "array_api_compat": {"arrays"},
    }
    for library, where in allowed.items():
        assert library not in found or name in where, f"{name} imports {library}"


def test_the_core_is_light():
    heavy = ["matplotlib", "ipywidgets", "IPython", "cupy", "skimage", "sklearn", "numba", "joblib", "tqdm"]
    heavy += [f"scipy.{part}" for part in ("fft", "linalg", "ndimage", "optimize", "sparse", "special")]
    code = f"import cscbook, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, timeout=120
    )
    assert done.stdout.strip() == "[]", done.stderr
