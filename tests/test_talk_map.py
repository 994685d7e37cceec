"""The page *From the talk to the chapters*: every slide has a row, and what the row points at exists."""

import json
import re
from pathlib import Path

import pytest

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
PAGE = (CHAPTERS / "talk_map.md").read_text(encoding="utf-8")
NOTEBOOKS = {f"{path.parent.name[0]}.{int(path.name[:2])}": path for path in CHAPTERS.glob("[0-9]_*/*.ipynb")}
LINK = r"\[(?P<shown>[^\]]*)\]\((?P<page>[^)]+)\)"
HEADING = r"(?<!\*)\*(?P<heading>[^*]+)\*(?!\*)"
LABEL = r"\{(?:prf:ref|numref|ref|eq)\}`(?P<label>[^`]+)`"
WITHOUT_SECTION = {3, 13, 42, 60, 75, 77}  # titles of the parts, lost texts, questions


def rows(page):
    """Of every row of the table: the slides it is about, and its four other columns."""
    for line in page.splitlines():
        found = re.fullmatch(r"\|\s*(\d+)(?: – (\d+))?\s*\|.*", line)
        if found:
            columns = [column.strip() for column in re.split(r"(?<!\\)\|", line)[1:-1]]
            yield range(int(found[1]), int(found[2] or found[1]) + 1), columns[1:]


def read(name):
    """Text, names of things and ids of the cells that claim something, of a page that the map names."""
    path = CHAPTERS / name
    if not path.is_file():
        return None
    if path.suffix == ".md":
        return {"text": path.read_text(encoding="utf-8"), "names": set(), "cells": set()}
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    figures = [cell["metadata"].get("mystnb", {}).get("figure", {}).get("name") for cell in cells]
    names = {*re.findall(r":label: (\S+)", text), *re.findall(r"^\(([\w-]+)\)=$", text, re.M), *figures}
    code = {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"}
    return {
        "text": text,
        "names": names,
        "cells": {key for key, source in code.items() if "assert" in source},
    }


def missing(page):
    """All that the map promises and the book has not, in words."""
    listed = list(rows(page))
    counted = [slide for slides, _ in listed for slide in slides]
    if counted != list(range(1, 78)):
        yield f"slides are counted {counted}"
    for slides, columns in listed:
        if len(columns) != 4:
            yield f"slide {slides[0]} has {len(columns) + 1} columns"
            continue
        _, where, cells, remark = columns
        if not re.search(LINK, where + remark) and not WITHOUT_SECTION.issuperset(slides):
            yield f"slide {slides[0]} has no section"
        yield from (f"slide {slides[0]}: {fault}" for fault in missing_sections(where))
        for number, cell in re.findall(r"<([\d.]+)/(\w+)>", cells):
            path = NOTEBOOKS.get(number)
            if path is None or cell not in read(path.relative_to(CHAPTERS).as_posix())["cells"]:
                yield f"slide {slides[0]}: no cell {cell} in {number}"
        if "{claim}" in cells and not re.search(r"<[\d.]+/\w+>", cells):
            yield f"slide {slides[0]}: a claim without its cell"


def missing_sections(where):
    """The pages, headings, labels and figures of a column *in the book* that are not there."""
    page = None
    for found in re.finditer(f"{LINK}|{HEADING}|{LABEL}", where):
        if found["page"]:
            page = read(found["page"])
            if page is None:
                yield f"no page {found['page']}"
            elif found["shown"] in NOTEBOOKS and NOTEBOOKS[found["shown"]] != CHAPTERS / found["page"]:
                yield f"{found['page']} is not chapter {found['shown']}"
        elif page and found["heading"] and not has_heading(page["text"], found["heading"]):
            yield f"no section {found['heading']}"
        elif page and found["label"] and found["label"] not in page["names"]:
            yield f"no {found['label']} on the page named before it"


def has_heading(text, heading):
    """Is there a section of this title, or one whose title begins so?"""
    return re.search(rf"^#+ {re.escape(heading)}", text, re.M) is not None


def test_every_slide_has_its_section_and_its_cells():
    assert list(missing(PAGE)) == []


@pytest.mark.parametrize(
    ("there", "planted", "said"),
    [
        ("| 24 | ", "| 25 | ", "slides are counted"),
        ("[1.1](1_sparseland/01_patch_models.ipynb) *Our", "*Our", "slide 4 has no section"),
        ("01_patch_models.ipynb) *Our starting point*", "09_none.ipynb)", "slide 4: no page"),
        ("*Our starting point*", "*Our end point*", "slide 4: no section Our end point"),
        ("{prf:ref}`def-csc`", "{prf:ref}`def-cscs`", "slide 14: no def-cscs"),
        ("{numref}`fig-convolutional-sum`", "{numref}`fig-sum`", "slide 15: no fig-sum"),
        ("<1.1/49ca8f4c>", "<1.1/49ca8f4d>", "slide 4: no cell 49ca8f4d in 1.1"),
        ("<1.1/49ca8f4c>", "<1.1/1fb17e06>", "slide 4: no cell 1fb17e06 in 1.1"),  # it claims nothing
        ("<1.1/49ca8f4c>", "<9.9/49ca8f4c>", "slide 4: no cell 49ca8f4c in 9.9"),
        ("[1.1](1_sparseland/01_", "[1.2](1_sparseland/01_", "is not chapter 1.2"),
    ],
)
def test_a_planted_missing_section_or_cell_is_found(there, planted, said):
    assert there in PAGE
    assert any(said in fault for fault in missing(PAGE.replace(there, planted, 1)))
