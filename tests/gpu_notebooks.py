"""Every notebook on CuPy and on NumPy, as plain code: a table of seconds, and the first cell that fails."""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CHAPTERS = Path(__file__).parent.parent / "chapters"


def run_here(path):
    """Run the code cells of a notebook in this process; prints how far it came as JSON."""
    import matplotlib

    matplotlib.use("Agg")
    from IPython.core.interactiveshell import InteractiveShell

    shell, begin = InteractiveShell.instance(), time.perf_counter()
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    os.chdir(path.parent)
    failed = ""
    for number, cell in enumerate(c for c in cells if c["cell_type"] == "code"):
        result = shell.run_cell("".join(cell["source"]), silent=True)
        if error := result.error_before_exec or result.error_in_exec:
            failed = f"cell {number}: {type(error).__name__}: {str(error)[:90]}"
            break
    print("\n" + json.dumps({"seconds": time.perf_counter() - begin, "failed": failed}))


def run(path, backend):
    """The same in a process of its own, with this backend."""
    env = os.environ | {"CSCBOOK_BACKEND": backend}
    command = [sys.executable, __file__, "--notebook", str(path)]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=180)
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        return {"seconds": float("nan"), "failed": type(error).__name__}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=8, help="notebooks at a time")
    parser.add_argument("--notebook", type=Path, help="only this one, in this process")
    parser.add_argument(
        "--only", nargs="+", default=[""], help="numbers of notebooks, such as 5.3, or of parts"
    )
    options = parser.parse_args()
    if options.notebook:
        return run_here(options.notebook)
    numbered = {
        f"{path.parent.name[0]}.{int(path.name[:2])}": path
        for path in sorted(CHAPTERS.glob("[0-9]_*/*.ipynb"))
    }
    paths = {n: path for n, path in numbered.items() if n.startswith(tuple(options.only))}
    print(f"{'notebook':45} {'cupy, s':>8} {'numpy, s':>9}", flush=True)
    failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        waiting = {n: [pool.submit(run, path, b) for b in ("cupy", "numpy")] for n, path in paths.items()}
        for number, both in waiting.items():
            device, host = (one.result() for one in both)
            name = f"{number} {paths[number].stem[3:]}"
            note = "; ".join(filter(None, (device["failed"], host["failed"] and f"numpy: {host['failed']}")))
            print(f"{name:45} {device['seconds']:8.1f} {host['seconds']:9.1f}  {note}", flush=True)
            failed += bool(device["failed"])
    return failed


if __name__ == "__main__":
    sys.exit(main())
