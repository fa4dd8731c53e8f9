"""Clips for tests: good ones, ones that lie, and small ones that hold much."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]

# What stands where in the 44 bytes before the samples of a WAV file.
_CHANNELS, _RATE, _RIFF_BYTES, _DATA_BYTES = 22, 24, 4, 40
LIES: Mapping[str, Mapping[int, bytes]] = {
    "rate-1": {_RATE: struct.pack("<I", 1)},
    "rate-2-to-the-31": {_RATE: struct.pack("<I", 2**31 - 1)},
    "255-channels": {_CHANNELS: struct.pack("<H", 255)},
    "4-gb": {_RIFF_BYTES: b"\xff" * 4, _DATA_BYTES: b"\xf0\xff\xff\xff"},
}
_BLOCK_S = 10
_BOMB_S: Mapping[str, int] = {"flac": 600, "vorbis": 150, "opus": 150, "mp3": 150}


def tone(seconds: float, *, rate_hz: int = 24_000, channels: int = 1) -> Samples:
    """A voice's stand-in: a tone with its harmonics, ``[n]`` or ``[n, channels]``."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = sum(0.1 * np.sin(2 * np.pi * 180.0 * part * times) for part in (1, 2, 3))
    samples: Samples = np.asarray(wave, dtype=np.float32)
    return samples if channels == 1 else np.stack([samples] * channels, axis=1)


def silence(seconds: float) -> Samples:
    """Nothing but zeros at 24 kHz."""
    return np.zeros(round(seconds * 24_000), dtype=np.float32)


def encoded(
    samples: Samples, *, kind: str = "WAV", subtype: str | None = None, rate_hz: int = 24_000
) -> bytes:
    """A whole file in a format and subtype of libsndfile's."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format=kind, subtype=subtype)
    return buffer.getvalue()


def with_header(wav: bytes, changes: Mapping[int, bytes]) -> bytes:
    """A WAV file with other bytes at some places of its header."""
    changed = bytearray(wav)
    for place, content in changes.items():
        changed[place : place + len(content)] = content
    return bytes(changed)


def claiming_samples(flac: bytes, samples: int) -> bytes:
    """A FLAC file whose STREAMINFO claims another number of samples, up to 36 bits of them."""
    changed = bytearray(flac)
    changed[21] = (changed[21] & 0xF0) | (samples >> 32)
    changed[22:26] = struct.pack(">I", samples & 0xFFFF_FFFF)
    return bytes(changed)


def bomb(kind: str) -> bytes:
    """Minutes of stereo silence, which take little room packed and at least 57 MB unpacked."""
    form = {
        "flac": {"format": "FLAC", "subtype": "PCM_16"},
        "vorbis": {"format": "OGG", "subtype": "VORBIS"},
        "opus": {"format": "OGG", "subtype": "OPUS"},
        "mp3": {"format": "MP3"},
    }[kind]
    buffer = io.BytesIO()
    block = np.zeros((_BLOCK_S * 48_000, 2), dtype=np.float32)
    with soundfile.SoundFile(buffer, "w", samplerate=48_000, channels=2, **form) as file:
        for _ in range(_BOMB_S[kind] // _BLOCK_S):
            file.write(block)
    return buffer.getvalue()
