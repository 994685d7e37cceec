"""Arrays that a library differentiates or traces: PyTorch's tensors with a gradient, and JAX's tracers."""

import contextlib
import sys

import array_api_compat

from .host import arrays_in


def is_traced(x):
    """Whether ``x`` is a JAX tracer: an array without values, inside of ``jax.jit`` or ``jax.grad``."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(x, jax.core.Tracer)


def _constant(x):
    """Whether ``x`` has values, and no gradient passes through it."""
    if array_api_compat.is_torch_array(x):
        return not (x.requires_grad or x.is_inference())
    return not is_traced(x)


class cached:
    """A property that is computed once; anew at each call where a library differentiates or traces it."""

    def __init__(self, function):
        self.function, self.__doc__ = function, function.__doc__

    def __get__(self, owner, kind=None):
        if owner is None:
            return self
        if "torch" not in sys.modules and "jax" not in sys.modules:
            value = owner.__dict__[self.function.__name__] = self.function(owner)
            return value
        given = list(arrays_in(owner))
        with computed_now(*given):
            value = self.function(owner)
        if isinstance(value, float) or all(map(_constant, [*given, *arrays_in(value)])):
            owner.__dict__[self.function.__name__] = value
        return value


def computed_now(*arrays):
    """A context in which JAX computes with ``arrays`` at once, also inside of ``jax.jit``, unless it traces
    one of them."""
    if any(map(array_api_compat.is_jax_array, arrays)) and not any(map(is_traced, arrays)):
        return sys.modules["jax"].ensure_compile_time_eval()
    return contextlib.nullcontext()
