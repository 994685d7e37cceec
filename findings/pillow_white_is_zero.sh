#!/usr/bin/env bash
# A TIFF may say that white is zero (photometric interpretation 0). Pillow turns such a picture over when it has
# 8 bits, and leaves it as it is when it has 16: the same scan is a positive or a negative by its depth. tifffile
# never turns it over. Guessed: both depths turned over. No warning is given.
# Pillow 12.3.0, tifffile 2026.3.3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pillow==12.3.0 tifffile==2026.3.3 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import io
import numpy as np
import PIL
import tifffile
from PIL import Image

print("Pillow", PIL.__version__, "tifffile", tifffile.__version__)
seen = {}
for kind in ("uint8", "uint16"):
    stored = np.array([[0, 1, 2, np.iinfo(kind).max]], dtype=kind)
    file = io.BytesIO()
    tifffile.imwrite(file, stored, photometric="miniswhite")
    shown = np.asarray(Image.open(file))
    file.seek(0)
    raw = tifffile.imread(file)
    print(kind, "stored", stored[0], "Pillow", shown[0], "tifffile", raw[0])
    seen[kind] = bool((shown == stored).all())
    assert (raw == stored).all()
assert seen == {"uint8": False, "uint16": True}, seen
END
