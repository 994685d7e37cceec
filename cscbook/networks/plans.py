"""Networks made of D, D^T and the correlation of filters: their codes, and their gradients by hand.

A network is a dict of arrays, ``theta``: filters ``W1`` ``(*size, c, m)``, ..., thresholds as biases ``b1 =
-beta_1`` (m,), .... What a network computes is a pursuit of the multi-layer model, and a *plan* says
which one: ``plan(theta, x, layers) -> (deepest code, pull)``. The function ``pull(g)`` returns the
gradients of all its arrays from that of the code: the same steps backwards, in which ``D^T`` takes the
place of ``D``, and ``D`` that of ``D^T``. With ``pull(g, signal=True)`` that of the signal is among them,
under ``"x"``; training does not ask for it, and saves that work.
"""

from dataclasses import dataclass

from ..arrays import array_namespace, check, check_type, check_whole
from ..local import aggregate, correlate, patches, times


@dataclass(frozen=True)
class Geometry:
    """Geometry of a layer without wrapping: filter size, stride, and the space of its signal."""

    size: tuple
    stride: int
    space: tuple


def check_theta(theta, x, **axes):
    """Raise unless the dict ``theta`` holds arrays of these names and numbers of axes, in the library of
    ``x``."""
    for name, ndim in axes.items():
        if name not in check_type("theta", theta, dict):
            raise ValueError(f"theta holds {', '.join(map(str, theta)) or 'nothing'}: expected {name} too")
        array_namespace(x, check(f"theta[{name!r}]", theta[name], ndim=ndim))


def analysis(x, W, layer):
    """``D^T x``, and its pullback ``g -> (D g, filter correlation of x and g)``."""
    p, local = patches(x, layer.size, layer.stride, circular=False), _local(W)

    def pull(g, inner=True):
        spread = _put(times(g, local.T), layer) if inner else None
        return spread, _correlate(p, g, W)

    return times(p, local), pull


def synthesis(gamma, W, layer):
    """``D gamma``, and its pullback ``g -> (D^T g, filter correlation of g and gamma)``."""
    local = _local(W)

    def pull(g):
        p = patches(g, layer.size, layer.stride, circular=False)
        return times(p, local), _correlate(p, gamma, W)

    return _put(times(gamma, local.T), layer), pull


def _put(p, layer):
    return aggregate(p, layer.size, layer.space, layer.stride, circular=False)


def _local(W):
    return array_namespace(W).reshape(W, (-1, W.shape[-1]))


def _correlate(p, g, W):
    """The correlation of patches and needles, in the shape of the filters."""
    return array_namespace(p).reshape(correlate(p, g), W.shape)


def rectify(z):
    """``max(z, 0)``, and its pullback."""
    xp = array_namespace(z)
    on = xp.astype(z > 0, z.dtype)  # a product is cheaper than a choice, entry by entry
    return xp.maximum(z, xp.zeros_like(z)), lambda g: on * g


def add(*gradients):
    """The sum of gradients, dicts of arrays; a name that is missing counts as zero."""
    total = {}
    for found in gradients:
        for name, g in found.items():
            total[name] = total[name] + g if name in total else g
    return total


def _over_positions(g):
    xp = array_namespace(g)
    rows = xp.reshape(g, (-1, g.shape[-1]))
    return xp.ones_like(rows[:, 0]) @ rows  # a sum over rows, as a product


def thresholding(theta, below, layer, i):
    """Soft non-negative thresholding, ``max(D_i^T below + b_i, 0)``: one layer of a forward pass.

    The pullback ``g -> (gradient of below, gradients of arrays)`` leaves out the first with
    ``inner=False``.
    """
    z, back = analysis(below, theta[f"W{i}"], layer)
    code, gate = rectify(z + theta[f"b{i}"])

    def pull(g, inner=True):
        g = gate(g)
        g_below, g_W = back(g, inner)
        return g_below, {f"W{i}": g_W, f"b{i}": _over_positions(g)}

    return code, pull


def correction(theta, h, implied, below, layer, i):
    """One iterative thresholding step, ``max(h - c_i D_i^T (implied - below) + b_i, 0)``.

    ``implied`` is ``D_i h``. The pullback is ``g -> (gradient of h, of implied, of arrays)``; that of
    ``below`` is minus the second.
    """
    c = theta[f"c{i}"]
    r, back = analysis(implied - below, theta[f"W{i}"], layer)
    code, gate = rectify(h - c * r + theta[f"b{i}"])

    def pull(g):
        g = gate(g)
        g_implied, g_W = back(-c * g)
        xp = array_namespace(g)
        g_c = xp.reshape(-xp.sum(g * r), (1,))
        return g, g_implied, {f"W{i}": g_W, f"b{i}": _over_positions(g), f"c{i}": g_c}

    return code, pull


def imply(theta, h, layer, i):
    """``D_i h``, with filters ``V{i}`` where ``theta`` holds them, else ``W{i}``; the pullback is ``g ->
    (gradient of h, of arrays)``."""
    name = f"V{i}" if f"V{i}" in theta else f"W{i}"
    x, back = synthesis(h, theta[name], layer)

    def pull(g):
        g_h, g_V = back(g)
        return g_h, {name: g_V}

    return x, pull


