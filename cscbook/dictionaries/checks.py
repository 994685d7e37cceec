"""What a dictionary must be, wherever one is handed in."""

from ..arrays import check


def check_dictionary(D, name="D"):
    """Raise unless ``D`` is a matrix (n, m), or has ``D @ gamma`` and ``D.T @ x`` as a ``ConvDictionary``
    has."""
    if hasattr(D, "ndim"):
        check(name, D, ndim=2)
    elif not (hasattr(D, "T") and hasattr(D, "__matmul__")):
        raise TypeError(f"{name} is of type {type(D).__name__}: expected a matrix (n, m) or a ConvDictionary")
    return D
