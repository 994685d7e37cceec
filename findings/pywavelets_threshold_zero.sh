#!/usr/bin/env bash
# Soft thresholding by zero is the identity. pywt.threshold(x, 0, "soft") gives NaN wherever x is zero, with a
# RuntimeWarning of NumPy about the division and no error, since it divides by |x|; "hard" keeps the zero. A
# threshold that is estimated from a signal without noise is zero, and most of the coefficients are. Guessed: zeros
# stay zeros. PyWavelets 1.9.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check PyWavelets==1.9.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import warnings
from importlib.metadata import version
import numpy as np
import pywt

x = np.array([0.0, 1.0, -3.0])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    found = {mode: pywt.threshold(x, 0.0, mode) for mode in ("soft", "garrote", "hard")}
    small = pywt.threshold(x, 0.5, "soft")
print("PyWavelets", version("PyWavelets"), found, "by 0.5:", small)
assert np.isnan(found["soft"][0]) and found["soft"][1:].tolist() == [1.0, -3.0]
assert np.isnan(found["garrote"][0]) and found["hard"].tolist() == x.tolist()
assert small[0] == 0, "any other threshold keeps zeros"
END
