"""Basis pursuit of an image larger than memory: tiles that agree, and a certificate for the whole."""

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import as_map, check, check_level, check_whole, to_numpy
from ..checkpoints import fingerprint, writing
from .code import TiledCode
from .grid import Grid, inside, samples
from .manifest import Manifest, folder_at, read_manifest, write_manifest
from .signals import Signal
from .store import Store
from .tasks import Task, floor, improve, look, look_again, reach, relative_gap

PASSES = 40  # full correlations of a tile in a round, at most
HOPE = 20  # a gap within so many times the goal may be closed by the local dual point


@dataclass(frozen=True, eq=False)
class TiledPursuit:
    """What :func:`code_tiles` found.

    Attributes
    ----------
    code : TiledCode
    trace : tuple of float
        The objective of the whole image after each round.
    gap : float
        Relative duality gap of the whole image.
    converged : bool
        Whether the gap is at most ``tol``.
    """

    code: TiledCode
    trace: tuple
    gap: float
    converged: bool


def code_tiles(y, filters, lam, tol=1e-4, *, folder, tile=512, max_rounds=50, map=None, progress=False):
    """Basis pursuit ``min_g ||y - D g||^2 / 2 + lam ||g||_1`` of an image that need not fit in memory.

    Positions are cut into tiles. In a round every tile is solved against its surroundings as they are: that
    is block coordinate descent [Tseng, 2001] on blocks that overlap, and it ends where the whole problem
    does, without seams. Tiles of one colour share no sample and may be solved at once; the numbers do not
    depend on where ``map`` runs them. After a round the duality gap of the *whole* problem is summed up over
    the tiles in float64, and rounds go on until it is at most ``tol``. Near this goal its dual point is the
    residual made smaller only where an atom correlates by more than ``lam``, as in
    ``duality_gap``.

    Work that was interrupted at any moment goes on when it is called again with the same folder, and ends
    with the same numbers.

    Parameters
    ----------
    y : array (H, W, c), path of an ``.npy`` file, or anything with ``shape``, ``dtype`` and slices
        float32 or float64, such as ``np.memmap`` or a zarr array. Only windows are read.
    filters : array (h, w, c, m)
        Atoms lie wholly inside the image, at all (H - h + 1, W - w + 1) positions.
    lam : float
        Weight of the l1 norm, positive.
    tol : float
        Stop at this relative duality gap.
    folder : path
        Where the code is kept, tile by tile.
    tile : int
        Positions along a side of a tile, at most; at least twice the size of the filters.
    max_rounds : int
        At most so many rounds, those of earlier calls included.
    map : function, optional
        ``map(function, items)`` gives the results in order, as Python's ``map`` (the default) does;
        see :func:`executor_map` and :func:`dask_map`.
    progress : bool
        Show a bar.

    Returns
    -------
    TiledPursuit

    Raises
    ------
    ValueError
        An argument does not fit, or the folder is damaged or belongs to another problem.
    """
    tol, max_rounds = check_level("tol", tol, positive=True), check_whole("max_rounds", max_rounds)
    work = _Work(y, filters, lam, folder, tile, map, progress)
    state = work.start(tol)
    while state.gap > tol and state.turn < max_rounds:
        state = work.certify(work.sweep(state), tol)
    return TiledPursuit(work.code, state.trace, state.gap, state.gap <= tol)


