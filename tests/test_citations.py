"""Citations by author and year: the text and the list of references must say the same, and mean one paper."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
database = pytest.importorskip("pybtex.database")


@pytest.fixture
def author_year(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "chapters" / "_ext"), *sys.path])
    return __import__("author_year")


def test_each_label_means_one_paper(author_year):
    entries = database.parse_file(ROOT / "chapters" / "references.bib").entries.values()
    author_year.add_letters(entries)
    labels = list(author_year.AuthorYearLabels().format_labels(entries))
    assert len(set(labels)) == len(labels) and "Elad, 2017" in labels
    author_year.add_letters(entries)
    assert list(author_year.AuthorYearLabels().format_labels(entries)) == labels, (
        "a second build changes nothing"
    )


def test_papers_of_one_name_and_year_get_letters_in_the_order_of_the_list(author_year):
    papers = "\n".join(
        f"@misc{{{key}, author = {{{who}}}, title = {{{title}}}, year = {{2001}}}}"
        for key, who, title in [
            ("one", "A, X and C, Y and D, Z", "t"),
            ("two", "A, X and B, Y and D, Z", "t"),
            ("three", "A, X and B, Y", "t"),
        ]
    )
    entries = database.parse_string(papers, "bibtex").entries
    author_year.add_letters(entries.values())
    assert [entries[key].fields["year"] for key in ("one", "two", "three")] == ["2001b", "2001a", "2001"]
    assert author_year.name(entries["one"]) == "A et al." and author_year.name(entries["three"]) == "A and B"


def cited_keys(folder):
    """The keys of every citation in the pages and notebooks of a folder."""
    keys = set()
    for path in [*folder.rglob("*.md"), *folder.rglob("*.ipynb")]:
        for found in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", path.read_text(encoding="utf-8")):
            keys |= {key.strip() for key in found.split(",")}
    return keys


def test_the_list_of_references_is_what_the_pages_cite():
    listed = set(database.parse_file(ROOT / "chapters" / "references.bib").entries)
    assert listed == cited_keys(ROOT / "chapters")


def test_citations_of_several_papers_are_counted_one_by_one(tmp_path):
    (tmp_path / "page.md").write_text("as {cite:t}`one` and {cite:p}`two, three`, {cite}`one`; `four`")
    assert cited_keys(tmp_path) == {"one", "two", "three"}
