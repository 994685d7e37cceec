"""The command line, ``cscbook``: what the book teaches, on the reader's own pictures and recordings.

Exit codes are 0 where all went well, 1 where something failed or was interrupted, and 2 where the input was
not right; then one sentence on stderr says why.
"""

import logging
import os
import signal
import sys
import warnings

import click

from .code import code
from .denoise import denoise
from .enlarge import enlarge
from .files import complain
from .inpaint import inpaint
from .learn import learn
from .phase import phase
from .separate import separate
from .transcribe import transcribe

EPILOG = "Example: cscbook denoise photo.jpg -o clean.png. Each command has an example under its own --help."


@click.group(epilog=EPILOG)
@click.version_option(package_name="cscbook")
def commands():
    """Sparse models at work on your own pictures and recordings.

    Commands take files, folders and patterns such as "photos/*.jpg". They never replace a file without
    --force, and leave nothing half-written when they are interrupted.
    """


for command in (denoise, inpaint, enlarge, separate, code, learn, transcribe, phase):
    commands.add_command(command)


def main(args=None):
    """Run a command line, by default that of the process, and leave with its exit code."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ["CSCBOOK_BACKEND"] = "numpy"  # tiles come from the host and go back to it
    signal.signal(signal.SIGTERM, _interrupt)
    logging.getLogger("tifffile").setLevel(
        logging.CRITICAL
    )  # what is wrong with a file is said in one sentence
    args = sys.argv[1:] if args is None else list(args)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = commands.main(args or ["--help"], "cscbook", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        code = complain("interrupted", 1)
    except click.ClickException as error:
        code = complain(error.format_message(), error.exit_code)
    sys.exit(code or 0)


def _interrupt(number, frame):
    """A request to end is treated as Ctrl-C is."""
    raise KeyboardInterrupt
