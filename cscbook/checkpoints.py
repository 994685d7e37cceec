"""Checkpoints: long work that goes on after an interruption, and ends exactly where it would have ended.

The state of a computation is a dict of arrays (or tuples of arrays); it lies in an npz that is written
in one step and read without pickle.
"""

import contextlib
import functools
import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from .arrays import as_generator, asarray, check_whole, to_numpy


@contextlib.contextmanager
def writing(*targets):
    """Temporary files beside the targets: they take their names when all is written, and else are removed."""
    temporary = []
    try:
        for target in map(Path, targets):
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
            os.close(handle)
            temporary.append(Path(name))
            os.chmod(name, 0o666 & ~_umask())
        yield temporary
        for name, target in zip(temporary, targets, strict=True):
            os.replace(name, target)
    finally:
        for name in temporary:
            name.unlink(missing_ok=True)


def _umask():
    """What this process takes from the rights of new files: it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_npz(file, arrays):
    """Write an npz in one step, so that an interruption leaves the whole file or none."""
    with writing(file) as (temporary,), temporary.open("wb") as out:
        np.savez(out, **arrays)


def fingerprint(*parts):
    """A digest (64 hexadecimal digits) of arrays, numbers, words, functions (their names), and tuples or
    dicts of these."""
    return hashlib.sha256(json.dumps(_describe(parts)).encode()).hexdigest()


def _describe(part):
    if isinstance(part, dict):
        return [[str(name), _describe(value)] for name, value in sorted(part.items())]
    if isinstance(part, list | tuple):
        return [_describe(one) for one in part]
    if part is None or isinstance(part, bool | int | float | str):
        return part
    if isinstance(part, functools.partial):
        return ["partial", _describe((part.func, part.args, part.keywords))]
    if callable(part):
        return part.__qualname__
    a = np.ascontiguousarray(to_numpy(part))
    return [str(a.dtype), a.shape, hashlib.sha256(a.tobytes()).hexdigest()]


def take(keywords, **defaults):
    """The values of the keywords that ``defaults`` names, taken out of the dict ``keywords``.

    A learner that ends in :func:`run` takes its own keywords so, and hands on the rest: a keyword that is
    not known there is a TypeError.
    """
    return [keywords.pop(name, value) for name, value in defaults.items()]


def take_all(function, keywords, **defaults):
    """:func:`take`, where nothing may be left: else a TypeError in the name of ``function``."""
    values = take(keywords, **defaults)
    if keywords:
        raise TypeError(f"{function}() got an unexpected keyword argument {next(iter(keywords))!r}")
    return values


def run(step, state, n_iter, *, rng=None, checkpoint=None, settings=(), progress=False, title="learning"):
    """Apply ``state, row = step(state, rng)`` until ``n_iter`` rows are there, or until it raises
    StopIteration; returns ``(state, trace)``. The outer loop of all learning.

    Parameters
    ----------
    step : function
        ``(state, rng) -> (state, row)``; ``row`` is a dict of numbers and must be all that is noted of
        the round.
    state : dict
        Arrays, or tuples of arrays, by name.
    rng : numpy Generator, optional
        Its state is kept with the arrays, so that the random numbers go on too.
    checkpoint : path, optional
        Keep the state there after every round; where the file exists, go on from it.
    settings : tuple
        All that the result depends on. A checkpoint of other settings is refused.

    Raises
    ------
    ValueError
        The checkpoint is damaged, belongs to other settings, or is further on than ``n_iter``.
    """
    from tqdm import tqdm

    n_iter = None if n_iter is None else check_whole("n_iter", n_iter)
    rng = as_generator(rng)
    trace, digest = [], None if checkpoint is None else fingerprint(*settings)
    if checkpoint is not None and Path(checkpoint).exists():
        state, trace, rng.bit_generator.state = _read(checkpoint, digest, state)
        if n_iter is not None and len(trace) > n_iter:
            raise ValueError(f"{checkpoint} holds {len(trace)} rounds: expected at most n_iter = {n_iter}")
    bar = tqdm(total=n_iter, initial=len(trace), disable=not progress, desc=title)
    while n_iter is None or len(trace) < n_iter:
        try:
            state, row = step(state, rng)
        except StopIteration:
            break
        trace.append(row)
        if checkpoint is not None:
            _write(checkpoint, digest, state, trace, rng)
        bar.update()
    bar.close()
    return state, tuple(trace)


def _write(file, digest, state, trace, rng):
    """State, trace and random state in one npz, with a digest of the whole."""
    words = {"settings": digest, "trace": trace, "rng": rng.bit_generator.state}
    arrays = {"words": np.array(json.dumps(words, default=lambda a: a.tolist()))}
    for name, value in state.items():
        parts = value if isinstance(value, tuple) else (value,)
        for i, part in enumerate(parts):
            arrays |= _sparse(f"{name}.{i}", to_numpy(part))
    write_npz(file, arrays | {"digest": np.array(fingerprint(arrays))})


def _sparse(name, a):
    """The array under ``name``, or its places and values where most of it is zero, as codes are."""
    on = np.flatnonzero(a != 0)
    if 2 * len(on) >= a.size:
        return {name: a}
    return {f"{name}.places": on, f"{name}.values": a.reshape(-1)[on]}


def _read(file, digest, like):
    """The state in a checkpoint, in the shapes and the library of ``like``, its trace, and its random
    state."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            arrays = dict(kept)
        sound = str(arrays.pop("digest")) == fingerprint(arrays)
        words = json.loads(str(arrays["words"]))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"checkpoint {file} is damaged: {error}") from error
    if not sound:
        raise ValueError(f"checkpoint {file} is damaged: its digest does not fit its content")
    if words["settings"] != digest:
        raise ValueError(
            f"checkpoint {file} belongs to other data or settings: remove it, or give another file"
        )
    state = {}
    for name, value in like.items():
        parts = value if isinstance(value, tuple) else (value,)
        restored = tuple(_dense(f"{name}.{i}", arrays, part) for i, part in enumerate(parts))
        state[name] = restored if isinstance(value, tuple) else restored[0]
    return state, words["trace"], words["rng"]


def _dense(name, arrays, like):
    if name in arrays:
        return asarray(arrays[name], like=like)
    a = np.zeros(like.shape, dtype=arrays[f"{name}.values"].dtype)
    a.reshape(-1)[arrays[f"{name}.places"]] = arrays[f"{name}.values"]
    return asarray(a, like=like)
