"""CuPy's functions: the names and parameters that CuPy 14 has, computed by NumPy.

``make`` gives a function CuPy's parameters, so that it refuses the others, and holds the arguments
against CuPy's rules: device arrays where an array stands, no NumPy array beside them. It is stricter in one
place: ``cupy.sum`` and others that call a method of their argument would give a NumPy array back to NumPy.
"""

import inspect

import numpy as np

from . import _counts
from ._array import SCALARS, ndarray, wrap

# names : parameters, as ``inspect.signature`` shows them in the CuPy 14.2 wheel
TABLE = """
all any amax amin max min ptp nanmax nanmin : a, axis=None, out=None, keepdims=False
argmax argmin nanargmax nanargmin : a, axis=None, dtype=None, out=None, keepdims=False
sum prod mean nansum nanprod nanmean : a, axis=None, dtype=None, out=None, keepdims=False
std var nanstd nanvar : a, axis=None, dtype=None, out=None, ddof=0, keepdims=False
median nanmedian : a, axis=None, out=None, overwrite_input=False, keepdims=False
percentile quantile : a, q, axis=None, out=None, overwrite_input=False, method='linear', keepdims=False
average : a, axis=None, weights=None, returned=False, *, keepdims=False
cumsum cumprod nancumsum nancumprod : a, axis=None, dtype=None, out=None
cumulative_sum cumulative_prod : x, /, *, axis=None, dtype=None, out=None, include_initial=False
count_nonzero : a, axis=None
diff : a, n=1, axis=-1, prepend=None, append=None
clip : a, a_min, a_max, out=None
round around : a, decimals=0, out=None
real imag : val
nan_to_num : x, copy=True, nan=0.0, posinf=None, neginf=None
isclose allclose : a, b, rtol=1e-05, atol=1e-08, equal_nan=False
array_equal : a1, a2, equal_nan=False
isin : element, test_elements, assume_unique=False, invert=False
sort argsort : a, axis=-1, kind=None
argpartition partition : a, kth, axis=-1
lexsort : keys
searchsorted : a, v, side='left', sorter=None
digitize : x, bins, right=False
bincount : x, weights=None, minlength=None
unique : ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True
nonzero argwhere flatnonzero : a
where : condition, x=None, y=None
take : a, indices, axis=None, out=None
take_along_axis : a, indices, axis
compress : condition, a, axis=None, out=None
reshape : a, newshape, order='C', *, copy=None
ravel : a, order='C'
transpose permute_dims : a, axes=None
matrix_transpose : x, /
moveaxis : a, source, destination
swapaxes : a, axis1, axis2
expand_dims squeeze : a, axis
broadcast_to : array, shape
broadcast_arrays : *args
atleast_1d atleast_2d atleast_3d : *arys
concatenate concat stack : tup, axis=0, out=None, *, dtype=None, casting='same_kind'
vstack hstack : tup, *, dtype=None, casting='same_kind'
split array_split : ary, indices_or_sections, axis=0
repeat : a, repeats, axis=None
tile : A, reps
flip : a, axis=None
roll : a, shift, axis=None
rot90 : a, k=1, axes=(0, 1)
pad : array, pad_width, mode='constant', **kwargs
diag : v, k=0
diagonal : a, offset=0, axis1=0, axis2=1
trace : a, offset=0, axis1=0, axis2=1, dtype=None, out=None
tril triu : m, k=0
meshgrid : *xi, **kwargs
matmul : *args, axes=None, axis=None, casting='same_kind', dtype=None, out=None
dot outer : a, b, out=None
inner vdot kron : a, b
tensordot : a, b, axes=2
cross : a, b, axisa=-1, axisb=-1, axisc=-1, axis=None
einsum : *operands, **kwargs
convolve correlate : a, v, mode='full'
interp : x, xp, fp, left=None, right=None, period=None
astype : x, dtype, /, *, copy=True
copy : a, order='K'
zeros ones empty : shape, dtype=float, order='C'
full : shape, fill_value, dtype=None, order='C'
zeros_like ones_like : a, dtype=None, order='K', subok=None, shape=None
empty_like : prototype, dtype=None, order='K', subok=None, shape=None
full_like : a, fill_value, dtype=None, order='K', subok=None, shape=None
arange : start, stop=None, step=1, dtype=None
linspace : start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0
eye : N, M=None, k=0, dtype=float, order='C'
identity : n, dtype=float
indices : dimensions, dtype=int
shape ndim : a
iscomplexobj isrealobj : x
size : a, axis=None
result_type : *arrays_and_dtypes
can_cast : from_, to, casting='safe'
may_share_memory shares_memory : a, b, max_work=None
hanning hamming : M
"""

UFUNCS = """
abs absolute add arccos acos arccosh acosh arcsin asin arcsinh asinh arctan atan arctan2 atan2 arctanh atanh
bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift
bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees divide divmod equal exp exp2 expm1
fabs fix float_power floor floor_divide fmax fmin fmod frexp gcd greater greater_equal heaviside hypot i0
invert isfinite isinf isnan lcm ldexp left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2
logical_and logical_not logical_or logical_xor maximum minimum mod modf multiply negative nextafter
not_equal positive pow power rad2deg radians reciprocal remainder right_shift rint sign signbit sin sinc
sinh sqrt square subtract tan tanh true_divide trunc
"""

