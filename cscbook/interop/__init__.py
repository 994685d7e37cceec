"""The way to other libraries and back: what their arrays mean, said in ours.

The scikit-learn estimators stand in ``cscbook.interop.estimators``, which alone imports scikit-learn.
"""

from .convert import (
    from_alphacsc,
    from_channels_first,
    from_sklearn,
    from_sporco,
    from_sporco_code,
    from_torch,
    to_alphacsc,
    to_channels_first,
    to_sklearn,
    to_sporco,
    to_sporco_code,
    to_torch,
)

__all__ = [
    "from_alphacsc",
    "from_channels_first",
    "from_sklearn",
    "from_sporco",
    "from_sporco_code",
    "from_torch",
    "to_alphacsc",
    "to_channels_first",
    "to_sklearn",
    "to_sporco",
    "to_sporco_code",
    "to_torch",
]
