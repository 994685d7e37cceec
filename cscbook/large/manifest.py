"""How far the work in a folder is: one small file, replaced whole after each round."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ..arrays import check_type
from ..checkpoints import writing

FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """The state of :func:`~cscbook.large.code_tiles` between two rounds; the codes lie beside it.

    Attributes
    ----------
    digests : dict of str
        Of the image, and of each setting that the code depends on.
    space, tile, dtype
        Of the image and its tiles.
    turn : int
        Rounds that are done.
    step : int
        Colours that the next round has done.
    goal : float
        The relative gap to which each tile is solved in the next round.
    trace : tuple of float
        The objective after each round.
    gap : float
        The relative duality gap after the last round.
    tiles : tuple of (float, float)
        The objective and the relative gap of each tile's own problem after the last round.
    """

    digests: dict
    space: tuple
    tile: int
    dtype: str
    turn: int = 0
    step: int = 0
    goal: float = 0.0
    trace: tuple = ()
    gap: float = float("inf")
    tiles: tuple = ()


def folder_at(folder):
    """A folder as a path."""
    return Path(check_type("folder", folder, str, os.PathLike))


def file_in(folder):
    return folder_at(folder) / "manifest.json"


def write_manifest(folder, manifest):
    """Replace the manifest of a folder in one step."""
    with writing(file_in(folder)) as (temporary,):
        temporary.write_text(json.dumps({"format": FORMAT, **asdict(manifest)}))


def read_manifest(folder):
    """The manifest of a folder, or None where there is none.

    Raises
    ------
    ValueError
        The file is damaged, or of another format.
    """
    file = file_in(folder)
    if not file.exists():
        return None
    try:
        words = json.loads(file.read_text())
        if words.pop("format") != FORMAT:
            raise ValueError("its format is another one")
        words = {name: tuple(map(_frozen, v)) if isinstance(v, list) else v for name, v in words.items()}
        return Manifest(**words)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is damaged: {error}") from error


def _frozen(value):
    return tuple(value) if isinstance(value, list) else value
