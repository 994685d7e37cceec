"""One good call of every public function of the core: ``CALLS[name] = (function, {argument: value})``.

The problems are tiny. What lies in the table is not to be changed; who needs other values copies it.
"""

from functools import partial

import numpy as np
from problems import matrices

import cscbook as book
from cscbook import ConvDictionary, learning, localglobal, theory
from cscbook.dictionaries import Product
from cscbook.shrinkage import hard, soft, soft_nonnegative

CALLS = {}


def good(function, **arguments):
    """Put a good call into the table, under the name of its function."""
    name = getattr(function, "__name__", None) or type(function).__name__
    assert name not in CALLS, name
    CALLS[name] = (function, arguments)


def rng(seed=0):
    return np.random.default_rng(seed)


def unit_filters(*shape, seed=0):
    """Random filters ``(*size, c, m)`` of norm one."""
    filters = rng(seed).standard_normal(shape)
    return filters / np.linalg.norm(filters.reshape(-1, shape[-1]), axis=0)


def sparse_code(*shape, density=0.2, seed=1):
    """A random code, its first entry not zero."""
    code = rng(seed).standard_normal(shape) * (rng(seed + 1).random(shape) < density)
    code.flat[0] = 1.0
    return code


def array_namespace(arrays):
    """``array_namespace`` of one argument, so that it has a name."""
    return book.array_namespace(arrays)


# --- a convolutional dictionary and a matrix ------------------------------------------------------

D = ConvDictionary(unit_filters(4, 1, 3), (12,))
GAMMA = sparse_code(12, 3)
Y = D @ GAMMA + 0.1 * rng(2).standard_normal((12, 1))
MASK = (np.arange(12) % 3 > 0)[:, None] * 1.0
SLICES = book.patches(Y, (4,)) / 4

M = book.normalize(rng(3).standard_normal((8, 12)))
CODES = np.concatenate([np.eye(12)[:, :3], np.eye(12)[:, 5:8]], axis=1) + np.eye(12)[:, 9:10]
SIGNALS = M @ CODES
ON = CODES[:, 0] != 0

# --- layers ---------------------------------------------------------------------------------------

FIRST = ConvDictionary(unit_filters(4, 1, 3), (16,), 2)
CHAIN = [FIRST, ConvDictionary(unit_filters(3, 3, 2, seed=5), (8,))]
DEEPEST = sparse_code(8, 2)
SIGNAL = book.synthesize(CHAIN, DEEPEST)[-1]
LAYERS = [theory.Layer(0.1, 2, 2, 0.5, 1.0), theory.Layer(0.05, 3, 2, 0.4, 1.0)]
D1, D2 = matrices(rng(6), 8, 10, 12)

# --- arrays, datasets, dictionaries ---------------------------------------------------------------

good(array_namespace, arrays=Y)
good(book.asarray, x=Y, like=M)
good(book.to_numpy, x=Y)
good(book.add_noise, x=Y, sigma=0.1, rng=rng())
good(book.noise, x=Y, sigma=0.1, rng=rng())
good(book.contrast_normalize, x=rng().random((12, 13, 1)), sigma=1.0, reach=2)
good(book.split_frequencies, x=rng().random((12, 13, 1)), weight=10.0)
good(book.grey, image=rng().random((6, 7, 3)))
good(book.random_code, m=12, k=3, p=4, rng=rng(), low=0.5, high=1.0)
good(book.random_dictionary, n=5, m=8, rng=rng())
good(book.synthesize_notes, score=[(0.0, 440.0, 0)], rate=8000, seconds=0.1, partials=((1.0, 0.5),))
good(ConvDictionary, filters=unit_filters(4, 1, 3), space=(12,), stride=2, circular=False)
good(book.SparseCode, places=np.array([1, 5]), values=np.array([0.5, -1.0]), shape=(12, 3))
good(Product, factors=tuple(CHAIN))
good(book.coherence, D=D)
good(book.shifted_coherence, D=D)
good(book.dct_dictionary, n=3, m=4)
good(book.dct_matrix, n=5)
good(book.dense, D=D)
good(book.linear_operator, D=D)
good(book.low_coherence_dictionary, m=2, n=8, starts=1)
good(book.normalize, D=2 * M)
good(book.random_molecules, size=8, c=3, m=2, entries=2, space=20, rng=rng(), positive=True)
good(book.spaced_code, space=80, m=2, every=(10, 12), together=1, low=0.7, rng=rng())

