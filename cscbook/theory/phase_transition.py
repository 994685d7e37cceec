"""Experiments that sweep: many random signals, each coded by several pursuits, spread over cores or a
cluster.

The jobs run under joblib on the cores here, or on any ``map``, such as that of a Dask cluster
(:func:`cscbook.large.dask_map`).
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import array_namespace, as_map, asarray, check_level, check_type, check_whole, to_numpy
from ..checkpoints import take_all, write_npz
from ..datasets.files import _read
from ..dictionaries.convolution import ConvDictionary, Product
from ..norms import l0_inf_stripe, l2_inf_patch
from ..pursuits import basis_pursuit, basis_pursuit_equality, omp


def recover_omp(D, y, k, eps):
    """OMP with as many atoms as the true code has."""
    return omp(D, y, k=k).gamma


def recover_bp(D, y, k, eps):
    """Noiseless basis pursuit, to a duality gap of 1e-5."""
    return basis_pursuit_equality(D, y, tol=1e-5, max_iter=3000).gamma


def recover_lagrangian_bp(D, y, k, eps):
    """Basis pursuit with ``lam = 4 eps``, where ``eps`` is the local noise level, as the stability
    theorem asks."""
    return basis_pursuit(D, y, 4 * eps, tol=1e-4).gamma


def same_code(found, truth, rtol=1e-3):
    """Whether ``||found - truth||_2 <= rtol ||truth||_2``, one answer per code of the batch."""
    flat = [np.reshape(g, (len(g), -1)) for g in (found, truth)]
    return np.linalg.norm(flat[0] - flat[1], axis=1) <= rtol * np.linalg.norm(flat[1], axis=1)


def same_support(found, truth):
    """Whether both have the same non-zeros, one answer per code of the batch."""
    return np.all(
        (np.reshape(found, (len(found), -1)) != 0) == (np.reshape(truth, (len(truth), -1)) != 0), axis=1
    )


@dataclass(frozen=True)
class PhaseTransition:
    """What each trial of :func:`phase_transition` gave; all arrays have one entry per trial.

    Attributes
    ----------
    cardinality, l0_inf : int arrays
        Non-zeros of the true code, in all and in its fullest stripe.
    success : dict of bool arrays
        One per pursuit.
    """

    cardinality: object
    l0_inf: object
    success: dict

    def rates(self, name, edges):
        """Success rate of a pursuit against ``||gamma||_0,inf``, in bins ``[edges[i], edges[i + 1])``.

        Returns ``(centre, rate, low, high)`` of the bins that hold trials; ``low`` and ``high`` bound
        the 95 % Wilson interval of the rate.
        """
        rows = []
        for left, right in zip(edges, edges[1:], strict=False):
            inside = (self.l0_inf >= left) & (self.l0_inf < right)
            if inside.any():
                rows.append((self.l0_inf[inside].mean(), *wilson(self.success[name][inside])))
        return tuple(np.array(rows).T)


def wilson(outcomes, z=1.96):
    """Rate of true outcomes with the bounds of its Wilson interval, 95 % by default [Wilson, 1927]."""
    p, n = float(np.mean(outcomes)), len(outcomes)
    centre, width = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    low, high = (centre - width) / (1 + z * z / n), (centre + width) / (1 + z * z / n)
    return p, max(low, 0.0), min(high, 1.0)  # up to rounding they are inside


def load_phase_transition(amplitude=None):
    """The trials of the full-scale experiment: OMP and BP on two filters of 64 samples, signals of 640.

    Made by ``data/run_phase_transition.py``; ``registry()`` holds its command, seed and date. Without an
    amplitude: 500 codes for each cardinality, up to 300, Gaussian non-zeros, no noise, and success is
    ``same_code``. With an amplitude: 200 codes for each cardinality, up to 240, non-zeros uniform in
    [-amplitude, amplitude], local noise level 0.1, and success is what the theorem on basis pursuit
    promises, no false atom and none missed that is larger than ``7.5 * 0.1``.

    Parameters
    ----------
    amplitude : float, optional
        1, 5 or 20.

    Returns
    -------
    PhaseTransition
    """
    with np.load(
        _read(f"phase_transition{'' if amplitude is None else '_noisy'}.npz"), allow_pickle=False
    ) as file:
        kept = dict(file)
    if amplitude is not None:
        known = np.unique(kept["amplitude"]).tolist()
        if check_level("amplitude", amplitude) not in known:
            raise ValueError(f"amplitude = {amplitude}: expected None or one of {known}")
        kept = {name: values[kept["amplitude"] == amplitude] for name, values in kept.items()}
    count = {name: kept[name].astype(int) for name in ("cardinality", "l0_inf")}
    return PhaseTransition(**count, success={name: kept[name] for name in ("OMP", "BP")})


def phase_transition(
    D, cardinalities, trials, pursuits=None, *, amplitude=None, eps=0.0, success=same_code, seed=0, **running
):
    """Draw random codes of growing cardinality, and see which pursuits find them.

    Parameters
    ----------
    D : ConvDictionary
    cardinalities : sequence of int
        Numbers of non-zeros in the whole code; their places are uniform.
    trials : int
        Codes for each cardinality.
    pursuits : dict, optional
        name -> ``function(D, y, k, eps)`` that returns the codes of a batch. Default: OMP and noiseless BP.
    amplitude : float, optional
        Non-zeros uniform in [-amplitude, amplitude]; default standard Gaussian.
    eps : float
        Local noise level: white noise scaled to ``||e||_2,inf = eps``, signal by signal.
    success : function
        ``(found, truth) -> bools``, such as ``same_code`` or ``same_support``.
    seed : int
        The trials of a cardinality depend on it and on the cardinality alone.
    n_jobs : int, optional
        Parallel jobs, one per cardinality; joblib's default.
    progress : bool, default False
        Show a bar.
    folder : path, optional
        Keep each finished cardinality in a file there; a later call with the same settings goes on from
        these files.
    map : function, optional
        ``map(function, items)`` runs the jobs instead of joblib, and gives their outcomes in order.

    Returns
    -------
    PhaseTransition
    """
    n_jobs, progress, folder, where = _running(running)
    check_type("D", D, ConvDictionary, Product)
    pursuits = check_type("pursuits", pursuits or {"OMP": recover_omp, "BP": recover_bp}, dict)
    for name, function in {**pursuits, "success": success}.items():
        if not hasattr(function, "__name__"):
            raise TypeError(f"{name} is of type {type(function).__name__}: expected a function with a name")
    trials, cardinalities = check_whole("trials", trials), list(cardinalities)
    cardinalities = [check_whole(f"cardinalities[{i}]", k) for i, k in enumerate(cardinalities)]
    if not cardinalities:
        raise ValueError("cardinalities is empty: expected at least one")
    amplitude = amplitude if amplitude is None else check_level("amplitude", amplitude)
    eps, seed = check_level("eps", eps), check_whole("seed", seed, least=0)
    settings = _settings(D, trials, pursuits, amplitude, eps, success, seed)
    files = [None if folder is None else Path(folder) / f"{settings}-{k}.npz" for k in cardinalities]
    jobs = [
        (D, k, trials, pursuits, amplitude, eps, success, seed, file)
        for k, file in zip(cardinalities, files, strict=True)
    ]
    rows = _spread(jobs, n_jobs, progress, where)
    return PhaseTransition(
        np.repeat(np.asarray(cardinalities), trials),
        np.concatenate([row["l0_inf"] for row in rows]),
        {name: np.concatenate([row[name] for row in rows]) for name in pursuits},
    )


def _running(given):
    """Where the jobs run, and what is kept and shown of them."""
    n_jobs, progress, folder, where = take_all(
        "phase_transition", given, n_jobs=None, progress=False, folder=None, map=None
    )
    if n_jobs is not None and check_whole("n_jobs", n_jobs, least=-999) > 999:
        raise ValueError(f"n_jobs = {n_jobs}: expected at most 999")
    if n_jobs is not None and where is not None:
        raise ValueError(f"n_jobs = {n_jobs} and a map: expected one of them")
    return n_jobs, progress, folder, where if where is None else as_map(where)


def _spread(jobs, n_jobs, progress, where):
    """The outcome of every job, on so many cores or on a map."""
    import joblib
    from tqdm import tqdm

    if where is None:
        tasks = (joblib.delayed(_job)(*job) for job in jobs)
        found = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(tasks)
    else:
        found = where(_job_of, jobs)
    return list(tqdm(found, total=len(jobs), disable=not progress, desc="phase transition"))


def _settings(D, trials, pursuits, amplitude, eps, success, seed):
    """A short digest of all that the outcome of a trial depends on."""
    words = [
        list(D.space),
        D.stride,
        D.circular,
        trials,
        sorted((n, f.__name__) for n, f in pursuits.items()),
        amplitude,
        eps,
        success.__name__,
        seed,
    ]
    return hashlib.sha256(json.dumps(words).encode() + to_numpy(D.filters).tobytes()).hexdigest()[:16]


def _job_of(job):
    return _job(*job)


def _job(D, k, trials, pursuits, amplitude, eps, success, seed, file):
    if file is not None and file.exists():
        with np.load(file, allow_pickle=False) as kept:
            return dict(kept)
    truth = _codes(D, k, trials, amplitude, np.random.default_rng([seed, k]))
    y = D @ asarray(truth, like=D.filters)
    if eps:
        y = y + _local_noise(D, y, eps, np.random.default_rng([seed, k, 1]))
    row = {
        "l0_inf": np.array(
            [l0_inf_stripe(asarray(code, like=D.filters), D.size, D.stride, D.circular) for code in truth]
        )
    }
    for name, pursue in pursuits.items():
        row[name] = success(to_numpy(pursue(D, y, k, eps)), truth)
    if file is not None:
        write_npz(file, row)
    return row


def _codes(D, k, trials, amplitude, rng):
    size = int(np.prod(D.positions)) * D.filters.shape[-1]
    if k > size:
        raise ValueError(f"cardinality {k}: the code has {size} entries")
    codes = np.zeros((trials, size))
    for code in codes:
        values = rng.standard_normal(k) if amplitude is None else rng.uniform(-amplitude, amplitude, k)
        code[rng.choice(size, k, replace=False)] = values
    return codes.reshape(trials, *D.positions, D.filters.shape[-1])


def _local_noise(D, y, eps, rng):
    """White noise, each signal of the batch scaled to ``||e||_2,inf = eps``."""
    xp, e = array_namespace(y), asarray(rng.standard_normal(tuple(y.shape)), like=y)
    return xp.stack(
        [e[b, ...] * (eps / l2_inf_patch(e[b, ...], D.size, circular=D.circular)) for b in range(e.shape[0])]
    )
