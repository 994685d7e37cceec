#!/usr/bin/env bash
# Pillow opens a grey TIFF of unsigned 32-bit numbers in its mode "I", which is signed: the brighter half of the
# scale becomes negative, without a warning. Guessed: refused, or turned to floats as tifffile's numbers would be.
# Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pillow==12.3.0 tifffile==2026.3.3 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import io
import warnings
import numpy as np
import PIL
import tifffile
from PIL import Image

stored = np.array([[1, 2**31 - 1, 2**31, 2**32 - 1]], dtype=np.uint32)
file = io.BytesIO()
tifffile.imwrite(file, stored)
with warnings.catch_warnings():
    warnings.simplefilter("error")
    picture = Image.open(file)
    shown = np.asarray(picture)
print("Pillow", PIL.__version__, "mode", picture.mode, "stored", stored[0], "read", shown[0])
assert picture.mode == "I" and shown.tolist() == [[1, 2**31 - 1, -(2**31), -1]]
END
