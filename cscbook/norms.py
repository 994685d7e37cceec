"""Mixed norms: non-zeros in the fullest stripe or patch, and the norm of the largest patch."""

from .arrays import array_namespace, as_stride, asarray, check, double, float64
from .dictionaries.matrix import shifted_coherence
from .dictionaries.places import SparseCode
from .local import patches, stripes


def l0(gamma):
    """Number of non-zeros ``||gamma||_0`` of an array or a sparse matrix."""
    if hasattr(gamma, "count_nonzero"):
        return int(gamma.count_nonzero())
    return int(array_namespace(gamma).count_nonzero(gamma))


def energy(x):
    """``||x||_2^2`` of a whole array, summed in double precision."""
    xp = array_namespace(x)
    return float(xp.sum(x * x, dtype=double(x)))


def filter_norms(filters):
    """``||d_k||_2`` of filters ``(*size, c, m)``, or of the columns of a matrix; zero where a filter is."""
    xp = array_namespace(filters)
    return xp.sqrt(xp.sum(filters * filters, axis=tuple(range(filters.ndim - 1))))


def _needles(gamma):
    """Non-zeros of each needle of a code, or of each sample of a signal: (*batch, *positions, 1)."""
    if isinstance(gamma, SparseCode):
        return gamma.needles()[..., None]
    return array_namespace(check("gamma", gamma)).count_nonzero(gamma, axis=-1)[..., None]


def _fullest(views, counts, size, *how):
    """The counts that each view holds, axis by axis: views of all axes at once would need much memory."""
    xp = array_namespace(counts)
    for axis in range(len(size)):
        along = tuple(n if a == axis else 1 for a, n in enumerate(size))
        counts = xp.sum(views(counts, along, *how), axis=-1)[..., None]
    return counts[..., 0]


def l0_inf_stripe(gamma, size, stride=1, circular=True):
    """Non-zeros in the fullest stripe, ``max_i ||gamma_i||_0`` [Papyan, Sulam & Elad, 2017].

    ``gamma`` has shape ``(*batch, *positions, m)``, or is a :class:`~cscbook.SparseCode`; ``size`` is that of
    the atoms. The maximum runs over the batch too.
    """
    counts = _fullest(stripes, _needles(gamma), size, stride, circular)
    return int(array_namespace(counts).max(counts))


def l0_inf_patch(gamma, size, stride=1, circular=True):
    """Non-zeros in the fullest patch of a code or signal, ``max_i ||P_i gamma||_0``."""
    counts = _fullest(patches, _needles(gamma), size, 1, circular)
    step = (..., *(slice(None, None, as_stride(stride)) for _ in size))
    return int(array_namespace(counts).max(counts[step]))


def l2_inf_patch(e, size, stride=1, circular=True):
    """Norm of a signal on the patch where it is largest, ``max_i ||R_i e||_2``: the local noise level."""
    xp = array_namespace(e)
    return float(xp.max(xp.linalg.vector_norm(patches(check("e", e), size, stride, circular), axis=-1)))


def stripe_coherence(gamma, D):
    """Stripe coherence of each stripe, ``zeta_i = sum_s ||alpha_{i + s}||_0 mu_s`` [Papyan, Sulam &
    Elad, 2017].

    Non-zeros count by how much atoms at their distance can correlate, so ``zeta_i <= mu
    ||gamma_i||_0``. ``gamma`` has shape ``(*batch, *positions, m)``; one value per position; ``mu_s`` are
    the :func:`~cscbook.dictionaries.matrix.shifted_coherence`.
    """
    xp = array_namespace(check("gamma", gamma))
    weight = asarray(shifted_coherence(D).reshape(-1), like=float64(gamma))
    needles = xp.sum(float64(gamma != 0), axis=-1)[..., None]
    return stripes(needles, D.size, D.stride, D.circular) @ weight
