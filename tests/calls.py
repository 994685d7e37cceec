"""The package called function by function: ``FUNCTIONS[name][case](xp)`` is what the function says to arrays
of the library ``xp``."""

from functools import partial
from itertools import islice

import numpy as np
from problems import CHAINS, LAYERS, PLANS, after, chain, matrices, parameters

import cscbook as book
from cscbook import ConvDictionary, basis_pursuit, fista, ista, learning, networks, omp, pursuits, theory
from cscbook.dictionaries.matrix import atom_norms, lipschitz
from cscbook.layered import model
from cscbook.local import correlate
from cscbook.localglobal import lobcod, local_ista, slice_admm
from cscbook.norms import energy, filter_norms
from cscbook.shrinkage import hard, soft, soft_nonnegative

FUNCTIONS, LAM = {}, 0.3


def table(problem, cases, **functions):
    """Put every function of what ``problem(xp, rng, *case)`` gives into the table, once for each case."""
    for name, function in functions.items():
        for case in cases:
            run = partial(_run, function, problem, case)
            FUNCTIONS.setdefault(name, {})[f"{problem.__name__}{case}"] = run


def _run(function, problem, case, xp):
    return function(*problem(xp, np.random.default_rng(0), *case))


def steps(D, y, lam, method=fista, n=12, **options):
    """Basis pursuit by so many steps, however small the gap is by then."""
    method = partial(method, lipschitz=4.0)
    return basis_pursuit(D, y, lam, tol=1e-14, max_iter=n, method=method, **options)


# --- convolutional dictionaries -------------------------------------------------------------------

GEOMETRY = [  # size, space, channels, atoms, stride, circular
    ((4,), (12,), 1, 3, 1, True),
    ((4,), (12,), 2, 3, 2, True),
    ((5,), (13,), 2, 2, 2, False),
    ((3, 3), (7, 6), 1, 2, 1, False),
]


def shifts(xp, rng, size, space, c, m, stride, circular):
    """A dictionary of unit filters, a batch of two sparse codes, and their signals in noise."""
    filters = rng.standard_normal((*size, c, m))
    filters /= np.sqrt(np.sum(filters**2, axis=tuple(range(filters.ndim - 1))))
    D = ConvDictionary(xp(filters), space, stride, circular)
    gamma = rng.standard_normal((2, *D.positions, m)) * (rng.random((2, *D.positions, m)) < 0.2)
    y = book.to_numpy(D @ xp(gamma)) + 0.1 * rng.standard_normal((2, *space, c))
    return D, xp(gamma), xp(y)


def view(D):
    return D.size, D.stride, D.circular


def every_other(like):
    """A mask of ones and zeros in turn along the last axis of the space."""
    return book.asarray(np.arange(like.shape[-2])[:, None] % 2, like=like)


def ones_and_twos(like):
    """Weights 1 and 2 in turn, one an atom."""
    return book.asarray(1 + np.arange(like.shape[-1]) % 2, like=like)


