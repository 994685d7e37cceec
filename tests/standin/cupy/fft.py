"""``cupy.fft``."""

import numpy as _np

from ._functions import make as _make

_TABLE = """
fft ifft rfft irfft hfft ihfft : a, n=None, axis=-1, norm=None
fft2 ifft2 rfft2 irfft2 : a, s=None, axes=(-2, -1), norm=None
fftn ifftn rfftn irfftn : a, s=None, axes=None, norm=None
fftfreq rfftfreq : n, d=1.0
fftshift ifftshift : x, axes=None
"""


def _functions(table, module):
    """The functions of a table, by name."""
    lines = [line.split(" : ") for line in table.strip().splitlines()]
    return {n: _make(n, parameters, getattr(module, n)) for names, parameters in lines for n in names.split()}


globals().update(_functions(_TABLE, _np.fft))
