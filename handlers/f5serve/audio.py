"""Audio between the wire and the model: decode a reference, join pieces, encode an answer.

Samples are float32 ``[n]``, mono, 24 kHz, in [-1, 1], unless said otherwise.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from f5serve.errors import ValueRefusedError

if TYPE_CHECKING:
    import soundfile
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 24_000
CROSSFADE_S: Final = 0.015
REFERENCE_FORMATS: Final = frozenset({"WAV", "WAVEX", "FLAC", "OGG", "MP3"})
_WINDOW: Final = SAMPLE_RATE_HZ // 100
_BLOCK_FRAMES: Final = 65_536
_SPEECH_SHARE: Final = 10 ** (-25 / 10)  # of the loudest power
_MOST_GAIN: Final = 4.0  # 12 dB
_LOUDEST_PEAK: Final = 0.98
_SILENCE_PEAK: Final = 10 ** (-50 / 20)  # full scale 1; a clip below -50 dBFS holds no speech


def to_pcm16(samples: Samples) -> bytes:
    """Answer little-endian 16-bit PCM; samples beyond full scale are clipped, never wrapped."""
    scaled = np.rint(np.clip(samples, -1.0, 1.0) * 32_767.0)
    pcm: bytes = scaled.astype("<i2").tobytes()
    return pcm


def encode_wav(samples: Samples) -> bytes:
    """Answer a WAV file, 24 kHz mono PCM16."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(to_pcm16(samples))
    return buffer.getvalue()


def to_f32(samples: Samples) -> bytes:
    """Answer raw little-endian float32: what passes between a language model and the router."""
    return samples.astype("<f4", copy=False).tobytes()


def from_f32(data: bytes) -> Samples:
    """Read what ``to_f32`` wrote.

    Raises:
        ValueError: If the length is no multiple of four bytes.
    """
    return np.frombuffer(data, dtype="<f4").astype(np.float32)


def seconds(samples: Samples) -> float:
    """Answer the duration."""
    return len(samples) / SAMPLE_RATE_HZ


def rms(samples: Samples) -> float:
    """Answer the root mean square, 0 for no samples (full scale 1)."""
    if not len(samples):
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def silent_ends_s(samples: Samples) -> float:
    """Answer how long a clip is silent before and after its speech, together, in seconds.

    Silent is what lies 40 dB or more below the loudest hundredth of a second.
    """
    first, last = _speaking(samples)
    return (first + len(samples) - last) / SAMPLE_RATE_HZ


def speech_level(samples: Samples) -> float:
    """Answer the RMS of the hundredths of a second that hold speech, 0 for silence (full scale 1).

    Pauses do not count: what is within 25 dB of the loudest hundredth is speech.
    """
    power = _window_power(samples)
    loudest = float(power.max(initial=0.0))
    if loudest <= 0.0:
        return 0.0
    return float(np.sqrt(power[power > loudest * _SPEECH_SHARE].mean()))


def match_levels(pieces: Sequence[Samples], speakers: Sequence[str]) -> list[Samples]:
    """Bring the pieces of several speakers to one loudness: that of the first piece with speech.

    Every piece of a speaker gets the same gain, found on the speaker's first one, so that a text's
    own louder and softer places stay and a stream can do the same. Gains are bounded, and what they
    would drive beyond full scale is raised less.

    Args:
        pieces: One or more pieces.
        speakers: Who speaks each: a name for model and voice.

    Returns:
        The pieces in order; those of the first speaker, and silence, as they were.
    """
    target = 0.0
    gains: dict[str, float] = {}
    matched: list[Samples] = []
    for piece, speaker in zip(pieces, speakers, strict=True):
        level = 0.0 if speaker in gains else speech_level(piece)
        if level > 0.0:
            target = target or level
            gains[speaker] = min(max(target / level, 1.0 / _MOST_GAIN), _MOST_GAIN)
        matched.append(_amplified(piece, gains.get(speaker, 1.0)))
    return matched


def _amplified(piece: Samples, gain: float) -> Samples:
    if gain == 1.0:
        return piece
    peak = float(np.abs(piece).max(initial=0.0))
    bounded = min(gain, max(1.0, _LOUDEST_PEAK / peak)) if peak > 0.0 else gain
    return (piece * bounded).astype(np.float32)


def trim_ends(samples: Samples, *, keep_s: float) -> Samples:
    """Cut silence off both ends, but for ``keep_s`` seconds at each."""
    first, last = _speaking(samples)
    keep = round(keep_s * SAMPLE_RATE_HZ)
    return samples[max(0, first - keep) : last + keep]


