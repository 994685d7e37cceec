"""Training a pursuit to denoise: crops of photographs, the average over shifts, and its gradient."""

import itertools
import math
from functools import partial

import numpy as np

from ...arrays import added, array_namespace, as_generator, check_level, check_type, check_whole, check_wholes
from ...checkpoints import run, take
from ...datasets.synthetic import noise
from ...networks.optimisers import adam, pack, unpack
from ...networks.plans import Geometry, add, synthesis
from .checks import check_image
from .csc import check_stride
from .ksvd import PEAK, single
from .symmetries import view
from .trained import Denoiser, check_arrays


def train_denoiser(images, sigma, start, plan, stride, *, shifts=4, blocks=8, n_iter=10, **training):
    """Train a pursuit so that the average over shifts of ``C @ pursuit(y)`` comes close to the clean image.

    The loss is the mean of ``(x - xhat)^2`` over random crops, in all eight views and with fresh noise each
    time, and is lowered by Adam; the rate falls linearly to zero. Pixels at the border of a crop,
    which fewer atoms reach, do not count.

    Parameters
    ----------
    images : list of arrays (H, W, c)
        Clean, in 0..255; the same arrays are learned from all channels.
    sigma : float
    start : dict of arrays
        Such as :func:`~cscbook.networks.csc_start` gives, with ``C`` (n, n, 1, m).
    plan : function
        Such as ``csc_network(steps)`` or ``patch_network``.
    stride : int
        At most n.
    shifts : int
        So many shifts, drawn anew for each step, are averaged while training; at most ``stride^2``.
    blocks : int
        Crops hold ``blocks x blocks`` positions of an atom.
    n_iter : int
        Rounds.
    batch, steps : int, default 16 and 100
        Crops per step, at most as many as there are different ones, and steps per round.
    rate : float, default 4e-3
    rng : numpy Generator, optional
    progress : bool, default False
    checkpoint : path, optional
        Kept after every round; the same call goes on from there.

    Returns
    -------
    Denoiser
    """
    batch, steps, rate = take(training, batch=16, steps=100, rate=4e-3)
    rng = training["rng"] = as_generator(training.get("rng"))
    batch, steps, n_iter = check_wholes(batch=batch, steps=steps, n_iter=n_iter)
    rate, theta = check_level("rate", rate), check_arrays("start", start, plan)
    size = theta["C"].shape[0]
    stride, shifts, blocks = _check_geometry(stride, shifts, blocks, size)
    sigma = _check_images(images, sigma, theta["C"], stride * blocks + size - 1, batch)
    images = [single(x) / PEAK for x in images]
    state = {**pack(theta), "t": np.zeros(1)}
    draw = partial(_crops, images, sigma / PEAK, batch, stride * blocks + size - 1)
    layer = Geometry((size, size), stride, (stride * (blocks - 1) + size,) * 2)
    step = partial(_round, draw, plan, layer, shifts, steps, rate, n_iter * steps)
    settings = ("denoiser", images, sigma, start, plan, stride, shifts, blocks, batch, steps, n_iter, rate)
    settings += (str(rng.bit_generator.state),)
    state, trace = run(step, state, n_iter, settings=settings, title="training", **training)
    return Denoiser(unpack(state)[0], plan, stride, sigma, trace)


def _check_geometry(stride, shifts, blocks, size):
    """``stride``, ``shifts`` and ``blocks`` as integers that fit filters of this size."""
    stride, shifts = check_stride(stride, size), check_whole("shifts", shifts)
    blocks = check_whole("blocks", blocks)
    if shifts > stride**2 or stride * blocks < size:
        raise ValueError(
            f"shifts = {shifts}, blocks = {blocks}: expected 1 <= shifts <= {stride**2}, "
            f"and at least {-(-size // stride)} blocks"
        )
    return stride, shifts, blocks


def _check_images(images, sigma, filters, side, batch):
    """``sigma`` as a float; raise unless all images hold a crop, and together ``batch`` different ones."""
    if not check_type("images", images, list, tuple):
        raise ValueError("images is empty: expected at least one photograph")
    for x in images:
        sigma = check_image(x, sigma, side)
    array_namespace(*images, filters)
    most = 8 * sum(x.shape[-1] * math.prod(N - side + 1 for N in x.shape[:2]) for x in images)
    if batch > most:
        raise ValueError(f"batch = {batch}: expected at most {most}, the number of different crops")
    return sigma


def _crops(images, sigma, batch, side, rng):
    """Random square crops (batch, side, side, 1), clean and noisy, without the mean of the noisy one."""
    xp, found = array_namespace(*images), []
    for _ in range(batch):
        x = images[int(rng.integers(len(images)))]
        i, j = (int(rng.integers(N - side + 1)) for N in x.shape[:2])
        channel = int(rng.integers(x.shape[-1]))
        crop = x[i : i + side, j : j + side, channel : channel + 1]
        found.append(view(crop, int(rng.integers(8))))
    x = xp.stack(found)
    y = x + noise(x, sigma, rng)
    mean = xp.mean(y, axis=(1, 2, 3), keepdims=True)
    return x - mean, y - mean


def shift_average(theta, plan, ys, layer, shifts):
    """The mean over shifts of ``C @ plan(window)`` on crops ``(batch, side, side, 1)``, and its pullback.

    The window of shift ``(i, j)`` starts there, and has the space of ``layer``. At pixels that all windows
    reach with equally many atoms, this is the estimate.
    """
    xp, (H, W) = array_namespace(ys), layer.space
    where = [(slice(None), slice(i, i + H), slice(j, j + W)) for i, j in shifts]
    code, back = plan(theta, xp.stack([ys[(*at, slice(None))] for at in where]), layer)
    parts, down = synthesis(code, theta["C"], layer)
    total = xp.zeros_like(ys)
    for k, at in enumerate(where):
        total = added(total, (*at, slice(None)), parts[k, ...])

    def pull(g):
        g_code, g_C = down(xp.stack([g[(*at, slice(None))] for at in where]) / len(shifts))
        return add({"C": g_C}, back(g_code))

    return total / len(shifts), pull


def _round(draw, plan, layer, shifts, steps, rate, last, state, rng):
    theta, m, v = unpack(state)
    grid = list(itertools.product(range(layer.stride), repeat=2))
    begin, total = int(state["t"][0]), 0.0
    for t in range(begin, begin + steps):
        x, y = draw(rng)
        some = [grid[k] for k in rng.choice(len(grid), shifts, replace=False)]
        found, pull = shift_average(theta, plan, y, layer, some)
        loss, g = _inner_error(found - x, layer.size[0] - 1)
        total, speed = total + loss, rate * (1 - t / last)
        for name, grad in pull(g).items():
            theta[name], m[name], v[name] = adam(theta[name], grad, m[name], v[name], t + 1, speed)
        if "tau" in theta:
            theta["tau"] = array_namespace(x).maximum(theta["tau"], 0 * theta["tau"])
    row = {"psnr": -10 * math.log10(total / steps)}
    return {**pack(theta, m, v), "t": np.array([begin + steps])}, row


def _inner_error(d, border):
    """Mean of ``d^2`` without ``border`` pixels on each side, and its gradient."""
    xp = array_namespace(d)
    inside = (slice(None), *(slice(border, N - border) for N in d.shape[1:3]), slice(None))
    kept = d[inside]
    count = math.prod(kept.shape)
    return float(xp.sum(kept * kept)) / count, added(xp.zeros_like(d), inside, 2 / count * kept)
