"""The table of times for a lent GPU, under the stand-in: every row is there, and both sides agree."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
CODE = "import gpu; gpu.run(1, {'side': 24, 'signals': 4, 'patches': 60, 'digits': 80})"


def test_every_row_is_measured_and_agrees_with_the_host():
    paths = os.pathsep.join(map(str, (TESTS.parent, TESTS / "standin", TESTS / "bench")))
    env = os.environ | {"PYTHONPATH": paths, "CSCBOOK_BACKEND": "cupy"}
    done = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.strip().splitlines()
    assert head.split()[-6:] == ["host", "device", "copies", "MiB", "ratio", "apart"]
    assert len(rows) == 9 and "left out" not in done.stdout
    assert all(float(row.split()[-1]) < 1e-3 for row in rows), done.stdout
