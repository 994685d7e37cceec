"""``cupyx.scipy.fft``: SciPy's transforms without ``workers``."""

import scipy.fft as _fft
from cupy.fft import _functions

_TABLE = """
fft ifft rfft irfft hfft ihfft : x, n=None, axis=-1, norm=None, overwrite_x=False
fft2 ifft2 rfft2 irfft2 hfft2 ihfft2 : x, s=None, axes=(-2, -1), norm=None, overwrite_x=False
fftn ifftn rfftn irfftn hfftn ihfftn : x, s=None, axes=None, norm=None, overwrite_x=False
dct idct dst idst : x, type=2, n=None, axis=-1, norm=None, overwrite_x=False
dctn idctn dstn idstn : x, type=2, s=None, axes=None, norm=None, overwrite_x=False
next_fast_len : target, real=False
"""
globals().update(_functions(_TABLE, _fft))
