"""Random problems that several files of tests share, each with the folder that it belongs to."""

from itertools import islice

import numpy as np

from cscbook.arrays import to_numpy
from cscbook.datasets.files import grey, load_digits, load_image
from cscbook.dictionaries.convolution import ConvDictionary
from cscbook.dictionaries.matrix import normalize
from cscbook.large import code_tiles
from cscbook.layered import synthesize
from cscbook.learning import lobcod_dictionary_learning, online_dictionary_learning
from cscbook.learning.effective_atoms import keep_largest, spans, unit_layers
from cscbook.learning.problem import unit
from cscbook.networks.plans import Geometry, cnn, layered_ista, ml_ista
from cscbook.theory import phase_transition


def after(steps, t):
    """What an iterative method yields after ``t`` steps."""
    return next(islice(steps, t - 1, None))


# --- pursuits -----------------------------------------------------------------------------------


def matrix_problem(rng, n=20, m=40, p=12, k=4):
    """A dictionary of unit atoms, codes of k non-zeros a column, and their signals in noise."""
    D = normalize(rng.standard_normal((n, m)))
    gamma = np.zeros((m, p))
    for j in range(p):
        gamma[rng.choice(m, k, replace=False), j] = rng.standard_normal(k)
    return D, gamma, D @ gamma + 0.05 * rng.standard_normal((n, p))


CASES = [  # size, space, channels, atoms, stride, circular
    ((5,), (40,), 1, 2, 1, True),
    ((5,), (40,), 2, 3, 2, True),
    ((6,), (33,), 1, 2, 1, False),
    ((3, 3), (9, 10), 1, 3, 1, True),
    ((3, 2), (10, 9), 2, 3, 2, False),
    ((8,), (8,), 1, 2, 1, True),
]


def convolutional_problem(xp, rng, size, space, c, m, stride, circular, batch=()):
    """A convolutional dictionary and signals, both random."""
    D = ConvDictionary(xp(rng.standard_normal((*size, c, m))), space, stride, circular)
    return D, xp(rng.standard_normal((*batch, *space, c)))


def independent_gap(M, y, gamma, lam, v=None):
    """Relative duality gap from the explicit matrix: the residual, or another vector ``v``, is scaled until
    it is dual feasible, so that its value is a lower bound."""
    r = y - M @ gamma
    v = r if v is None else v
    v = v / max(1.0, np.abs(M.T @ v).max() / lam)
    assert np.abs(M.T @ v).max() <= lam * (1 + 1e-12)
    primal = r @ r / 2 + lam * np.abs(gamma).sum()
    return 1 - (y @ y - (y - v) @ (y - v)) / 2 / primal


