"""The convolutional dictionary: the global matrix D of the convolutional model, never stored.

Two lines define it: ``D.T @ x = patches(x) @ D_L`` and ``D @ gamma = aggregate(gamma @ D_L.T)``.
Inside, the same numbers come from these lines or from the Fourier domain, whichever is faster (see
``_spectral_is_faster``).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import (
    array_namespace,
    as_sizes,
    as_stride,
    asarray,
    cached,
    check,
    check_type,
    each_array,
    frozen,
    is_numpy,
    to_numpy,
    zeros,
)
from ..local import aggregate, patches, positions, times
from . import direct, fourier
from .places import SparseCode


@dataclass(frozen=True, eq=False)
class ConvDictionary:
    """All shifts of a few filters, as one matrix with ``D @ gamma`` and ``D.T @ x``.

    Column (i, k) is filter k placed at position ``stride * i`` [Papyan, Sulam & Elad, 2017].

    Parameters
    ----------
    filters : array, shape (*size, c, m)
        m filters of ``c`` channels; as many axes in ``size`` as in ``space``. The dictionary keeps a copy
        of its own, which NumPy refuses to change.
    space : tuple of int
        Size of the signals.
    stride : int
        Distance of neighbouring positions.
    circular : bool
        True: atoms wrap around, and the code has shape ``(*space // stride, m)``. False: atoms lie
        wholly inside, and it has shape ((N - n) // stride + 1, ..., m).

    Attributes
    ----------
    size, positions : tuple of int
        Of the filters, and of the code.
    local : array (n c, m)
        The local dictionary D_L.
    stripe_dictionary : array (n c, stripe m)
        Omega: all shifts of D_L, cropped to one patch. A stripe holds ``(2 ceil(n / stride) - 1)^d``
        needles.
    lipschitz : float
        Largest eigenvalue of ``D^T D``.
    """

    filters: object
    space: tuple
    stride: int = 1
    circular: bool = True

    def __post_init__(self):
        object.__setattr__(self, "filters", frozen(check("filters", self.filters)))
        space = as_sizes("space", self.space)
        object.__setattr__(self, "space", space)
        object.__setattr__(self, "stride", as_stride(self.stride))
        if self.filters.ndim != len(space) + 2:
            raise ValueError(
                f"filters of shape {tuple(self.filters.shape)} do not fit signals on {space}: "
                f"expected (*size, c, m), {len(space) + 2} axes"
            )
        positions(self.size, space, self.stride, self.circular)

    @property
    def size(self):
        return tuple(self.filters.shape[:-2])

    @cached_property
    def positions(self):
        return positions(self.size, self.space, self.stride, self.circular)

    @cached
    def local(self):
        return array_namespace(self.filters).reshape(self.filters, (-1, self.filters.shape[-1]))

    @property
    def T(self):
        return Adjoint(self)

    @property
    def shape(self):
        """Rows and columns of the explicit matrix."""
        c, m = self.filters.shape[-2:]
        return math.prod(self.space) * c, math.prod(self.positions) * m

    def __matmul__(self, gamma):
        """``D @ gamma``: code ``(*batch, *positions, m)``, or a :class:`SparseCode`, to signal ``(*batch,
        *space, c)``."""
        if isinstance(gamma, ConvDictionary | Product):
            return Product((self, gamma))
        if isinstance(gamma, SparseCode):
            return gamma.synthesize(self)
        self._check(gamma, self.positions, self.filters.shape[-1], "code")
        if self._spectral_is_faster():
            return fourier.synthesis(self, gamma)
        return aggregate(times(gamma, self.local.T), self.size, self.space, self.stride, self.circular)

    def correlate(self, x):
        """``D.T @ x``: signal ``(*batch, *space, c)`` to correlations ``(*batch, *positions, m)``."""
        self._check(x, self.space, self.filters.shape[-2], "signal")
        if self._spectral_is_faster():
            return fourier.analysis(self, x)
        if is_numpy(x, self.filters) and direct.suits(self):
            return direct.correlate(self, x)
        return times(patches(x, self.size, self.stride, self.circular), self.local)

    def _check(self, x, space, channels, what):
        array_namespace(self.filters, x)
        d = len(self.space)
        if x.ndim <= d or tuple(x.shape[-d - 1 :]) != (*space, channels):
            expected = ", ".join(map(str, (*space, channels)))
            raise ValueError(f"{what} of shape {tuple(x.shape)} does not fit: expected (*batch, {expected})")

    def _spectral_is_faster(self):
        """Compare the arithmetic of both routes; the factors were measured (float32 and float64, 1-D
        and 2-D)."""
        n, (c, m) = math.prod(self.size), self.filters.shape[-2:]
        N, P = math.prod(self.space), math.prod(self.positions)
        direct = P * n * c * (2 + m / 4)
        return N * ((m + c) * 2.5 * math.log2(N) + 8 * m * c) < direct

    @cached
    def spectrum(self):
        """Transform of the filters, placed at the origin: shape ``(*frequencies, c, m)``."""
        return fourier.spectrum(self.filters, self.space)

    @cached
    def stripe_dictionary(self):
        xp = array_namespace(self.filters)
        wide = xp.reshape(self.filters, (*self.size, -1))
        for axis, n in enumerate(self.size):
            around = (-(-n // self.stride) - 1) * self.stride  # how far away the last needles stand
            border = zeros((*wide.shape[:axis], around, *wide.shape[axis + 1 :]), like=wide)
            wide = xp.concat([border, wide, border], axis=axis)
        cropped = patches(wide, self.size, self.stride, circular=False)  # the last needle sees the beginning
        cropped = xp.flip(cropped, axis=tuple(range(len(self.space))))
        cropped = xp.reshape(cropped, (-1, *self.local.shape))
        return xp.reshape(xp.permute_dims(cropped, (1, 0, 2)), (self.local.shape[0], -1))

    @cached
    def lipschitz(self):
        xp = array_namespace(self.filters)
        if self.circular and self.stride == 1:
            gram = self.spectrum @ xp.conj(xp.matrix_transpose(self.spectrum))  # (*frequencies, c, c)
            return float(xp.max(xp.linalg.eigvalsh(gram)))
        return _largest_eigenvalue(self)


@dataclass(frozen=True, eq=False)
class Adjoint:
    """``D.T``: the adjoint of a dictionary."""

    D: object

    def __matmul__(self, x):
        return self.D.correlate(x)

    @property
    def T(self):
        return self.D


@dataclass(frozen=True, eq=False)
class Product:
    """``D1 @ D2 @ ...``: the effective dictionary of several layers; its atoms are ``filters``."""

    factors: tuple

    def __post_init__(self):
        flat = ()
        for part in self.factors:
            check_type("a factor", part, ConvDictionary, Product)
            flat += part.factors if isinstance(part, Product) else (part,)
        if not flat:
            raise ValueError("factors = (): expected at least one dictionary")
        object.__setattr__(self, "factors", flat)
        for outer, inner in zip(flat, flat[1:], strict=False):
            code = (*outer.positions, outer.filters.shape[-1])
            if code != (*inner.space, inner.filters.shape[-2]):
                expected = (*inner.space, inner.filters.shape[-2])
                raise ValueError(f"the code of one layer has shape {code}, the next expects {expected}")

    def __matmul__(self, gamma):
        if isinstance(gamma, ConvDictionary | Product):
            return Product((self, gamma))
        for D in reversed(self.factors):
            gamma = D @ gamma
        return gamma

    def correlate(self, x):
        for D in self.factors:
            x = D.correlate(x)
        return x

    @property
    def T(self):
        return Adjoint(self)

    @property
    def space(self):
        return self.factors[0].space

    @property
    def positions(self):
        return self.factors[-1].positions

    @property
    def shape(self):
        return self.factors[0].shape[0], self.factors[-1].shape[1]

    @property
    def stride(self):
        return math.prod(D.stride for D in self.factors)

    @property
    def circular(self):
        return self.factors[0].circular

    @cached
    def filters(self):
        """Effective atoms ``(*size, c, m)``: each layer adds ``stride * (n - 1)`` to their size."""
        last, *before = reversed(self.factors)
        atoms, xp = last.filters, array_namespace(last.filters)
        for D in before:
            atoms = xp.moveaxis(atoms, -1, 0)  # every effective atom so far is a code of the layer before
            span = tuple(n + D.stride * (s - 1) for n, s in zip(D.size, atoms.shape[1:-1], strict=True))
            atoms = xp.moveaxis(ConvDictionary(D.filters, span, D.stride, circular=False) @ atoms, 0, -1)
        return frozen(atoms)

    @property
    def size(self):
        return tuple(self.filters.shape[:-2])

    @cached
    def effective(self):
        """The same dictionary as one ConvDictionary, of the effective atoms; they must fit the signal."""
        if len({D.circular for D in self.factors}) > 1:
            raise ValueError("some layers are circular and some are not: no convolutional dictionary is both")
        return ConvDictionary(self.filters, self.space, self.stride, self.circular)

    @cached
    def lipschitz(self):
        return _largest_eigenvalue(self)


def _largest_eigenvalue(D, steps=300, rtol=1e-4, least=8):
    """Largest eigenvalue of ``D^T D`` by the steps of Lanczos (1950) from a fixed random code,
    until the residual of the eigenvector is ``rtol`` of it; a lower bound, exact to about ``rtol``. A few
    steps are always made, as the start may lie beside another eigenvector. They are those of ``D / t``, ``t``
    a power of two, so that nothing leaves single precision."""
    like = (D if isinstance(D, ConvDictionary) else D.factors[0]).filters
    m = (D if isinstance(D, ConvDictionary) else D.factors[-1]).filters.shape[-1]
    xp, diagonal, beside = array_namespace(like), [], [0.0]
    q = asarray(np.random.default_rng(0).standard_normal((*D.positions, m)), like=like)
    before, q = 0 * q, q / xp.sqrt(xp.sum(q * q))
    first = float(xp.linalg.vector_norm(xp.reshape(D @ q, (-1,))))
    t = 2.0 ** round(math.log2(first)) if first > 0 else 1.0
    for _ in range(steps):
        w = D.T @ (D @ q / t) / t - beside[-1] * before
        diagonal.append(float(xp.sum(w * q)))
        w = w - diagonal[-1] * q
        beside.append(float(xp.sqrt(xp.sum(w * w))))
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside[1:-1], -1))
        exhausted = beside[-1] <= 1e2 * float(xp.finfo(like.dtype).eps) * values[-1]
        near = beside[-1] * abs(vectors[-1, -1]) <= rtol * values[-1]
        if exhausted or (near and len(diagonal) >= least):
            break
        before, q = q, w / beside[-1]
    return float(values[-1]) * t**2 * (1 + rtol)


def linear_operator(D):
    """``D`` as a ``scipy.sparse.linalg.LinearOperator`` on flattened NumPy codes and signals; filters on a
    device are copied to the host."""
    from scipy.sparse.linalg import LinearOperator

    D = each_array(to_numpy, check_type("D", D, ConvDictionary, Product))
    like = (D if isinstance(D, ConvDictionary) else D.factors[0]).filters
    m = (D if isinstance(D, ConvDictionary) else D.factors[-1]).filters.shape[-1]
    return LinearOperator(
        D.shape,
        dtype=like.dtype,
        matvec=lambda g: (D @ g.reshape(*D.positions, m)).ravel(),
        rmatvec=lambda x: (D.T @ x.reshape(*D.space, like.shape[-2])).ravel(),
    )
