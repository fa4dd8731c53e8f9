"""What a caller gets: a whole answer, a streamed one, or a problem document."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from f5serve import audio, encoding
from f5serve.errors import OverloadedError, ServeError
from f5serve.metrics import OK

if TYPE_CHECKING:
    from f5serve.audio import Samples

PROBLEM: Final = "application/problem+json"
RAW: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One whole HTTP answer.

    Attributes:
        status: The HTTP status.
        body: All of it.
        content_type: Of the body.
        headers: Further ones.
        reason: What it is counted as: ``ok``, or an error's code.
    """

    status: int = 200
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = OK


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedAnswer:
    """An HTTP answer whose body comes in chunks.

    Attributes:
        chunks: At least one, none of them empty. An error among them breaks the body off: there is no
            other way to tell of it once the status is sent.
        content_type: Of the whole body.
        headers: What is known before the first chunk.
    """

    chunks: Iterator[bytes]
    content_type: str
    headers: Mapping[str, str]

    @property
    def status(self) -> int:
        """A stream begins when there is something to send; an error before is an ``Answer``."""
        return 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of the audio in one language; times in seconds from its start."""

    text: str
    language: str
    model: str
    voice: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Spoken text with all that is told about it."""

    samples: Samples
    headers: Mapping[str, str]
    segments: Sequence[Segment]


def speech_answer(speech: Speech, response_format: str) -> Answer:
    """Encode speech in the format asked for: one of ``encoding.CONTENT_TYPES``, ``f32`` or ``json``."""
    if response_format == "json":
        body, content_type = _json_body(speech), "application/json"
    elif response_format == "f32":
        body, content_type = audio.to_f32(speech.samples), RAW
    else:
        body = encoding.encode(speech.samples, response_format)
        content_type = encoding.CONTENT_TYPES[response_format]
    return Answer(body=body, content_type=content_type, headers=speech.headers)


def _json_body(speech: Speech) -> bytes:
    """Tell the same as the headers, under their names in snake case, with the audio as base64."""
    told = {
        name.removeprefix("X-").lower().replace("-", "_"): value
        for name, value in speech.headers.items()
    }
    document = {
        **told,
        "audio": base64.b64encode(encoding.encode(speech.samples, "wav")).decode("ascii"),
        "format": "wav",
        "sample_rate_hz": audio.SAMPLE_RATE_HZ,
        "audio_seconds": round(audio.seconds(speech.samples), 3),
        "segments": [
            {
                "text": segment.text,
                "language": segment.language,
                "model": segment.model,
                "voice": segment.voice,
                "start_s": round(segment.start_s, 3),
                "end_s": round(segment.end_s, 3),
            }
            for segment in speech.segments
        ],
    }
    for number in ("language_confidence", "queue_ms", "inference_ms", "first_audio_ms", "loudness"):
        if number in document:
            document[number] = float(told[number])
    for number in ("seed", "pieces", "unknown_characters"):
        if number in document:
            document[number] = int(told[number])
    return msgspec.json.encode(document)


def json_answer(document: object, headers: Mapping[str, str], status: int = 200) -> Answer:
    """Answer a document as JSON."""
    return Answer(
        status=status,
        body=msgspec.json.format(msgspec.json.encode(document), indent=2),
        content_type="application/json",
        headers=headers,
    )


def problem_answer(error: ServeError, request_id: str, headers: Mapping[str, str]) -> Answer:
    """Answer an error as a problem document (RFC 9457).

    The document has ``type, title, status, detail, code, request_id`` and, where one field is at fault,
    ``field``. An answer of 503 carries ``Retry-After``.
    """
    document: dict[str, object] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
    }
    if error.field is not None:
        document["field"] = error.field
    return Answer(
        status=error.status,
        body=msgspec.json.encode(document),
        content_type=PROBLEM,
        headers={**headers, **retry_after(error)},
        reason=error.code,
    )


def retry_after(error: ServeError) -> dict[str, str]:
    """Answer the header that says when to come back; empty where that would not help."""
    if isinstance(error, OverloadedError):
        return {"Retry-After": str(error.retry_after_s)}
    return {}
