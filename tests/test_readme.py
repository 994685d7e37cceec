"""The README: its code runs as it stands and makes its picture, and the files that it names are there."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURE = ROOT / "chapters" / "images" / "denoised.png"


def test_the_ten_lines_denoise_a_photograph(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    assert len([line for line in code.splitlines() if line]) <= 10
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    plt.close(names["figure"])
    assert names["gain"] > 8, "dB"
    made, shown = (np.asarray(Image.open(p).convert("RGB"), dtype=float) for p in ("denoised.png", PICTURE))
    assert made.shape == shown.shape
    assert np.abs(made - shown).mean() < 4, "the picture in the README is another one: run its code again"


def test_the_files_that_it_names_are_there():
    inside = r"(?:chapters|data|tests)/[\w/.]*\w"
    paths = re.findall(rf"\]\(({inside})\)|`({inside})`|python ({inside})", TEXT)
    paths = ["".join(found) for found in paths]
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
