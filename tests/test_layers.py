"""The layers of the package: imports point down, the core stays light, and no piece is long."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cscbook"
LAYERS = {
    "arrays": 0,
    "checkpoints": 1,
    "kernels": 1,
    "local": 1,
    "shrinkage": 1,
    "dictionaries": 2,
    "datasets": 2,
    "norms": 3,
    "pursuits": 4,
    "theory": 5,
    "localglobal": 5,
    "layered": 5,
    "learning": 6,
    "sound": 6,
    "large": 7,
    "networks": 7,
    "imaging": 8,
    "plots": 9,
    "widgets": 9,
    "interop": 9,
    "exercises": 9,
    "commands": 10,
}
LONGEST_MODULE, LONGEST_FUNCTION, MOST_PARAMETERS = 320, 60, 11


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def modules():
    return sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or p.name != "__init__.py")


def folder(path):
    """The piece of the package that a file belongs to, such as ``pursuits`` or ``arrays``."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def dotted(path):
    """The name that Python imports a file by."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {dotted(p): p for p in PACKAGE.rglob("*.py")}
every_module = pytest.mark.parametrize("path", modules(), ids=name_of)


def imports(path):
    """The modules that a file imports, at its top or inside a function: of this package as they are called,
    ``from . import a`` as ``cscbook....a``, of others by their full names."""
    parent = dotted(path) if path.name == "__init__.py" else dotted(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    [*parent.split(".")[: len(parent.split(".")) - node.level + 1], *filter(None, [base])]
                )
            for alias in node.names:
                inside = f"{base}.{alias.name}"
                yield inside if inside in FILES else base


@every_module
def test_imports_point_down(path):
    name = folder(path)
    assert name in LAYERS, f"{name} has no layer"
    for target in imports(path):
        if target.startswith("cscbook.") and (other := target.split(".")[1]) != name:
            assert LAYERS[other] <= LAYERS[name], f"{name} imports {other}, which lies above it"
            assert other not in ("plots", "widgets") or name == "commands", f"{name} imports {other}"


def test_denoising_lies_below_the_rest_of_imaging():
    for path in (PACKAGE / "imaging" / "denoising").glob("*.py"):
        above = [t for t in imports(path) if t.startswith("cscbook.imaging")]
        assert all(t.startswith("cscbook.imaging.denoising") for t in above), f"{path.name} imports {above}"


def test_no_imports_run_in_a_circle():
    """A module needs those that it imports, and the folders on their way that it does not lie in itself."""
    needs = {}
    for name, path in FILES.items():
        found = set()
        for target in imports(path):
            parts = target.split(".")
            ways = {".".join(parts[:i]) for i in range(1, len(parts))}
            found |= {target} | {way for way in ways if not f"{name}.".startswith(f"{way}.")}
        needs[name] = (found & FILES.keys()) - {name}
    while ready := [name for name, targets in needs.items() if not targets & needs.keys()]:
        for name in ready:
            del needs[name]
    assert not needs, f"these import one another: {sorted(needs)}"


@every_module
def test_each_library_has_its_module(path):
    found = {target.split(".")[0] for target in imports(path)}
    allowed = {
        "numba": {"kernels"},
        "matplotlib": {"plots", "widgets", "commands"},
        "click": {"commands"},
        "sklearn": {"interop"},
        "ipywidgets": {"widgets"},
        "IPython": {"widgets"},
        "cupy": {"arrays"},
        "cupyx": {"arrays"},
        "array_api_compat": {"arrays"},
    }
    for library, where in allowed.items():
        assert library not in found or folder(path) in where, f"{name_of(path)} imports {library}"


def test_the_core_is_light():
    heavy = ("matplotlib", "ipywidgets", "IPython", "cupy", "skimage", "sklearn", "click", "tifffile")
    heavy += ("dask", "distributed", "zarr")
    code = f"import cscbook, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


# --- sizes --------------------------------------------------------------------------------------


@every_module
def test_no_module_and_no_function_is_long(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            lines, given = node.end_lineno - node.lineno + 1, node.args
            count = (
                len(given.posonlyargs + given.args + given.kwonlyargs)
                + bool(given.vararg)
                + bool(given.kwarg)
            )
            assert lines <= LONGEST_FUNCTION, f"{node.name} has {lines} lines"
            assert count <= MOST_PARAMETERS, f"{node.name} takes {count} parameters"


# --- what lies outside the package imports what there is ----------------------------------------

OUTSIDE = sorted(
    [
        *(ROOT / "tests" / "bench").glob("*.py"),
        *(ROOT / "data").glob("*.py"),
        *(ROOT / "chapters").rglob("*.ipynb"),
    ]
)


def source(path):
    """The Python of a file; of a notebook that of its cells, without the lines for IPython."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
        text = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
    return text


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_names_imported_from_the_package_exist(path):
    """Benchmarks, scripts and chapters find what they import, and what they ask the modules for."""
    tree, here = ast.parse(source(path)), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cscbook":
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
                here[alias.asname or alias.name] = getattr(module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "cscbook":
                    module = importlib.import_module(alias.name)
                    here[alias.asname or "cscbook"] = module if alias.asname else sys.modules["cscbook"]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = here.get(node.value.id)
            assert not inspect.ismodule(module) or hasattr(module, node.attr), (
                f"{module.__name__}.{node.attr}"
            )
