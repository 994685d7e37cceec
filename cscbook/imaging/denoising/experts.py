"""Field of Experts: responses of learned filters are heavy-tailed, at every place of the image.

The filters are a convolutional dictionary used the other way round: it analyses the image, ``r = D^T x``.
"""

import itertools
import math

import numpy as np

from ...arrays import (
    array_namespace,
    as_generator,
    asarray,
    check,
    check_level,
    check_whole,
    check_wholes,
    fft,
    zeros,
)
from ...datasets.files import _read
from ...networks.optimisers import adam
from ...networks.plans import Geometry, add, analysis, synthesis
from .checks import check_image
from .csc import dct_filters
from .ksvd import by_channel, single
from .training import _check_images, _crops, _inner_error

BETWEEN = 1.18  # a spectrum is at most so much larger between 8 n frequencies than at them, 1 / cos(pi / 8)^2


def denoise_foe(y, sigma, filters, alpha, n_iter=12):
    """Denoise by a Field of Experts: descend ``n_iter`` steps from ``y`` on :func:`foe_energy`.

    The image is divided by ``sigma`` first, so the field serves all noise levels. The step is ``3 / (2 L)``,
    with a bound ``L`` of the curvature, so that no step raises the energy. After [Roth & Black, 2005].

    Parameters
    ----------
    y : array (H, W, c)
    sigma : float
    filters : array (n, n, 1, m)
    alpha : array (m,)
        Weights of the experts, none negative.
    n_iter : int
        A field that was trained for some steps is best at about as many.

    Returns
    -------
    array (H, W, c)
    """
    filters, alpha = _check_field(filters, alpha, single(check("y", y, ndim=3)))
    sigma, n_iter = check_image(y, sigma, filters.shape[0]), check_whole("n_iter", n_iter, 0)

    def channel(part):
        field = {"filters": filters, "alpha": alpha}
        found, _ = descend(field, single(part)[None, ...] / sigma, n_iter)
        return array_namespace(y).astype(sigma * found[0, ...], y.dtype)

    return by_channel(channel, y)


def foe_energy(x, y, filters, alpha):
    """``||x - y||^2 / 2 + sum_i sum_k alpha_k log(1 + (f_k^T R_i x)^2 / 2)`` over all patches ``R_i x``, for
    images (H, W, 1) that were divided by the noise level; and its gradient in ``x``."""
    xp = array_namespace(check("x", x, ndim=3), check("y", y, ndim=3))
    filters, alpha = _check_field(filters, alpha, y)
    if x.shape != y.shape or x.shape[-1] != 1 or min(x.shape[:2]) < filters.shape[0]:
        raise ValueError(
            f"x of shape {tuple(x.shape)}, y of shape {tuple(y.shape)}: expected two images (H, W, 1) that "
            f"hold a filter of shape {tuple(filters.shape)}"
        )
    layer = Geometry(tuple(filters.shape[:2]), 1, tuple(x.shape[:2]))
    r, up = analysis(x[None, ...], filters, layer)
    value = xp.sum((x - y) ** 2) / 2 + xp.sum(alpha * xp.log(1 + r * r / 2))
    return float(value), x - y + up(alpha * influence(r)[0])[0][0, ...]


def influence(r):
    """The derivative of ``log(1 + r^2 / 2)``, ``r / (1 + r^2 / 2)``, and the derivative of that."""
    below = 1 + r * r / 2
    return r / below, (1 - r * r / 2) / (below * below)


def curvature(filters, alpha):
    """``L = 1 + 1.18 max_w sum_k alpha_k |F f_k(w)|^2``, at least the largest curvature of
    :func:`foe_energy`, and its gradients in ``filters`` and ``alpha``."""
    xp, N = array_namespace(filters), 8 * filters.shape[0]
    spectrum = xp.abs(fft(filters).rfftn(filters[:, :, 0, :], s=(N, N), axes=(0, 1))) ** 2
    spectrum = xp.sum(alpha * spectrum, axis=-1)
    i, j = divmod(int(xp.argmax(xp.reshape(spectrum, (-1,)))), spectrum.shape[1])
    at = np.arange(filters.shape[0])
    phase = 2 * np.pi / N * (i * at[:, None] + j * at)[:, :, None, None]
    waves = [asarray(wave(phase), like=filters) for wave in (np.cos, np.sin)]
    seen = [xp.sum(filters * wave, axis=(0, 1, 2)) for wave in waves]
    g_alpha = BETWEEN * (seen[0] ** 2 + seen[1] ** 2)
    g_filters = 2 * BETWEEN * alpha * (seen[0] * waves[0] + seen[1] * waves[1])
    return 1 + float(xp.sum(alpha * g_alpha)), {"filters": g_filters, "alpha": g_alpha}


def descend(field, ys, n_iter):
    """``n_iter`` steps ``x <- x - t (x - y + D (alpha psi(D^T x)))`` of size ``t = 3 / (2 L)`` from ``y``, on
    a batch (b, H, W, 1), and the pullback ``g -> gradients of filters and alpha``."""
    D, alpha = field["filters"], field["alpha"]
    layer = Geometry(tuple(D.shape[:2]), 1, tuple(ys.shape[1:3]))
    L, steeper = curvature(D, alpha)
    x, pulls = ys, []
    for _ in range(n_iter):
        x, pull = _descent_step(D, alpha, x, ys, layer, 1.5 / L)
        pulls.append(pull)

    def back(g):
        found = {}
        for pull in reversed(pulls):
            g, part = pull(g)
            found = add(found, part)
        g_L = found.pop("t") * (-1.5 / L**2)
        return {name: a + g_L * steeper[name] for name, a in found.items()}

    return x, back


