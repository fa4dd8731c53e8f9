"""Samples become the bytes of a format: a whole file, or piece by piece as they come.

WAV and PCM are written here. FLAC, MP3 and Opus are libsndfile's, which is loaded with the first answer
that needs it: a worker that is never asked for them does not pay for it. Every format starts from the
same 16-bit samples.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from f5serve import audio

if TYPE_CHECKING:
    import soundfile

    from f5serve.audio import Samples

CONTENT_TYPES: Final[Mapping[str, str]] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "pcm": "audio/pcm",
}
STREAMED: Final = ("wav", "mp3", "opus", "pcm")
"""A FLAC file begins with what is known at its end only: players refuse one that was cut off before."""

UNKNOWN_BYTES: Final = 0xFFFF_FFFF
"""A length in a WAV header that says "to the end", as ffmpeg writes it into a pipe."""

_LIBSNDFILE: Final[Mapping[str, Mapping[str, object]]] = {
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
    # 80 kbit/s. The rate is constant, for a stream has no table by which a player could find its length.
    "mp3": {"format": "MP3", "bitrate_mode": "CONSTANT", "compression_level": 0.5},
    "opus": {"format": "OGG", "subtype": "OPUS"},
}
_OPUS_PAGE_MS: Final = 100.0
_SET_OGG_PAGE_LATENCY_MS: Final = 0x1302  # libsndfile's SFC_SET_OGG_PAGE_LATENCY_MS


class Encoder(Protocol):
    """Encodes one recording that comes in pieces."""

    def encode(self, samples: Samples) -> bytes:
        """Answer what can be sent of all pieces so far, but for what was answered before."""

    def finish(self) -> bytes:
        """Answer what was held back; nothing may come after it."""


class PcmEncoder:
    """Raw 16-bit samples, after a header if there is one.

    Args:
        header: What the first piece begins with.
    """

    def __init__(self, header: bytes = b"") -> None:
        self._header = header

    def encode(self, samples: Samples) -> bytes:
        """Answer the piece's samples."""
        header, self._header = self._header, b""
        return header + audio.to_pcm16(samples)

    def finish(self) -> bytes:
        """Nothing is held back."""
        return b""


class FileEncoder:
    """A format of libsndfile's, written into memory and taken from there piece by piece.

    Args:
        name: ``mp3`` or ``opus``.
    """

    def __init__(self, name: str) -> None:
        self._sink = _Sink()
        self._file = _open(self._sink, name)
        if name == "opus":
            _set_page_length(self._file, _OPUS_PAGE_MS)

    def encode(self, samples: Samples) -> bytes:
        """Answer the frames that are complete; the encoder looks ahead and holds some back."""
        self._file.write(audio.to_int16(samples))
        return self._sink.taken()

    def finish(self) -> bytes:
        """Answer the last frames."""
        self._file.close()
        return self._sink.taken()


class _Sink(io.RawIOBase):
    """A file of which the written part is taken away: what lies before cannot be changed any more.

    LAME wants to fill in a table of contents at the very beginning when all is written. For a stream that
    is too late, and what it writes there is dropped; its place stays an empty frame, 24 ms of silence.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._end = 0
        self._position = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._position == self._end:
            self._pending += data
            self._end += len(data)
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._end}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def taken(self) -> bytes:
        """Answer what was written since the last call."""
        data = bytes(self._pending)
        self._pending.clear()
        return data


def encode(samples: Samples, name: str) -> bytes:
    """Answer a whole file: one of ``CONTENT_TYPES``."""
    if name == "pcm":
        return audio.to_pcm16(samples)
    if name == "wav":
        return wav_header(2 * len(samples)) + audio.to_pcm16(samples)
    buffer = io.BytesIO()
    with _open(buffer, name) as file:
        file.write(audio.to_int16(samples))
    return buffer.getvalue()


def encoder(name: str) -> Encoder:
    """Answer an encoder of a stream: one of ``STREAMED``."""
    if name == "pcm":
        return PcmEncoder()
    if name == "wav":
        return PcmEncoder(wav_header(UNKNOWN_BYTES))
    return FileEncoder(name)


def wav_header(data_bytes: int) -> bytes:
    """Answer the 44 bytes before the samples of a WAV file, 24 kHz mono PCM16."""
    rate = audio.SAMPLE_RATE_HZ
    riff_bytes = min(data_bytes + 36, UNKNOWN_BYTES)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE")
        + form
        + struct.pack("<4sI", b"data", data_bytes)
    )


def _open(target: io.RawIOBase | io.BytesIO, name: str) -> soundfile.SoundFile:
    import soundfile  # here: see the module's first lines

    return soundfile.SoundFile(
        target, "w", samplerate=audio.SAMPLE_RATE_HZ, channels=1, **_LIBSNDFILE[name]
    )


def _set_page_length(file: soundfile.SoundFile, milliseconds: float) -> None:
    """Let no more than this be held back; libsndfile's own pages last a second, soundfile knows no option."""
    import soundfile

    value = soundfile._ffi.new("double *", milliseconds)
    soundfile._snd.sf_command(
        file._file, _SET_OGG_PAGE_LATENCY_MS, value, soundfile._ffi.sizeof("double")
    )
