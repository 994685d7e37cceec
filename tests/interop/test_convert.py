"""Arrays of other libraries: there and back, and the same sums where the library is installed."""

import numpy as np
import pytest

from cscbook.arrays import to_numpy
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.interop import (
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
from cscbook.local import patches
from cscbook.pursuits import basis_pursuit, objective

# size, space, channels, atoms: all different, so that no two axes can be mistaken for each other
SHAPES = [((5,), (17,), 1, 3), ((4,), (13,), 2, 3), ((3, 4), (9, 11), 1, 5), ((3, 2), (8, 9), 4, 5)]
shapes = pytest.mark.parametrize("size, space, c, m", SHAPES)


def conv(xp, rng, size, space, c, m, stride=1, circular=True):
    return ConvDictionary(xp(rng.standard_normal((*size, c, m))), space, stride, circular)


def same(D, other):
    """Equal in every number, in the same place, and with the same border."""
    assert (D.space, D.stride, D.circular) == (other.space, other.stride, other.circular)
    assert D.filters.dtype == other.filters.dtype
    np.testing.assert_array_equal(to_numpy(D.filters), to_numpy(other.filters))


# --- there and back -----------------------------------------------------------------------------


@shapes
def test_sporco_there_and_back(xp, rng, size, space, c, m):
    D = conv(xp, rng, size, space, c, m)
    theirs = to_sporco(D)
    assert theirs.shape == ((*size, m) if c == 1 else (*size, c, m))
    same(D, from_sporco(theirs, space))
    same(D, from_sporco(xp(to_numpy(D.filters)[..., None, :]), space))  # as its learners return them


@shapes
def test_sporco_codes_there_and_back(xp, rng, size, space, c, m):
    D = conv(xp, rng, size, space, c, m)
    gamma = xp(rng.standard_normal((6, *space, m)))
    theirs = to_sporco_code(gamma, D)
    assert theirs.shape == (*space, 1, 6, m)
    np.testing.assert_array_equal(to_numpy(from_sporco_code(theirs, D)), to_numpy(gamma))
    assert to_sporco_code(gamma[0, ...], D).shape == (*space, 1, 1, m)


def test_each_channel_of_sporcos_grey_dictionary_is_a_signal(xp, rng):
    D = conv(xp, rng, (3, 4), (9, 11), 1, 5)
    X = rng.standard_normal((9, 11, 3, 2, 5))  # three channels, two images
    gamma = from_sporco_code(xp(X), D)
    assert gamma.shape == (2, 3, 9, 11, 5)
    np.testing.assert_array_equal(to_numpy(gamma)[1, 2], to_numpy(xp(X))[:, :, 2, 1])


@shapes
@pytest.mark.parametrize("stride", [1, 2])
def test_torch_there_and_back(xp, rng, size, space, c, m, stride):
    D = conv(xp, rng, size, space, c, m, stride, circular=False)
    assert to_torch(D).shape == (m, c, *size)
    same(D, from_torch(to_torch(D), space, stride))


@pytest.mark.parametrize("c", [1, 2])
def test_alphacsc_there_and_back(xp, rng, c):
    D = conv(xp, rng, (5,), (17,), c, 3, circular=False)
    assert to_alphacsc(D).shape == ((3, 5) if c == 1 else (3, 2, 5))
    same(D, from_alphacsc(to_alphacsc(D), 17))


def test_atoms_of_rank_one_are_outer_products(xp, rng, close):
    uv = rng.standard_normal((3, 2 + 5))
    D = from_alphacsc(xp(uv), 17, channels=2)
    expected = np.stack([np.outer(row[2:], row[:2]) for row in uv], axis=-1)
    close(D.filters, expected)


@shapes
def test_channels_first_there_and_back(xp, rng, size, space, c, m):
    D = conv(xp, rng, size, space, c, m)
    for batch in ((), (6,)):
        x = xp(rng.standard_normal((*batch, *space, c)))
        assert to_channels_first(x, D).shape == (*batch, c, *space)
        np.testing.assert_array_equal(to_numpy(from_channels_first(to_channels_first(x, D), D)), to_numpy(x))


def test_sklearn_there_and_back(xp, rng):
    D = xp(rng.standard_normal((4, 7)))
    np.testing.assert_array_equal(to_numpy(to_sklearn(D)), to_numpy(D).T)
    np.testing.assert_array_equal(to_numpy(from_sklearn(to_sklearn(D))), to_numpy(D))


# --- what cannot be carried over ----------------------------------------------------------------


def test_what_the_others_lack_is_refused(xp, rng):
    circle = conv(xp, rng, (4,), (16,), 1, 2)
    inside = conv(xp, rng, (4,), (16,), 1, 2, circular=False)
    stride = conv(xp, rng, (4,), (16,), 1, 2, stride=2, circular=False)
    image = conv(xp, rng, (3, 3), (9, 9), 1, 2, circular=False)
    for convert, D, why in [
        (to_sporco, inside, "circular = False"),
        (to_sporco, conv(xp, rng, (4,), (16,), 1, 2, stride=2), "stride = 2"),
        (to_torch, circle, "inside the border"),
        (to_alphacsc, circle, "circular = True"),
        (to_alphacsc, stride, "stride = 2"),
        (to_alphacsc, image, "one axis"),
    ]:
        with pytest.raises(ValueError, match=why):
            convert(D)


def test_arrays_of_another_shape_are_named(xp, rng):
    three = xp(rng.standard_normal((4, 2, 3)))
    for call in (
        lambda: from_torch(three, (9, 9)),
        lambda: from_sporco_code(three, conv(xp, rng, (4,), (16,), 1, 2)),
        lambda: from_sklearn(three),
        lambda: from_alphacsc(three[..., 0], 16, channels=2),
        lambda: to_channels_first(three[0, 0, ...], conv(xp, rng, (3, 3), (9, 9), 1, 2)),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()
    for space in ((9, 9, 9), (9, 9, 9, 9)):
        with pytest.raises(ValueError, match=r"\(\*size, c, 1, m\)"):
            from_sporco(three, space)


# --- the same sums in the other library ---------------------------------------------------------


def torch_case(rng, size, space, c, m, stride):
    """PyTorch's functions, and our dictionary made from its weight, a signal and a code."""
    torch = pytest.importorskip("torch")
    weight = torch.from_numpy(rng.standard_normal((m, c, *size)))
    D = from_torch(weight.numpy(), space, stride)
    x, gamma = rng.standard_normal((6, *space, c)), rng.standard_normal((6, *D.positions, m))
    return torch, weight, D, x, gamma


@shapes
@pytest.mark.parametrize("stride", [1, 2])
def test_convolutions_of_pytorch_are_our_products(rng, size, space, c, m, stride):
    torch, weight, D, x, gamma = torch_case(rng, size, space, c, m, stride)
    forward = (torch.conv1d, torch.conv2d)[len(size) - 1]
    back = (torch.conv_transpose1d, torch.conv_transpose2d)[len(size) - 1]
    theirs = forward(torch.from_numpy(to_channels_first(x, D).copy()), weight, stride=stride)
    np.testing.assert_allclose(D.T @ x, from_channels_first(theirs.numpy(), D), atol=1e-12)
    rest = [(N - n) % stride for n, N in zip(size, space, strict=True)]
    code = torch.from_numpy(to_channels_first(gamma, D).copy())
    theirs = back(code, weight, stride=stride, output_padding=rest)
    np.testing.assert_allclose(D @ gamma, from_channels_first(theirs.numpy(), D), atol=1e-12)


def test_a_weight_stays_a_tensor(rng):
    torch = pytest.importorskip("torch")
    weight = torch.nn.Conv2d(2, 5, 3).weight
    D = from_torch(weight, (8, 9))
    assert isinstance(D.filters, torch.Tensor)
    assert torch.equal(to_torch(D), weight)


def test_circular_padding_of_pytorch_rolls(rng):
    torch = pytest.importorskip("torch")
    layer = torch.nn.Conv2d(1, 2, 5, padding=2, padding_mode="circular", bias=False, dtype=torch.float64)
    filters = from_torch(layer.weight.detach().numpy(), (9, 11)).filters
    D, x = ConvDictionary(filters, (9, 11)), rng.standard_normal((1, 9, 11, 1))
    with torch.no_grad():
        theirs = layer(torch.from_numpy(to_channels_first(x, D).copy())).numpy()
    ours = D.T @ x
    rolled = np.roll(ours, (2, 2), axis=(1, 2))
    np.testing.assert_allclose(from_channels_first(theirs, D), rolled, atol=1e-12)
    assert np.abs(rolled - ours).max() > 0.1


@shapes
def test_sporco_computes_our_product_and_our_objective(rng, size, space, c, m):
    cbpdn = pytest.importorskip("sporco.admm.cbpdn")
    D, lam = conv(np.asarray, rng, size, space, c, m), 0.7
    x, gamma = rng.standard_normal((*space, c)), rng.standard_normal((1, *space, m))
    options = cbpdn.ConvBPDN.Options({"MaxMainIter": 1, "Verbose": False})
    signal = x[..., 0] if c == 1 else x
    solver = cbpdn.ConvBPDN(to_sporco(D), signal, lam, options, dimK=0, dimN=len(size))
    code = to_sporco_code(gamma, D)
    theirs = solver.reconstruct(code).reshape(*space, c)
    np.testing.assert_allclose((D @ gamma)[0], theirs, atol=1e-12)
    fit = np.sum((theirs - x) ** 2) / 2 + solver.lmbda * np.abs(code).sum()
    np.testing.assert_allclose(objective(D, x, gamma[0], lam), fit, rtol=1e-12)


def test_alphacsc_computes_our_product_and_our_objective(rng):
    pytest.importorskip("alphacsc")
    from alphacsc.loss_and_gradient import compute_X_and_objective_multi
    from alphacsc.utils.convolution import construct_X, construct_X_multi

    d, z, x = (rng.standard_normal(shape) for shape in ((3, 2, 5), (6, 3, 13), (6, 2, 17)))
    D = from_alphacsc(d, 17)
    gamma = from_channels_first(z, D)
    np.testing.assert_allclose(to_channels_first(D @ gamma, D), construct_X_multi(z, D=d), atol=1e-12)
    one = from_alphacsc(d[:, 0], 17)  # (m, L), whose activations are (m, trials, N - L + 1)
    theirs = construct_X(np.moveaxis(z, 0, 1), d[:, 0])
    np.testing.assert_allclose((one @ gamma)[..., 0], theirs, atol=1e-12)
    uv = np.concatenate([d[:, :, 0], d[:, 0]], axis=1)
    rank_one = from_alphacsc(uv, 17, channels=2)
    theirs = construct_X_multi(z, D=uv, n_channels=2)
    np.testing.assert_allclose(to_channels_first(rank_one @ gamma, D), theirs, atol=1e-12)
    theirs = compute_X_and_objective_multi(x, np.abs(z), D_hat=d, reg=0.7, feasible_evaluation=False)
    ours = objective(D, from_channels_first(x, D), np.abs(gamma), 0.7).sum()
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_rows_of_scikit_learn_solve_our_problem(rng):
    sparse_encode = pytest.importorskip("sklearn.decomposition").sparse_encode
    D, Y = rng.standard_normal((8, 12)), rng.standard_normal((8, 5))  # norms of all sizes
    theirs = sparse_encode(Y.T, to_sklearn(D), algorithm="lasso_cd", alpha=0.5, max_iter=20_000)
    ours = basis_pursuit(D, Y, 0.5, tol=1e-10).gamma
    lowest = objective(D, Y, ours, 0.5)
    np.testing.assert_allclose(objective(D, Y, theirs.T, 0.5), lowest, rtol=1e-4)


def test_patches_of_scikit_learn_are_ours(rng):
    extract = pytest.importorskip("sklearn.feature_extraction.image").extract_patches_2d
    image = rng.standard_normal((9, 10, 3))
    theirs = extract(image, (4, 4)).reshape(-1, 48)
    np.testing.assert_array_equal(theirs, patches(image, (4, 4), circular=False).reshape(-1, 48))
    filters = from_sklearn(theirs).reshape(4, 4, 3, -1)  # an atom is a filter, after this reshape
    np.testing.assert_array_equal(filters[..., 0], image[:4, :4])
