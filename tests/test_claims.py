"""The ledger of claims, the boxes of those that fail, and nbval's judgement of executed copies."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from cscbook import low_coherence_dictionary, to_numpy

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
sys.path.insert(0, str(CHAPTERS / "_ext"))

import claim_ledger  # noqa: E402
import claims as margins  # noqa: E402
import run_notebooks  # noqa: E402
from claims_page import claim_link, claims_something  # noqa: E402


def noted(source, **names):
    """The rows of the ledger after a cell."""
    found = claim_ledger.Claims()
    tree = claim_ledger.Rewrite(found).visit(ast.parse(source))
    exec(compile(tree, "cell", "exec"), {"__claims__": found, "np": np, **names})  # noqa: S102
    return [dict(entry, sites=list(entry["sites"].values())) for entry in found.found.values()]


@pytest.mark.parametrize(
    "test, margin",
    [
        ("a.min() > 0.5", 0.5),
        ("a.max() <= 3", 0.0),
        ("(a > 0.5).all()", 0.5),
        ("(a > 2.5).any()", 0.5),
        ("not (a > 4).any()", 1.0),
        ("not (a > 2).all()", 1.0),
        ("all(x < 5 for x in a)", 2.0),
        ("any(x > 2 for x in a)", 1.0),
        ("np.all(a < np.array([2, 4, 9]))", 1.0),
        ("not np.any(~(a < 4))", 1.0),
        ("((a > 0) | (a < 0)).all()", 1.0),
        ("abs(a - 2).max() < 1.5", 0.5),
        ("np.allclose(a, a + 1e-3, atol=2e-3, rtol=0)", 1e-3),
    ],
)
def test_the_margin_is_the_distance_to_failure(test, margin):
    (row,) = noted(f"assert {test}, 'words'", a=np.array([1.0, 2.0, 3.0]))
    assert row["held"] and row["message"] == "words"
    assert row["sites"][0][0] == pytest.approx(margin)


def test_a_chain_has_a_margin_a_link_and_an_equality_has_none():
    (row,) = noted("assert 1 < x < 2.5 and x == 2", x=2)
    assert [site[0] for site in row["sites"]] == [1, 0.5, None]


def test_the_least_of_many_evaluations_is_kept():
    (row,) = noted("for x in (3, 1, 2):\n    assert x > 0, f'{x} is positive'")
    assert row["sites"][0][:3] == (1.0, 1.0, 0.0)


def test_what_is_no_number_is_a_yes_or_no():
    rows = noted("assert isinstance(1, int)\nassert {1} <= {1, 2}\nassert 'a' < 'b'")
    assert [row["sites"] for row in rows] == [[], [], []]


def test_a_claim_that_fails_still_fails():
    with pytest.raises(AssertionError, match="too small"):
        noted("assert 1 > 2, 'too small'")


def test_other_draws_leave_definitions_alone(monkeypatch):
    monkeypatch.setattr(np.random, "default_rng", np.random.default_rng)  # so that it comes back
    filters = to_numpy(low_coherence_dictionary(2, 8, 1))
    first = np.random.default_rng(0).random()
    claim_ledger.draw_otherwise(1)
    assert np.random.default_rng(0).random() != first
    assert np.random.default_rng(0).random() == np.random.default_rng(0).random()
    np.testing.assert_array_equal(to_numpy(low_coherence_dictionary(2, 8, 1)), filters)


def site(sign, *sides):
    """A comparison as it came out on several machines."""
    return {f"machine {i}": [left, right, sign] for i, (left, right) in enumerate(sides)}


@pytest.mark.parametrize(
    "comparison, thin",
    [
        (site("<", (0.1, 1.0), (0.2, 1.0), (0.15, 1.0)), False),
        (site("<", (0.1, 1.0), (0.8, 1.0)), True),
        (site(">", (0.075, 0.0), (0.243, 0.0), (0.336, 0.0)), True),
        (site(">", (1e6, 0.5), (1e4, 0.5)), False),  # far away as a ratio
        (site("<", (1e-16, 1e-10), (1e-12, 1e-10)), False),  # far away as a difference
        (site("not <", (2.0, 1.0), (2.1, 1.0)), False),
        (site("not <", (0.9, 1.0), (2.1, 1.0)), True),
        (site("≤", (3, 3), (3, 3)), False),  # integers that no machine moves
        (site("=", (2, 2), (2, 2)), False),
        ({"host": [1, 2, "<"], "haswell": [2, 1, "fails"]}, True),
    ],
)
def test_thin_is_less_than_three_spreads(comparison, thin):
    assert margins.judged(comparison)[-1] == thin


def test_what_other_machines_found_before_is_kept_where_the_words_are_the_same():
    row = {"cell": "a", "number": 0, "text": "x < 1", "message": "small", "held": True}
    here = {"host": {"1.1": {"a/0/x < 1": row | {"sites": [[0, 0.5, 0.5, 1.0, "<"]]}}}}
    old = {"1.1": {"a/0/x < 1": {"sites": {"0": {"haswell": [0.4, 1.0, "<"]}}}, "gone": {"sites": {}}}}
    (entry,) = margins.merge(here, old)["1.1"].values()
    assert entry["sites"]["0"] == {"host": [0.5, 1.0, "<"], "haswell": [0.4, 1.0, "<"]}


def test_a_claim_that_became_a_theorem_s_forgets_its_old_margins():
    row = {"cell": "a", "number": 0, "text": "x <= 1", "message": "small", "held": True}
    here = {"host": {"1.1": {"a/0/x <= 1": row | {"sites": [[0, 0.0, 1.0, 1.0, "proved"]]}}}}
    old = {"1.1": {"a/0/x <= 1": {"sites": {"0": {"haswell": [1.0, 1.0, "≤"]}}}}}
    (entry,) = margins.merge(here, old)["1.1"].values()
    assert entry["sites"]["0"] == {"host": [1.0, 1.0, "proved"]}


def test_a_margin_in_the_tenth_digit_survives_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(margins, "LEDGER", tmp_path / "claims.json")
    claims = {"1.1": {"a/0/x <= y": {"message": "", "sites": {"0": {"host": [1.0, 1.0 + 1e-12, "≤"]}}}}}
    content = {"machines": ["host"], "seconds": {}, "claims": claims}
    margins.LEDGER.write_text(margins._one_claim_a_line(content), encoding="utf-8")
    assert margins.stored() == content


def notebook(folder, *cells):
    """A notebook of these cells, on the disk."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "1_part" / "01_page.ipynb"
    path.parent.mkdir()
    nbformat.write(made, path)
    return path


