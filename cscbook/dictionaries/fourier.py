"""The convolutional dictionary in the Fourier domain: ``D @ gamma`` and ``D.T @ x`` as products of spectra.

A stride puts zeros between the needles; a code without wrap-around is one on the circle with zeros at its
end.
"""

from ..arrays import added, array_namespace, fft, zeros


def spectrum(filters, space):
    """Transform of the filters, placed at the origin: shape ``(*frequencies, c, m)``."""
    axes = tuple(range(len(space)))
    return fft(filters).rfftn(_grow(filters, axes, space), axes=axes)


def synthesis(D, gamma):
    """``D @ gamma``: code ``(*batch, *positions, m)`` to signal ``(*batch, *space, c)``."""
    xp, axes = array_namespace(gamma), _axes(D, gamma)
    code = fft(gamma).rfftn(_grow(_upsample(gamma, axes, D.stride), axes, D.space), axes=axes)
    x = xp.sum(code[..., None, :] * D.spectrum, axis=-1)
    return xp.astype(fft(gamma).irfftn(x, s=D.space, axes=axes), gamma.dtype)


def analysis(D, x):
    """``D.T @ x``: signal ``(*batch, *space, c)`` to correlations ``(*batch, *positions, m)``."""
    xp, axes = array_namespace(x), _axes(D, x)
    seen = xp.sum(fft(x).rfftn(x, axes=axes)[..., None] * xp.conj(D.spectrum), axis=-2)
    seen = fft(x).irfftn(seen, s=D.space, axes=axes)
    at = tuple(slice(0, D.stride * (p - 1) + 1, D.stride) for p in D.positions)
    return xp.astype(seen[(..., *at, slice(None))], x.dtype)


def _axes(D, x):
    return tuple(range(x.ndim - 1 - len(D.space), x.ndim - 1))


def _grow(x, axes, space):
    """Zero-pad ``axes`` of ``x`` at their ends, up to ``space``."""
    xp = array_namespace(x)
    for axis, N in zip(axes, space, strict=True):
        missing = N - x.shape[axis]
        if missing:
            x = xp.concat([x, zeros(x.shape[:axis] + (missing,) + x.shape[axis + 1 :], like=x)], axis=axis)
    return x


def _upsample(gamma, axes, stride):
    """Put ``stride - 1`` zeros between the needles."""
    if stride == 1:
        return gamma
    shape = list(gamma.shape)
    for axis in axes:
        shape[axis] = stride * (shape[axis] - 1) + 1
    return added(
        zeros(tuple(shape), like=gamma), (..., *[slice(None, None, stride)] * len(axes), slice(None)), gamma
    )
