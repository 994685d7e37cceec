"""Convolutional dictionary learning: ten photographs of 100 x 100 pixels, 100 filters of 11 x 11, lam = 1.

Every learner starts from the same noise. When its CPU time passes a mark, its filters are taken and the
clock stops. They are then scored, all by one solver: the minimum of ``||y - D g||^2 / 2 + ||g||_1`` over
the codes, summed over three of the ten photographs and over photographs that no learner has seen. The
peer is sporco in float32: batch learning by consensus ADMM with two penalties, and by PGM.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.ndimage

from cscbook import ConvDictionary, basis_pursuit, lobcod_dictionary_learning

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


def lobcod(ys, D0, watch):
    """Ours, round by round through a checkpoint (whose cost is charged)."""
    lobcod_dictionary_learning(ys[:1], SIZE, M, LAM, D0=D0, n_iter=1)  # compilation
    with tempfile.TemporaryDirectory() as folder:
        done, rounds = False, 0
        watch.start()
        while not done:
            rounds += 1
            file = Path(folder) / "state.npz"
            found = lobcod_dictionary_learning(
                ys, SIZE, M, LAM, D0=D0, n_iter=rounds, checkpoint=file
            )
            done = watch(lambda found=found: found.D)


def sporco_batch(xmethod, dmethod, rho=None):
    """sporco's batch learner; planning its transforms is not charged."""

    def learn(ys, D0, watch):
        from sporco.dictlrn import cbpdndl

        def run(callback, most):
            fixed = {"AutoRho": {"Enabled": False}}
            code = {"L": 1e3} if rho is None else {"rho": float(rho)} | fixed
            filters = {"ZeroMean": False} | ({"L": 1e3} if rho is None else {"rho": 1.0, "AutoRho": {"Enabled": True}})
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


LEARNERS = {
    "cscbook LoBCoD": lobcod,
    "sporco consensus ADMM, rho = 3": sporco_batch("admm", "cns", 3),
    "sporco consensus ADMM, rho = 10": sporco_batch("admm", "cns", 10),
    "sporco PGM": sporco_batch("pgm", "pgm"),
}
