"""``cupy.linalg``: device arrays only, and no error where a matrix is singular.

CuPy does not look at what cuSOLVER reports unless it is told to, so a factorisation that fails gives NaN
here, and no ``LinAlgError``.
"""

import numpy as _np
from numpy.linalg import LinAlgError

from ._functions import FUNCTIONS as _FUNCTIONS
from ._functions import make as _make

_TABLE = """
cholesky inv det slogdet eig eigvals : a
eigh eigvalsh : a, UPLO='L'
solve : a, b
lstsq : a, b, rcond=None
norm : x, ord=None, axis=None, keepdims=False
pinv : a, rcond=1e-15
qr : a, mode='reduced'
svd : a, full_matrices=True, compute_uv=True
matrix_rank : M, tol=None
matrix_power : M, n
cond : x, p=None
"""


def _quiet(function):
    """``function`` without an error for a singular matrix: the last argument's shape, full of NaN."""

    def compute(*args, **kwargs):
        try:
            found = function(*args, **kwargs)
        except LinAlgError as problem:
            if "Singular" not in str(problem) and "positive definite" not in str(problem):
                raise
            found = _np.full_like(args[-1], _np.nan, dtype=_np.result_type(*args, _np.float32))
        return tuple(found) if isinstance(found, tuple) else found

    return compute


def _solve(a, b):
    if b.ndim > 1 and a.shape[:-1] != b.shape[:-1]:
        raise ValueError("a must have (..., M, M) shape and b must have (..., M, K) for multidimensional b")
    found = _np.linalg.solve(a, b[..., None] if b.ndim == 1 else b)
    return found[..., 0] if b.ndim == 1 else found


for _line in _TABLE.strip().splitlines():
    _names, _parameters = _line.split(" : ")
    for _name in _names.split():
        _function = _solve if _name == "solve" else getattr(_np.linalg, _name)
        globals()[_name] = _make(_name, _parameters, _quiet(_function), LinAlgError)
matmul, matrix_transpose = _FUNCTIONS["matmul"], _make("matrix_transpose", "a", _np.matrix_transpose)
