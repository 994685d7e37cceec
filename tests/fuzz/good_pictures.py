"""Good calls of what works on pictures, and of networks; see ``good_calls``."""

from functools import partial

import numpy as np
from fuzz.good_calls import CHAIN, CODES, ON, SIGNALS, M, good, rng, unit_filters
from fuzz.good_theory import FOLDER

import cscbook as book
from cscbook import ConvDictionary, array_namespace, imaging, networks
from cscbook.imaging.denoising.ksvd import Denoised
from cscbook.networks import csc_network, csc_start
from cscbook.networks.plans import Geometry

PICTURE = 128 + 40 * np.sin(np.mgrid[:12, :14][0] / 2)[..., None] + 10 * rng().standard_normal((12, 14, 1))
SEEN = (rng().random((12, 14, 1)) < 0.7) * 1.0
MATRIX = imaging.dct_filters(4, 5).reshape(16, 24)
ATOMS = imaging.dct_filters(3, 3)
PATCHES = imaging.image_patches(PICTURE, 4)


def mean_of_itself(y):
    """A denoiser that does little."""
    return 0.5 * y + 0.5 * array_namespace(y).mean(y)


# --- denoising ------------------------------------------------------------------------------------

good(imaging.average, P=PATCHES, y=PICTURE, size=4, weight=1.0)
good(imaging.block_means, size=4)
good(imaging.block_omp, sigma=10.0, gain=1.15)
good(imaging.dct_filters, n=3, m=4)
good(
    imaging.denoise_csc,
    y=PICTURE,
    sigma=10.0,
    D=ATOMS,
    lam=20.0,
    stride=2,
    shifts=[(0, 0), (0, 1)],
    split=imaging.block_means(3),
    pursuit=None,
    weight=0.1,
)
good(imaging.denoise_dct, y=PICTURE, sigma=10.0, size=4, threshold=2.7)
good(
    imaging.denoise_epll,
    y=PICTURE,
    sigma=10.0,
    weights=np.array([0.5, 0.5]),
    covariances=np.stack([100 * np.eye(9), 400 * np.eye(9)]),
    betas=(1, 4),
    fidelity=0.5,
)
good(imaging.denoise_ksvd, y=PICTURE, sigma=10.0, D0=MATRIX, n_iter=1, train=50, gain=1.15, rng=rng())
start = Denoised(PICTURE, MATRIX, 1.0)
good(imaging.denoise_lssc, y=PICTURE, sigma=10.0, start=start, members=4, window=5, gain=1.15)
good(imaging.denoise_omp, y=PICTURE, sigma=10.0, D=MATRIX, gain=1.15)
good(imaging.denoise_pyramid, denoise=mean_of_itself, y=PICTURE, levels=1)
DENOISER = imaging.Denoiser(csc_start(ATOMS, 0.1, 2), csc_network(2), 2, 25.0)
good(imaging.denoise_trained, y=PICTURE, denoiser=DENOISER, sigma=20.0, shifts=[(0, 0), (1, 1)])
good(imaging.denoise_tv, y=PICTURE, weight=10.0, tol=1e-3, max_iter=50, start=np.zeros((2, 12, 14, 1)))
good(
    imaging.denoise_wnnm,
    y=PICTURE,
    sigma=10.0,
    size=4,
    members=6,
    window=5,
    stride=4,
    rounds=1,
    feedback=0.1,
    left=0.5,
    gain=1.0,
)
good(imaging.disagreement, P=PATCHES, x=PICTURE, size=4)
good(imaging.estimate_sigma, y=PICTURE)
good(imaging.fuse_scales, denoise=mean_of_itself, y=PICTURE, x=PICTURE, weight=0.75)
good(imaging.haar, x=PICTURE)
good(imaging.image_patches, y=PICTURE, size=4)
BANDS = dict(zip(("low", "horizontal", "vertical", "diagonal"), imaging.haar(PICTURE), strict=True))
good(imaging.inverse_haar, **BANDS)
good(imaging.ksvd_epll, y=PICTURE, sigma=10.0, D=MATRIX, rounds=1, gain=1.05)
good(imaging.share_disagreement, y=PICTURE, sigma=10.0, D=MATRIX, rounds=1, gain=1.15)
good(imaging.psnr, x=PICTURE, truth=PICTURE + 1, peak=255)
good(imaging.remaining_noise, sigma=10.0, atoms=2.0, n=16)
good(imaging.save_denoiser, file=FOLDER / "denoiser.npz", denoiser=DENOISER)
imaging.save_denoiser(FOLDER / "kept.npz", DENOISER)
good(imaging.load_denoiser, file=FOLDER / "kept.npz")
good(imaging.similar_patches, x=PICTURE, size=4, members=3, window=5, stride=2)
good(imaging.simultaneous_omp, D=M, Y=SIGNALS.reshape(8, 3, 2), k=2, tol=0.1)
good(imaging.sos, denoise=mean_of_itself, y=PICTURE, rho=0.5, rounds=2)
good(
    imaging.train_denoiser,
    images=[np.tile(PICTURE, (3, 3, 1))],
    sigma=25.0,
    start=csc_start(ATOMS, 0.1, 2),
    plan=csc_network(2),
    stride=2,
    shifts=2,
    blocks=3,
    n_iter=1,
    batch=1,
    steps=1,
    rate=1e-3,
    rng=rng(),
)

# --- other work on pictures -----------------------------------------------------------------------

