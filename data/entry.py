"""What registry.json says about a file, and how it gets there."""

import hashlib
import json
from pathlib import Path

import numpy as np


def entry(path, arrays, licence, source):
    """What the registry says about one file; the digest of an array covers its dtype and shape."""
    return {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "arrays": {
            name: {
                "shape": list(array.shape),
                "dtype": array.dtype.str,
                "sha256": hashlib.sha256(
                    f"{array.dtype.str}{array.shape}".encode() + np.ascontiguousarray(array).tobytes()
                ).hexdigest(),
            }
            for name, array in arrays.items()
        },
        "licence": licence,
        "source": source,
    }


def register(file, licence, source, facts):
    """Add the entry of a learned npz, and what was measured of it, to the registry of ``data/``, beside the
    file; returns the entry."""
    with np.load(file) as arrays:
        what = entry(file, dict(arrays), licence, source) | facts
    known = json.loads((Path(__file__).parent / "registry.json").read_text())
    (file.parent / "registry.json").write_text(json.dumps(known | {file.name: what}, indent=1) + "\n")
    return what
