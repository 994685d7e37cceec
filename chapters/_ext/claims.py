"""Claims with margins: by how much does every claim of the book hold, and how much does a machine move it?

    python chapters/_ext/claims.py                        every machine below, writes chapters/claims.json
    python chapters/_ext/claims.py --check host haswell   these machines, beside what is written there

A machine here is what one machine can play by environment variables: kernels of OpenBLAS, what numba
compiles for, NumPy's own vector code, threads; and, for claims about random draws, other draws. The margin of
a comparison is the difference of its sides or, where both are positive, the logarithm of their ratio. A claim
is *thin* where its smallest margin is less than three times the spread of its margin, the standard deviation
over the machines, on both scales.
"""

import argparse
import json
import os
import sys

import numpy as np
from run_notebooks import (
    LEDGER,
    ROOT,
    cache_folder,
    environment,
    executed_copy,
    failures,
    name_of,
    notebooks,
    run,
    seconds_of,
)

TIMES = 3  # a margin of so many spreads is asked for
ONE_DRAW = "one-draw"  # tag of a cell whose claims are about the one draw that it shows
STANDIN = "cupy stand-in"  # computes with NumPy and refuses what CuPy refuses
PROVED = "proved"  # tag of a cell whose claims with <= and >= are a theorem's: their margin may be anything


def _dispatched():
    """NumPy's vector code beyond what it was built for, by the names that switch it off."""
    from numpy._core import _multiarray_umath as core

    return " ".join(core.__cpu_dispatch__)


def _with_standin():
    """The search path of the kernels with the stand-in for CuPy at its head."""
    return os.pathsep.join([str(ROOT / "tests" / "standin"), environment(1)["PYTHONPATH"]])


def machines():
    """The machines that are played, as environment variables, by name."""
    one = {"OPENBLAS_NUM_THREADS": "1"}
    two = {"OPENBLAS_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"}
    return {
        "host": one,
        "haswell": one | {"OPENBLAS_CORETYPE": "Haswell"},
        "skylakex, two threads": two | {"OPENBLAS_CORETYPE": "SkylakeX"},
        "sandybridge, plain numpy": one
        | {"OPENBLAS_CORETYPE": "Sandybridge", "NPY_DISABLE_CPU_FEATURES": _dispatched()},
        "numba generic": one | {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
        "draws 1": one | {"CSCBOOK_SEED": "1"},
        "draws 2": one | {"CSCBOOK_SEED": "2"},
        STANDIN: one | {"CSCBOOK_BACKEND": "cupy", "CSCBOOK_CUPY": "stand-in", "PYTHONPATH": _with_standin()},
    }


def key_of(row):
    """A claim by its cell, its place in it, and its words: another wording is another claim."""
    return f"{row['cell']}/{row['number']}/{row['text']}"


def measure(machine, paths, say=print):
    """Run the notebooks as ``machine``; returns ``{notebook: {claim: row}}``, the seconds of each notebook,
    and one line for every cell that stopped."""
    env = machines()[machine]
    folder = cache_folder(env=os.environ | env)
    run(paths, folder, env, say=say)
    rows, seconds, stopped = {}, {}, []
    for path in paths:
        copy = executed_copy(path, folder)
        drawn = machine.startswith("draws")
        shown = {c.id for c in copy.cells if drawn and ONE_DRAW in c.metadata.get("tags", [])}
        proved = {c.id for c in copy.cells if PROVED in c.metadata.get("tags", [])}
        claims = [row for row in copy.metadata["claims"] if row["cell"] not in shown]
        for row in claims:
            row["sites"] = [_proved(site) if row["cell"] in proved else site for site in row["sites"]]
        rows[name_of(path)] = {key_of(row): row for row in claims}
        seconds[name_of(path)] = round(seconds_of(path, folder), 1)
        for cell, mark in failures(copy):
            if "traceback" in mark:
                stopped.append(f"{machine}: {name_of(path)}, code cell {cell} stopped: {mark['sentence']}")
    return rows, seconds, stopped


def _proved(site):
    """A comparison of a theorem: that it holds is all that is asked."""
    return [*site[:-1], "proved"] if site[-1] in "≤≥" else site


def merge(found, before=None):
    """``{notebook: {claim: {message, sites: {site: {machine: [left, right, sign]}}}}}`` of all machines.

    ``found`` has the rows of each machine. A comparison of which nothing but yes or no is known has no sides;
    a claim that does not hold has the sign "fails".
    """
    claims = {}
    for machine, books in found.items():
        for name, rows in books.items():
            for key, row in rows.items():
                entry = claims.setdefault(name, {}).setdefault(key, {"message": row["message"], "sites": {}})
                for site, _, *sides in row["sites"] or [[0, None, None, None, "holds"]]:
                    sides = sides if row["held"] else [*sides[:2], "fails"]
                    entry["sites"].setdefault(str(site), {})[machine] = sides
    for name, entries in (before or {}).items():
        for key, entry in entries.items():
            for site, old in entry["sites"].items():
                if new := claims.get(name, {}).get(key, {}).get("sites", {}).get(site):
                    same = next(iter(new.values()))[2]
                    old = {m: sides for m, sides in old.items() if sides[2] in (same, "fails")}
                    claims[name][key]["sites"][site] = old | new
    return claims


def margins(site):
    """The margins of a comparison by machine, as differences, and as logarithms of ratios (or None)."""
    known = {m: sides for m, sides in site.items() if sides[2].removeprefix("not ") in "<≤>≥"}
    signs = {
        m: (1 if sign[-1] in "<≤" else -1) * (-1 if len(sign) > 1 else 1) for m, (*_, sign) in known.items()
    }
    gaps = {m: signs[m] * (right - left) for m, (left, right, _) in known.items()}
    if not all(left > 0 and right > 0 for left, right, _ in known.values()):
        return gaps, None
    return gaps, {m: signs[m] * float(np.log(right / left)) for m, (left, right, _) in known.items()}


def judged(site):
    """Smallest margin, spread, whether they are logarithms, and whether the comparison is thin, on the
    kinder scale; both are None where nothing but yes or no is known."""
    if any(sides[2] == "fails" for sides in site.values()):
        return -np.inf, 0.0, False, True
    scales = [(list(scale.values()), log) for log, scale in enumerate(margins(site)) if scale]
    both = [(min(scale), float(np.std(scale)), bool(log)) for scale, log in scales]
    if not both:
        return None, None, False, False
    smallest, spread, log = max(both, key=lambda one: one[0] / (one[1] or 1e-300))
    return smallest, spread, log, smallest < 0 or smallest < TIMES * spread


def thin_claims(claims):
    """Every thin comparison, the thinnest first: ``(margin in spreads, notebook, claim, message, sides)``."""
    found = []
    for name, entries in claims.items():
        for key, entry in entries.items():
            for site in entry["sites"].values():
                smallest, spread, _, thin = judged(site)
                if thin:
                    found.append(
                        (smallest / spread if spread else -np.inf, name, key, entry["message"], site)
                    )
    return sorted(found, key=lambda row: row[:3])


def stored():
    """What ``chapters/claims.json`` holds."""
    if not LEDGER.exists():
        return {"machines": [], "seconds": {}, "claims": {}}
    return json.loads(LEDGER.read_text(encoding="utf-8"))


def _one_claim_a_line(content):
    """JSON in which a changed claim is a changed line."""
    lines = []
    for name, entries in content["claims"].items():
        rows = (
            f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(e, ensure_ascii=False)}"
            for k, e in entries.items()
        )
        lines.append(f'"{name}": {{\n' + ",\n".join(rows) + "\n}")
    head = {key: content[key] for key in ("machines", "seconds")}
    return json.dumps(head)[:-1] + ', "claims": {\n' + ",\n".join(lines) + "\n}}\n"