def _descent_step(D, alpha, x, ys, layer, t):
    r, up = analysis(x, D, layer)
    psi, slope = influence(r)
    push, down = synthesis(alpha * psi, D, layer)
    down_hill = x - ys + push

    def pull(g):
        xp = array_namespace(g)
        g_push, g_D = down(-t * g)
        g_x, g_D_too = up(g_push * alpha * slope)
        found = {"filters": g_D + g_D_too, "alpha": xp.sum(g_push * psi, axis=(0, 1, 2))}
        return (1 - t) * g + g_x, found | {"t": -float(xp.sum(g * down_hill))}

    return x - t * down_hill, pull


def train_experts(
    images, sigma, size=5, n_iter=12, rounds=10, steps=50, batch=8, side=40, rate=2e-3, rng=None
):
    """Yield a field of experts ``(filters, alpha, PSNR of the crops in dB)`` after each round of training.

    The loss is the mean squared error of :func:`denoise_foe` on noisy random crops of clean photographs, and
    is lessened by Adam, at a rate that falls linearly to zero. That is training for the denoised error
    [Samuel & Tappen, 2009] in the place of contrastive divergence. It starts from the cosines that are not
    constant; filters keep the mean zero, and ``alpha`` stays positive.

    Parameters
    ----------
    images : list of arrays (H, W, c)
        Clean, in 0..255.
    sigma : float
    size : int
        Side of the filters; there are ``size^2 - 1``.
    n_iter : int
        Steps of the denoiser.
    rounds, steps : int
        So many yields, of so many steps of Adam each.
    batch, side : int
        Crops a step, and their side.
    rate : float
    rng : numpy Generator, optional
    """
    size, n_iter, rounds, steps, batch, side = check_wholes(
        size=size, n_iter=n_iter, rounds=rounds, steps=steps, batch=batch, side=side
    )
    if size < 2 or side < 3 * size:
        raise ValueError(f"size = {size}, side = {side}: expected at least 2, and 3 filters a side")
    filters = single(dct_filters(size, size))
    sigma = _check_images(images, sigma, filters, side, batch)
    rate, rng = check_level("rate", rate), as_generator(rng)
    images = [single(x) / sigma for x in images]
    filters = asarray(filters, like=images[0])
    field = {"filters": filters, "alpha": 0.05 + zeros((size**2 - 1,), like=filters)}
    return _training(images, field, n_iter, rounds, steps, (batch, side), rate, 255 / sigma, rng)


def _training(images, field, n_iter, rounds, steps, crops, rate, peak, rng):
    m, v = ({name: 0 * a for name, a in field.items()} for _ in range(2))
    border, clock = field["filters"].shape[0] - 1, itertools.count()
    for _ in range(rounds):
        total = 0.0
        for t in itertools.islice(clock, steps):
            x, y = _crops(images, 1.0, *crops, rng)
            found, back = descend(field, y, n_iter)
            loss, g = _inner_error(found - x, border)
            total, speed = total + loss, rate * (1 - t / (rounds * steps))
            for name, grad in back(g).items():
                field[name], m[name], v[name] = adam(field[name], grad, m[name], v[name], t + 1, speed)
            field = _admissible(field)
        yield field["filters"], field["alpha"], 10 * math.log10(peak**2 * steps / total)


def _admissible(field):
    """Filters without their means, and weights that are not negative."""
    D, alpha, xp = field["filters"], field["alpha"], array_namespace(field["alpha"])
    return {
        "filters": D - xp.mean(D, axis=(0, 1), keepdims=True),
        "alpha": xp.maximum(alpha, xp.zeros_like(alpha)),
    }


def _check_field(filters, alpha, y):
    """The field beside ``y``, and in its type."""
    filters = asarray(check("filters", filters, ndim=4), like=y)
    alpha = alpha if hasattr(alpha, "dtype") else asarray(alpha, like=filters)
    alpha = asarray(check("alpha", alpha, ndim=1), like=filters)
    xp, shape = array_namespace(filters, alpha), tuple(filters.shape)
    if shape[1:3] != (shape[0], 1) or tuple(alpha.shape) != shape[3:]:
        raise ValueError(
            f"filters of shape {shape}, alpha of shape {tuple(alpha.shape)}: expected (n, n, 1, m) and (m,)"
        )
    if not bool(xp.all(alpha >= 0)):
        raise ValueError(f"smallest alpha {float(xp.min(alpha))}: expected none below zero")
    return filters, alpha


def load_experts():
    """``(filters, alpha)`` of the 24 experts of 5 x 5 that ``data/train_experts.py`` trained on seven
    photographs, for noise of 25."""
    with np.load(_read("experts.npz"), allow_pickle=False) as kept:
        return asarray(kept["filters"]), asarray(kept["alpha"])
