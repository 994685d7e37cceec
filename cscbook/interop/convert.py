"""Dictionaries and codes of sporco, PyTorch, alphacsc and scikit-learn, as ours, and ours as theirs.

No other library is imported: arrays go in and come out, in the library and float type that they had. A
converter changes the order of the axes and says which border the other library has. It never changes a
number: filters keep their norms, and none is flipped, because all four libraries agree with us on where an
atom starts. With the numbers, the weight ``lam`` stays what it is.
"""

from ..arrays import array_namespace, as_sizes, check, check_type
from ..dictionaries.convolution import ConvDictionary, Product


def from_sporco(D, space):
    """The dictionary of a sporco solver or learner, as a circular ConvDictionary on ``space``.

    sporco computes ``sum_k d_k * x_k`` on the circle, with the first entry of a filter at the position of
    its coefficient, as we do; its weight ``lmbda`` is our ``lam``.

    Parameters
    ----------
    D : array, shape (*size, m), (*size, c, m) or (*size, c, 1, m)
        As sporco takes it, without channels or with; the last is what its learners return.
    space : tuple of int
        Size of the signals, which sporco calls ``Nv``.

    Returns
    -------
    ConvDictionary

    Raises
    ------
    ValueError
        ``D`` has another number of axes, or filters that are larger than ``space``.
    """
    space = as_sizes("space", space)
    xp, d = array_namespace(check("D", D)), len(space)
    if D.ndim == d + 1:
        D = xp.expand_dims(D, axis=-2)
    elif D.ndim == d + 3 and D.shape[-2] == 1:
        D = xp.squeeze(D, axis=-2)
    elif D.ndim != d + 2:
        raise ValueError(
            f"D has shape {tuple(D.shape)}: expected (*size, m), (*size, c, m) or (*size, c, 1, m) "
            f"with {d} axes in size"
        )
    return ConvDictionary(D, space)


def to_sporco(D):
    """The filters of a circular ConvDictionary as sporco takes them: ``(*size, m)``, or ``(*size, c, m)``
    where there are several channels.

    sporco has no stride and no other border than the circle: such a dictionary is a ValueError. A signal
    ``(*space, c)`` goes to sporco as ``(*space,)`` for one channel, and unchanged for several.
    """
    if not check_type("D", D, ConvDictionary).circular or D.stride != 1:
        raise ValueError(
            f"circular = {D.circular}, stride = {D.stride}: sporco's dictionaries are circular, of stride 1"
        )
    filters = D.filters
    return array_namespace(filters).squeeze(filters, axis=-2) if filters.shape[-2] == 1 else filters


def from_sporco_code(X, D):
    """Coefficients of sporco, ``(*space, C, K, m)``, as our code ``(K, *space, m)``.

    K counts sporco's signals. C is 1 where the dictionary has as many channels as the signals; where a
    dictionary of one channel codes each channel of the signals apart, C counts these, and the code has the
    shape ``(K, C, *space, m)``: to us they are a batch.

    Parameters
    ----------
    X : array
        What ``solve`` and ``getcoef`` return.
    D : ConvDictionary
        Says how many axes ``space`` has.
    """
    xp, d = array_namespace(check("X", X, ndim=_axes(D) + 3)), _axes(D)
    code = xp.permute_dims(X, (d + 1, d, *range(d), d + 2))  # (K, C, *space, m)
    return xp.squeeze(code, axis=1) if X.shape[d] == 1 else code


def to_sporco_code(gamma, D):
    """Our code ``(*batch, *space, m)`` as coefficients of sporco, ``(*space, 1, K, m)``: K is the number of
    signals in the batch, 1 without a batch."""
    xp, d = array_namespace(check("gamma", gamma)), _axes(D)
    flat = xp.reshape(gamma, (-1, *gamma.shape[gamma.ndim - d - 1 :]))
    return xp.expand_dims(xp.moveaxis(flat, 0, -2), axis=d)


def from_torch(weight, space, stride=1):
    """The weight of PyTorch's convolution, as a ConvDictionary whose atoms lie inside the border of
    ``space``.

    ``conv2d(x, weight)`` does not flip its filters: it correlates, and is ``D.T @ x``. Its adjoint
    ``conv_transpose2d(gamma, weight)`` is ``D @ gamma``. Both hold for 1, 2 and 3 axes. A bias that is
    followed by a ReLU is minus a threshold, see ``forward_pass``.

    Padding, dilation and groups are not in the weight, and no ConvDictionary has them. Zero padding by p is
    a dictionary on a ``space`` larger by 2 p, and the signal within zeros. ``padding_mode="circular"`` with
    ``padding=p`` gives, for a filter of 2 p + 1 entries, our circular ``D.T @ x`` rolled by p along each
    axis.

    Parameters
    ----------
    weight : array, shape (m, c, *size)
        Of ``Conv1d``, ``Conv2d``, ...: output channels, input channels. The weight of
        ``ConvTranspose2d`` has the same order, because there the atoms are the inputs.
    space : tuple of int
    stride : int
        As given to the layer. Where it does not divide ``N - n``, ``conv_transpose2d`` needs
        ``output_padding=(N - n) % stride``, or its signal ends with the last atom.

    Returns
    -------
    ConvDictionary

    Raises
    ------
    ValueError
        ``weight`` does not have two axes more than ``space``, or is larger.
    """
    space = as_sizes("space", space)
    xp = array_namespace(check("weight", weight, ndim=len(space) + 2))
    return ConvDictionary(xp.moveaxis(weight, (0, 1), (-1, -2)), space, stride, circular=False)