def chained(pulls):
    """The pullback of steps ``pull(g, inner) -> (gradient of the input, of arrays)``, one after the
    other; the first computes the gradient of the signal only where it is asked for."""

    def pull(g, signal=False):
        found = {}
        for i in reversed(range(len(pulls))):
            g, arrays = pulls[i](g, signal or i > 0)
            found = add(found, arrays)
        return found | ({"x": g} if signal else {})

    return pull


def cnn(theta, x, layers):
    """The forward pass of a convolutional network: layered thresholding, and nothing else."""
    code, pulls = x, []
    for i, layer in enumerate(layers, 1):
        code, back = thresholding(theta, code, layer, i)
        pulls.append(back)
    return code, chained(pulls)


@dataclass(frozen=True)
class Plan:
    """A plan with numbers of its own, ``function(theta, x, layers, *numbers)``; unlike a function inside of
    a function it can be pickled."""

    function: object
    name: str
    numbers: tuple

    def __post_init__(self):
        words = ", ".join(map(str, self.numbers))
        object.__setattr__(self, "__qualname__", f"{self.name}({words})")  # as functions have it

    def __call__(self, theta, x, layers):
        return self.function(theta, x, layers, *self.numbers)


def layered_ista(unfoldings):
    """Layered iterative thresholding: every layer takes ``unfoldings`` more steps before the next begins."""
    return Plan(_layered_ista, "layered_ista", (check_whole("unfoldings", unfoldings, least=0),))


def _layered_ista(theta, x, layers, unfoldings):
    code, pulls = x, []
    for i, layer in enumerate(layers, 1):
        code, back = _settle(theta, code, layer, i, unfoldings)
        pulls.append(back)
    return code, chained(pulls)


def _settle(theta, below, layer, i, unfoldings):
    """Thresholding and ``unfoldings`` corrections of one layer; the pullback is that of both."""
    code, first = thresholding(theta, below, layer, i)
    steps = []
    for _ in range(unfoldings):
        implied, back = imply(theta, code, layer, i)
        code, step = correction(theta, code, implied, below, layer, i)
        steps.append((step, back))

    def pull(g, inner=True):
        found, g_below = {}, 0
        for step, back in reversed(steps):
            g, g_implied, arrays = step(g)
            g_h, more = back(g_implied)
            g, g_below, found = g + g_h, g_below - g_implied, add(found, arrays, more)
        g, arrays = first(g, inner)
        return g + g_below if inner else None, add(found, arrays)

    return code, pull


def ml_ista(unfoldings, momentum=False):
    """ML-ISTA, or ML-FISTA with ``momentum``, unfolded: a forward pass, then ``unfoldings`` sweeps
    through all layers [Sulam, Aberdam, Beck & Elad, 2020]."""
    return Plan(_ml_ista, "ml_ista", (check_whole("unfoldings", unfoldings, least=0), bool(momentum)))


def _ml_ista(theta, x, layers, unfoldings, momentum):
    code, first = cnn(theta, x, layers)
    codes, pulls, push = [code], [], _pushes(unfoldings, momentum)
    for w in push:
        z = codes[-1] + w * (codes[-1] - codes[-2]) if w else codes[-1]
        code, back = _sweep(theta, z, x, layers)
        codes.append(code)
        pulls.append(back)

    def pull(g, signal=False):
        found, before = {}, 0
        for w, back in zip(reversed(push), reversed(pulls), strict=True):
            g_z, g_x, arrays = back(g)
            g, before = (1 + w) * g_z + before, -w * g_z
            found = add(found, arrays, {"x": g_x} if signal else {})
        return add(found, first(g, signal))

    return codes[-1], pull


def _pushes(unfoldings, momentum):
    """The factors ``(t - 1) / t'`` of FISTA, the first of which is zero; zeros without momentum."""
    t, found = 1.0, []
    for _ in range(unfoldings):
        before, t = t, (1 + (1 + 4 * t * t) ** 0.5) / 2
        found.append((before - 1) / t if momentum else 0.0)
    return found


def _sweep(theta, z, x, layers):
    """Towards the signal, ``h_{i-1} = D_i h_i`` from ``h_K = z``, and back with a correction per layer."""
    K = len(layers)
    h, downs, ups, code = {K: z}, {}, {}, x
    for i in range(K, 0, -1):
        h[i - 1], downs[i] = imply(theta, h[i], layers[i - 1], i)
    for i in range(1, K + 1):
        code, ups[i] = correction(theta, h[i], h[i - 1], code, layers[i - 1], i)

    def pull(g):
        found, g_h = {}, dict.fromkeys(range(K + 1), 0)
        for i in range(K, 0, -1):
            own, g_implied, arrays = ups[i](g)
            g_h[i], g_h[i - 1] = g_h[i] + own, g_implied
            g, found = -g_implied, add(found, arrays)
        for i in range(1, K + 1):
            g_i, arrays = downs[i](g_h[i - 1])
            g_h[i], found = g_h[i] + g_i, add(found, arrays)
        return g_h[K], g, found

    return code, pull
