"""A ledger of claims: while a notebook runs, every ``assert`` notes what it compared and by how much it held.

An IPython extension, loaded in the kernels that make the book and in those of ``make claims``. Each
``assert`` becomes ``with claim(...): assert ...``, and its comparisons note both sides. Environment:

CSCBOOK_LEDGER
    The file that gets one line of JSON a claim and cell.
CSCBOOK_GO_ON=1
    A claim that fails becomes a box on its page, and its cell goes on.
CSCBOOK_SEED=k
    Generators with a fixed seed s start from the pair (s, k) instead: other draws.

This module stands alone: it runs in any working folder, and imports nothing of the book.
"""

import ast
import html
import json
import operator
import os
import sys

import numpy as np

ORDERS = {"Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt, "GtE": operator.ge, "Eq": operator.eq}
SIGNS = {"Lt": "<", "LtE": "≤", "Gt": ">", "GtE": "≥", "Eq": "="}
OTHER = {"all": "any", "any": "all"}
DEFINITIONS = {"cscbook.dictionaries.low_coherence"}  # here the generator is part of what is defined
BOX = "application/vnd.cscbook.claim+json"  # marks an output as the box of a claim that failed


class Rewrite(ast.NodeTransformer):
    """``assert test, message`` becomes ``with __claims__.claim(...): assert test, message``."""

    def __init__(self, claims):
        self.claims = claims

    def visit_Module(self, tree):
        self.number = 0
        return self.generic_visit(tree)

    def visit_Assert(self, node):
        text, self.site = ast.unparse(node.test), 0
        message = ast.Constant("") if node.msg is None else node.msg
        later = ast.Lambda(ast.arguments([], [], None, [], [], None, []), message)
        words = [ast.Constant(word) for word in (self.claims.cell, self.number, text)]
        self.number += 1
        same = ast.copy_location(ast.Assert(self.logic(node.test, "all"), node.msg), node)
        block = ast.With([ast.withitem(_call("claim", *words, later))], [same])
        return ast.fix_missing_locations(ast.copy_location(block, node))

    def logic(self, node, many, denied=False):
        """``node`` with its comparisons noted, where it is made of them by not, and, or, all and any.

        ``many`` says whether all entries of a comparison have to hold, or any; ``denied`` that they must not.
        """
        if isinstance(node, ast.Compare):
            return self.comparison(node, many, denied)
        if isinstance(node, ast.BoolOp):
            node.values = [self.logic(part, many, denied) for part in node.values]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node.operand = self.logic(node.operand, OTHER[many], not denied)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
            node.operand = self.logic(node.operand, many, not denied)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
            node.left, node.right = self.logic(node.left, many, denied), self.logic(node.right, many, denied)
        elif isinstance(node, ast.GeneratorExp | ast.ListComp):
            node.elt = self.logic(node.elt, many, denied)
        elif isinstance(node, ast.Call):
            return self.call(node, many, denied)
        return node

    def call(self, node, many, denied):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in OTHER:
            many = OTHER[name] if denied else name  # "not any of them" is "all of them not"
            if node.args:
                node.args[0] = self.logic(node.args[0], many, denied)
            else:
                node.func.value = self.logic(node.func.value, many, denied)
        elif name in ("bool", "int") and node.args:
            node.args[0] = self.logic(node.args[0], many, denied)
        elif name == "allclose" and len(node.args) == 2:
            return ast.Call(_call("close").func, [self.next_site(), *node.args], node.keywords)
        return node

    def comparison(self, node, many, denied):
        orders = [type(op).__name__ for op in node.ops]
        if not set(orders) <= set(ORDERS):
            return node
        words = ast.Constant(many), ast.Constant(denied), ast.Constant(" ".join(orders))
        return _call("compare", self.next_site(len(orders)), *words, node.left, *node.comparators)

    def next_site(self, count=1):
        self.site += count
        return ast.Constant(self.site - count)


def _call(name, *arguments):
    return ast.Call(ast.Attribute(ast.Name("__claims__", ast.Load()), name, ast.Load()), list(arguments), [])


class Claims:
    """What the rewritten cells call."""

    def __init__(self, file=None, go_on=False):
        self.file, self.go_on = file, go_on
        self.found, self.open, self.shown, self.cell = {}, [], set(), 0

    def start(self, info):
        """Another cell begins; they are counted from 1."""
        self.cell += bool(info.store_history)

    def claim(self, cell, number, text, message):
        return Claim(self, cell, number, text, message)

    def compare(self, site, many, denied, orders, *values):
        held, orders = True, orders.split()
        for i, order in enumerate(orders):
            held = ORDERS[order](values[i], values[i + 1])
            self.note(site + i, order, values[i], values[i + 1], many, denied)
            if i + 1 < len(orders) and not held:
                break
        return held

    def close(self, site, a, b, rtol=1e-5, atol=1e-8, **more):
        a, b = _plain(a), _plain(b)
        self.note(site, "LtE", abs(a - b), atol + rtol * abs(b), "all", False)
        return np.allclose(a, b, rtol=rtol, atol=atol, **more)

    def note(self, site, order, left, right, many, denied):
        """Keep the entry of a comparison that decides: its margin, both sides, and the order."""
        sides = _decisive(order, _plain(left), _plain(right), many, denied)
        if sides and self.open:
            self.open[-1].sites.setdefault((site, many), []).append(
                (*sides, ("not " if denied else "") + SIGNS[order])
            )

    def keep(self, claim, held):
        """Add one evaluation of a claim; the one with the least margin is kept."""
        entry = self.found.setdefault(
            (claim.cell, claim.number), {"text": claim.text, "message": "", "held": True, "sites": {}}
        )
        entry["held"] &= held
        if not held or not entry["message"]:
            entry["message"] = claim.words()
        for (site, many), seen in claim.sites.items():
            chosen = (min if many == "all" else max)(seen, key=_margin)
            before = entry["sites"].get(site)
            if before is None or _margin(chosen) < _margin(before):
                entry["sites"][site] = chosen

    def flush(self, *_):
        if self.found and self.file:
            with open(self.file, "a", encoding="utf-8") as out:
                for (cell, number), entry in self.found.items():
                    sites = [[site, *values] for site, values in sorted(entry["sites"].items())]
                    row = {"cell": cell, "number": number, **entry, "sites": sites}
                    out.write(json.dumps(row) + "\n")
        self.found = {}


class Claim:
    """One evaluation of one assert."""

    def __init__(self, claims, cell, number, text, message):
        self.claims, self.cell, self.number, self.text, self.message = claims, cell, number, text, message
        self.sites = {}

    def words(self):
        try:
            return str(self.message())
        except Exception:  # the message of a claim that holds need not be computable
            return ""

    def __enter__(self):
        self.claims.open.append(self)

    def __exit__(self, kind, error, traceback):
        self.claims.open.pop()
        if kind is None or issubclass(kind, AssertionError):
            self.claims.keep(self, kind is None)
        if kind is not None and issubclass(kind, AssertionError) and self.claims.go_on:
            if (self.cell, self.number) not in self.claims.shown:
                show_box(self)
            self.claims.shown.add((self.cell, self.number))
            return True


def _margin(values):
    return np.inf if values[0] is None else values[0]


def _plain(x):
    """``x`` as a NumPy array of numbers, or None."""
    try:
        x = np.asarray(x.get() if hasattr(x, "get") and hasattr(x, "dtype") else x)
    except Exception:  # what cannot be an array is no number
        return None
    return x if x.dtype.kind in "biuf" and x.size else None


def _decisive(order, left, right, many, denied):
    """``(margin, left, right)`` of the entry that decides; the margin of an equality is None."""
    if left is None or right is None or order == "Eq" and left.size + right.size > 2:
        return None
    try:
        left, right = np.broadcast_arrays(left, right)
    except ValueError:
        return None
    gap = np.asarray(right, float) - np.asarray(left, float)
    gap = np.where(np.isnan(gap), -np.inf, gap) if np.isnan(gap).any() else gap
    gap = gap if order.startswith("L") else -abs(gap) if order == "Eq" else -gap
    gap = -gap if denied else gap
    at = np.unravel_index((np.argmin if many == "all" else np.argmax)(gap), gap.shape)
    margin = None if order == "Eq" else float(gap[at])
    return margin, float(left[at]), float(right[at])


def sentence(claim):
    """What a claim says and what was found, as plain text."""
    found = [seen for _, seen in sorted(claim.sites.items())]
    worst = [min(seen, key=_margin) for seen in found]
    sides = "; ".join(f"{left:.6g} {sign} {right:.6g}" for _, left, right, sign in worst)
    words = claim.words()
    said = f"“{words}” ({claim.text})" if words else claim.text
    return f"{said}. It asks for {sides} here." if sides else f"{said}."


def show_box(claim):
    """The place of a claim that failed, on its page."""
    from IPython.display import display

    text = sentence(claim)
    why = (
        "The arithmetic of this machine (its processor, BLAS or number of threads) differs from that of the "
        "machines on which the claim was measured, or something that it rests on has changed."
    )
    page = (
        '<div class="admonition warning claim-failed"><p class="admonition-title">A claim that does not hold '
        f"on this machine</p><p>{html.escape(text)}</p><p>{why}</p></div>"
    )
    mark = {"text": claim.text, "message": claim.words(), "sentence": text}
    display({"text/html": page, "text/plain": f"CLAIM FAILED: {text}", BOX: mark}, raw=True)


def load_ipython_extension(shell):
    claims = Claims(os.environ.get("CSCBOOK_LEDGER"), os.environ.get("CSCBOOK_GO_ON") == "1")
    shell.push({"__claims__": claims}, interactive=False)
    shell.ast_transformers.append(Rewrite(claims))
    shell.events.register("pre_run_cell", claims.start)
    shell.events.register("post_run_cell", claims.flush)
    if seed := int(os.environ.get("CSCBOOK_SEED", "0")):
        draw_otherwise(seed)


def draw_otherwise(seed):
    """From now on a generator of a fixed seed s starts from (s, seed), unless its draws are a definition."""
    draw = np.random.default_rng

    def default_rng(s=None):
        fixed = sys._getframe(1).f_globals.get("__name__") in DEFINITIONS
        return draw(s if fixed or not isinstance(s, int) else [s, seed])

    np.random.default_rng = default_rng
