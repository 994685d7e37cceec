#!/usr/bin/env bash
# sporco's ConvBPDN takes filters of 8 x 8 for an image of 5 x 5 and solves another problem without a word: the
# filters are cut to 5 x 5, so that the code is, number by number, that of D[:5, :5]. A filter that wraps around the
# circle would have its far part added instead. Guessed: an error, or the wrapped filter. sporco 0.2.2.post1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check sporco==0.2.2.post1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" - <<'END'
import warnings
from importlib.metadata import version
import numpy as np

warnings.simplefilter("ignore")
from sporco.admm import cbpdn

rng = np.random.default_rng(0)
D, s = rng.standard_normal((8, 8, 3)), rng.standard_normal((5, 5))
wrapped = np.zeros((5, 5, 3))
for i in range(8):
    for j in range(8):
        wrapped[i % 5, j % 5] += D[i, j]


def code(filters):
    options = cbpdn.ConvBPDN.Options({"Verbose": False, "MaxMainIter": 50, "AutoRho": {"Enabled": False}})
    return cbpdn.ConvBPDN(filters, s, 0.1, options).solve()


same, other = (abs(code(D) - code(f)).max() for f in (D[:5, :5], wrapped))
print("sporco", version("sporco"), f"beside the cut filters {same:.1e}, beside the wrapped ones {other:.1e}")
assert same == 0 and other > 0.01
END
