"""``cupy.lib``."""

from . import stride_tricks
