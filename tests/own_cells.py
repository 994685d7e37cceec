"""The cells in which readers put files of their own, each with the statements that it needs and no others."""

import ast
import json
import symtable
from dataclasses import dataclass
from pathlib import Path

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
READS = ("load_image(name)", "load_image(photograph)", "fine(name)", "load_waveform(name)")
LINES = ('name = "', "name = None", 'photograph = "', 'photograph, ')


@dataclass(frozen=True)
class OwnCell:
    """A cell whose first line names a file; ``before`` are the statements of the chapter that it needs."""

    chapter: Path
    before: str
    source: str

    def __str__(self):
        return f"{self.chapter.parent.name[0]}.{int(self.chapter.name[:2])}"

    @property
    def reads_sound(self):
        return "load_waveform" in self.source

    def with_file(self, file):
        """The source, the name in its first line replaced."""
        first, rest = self.source.split("\n", 1)
        target, value = ast.parse(first).body[0].targets[0], ast.parse(first).body[0].value
        values = [ast.unparse(v) for v in value.elts] if isinstance(value, ast.Tuple) else [""]
        values[0] = repr(str(file))
        return f"{ast.unparse(target)} = {', '.join(values)}\n{rest}"


def own_cells():
    """All of them, in the order of the book."""
    found = []
    for path in sorted(CHAPTERS.glob("[0-9]_*/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        for k, source in enumerate(code):
            if source.startswith(LINES) and any(call in source for call in READS):
                found.append(OwnCell(path, needed(code[:k], source), source))
    return found


def needed(cells, last):
    """The statements of ``cells`` that ``last`` needs: those that give a value to a name it reads, and what
    these need in their turn."""
    names, taken = set(), []
    for statement in reversed(ast.parse(last).body):
        names = (names - _gives(statement)) | _reads(statement)
    for statement in reversed([s for cell in cells for s in ast.parse(cell).body]):
        gives, changes = _gives(statement), _changes(statement)
        if (gives | changes) & names:
            names = (names - gives) | _reads(statement) | changes
            taken.append(ast.unparse(statement))
    return "\n".join(reversed(taken))


def _scopes(statement):
    """The scope of a statement and those inside it."""
    waiting = [symtable.symtable(ast.unparse(statement), "cell", "exec")]
    for table in waiting:
        waiting += table.get_children()
    return waiting


def _gives(statement):
    """Names of the chapter that get a value."""
    return {a.get_name() for a in _scopes(statement)[0].get_symbols() if a.is_assigned() or a.is_imported()}


def _reads(statement):
    """Names of the chapter that are read, functions and comprehensions within included."""
    outer, *inner = _scopes(statement)
    reads = {a.get_name() for a in outer.get_symbols() if a.is_referenced()}
    return reads | {a.get_name() for table in inner for a in table.get_symbols() if a.is_global()}


def _changes(statement):
    """Names whose value is changed in part, as in ``x[0] = 1`` and ``x += 1``."""
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    parts = [t for t in targets if isinstance(t, ast.Subscript | ast.Attribute)]
    if isinstance(statement, ast.AugAssign):
        parts.append(statement.target)
    return {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}