table(
    shifts,
    GEOMETRY,
    synthesis=lambda D, g, y: D @ g,
    analysis=lambda D, g, y: D.T @ y,
    product=lambda D, g, y: D.T @ (D @ g),
    patches=lambda D, g, y: book.patches(y, *view(D)),
    aggregate=lambda D, g, y: book.aggregate(g @ D.local.T, D.size, D.space, D.stride, D.circular),
    correlate=lambda D, g, y: correlate(book.patches(y, *view(D)), g),
    stripes=lambda D, g, y: book.stripes(g, *view(D)),
    counts=lambda D, g, y: book.counts(D.size, D.space, D.stride, D.circular, like=y),
    stripe_dictionary=lambda D, g, y: D.stripe_dictionary,
    filter_norms=lambda D, g, y: filter_norms(2 * D.filters),
    l0=lambda D, g, y: book.l0(g),
    energy=lambda D, g, y: energy(y),
    l0_inf_stripe=lambda D, g, y: book.l0_inf_stripe(g, *view(D)),
    l0_inf_patch=lambda D, g, y: book.l0_inf_patch(g, *view(D)),
    l2_inf_patch=lambda D, g, y: book.l2_inf_patch(y, *view(D)),
    stripe_coherence=lambda D, g, y: book.stripe_coherence(g, D),
    coherence=lambda D, g, y: book.coherence(D),
    shifted_coherence=lambda D, g, y: book.shifted_coherence(D),
    dense=lambda D, g, y: book.dense(D),
    lipschitz=lambda D, g, y: D.lipschitz,
    linear_operator=lambda D, g, y: book.linear_operator(D) @ book.to_numpy(g[0, ...]).ravel(),
    thresholding=lambda D, g, y: book.thresholding(D, y, LAM),
    ista=lambda D, g, y: after(ista(D, y, LAM, lipschitz=4.0), 4),
    fista=lambda D, g, y: after(fista(D, y, LAM, lipschitz=4.0), 4),
    lam_max=lambda D, g, y: book.lam_max(D, y),
    objective=lambda D, g, y: book.objective(D, y, g, LAM),
    duality_gap=lambda D, g, y: book.duality_gap(D, y, g, LAM),
    omp=lambda D, g, y: omp(D, y, k=3),
    refit=lambda D, g, y: book.refit(D, y, g != 0),
    stripe_rip=lambda D, g, y: book.stripe_rip(D, g + 1),
    basis_pursuit=lambda D, g, y: basis_pursuit(D, y, LAM, tol=1e-7),
    basis_pursuit_by_fista=lambda D, g, y: steps(D, y, LAM),
    basis_pursuit_by_ista=lambda D, g, y: steps(D, y, LAM, ista),
    basis_pursuit_behind_a_mask=lambda D, g, y: steps(D, y, LAM, mask=every_other(y)),
    basis_pursuit_nonnegative=lambda D, g, y: steps(D, y, LAM, nonnegative=True),
    basis_pursuit_with_weights=lambda D, g, y: steps(D, y, LAM, weights=ones_and_twos(g)),
    basis_pursuit_from_a_start=lambda D, g, y: steps(D, y, LAM, start=g),
    local_ista=lambda D, g, y: after(local_ista(D, y, LAM, lipschitz=4.0), 3),
    lobcod=lambda D, g, y: after(lobcod(D, y, LAM), 2),
    slice_admm=lambda D, g, y: after(slice_admm(D, y, LAM), 2),
)
table(
    shifts,
    [((3,), (10,), 1, 2, 1, True), ((2, 2), (4, 5), 2, 3, 1, True)],
    basis_pursuit_equality=lambda D, g, y: pursuits.basis_pursuit_equality(D, D @ g, max_iter=200),
    basis_pursuit_on_masked_signals=lambda D, g, y: basis_pursuit(
        D, y, LAM, mask=every_other(y), tol=1e-7, max_iter=40
    ),
    unit_atoms=lambda D, g, y: networks.unit_atoms(D),
)


# --- matrices -------------------------------------------------------------------------------------


def columns(xp, rng, *batch):
    """A matrix of unit atoms, codes of three non-zeros, and their signals in noise."""
    D = book.normalize(rng.standard_normal((10, 16)))
    gamma = np.zeros((16, *batch))
    gamma[[1, 5, 12]] = rng.standard_normal((3, *batch)) + 1
    return xp(D), xp(gamma), xp(D @ gamma + 0.02 * rng.standard_normal((10, *batch)))


def two_of_three(y):
    """A mask that hides every third row."""
    return book.asarray(np.arange(y.shape[0]).reshape(-1, *[1] * (y.ndim - 1)) % 3 > 0, like=y)


def learned(start, gamma, y):
    """The code of a short unfolded pursuit, and the gradients of its arrays."""
    code, pull = networks.lista(start, y)
    return [code, *pull(code - gamma).values()]


