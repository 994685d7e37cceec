"""Run the notebooks of the book, each once, side by side, and keep the executed copies.

The copies lie in a jupyter-cache, from which the build takes its outputs and ``pytest chapters --executed``
its judgement. A cell that fails stops nothing: the copy keeps a box in its place, and goes on. By itself,

    python chapters/_ext/run_notebooks.py [NOTEBOOK ...]

runs what has no fresh copy; ``--failed`` lists what failed instead, and says so in its exit code.
"""

import hashlib
import html
import json
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path

import nbformat
from claim_ledger import BOX
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

ROOT = Path(__file__).resolve().parents[2]
LEDGER = ROOT / "chapters" / "claims.json"
TIMEOUT = 600  # seconds a cell may take
LIBRARIES = ("numpy", "scipy", "numba", "matplotlib")
# What else an output depends on: the machine that is played, and the draws.
MACHINE = re.compile(r"OPENBLAS_|NUMBA_|NPY_|MKL_|OMP_|CSCBOOK_(?!LEDGER|GO_ON|CI|JOBS)")


def notebooks(root=ROOT):
    """The notebooks of the book, in its order."""
    return sorted(p for p in (root / "chapters").glob("[0-9]_*/*.ipynb"))


def read(path):
    """The notebook in a file; what is no notebook ends the program with a sentence that names the file."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        return notebook
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, ValueError) as error:
        raise SystemExit(f"{path} is no notebook, or damaged: {str(error).splitlines()[0]}") from None


def name_of(path):
    """``3.4`` for ``3_local_global/04_inpainting_and_separation.ipynb``."""
    return f"{path.parent.name.split('_')[0]}.{int(path.stem.split('_')[0])}"


def title_of(notebook):
    """The first heading."""
    for cell in notebook.cells:
        if found := re.search(r"^# (.+)$", cell.source, re.M):
            return found[1]
    return ""


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment(jobs):
    """What the kernels run in: sliders as frames, one share of the cores each, a ledger of claims."""
    share = str(max(1, cores() // jobs))
    here = os.environ.get("PYTHONPATH")
    return {
        "OPENBLAS_NUM_THREADS": share,
        "NUMBA_NUM_THREADS": share,
        "LOKY_MAX_CPU_COUNT": share,
        **os.environ,
        "CSCBOOK_FRAMES": "1",
        "CSCBOOK_GO_ON": "1",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *([here] if here else [])]),
    }


def outputs_digest(root=ROOT, env=os.environ):
    """A short digest of all that an output depends on besides its notebook: package, data, libraries, and
    the machine that the environment plays."""
    machine = sorted(f"{key}={value}" for key, value in env.items() if MACHINE.match(key))
    words = [*(f"{library} {version(library)}" for library in LIBRARIES), *machine]
    digest = hashlib.sha256("\n".join(words).encode())
    sources = [*sorted((root / "cscbook").rglob("*.py")), root / "data" / "registry.json", Path(__file__)]
    for path in [*sources, Path(__file__).with_name("claim_ledger.py")]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def cache_folder(root=ROOT, env=os.environ):
    """Where the executed copies of this state of the book lie: a new folder is an empty cache."""
    return root / "_build" / ".jupyter_cache" / outputs_digest(root, env)


def executed_copy(path, folder):
    """The executed copy of a notebook as it stands, or None."""
    bundle = _bundle(path, folder)
    return bundle and bundle.nb


def seconds_of(path, folder):
    """How long its executed copy took to make."""
    return _bundle(path, folder).record.data["execution_seconds"]


def _bundle(path, folder):
    cache = get_cache(folder)
    try:
        return cache.get_cache_bundle(cache.match_cache_notebook(read(path)).pk)
    except KeyError:
        return None


def keep(path, copy, seconds, folder):
    """Put an executed copy into the cache."""
    bundle = CacheBundleIn(copy, str(path), data={"execution_seconds": seconds})
    get_cache(folder).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def failures(copy):
    """``(cell, mark)`` of every box in an executed copy; cells are counted among the code cells, from 0."""
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    outputs = ((i, output) for i, cell in enumerate(code) for output in cell.outputs)
    return [(i, output.data[BOX]) for i, output in outputs if BOX in output.get("data", {})]


def execute(path, env):
    """Run one notebook; returns its executed copy, which holds the ledger, and the seconds it took."""
    notebook = read(path)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder, "ledger.jsonl")
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT,
            interrupt_on_timeout=True,
            allow_errors=True,
            record_timing=False,
            kernel_name="python3",
            extra_arguments=["--InteractiveShellApp.extensions=['claim_ledger']"],
            resources={"metadata": {"path": str(path.parent)}},
        )
        try:
            client.execute(env=env | {"CSCBOOK_LEDGER": str(ledger)})
        except DeadKernelError as error:
            _mark_dead(notebook, client.code_cells_executed, error)
        rows = ledger.read_text(encoding="utf-8").splitlines() if ledger.exists() else []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_boxed(output) for output in cell.outputs]
    notebook.metadata["claims"] = _by_cell(notebook, [json.loads(row) for row in rows])
    return notebook, time.perf_counter() - start


def _runs(notebook):
    """The code cells that are executed: not the empty ones, and not those that wait for the reader's code."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    return [cell for cell in code if "skip-execution" not in cell.metadata.get("tags", [])]


