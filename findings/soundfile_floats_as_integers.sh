#!/usr/bin/env bash
# A WAV file of 32-bit floats, read by soundfile with dtype="int16", comes out as -1, 0 and 1: the samples are
# rounded, not scaled, while a file of 16-bit integers read as floats is scaled to -1..1. The music is gone without
# a warning. Guessed: scaled by 32768 both ways. soundfile 0.14.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import io
import warnings
import numpy as np
import soundfile

wave = 0.9 * np.sin(np.arange(800) / 7)
found = {}
for kind in ("PCM_16", "FLOAT"):
    file = io.BytesIO()
    soundfile.write(file, wave, 8000, subtype=kind, format="WAV")
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found[kind] = soundfile.read(file, dtype="int16")[0]
    print(soundfile.__version__, kind, "as int16: between", found[kind].min(), "and", found[kind].max())
assert abs(found["PCM_16"]).max() > 29000
assert sorted(set(found["FLOAT"].tolist())) == [-1, 0, 1]
END
