"""Post-processing of the method noise: what K-SVD denoising took away beside the noise."""

import numpy as np

from ...arrays import check, check_level, on_host
from ...norms import l0
from .after_ksvd import by_dictionary, join
from .ksvd import GAIN, Denoised, averaged, centred_patches, code_patches, single, synthesize


def on_used_atoms(P, D, code):
    """Project each column of ``P`` (n, p) on the span of the atoms that its column of ``code`` (m, p) uses.

    Columns without atoms become zero. The atoms that a column uses must be independent, as those of OMP.
    """
    if check("P", P, ndim=2).shape != (D.shape[0], code.shape[1]) or code.shape[0] != D.shape[1]:
        raise ValueError(
            f"P of shape {tuple(P.shape)}, D of shape {tuple(D.shape)}, code of shape {tuple(code.shape)}: "
            "expected (n, p), (n, m) and (m, p)"
        )
    return _projected(P, check("D", D, ndim=2), code)


@on_host
def _projected(P, D, code):
    code = code.T.toarray() if hasattr(code, "nnz") else code.T
    counts, found = np.count_nonzero(code, axis=1), np.zeros_like(P)
    for k in np.unique(counts[counts > 0]):
        some = np.flatnonzero(counts == k)
        atoms = D.T[np.nonzero(code[some])[1].reshape(-1, k)]  # (some, k, n)
        seen = np.linalg.solve(atoms @ atoms.mT, atoms @ P.T[some][:, :, None])
        found[:, some] = np.sum(atoms * seen, axis=1).T
    return found


def restore_method_noise(y, sigma, D, share=0.25, gain=GAIN):
    """Denoise by OMP over ``D``, and give back what the used atoms find in the method noise.

    From ``x = denoise_omp(y, sigma, D, gain).x`` on, each patch of the method noise ``y - x``, without its
    mean, is projected on the atoms that coded the patch of ``y`` (:func:`on_used_atoms`); the projections
    are averaged as the patches were, and ``share`` of them is added to ``x``. A variant of
    [Romano & Elad, 2013].

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    D : array (n, m), or a tuple of one per channel
        What :func:`denoise_ksvd` learned on ``y``.
    share : float

    Returns
    -------
    Denoised
    """
    (channels, size, sigma), gain = by_dictionary(y, sigma, D), check_level("gain", gain)
    share = check_level("share", share)
    return join([_restore(part, D, size, sigma, share, gain) for part, D in channels])


def _restore(y, D, size, sigma, share, gain):
    P, mean = centred_patches(single(y), size)
    code = code_patches(P, D, sigma, gain)
    x = averaged(synthesize(D, code) + mean, y, size, 30 / sigma)
    lost, _ = centred_patches(single(y - x), size)
    found = averaged(on_used_atoms(lost, single(D), code), 0 * y, size, 30 / sigma)
    return Denoised(x + share * found, D, l0(code) / P.shape[1])
