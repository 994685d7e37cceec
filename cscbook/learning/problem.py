"""What all convolutional learners share: the problem, its signals and masks, and the first and the unused
filters."""

from dataclasses import dataclass

import numpy as np

from ..arrays import (
    array_namespace,
    as_generator,
    as_mask,
    as_sizes,
    asarray,
    check,
    check_level,
    check_whole,
    each_array,
    to_numpy,
)
from ..checkpoints import take
from ..dictionaries.convolution import ConvDictionary
from ..local import patches
from ..norms import energy, filter_norms


@dataclass(frozen=True)
class LearnedFilters:
    """Filters learned from signals.

    Attributes
    ----------
    D : array, shape ``(*size, c, m)``
        Unit filters, for a :class:`~cscbook.ConvDictionary`.
    gamma : tuple of arrays, shape ``(*positions, m)``
        The code of each signal; empty where the signals were not kept.
    trace : tuple of dict
        One entry per round: ``objective``, ``nonzeros`` (of all codes) and ``used`` (filters).
    """

    D: object
    gamma: tuple = ()
    trace: tuple = ()


@dataclass(frozen=True, eq=False)
class Problem:
    """``min sum_j ||M_j (y_j - D g_j)||^2 / 2 + lam ||g_j||_1 + ridge / 2 ||D_L - D_0||^2`` over codes
    and unit filters.

    The signals ``ys`` come masked; ``masks`` has None where all is seen.
    """

    ys: tuple
    masks: tuple
    size: tuple
    lam: float
    circular: bool
    zero_mean: bool
    ridge: float = 0.0
    anchor: object = None

    def each(self, *more):
        """Signal, mask, and what else there is one of for every signal."""
        return zip(self.ys, self.masks, *more, strict=True)

    def on(self, filters):
        """A function from signals to the global dictionary of these filters on them; one per size."""
        known = {y.shape[:-1]: None for y in self.ys}
        for space in known:
            known[space] = ConvDictionary(filters, space, circular=self.circular)
        return lambda y: known[y.shape[:-1]]

    def residuals(self, filters, gammas):
        on = self.on(filters)
        left = ((y - on(y) @ g, M) for y, M, g in self.each(gammas))
        return tuple(r if M is None else M * r for r, M in left)

    def pull(self, filters):
        return self.ridge / 2 * energy(filters - self.anchor) if self.ridge else 0.0

    def fit(self, filters, residuals):
        """The part of the objective that the filters change, the codes fixed."""
        return sum(map(energy, residuals)) / 2 + self.pull(filters)

    def objective(self, filters, gammas, residuals):
        xp = array_namespace(filters)
        l1 = sum(float(xp.sum(xp.abs(g), dtype=xp.float64)) for g in gammas)
        return sum(map(energy, residuals)) / 2 + self.lam * l1 + self.pull(filters)

    def row(self, filters, gammas, residuals):
        """What the trace notes of a round."""
        xp = array_namespace(filters)
        return {
            "objective": self.objective(filters, gammas, residuals),
            "nonzeros": sum(int(xp.count_nonzero(g)) for g in gammas),
            "used": int(sum(self.usage(gammas) > 0)),
        }

    def usage(self, gammas):
        """Squared norm of the codes of each filter, a NumPy array (m,)."""
        xp, over = array_namespace(gammas[0]), tuple(range(len(self.size)))
        return sum(to_numpy(xp.sum(g * g, axis=over)).astype(np.float64) for g in gammas)

    def renew(self, filters, gammas, residuals):
        """The filters, those that no code uses replaced: see :func:`renew`. A ridge holds them instead."""
        if self.ridge:
            return filters
        return renew(filters, self.usage(gammas) > 0, residuals, self.size, self.zero_mean)


def set_up(ys, size, m, lam, shared, ridge=0.0, masked=True):
    """The problem and the filters to start from, all checked.

    ``shared`` is the dict of keywords that all learners share, and loses those of the problem: ``D0``,
    ``masks`` (where the learner takes them), ``circular``, ``zero_mean``. It keeps ``rng`` and the other
    keywords of :func:`~cscbook.checkpoints.run`.
    """
    D0, circular, zero_mean = take(shared, D0=None, circular=True, zero_mean=False)
    (masks,) = take(shared, masks=None) if masked else (None,)
    rng = shared["rng"] = as_generator(shared.get("rng"))
    size = as_sizes("size", size, _space_axes(ys))
    ys = as_signals(ys, size)
    masks = as_masks(masks, ys, size)
    m, lam = check_whole("m", m), check_level("lam", lam, positive=True)
    ridge = check_level("ridge", ridge)
    if ridge and D0 is None:
        raise ValueError(f"ridge = {ridge} pulls towards D0: expected D0")
    ys = tuple(y if M is None else M * y for y, M in zip(ys, masks, strict=True))
    D = first_filters(ys, size, m, D0, zero_mean, rng)
    return Problem(ys, masks, size, lam, circular, zero_mean, ridge, D), D