table(
    columns,
    [(), (3,)],
    thresholding=lambda D, g, y: book.thresholding(D, y, LAM),
    hard_thresholding=lambda D, g, y: book.thresholding(D, y, LAM, hard),
    nonnegative_thresholding=lambda D, g, y: book.thresholding(D, y, LAM, soft_nonnegative),
    soft=lambda D, g, y: soft(g, LAM),
    hard=lambda D, g, y: hard(g, LAM),
    soft_nonnegative=lambda D, g, y: soft_nonnegative(g, LAM),
    ista=lambda D, g, y: after(ista(D, y, LAM), 5),
    fista=lambda D, g, y: after(fista(D, y, LAM), 5),
    lam_max=lambda D, g, y: book.lam_max(D, y),
    objective=lambda D, g, y: book.objective(D, y, g, LAM),
    duality_gap=lambda D, g, y: book.duality_gap(D, y, g, LAM),
    omp=lambda D, g, y: omp(D, y, k=3),
    omp_to_a_residual=lambda D, g, y: omp(D, y, tol=0.2),
    basis_pursuit=lambda D, g, y: basis_pursuit(D, y, LAM, tol=1e-7),
    basis_pursuit_by_fista=lambda D, g, y: steps(D, y, LAM),
    basis_pursuit_behind_a_mask=lambda D, g, y: steps(D, y, LAM, mask=two_of_three(y)),
    basis_pursuit_nonnegative=lambda D, g, y: steps(D, y, LAM, nonnegative=True),
    basis_pursuit_equality=lambda D, g, y: pursuits.basis_pursuit_equality(D, D @ g),
    oracle_estimate=lambda D, g, y: pursuits.oracle_estimate(D, y, g != 0, 0.1),
    exact_mmse=lambda D, g, y: pursuits.exact_mmse(D, y, 2, 0.1),
    stochastic_resonance=lambda D, g, y: pursuits.stochastic_resonance(
        D, y, 0.05, partial(omp, k=2), draws=3, rng=np.random.default_rng(1)
    ),
    resonance_estimates=lambda D, g, y: next(
        pursuits.resonance_estimates(D, y, 0.05, partial(omp, k=2), rng=np.random.default_rng(1))
    ),
    mmse_shrinkage=lambda D, g, y: pursuits.mmse_shrinkage(D.T @ y, 0.1, 1.0, 0.1),
    resonance_shrinkage=lambda D, g, y: pursuits.resonance_shrinkage(D.T @ y, 0.5, 0.1),
)
table(
    columns,
    [(20,)],
    normalize=lambda D, g, y: book.normalize(3 * D),
    atom_norms=lambda D, g, y: atom_norms(3 * D),
    coherence=lambda D, g, y: book.coherence(D),
    dense=lambda D, g, y: book.dense(D),
    lipschitz=lambda D, g, y: lipschitz(D),
    null_space=lambda D, g, y: (lambda N: N @ N.T)(model.null_space(D)),
    lista_start=lambda D, g, y: networks.lista_start(D, LAM, 3),
    lista=lambda D, g, y: learned(networks.lista_start(D, LAM, 3), g, y),
    train_lista=lambda D, g, y: networks.train_lista(D, y, g, LAM, 2, n_iter=2, batch=8).theta,
    ridge_classifier=lambda D, g, y: networks.ridge_classifier(
        y.T, book.arrays.indices(range(20), like=y) % 3, 0.1
    ),
    ksvd=lambda D, g, y: learning.ksvd(y, D0=D, k=2, n_iter=2).D,
    margin_bound=lambda D, g, y: theory.margin_bound(D, 0.5),
)
table(
    columns,
    [()],
    refit=lambda D, g, y: book.refit(D, y, g != 0),
    holistic_pursuit=lambda D, g, y: book.holistic_pursuit(D, D.T @ D, y, 0.1, 2, steps=20),
)


# --- layers ---------------------------------------------------------------------------------------


def layers(xp, rng, *case):
    """Dictionaries that fit, a sparse deepest code, and its signal in noise."""
    dictionaries = chain(xp, rng, *case)
    last = dictionaries[-1]
    code = rng.standard_normal((*last.positions, last.filters.shape[-1]))
    code *= rng.random(code.shape) < 0.3
    code[(0,) * code.ndim] = 1.0
    y = book.to_numpy(model.synthesize(dictionaries, xp(code))[-1])
    return dictionaries, xp(code), xp(y + 0.01 * rng.standard_normal(y.shape))


def lams(D):
    return [0.05] * len(D)


def true_layers(D, gamma):
    """What the theorems ask of the layers, and what they say."""
    found = theory.layers_of(D, model.synthesize(D, gamma)[-2::-1])
    return [tuple(map(float, layer)) for layer in found]


