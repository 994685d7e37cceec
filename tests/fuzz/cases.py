"""The cases: every public function, every argument, every kind of bad value; and which of them are drawn."""

import importlib
import inspect
import os

import fuzz.good_large
import fuzz.good_pictures
import numpy as np
from fuzz.bad_values import bad_values
from fuzz.good_calls import CALLS

import cscbook

assert fuzz.good_large and fuzz.good_pictures and fuzz.good_theory, "these modules fill the table"

PACKAGES = [
    "datasets",
    "dictionaries",
    "imaging",
    "interop",
    "large",
    "layered",
    "learning",
    "localglobal",
    "networks",
]
PACKAGES += ["pursuits", "sound", "theory"]
WITHOUT_A_CALL = {
    "load_mnist": "reads 60,000 digits; its own tests give it folders of every kind",
    "Learned": "only holds what a function found, as the next ones do",
    "LearnedFilters": "",
    "LearnedLayers": "",
    "Pursuit": "",
    "Network": "",
    "Lista": "",
    "Denoised": "",
    "Denoiser": "",
    "Inpainted": "",
    "Occurrences": "",
    "Separated": "",
    "Cartoon": "",
    "Coupled": "",
    "PhaseTransition": "",
    "Plan": "",
    "TiledCode": "",
    "TiledPursuit": "",
}
# So much work, or so much memory, is what such a value asks for.
AMOUNTS = (
    "n_iter steps rounds max_iter trials draws seconds rate n m starts p passes rows patches sweeps space"
)
AMOUNTS = {
    *AMOUNTS.split(),
    "size",
    "sizes",
    "partials",
    "n_views",
    "levels",
    "atoms",
    "channels",
    "count",
    "c",
}
SEED = int(os.environ.get("CSCBOOK_FUZZ_SEED", "0"))
HOW_MANY = int(os.environ.get("CSCBOOK_FUZZ", "1000"))


def public_functions():
    """The names of all public functions that take arguments."""
    found = {name for name, a in vars(cscbook).items() if callable(a)}
    for package in PACKAGES:
        module = importlib.import_module(f"cscbook.{package}")
        found |= {name for name in module.__all__ if callable(getattr(module, name))}
    taken = {name: _the(name) for name in found}
    return {name for name, a in taken.items() if inspect.signature(a).parameters}


def _the(name):
    modules = [cscbook, *(importlib.import_module(f"cscbook.{package}") for package in PACKAGES)]
    return next(getattr(module, name) for module in modules if hasattr(module, name))


def single_cases():
    """All ``(function, argument, kind)``, those left out that ask for endless work."""
    return [
        (name, argument, kind)
        for name, (_, arguments) in CALLS.items()
        for argument, value in arguments.items()
        for kind in bad_values(value)
        if not (kind.rsplit(": ", 1)[-1] == "huge" and argument in AMOUNTS)
    ]


def drawn_cases():
    """``{function: [cases]}``, so many as are asked for: single bad values in random order, then pairs
    of them, two cases of one function in two arguments."""
    rng, cases = np.random.default_rng(SEED), single_cases()
    drawn = [(cases[i],) for i in rng.permutation(len(cases))[:HOW_MANY]]
    by_name = {}
    for case in cases:
        by_name.setdefault(case[0], []).append(case)
    names = [name for name in by_name if len(CALLS[name][1]) > 1]
    while len(drawn) < HOW_MANY:
        own = by_name[names[rng.integers(len(names))]]
        a, b = (own[i] for i in rng.integers(len(own), size=2))
        if a[1] != b[1]:
            drawn.append((a, b))
    found = {name: [] for name in CALLS}
    for case in drawn:
        found[case[0][0]].append(case)
    return found


def maker(case):
    """The function that makes the bad value of a case."""
    name, argument, kind = case
    return bad_values(CALLS[name][1][argument])[kind]