# --- local views, norms, shrinkage ----------------------------------------------------------------

good(book.patches, x=Y, size=(4,), stride=2, circular=True)
good(book.aggregate, p=book.patches(Y, (4,), 2), size=(4,), space=(12,), stride=2, circular=True)
good(book.counts, size=(4,), space=(12,), stride=2, circular=True, like=Y)
good(book.stripes, gamma=GAMMA, size=(4,), stride=1, circular=True)
good(book.l0, gamma=GAMMA)
good(book.l0_inf_patch, gamma=GAMMA, size=(4,), stride=1, circular=True)
good(book.l0_inf_stripe, gamma=GAMMA, size=(4,), stride=1, circular=True)
good(book.l2_inf_patch, e=Y, size=(4,), stride=1, circular=True)
good(book.stripe_coherence, gamma=GAMMA, D=D)
good(soft, z=GAMMA, beta=0.3)
good(hard, z=GAMMA, beta=0.3)
good(soft_nonnegative, z=GAMMA, beta=0.3)

# --- pursuits -------------------------------------------------------------------------------------

good(book.omp, D=D, y=Y, k=3, tol=0.1)
good(book.ista, D=D, y=Y, lam=0.3, lipschitz=4.0, shrink=soft, start=GAMMA)
good(book.fista, D=D, y=Y, lam=0.3, lipschitz=4.0, shrink=soft, start=GAMMA)
good(book.thresholding, D=D, y=Y, beta=0.3, shrink=soft)
good(book.lam_max, D=D, y=Y)
good(book.objective, D=D, y=Y, gamma=GAMMA, lam=0.3)
good(book.duality_gap, D=D, y=Y, gamma=GAMMA, lam=0.3, nonnegative=False)
good(
    book.basis_pursuit,
    D=D,
    y=Y,
    lam=0.3,
    tol=1e-4,
    max_iter=200,
    method=None,
    mask=MASK,
    weights=np.array([1.0, 2.0, 1.0]),
    nonnegative=False,
    start=GAMMA,
)
good(book.basis_pursuit_equality, D=D, x=D @ GAMMA, tol=1e-4, max_iter=500)
good(book.exact_mmse, D=M, y=SIGNALS[:, 0], k=1, sigma_nu=0.1, sigma_x=1.0)
good(book.oracle_estimate, D=M, y=SIGNALS[:, 0], on=ON, ratio=0.1)
good(book.map_threshold, p=0.1, sigma_x=1.0, sigma_nu=0.1)
good(book.mmse_shrinkage, beta=GAMMA, p=0.1, sigma_x=1.0, sigma_nu=0.1)
good(book.resonance_shrinkage, beta=GAMMA, threshold=0.5, sigma=0.1)
good(
    book.resonance_estimates,
    D=M,
    y=SIGNALS[:, 0],
    sigma=0.05,
    pursuit=partial(book.omp, k=2),
    ratio=0.1,
    rng=rng(),
)
good(
    book.stochastic_resonance,
    D=M,
    y=SIGNALS[:, 0],
    sigma=0.05,
    pursuit=partial(book.omp, k=2),
    draws=3,
    ratio=0.1,
    rng=rng(),
)

# --- layers ---------------------------------------------------------------------------------------

good(book.synthesize, dictionaries=CHAIN, deepest=DEEPEST)
good(book.effective, dictionaries=CHAIN)
good(book.local_sparsities, dictionaries=CHAIN, codes=[book.synthesize(CHAIN, DEEPEST)[1], DEEPEST])
good(book.positive_parts, gamma=GAMMA)
good(book.nonnegative, dictionaries=CHAIN)
good(book.forward_pass, dictionaries=CHAIN, y=SIGNAL, betas=[0.05, 0.05])
good(book.layered, pursuit=book.thresholding, dictionaries=CHAIN, y=SIGNAL, knobs=[0.05, 0.05])
good(book.layered_thresholding, dictionaries=CHAIN, y=SIGNAL, betas=[0.05, 0.05], shrink=hard)
good(book.layered_basis_pursuit, dictionaries=CHAIN, y=SIGNAL, lams=[0.05, 0.05], tol=1e-3, max_iter=50)
good(
    book.layered_iterative_thresholding,
    dictionaries=CHAIN,
    y=SIGNAL,
    lams=[0.05, 0.05],
    steps=3,
    method=book.ista,
    shrink=soft,
)
good(book.ml_objective, dictionaries=CHAIN, y=SIGNAL, gamma=DEEPEST, lams=[0.05, 0.05])
good(book.ml_steps, dictionaries=CHAIN, step=0.1)
for method in (book.ml_ista, book.ml_fista):
    good(method, dictionaries=CHAIN, y=SIGNAL, lams=[0.05, 0.05], step=0.1, shrink=soft, start=DEEPEST)