PLANTED = (
    "x = 1",
    "assert x > 2, 'planted'\nprint('after it')",
    "1 / 0",
    "print('the last cell ran')\nassert x < 1.5, 'holds'",
)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A notebook with a claim that fails and a cell that stops, and its executed copy."""
    path = notebook(tmp_path_factory.mktemp("book"), *PLANTED)
    return path, run_notebooks.execute(path, run_notebooks.environment(2))[0]


def test_a_failed_claim_is_a_box_and_its_cell_goes_on(planted):
    _, copy = planted
    (first, claim), (second, error) = run_notebooks.failures(copy)
    assert (first, second) == (1, 2)
    assert "planted" in claim["sentence"] and "1 > 2" in claim["sentence"]
    assert "ZeroDivisionError" in error["sentence"] and "1 / 0" in error["traceback"]
    assert "after it" in json.dumps(copy.cells[1].outputs)
    assert "the last cell ran" in json.dumps(copy.cells[3].outputs)
    assert 'class="admonition' in copy.cells[1].outputs[0].data["text/html"]


def test_the_ledger_comes_with_the_copy(planted):
    _, copy = planted
    rows = [(row["message"], row["held"], row["cell"]) for row in copy.metadata["claims"]]
    assert rows == [("planted", False, copy.cells[1].id), ("holds", True, copy.cells[3].id)]


def test_a_dead_kernel_leaves_a_page(tmp_path):
    path = notebook(tmp_path, "1 + 1", "import os\nos._exit(1)", "print('never')")
    copy, _ = run_notebooks.execute(path, run_notebooks.environment(2))
    ((cell, mark),) = run_notebooks.failures(copy)
    assert cell == 1 and "died" in mark["sentence"].lower()
    assert copy.cells[0].outputs and not copy.cells[2].outputs


@pytest.mark.parametrize(
    "content", ["", "no notebook", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "truncated"]
)
def test_a_damaged_notebook_is_named(tmp_path, content):
    path = notebook(tmp_path, "x = 1")
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[: len(whole) // 2] if content == "truncated" else content, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"01_page\.ipynb is no notebook, or damaged") as refused:
        run_notebooks.run([path], tmp_path / "cache")
    assert "\n" not in str(refused.value)


def test_cells_that_wait_for_the_reader_do_not_run(tmp_path):
    path = notebook(tmp_path, "x = 1", "def my_omp(D, y, k):", "assert x < 2, 'counted'")
    cells = nbformat.read(path, as_version=4)
    cells.cells[1].metadata["tags"] = ["skip-execution", "nbval-skip"]
    nbformat.write(cells, path)
    copy, _ = run_notebooks.execute(path, run_notebooks.environment(2))
    assert run_notebooks.failures(copy) == []
    assert [row["cell"] for row in copy.metadata["claims"]] == [copy.cells[2].id]


def test_nbval_fails_the_cells_that_failed(planted):
    """nbval, reading the executed copy, fails exactly where it fails when it executes itself."""
    path, copy = planted
    folder = run_notebooks.cache_folder()
    run_notebooks.keep(path, copy, 1.0, folder)
    command = [sys.executable, "-m", "pytest", path, "--nbval-lax", "--nbval-current-env", "-q", "-rA"]
    command += ["-p", "no:cacheprovider", "-p", "conftest", "--rootdir", path.parent]
    env = os.environ | {"PYTHONPATH": str(CHAPTERS)}
    for option in ([], ["--executed"]):
        done = subprocess.run(command + option, env=env, capture_output=True, text=True, timeout=120)
        lines = [line for line in done.stdout.splitlines() if line.startswith(("PASSED", "FAILED"))]
        words = [line.split(" - ")[0].split("::") for line in lines]
        found = {where[-1]: where[0].split()[0] for where in words}
        expected = {"Cell 0": "PASSED", "Cell 1": "FAILED", "Cell 2": "FAILED", "Cell 3": "PASSED"}
        assert found == expected, done.stdout


def test_nbval_refuses_a_copy_of_other_code(tmp_path):
    path = notebook(tmp_path, "'never executed'")
    command = [sys.executable, "-m", "pytest", path, "--nbval-lax", "--nbval-current-env", "-q", "--executed"]
    command += ["-p", "no:cacheprovider", "-p", "conftest", "--rootdir", path.parent]
    env = os.environ | {"PYTHONPATH": str(CHAPTERS)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "no executed copy" in done.stdout


def test_pages_lead_to_cells_that_claim_something():
    notebooks = {run_notebooks.name_of(path): path for path in run_notebooks.notebooks()}
    links = re.findall(r"\{claim\}`([^`]+)`", (CHAPTERS / "talk_map.md").read_text(encoding="utf-8"))
    assert len(links) > 60
    for link in links:
        words, name, cell = claim_link(link)
        assert words and claims_something(notebooks[name], cell), link
    assert not claims_something(notebooks["1.1"], "no such id")
