"""Arrays: the only module that knows array libraries.

The rest of the package asks ``xp = array_namespace(x)`` and then calls ``xp.`` functions only
(https://data-apis.org/array-api/), so the same lines run on NumPy, CuPy, PyTorch and JAX, and on
array_api_strict, which the tests use. Arrays of any other library are a ``TypeError``.

PyTorch and JAX differentiate ``D @ gamma``, ``D.T @ x``, the forward pass, and iterations that are
unfolded, in filters, codes and thresholds. What goes through :func:`on_host` is not differentiated. Nor
does it run under ``jax.jit``, and neither does what returns or asks for a Python number, such as an
eigenvalue of filters that are traced.
"""

from .checks import (
    as_generator,
    as_labels,
    as_map,
    as_mask,
    as_sizes,
    as_stride,
    check,
    check_each,
    check_level,
    check_type,
    check_whole,
    check_wholes,
)
from .host import arrays_in, each_array, native, on_host
from .libraries import (
    added,
    array_namespace,
    asarray,
    backend,
    double,
    eye,
    fft,
    float64,
    frozen,
    indices,
    is_numpy,
    sliding_windows,
    sparse,
    to_numpy,
    zeros,
)
from .tracing import cached, computed_now, is_traced

__all__ = [
    "added",
    "array_namespace",
    "arrays_in",
    "as_generator",
    "as_labels",
    "as_map",
    "as_mask",
    "as_sizes",
    "as_stride",
    "asarray",
    "backend",
    "cached",
    "check",
    "check_each",
    "check_level",
    "check_type",
    "check_whole",
    "check_wholes",
    "computed_now",
    "double",
    "each_array",
    "eye",
    "fft",
    "float64",
    "frozen",
    "indices",
    "is_numpy",
    "is_traced",
    "native",
    "on_host",
    "sliding_windows",
    "sparse",
    "to_numpy",
    "zeros",
]
