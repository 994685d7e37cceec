"""Chapters are numbered by part: 3.2 is the second chapter of Part 3, as its file and the page of claims say.

Sphinx counts the chapters of all parts through. After it has done so, the first number of every heading is
replaced by the two numbers of its chapter.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.environment.collectors.toctree import TocTreeCollector


def chapters_by_part(tree):
    """Page name → (part, place) for the numbered lists of contents of a page."""
    parts = [toc for toc in tree.findall(addnodes.toctree) if toc.get("numbered")]
    return {
        page: (part, place)
        for part, toc in enumerate(parts, start=1)
        for place, (_, page) in enumerate(toc["entries"], start=1)
    }


def by_part(count_through):
    """Sphinx's numbering, followed by ours; it returns the pages whose numbers changed."""

    def assign_section_numbers(self, env):
        before = dict(env.toc_secnumbers)
        count_through(self, env)
        found = {}
        for page in env.numbered_toctrees:
            found |= chapters_by_part(env.get_doctree(page))
        for page, numbers in env.toc_secnumbers.items():
            if page in found:
                renumber(env, page, numbers, found[page])
        return [page for page, numbers in env.toc_secnumbers.items() if numbers != before.get(page)]

    return assign_section_numbers


def renumber(env, page, numbers, chapter):
    for anchor, number in numbers.items():
        numbers[anchor] = number and (*chapter, *number[1:])
    for node in [*env.tocs[page].findall(nodes.reference), env.titles[page]]:
        if node.get("secnumber"):
            node["secnumber"] = [*chapter, *node["secnumber"][1:]]


def install(app, config):
    # The table of contents in _toc.yml comes with a collector of its own, which has the last word.
    collector = (TocTreeCollector.__subclasses__() or [TocTreeCollector])[-1]
    collector.assign_section_numbers = by_part(collector.assign_section_numbers)


def setup(app):
    app.connect("config-inited", install, priority=999)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
