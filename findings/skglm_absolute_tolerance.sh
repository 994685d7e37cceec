#!/usr/bin/env bash
# The lasso is homogeneous: signal and weight times s give the code times s. skglm's Lasso at its defaults gives the
# zero code instead for s = 0.001, without a warning that it did not converge, since its tolerance (1e-4) is not
# relative to the problem; the worst correlation is 18 times what optimality allows. scikit-learn's Lasso scales its
# tolerance by the signal. Guessed: the same support at every scale. skglm 0.5, scikit-learn 1.9.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check skglm==0.5 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" - <<'END'
import warnings
from importlib.metadata import version
import numpy as np
import skglm
from sklearn.linear_model import Lasso

rng = np.random.default_rng(0)
A = rng.standard_normal((20, 40))
A /= np.linalg.norm(A, axis=0)
y = A[:, 3] - 2 * A[:, 17]
counts = {}
for s in (1.0, 1e-3):
    for kind in (skglm.Lasso, Lasso):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = kind(alpha=0.1 / 20 * s, fit_intercept=False).fit(A, s * y)
        name = kind.__module__.split(".")[0]
        counts[name, s] = int(np.count_nonzero(model.coef_))
        worst = abs(A.T @ (s * y - A @ model.coef_)).max() / (0.1 * s)
        print(name, version("scikit-learn" if name == "sklearn" else name), s, counts[name, s], f"{worst:.2f}")
assert counts["skglm", 1.0] == counts["sklearn", 1.0] == counts["sklearn", 1e-3] > 0
assert counts["skglm", 1e-3] == 0
END
