"""Learning: from signals to the dictionary that codes them sparsely."""

from .filters import LearnedFilters
from .ksvd import Learned, ksvd
from .lobcod import lobcod_dictionary_learning

__all__ = ["Learned", "LearnedFilters", "ksvd", "lobcod_dictionary_learning"]
