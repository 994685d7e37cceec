#!/usr/bin/env bash
# scikit-image's denoise_nl_means at its defaults returns an image on the scale 0..255 with noise of standard
# deviation 20 as it came, to 14 digits, without a warning: its h = 0.1 is meant for images in 0..1. The same image
# divided by 255 is denoised. Guessed: h relative to the image, as in denoise_wavelet, which estimates the noise.
# scikit-image 0.26.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check scikit-image==0.26.0 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" - <<'END'
import warnings
import numpy as np
import skimage
from skimage.restoration import denoise_nl_means

rng = np.random.default_rng(0)
y = 128 + 20 * rng.standard_normal((32, 32))
with warnings.catch_warnings():
    warnings.simplefilter("error")
    moved = {scale: abs(denoise_nl_means(y / scale) * scale - y).max() for scale in (1, 255)}
print("scikit-image", skimage.__version__, "moves by at most", moved)
assert moved[1] < 1e-10 and moved[255] > 1
END
