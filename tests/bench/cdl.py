"""Convolutional dictionary learning: ten photographs of 100 x 100 pixels, 100 filters of 11 x 11, lam = 1.

Every learner starts from the same noise. When its CPU time passes a mark, its filters are taken and the
clock stops. They are then scored, all by one solver: the minimum of ``||y - D g||^2 / 2 + ||g||_1`` over
the codes, summed over three of the ten photographs and over photographs that no learner has seen. The
peer is sporco in float32: batch learning by consensus ADMM with two penalties, and by PGM.
"""

import itertools
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.ndimage

from cscbook import (
    ConvDictionary,
    basis_pursuit,
    lobcod_dictionary_learning,
    online_dictionary_learning,
    slice_dictionary_learning,
)

LEARNED = "camera astronaut coffee chelsea coins rocket moon grass brick gravel".split()
SCORED = 0, 4, 7
HELD_OUT = "immunohistochemistry retina cell hubble_deep_field".split()
SIZE, M, LAM = (11, 11), 100, 1.0


def photograph(name):
    """A photograph of scikit-image, averaged down to about 200 pixels a side, its middle, with local
    contrast one."""
    from skimage import color, data

    x = getattr(data, name)()
    x = color.rgb2gray(x[..., :3]) if x.ndim == 3 else x / 255.0
    side = min(x.shape)
    step = side // 200
    x = x[: 200 * step, : 200 * step].reshape(200, step, 200, step).mean(axis=(1, 3))[50:150, 50:150]
    x = x - scipy.ndimage.gaussian_filter(x, 4.77)
    deviation = np.sqrt(scipy.ndimage.gaussian_filter(x**2, 4.77))
    return (x / np.maximum(deviation, deviation.mean()))[..., None]


def first_filters():
    D = np.random.default_rng(0).standard_normal((M, *SIZE))
    return np.moveaxis(D / np.linalg.norm(D, axis=(1, 2), keepdims=True), 0, -1)[:, :, None, :]


class Watch:
    """Takes the filters when the CPU time of a learner passes a mark; the clock stops meanwhile."""

    def __init__(self, marks):
        self.marks, self.taken, self.spent = list(marks), [], 0.0

    def start(self):
        self.since = time.process_time()

    def __call__(self, filters):
        """``filters`` is a function of nothing; returns True after the last mark."""
        self.spent += time.process_time() - self.since
        if self.spent >= self.marks[0]:
            self.taken.append((self.spent, np.array(filters(), float)))
            self.marks = [mark for mark in self.marks if mark > self.spent]
        self.since = time.process_time()
        return not self.marks


def score(D, ys):
    """Sum over the photographs of the best objective with these filters, to a duality gap of 0.1 %."""
    D = ConvDictionary(D / np.sqrt(np.sum(D**2, axis=(0, 1, 2))), ys[0].shape[:-1])
    return sum(basis_pursuit(D, y, LAM, tol=1e-3).trace[-1] for y in ys)


def resumed(learn):
    """A learner of ours, a few rounds at a time through a checkpoint, whose cost is charged."""

    def run(ys, D0, watch):
        learn(ys[:1], D0, 1, None)  # compilation
        with tempfile.TemporaryDirectory() as folder:
            rounds, done = 0, False
            watch.start()
            while not done:
                rounds += 1
                found = learn(ys, D0, rounds, Path(folder) / "state.npz")
                done = watch(lambda found=found: found.D)

    return run


def lobcod(ys, D0, n, file):
    return lobcod_dictionary_learning(ys, SIZE, M, LAM, D0=D0, n_iter=n, checkpoint=file)


def slices(ys, D0, n, file):
    return slice_dictionary_learning(ys, SIZE, M, LAM, D0=D0, rho=10.0, n_iter=n, checkpoint=file)


def online(ys, D0, n, file):
    """The ten photographs again and again, one at a time."""
    stream = itertools.cycle(ys)
    return online_dictionary_learning(stream, SIZE, M, LAM, D0=D0, n_iter=5 * n, checkpoint=file)


