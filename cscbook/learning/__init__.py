"""Learning: from signals to the dictionary that codes them sparsely."""

from .ksvd import Learned, ksvd

__all__ = ["Learned", "ksvd"]
