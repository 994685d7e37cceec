"""Denoising by a pursuit that was trained for it, averaged over shifts."""

from dataclasses import dataclass

import numpy as np

from ...arrays import array_namespace, asarray, check, check_type, check_whole, indices, to_numpy
from ...checkpoints import write_npz
from ...datasets.files import _read
from ...networks.denoising_plans import csc_network, patch_network
from ...networks.plans import Geometry
from ...pursuits import Pursuit
from .checks import check_image, check_scale
from .csc import denoise_csc
from .ksvd import PEAK, Denoised, single

ARRAYS = ("A", "B", "C", "tau")  # of a csc_network


@dataclass(frozen=True)
class Denoiser:
    """A trained denoiser.

    Attributes
    ----------
    theta : dict of arrays
        For intensities in 0..1; ``theta["C"]`` (n, n, 1, m) are the filters of the image.
    plan : function
        The pursuit, such as :func:`~cscbook.networks.csc_network` of some steps.
    stride : int
    sigma : float
        The noise it was trained for, in 0..255.
    trace : tuple of dict
        One entry per round: ``psnr`` of the training crops, in dB, before each step.
    """

    theta: dict
    plan: object
    stride: int
    sigma: float
    trace: tuple = ()

    @property
    def parameters(self):
        """How many numbers were trained."""
        return sum(int(np.prod(a.shape)) for a in self.theta.values())


def denoise_trained(y, denoiser, sigma=None, shifts=None):
    """Denoise an image (H, W, c) by a trained pursuit.

    This is :func:`~cscbook.imaging.denoise_csc` with its filters, its stride, the mean as smooth part, and
    the pursuit. Outside, the image is continued by reflection, so that all shifts reach every pixel.

    Parameters
    ----------
    y : array (H, W, c)
        In 0..255; channels are treated one by one.
    denoiser : Denoiser
    sigma : float, optional
        The noise of ``y``, if it is not what the denoiser was trained for: the image is scaled until it
        is, and back. For :func:`~cscbook.networks.csc_network` that is the same as scaling ``tau``.
    shifts : list of (int, int), optional
        Default: all ``stride^2``.

    Returns
    -------
    Denoised
        ``atoms_per_patch`` counts the non-zeros of a needle.
    """
    check_type("denoiser", denoiser, Denoiser)
    theta = check_arrays("denoiser.theta", denoiser.theta, denoiser.plan)
    stride, trained = check_whole("stride", denoiser.stride), check_scale("denoiser.sigma", denoiser.sigma)
    border = theta["C"].shape[0] + stride
    sigma = check_image(y, trained if sigma is None else sigma, border + 1)
    scale = PEAK * sigma / trained

    def pursuit(D, y):
        code, _ = denoiser.plan(theta, y[None, ...] / scale, Geometry(D.size, D.stride, D.space))
        return Pursuit(scale * code[0, ...])

    wide, inside = reflect(single(y), border), (slice(border, -border),) * 2
    found = denoise_csc(
        wide,
        sigma,
        theta["C"],
        lam=0.0,
        stride=stride,
        shifts=shifts,
        split=_mean_apart,
        pursuit=pursuit,
    )
    x = array_namespace(y).astype(found.x[(*inside, slice(None))], y.dtype)
    return Denoised(x, found.D, found.atoms_per_patch)


def check_arrays(name, theta, plan):
    """The arrays of a pursuit in single precision; raise unless those that it needs are there."""
    needed = ARRAYS if getattr(plan, "name", None) == "csc_network" else ("C",)
    missing = [one for one in needed if one not in check_type(name, theta, dict)]
    if missing:
        raise ValueError(f"{name} holds {sorted(map(str, theta))}: expected {missing[0]!r} as well")
    theta = {one: single(check(f'{name}["{one}"]', a)) for one, a in theta.items()}
    array_namespace(*theta.values())
    shape = tuple(theta["C"].shape)
    if len(shape) != 4 or shape[1:3] != (shape[0], 1):
        raise ValueError(f'{name}["C"] of shape {shape}: expected (n, n, 1, m)')
    for one in needed:
        expected = shape[-1:] if one == "tau" else shape
        if tuple(theta[one].shape) != expected:
            raise ValueError(f'{name}["{one}"] has shape {tuple(theta[one].shape)}: expected {expected}')
    return theta


def _mean_apart(y):
    mean = array_namespace(y).mean(y) + 0 * y
    return mean, y - mean


def reflect(y, border):
    """An image (H, W, c) continued by ``border`` pixels on each side, mirrored at its outermost ones."""
    xp = array_namespace(y)
    for axis in (0, 1):
        N = y.shape[axis]
        at = np.abs(np.arange(-border, N + border))
        y = xp.take(y, indices(np.where(at < N, at, 2 * (N - 1) - at), like=y), axis=axis)
    return y


def save_denoiser(file, denoiser):
    """Write a trained :func:`~cscbook.networks.csc_network` or :func:`~cscbook.networks.patch_network` as an
    npz, in single precision."""
    plan = check_type("denoiser", denoiser, Denoiser).plan
    if plan is not patch_network and getattr(plan, "name", None) != "csc_network":
        raise ValueError(
            f"plan = {getattr(plan, '__qualname__', plan)}: expected a csc_network or patch_network"
        )
    theta = check_arrays("denoiser.theta", denoiser.theta, plan)
    arrays = {name: to_numpy(a) for name, a in theta.items()}
    numbers = {
        "steps": 0 if plan is patch_network else plan.numbers[0],
        "stride": check_whole("stride", denoiser.stride),
        "sigma": check_scale("denoiser.sigma", denoiser.sigma),
    }
    write_npz(file, arrays | {name: np.array(value) for name, value in numbers.items()})


def load_denoiser(file=None):
    """The denoiser in a file of :func:`save_denoiser`; by default the one that ``data/train_denoiser.py``
    trained on seven photographs for noise of 25."""
    return _denoiser(_read("denoiser.npz") if file is None else file)


def load_patch_denoiser():
    """The network of patches, two hidden layers of 128 neurons, that ``data/train_patch_network.py`` trained
    on seven photographs for noise of 25."""
    return _denoiser(_read("patch_denoiser.npz"))


def _denoiser(file):
    with np.load(file, allow_pickle=False) as kept:
        numbers = {name: float(kept[name]) for name in ("steps", "stride", "sigma")}
        theta = {name: asarray(kept[name]) for name in kept.files if name not in numbers}
    plan = csc_network(int(numbers["steps"])) if numbers["steps"] else patch_network
    return Denoiser(theta, plan, int(numbers["stride"]), numbers["sigma"])