def _space_axes(ys):
    """How many axes the space of a list of signals has; that of one array is taken to have one."""
    return check("ys[0]", ys[0]).ndim - 1 if isinstance(ys, (list, tuple)) and len(ys) else 1


def as_signals(ys, size, name="ys"):
    """A tuple of arrays ``(*space, c)``, from a list of them, one of them, or a batch."""
    d = len(size)
    if not isinstance(ys, list | tuple):
        xp = array_namespace(ys)
        if ys.ndim <= d:
            raise ValueError(f"{name} has shape {tuple(ys.shape)}: expected (*space, c), {d + 1} axes")
        flat = xp.reshape(ys, (-1, *ys.shape[ys.ndim - d - 1 :]))
        ys = [flat[b, ...] for b in range(flat.shape[0])]
    if not len(ys):
        raise ValueError(f"{name} is empty: expected at least one signal")
    array_namespace(*ys)
    for b, y in enumerate(ys):
        check(f"{name}[{b}]", y, ndim=d + 1)
        if y.shape[-1] != ys[0].shape[-1] or y.dtype != ys[0].dtype:
            raise ValueError(
                f"{name}[{b}] has shape {tuple(y.shape)} of {y.dtype}, {name}[0] {tuple(ys[0].shape)} of "
                f"{ys[0].dtype}: expected equal channels and precision"
            )
    return tuple(ys)


def as_masks(masks, ys, size):
    """One mask per signal that broadcasts against it, or None."""
    if masks is None:
        return (None,) * len(ys)
    masks = each_array(lambda M: as_mask("masks", M, ys[0]), masks)
    masks = as_signals(masks, size, "masks")
    if len(masks) == 1:
        masks = masks * len(ys)
    xp = array_namespace(*ys, *masks)
    if len(masks) != len(ys):
        raise ValueError(f"{len(masks)} masks for {len(ys)} signals")
    if any(bool(xp.any((M != 0) & (M != 1))) for M in masks):
        raise ValueError("masks hold other values than 0 and 1: expected 0 where the signal is missing")
    return tuple(xp.astype(xp.broadcast_to(M, y.shape), y.dtype) for M, y in zip(masks, ys, strict=True))


def unit(filters, zero_mean=False):
    """Filters of norm one, without their mean over space if asked; a zero filter is an error."""
    xp = array_namespace(filters)
    if zero_mean:
        filters = filters - xp.mean(filters, axis=tuple(range(filters.ndim - 2)), keepdims=True)
    norms = filter_norms(filters)
    if bool(xp.any(norms == 0)):
        raise ValueError("a filter is zero: it has no direction")
    return filters / norms


def first_filters(ys, size, m, D0, zero_mean, rng):
    """The filters to start from: ``D0`` with unit norms, or ``m`` random patches of the signals."""
    c = ys[0].shape[-1]
    if D0 is not None:
        array_namespace(check("D0", D0), ys[0])
        if tuple(D0.shape) != (*size, c, m):
            raise ValueError(f"D0 has shape {tuple(D0.shape)}: expected {(*size, c, m)}")
        return unit(array_namespace(D0).astype(D0, ys[0].dtype), zero_mean)
    found = []
    for b in rng.integers(len(ys), size=m):
        space = ys[b].shape[:-1]
        at = [int(rng.integers(max(N - n, 0) + 1)) for n, N in zip(size, space, strict=True)]
        patch = to_numpy(ys[b])[tuple(slice(i, i + n) for i, n in zip(at, size, strict=True))]
        noise = rng.standard_normal((*size, c))
        patch = patch - patch.mean()
        norm = np.linalg.norm(patch)
        found.append((patch / norm if norm > 0 else 0) + 0.1 * noise / np.linalg.norm(noise))
    return unit(asarray(np.stack(found, axis=-1), like=ys[0]), zero_mean)


def renew(filters, used, residuals, size, zero_mean):
    """Filters that no code uses become the patches that are represented worst, one apart from the
    other."""
    idle = np.flatnonzero(~np.asarray(used))
    if not len(idle):
        return filters
    found = []
    for r in map(to_numpy, residuals):
        power = patches((r * r).astype(np.float64), size, circular=False).sum(axis=-1)
        found.append((r, power))
    fresh = np.array(to_numpy(filters))
    for k in idle:
        r, power = max(found, key=lambda one: one[1].max())
        at = np.unravel_index(np.argmax(power), power.shape)
        if power[at] <= 0:
            break
        fresh[..., k] = r[tuple(slice(i, i + n) for i, n in zip(at, size, strict=True))]
        power[tuple(slice(max(i - n + 1, 0), i + n) for i, n in zip(at, size, strict=True))] = 0
    return unit(asarray(fresh, like=filters), zero_mean)