good(book.ml_basis_pursuit, dictionaries=CHAIN, y=SIGNAL, lams=[0.05, 0.05], tol=1e-3, max_iter=200, rho=1.0)
good(
    book.sweep, dictionaries=CHAIN, y=SIGNAL, gamma=DEEPEST, steps=[0.3, 0.3], betas=[0.05, 0.05], shrink=soft
)
good(book.refit, D=M, y=SIGNALS[:, 0], support=ON, annihilate=np.eye(12)[:1] - np.eye(12)[9:10])
good(book.holistic_pursuit, D1=D1, D2=D2, y=D1 @ D2[:, 3], eps=0.1, zeros_above=1, steps=20)
good(book.projection_pursuit, dictionaries=CHAIN, y=SIGNAL, levels=[99, 9], knobs=[1, 2], pursuit=book.omp)

# --- local and global, learning -------------------------------------------------------------------

good(
    book.local_ml_ista,
    dictionaries=CHAIN,
    y=SIGNAL,
    lams=[0.05, 0.05],
    step=0.05,
    shrink=soft,
    start=DEEPEST,
)
good(book.local_ista, D=D, y=Y, lam=0.3, lipschitz=4.0)
good(book.lobcod, D=D, y=Y, lam=0.3, mask=MASK)
good(localglobal.lobcod_layers, D=D, y=Y, lam=0.3, mask=MASK)
good(localglobal.first_slices, D=D, y=Y, mask=MASK)
good(localglobal.needles, D=M, S=SIGNALS, lam=0.3, start=CODES)
good(
    book.slice_admm,
    D=D,
    y=Y,
    lam=0.3,
    rho=1.0,
    mask=MASK,
    pursuit=localglobal.needles,
    balance=1,
    relax=1.8,
)
good(
    localglobal.slice_step,
    D=D,
    y=Y,
    lam=0.3,
    rho=1.0,
    slices=SLICES,
    dual=0 * SLICES,
    gamma=GAMMA,
    mask=MASK,
    pursuit=localglobal.needles,
    relax=1.0,
)
good(book.ksvd, Y=rng().standard_normal((4, 30)), n_atoms=6, D0=None, k=1, tol=0.1, n_iter=1, rng=rng())
good(learning.ksvd_update, D=M, S=SIGNALS, gamma=CODES, order=np.arange(12))
good(learning.mod_update, D=M, S=SIGNALS, gamma=CODES, order=np.arange(12))
good(learning.greedy_atoms, A=M, atoms=SIGNALS, k=2)
good(learning.thresholded_atoms, A=M, atoms=SIGNALS, k=2, steps=5)
YS = [D @ sparse_code(12, 3, seed=s) for s in (3, 5)]
LEARN = dict(
    ys=YS, size=(4,), m=3, lam=0.1, D0=unit_filters(4, 1, 3), circular=True, zero_mean=False, rng=rng()
)
good(book.lobcod_dictionary_learning, **LEARN, ridge=0.1, n_iter=1, passes=1, steps=1, masks=[MASK, MASK])
good(
    book.slice_dictionary_learning,
    **LEARN,
    rho=3.0,
    update=learning.ksvd_update,
    pursuit=None,
    n_iter=1,
    steps=1,
    masks=[MASK, MASK],
)
good(book.online_dictionary_learning, **LEARN, n_iter=1, passes=1, steps=1, delay=10.0)
DEEP = dict(
    ys=rng().standard_normal((30, 10, 1)), sizes=((4,), (3,)), m=(3, 4), nonzeros=(2,), k=(1, 1), rng=rng()
)
good(book.mlcsc_learning, **DEEP, strides=(1, 1), circular=False, n_iter=1, batch=10, step=0.1, momentum=0.5)
good(learning.layerwise_start, **DEEP, strides=(1, 1), circular=False, sweeps=1, count=50)
EFFECTIVE = ConvDictionary(unit_filters(4, 1, 3), (10,), 1, False)
good(learning.deepest_code, D=EFFECTIVE, ys=DEEP["ys"], k=1)
good(learning.relative_error, D=EFFECTIVE, ys=DEEP["ys"], k=1)
