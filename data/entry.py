"""What registry.json says about a file."""

import hashlib

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
