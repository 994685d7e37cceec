"""Every exercise of kind *write it yourself* has an empty cell with its check and a printed solution that
passes, and the tests beside this one try a solution and three wrong ones."""

import ast
import importlib.util
import json
import re
from pathlib import Path

import pytest

from cscbook.exercises import check, judges

HERE = Path(__file__).parent
CHAPTERS = HERE.parents[1] / "chapters"
NOTEBOOKS = sorted(CHAPTERS.glob("[0-9]_*/*.ipynb"))
EXERCISE = re.compile(r"`{3,}\{exercise(?:-start)?\} ★+ Write it yourself")
CHECKED = re.compile(r"\bcheck\((my_\w+)\)")


def cells(path):
    """Kind, source and tags of every cell of a notebook."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        yield cell["cell_type"], "".join(cell["source"]), set(cell["metadata"].get("tags", []))


def printed_programs(path):
    """The solutions that a chapter prints, as text by the name of the function they end in."""
    text = "\n".join(source for kind, source, _ in cells(path) if kind == "markdown")
    programs = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return {name: program for program in programs for name in re.findall(r"^def (my_\w+)", program, re.M)}


def imports(path):
    """The imports of a chapter, as a program: what its solutions may use."""
    code = [ast.parse(source) for kind, source, _ in cells(path) if kind == "code"]
    kept = [line for cell in code for line in cell.body if isinstance(line, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(line) for line in kept)


def faults(notebook):
    """The exercises of a list of cells whose next code cell is not an empty one with a check."""
    waiting = None
    for kind, source, tags in notebook:
        if kind == "code" and waiting:
            names = CHECKED.findall(source)
            if not names or not {name.removeprefix("my_") for name in names} <= set(judges()):
                yield f"{waiting}: no check in the cell after it"
            if not {"skip-execution", "nbval-skip"} <= tags:
                yield f"{waiting}: the build or nbval would run its cell"
            waiting = None
        for line in source.splitlines() if kind == "markdown" else ():
            if EXERCISE.match(line):
                if waiting:
                    yield f"{waiting}: no cell after it"
                waiting = line.strip("`")
    if waiting:
        yield f"{waiting}: no cell after it"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_to_be_written_has_its_cell_and_a_solution_that_passes(path):
    assert list(faults(cells(path))) == []
    asked = {name for kind, source, _ in cells(path) if kind == "code" for name in CHECKED.findall(source)}
    printed = printed_programs(path)
    assert asked == set(printed)
    found = {}
    exec(imports(path), found)  # noqa: S102
    for name, program in printed.items():
        exec(program, found)  # noqa: S102
        assert check(found[name]), check(found[name])


def test_a_missing_cell_and_a_cell_that_would_run_are_found():
    asked = ("markdown", "```{exercise} ★★ Write it yourself: OMP\n```", set())
    skipped = {"skip-execution", "nbval-skip"}
    written = ("code", "def my_omp(D, y, k):\n    ...\n\ncheck(my_omp)", skipped)
    assert list(faults([asked, written])) == []
    assert len(list(faults([asked]))) == 1 and len(list(faults([asked, asked, written]))) == 1
    assert len(list(faults([asked, ("code", written[1], {"nbval-skip"})]))) == 1
    assert len(list(faults([asked, ("code", "check(my_unknown)", skipped)]))) == 1


def test_each_judge_passes_a_solution_and_fails_three_wrong_ones():
    solved, wrong = set(), []
    for path in sorted(HERE.glob("test_*.py")):
        if path != Path(__file__):
            spec = importlib.util.spec_from_file_location(path.stem, path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            solved |= {name.removeprefix("my_") for name in vars(module) if name.startswith("my_")}
            wrong += getattr(module, "WRONG", [])
    assert set(judges()) <= solved
    for name in judges():
        assert len({function for judged, function, _ in wrong if judged == name}) >= 3, name