def to_torch(D):
    """The filters of a ConvDictionary as a weight ``(m, c, *size)`` for PyTorch's ``conv2d`` and
    ``conv_transpose2d``; ``D.stride`` is their ``stride``.

    A circular dictionary is a ValueError: there, ``D.T @ x`` is ``conv2d`` of ``x`` followed by its first
    n - 1 entries.
    """
    if check_type("D", D, ConvDictionary).circular:
        raise ValueError("circular = True: PyTorch's convolutions stay inside the border")
    return array_namespace(D.filters).moveaxis(D.filters, (-1, -2), (0, 1))


def from_alphacsc(d, space, channels=None):
    """Atoms of alphacsc as a ConvDictionary on ``space``, with atoms inside the border.

    alphacsc takes the "full" convolution of activations with N - L + 1 entries and atoms with L: each atom
    lies wholly inside its N samples, as with our ``circular=False``. Its ``reg`` is our ``lam``. The
    activations of its learners are never negative: ``basis_pursuit(..., nonnegative=True)`` solves their
    problem, and a code of ours with negative entries has no counterpart there.

    Parameters
    ----------
    d : array, shape (m, L), (m, C, L) or (m, C + L)
        Atoms of one channel; of several (``D_hat_``); or of rank one (``uv_hat_``), each a pattern of C
        channels followed by a waveform of L samples, the atom being their outer product.
    space : int or tuple of one int
        The number N of samples.
    channels : int, optional
        C, which tells the third kind of ``d`` from the first.

    Returns
    -------
    ConvDictionary
        With filters ``(L, C, m)``.

    Raises
    ------
    ValueError
        ``d`` has another number of axes, or no more columns than ``channels``.
    """
    xp = array_namespace(check("d", d, ndim=(2, 3)))
    if d.ndim == 3:
        filters = xp.permute_dims(d, (2, 1, 0))
    elif channels is None:
        filters = xp.expand_dims(d.T, axis=1)
    elif not 1 <= channels < d.shape[1]:
        raise ValueError(f"channels = {channels} and d of shape {tuple(d.shape)}: expected (m, channels + L)")
    else:
        u, v = d[:, :channels].T, d[:, channels:].T
        filters = xp.expand_dims(v, axis=1) * xp.expand_dims(u, axis=0)  # (L, C, m)
    return ConvDictionary(filters, space, circular=False)


def to_alphacsc(D):
    """The filters of a ConvDictionary in one dimension as atoms of alphacsc: ``(m, L)``, or ``(m, C, L)``
    where there are several channels.

    A circular dictionary, a stride, and two space axes are a ValueError: alphacsc has none of them.
    """
    if check_type("D", D, ConvDictionary).circular or D.stride != 1 or len(D.space) != 1:
        raise ValueError(
            f"circular = {D.circular}, stride = {D.stride}, space = {D.space}: alphacsc's atoms lie inside "
            "the border of a signal with one axis, at stride 1"
        )
    xp = array_namespace(D.filters)
    d = xp.permute_dims(D.filters, (2, 1, 0))  # (m, C, L)
    return xp.squeeze(d, axis=1) if d.shape[1] == 1 else d


def from_channels_first(a, D):
    """Signals ``(*batch, c, *space)`` as ours, ``(*batch, *space, c)``; the same for codes, whose channels
    are the atoms.

    So PyTorch stores signals and codes, and alphacsc ``X`` and ``z_hat`` of its estimators. (The function
    ``learn_d_z`` of alphacsc returns ``(m, trials, N - L + 1)`` instead.)

    Parameters
    ----------
    a : array
    D : ConvDictionary
        Says how many axes ``space`` has.
    """
    return array_namespace(a).moveaxis(a, _channel_axis(a, D), -1)


def to_channels_first(a, D):
    """Our signals or codes ``(*batch, *space, c)`` as ``(*batch, c, *space)``: see
    ``from_channels_first``."""
    return array_namespace(a).moveaxis(a, -1, _channel_axis(a, D))


def _channel_axis(a, D):
    axis = a.ndim - _axes(D) - 1
    if axis < 0:
        raise ValueError(f"a has shape {tuple(a.shape)}: expected channels and {_axes(D)} space axes")
    return axis


def _axes(D):
    return len(check_type("D", D, ConvDictionary, Product).space)


def from_sklearn(components):
    """The atoms of scikit-learn, which are rows, as a matrix ``D`` (n, m) with atoms as columns; codes and
    samples are transposed alike.

    Patches of ``extract_patches_2d``, flattened, are those of ``patches`` with
    ``circular=False``: rows of a patch first, channels last. Therefore ``reshape(D, (*size, c, m))`` makes
    filters of atoms that were learned there.

    Parameters
    ----------
    components : array, shape (m, n)
        ``components_`` of ``DictionaryLearning`` and its relatives, whose norms are at most 1, or the
        ``dictionary`` of ``sparse_encode``.

    Returns
    -------
    array (n, m)
    """
    return array_namespace(check("components", components, ndim=2)).matrix_transpose(components)


def to_sklearn(D):
    """A matrix ``D`` (n, m) as the ``dictionary`` (m, n) of scikit-learn's ``sparse_encode`` and
    ``SparseCoder``.

    The norms stay: for ``lasso_cd`` and ``lasso_lars`` that is right, and ``alpha`` is our ``lam``. Its OMP
    compares atoms by raw products, so that atoms of several norms are chosen in another order than ours;
    give it ``normalize(D)``, and divide row j of the code by ``||d_j||``.
    """
    return array_namespace(check("D", D, ndim=2)).matrix_transpose(D)