def join(pieces: Sequence[Samples], pauses_s: Sequence[float]) -> tuple[Samples, tuple[int, ...]]:
    """Put pieces one after another without clicks.

    Each border is faded out and in over 15 ms; between two pieces stands the pause that follows the
    first. Nothing overlaps, so no sample of speech is lost and times stay exact.

    Args:
        pieces: One or more pieces.
        pauses_s: Silence after each piece but the last, seconds; ``len(pieces) - 1`` of them.

    Returns:
        All samples, and the first sample of each piece.

    Raises:
        ValueError: If the counts do not fit.
    """
    if len(pauses_s) != len(pieces) - 1:
        raise ValueError(f"{len(pieces)} pieces need {len(pieces) - 1} pauses, got {len(pauses_s)}")
    parts: list[Samples] = []
    starts: list[int] = []
    position = 0
    for index, piece in enumerate(pieces):
        first, last = index == 0, index == len(pieces) - 1
        faded = _fade(piece, fade_in=not first, fade_out=not last)
        starts.append(position)
        parts.append(faded)
        position += len(faded)
        if not last:
            silence = np.zeros(round(pauses_s[index] * SAMPLE_RATE_HZ), dtype=np.float32)
            parts.append(silence)
            position += len(silence)
    return np.concatenate(parts), tuple(starts)


def _speaking(samples: Samples) -> tuple[int, int]:
    """Answer the first sample that is not silent, and the first after which all are."""
    power = _window_power(samples)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 1e-4)
    if not len(loud):
        return 0, 0
    return int(loud[0]) * _WINDOW, min(len(samples), (int(loud[-1]) + 1) * _WINDOW)


def _window_power(samples: Samples) -> NDArray[np.float64]:
    """Mean power of each hundredth of a second."""
    count = -(-len(samples) // _WINDOW)
    padded = np.pad(samples, (0, count * _WINDOW - len(samples)))
    power: NDArray[np.float64] = (
        np.square(padded, dtype=np.float64).reshape(count, _WINDOW).mean(axis=1)
    )
    return power


def _fade(piece: Samples, *, fade_in: bool, fade_out: bool) -> Samples:
    count = min(round(CROSSFADE_S * SAMPLE_RATE_HZ), len(piece) // 2)
    faded = piece.copy()
    ramp = np.sin(np.linspace(0.0, np.pi / 2, count, dtype=np.float32)) ** 2
    if fade_in and count:
        faded[:count] *= ramp
    if fade_out and count:
        faded[-count:] *= ramp[::-1]
    return faded


def decode_reference(data: bytes, *, min_s: float, max_s: float) -> Samples:
    """Decode a caller's reference clip.

    Args:
        data: A whole WAV, FLAC, OGG or MP3 file; channels are averaged, any rate is resampled.
        min_s: Shortest clip allowed, seconds.
        max_s: Longest clip allowed, seconds. Decoding stops there, whatever the header says: a
            hundred kilobytes of FLAC can hold hours.

    Raises:
        ValueRefusedError: If it cannot be decoded, is too short, too long, silent or not finite.
    """
    import soundfile  # here: the router never decodes, and pays for no decoder

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.format not in REFERENCE_FORMATS:
                raise _bad_reference(f"is {file.format}; allowed are WAV, FLAC, OGG and MP3")
            if not 8_000 <= file.samplerate <= 192_000:
                raise _bad_reference(f"has {file.samplerate} Hz; allowed are 8,000 to 192,000")
            rate_hz = int(file.samplerate)
            mono = _read_mono(file, max_frames=int(max_s * rate_hz))
    except soundfile.LibsndfileError as error:
        raise _bad_reference("is no WAV, FLAC, OGG or MP3 file that can be decoded") from error
    if len(mono) < min_s * rate_hz:
        raise _bad_reference(f"lasts {len(mono) / rate_hz:.2f} s; at least {min_s:g} s are needed")
    if not np.isfinite(mono).all():
        raise _bad_reference("holds samples that are not finite")
    if float(np.max(np.abs(mono))) < _SILENCE_PEAK:
        raise _bad_reference("is silent")
    return resample(mono, rate_hz)


def resample(samples: Samples, rate_hz: int) -> Samples:
    """Bring samples of another rate to 24 kHz."""
    if rate_hz == SAMPLE_RATE_HZ:
        return samples
    import soxr  # here: needed for foreign rates only

    resampled: Samples = soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ)
    return resampled


def _read_mono(file: soundfile.SoundFile, *, max_frames: int) -> Samples:
    blocks: list[Samples] = []
    total = 0
    while True:
        block = file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)
        if not len(block):
            break
        total += len(block)
        if total > max_frames:
            limit_s = max_frames / file.samplerate
            raise _bad_reference(f"lasts more than the {limit_s:g} s allowed")
        blocks.append(block.mean(axis=1))
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def _bad_reference(problem: str) -> ValueRefusedError:
    return ValueRefusedError(
        f"the reference audio {problem}", field="ref_audio", code="bad_reference_audio"
    )
