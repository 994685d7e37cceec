"""What all commands share: which files they read, how their results are called, and how these are written."""

import glob
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from ..arrays import to_numpy
from ..checkpoints import writing
from ..datasets import load_image

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".ppm", ".pgm", ".jp2", ".tga")
WRITTEN = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")


@dataclass(frozen=True)
class Job:
    """One file to read, and the files to write for it."""

    source: Path
    targets: tuple


# --- options ------------------------------------------------------------------------------------


def shared(function):
    """The options that every command has: ``-o``, ``--force``, ``--quiet``."""
    for option in (
        click.option("--quiet", is_flag=True, help="No progress bars and no lines about what was written."),
        click.option("--force", is_flag=True, help="Replace files that exist."),
        click.option("-o", "--output", type=click.Path(), help="File to write; a folder for several inputs."),
    ):
        function = option(function)
    return function


def picture_options(function):
    """The options of a command that writes pictures for pictures."""
    bits = click.option(
        "--bits",
        type=click.Choice(["8", "16"]),
        default="8",
        show_default=True,
        help="Bits per colour of what is written; 16 for a TIFF or a grey PNG.",
    )
    return click.argument("inputs", nargs=-1, required=True)(shared(bits(function)))


# --- names --------------------------------------------------------------------------------------


def sources(inputs, endings=PICTURES):
    """The files that are meant: an input is a file, a folder (its files with these endings), or a pattern."""
    found = []
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in endings and p.is_file())
            if not inside:
                raise click.UsageError(f"no file in {text} ends in {', '.join(endings)}.")
            found += inside
        elif path.exists():
            found.append(path)
        elif matched := sorted(p for p in map(Path, glob.glob(text, recursive=True)) if p.is_file()):
            found += matched
        else:
            raise click.UsageError(f"no file {text}.")
    return list(dict.fromkeys(found))


def plan(inputs, output, force, results, allowed=WRITTEN, endings=PICTURES):
    """The jobs of a command, checked before any work is done.

    Parameters
    ----------
    inputs : sequence of str
    output : str or None
        A file, or a folder where there are several inputs; by default results lie beside their inputs.
    force : bool
        Whether files may be replaced.
    results : sequence of (str, str)
        The word and the ending of each file to write, such as ``("denoised", ".png")``.
    allowed : sequence of str
        Endings that the first of these files may have.

    Returns
    -------
    list of Job
    """
    files = sources(inputs, endings)
    if output is None:
        named = [[p.with_name(f"{p.stem}-{word}{ending}") for word, ending in results] for p in files]
    elif _is_folder(output, len(files)):
        named = [beside(Path(output) / (p.stem + results[0][1]), results) for p in files]
    else:
        named = [beside(Path(output), results)]
    jobs = [Job(source, tuple(targets)) for source, targets in zip(files, named, strict=True)]
    if wrong := [t for job in jobs for t in job.targets[:1] if t.suffix.lower() not in allowed]:
        raise click.UsageError(f"{wrong[0]} cannot be written, expected a name in {', '.join(allowed)}.")
    check_targets([target for job in jobs for target in job.targets], force)
    return jobs


def _is_folder(output, count):
    path = Path(output)
    if count > 1 and path.is_file():
        raise click.UsageError(f"{output} is a file, expected a folder for {count} inputs.")
    return count > 1 or path.is_dir() or output.endswith(("/", os.sep)) or not path.suffix


def beside(first, results):
    """The names of all results where the first is called ``first``: the same with another ending, or with a
    word where endings are equal."""
    if len({ending for _, ending in results}) == len(results):
        return [first, *(first.with_suffix(ending) for _, ending in results[1:])]
    return [first.with_name(f"{first.stem}-{word}{first.suffix}") for word, _ in results]


def check_targets(targets, force):
    """Raise if two results have one name, or one exists and must stay."""
    if twice := [t for i, t in enumerate(targets) if t in targets[:i]]:
        raise click.UsageError(f"two results would be called {twice[0]}.")
    if not force and (there := [t for t in targets if t.exists()]):
        raise click.UsageError(f"{there[0]} exists, use --force to replace it.")


