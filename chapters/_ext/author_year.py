"""Citations and the list of references agree: "Papyan et al., 2017a" in both, with a letter where one is
needed."""

from collections import defaultdict
from string import ascii_lowercase

from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.unsrt import Style as Unsorted
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting.author_year_title import SortingStyle


def name(entry):
    """Who wrote it, as a citation says it: one name, two, or the first and "et al."."""
    persons = entry.persons.get("author") or entry.persons.get("editor") or []
    last = [str(Text(" ").join(p.rich_prelast_names + p.rich_last_names)) for p in persons]
    if not last:
        return entry.fields.get("title", "")
    return f"{last[0]} et al." if len(last) > 2 else " and ".join(last)


def add_letters(entries):
    """Years become 2017a, 2017b, ... where entries share their name and year, in the order of the list."""
    alike = defaultdict(list)
    for entry in sorted(entries, key=SortingStyle().sorting_key):
        alike[name(entry), entry.fields.get("year", "")].append(entry)
    for (_, year), group in alike.items():
        if year and len(group) > 1:
            for letter, entry in zip(ascii_lowercase, group, strict=False):
                entry.fields["year"] = year + letter


def mark_years(app):
    add_letters(app.env.get_domain("cite").bibdata.data.entries.values())


class AuthorYearLabels(BaseLabelStyle):
    def format_labels(self, entries):
        return (f"{name(entry)}, {entry.fields.get('year', 'n.d.')}" for entry in entries)


class AuthorYear(Unsorted):
    default_sorting_style = "author_year_title"
    default_label_style = AuthorYearLabels


def setup(app):
    register_plugin("pybtex.style.formatting", "author_year", AuthorYear)
    app.connect("builder-inited", mark_years, priority=900)  # after sphinxcontrib.bibtex has read the files
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