table(
    layers,
    [CHAINS[i] for i in (0, 1, 3, 5)],
    synthesize=lambda D, g, y: model.synthesize(D, g),
    effective=lambda D, g, y: [E.filters for E in book.effective(D)],
    local_sparsities=lambda D, g, y: book.local_sparsities(D, model.synthesize(D, g)[-2::-1]),
    layered=lambda D, g, y: book.layered(book.thresholding, D, y, lams(D)),
    layered_thresholding=lambda D, g, y: book.layered_thresholding(D, y, lams(D)),
    forward_pass=lambda D, g, y: book.forward_pass(D, y, lams(D)),
    layered_basis_pursuit=lambda D, g, y: book.layered_basis_pursuit(D, y, lams(D), max_iter=5),
    layered_iterative_thresholding=lambda D, g, y: book.layered_iterative_thresholding(D, y, lams(D), 3),
    ml_objective=lambda D, g, y: book.ml_objective(D, y, g, lams(D)),
    ml_steps=lambda D, g, y: book.ml_steps(D),
    ml_ista=lambda D, g, y: after(book.ml_ista(D, y, lams(D)), 3),
    ml_fista=lambda D, g, y: after(book.ml_fista(D, y, lams(D)), 3),
    ml_basis_pursuit=lambda D, g, y: book.ml_basis_pursuit(D, y, lams(D), max_iter=50),
    sweep=lambda D, g, y: book.sweep(D, y, g, [0.3] * len(D), lams(D)),
    positive_parts=lambda D, g, y: book.positive_parts(g),
    nonnegative=lambda D, g, y: [E.filters for E in book.nonnegative(D)],
    projection_pursuit=lambda D, g, y: book.projection_pursuit(D, y, [99] * len(D), [1, 2]),
    dcp=lambda D, g, y: book.dcp(D, y, [99] * len(D), 0.1),
    layers_of=lambda D, g, y: true_layers(D, g),
    sparse_dictionary_bound=lambda D, g, y: theory.sparse_dictionary_bound(D[0], D[1], 3),
)


def two_matrices(xp, rng):
    """Two layers of unit atoms, and the signal of a sparse deepest code."""
    D = [xp(M) for M in matrices(rng, 8, 10, 12)]
    gamma = xp(np.eye(12)[3] - np.eye(12)[7])
    return D, gamma, D[0] @ (D[1] @ gamma)


table(
    two_matrices,
    [()],
    noiseless_layered_basis_pursuit=lambda D, g, y: book.layered_basis_pursuit(D, y),
    layered_basis_pursuit=lambda D, g, y: book.layered_basis_pursuit(D, y, lams(D)),
    ml_basis_pursuit=lambda D, g, y: book.ml_basis_pursuit(D, y, lams(D), max_iter=50),
    effective=lambda D, g, y: book.effective(D),
    local_sparsities=lambda D, g, y: book.local_sparsities(D, [D[1] @ g, g]),
)


# --- networks and learning ------------------------------------------------------------------------


def network(xp, rng, plan):
    theta, x = parameters(xp, rng), xp(rng.standard_normal((2, 9, 9, 1)))
    code, pull = PLANS[plan](theta, x, LAYERS)
    return code, pull


table(
    network,
    [(plan,) for plan in PLANS],
    plans=lambda code, pull: code,
    gradients_of_plans=lambda code, pull: pull(code, signal=True),
)


def planted(xp, rng):
    """Two signals of a sparse code over two filters."""
    D = ConvDictionary(rng.standard_normal((4, 1, 2)), (30,))
    code = rng.standard_normal((2, 30, 2)) * (rng.random((2, 30, 2)) < 0.15)
    return [[xp(y) for y in D @ code]]


table(
    planted,
    [()],
    lobcod_dictionary_learning=lambda ys: learning.lobcod_dictionary_learning(ys, (4,), 2, 0.1, n_iter=1).D,
    slice_dictionary_learning=lambda ys: learning.slice_dictionary_learning(ys, (4,), 2, 0.1, n_iter=1).D,
    online_dictionary_learning=lambda ys: (
        learning.online_dictionary_learning(islice([ys] * 2, 2), (4,), 2, 0.1).D
    ),
)
