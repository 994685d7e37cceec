"""What must hold of the files as they are stored."""

import hashlib
import importlib.metadata
import io
import json
import re
import tomllib
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml
from PIL import Image

import cscbook

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
REGISTRY = json.loads((DATA / "registry.json").read_text(encoding="utf-8"))
AUTHOR = "the cscbook contributors"
NOTEBOOKS = sorted(p for p in (ROOT / "chapters").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
LONGEST_LINE = 78


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def project():
    return tomllib.loads(text("pyproject.toml"))["project"]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def code_cells(path):
    notebook = nbformat.read(path, as_version=4)
    return [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_is_valid_and_runs_on_any_python(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_is_stored_without_outputs(path):
    stored = [i for i, cell in code_cells(path) if cell.outputs or cell.execution_count is not None]
    assert stored == [], f"cells {stored}: clear the outputs before saving"
    assert "widgets" not in nbformat.read(path, as_version=4).metadata


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_code_lines_fit_the_page(path):
    lines = [
        (i, line)
        for i, cell in code_cells(path)
        for line in cell.source.splitlines()
        if len(line) > LONGEST_LINE
    ]
    assert lines == []


# what fetches: a script or style of a page, a download in Python or in a shell
FETCHES = re.compile(
    r"""(?:src|href)\s*=\s*\\?["'](?:https?:)?//|@import\s+(?:url\()?["']?(?:https?:)?//|urlopen\(|urlretrieve\(|requests\.get\("""
    r"""|[!%]pip\s+install|\bwget\s|\bcurl\s"""
)
SOURCES = sorted(
    [*NOTEBOOKS, *(p for top in ("chapters", "cscbook", "data") for p in (ROOT / top).rglob("*.py"))]
)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_source_fetches_from_the_network(path):
    assert FETCHES.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", REGISTRY)
def test_data_file_is_the_registered_one(name):
    entry, content = REGISTRY[name], (DATA / name).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])
    if name.endswith(".png"):
        arrays = {"image": np.asarray(Image.open(io.BytesIO(content)))}
    else:
        arrays = np.load(io.BytesIO(content), allow_pickle=False)
    for key, what in entry["arrays"].items():
        assert (list(arrays[key].shape), arrays[key].dtype.str) == (what["shape"], what["dtype"])
    assert entry["licence"] and entry["source"]


def test_every_data_file_is_registered_and_described():
    files = {
        p.relative_to(DATA).as_posix()
        for p in DATA.rglob("*")
        if p.suffix in (".png", ".npz", ".npy", ".ogg", ".wav")
    }
    assert files == set(REGISTRY)
    assert [name for name in REGISTRY if f"`{name}`" not in text("data/README.md")] == []


def test_licences_that_ask_for_a_notice_have_one():
    for name, entry in REGISTRY.items():
        if entry["licence"].startswith("CC-BY"):
            notice = (DATA / "licences" / f"{entry['licence']}.txt").read_text(encoding="utf-8")
            assert name in notice.splitlines()[0]


def test_there_is_one_version():
    cited = yaml.safe_load(text("CITATION.cff"))["version"]
    installed = importlib.metadata.version("cscbook")
    assert project()["dynamic"] == ["version"], "pyproject.toml takes it from cscbook/__init__.py"
    assert cscbook.__version__ == cited == installed


def test_there_is_one_author():
    assert project()["authors"] == [{"name": AUTHOR}]
    assert yaml.safe_load(text("CITATION.cff"))["authors"] == [{"name": AUTHOR}]
    assert yaml.safe_load(text("_config.yml"))["author"] == AUTHOR
    assert re.search(r"Copyright \(c\) \d{4}, " + AUTHOR, text("LICENSE"))


def test_requirements_hold_what_the_extras_ask_for():
    lines = [line.split("#")[0].strip() for line in text("requirements.txt").splitlines()]
    lines = [line for line in lines if line]
    extras = project()["optional-dependencies"]
    assert lines[0] == "-e ."
    assert {*extras["book"], *extras["test"]} <= set(lines)
    assert set(lines[1:]) <= {
        *extras["book"],
        *extras["test"],
        *extras["compare"],
        *extras["large"],
    }
    assert not any("cupy" in line for line in lines)
