"""The reader's own recording: a sound file as a waveform.

soundfile reads many formats, where it is installed (``pip install cscbook[sound]``); SciPy reads WAV.
"""

import math
import struct
from pathlib import Path

import numpy as np

from ..arrays import asarray, check_whole

LOUDEST = 16.0  # floating samples may exceed 1 by so much, 24 dB; beyond, they are meant for another scale
UNKNOWN = (0, 0x7FFFFFFF, 0xFFFFFFFF)  # lengths that a program writes which does not know the end yet
WAV_STARTS = (b"RIFF", b"RIFX", b"RF64")


def load_waveform(path, rate=8000):
    """A recording as a waveform (samples, 1) of ``rate`` samples a second, in -1..1; channels are averaged.

    WAV is always read. FLAC, OGG, MP3, AIFF and others are, where soundfile is installed. Another number of
    samples a second is brought to ``rate`` by polyphase filtering, which leaves out what lies above
    ``rate / 2``. Floating samples may exceed 1, as they do in recordings that were mixed too loud.

    Parameters
    ----------
    path : path
    rate : int

    Raises
    ------
    ValueError
        No recording that can be read; cut; no samples; samples that are NaN or far beyond 1.
    """
    from scipy.signal import resample_poly

    rate, path = check_whole("rate", rate), Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: expected a recording")
    if not path.exists():
        raise FileNotFoundError(f"no file {path}")
    own, x = _samples(path)
    if x.shape[0] == 0:
        raise ValueError(f"no samples in {path}")
    x = x.mean(axis=1)
    if not np.isfinite(x).all():
        raise ValueError(f"{path} holds NaN or infinity")
    if abs(x).max() > LOUDEST:
        raise ValueError(f"{path} holds samples from {x.min():g} to {x.max():g}: expected -1 to 1")
    common = math.gcd(own, rate)
    return asarray(resample_poly(x, rate // common, own // common)[:, None])


def _samples(path):
    """``(samples a second, samples (N, channels))`` of a file, as float64."""
    with path.open("rb") as file:
        start = file.read(12)
    if not start:
        raise ValueError(f"no samples in {path}: the file is empty")
    if start[:4] in WAV_STARTS:
        check_wav(path)
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: installed, but without its library
        return _by_scipy(path, start[:4] in WAV_STARTS)
    try:
        x, own = soundfile.read(path, dtype="float64", always_2d=True)
    except soundfile.SoundFileError as error:
        raise ValueError(
            f"{path} is no recording that can be read ({error}): expected WAV, FLAC, OGG, MP3 or AIFF"
        ) from error
    return own, x


def _by_scipy(path, is_wav):
    from scipy.io import wavfile

    if not is_wav:
        raise ValueError(
            f"{path} is no WAV file: expected one, or install cscbook[sound] for FLAC, OGG, MP3 and AIFF"
        )
    try:
        own, x = wavfile.read(path)
    except (ValueError, struct.error, EOFError) as error:
        raise ValueError(
            f"{path} is no WAV file that SciPy reads ({error}): save it as 16-bit PCM"
        ) from error
    x = x.reshape(len(x), -1)
    if x.dtype.kind in "iu":
        middle = 128 if x.dtype == np.uint8 else 0
        return own, (x.astype(float) - middle) / (middle or np.iinfo(x.dtype).max + 1)
    return own, x.astype(float)


def check_wav(path):
    """Raise unless a WAV file holds what its header says: a format, and samples up to the end it names.

    The file is a list of chunks, each a name of four letters, its length and its content [Microsoft and IBM,
    Multimedia Programming Interface 1.0, 1991]. A program that writes a stream leaves the length unknown; the
    samples then go on to the end of the file.
    """
    size, found = path.stat().st_size, {}
    with path.open("rb") as file:
        order = ">" if file.read(4) == b"RIFX" else "<"
        at = 12
        while at + 8 <= size and "data" not in found:
            file.seek(at)
            name, length = struct.unpack(f"{order}4sI", file.read(8))
            found[name.decode("latin-1").strip()] = (at + 8, length)
            at += 8 + length + length % 2
    if "fmt" not in found or "data" not in found or size < 12:
        raise ValueError(f"{path} is cut: its header is not complete")
    start, length = found["data"]
    if length not in UNKNOWN and start + length > size:
        raise ValueError(f"{path} is cut: {size - start} of {length} bytes of samples are there")
    if size == start:
        raise ValueError(f"no samples in {path}")
