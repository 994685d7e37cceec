"""Claims with margins: by how much does every claim of the book hold, and how much does a machine move it?

    python chapters/_ext/claims.py                        every machine below, writes chapters/claims.json
    python chapters/_ext/claims.py --check host haswell   these machines, beside what is written there

A machine here is what one machine can play by environment variables: kernels of OpenBLAS, what numba
compiles for, NumPy's own vector code, threads; and, for claims about random draws, other draws. A claim is
*thin* where its smallest margin is less than three times the spread of its margin, its standard deviation
over the machines.
"""

import argparse
import json
import os
import sys

import numpy as np
from run_notebooks import LEDGER, cache_folder, executed_copy, failures, name_of, notebooks, run, seconds_of

TIMES = 3  # a margin of so many spreads is asked for
ONE_DRAW = "one-draw"  # tag of a cell whose claims are about the one draw that it shows


def _dispatched():
    """NumPy's vector code beyond what it was built for, by the names that switch it off."""
    from numpy._core import _multiarray_umath as core

    return " ".join(core.__cpu_dispatch__)


def machines():
    """The machines that are played, as environment variables, by name."""
    one = {"OPENBLAS_NUM_THREADS": "1"}
    return {
        "host": one,
        "haswell": one | {"OPENBLAS_CORETYPE": "Haswell"},
        "skylakex": one | {"OPENBLAS_CORETYPE": "SkylakeX"},
        "sandybridge": one | {"OPENBLAS_CORETYPE": "Sandybridge"},
        "numba-generic": one | {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
        "numpy-baseline": one | {"NPY_DISABLE_CPU_FEATURES": _dispatched()},
        "two-threads": {"OPENBLAS_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"},
        "draws-1": one | {"CSCBOOK_SEED": "1"},
        "draws-2": one | {"CSCBOOK_SEED": "2"},
    }


def key_of(row):
    """A claim by its cell, its place in it, and its words: another wording is another claim."""
    return f"{row['cell']}/{row['number']}/{row['text']}"


def measure(machine, paths, say=print):
    """Run the notebooks as ``machine``; returns ``{notebook: {claim: row}}`` and the seconds of each."""
    env = machines()[machine]
    folder = cache_folder(env=os.environ | env)
    run(paths, folder, env, say=say)
    rows, seconds = {}, {}
    for path in paths:
        copy = executed_copy(path, folder)
        drawn = machine.startswith("draws")
        shown = {c.id for c in copy.cells if drawn and ONE_DRAW in c.metadata.get("tags", [])}
        claims = [row for row in copy.metadata["claims"] if row["cell"] not in shown]
        rows[name_of(path)] = {key_of(row): row for row in claims}
        seconds[name_of(path)] = round(seconds_of(path, folder), 1)
        for cell, mark in failures(copy):
            if "traceback" in mark:
                say(f"{machine}: {name_of(path)}, code cell {cell} stopped: {mark['sentence']}")
    return rows, seconds


def merge(found, before=None):
    """``{notebook: {claim: {message, sites: [[sign, {machine: margin}], ...]}}}`` of all machines.

    ``found`` has the rows of each machine; a margin is None where nothing but yes or no is known, and below
    zero for a claim that does not hold.
    """
    claims = {}
    for machine, books in found.items():
        for name, rows in books.items():
            for key, row in rows.items():
                entry = claims.setdefault(name, {}).setdefault(key, {"message": row["message"], "sites": {}})
                for site, margin, *_, sign in row["sites"] or [[0, None, "holds"]]:
                    margins = entry["sites"].setdefault(str(site), {"sign": sign, "margins": {}})["margins"]
                    margins[machine] = margin if row["held"] else min(margin or 0, -1e-12)
    for name, entries in (before or {}).items():
        for key, entry in entries.items():
            for site, old in entry["sites"].items():
                new = claims.get(name, {}).get(key, {}).get("sites", {}).get(site)
                if new:
                    new["margins"] = old["margins"] | new["margins"]
    return claims


def judged(margins):
    """``(smallest margin, spread, thin)`` of one comparison over its machines."""
    known = [m for m in margins.values() if m is not None]
    if not known:
        return None, 0.0, False
    smallest, spread = min(known), float(np.std(known))
    return smallest, spread, smallest < 0 or smallest < TIMES * spread


def thin_claims(claims):
    """Every thin comparison, the thinnest first: ``(margin in spreads, notebook, claim, margin, spread)``."""
    found = []
    for name, entries in claims.items():
        for key, entry in entries.items():
            for site in entry["sites"].values():
                smallest, spread, thin = judged(site["margins"])
                if thin:
                    ratio = smallest / spread if spread else -np.inf
                    found.append((ratio, name, key, entry["message"], site["margins"]))
    return sorted(found, key=lambda row: row[:3])


def stored():
    """What ``chapters/claims.json`` holds."""
    if not LEDGER.exists():
        return {"machines": [], "seconds": {}, "claims": {}}
    return json.loads(LEDGER.read_text(encoding="utf-8"))


def _rounded(claims):
    for entries in claims.values():
        for entry in entries.values():
            for site in entry["sites"].values():
                site["margins"] = {
                    machine: m if m is None else float(f"{m:.6g}") for machine, m in site["margins"].items()
                }
    return claims


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("machines", nargs="*", help=f"some of {', '.join(machines())}; default: all")
    parser.add_argument("--check", action="store_true", help="compare with claims.json, do not write it")
    parser.add_argument("--only", nargs="*", help="notebooks such as 3.4; default: all")
    chosen = parser.parse_args()
    paths = [p for p in notebooks() if not chosen.only or name_of(p) in chosen.only]
    found, seconds = {}, {}
    for machine in chosen.machines or machines():
        print(f"== {machine}", flush=True)
        found[machine], taken = measure(machine, paths, say=lambda line: print(line, flush=True))
        seconds = seconds or taken
    before = stored()
    claims = merge(found, before["claims"] if chosen.check or chosen.machines or chosen.only else None)
    if not chosen.check:
        kept = before["claims"] | claims if chosen.only else claims
        played = [m for m in machines() if m in found or m in before["machines"]]
        content = {
            "machines": played,
            "seconds": before["seconds"] | seconds,
            "claims": _rounded(kept),
        }
        LEDGER.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    thin = thin_claims(claims)
    for ratio, name, key, message, margins in thin:
        held = {machine: m if m is None else float(f"{m:.4g}") for machine, m in margins.items()}
        print(f"{name} {key}\n    {message}\n    {ratio:.1f} spreads: {held}")
    count = sum(len(entry["sites"]) for entries in claims.values() for entry in entries.values())
    print(f"{count} comparisons, {len(thin)} of them thin")
    return 1 if thin else 0


if __name__ == "__main__":
    sys.exit(main())