# --- work ---------------------------------------------------------------------------------------


def run(jobs, work, quiet):
    """Do ``work(source, targets)`` for every job, and return the exit code: a file that is not right does not
    keep the others from being done."""
    code = 0
    for job in jobs:
        try:
            work(job.source, job.targets)
        except (ValueError, FileNotFoundError) as error:
            code = complain(error, 2, code)
        except (OSError, MemoryError) as error:
            code = complain(f"{job.source}: {error or 'not enough memory'}", 1, code)
        else:
            if not quiet:
                click.echo(f"{job.source} -> {', '.join(map(str, job.targets))}")
    return code


def make_pictures(inputs, output, force, quiet, bits, words, make, least=1):
    """The work of a command that makes pictures of pictures, from the names to the exit code.

    Parameters
    ----------
    inputs, output, force, quiet, bits
        As the command has them.
    words : sequence of str
        What is done, one word for each picture that is made.
    make : function
        ``(y, source)`` to these pictures, in a tuple.
    least : int
        So many pixels a picture must have along each side.
    """
    jobs = plan(inputs, output, force, [(word, ".png") for word in words])
    check_bits(jobs, bits)

    def work(source, targets):
        y = load(source)
        check_bits(jobs, bits, y.shape[-1])
        if min(y.shape[:2]) < least:
            raise ValueError(
                f"{source} is {y.shape[0]} x {y.shape[1]} pixels large, expected at least {least} x {least}."
            )
        made = make(y, source)
        with writing(*targets) as files:
            for file, x, target in zip(files, made, targets, strict=True):
                save_picture(file, x, target, bits)

    return run(jobs, work, quiet)


def complain(error, code, before=0):
    """One sentence on stderr, and the worse of two exit codes: 1 is worse than 2, and 0 is none."""
    click.echo(f"cscbook: {' '.join(str(error).split())}", err=True)
    return 1 if 1 in (code, before) else code


def load(source, **options):
    """A picture as a NumPy array (H, W, c) in 0..255."""
    return to_numpy(load_image(source, **options))


def watched(quiet):
    """Whether somebody sees progress: on a terminal, unless it is not wanted."""
    return not quiet and sys.stderr.isatty()


def tell(text, quiet):
    """Say what takes time before there is a progress bar."""
    if watched(quiet):
        click.echo(text, err=True)


# --- writing ------------------------------------------------------------------------------------


def save_numbers(file, **arrays):
    """Write arrays as a packed npz, whatever ``file`` is called."""
    with file.open("wb") as out:
        np.savez_compressed(out, **arrays)


def save_picture(file, x, like, bits=8):
    """Write a picture (H, W, c) in 0..255 to ``file``, in the format that the name ``like`` ends in."""
    top = 255 if int(bits) == 8 else 65535
    x = np.rint(np.clip(to_numpy(x), 0, 255) * (top / 255)).astype(np.uint8 if top == 255 else np.uint16)
    x = x[..., 0] if x.shape[-1] == 1 else x
    ending = like.suffix.lower()
    if top > 255 and ending in (".tif", ".tiff"):
        import tifffile

        tifffile.imwrite(file, x, photometric="rgb" if x.ndim == 3 else "minisblack")
        return
    from PIL import Image

    Image.fromarray(x).save(file, Image.registered_extensions()[ending], quality=95)


def check_bits(jobs, bits, channels=None):
    """Raise where 16 bits do not fit the format; those of a PNG need a grey picture."""
    for job in jobs:
        for target in job.targets:
            ending = target.suffix.lower()
            if int(bits) == 16 and ending not in (".tif", ".tiff", ".png"):
                raise click.UsageError(f"{target} cannot hold 16 bits, expected a name in .tif or .png.")
            if int(bits) == 16 and ending == ".png" and channels == 3:
                raise click.UsageError(f"{target} cannot hold colours of 16 bits, expected a name in .tif.")
