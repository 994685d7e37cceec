"""What is not yet right: ``KNOWN[function, argument, kind] = reason``, read from ``known.txt``.

``python tests/fuzz/known.py`` runs every single case and writes the file anew.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

FILE = Path(__file__).with_name("known.txt")
EXTREME = {"huge", "huge filters", "tiny", "tiny filters", "subnormal"}
DIES, ENDLESS = "the process dies", "the call does not end"
CAUSES = {  # what a complaint holds -> why
    "left behind": "a file is left behind",
    "changed in place": "an input is changed in place",
    "another answer": "a value that means the same gives another answer",
    "TooLong": ENDLESS,
    "AttributeError": "a value of the wrong type is not refused before an attribute of it is asked for",
    "Typing": "a value of the wrong type reaches a compiled kernel, and numba speaks",
    "numba": "a value of the wrong type reaches a compiled kernel, and numba speaks",
    "NotImplementedError": "a value of the wrong type reaches a compiled kernel, and numba speaks",
    "characters": "the message is longer than a sentence",
    "ComplexWarning": "the imaginary part is dropped",
    "RuntimeWarning": "NaN, infinity or zero is not refused before the arithmetic",
    "OverflowError": "infinity, or a number beyond the floats, is not refused before it is turned or drawn",
    "IndexError": "an empty sequence, or too few axes or entries, is not refused before it is indexed",
    "ZeroDivisionError": "zero is not refused before the division",
    "MemoryError": "a size beyond the memory is not refused",
    "RuntimeError": "arrays of two libraries are mixed and not refused",
    "KeyError": "no step at all is asked for, or an entry is missing, and not refused",
    "UnboundLocalError": "no step at all is asked for, or an entry is missing, and not refused",
}


def cause(kind, found):
    """The reason that stands for a complaint."""
    if "RuntimeWarning" in found and kind.rsplit(": ", 1)[-1] in EXTREME:
        return "entries at the end of the floats are not refused before they overflow"
    return next((why for part, why in CAUSES.items() if part in found), f"ends in {found.split(':')[0]}")


def read():
    """The dict of the file: reasons are lines ``# reason``, cases ``function(argument): kind | kind``."""
    known, why = {}, ""
    for line in FILE.read_text().splitlines():
        if line.startswith("# "):
            why = line[2:]
        elif match := re.fullmatch(r"(\w+)\((\w+)\): (.*)", line):
            known |= {(match[1], match[2], kind): why for kind in match[3].split(" | ")}
    return known


def write(known):
    """Write the dict, the most frequent reason first."""
    groups = {}
    for (name, argument, kind), why in known.items():
        groups.setdefault(why, {}).setdefault((name, argument), []).append(kind)
    lines = []
    for why, cases in sorted(groups.items(), key=lambda group: -sum(map(len, group[1].values()))):
        lines += ["", f"# {why}"]
        lines += [f"{name}({argument}): {' | '.join(kinds)}" for (name, argument), kinds in cases.items()]
    FILE.write_text("\n".join(lines[1:]) + "\n")


def main():
    """Run every single case, each function in processes of their own, and write what is not right."""
    from fuzz import cases, judge

    os.chdir(tempfile.mkdtemp())
    known, done = {}, read() if FILE.exists() else {}
    every = cases.single_cases()
    for number, case in enumerate(every):
        function, arguments = cases.CALLS[case[0]]
        spoilt = {case[1]: cases.maker(case)}
        if done.get(case) == DIES:
            found = DIES if judge.dies(function, arguments, spoilt) else None
        else:
            print(f"\r{number} of {len(every)}: {case}", end="\033[K", file=sys.stderr, flush=True)
            found = judge.complaint(function, arguments, spoilt, case[2], 5)
        if found:
            known[case] = found if found == DIES else cause(case[2], found)
            print(*case, found, sep="\t", flush=True)
    write(known)


KNOWN = read() if FILE.exists() else {}

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