good(imaging.roughness, filters=ATOMS)
good(imaging.patch_filters, xs=[PICTURE], size=3, m=5, k=2, patches=60, n_iter=1, rng=rng())
good(imaging.plate, y=PICTURE, mask=SEEN, mu=1.0, start=PICTURE, tol=1e-3, max_iter=5)
good(imaging.inpaint, y=PICTURE, mask=SEEN, D=ATOMS, lam=0.1, mu=1.0, steps=(2, 1), tol=0.1)
good(imaging.inpaint_tv, y=PICTURE, mask=SEEN, n_iter=5, step=0.02)
good(
    imaging.self_dictionary,
    y=np.tile(PICTURE, (2, 2, 1)),
    mask=np.tile(SEEN, (2, 2, 1)),
    D0=ATOMS,
    m=4,
    k=2,
    rounds=1,
    rng=rng(),
    lam=0.1,
    mu=1.0,
    steps=(2,),
    tol=0.1,
)
good(imaging.separate, y=PICTURE, D=ATOMS, lam=0.05, tv=0.06, rounds=1, start=5.0, learn=False, tol=0.1)
good(imaging.texture_filters, y=np.tile(PICTURE, (2, 2, 1)), size=3, m=5, tv=0.06, rng=rng())
good(imaging.total_variation, x=PICTURE)
good(imaging.halve, x=PICTURE)
good(imaging.double, y=PICTURE)
good(imaging.resize, x=PICTURE, space=(6, 9))
good(imaging.back_project, x=PICTURE, y=imaging.halve(PICTURE), n_iter=2)
MODEL = imaging.Coupled(ATOMS, unit_filters(6, 6, 1, 8), 2.0)
good(imaging.superresolve, y=PICTURE, model=MODEL, n_views=1, n_iter=1)
good(
    imaging.train_superresolution,
    images=[np.tile(PICTURE, (2, 2, 1))],
    size=3,
    m=8,
    lam=2.0,
    ridge=10.0,
    low=ATOMS,
    n_iter=1,
    rng=rng(),
)
PULSES = ConvDictionary(unit_filters(8, 1, 2), (30,))
SPOTS = np.zeros((30, 2))
SPOTS[3, 0], SPOTS[15, 1] = 1.0, -2.0
good(imaging.detect, y=PULSES @ SPOTS, D=PULSES, eps=0.01, above=0.1, pursuit=partial(book.omp, k=2))
good(imaging.occurrences, gamma=SPOTS, stride=1, above=0.1, certain=True)
FOUND = imaging.occurrences(SPOTS)
good(imaging.precision_recall, found=FOUND, truth=FOUND)

# --- networks -------------------------------------------------------------------------------------

XS, LABELS = rng().standard_normal((12, 9, 9, 1)), np.arange(12) % 3
SHAPE = dict(sizes=((3, 3), (2, 2)), atoms=(2, 3), strides=(2, 1))
NETWORK = book.train_cnn(XS, LABELS, **SHAPE, n_iter=1)
good(
    networks.train_cnn,
    xs=XS,
    labels=LABELS,
    **SHAPE,
    plan=networks.classifier.cnn,
    free=False,
    start=NETWORK,
    n_iter=1,
    batch=6,
    rate=1e-3,
    shift=1,
    rng=rng(),
)
for function in (networks.accuracy, networks.input_gradient):
    good(function, network=NETWORK, xs=XS, labels=LABELS)
good(networks.adversarial_noise, network=NETWORK, xs=XS, labels=LABELS, eps=0.1, steps=2)
good(networks.csc_network, steps=2)
good(networks.csc_start, D=ATOMS, lam=0.1, stride=2)
good(networks.patch_start, size=(3, 3), atoms=(4, 5), channels=1, rng=rng(), like=PICTURE)
THETA = networks.patch_start((3, 3), (4, 5), like=PICTURE)
good(networks.patch_network, theta=THETA, y=PICTURE, layer=Geometry((3, 3), 1, (12, 14)))
good(networks.layered_bp, ridge=0.1, tol=1e-3)
good(networks.lasso_gradients, D=M, y=SIGNALS, gamma=CODES, g=CODES, ridge=0.1, tol=1e-6, max_iter=50)
SHORT = ConvDictionary(unit_filters(4, 1, 3), (12,))
good(networks.converged_code, D=SHORT, y=np.ones((2, 12, 1)), lam=0.1, ridge=0.1, tol=1e-3, max_iter=50)
good(networks.lista_start, D=M, lam=0.1, steps=2, lipschitz=4.0)
good(networks.lista, theta=networks.lista_start(M, 0.1, 2), y=SIGNALS)
good(
    networks.train_lista,
    D=M,
    ys=SIGNALS,
    gammas=CODES,
    lam=0.1,
    steps=2,
    n_iter=1,
    batch=4,
    rate=1e-3,
    lipschitz=4.0,
    rng=rng(),
)
PLANE = ConvDictionary(ATOMS, (9, 9))
good(networks.unit_atoms, D=PLANE)
good(networks.pooled_features, D=PLANE, x=XS, beta=0.1, size=3, stride=2)
FEATURES = rng().standard_normal((12, 5))
good(networks.ridge_classifier, features=FEATURES, labels=LABELS, weight=0.1)
W = networks.ridge_classifier(FEATURES, LABELS, 0.1)
good(networks.error_rate, W=W, features=FEATURES, labels=LABELS)
good(networks.worst_noise, D=M, on=np.stack([ON, ON], axis=1), w=CODES[:, :2], eps=0.1)
good(networks.save_dictionaries, file=FOLDER / "layers.npz", dictionaries=CHAIN)
networks.save_dictionaries(FOLDER / "kept_layers.npz", CHAIN)
good(networks.load_dictionaries, file=FOLDER / "kept_layers.npz")
good(networks.save_network, file=FOLDER / "network.npz", network=NETWORK)
networks.save_network(FOLDER / "kept_network.npz", NETWORK)
good(networks.load_network, file=FOLDER / "kept_network.npz")
