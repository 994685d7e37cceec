"""The wheel: all that it takes to use the package anywhere, and nothing else."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="hatchling builds the wheel: pip install -r requirements.txt")

ROOT = Path(__file__).resolve().parents[1]
REGISTRY = json.loads((ROOT / "data" / "registry.json").read_text(encoding="utf-8"))
USE = """
import cscbook
from cscbook import load_digit_dictionaries, load_digit_network, load_digits, load_image, load_notes
from cscbook.imaging import load_denoiser
from cscbook.networks import load_colour_dictionaries

for load in (load_digits, load_notes, load_digit_dictionaries, load_digit_network):
    load()
for load in (load_denoiser, load_colour_dictionaries):
    load()
print(cscbook.__file__, cscbook.__version__, load_image("camera").shape, sep="\\n")
"""


def build(folder, kind, out):
    """The one file that the build system makes of ``folder``, without the network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(out)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return next(out.iterdir())


def contents(wheel):
    """Name -> bytes of what lies in a wheel; its RECORD repeats that."""
    with zipfile.ZipFile(wheel) as f:
        return {name: f.read(name) for name in f.namelist() if not name.endswith("RECORD")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def test_a_wheel_holds_the_package_and_its_data(wheel):
    modules = {p.relative_to(ROOT).as_posix() for p in (ROOT / "cscbook").rglob("*.py")}
    notices = {p.relative_to(ROOT).as_posix() for p in (ROOT / "data" / "licences").iterdir()}
    data = {"data/registry.json", *(f"data/{name}" for name in REGISTRY), *notices}
    found = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert found == modules | {f"cscbook/{name}" for name in data}


def test_a_wheel_works_far_from_the_checkout(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    paths = {"PYTHONPATH": str(tmp_path / "site"), "XDG_CACHE_HOME": str(elsewhere), "CSCBOOK_DATA": ""}
    command = [sys.executable, "-c", USE]
    done = subprocess.run(
        command, cwd=elsewhere, env=os.environ | paths, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    file, version, shape = done.stdout.splitlines()
    assert Path(file).is_relative_to(tmp_path), "what was imported is the wheel"
    assert version == wheel.name.split("-")[1]
    assert shape == "(512, 512, 1)"


def test_the_source_archive_gives_the_same_wheel(wheel, tmp_path):
    source = build(ROOT, "sdist", tmp_path / "source")
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build(tmp_path / source.name.removesuffix(".tar.gz"), "wheel", tmp_path / "again")
    assert contents(again) == contents(wheel)
