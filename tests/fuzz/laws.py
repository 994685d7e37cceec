"""Random problems for laws: every shape, stride, border, precision, order in memory, and scale."""

import functools
import math
import os
from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cscbook import ConvDictionary
from cscbook.arrays.checks import MOST

EXAMPLES = max(25, int(os.environ.get("CSCBOOK_FUZZ", "0")) // 25)
settings.register_profile(
    "few", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("nightly", settings.get_profile("few"), derandomize=False, print_blob=True)
PROFILE = "nightly" if "CSCBOOK_FUZZ" in os.environ else "few"
TOL = {"float64": 1e-10, "float32": 2e-4}


def law(**drawn):
    """A test of a law over what hypothesis draws, which says how many cases it saw."""

    def decorate(test):
        def run(record_property):
            seen = []
            profile = settings(settings.get_profile(PROFILE), max_examples=EXAMPLES)
            profile(given(**drawn)(functools.wraps(test)(lambda **a: seen.append(1) or test(**a))))()
            record_property("cases", len(seen))

        run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
        return run

    return decorate


@dataclass
class Problem:
    """A dictionary, a code, a signal, and what error its precision allows."""

    D: object
    gamma: object
    y: object
    tol: float

    def parts(self):
        return self.D, self.gamma, self.y, self.tol

    def view(self):
        return self.D.size, self.D.stride, self.D.circular


orders = st.sampled_from(["C", "F", "backwards", "every other", "read-only"])
scales = st.integers(-12, 12).map(lambda e: 10.0**e)
powers = st.integers(-40, 40).map(lambda e: 2.0**e)
seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from(["float64", "float32"])


def within(*arrays):
    """Whether the package takes numbers of this size."""
    return all(np.abs(a).max(initial=0) <= MOST[a.dtype.name] for a in arrays)


def laid(a, order):
    """The array in another order in memory."""
    if order == "F":
        return np.asfortranarray(a)
    if order == "backwards":
        return a[::-1].copy()[::-1]
    if order == "every other":
        return np.repeat(a, 2, axis=-1)[..., ::2]
    a = np.ascontiguousarray(a)
    a.flags.writeable = order != "read-only"
    return a


@st.composite
def geometries(draw, axes=(1, 2), strides=3, longest=5):
    """``size, space, stride, circular`` that fit one another."""
    d = draw(st.sampled_from(axes))
    stride, circular = draw(st.integers(1, strides)), draw(st.booleans())
    size = tuple(draw(st.integers(1, longest if d == 1 else 3)) for _ in range(d))
    if circular:
        space = tuple(stride * (math.ceil(n / stride) + draw(st.integers(0, 4))) for n in size)
    else:
        space = tuple(n + draw(st.integers(0, 7)) for n in size)
    return size, space, stride, circular


@st.composite
def shifts(draw, batches=((), (1,), (3,), (2, 1)), spread=scales, **geometry):
    """A convolutional dictionary, a dense code and a signal, each of a scale and an order of its own."""
    size, space, stride, circular = draw(geometries(**geometry))
    c, m, batch = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.sampled_from(batches))
    rng, dtype = np.random.default_rng(draw(seeds)), draw(dtypes)

    def array(*shape):
        a = draw(spread) * rng.standard_normal(shape)
        return laid(a.astype(dtype), draw(orders))

    D = ConvDictionary(array(*size, c, m), space, stride, circular)
    return Problem(D, array(*batch, *D.positions, m), array(*batch, *space, c), TOL[dtype])


@st.composite
def columns(draw, batches=((), (1,), (4,)), wide=True):
    """A matrix of unit atoms, a sparse code, and its signal in noise, at one scale."""
    rng, dtype = np.random.default_rng(draw(seeds)), draw(dtypes)
    n = draw(st.integers(3, 10))
    m = draw(st.integers(n, 2 * n)) if wide else draw(st.integers(1, n))
    batch, scale = draw(st.sampled_from(batches)), draw(scales)
    D = rng.standard_normal((n, m))
    D /= np.linalg.norm(D, axis=0)
    gamma = rng.standard_normal((m, *batch)) * (rng.random((m, *batch)) < 0.3)
    gamma[0] = 1.0
    y = D @ gamma + 0.05 * rng.standard_normal((n, *batch))
    made = (laid(a.astype(dtype), draw(orders)) for a in (D, scale * gamma, scale * y))
    return Problem(*made, TOL[dtype])


def near(a, b, tol, scale=None):
    """Equal up to ``tol`` times the largest entry of ``b``, or times ``scale``."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    assert a.shape == b.shape, (a.shape, b.shape)
    most = float(np.abs(b).max(initial=0)) if scale is None else scale
    assert np.abs(a - b).max(initial=0) <= tol * most, (np.abs(a - b).max(), most)


def inner(a, b):
    return float(np.sum(np.asarray(a, np.float64) * np.asarray(b, np.float64)))


def gap(M, y, gamma, lam, nonnegative=False):
    """``(primal, primal - dual)`` of ``||y - M g||^2 / 2 + sum lam |g|`` from the explicit matrix, in double
    precision: ``v`` is feasible, so its value is a lower bound. ``lam`` is a number or one an atom."""
    M, y, gamma = (np.asarray(a, np.float64) for a in (M, y, gamma))
    r = y - M @ gamma
    seen = M.T @ r if nonnegative else np.abs(M.T @ r)
    v = r / max(1.0, float((seen / lam).max()))
    primal = r @ r / 2 + float(np.sum(lam * np.abs(gamma)))
    return primal, primal - (y @ y - (y - v) @ (y - v)) / 2
