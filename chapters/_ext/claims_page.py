"""The page *What this book claims*, an anchor on every cell that it can lead to, and a role that leads there.

The numbers on the page are those of the build that it belongs to; margins and spreads over other machines
come from ``chapters/claims.json``, which ``make claims`` writes.
"""

from pathlib import Path

import numpy as np
from claims import in_words, judged, key_of, stored
from docutils import nodes
from run_notebooks import ROOT, cache_folder, executed_copy, failed, name_of, notebooks, read, title_of
from sphinx.util.docutils import SphinxDirective, SphinxRole

HEAD = ("claim", "found in this build", "smallest margin", "spread")


def page_of(path):
    return path.relative_to(ROOT).with_suffix("").as_posix()


def anchor(cell):
    return f"cell-{cell}"


class ClaimsTable(SphinxDirective):
    """One table a notebook: every claim, its numbers here, its margin and spread on the machines measured."""

    def run(self):
        self.env.note_reread()  # what the notebooks found is not among Sphinx's dependencies
        here, known = self.env.docname, stored()["claims"]
        found = []
        for path in notebooks():
            copy = executed_copy(path, cache_folder())
            if copy is None:
                continue
            section = nodes.section(ids=[f"claims-{name_of(path).replace('.', '-')}"])
            section += nodes.title("", f"{name_of(path)} {title_of(read(path))}")
            target = self.env.app.builder.get_relative_uri(here, page_of(path))
            section += self.table(copy, known.get(name_of(path), {}), target)
            found.append(section)
        return found

    def table(self, copy, known, target):
        group = nodes.tgroup(cols=len(HEAD))
        for width in (46, 24, 15, 15):
            group += nodes.colspec(colwidth=width)
        group += nodes.thead("", _row(*(nodes.paragraph("", word) for word in HEAD)))
        body = nodes.tbody()
        for row in copy.metadata["claims"]:
            body += self.row(row, known.get(key_of(row)), f"{target}#{anchor(row['cell'])}")
        group += body
        return nodes.table("", group, classes=["claims", "colwidths-given"])

    def row(self, row, entry, target):
        words = row["message"] or row["text"]
        said = nodes.paragraph("", "", nodes.reference("", words, refuri=target, internal=True))
        cell = [said, nodes.paragraph("", "", nodes.literal("", row["text"]))] if row["message"] else [said]
        here = "; ".join(in_words(*site[2:]) for site in row["sites"])
        found = (here or "holds") if row["held"] else f"DOES NOT HOLD: {here}"
        margin, spread = _measured(entry)
        texts = (nodes.paragraph("", text) for text in (found, margin, spread))
        return _row(nodes.entry("", *cell), *texts)


class ClaimLink(SphinxRole):
    """``{claim}`words <2.4/110e2649>`` leads to the cell with that id, which has to claim something."""

    def run(self):
        words, name, cell = claim_link(self.text)
        path = next((path for path in notebooks() if name_of(path) == name), None)
        if path is None or not claims_something(path, cell):
            fault = f"no cell of chapter {name} with the id {cell} claims anything"
            return [], [self.inliner.reporter.error(fault)]
        target = self.env.app.builder.get_relative_uri(self.env.docname, page_of(path))
        return [nodes.reference("", words, refuri=f"{target}#{anchor(cell)}", internal=True)], []


def claim_link(text):
    """Words, chapter and cell of ``words <2.4/110e2649>``."""
    words, target = text.rstrip(">").rsplit(" <", 1)
    return words, *target.split("/")


def claims_something(path, cell):
    return any(found.id == cell and "assert" in found.source for found in read(path).cells)


def _measured(entry):
    """Smallest margin and spread of the thinnest comparison of a claim, as words."""
    if entry is None:
        return "not measured", ""
    sites = entry["sites"].values()
    numbers = [found[:3] for found in map(judged, sites) if found[0] is not None]
    if not numbers:
        proved = any(sides[2] == "proved" for site in sites for sides in site.values())
        return "proved" if proved else "exact", f"on {max(map(len, sites))} machines"
    smallest, spread, log = min(numbers, key=lambda one: one[0] / (one[1] or 1e-300))
    if log:
        return f"a factor of {np.exp(smallest):.3g}", f"a factor of {np.exp(spread):.3g}"
    return f"{smallest:.3g}", f"{spread:.3g}"


def _row(*cells):
    return nodes.row("", *(c if isinstance(c, nodes.entry) else nodes.entry("", c) for c in cells))


def mark_cells(app, doctree):
    """Every cell of a notebook can be led to by its id."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    cells = read(path).cells
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            node["ids"].append(anchor(cells[node["cell_index"]].id))


def tell(app, exception):
    """The end of the build names what failed; the book is there all the same."""
    lines = [] if exception else failed(notebooks(), cache_folder())
    if lines:
        print("\n".join(lines))
        app.statuscode = 1


def setup(app):
    app.add_directive("claims-table", ClaimsTable)
    app.add_role("claim", ClaimLink())
    app.connect("doctree-read", mark_cells)
    app.connect("build-finished", tell, priority=999)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
