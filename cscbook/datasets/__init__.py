"""Data sets: real signals from files, and random ones with a seed."""

from .files import (
    contrast_normalize,
    grey,
    image_names,
    load_digits,
    load_image,
    load_notes,
    natural32,
    registry,
    split_frequencies,
)
from .mnist import load_mnist
from .own import as_digit, middle
from .synthetic import add_noise, noise, random_code, random_dictionary, synthesize_notes

__all__ = [
    "add_noise",
    "as_digit",
    "contrast_normalize",
    "grey",
    "image_names",
    "load_digits",
    "load_image",
    "load_mnist",
    "load_notes",
    "middle",
    "natural32",
    "noise",
    "random_code",
    "random_dictionary",
    "registry",
    "split_frequencies",
    "synthesize_notes",
]
