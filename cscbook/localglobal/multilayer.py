"""All layers at once, by work on patches alone."""

from ..arrays import check_each
from ..dictionaries.convolution import ConvDictionary
from ..layered.together import _prepare
from ..shrinkage import soft
from .slices import _aggregate, _patches


def local_ml_ista(dictionaries, y, lams, step=None, shrink=soft, start=None):
    """Yield the deepest codes of :func:`~cscbook.layered.ml_ista`, computed patch by patch, for ever.

    Towards the signal every needle lays down its slice, ``h_{i - 1} = sum_j R_j^T D_L alpha_j``. Then,
    towards the deepest layer, it does in parallel ``alpha_j <- shrink(alpha_j - c_i D_L^T R_j (h_{i - 1} -
    gamma_{i - 1}), t_i lam_i)``, with its own patch of the difference. The numbers are those of ``ml_ista``:
    needle j of ``D^T r`` is ``D_L^T R_j r``.

    Parameters
    ----------
    dictionaries : list of ConvDictionaries
    y, lams, step, shrink, start
        As for :func:`~cscbook.layered.ml_ista`.
    """
    check_each("dictionaries", dictionaries, ConvDictionary)
    gamma, steps, betas = _prepare(dictionaries, y, lams, step, start)
    while True:
        implied = [gamma]
        for D in reversed(dictionaries):
            implied.insert(0, _aggregate(D, implied[0] @ D.local.T))
        below = y
        for D, before, h, c, beta in zip(dictionaries, implied, implied[1:], steps, betas, strict=False):
            below = shrink(h - c * (_patches(D, before - below) @ D.local), beta)
        gamma = below
        yield gamma