CONSTANTS = """
bool bool_ complex128 complex64 dtype e euler_gamma finfo float16 float32 float64 floating iinfo inf inexact
int16 int32 int64 int8 int_ integer intp isdtype issubdtype nan newaxis number pi promote_types uint16 uint32
uint64 uint8 complexfloating signedinteger unsignedinteger generic broadcast_shapes
"""

DEVICE_ONLY = {
    "a",
    "A",
    "ar",
    "array",
    "ary",
    "args",
    "arys",
    "b",
    "element",
    "m",
    "test_elements",
    "tup",
    "x",
}
SCALARS_TOO = {"where", "isclose", "allclose"}
ANY = {"shape", "ndim", "size", "iscomplexobj", "isrealobj", "result_type", "can_cast"}  # look at no number
ANY |= {"zeros_like", "ones_like", "empty_like", "full_like"}
ON_THE_HOST = {("take", "indices"), ("diag", "v"), ("roll", "shift"), ("quantile", "q"), ("percentile", "q")}
ON_THE_HOST |= {("unique", "ar"), ("tril", "m"), ("triu", "m")}  # which CuPy takes through ``asarray``
SEQUENCES = {"tup", "args", "arys", "operands", "xi", "keys", "arrays_and_dtypes"}
PLAIN = {"axis", "axes", "shape", "newshape", "dtype", "N", "M", "n", "k", "num", "order", "kind"}
READ_BACK = {"nonzero", "argwhere", "flatnonzero", "unique", "compress"}  # their sizes depend on the numbers


def argument(name, parameter, value):
    """What NumPy gets for an argument: it stays as it is, comes from the device, or is refused."""
    if parameter in SEQUENCES and isinstance(value, (list, tuple)):
        inner = "a" if parameter in DEVICE_ONLY else "value"
        return type(value)(argument(name, inner, x) for x in value)
    if isinstance(value, ndarray):
        return value if parameter in PLAIN else value._host  # an axis must be a number, not an array
    if (name, parameter) in ON_THE_HOST or name in ANY:
        _counts.add("to_device", name not in ANY and not np.isscalar(value))
        return value
    refused = isinstance(value, np.ndarray)
    if parameter in DEVICE_ONLY and name not in SCALARS_TOO:
        refused = refused or not (value is None or parameter == "x" and isinstance(value, SCALARS))
    if refused:
        raise TypeError(f"Unsupported type {type(value)}: {name} takes cupy.ndarray for {parameter!r}")
    return value


def make(name, parameters, function, error=TypeError):
    """A function of CuPy, with its parameters, that ``function`` computes on NumPy's arrays."""
    signature = inspect.signature(eval(f"lambda {parameters}: None"))

    def call(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        out = bound.arguments.get("out")
        if bound.arguments.get("kind") not in (None, "stable"):
            raise ValueError("kind can only be None or 'stable'")
        try:
            for parameter, value in bound.arguments.items():
                bound.arguments[parameter] = argument(name, parameter, value)
        except TypeError as problem:
            raise error(*problem.args) from None
        found = function(*bound.args, **bound.kwargs)
        return count(name, found, bound.arguments.values()) if out is None else _written(out)

    call.__name__, call.__signature__ = name, signature
    return call


def _written(out):
    _counts.add("launches")
    return out


def count(name, found, inputs):
    """The result on the device; one launch, unless it is a view of an input or no array at all."""
    if name in ("count_nonzero", "allclose", "array_equal"):
        found = np.asarray(found)
    parts = found if isinstance(found, (tuple, list)) else [found]
    if any(isinstance(part, (np.ndarray, np.generic)) for part in parts):
        given = [x for x in inputs if isinstance(x, np.ndarray)]
        if not any(np.may_share_memory(part, x) for part in parts for x in given):
            _counts.add("launches")
        _counts.add("to_host", name in READ_BACK)
    return wrap(tuple(found) if isinstance(found, tuple) else found)


def take(a, indices, axis=None, out=None):
    """Indices past the end wrap around."""
    if np.asarray(indices).dtype.kind not in "iub":
        raise TypeError("indices must be integers")
    return np.take(a, indices, axis, out, mode="wrap")


def take_along_axis(a, indices, axis):
    """Indices past the end wrap around."""
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    return np.take_along_axis(a, indices % max(1, a.shape[axis]), axis)


def astype(x, dtype, copy=True):
    """The same numbers in another type."""
    return x.astype(dtype, copy=copy)


def where(condition, *choices):
    """Three arguments, or one, which asks for the places."""
    return np.where(condition, *choices)


def _functions():
    own = {"take": take, "take_along_axis": take_along_axis, "astype": astype, "where": where}
    found = {}
    for line in TABLE.strip().splitlines():
        names, parameters = line.split(" : ")
        for name in names.split():
            optional = parameters.replace("axis", "axis=None") if name == "squeeze" else parameters
            found[name] = make(name, optional, own.get(name) or getattr(np, name))
    return found


FUNCTIONS = _functions()
