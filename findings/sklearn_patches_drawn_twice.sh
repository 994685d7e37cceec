#!/usr/bin/env bash
# scikit-learn's extract_patches_2d draws patches with replacement: asked for as many as an image has, it gives some
# twice and leaves others out. Guessed: each patch once, since max_patches is called the maximum number to extract, and
# a number as large as all of them would then give all. scikit-learn 1.9.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import numpy as np
import sklearn
from sklearn.feature_extraction.image import extract_patches_2d

x = np.arange(9.0).reshape(3, 3)  # four patches of 2 x 2, with the upper left corners 0, 1, 3 and 4
every = extract_patches_2d(x, (2, 2))[:, 0, 0]
drawn = [extract_patches_2d(x, (2, 2), max_patches=4, random_state=seed)[:, 0, 0] for seed in range(20)]
complete = sum(len(set(corners)) == 4 for corners in drawn)
print("scikit-learn", sklearn.__version__, "all", every, "drawn", drawn[0], f"complete in {complete} of 20 draws")
assert sorted(every) == [0, 1, 3, 4] and all(len(corners) == 4 for corners in drawn)
assert len(set(drawn[0])) < 4 and complete < 10
END