def local_dual_point(D, M, y, gamma, lam):
    """The residual, smaller near violations, by the distances of all places."""
    r = y - M @ gamma
    most = np.abs(M.T @ r).reshape(*D.positions, -1).max(axis=-1) / lam
    excess = np.maximum(most - 1, 0)
    psi = np.zeros(D.space)
    for place in np.ndindex(*D.positions):
        weight = 1.5 * excess[place]
        for axis, (i, n, N) in enumerate(zip(place, D.size, D.space, strict=True)):
            far = np.abs(np.arange(N) - (i * D.stride + n // 2) % N)
            far = np.minimum(far, N - far) if D.circular else far
            shape = [N if a == axis else 1 for a in range(len(D.space))]
            weight = weight * np.exp(-far / n).reshape(shape)
        psi = np.maximum(psi, weight)
    return (r.reshape(*D.space, -1) * (1 - np.minimum(psi, 1))[..., None]).ravel()


# --- localglobal --------------------------------------------------------------------------------


UNIT_CASES = [  # as above; 7 does not divide 30, nor 3 the circle of 10
    ((7,), (30,), 1, 3, 1, True),
    ((7,), (30,), 2, 3, 1, False),
    ((6,), (30,), 1, 3, 2, True),
    ((3, 3), (10, 9), 1, 4, 1, True),
    ((3, 2), (9, 10), 2, 4, 2, False),
]


def unit_problem(xp, rng, size, space, c, m, stride, circular, batch=()):
    """The same over atoms of norm 1."""
    filters = rng.standard_normal((*size, c, m))
    filters /= np.linalg.norm(filters.reshape(-1, m), axis=0)
    D = ConvDictionary(xp(filters), space, stride, circular)
    return D, xp(rng.standard_normal((*batch, *space, c)))


# --- layered ------------------------------------------------------------------------------------


CHAINS = [  # space, channels, (size, m, stride) a layer, circular
    ((12,), 1, [((4,), 3, 1), ((3,), 2, 1)], True),
    ((16,), 2, [((4,), 3, 2), ((3,), 2, 2)], True),
    ((17,), 1, [((5,), 2, 2), ((3,), 4, 1), ((2,), 3, 2)], False),
    ((6, 8), 1, [((3, 2), 2, 1), ((2, 2), 3, 1)], True),
    ((8, 8), 3, [((3, 3), 2, 2), ((2, 2), 3, 1)], True),
    ((9, 11), 2, [((3, 3), 4, 2), ((2, 2), 3, 1)], False),
    ((7, 8), 1, [((3, 2), 2, 1), ((2, 3), 2, 2)], False),
]


def chain(xp, rng, space, c, layers, circular):
    """Random dictionaries, each on the code of the one before."""
    found = []
    for size, m, stride in layers:
        filters = rng.standard_normal((*size, c, m))
        found.append(ConvDictionary(xp(filters / np.sqrt(filters[..., 0].size)), space, stride, circular))
        space, c = found[-1].positions, m
    return found


def matrices(rng, *sizes):
    """Matrices of unit atoms that can be multiplied."""
    drawn = [rng.standard_normal(shape) for shape in zip(sizes, sizes[1:], strict=False)]
    return [D / np.linalg.norm(D, axis=0) for D in drawn]


# --- learning -----------------------------------------------------------------------------------


SIZE = (5,)


def planted_filters(rng, spaces=((120,), (90,)), size=SIZE, m=3, density=0.06):
    """Random unit filters, and signals with a sparse code over them."""
    filters = unit(rng.standard_normal((*size, 1, m)))
    ys = []
    for space in spaces:
        code = rng.standard_normal((*space, m)) * (rng.random((*space, m)) < density)
        ys.append(ConvDictionary(filters, space) @ code)
    return filters, ys


def learning_objective(D, ys, gammas, lam, masks=None, circular=True):
    """The objective of learning, in plain numbers."""
    total = 0.0
    for b, (y, g) in enumerate(zip(ys, gammas, strict=True)):
        r = y - ConvDictionary(D, y.shape[:-1], circular=circular) @ g
        r = r if masks is None else masks[b] * r
        total += np.sum(r.astype(float) ** 2) / 2 + lam * np.abs(g).sum()
    return total


SIZES, STRIDES, ATOMS = ((4,), (3,), (2,)), (2, 1, 1), (3, 4, 5)


def inside_chain(rng, space=(20,), sizes=SIZES, strides=STRIDES, atoms=ATOMS, circular=False, c=1):
    """Random layers that fit one another, as NumPy arrays."""
    found = []
    for size, stride, m in zip(sizes, strides, atoms, strict=True):
        filters = rng.standard_normal((*size, c, m))
        found.append(ConvDictionary(filters, space, stride, circular))
        space, c = found[-1].positions, m
    return found


def planted_chain(rng, p=150, k=1):
    """Signals of ``k`` deepest atoms over a chain of sparse dictionaries, one atom as long as a signal."""
    layers = inside_chain(rng, space=(spans(SIZES, STRIDES)[0]))
    filters = [layers[0].filters, *(_sparse(rng, D.filters.shape, 2) for D in layers[1:])]
    layers = [
        ConvDictionary(f, D.space, D.stride, False) for f, D in zip(unit_layers(filters), layers, strict=True)
    ]
    code = np.zeros((p, 1, ATOMS[-1]))
    for j in range(p):
        code[j, 0, rng.choice(ATOMS[-1], k, replace=False)] = rng.standard_normal(k)
    return layers, synthesize(layers, code)[-1]


def _sparse(rng, shape, k):
    return keep_largest(rng.standard_normal(shape).reshape(-1, shape[-1]), k).reshape(shape)


def digits(p):
    """Digits of 27 x 27 for learning, the first ``p``, and all that are held out."""
    x, _, held, _ = (to_numpy(a) for a in load_digits())
    return x[:p, 1:, 1:].astype(np.float32), held[:, 1:, 1:].astype(np.float32)


# --- networks -----------------------------------------------------------------------------------


LAYERS = (Geometry((3, 3), 2, (9, 9)), Geometry((2, 2), 1, (4, 4)), Geometry((3, 3), 1, (3, 3)))
PLANS = {
    "cnn": cnn,
    "layered": layered_ista(2),
    "ml-ista": ml_ista(2),
    "ml-fista": ml_ista(3, momentum=True),
}


def parameters(xp, rng, free=False):
    """The arrays of a random network on ``LAYERS``."""
    theta, c = {}, 1
    for i, (layer, m) in enumerate(zip(LAYERS, (4, 5, 6), strict=True), 1):
        for name in "WV" if free else "W":
            theta[f"{name}{i}"] = xp(0.3 * rng.standard_normal((*layer.size, c, m)))
        theta[f"b{i}"], theta[f"c{i}"], c = xp(0.3 * rng.standard_normal(m)), xp([0.4]), m
    return theta | {"U": xp(rng.standard_normal((6, 3))), "v": xp(rng.standard_normal(3)), "gain": xp([1.5])}


# --- imaging ------------------------------------------------------------------------------------


SIGMA = 25.0


def extractors(space, size):
    """The matrices R_i, as rows of the identity."""
    number = np.arange(np.prod(space)).reshape(space)
    for i in range(space[0] - size + 1):
        for j in range(space[1] - size + 1):
            yield np.eye(np.prod(space))[number[i : i + size, j : j + size].ravel()]


def noisy(rng, shape=(14, 17, 1)):
    """Smooth areas and an edge, in noise."""
    clean = np.full(shape, 90.0)
    clean[:, shape[1] // 2 :] = 170
    return clean + SIGMA * rng.standard_normal(shape)


def small_dictionary(rng, n=16, m=24):
    """Atoms of 4 x 4 pixels without mean."""
    D = rng.standard_normal((n, m))
    return normalize(D - D.mean(axis=0))


def like_a_photograph(rng, shape=(12, 14, 1), sigma=0.0):
    """Values like those of a photograph, all different."""
    smooth = np.cumsum(np.cumsum(rng.standard_normal(shape), axis=0), axis=1)
    return 128 + 10 * smooth + sigma * rng.standard_normal(shape)


def grey_photograph(name, rows, columns):
    """A part of a photograph, without its colours."""
    return to_numpy(grey(load_image(name)))[rows, columns]


def csc_filters(rng, n=4, m=9):
    """Filters of n x n pixels without mean, one channel."""
    return small_dictionary(rng, n * n, m).reshape(n, n, 1, m)


def free(theta, rng):
    """The arrays of a network, each moved apart from the others."""
    return {name: a + 0.05 * rng.standard_normal(a.shape) for name, a in theta.items()}


# --- large --------------------------------------------------------------------------------------


def tiled(folder, dtype="f8", **more):
    """The pursuit of an image, tile by tile: its numbers."""
    rng = np.random.default_rng(0)
    filters = rng.standard_normal((3, 3, 1, 3)).astype(dtype)
    y = rng.standard_normal((60, 45, 1)).astype(dtype)
    found = code_tiles(y, filters, 3.0, 1e-4, folder=folder, tile=16, **more)
    code = found.code.sparse()
    return found.trace, found.gap, code.places, code.values


def transition(cardinalities=(1, 4, 9), **more):
    """A phase transition: its arrays."""
    filters = np.random.default_rng(0).standard_normal((5, 1, 2))
    found = phase_transition(ConvDictionary(filters, (30,)), cardinalities, 4, **more)
    return found.cardinality, found.l0_inf, *found.success.values()


def learned(**more):
    """What two learners find."""
    _, ys = planted_filters(np.random.default_rng(0), ((120,), (90,), (100,), (80,)))
    one = lobcod_dictionary_learning(ys, (5,), 3, 0.1, n_iter=3, **more)
    two = online_dictionary_learning([ys[:2], ys[2:]], (5,), 3, 0.1, **more)
    return one.D, *one.gamma, two.D


def equal(one, other):
    """Whether two lists hold the same arrays, to the last bit."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
