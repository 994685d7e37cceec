"""Layer after layer: any pursuit, run on the signal, then on the code that it found, and so on."""

from itertools import islice
from numbers import Real

from ..arrays import array_namespace, check, check_level, check_whole
from ..dictionaries.convolution import ConvDictionary
from ..dictionaries.matrix import dense
from ..pursuits import Pursuit, basis_pursuit, basis_pursuit_equality, ista
from ..shrinkage import hard, soft, soft_nonnegative
from .model import check_layers, largest_eigenvalues, refit


def layered(pursuit, dictionaries, y, knobs):
    """``[gamma_1, ..., gamma_K]`` with ``gamma_i = pursuit(D_i, gamma_{i - 1}, knobs[i])`` and ``gamma_0
    = y``.

    Parameters
    ----------
    pursuit : function
        ``pursuit(D, y, knob)``, returning a Pursuit or a code: ``thresholding`` (thresholds), ``omp``
        (numbers of atoms), ``basis_pursuit`` (weights), or your own.
    dictionaries : list of matrices or ConvDictionaries
    y : array
        The signal.
    knobs : list
        One per layer.
    """
    check_layers(dictionaries, knobs, names=["knobs"])
    check("y", y)
    codes = []
    for D, knob in zip(dictionaries, knobs, strict=True):
        found = pursuit(D, codes[-1] if codes else y, knob)
        codes.append(found.gamma if isinstance(found, Pursuit) else found)
    return codes


def layered_thresholding(dictionaries, y, betas, shrink=hard):
    """``gamma_i = shrink(D_i^T gamma_{i - 1}, beta_i)``: one product and one threshold per layer.

    ``shrink`` is ``hard``, ``soft`` or ``soft_nonnegative``; ``betas`` are numbers, or arrays (m_i,) of
    one threshold per atom. See ``threshold_interval`` for thresholds that are safe [Papyan, Romano &
    Elad, 2017].
    """
    betas = [check_number("beta", beta) for beta in betas]
    return layered(lambda D, y, beta: shrink(D.T @ y, beta), dictionaries, y, betas)


def check_number(name, value):
    """A finite number of any sign, or an array of them."""
    if isinstance(value, Real):
        check_level(name, abs(value))
        return value
    return check(name, value)


def forward_pass(dictionaries, y, betas):
    """The forward pass of a convolutional network, ``gamma_i = ReLU(D_i^T gamma_{i - 1} - beta_i)``.

    It is layered soft non-negative thresholding: the filters are the weights, and the bias is ``-beta``
    [Papyan, Romano & Elad, 2017]. ``betas`` are numbers or arrays (m_i,), of any sign.
    """
    return layered_thresholding(dictionaries, y, betas, soft_nonnegative)


def layered_basis_pursuit(dictionaries, y, lams=None, tol=1e-6, **options):
    """Layered basis pursuit: each layer minimises ``||gamma_{i - 1} - D_i g||^2 / 2 + lam_i ||g||_1``
    [Papyan, Romano & Elad, 2017].

    Without ``lams`` it is the noiseless problem, ``min ||g||_1`` such that ``gamma_{i - 1} = D_i g``
    [Zeiler, Krishnan, Taylor & Fergus, 2010].

    Parameters
    ----------
    dictionaries : list of matrices or ConvDictionaries
    y : array
        The signal; without ``lams`` in the range of the first dictionary.
    lams : list of float, optional
        One weight per layer.
    tol : float
        Relative duality gap in each layer.
    **options
        For :func:`~cscbook.pursuits.basis_pursuit`: ``method=local_ista`` or ``method=slice_admm``
        solves every layer by local steps, ``nonnegative=True`` searches non-negative codes.
    """
    if lams is None:
        return layered(_noiseless, dictionaries, y, [tol] * len(check_layers(dictionaries)))
    return layered(lambda D, y, lam: basis_pursuit(D, y, lam, tol, **options), dictionaries, y, lams)


def _noiseless(D, x, tol):
    """Noiseless BP, then least squares on what it chose wherever that still explains the signal: exact
    codes are signals that the next layer can explain."""
    xp = array_namespace(x)
    spectral = isinstance(D, ConvDictionary) and D.circular and D.stride == 1
    if spectral or not isinstance(D, ConvDictionary):
        gamma = basis_pursuit_equality(D, x, tol).gamma
    else:
        columns = xp.reshape(x, (-1, D.shape[0])).T
        gamma = basis_pursuit_equality(dense(D), columns, tol).gamma.T
        gamma = xp.reshape(gamma, (*x.shape[: -1 - len(D.space)], *D.positions, D.filters.shape[-1]))
    return (
        _sharpened(D, x, gamma) if isinstance(D, ConvDictionary) else gamma
    )  # a matrix is sharpened already


def _sharpened(D, x, gamma):
    """Signal by signal: the least-squares code on the large entries, if it explains the signal exactly."""
    xp, d = array_namespace(x), len(D.space)
    signals, codes = xp.reshape(x, (-1, *x.shape[-d - 1 :])), xp.reshape(gamma, (-1, *gamma.shape[-d - 1 :]))
    found = []
    for b in range(signals.shape[0]):
        x, code = signals[b, ...], codes[b, ...]
        support = xp.abs(code) > 1e-3 * float(xp.max(xp.abs(code)))
        if int(xp.count_nonzero(support)) <= D.shape[0]:
            sharp = refit(D, x, support)
            tiny = 1e5 * float(xp.finfo(x.dtype).eps) * float(xp.max(xp.abs(x)))
            code = sharp if float(xp.max(xp.abs(x - D @ sharp))) <= tiny else code
        found.append(code)
    return xp.reshape(xp.stack(found), gamma.shape)


def layered_iterative_thresholding(dictionaries, y, lams, steps, method=ista, shrink=soft):
    """Layered iterative soft thresholding: ``steps`` iterations of ISTA in each layer before the next.

    ``g <- shrink(g + D_i^T (gamma_{i - 1} - D_i g) / c_i, lam_i / c_i)`` from zero: a recurrent network
    whose layers share their weights in groups [Gregor & LeCun, 2010; Papyan, Romano & Elad, 2017].

    Parameters
    ----------
    steps : int
        At least 1.
    method : generator function
        ``ista``, ``fista``, or the same steps done locally: ``local_ista``.
    """
    steps = check_whole("steps", steps)
    largest_eigenvalues(check_layers(dictionaries))
    options = {} if shrink is soft else {"shrink": shrink}
    return layered(
        lambda D, y, lam: next(islice(method(D, y, lam, **options), steps - 1, None)), dictionaries, y, lams
    )
