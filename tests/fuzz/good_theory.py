"""Good calls of the theorems, of sound, of files, and of the way to other libraries; see ``good_calls``."""

import tempfile
from pathlib import Path

import numpy as np
from fuzz.good_calls import CHAIN, DEEPEST, GAMMA, LAYERS, D, M, Y, good, rng, unit_filters
from PIL import Image
from scipy.io import wavfile

import cscbook as book
from cscbook import ConvDictionary, datasets, interop, sound, theory

# --- theorems -------------------------------------------------------------------------------------

good(theory.Layer, mu=0.1, stripe=2, patch=2, smallest=0.5, largest=1.0)
good(theory.bp_error_bound, eps=0.1)
for level in (theory.bp_noise_level, theory.uniqueness_level):
    good(level, mu=0.1)
good(theory.stripe_coherence_level, mu0=0.1)
good(theory.welch_bound, m=3, n=5)
good(theory.local_count, k=2, n=(4,), space=(12,), stride=2)
good(theory.margin_bound, w=M, error=0.5)
good(theory.omp_error_bound, k=2, mu=0.1, eps=0.1)
good(theory.sparsest_error_bound, k=2, mu=0.1, eps=0.1)
good(theory.projection_error_bound, k=2, mu=0.1, eps=0.1, shortest=0.9)
good(theory.omp_noise_level, mu=0.1, eps=0.1, gamma_min=0.5)
good(theory.stripe_rip, D=D, codes=GAMMA[None])
good(theory.stripe_rip_bound, k=2, mu=0.1)
good(theory.thresholding_level, mu=0.1, ratio=0.5)
good(theory.thresholding_noise_level, mu=0.1, ratio=0.5, eps=0.1, gamma_max=1.0)
good(theory.threshold_interval, layer=LAYERS[0], eps=0.1)
good(theory.cover_count, before=CHAIN[0], D=CHAIN[1])
good(theory.sparse_dictionary_bound, before=CHAIN[0], D=CHAIN[1], stripe=2)
good(theory.dcp_is_unique, layers=LAYERS)
for bounds in (theory.dcp_error_bounds, theory.layered_bp_error_bounds, theory.layered_bp_weights):
    good(bounds, layers=LAYERS, eps=0.01)
good(theory.layered_thresholding_error_bounds, layers=LAYERS, eps=0.01, betas=[0.1, 0.1])
UNIT = [ConvDictionary(E.filters / np.linalg.norm(E.local, axis=0), E.space, E.stride) for E in CHAIN]
good(theory.layers_of, dictionaries=UNIT, codes=[book.synthesize(UNIT, DEEPEST)[1], DEEPEST])


def by_omp(D, y, k, eps):
    """A pursuit for the phase transition."""
    return book.omp(D, y, k=k).gamma


good(
    theory.phase_transition,
    D=D,
    cardinalities=[1, 2],
    trials=2,
    pursuits={"OMP": by_omp},
    amplitude=1.0,
    eps=0.1,
    success=theory.phase_transition.__kwdefaults__["success"],
    seed=0,
    n_jobs=1,
)
good(theory.load_phase_transition, amplitude=5)

# --- sound ----------------------------------------------------------------------------------------

NOTES = [sound.Note(0.1, 440.0, 0, 1.0), sound.Note(0.3, 220.0, 0, 0.5)]
WAVE = book.synthesize_notes([(0.0, 440.0, 0)], 8000, 0.3)
V = book.constant_q(WAVE, 8000, rows=40)
TEMPLATE = book.note_template([V], [220.0], size=(8, 12))
good(sound.Note, onset=0.1, pitch=440.0, instrument=0, strength=1.0)
good(sound.constant_q, x=WAVE, rate=8000, rows=20, power=0.8)
good(sound.note_template, spectrograms=[V], pitches=[220.0], size=(8, 12))
good(sound.note_code, V=V, templates=TEMPLATE, lam=1.0, tol=0.1)
good(sound.note_scores, found=NOTES, truth=NOTES, tolerance=0.05)
good(
    sound.pick_notes,
    gamma=np.abs(rng().standard_normal((9, 12, 1))),
    rate=8000,
    threshold=0.3,
    instruments=[0],
)
good(sound.pitch_of, name="C#4")
good(
    sound.play_notes,
    score=[(0.0, 440.0, 0)],
    notes=WAVE[None, :400],
    pitches=[440.0],
    rate=8000,
    seconds=0.2,
    rng=rng(),
)
good(sound.midi_file, notes=NOTES, seconds=0.5)
good(sound.transcribe, x=WAVE, rate=8000, templates=TEMPLATE, lam=1.0, threshold=0.3, instruments=[0])

# --- files ----------------------------------------------------------------------------------------

_FOLDER = tempfile.TemporaryDirectory(prefix="cscbook-fuzz-")  # lives as long as the process
FOLDER = Path(_FOLDER.name)
Image.fromarray(rng().integers(0, 255, (20, 21, 3), np.uint8)).save(FOLDER / "picture.png")
wavfile.write(FOLDER / "wave.wav", 8000, WAVE[:, 0].astype(np.float32) / 2)
good(book.load_image, name=FOLDER / "picture.png", page=0, background=255.0)
good(book.load_waveform, path=FOLDER / "wave.wav", rate=8000)
good(book.natural32, p=2, rng=rng(), names=("cat",))
DIGIT = 255.0 - 200 * (np.hypot(*np.mgrid[-10:11, -10:11]) < 6)[..., None]
good(datasets.as_digit, image=DIGIT)
good(datasets.middle, image=DIGIT, size=18, least=16)

# --- other libraries ------------------------------------------------------------------------------

INSIDE = ConvDictionary(unit_filters(4, 1, 3), (12,), 1, False)
good(interop.from_sporco, D=unit_filters(4, 1, 3), space=(12,))
good(interop.to_sporco, D=D)
good(interop.from_sporco_code, X=rng().standard_normal((12, 1, 1, 3)), D=D)
good(interop.to_sporco_code, gamma=GAMMA, D=D)
good(interop.from_torch, weight=rng().standard_normal((3, 1, 4)), space=(12,), stride=2)
good(interop.to_torch, D=INSIDE)
good(interop.from_alphacsc, d=rng().standard_normal((3, 1, 4)), space=(12,), channels=None)
good(interop.to_alphacsc, D=INSIDE)
good(interop.from_channels_first, a=Y.T, D=D)
good(interop.to_channels_first, a=Y, D=D)
good(interop.from_sklearn, components=M.T)
good(interop.to_sklearn, D=M)
