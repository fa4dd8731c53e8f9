"""Audio between the wire and the model: samples as bytes, their level, a caller's reference clip.

Samples are float32 ``[n]``, mono, 24 kHz, in [-1, 1], unless said otherwise.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np

from f5serve.errors import ValueRefusedError

if TYPE_CHECKING:
    import soundfile
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 24_000
REFERENCE_FORMATS: Final = frozenset({"WAV", "WAVEX", "FLAC", "OGG", "MP3"})
REFERENCE_SUBTYPES: Final = frozenset(
    {"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"}
    | {"VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"}
)
MAX_CHANNELS: Final = 2
_WINDOW: Final = SAMPLE_RATE_HZ // 100
_BLOCK_FRAMES: Final = 65_536
_SPEECH_SHARE: Final = 10 ** (-25 / 10)  # of the loudest power
_SILENCE_SHARE: Final = 10 ** (-40 / 10)  # likewise
_SILENCE_PEAK: Final = 10 ** (-50 / 20)  # full scale 1; a clip below -50 dBFS holds no speech
_LEAST_LEVEL: Final = 10 ** (-50 / 20)
"""Of a reference's speech: what is softer has as much noise as voice in it once it is raised."""
_MOST_OFFSET: Final = 0.05
_LEAST_OFFSET: Final = 0.005
_CLIPPED_FROM: Final = 0.985
_MOST_CLIPPED: Final = 0.02
_MOST_PEAK: Final = 4.0  # float samples may pass full scale a little; integers that were taken for floats pass it far
"""Of a reference's samples: a limiter leaves less than one in a hundred at full scale, overload far more."""


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Answer 16-bit samples; what lies beyond full scale is clipped, never wrapped."""
    scaled: NDArray[np.int16] = np.rint(np.clip(samples, -1.0, 1.0) * 32_767.0).astype("<i2")
    return scaled


def to_pcm16(samples: Samples) -> bytes:
    """Answer the same as bytes, little-endian."""
    return to_int16(samples).tobytes()


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


def trim_ends(samples: Samples, *, keep_s: float) -> Samples:
    """Cut silence off both ends, but for ``keep_s`` seconds at each."""
    first, last = _speaking(samples)
    keep = round(keep_s * SAMPLE_RATE_HZ)
    return samples[max(0, first - keep) : last + keep]


def loudest_power(samples: Samples) -> float:
    """Answer the mean power of the loudest hundredth of a second, 0 for no samples (full scale 1)."""
    return float(_window_power(samples).max(initial=0.0))


def speech_extent(samples: Samples, *, loudest_power: float) -> tuple[int, int] | None:
    """Find speech between silences.

    Args:
        samples: What is searched.
        loudest_power: Silent is what lies 40 dB or more below this power.

    Returns:
        The first sample that is not silent, and the first after which all are; None where all are.
    """
    loud = np.flatnonzero(_window_power(samples) > loudest_power * _SILENCE_SHARE)
    if not len(loud):
        return None
    return int(loud[0]) * _WINDOW, min(len(samples), (int(loud[-1]) + 1) * _WINDOW)


def pauses_s(samples: Samples, *, loudest_power: float) -> NDArray[np.float64]:
    """Answer the silences between stretches of speech, in order, in seconds; silent as above."""
    loud = np.flatnonzero(_window_power(samples) > loudest_power * _SILENCE_SHARE)
    gaps = np.diff(loud) - 1
    pauses: NDArray[np.float64] = gaps[gaps > 0] * (_WINDOW / SAMPLE_RATE_HZ)
    return pauses


def _speaking(samples: Samples) -> tuple[int, int]:
    """Answer where a clip's speech begins and ends, by its own loudest place; 0 and 0 for silence."""
    return speech_extent(samples, loudest_power=loudest_power(samples)) or (0, 0)


def _window_power(samples: Samples) -> NDArray[np.float64]:
    """Mean power of each hundredth of a second."""
    count = -(-len(samples) // _WINDOW)
    padded = np.pad(samples, (0, count * _WINDOW - len(samples)))
    power: NDArray[np.float64] = (
        np.square(padded, dtype=np.float64).reshape(count, _WINDOW).mean(axis=1)
    )
    return power


def decode_reference(data: bytes, *, min_s: float, max_s: float) -> Samples:
    """Decode a caller's reference clip.

    Args:
        data: A whole WAV, FLAC, OGG or MP3 file; channels are averaged, any rate is resampled.
        min_s: Shortest clip allowed, seconds.
        max_s: Longest clip allowed, seconds. Decoding stops there, whatever the header says: a
            hundred kilobytes of FLAC can hold hours.

    Raises:
        ValueRefusedError: If it cannot be decoded, is too short, too long, not finite, silent, softer than
            speech can be taken from, clipped, or holds a constant besides sound.
    """
    import soundfile  # here: the router never decodes

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _require_safe(file)
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
    resampled = resample(_centred(mono), rate_hz)
    level = speech_level(resampled - resampled.mean())
    if level < _LEAST_LEVEL:
        raise _bad_reference(
            f"is too soft: its speech lies at {_decibels(level):.0f} dBFS, and at least "
            f"{_decibels(_LEAST_LEVEL):.0f} dBFS are needed; record it louder"
        )
    return resampled


def _centred(mono: Samples) -> Samples:
    """Refuse what no change of level or rate would mend, and take a small offset away: it would pass for sound."""
    magnitude = np.abs(mono)
    if (peak := float(magnitude.max())) > _MOST_PEAK:
        raise _bad_reference(
            f"reaches {peak:.3g} times full scale; bring its samples to between -1 and 1"
        )
    if float(magnitude.max()) < _SILENCE_PEAK:
        raise _bad_reference("is silent")
    offset = float(mono.mean(dtype=np.float64))
    if abs(offset) > _MOST_OFFSET:
        raise _bad_reference(
            f"is off centre by {abs(offset):.0%} of full scale (DC); remove that with a high-pass filter"
        )
    clipped = float(np.mean(magnitude >= _CLIPPED_FROM))
    if clipped > _MOST_CLIPPED:
        raise _bad_reference(
            f"is clipped: {clipped:.1%} of its samples lie at full scale; record it softer"
        )
    return mono if abs(offset) < _LEAST_OFFSET else (mono - offset).astype(np.float32)


def _decibels(level: float) -> float:
    return 20 * float(np.log10(max(level, 1e-6)))


def _require_safe(file: soundfile.SoundFile) -> None:
    """Refuse rare formats and codecs: their decoders are where the faults of libsndfile are."""
    if file.format not in REFERENCE_FORMATS:
        raise _bad_reference(f"is {file.format}; allowed are WAV, FLAC, OGG and MP3")
    if file.subtype not in REFERENCE_SUBTYPES:
        raise _bad_reference(
            f"holds {file.subtype}; allowed are PCM and float samples, FLAC, Vorbis, Opus and MP3"
        )
    if file.channels > MAX_CHANNELS:
        raise _bad_reference(f"has {file.channels} channels; send it as mono or stereo")


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
