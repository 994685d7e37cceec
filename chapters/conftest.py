"""``pytest chapters --nbval-lax --executed``: nbval judges the copies that are already executed.

Each notebook runs once, for the book and for the tests (``_ext/run_notebooks.py``). With this option nbval
gets a kernel that replays what the cells of that run printed, drew and raised, and judges it by its own
rules; a copy of other code, or none, is an error. Without the option nbval starts kernels of its own.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("_ext")))


class Replay:
    """The part of nbval's kernel that nbval's cells use, on an executed copy."""

    def __init__(self, copy):
        self.rest = [cell for cell in copy.cells if cell.cell_type == "code"]
        self.messages = []

    def is_alive(self):
        return True

    def execute_cell_input(self, source, allow_stdin=None):
        """Go on to the cell with this source, and line up what it said."""
        while self.rest and self.rest[0].source != source:
            self.rest.pop(0)  # cells that the user deselected
        if not self.rest:
            raise RuntimeError("the executed copy has no such cell: run chapters/_ext/run_notebooks.py again")
        cell = self.rest.pop(0)
        self.messages = [_message(output) for output in cell.outputs]
        if source.strip() and cell.execution_count is None and not cell.outputs:
            self.messages.append(_error("NotExecuted", "the notebook stopped before this cell", ""))
        self.messages.append(("status", {"execution_state": "idle"}))
        return "replayed"

    def get_message(self, stream, timeout=None):
        kind, content = self.messages.pop(0)
        return {"msg_type": kind, "content": content, "parent_header": {"msg_id": "replayed"}}

    def await_reply(self, msg_id, timeout=None):
        pass

    def await_idle(self, parent_id, timeout):
        self.messages = []

    def stop(self):
        pass


def _error(name, value, trace):
    return "error", {"ename": name, "evalue": value, "traceback": [trace]}


def _message(output):
    """An output of a cell as the message that made it; a box is the failure that it stands for."""
    from claim_ledger import BOX

    if mark := output.get("data", {}).get(BOX):
        return _error(mark["text"], mark["sentence"], mark.get("traceback", mark["sentence"]))
    return output.output_type, output


def pytest_addoption(parser):
    parser.addoption("--executed", action="store_true", help="judge the executed copies of the notebooks")


def pytest_configure(config):
    if not config.getoption("--executed"):
        return
    from nbval.plugin import IPyNbFile
    from run_notebooks import cache_folder, executed_copy

    def setup(self):
        copy = executed_copy(Path(self.fspath), cache_folder())
        if copy is None:
            raise RuntimeError(f"{self.fspath}: no executed copy: run chapters/_ext/run_notebooks.py first")
        self.kernel = Replay(copy)
        self.setup_sanitize_files()

    IPyNbFile.setup = setup