def in_words(left, right, sign):
    """A comparison with the numbers on both sides, or its sign where it has none."""
    return sign if left is None else f"{left:.5g} {sign} {right:.5g}"


def _words(site):
    return ", ".join(f"{in_words(*sides)} ({machine})" for machine, sides in site.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("machines", nargs="*", help=f"some of {', '.join(machines())}; default: all")
    parser.add_argument("--check", action="store_true", help="compare with claims.json, do not write it")
    parser.add_argument("--only", nargs="*", help="notebooks such as 3.4; default: all")
    chosen = parser.parse_args()
    paths = [p for p in notebooks() if not chosen.only or name_of(p) in chosen.only]
    found, seconds, stopped = {}, {}, []
    for machine in chosen.machines or machines():
        print(f"== {machine}", flush=True)
        found[machine], taken, ended = measure(machine, paths, say=lambda line: print(line, flush=True))
        seconds, stopped = seconds or taken, stopped + ended
    before = stored()
    claims = merge(found, before["claims"] if chosen.check or chosen.machines or chosen.only else None)
    if not chosen.check:
        kept = before["claims"] | claims if chosen.only else claims
        played = [m for m in machines() if m in found or m in before["machines"]]
        content = {
            "machines": played,
            "seconds": before["seconds"] | seconds,
            "claims": kept,
        }
        LEDGER.write_text(_one_claim_a_line(content), encoding="utf-8")
    thin = thin_claims(claims)
    for ratio, name, key, message, site in thin:
        print(f"{name} {key}\n    {message}\n    {ratio:.1f} spreads: {_words(site)}")
    print("\n".join(stopped), end="\n" if stopped else "")
    count = sum(len(entry["sites"]) for entries in claims.values() for entry in entries.values())
    print(f"{count} comparisons, {len(thin)} of them thin")
    return 1 if thin or stopped else 0


if __name__ == "__main__":
    sys.exit(main())
