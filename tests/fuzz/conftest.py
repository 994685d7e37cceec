"""Says at the end how many cases ran, and from which seed. The cases are NumPy's: nothing is collected where
another library is the chosen one."""

import os

from cscbook import backend

collect_ignore_glob = [] if backend().__name__.endswith("numpy") else ["test_*.py"]


def pytest_terminal_summary(terminalreporter):
    counts, seed = {}, os.environ.get("CSCBOOK_FUZZ_SEED", "0")
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, count in report.user_properties:
            if name == "cases" and report.when == "call":
                kind = "bad values" if "test_bad_values" in report.nodeid else "laws"
                counts[kind] = counts.get(kind, 0) + count
    for kind, count in counts.items():
        terminalreporter.write_line(f"{count} cases of {kind} ran, seed {seed}")