class _Work:
    """The image, the folder, and what goes on between them."""

    def __init__(self, y, filters, lam, folder, tile, map, progress):
        self.signal, self.lam = Signal(y), check_level("lam", lam, positive=True)
        filters = check("filters", to_numpy(filters), ndim=4)
        if filters.shape[2] != self.signal.shape[2]:
            raise ValueError(
                f"filters of shape {filters.shape} do not fit an image of shape {self.signal.shape}: "
                "expected (h, w, c, m) with the channels of the image"
            )
        dtype, m, self.folder = self.signal.dtype, filters.shape[-1], folder_at(folder)
        self.filters = np.ascontiguousarray(filters, dtype)
        self.grid = grid = Grid(self.signal.shape[:2], filters.shape[:2], check_whole("tile", tile))
        self.codes = Store(folder, "code", grid, m, dtype)
        self.excess = Store(folder, "excess", grid, 1, dtype)
        self.fresh = Store(folder, "fresh", grid, m, dtype, wide=True)
        self.map, self.progress = as_map(map), progress

    @property
    def code(self):
        return TiledCode(self.filters, self.grid, self.codes)

    def start(self, tol):
        """The manifest to go on from; a new folder gets one, and codes of zeros."""
        image = self.signal.digest(self.grid.owned(tile) for tile in self.grid.tiles)
        digests = {"image": image, "filters": fingerprint(self.filters), "lam": repr(self.lam)}
        digests["tile"] = str(self.grid.tile)
        kept = read_manifest(self.folder)
        if kept is None:
            return self.new(digests, tol)
        for name, digest in digests.items():
            if kept.digests.get(name) != digest:
                raise ValueError(
                    f"{self.folder} belongs to another {name}: remove it, or give another folder"
                )
        if kept.gap <= tol:  # files may have been touched since
            return self.certify(replace(kept, turn=kept.turn - 1, trace=kept.trace[:-1]), tol)
        return replace(kept, goal=min(kept.goal, tol / 2))

    def new(self, digests, tol):
        for tile in self.grid.tiles:
            self.codes.write(tile, self.codes.empty(tile))
        with writing(self.folder / "filters.npy") as (temporary,), temporary.open("wb") as out:
            np.save(out, self.filters)
        return self.note(
            Manifest(digests, self.grid.space, self.grid.tile, str(self.signal.dtype), goal=tol / 2)
        )

    def note(self, state):
        """Keep the state."""
        write_manifest(self.folder, state)
        return state

    # --- a round --------------------------------------------------------------------------------

    def sweep(self, state):
        """Solve the tiles whose own gap is above their goal, colour by colour, but for those that are there.

        New codes lie beside the old ones until all of a colour are there. So nothing depends on when the work
        was interrupted.
        """
        goals = self.goals(state)
        for step, colour in list(enumerate(self.grid.colours))[state.step :]:
            stamp = 4 * state.turn + step
            done = self.fresh.keep_only(stamp)
            tiles = [tile for tile in colour if tile in goals and tile not in done]
            jobs = ((self.task(self.grid.wide(tile)), goals[tile]) for tile in tiles)
            for tile, code in self.run(_improve, tiles, jobs, f"round {state.turn + 1}"):
                self.fresh.write(tile, code, stamp)
            for tile in self.grid.tiles:
                self.codes.merge(tile, self.fresh)
            state = self.note(replace(state, step=step + 1))
        self.fresh.keep_only(-1)
        return state

    def goals(self, state):
        """The tiles to solve, and to which relative gap each: one with a smaller objective than the others
        may have a larger gap, because the sum counts."""
        if not state.tiles:
            return dict.fromkeys(self.grid.tiles, state.goal)
        mean = sum(primal for primal, _ in state.tiles) / len(state.tiles)
        found = {}
        for tile, (primal, gap) in zip(self.grid.tiles, state.tiles, strict=True):
            goal = state.goal * max(1.0, mean / primal if primal else 1.0)
            if gap > goal:
                found[tile] = goal
        return found

    def task(self, place):
        """What a rectangle of positions and its surroundings are now."""
        near = self.grid.near(place)
        y = self.signal.read(samples(place, self.grid.size))
        return Task(self.filters, self.lam, y, self.codes.region(near), inside(place, near))

    def run(self, function, tiles, jobs, title):
        """Pairs of a tile and what ``map`` gives for it."""
        from tqdm import tqdm

        found = zip(tiles, self.map(function, jobs), strict=True)
        return tqdm(found, total=len(tiles), desc=title, unit="tile", disable=not self.progress, leave=False)

    # --- the certificate ------------------------------------------------------------------------

    def certify(self, state, tol):
        """The state after a round, kept: objective and gap of the whole image, and of the tiles."""
        views, jobs = [], ((self.task(self.grid.place(t)), self.owned(t)) for t in self.grid.tiles)
        for tile, view in self.run(_look, self.grid.tiles, jobs, "certificate"):
            self.excess.write(tile, view.excess)
            views.append((view.rr, view.ry, view.l1, view.top, view.primal, view.gap))
        rr, ry, l1, top, *_ = map(np.array, zip(*views, strict=True))
        primal, top = float(np.sum(rr) / 2 + np.sum(l1)), float(np.max(top))
        gap = relative_gap(primal, np.sum(ry), np.sum(rr), top)
        if tol < gap <= HOPE * tol:
            gap = min(gap, self.sharper(primal, top))
        own = tuple((primal, gap) for *_, primal, gap in views)
        goal = state.goal if gap <= tol else state.goal / 2
        trace = (*state.trace, primal)
        return self.note(
            replace(state, turn=state.turn + 1, step=0, goal=goal, trace=trace, gap=gap, tiles=own)
        )

    def sharper(self, primal, top):
        """The gap at the local dual point, in one more pass over the tiles."""
        tiles, least = self.grid.tiles, floor(top)
        jobs = ((self.task(self.grid.place(t)), self.owned(t), *self.violations(t), least) for t in tiles)
        found = [sums for _, sums in self.run(_look_again, tiles, jobs, "certificate, sharper")]
        vv, vy, tops = map(np.array, zip(*found, strict=True))
        return relative_gap(primal, np.sum(vy), np.sum(vv), float(np.max(tops)))

    def owned(self, tile):
        """The samples that count with a tile, in its window."""
        return inside(self.grid.owned(tile), self.grid.place(tile))

    def violations(self, tile):
        """How far correlations exceed the bound around a tile, and where the tile stands there."""
        place = self.grid.place(tile)
        around = self.grid.around(place, reach(self.grid.size))
        return self.excess.region(around), inside(place, around)


def _improve(job):
    return improve(*job, PASSES)[0]


def _look(job):
    return look(*job)


def _look_again(job):
    return look_again(*job)
