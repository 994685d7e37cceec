"""Recordings sound the same in whatever file they come, and a file that is cut or empty is named."""

import struct
import sys

import numpy as np
import pytest
from scipy.io import wavfile

from cscbook.arrays import to_numpy
from cscbook.sound.recordings import load_waveform

T = np.arange(44100) / 44100
TONE = 0.5 * np.sin(2 * np.pi * 440 * T)
EXPECTED = 0.25 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)  # left alone, averaged with silence
STEREO = np.stack([TONE, np.zeros_like(TONE)], axis=1)


@pytest.fixture(params=["soundfile", "scipy"])
def reader(request, monkeypatch):
    """Both libraries in turn."""
    if request.param == "scipy":
        monkeypatch.setitem(sys.modules, "soundfile", None)
    else:
        pytest.importorskip("soundfile")
    return request.param


def wav(data, channels=1, bits=16, kind=1, length=None, before=b"", rate=8000):
    """The bytes of a WAV file, written as its description says; ``length`` is what the header claims."""
    width = bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, kind, channels, rate, rate * channels * width,
                       channels * width, bits)  # fmt: skip
    length = len(data) if length is None else length
    body = b"WAVE" + form + before + struct.pack("<4sI", b"data", length) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


@pytest.mark.parametrize("dtype", ["int16", "uint8", "float32", "float64", "int32"])
def test_a_recording_of_any_type_is_read_as_it_sounds(tmp_path, reader, dtype):
    scale = {"int16": 2**15, "uint8": 2**7, "int32": 2**31}.get(dtype, 1)
    wavfile.write(
        tmp_path / "a.wav", 44100, (STEREO * scale + (128 if dtype == "uint8" else 0)).astype(dtype)
    )
    mine = to_numpy(load_waveform(tmp_path / "a.wav"))
    assert mine.shape == (8000, 1)
    assert np.abs(mine[200:-200, 0] - EXPECTED[200:-200]).max() < (0.01 if dtype == "uint8" else 1e-3)


def test_twenty_four_bits(tmp_path, reader):
    whole = np.array([2**22, -(2**22), 1, 0], "<i4")
    packed = b"".join(int(v).to_bytes(3, "little", signed=True) for v in whole)
    (tmp_path / "a.wav").write_bytes(wav(packed, bits=24))
    np.testing.assert_allclose(to_numpy(load_waveform(tmp_path / "a.wav"))[:, 0], whole / 2**23, atol=1e-12)


@pytest.mark.parametrize("format", ["FLAC", "OGG", "MP3", "AIFF", "W64", "CAF"])
def test_other_formats_by_soundfile(tmp_path, monkeypatch, format):
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / f"a.{format.lower()}"
    soundfile.write(path, STEREO, 44100, format=format)
    mine = to_numpy(load_waveform(path))
    assert abs(len(mine) - 8000) < 300  # MP3 has frames
    spectrum = np.abs(np.fft.rfft(mine[:8000, 0], 8000))
    assert abs(spectrum.argmax() - 440) <= 1 and np.abs(mine[1000:7000]).max() == pytest.approx(
        0.25, abs=0.02
    )
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(ValueError, match=r"is no WAV file: expected one, or install cscbook\[sound\]"):
        load_waveform(path)


@pytest.mark.parametrize("content", [b"not a wave", b"ID3 and then nothing", bytes(3000)])
def test_a_file_that_is_no_recording_is_refused(tmp_path, reader, content):
    (tmp_path / "b.wav").write_bytes(content)
    with pytest.raises(ValueError, match=r"b\.wav is no (recording that can be read|WAV file)"):
        load_waveform(tmp_path / "b.wav")


def test_what_is_not_there_and_what_is_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_waveform(tmp_path / "nowhere.wav")
    with pytest.raises(ValueError, match="is a folder"):
        load_waveform(tmp_path)


@pytest.mark.parametrize("content", [b"", wav(b""), wav(b"", length=2**32 - 1)])
def test_a_file_without_samples_says_so(tmp_path, reader, content):
    (tmp_path / "b.wav").write_bytes(content)
    with pytest.raises(ValueError, match=r"no samples in .*b\.wav"):
        load_waveform(tmp_path / "b.wav")


@pytest.mark.parametrize("length", [4, 6, 12, 14, 20, 30, 36, 40, 43])
def test_a_header_that_is_cut_is_named(tmp_path, reader, length):
    (tmp_path / "b.wav").write_bytes(wav(bytes(100))[:length])
    with pytest.raises(ValueError, match=r"b\.wav is cut: its header"):
        load_waveform(tmp_path / "b.wav")


def test_samples_that_are_cut_are_counted(tmp_path, reader):
    (tmp_path / "b.wav").write_bytes(wav(bytes(100))[:-30])
    with pytest.raises(ValueError, match=r"b\.wav is cut: 70 of 100 bytes"):
        load_waveform(tmp_path / "b.wav")


def test_a_stream_without_a_length_is_read_to_its_end(tmp_path):
    pytest.importorskip("soundfile")
    data = (1000 * np.ones(60)).astype("<i2").tobytes()
    (tmp_path / "b.wav").write_bytes(wav(data, length=2**32 - 1))
    np.testing.assert_allclose(to_numpy(load_waveform(tmp_path / "b.wav")), 1000 / 2**15)


def test_chunks_before_the_samples_are_passed_over(tmp_path, reader):
    note = struct.pack("<4sI", b"LIST", 7) + b"odd one" + b"\0"
    (tmp_path / "b.wav").write_bytes(wav((1000 * np.ones(60)).astype("<i2").tobytes(), before=note))
    assert to_numpy(load_waveform(tmp_path / "b.wav")).shape == (60, 1)


def test_floating_samples_in_other_ranges(tmp_path, reader):
    for peak, ok in ((1.5, True), (32767.0, False), (np.nan, False), (np.inf, False)):
        wavfile.write(tmp_path / "a.wav", 8000, np.array([0, peak, 0], np.float32))
        if ok:
            assert float(load_waveform(tmp_path / "a.wav").max()) == pytest.approx(peak)
        else:
            with pytest.raises(ValueError, match="from 0 to 32767: expected -1 to 1|holds NaN or infinity"):
                load_waveform(tmp_path / "a.wav")


def test_rates(tmp_path):
    wavfile.write(tmp_path / "a.wav", 44100, (TONE * 2**15).astype(np.int16))
    for rate in (16000, np.int64(16000), 16000.0):
        assert to_numpy(load_waveform(tmp_path / "a.wav", rate)).shape == (16000, 1)
    for rate in (0, -8000, 8000.5):
        with pytest.raises(ValueError, match="rate = "):
            load_waveform(tmp_path / "a.wav", rate)