def both(ys, D0, n, file):
    """The stream first, four times over the photographs, then descent on all of them."""
    stream = online(ys, D0, min(n, 8), file)
    if n <= 8:
        return stream
    file = file.with_name("descent.npz")
    return lobcod_dictionary_learning(ys, SIZE, M, LAM, D0=stream.D, n_iter=n - 8, checkpoint=file)


def sporco_batch(xmethod, dmethod, rho=None):
    """sporco's batch learner; planning its transforms is not charged."""

    def learn(ys, D0, watch):
        from sporco.dictlrn import cbpdndl

        def run(callback, most):
            fixed = {"AutoRho": {"Enabled": False}}
            code = {"L": 1e3} if rho is None else {"rho": float(rho)} | fixed
            filters = {"ZeroMean": False} | (
                {"L": 1e3} if rho is None else {"rho": 1.0, "AutoRho": {"Enabled": True}}
            )
            options = {"Verbose": False, "MaxMainIter": most, "AccurateDFid": False, "Callback": callback}
            options = cbpdndl.ConvBPDNDictLearn.Options(
                options | {"CBPDN": code, "CCMOD": filters}, xmethod=xmethod, dmethod=dmethod
            )
            S, start = np.moveaxis(np.stack(ys)[..., 0], 0, -1), D0[:, :, 0]
            learner = cbpdndl.ConvBPDNDictLearn(start, S, LAM, options, xmethod=xmethod, dmethod=dmethod)
            watch.start()
            learner.solve()

        run(None, 2)
        run(lambda s: watch(lambda: s.getdict().reshape(*SIZE, 1, M)), 10**6)

    return learn


OURS = {
    "cscbook stream, then descent": resumed(both),
    "cscbook stream": resumed(online),
    "cscbook descent (LoBCoD)": resumed(lobcod),
    "cscbook slices": resumed(slices),
}
PEERS = {
    "sporco consensus ADMM, rho = 3": sporco_batch("admm", "cns", 3),
    "sporco consensus ADMM, rho = 10": sporco_batch("admm", "cns", 10),
    "sporco PGM": sporco_batch("pgm", "pgm"),
}


def curve(learn, marks):
    """(seconds, training score, held-out score) at each mark."""
    ys = [photograph(name).astype("f4") for name in LEARNED]
    watch = Watch(marks)
    learn(ys, first_filters().astype("f4"), watch)
    learned = [photograph(LEARNED[i]) for i in SCORED]
    unseen = [photograph(name) for name in HELD_OUT]
    return [(t, score(D, learned), score(D, unseen)) for t, D in watch.taken]


def verdict(ours, theirs):
    """How soon ours is as good as the peer's best, and how the held-out scores compare."""
    t_peer, best, unseen = min(theirs, key=lambda row: row[1])
    least = min(row[2] for row in theirs)
    for name, rows in ours.items():
        reached = [row for row in rows if row[1] <= best]
        if not reached:
            print(f"  {name}: not at {best:.0f}, the best training score of the peers, by the last mark")
            continue
        t, _, held_out = reached[0]
        print(
            f"  {name}: {best:.0f} after {t:.1f} s ({t_peer / t:.1f}x), held out {held_out:.0f}: "
            f"{100 * (held_out / unseen - 1):+.1f} % on the peer's run that trained best, "
            f"{100 * (held_out / least - 1):+.1f} % on its best held-out score"
        )


SLOWER = {"cscbook slices", *PEERS}


def run(repeat, marks=(3, 4, 5, 6, 8, 12), longer=(5, 10, 20, 40, 80)):
    print("\nDictionary learning, ten photographs 100 x 100, 100 filters 11 x 11, lam = 1, float32")
    print("  CPU seconds: score on three photographs learned from / on four held out")
    curves = {}
    for name, learn in (OURS | PEERS).items():
        try:
            curves[name] = curve(learn, longer if name in SLOWER else marks)
        except ImportError as error:
            print(f"  {name}: left out, {error}")
            continue
        rows = "  ".join(f"{t:.1f}: {a:.0f}/{b:.0f}" for t, a, b in curves[name])
        print(f"  {name:32s} {rows}", flush=True)
    theirs = [row for name, rows in curves.items() if name in PEERS for row in rows]
    if theirs:
        verdict({name: rows for name, rows in curves.items() if name in OURS}, theirs)
