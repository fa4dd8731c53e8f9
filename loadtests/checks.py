"""Is an answer what was asked for? Every body is opened, measured and compared with its headers."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from f5serve.audio import SAMPLE_RATE_HZ
from f5serve.encoding import CONTENT_TYPES
from loadtests.samples import Outcome
from loadtests.workload import Wish, expected_s

SHORTEST: Final = 0.4
LONGEST: Final = 2.5
SPARE_S: Final = 1.0
LACKING_S: Final = 0.3
"""A voice may speak at 0.4 to 2.5 times an ordinary pace, and a second more or 0.3 s less for its margins."""
SILENT: Final = 1e-3
"""Peak up to which nothing is heard: -60 dBFS."""
TOLD_WITHIN_S: Final = 0.15
"""MP3 and Opus come in frames, and begin and end with part of one."""
_PCM_BYTES: Final = 2
_WAV_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")


Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer as it came: status, headers, all bytes of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an answer is found to be."""

    outcome: Outcome
    code: str = ""
    reason: str = ""
    audio_s: float = 0.0


def judge(wish: Wish, answer: Received) -> Finding:
    """Compare an answer with what was asked for."""
    if answer.status == 200:
        return _accepted(wish, answer)
    code, is_named = _name_of(answer)
    if not is_named:
        return Finding(outcome="wrong", reason=f"{answer.status} without a named error")
    if wish.refusal == answer.status:
        return Finding(outcome="refused", code=code)
    if answer.status in {429, 503}:
        return _shed(answer, code)
    if answer.status < 500:
        wanted = "speech" if wish.refusal is None else str(wish.refusal)
        return Finding(
            outcome="wrong", code=code, reason=f"{answer.status} {code} in place of {wanted}"
        )
    return Finding(outcome="failed", code=code, reason=f"{answer.status} {code}")


def _accepted(wish: Wish, answer: Received) -> Finding:
    if wish.refusal is not None:
        return Finding(outcome="wrong", reason=f"accepted in place of {wish.refusal}")
    try:
        audio_s = duration_s(answer.body, wish)
    except (ValueError, soundfile.LibsndfileError) as error:
        return Finding(outcome="wrong", reason=f"no {wish.response_format}: {error}")
    wrong = _differences(wish, answer.headers, audio_s)
    if wrong:
        return Finding(outcome="wrong", reason="; ".join(wrong), audio_s=audio_s)
    return Finding(outcome="spoken", audio_s=audio_s)


def _differences(wish: Wish, headers: Mapping[str, str], audio_s: float) -> list[str]:
    told = headers.get("Content-Type", "")
    about_s = expected_s(wish.text)
    checks = {
        f"the type is {told!r}": told == CONTENT_TYPES[wish.response_format],
        f"{audio_s:.1f} s of speech for a text of about {about_s:.1f} s": (
            about_s * SHORTEST - LACKING_S <= audio_s <= about_s * LONGEST + SPARE_S
        ),
        f"the language is {headers.get('X-Language')!r} in place of {wish.language!r}": (
            not wish.explicit or headers.get("X-Language") == wish.language
        ),
        "no X-Language": "X-Language" in headers,
        "no X-Model": "X-Model" in headers,
    }
    told_s = headers.get("X-Audio-Seconds")
    if told_s is not None:
        checks[f"{audio_s:.2f} s of speech, and X-Audio-Seconds is {told_s}"] = (
            abs(float(told_s) - audio_s) <= TOLD_WITHIN_S
        )
    elif not wish.stream and wish.kind != "openai":  # OpenAI's path streams where it can
        checks["no X-Audio-Seconds"] = False
    return [difference for difference, fine in checks.items() if not fine]


def duration_s(body: bytes, wish: Wish) -> float:
    """Open a body and answer the seconds of speech in it.

    Raises:
        ValueError: If it is not what was asked for: another format, rate, number of channels; or empty or silent.
        soundfile.LibsndfileError: If it cannot be decoded.
    """
    if wish.response_format == "pcm":
        samples = _whole_samples(body)
    elif wish.response_format == "wav":
        samples = _wav_samples(body)
    else:
        samples, rate_hz = soundfile.read(io.BytesIO(body), dtype="float32")
        _require(rate_hz == SAMPLE_RATE_HZ, f"the rate is {rate_hz} Hz")
        _require(samples.ndim == 1, "it is not mono")
    _require(len(samples) > 0, "it is empty")
    _require(float(np.abs(samples).max()) > SILENT, "it is silent")
    return len(samples) / SAMPLE_RATE_HZ


def _wav_samples(body: bytes) -> Samples:
    """Answer the samples of a WAV, whose header may leave the length open."""
    _require(len(body) > _WAV_HEADER.size, f"{len(body)} bytes")
    riff, _, wave, _, _, kind, channels, rate_hz, _, _, bits, data, size = _WAV_HEADER.unpack_from(
        body
    )
    _require((riff, wave, data) == (b"RIFF", b"WAVE", b"data"), "no RIFF header")
    _require((kind, channels, bits) == (1, 1, 16), "not 16-bit mono")
    _require(rate_hz == SAMPLE_RATE_HZ, f"the rate is {rate_hz} Hz")
    content = len(body) - _WAV_HEADER.size
    _require(size in {content, 0xFFFF_FFFF}, f"{content} bytes, {size} in the header")
    return _whole_samples(body[_WAV_HEADER.size :])


def _whole_samples(content: bytes) -> Samples:
    _require(len(content) % _PCM_BYTES == 0, "half a sample at the end")
    return np.frombuffer(content, dtype="<i2").astype(np.float32) / 32_768.0


def _require(fine: bool, reason: str) -> None:  # noqa: FBT001 - the condition
    if not fine:
        raise ValueError(reason)


def _shed(answer: Received, code: str) -> Finding:
    """TorchServe's own refusal of a full queue has no ``Retry-After``; the edge adds it."""
    if "Retry-After" in answer.headers or code == "ServiceUnavailableException":
        return Finding(outcome="shed", code=code)
    return Finding(outcome="wrong", code=code, reason=f"{answer.status} without Retry-After")


def _name_of(answer: Received) -> tuple[str, bool]:
    """Answer an error's code, and whether it has one: our document, OpenAI's, or TorchServe's."""
    if answer.status == 413 and not answer.body:
        return "too_large", True  # TorchServe says no more
    try:
        document = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return "", False
    if not isinstance(document, dict):
        return "", False
    if isinstance(document.get("error"), dict):
        code = document["error"].get("code")
        return str(code), isinstance(code, str) and bool(code)
    if document.get("type") == "about:blank":
        code = document.get("code")
        return str(code), isinstance(code, str) and bool(code) and "request_id" in document
    # Of TorchServe's own words only a full queue is a named error; the rest tells of a fault.
    return str(document.get("type")), document.get("type") == "ServiceUnavailableException"