def _by_cell(notebook, rows):
    """The rows of a ledger, each with the id of its cell in the place of its number among those that ran."""
    ran = [cell.id for cell in _runs(notebook)]
    return [row | {"cell": ran[row["cell"] - 1]} for row in rows]


def _mark_dead(notebook, begun, error):
    """The last of the ``begun`` cells says that the kernel died in it."""
    code = _runs(notebook)
    dead = nbformat.v4.new_output("error", ename="DeadKernel", evalue=str(error))
    code[max(begun - 1, 0)].outputs.append(dead)


def _boxed(output):
    """An error of a cell as a box that stands on the page, with the traceback folded into it."""
    if output.output_type != "error":
        return output
    text = f"{output.ename}: {output.evalue}"
    trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.get("traceback", [])))
    page = (
        '<div class="admonition error claim-failed"><p class="admonition-title">This cell stopped with an '
        f"error</p><p>{html.escape(text)}</p><details><summary>The traceback</summary>"
        f"<pre>{html.escape(trace)}</pre></details></div>"
    )
    mark = {"text": output.ename, "message": "", "sentence": text, "traceback": trace}
    data = {"text/html": page, "text/plain": f"CELL FAILED: {text}", BOX: mark}
    return nbformat.v4.new_output("display_data", data=data)


def seconds_known():
    """How long each notebook took when the ledger was made, by name."""
    return json.loads(LEDGER.read_text(encoding="utf-8"))["seconds"] if LEDGER.exists() else {}


def run(paths, folder, env=None, jobs=None, say=print):
    """Execute the notebooks that have no fresh copy in the cache at ``folder``, the longest first."""
    jobs = jobs or int(os.environ.get("CSCBOOK_JOBS", "0")) or cores()
    todo = [path for path in paths if executed_copy(path, folder) is None]
    if not todo:
        return
    cost = {path: seconds_known().get(name_of(path), 20) for path in todo}
    todo.sort(key=cost.get, reverse=True)
    expected = max(sum(cost.values()) / min(jobs, len(todo)), cost[todo[0]])
    minutes = max(1, round(expected / 60))
    say(f"{len(todo)} notebooks to run, {min(jobs, len(todo))} at a time: about {minutes} min")
    env = environment(jobs) | (env or {})
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(execute, path, env): path for path in todo}
        for done, future in enumerate(as_completed(running), 1):
            path, (copy, seconds) = running[future], future.result()
            keep(path, copy, seconds, folder)
            wrong = len(failures(copy))
            note = f" · {wrong} failed" if wrong else ""
            say(f"{done} of {len(todo)} · {name_of(path)} {title_of(copy)} · {seconds:.0f} s{note}")


def failed(paths, folder):
    """One line for everything that failed in the executed copies."""
    copies = ((path, executed_copy(path, folder)) for path in paths)
    marks = [(path, i, mark) for path, copy in copies if copy for i, mark in failures(copy)]
    return [f"FAILED in {name_of(path)}, code cell {i}: {mark['sentence']}" for path, i, mark in marks]


def main(arguments):
    if arguments == ["--failed"]:
        lines = failed(notebooks(), cache_folder())
        print("\n".join(lines), end="\n" if lines else "")
        return 1 if lines else 0
    paths = [Path(name).resolve() for name in arguments] or notebooks()
    run(paths, cache_folder(), say=lambda line: print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
