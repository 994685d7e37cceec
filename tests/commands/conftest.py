"""The command line inside this process."""

import signal
from types import SimpleNamespace

import pytest

from cscbook.commands import main


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """``call("denoise", ...)`` runs the command line in a folder of its own: exit code and what it wrote."""
    monkeypatch.setenv("CSCBOOK_BACKEND", "numpy")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)

    def run(*args):
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as left:
                main([str(arg) for arg in args])
        finally:
            signal.signal(signal.SIGTERM, before)
        out, err = capsys.readouterr()
        return SimpleNamespace(code=left.value.code, out=out, err=err)

    return run


@pytest.fixture
def refused(call):
    """Check that a command line leaves with exit code 2 and one sentence, which is returned."""

    def run(*args):
        done = call(*args)
        assert done.code == 2, done
        (line,) = done.err.strip().splitlines()
        assert line.startswith("cscbook: ") and done.out == ""
        return line

    return run
