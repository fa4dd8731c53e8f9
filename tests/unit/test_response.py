"""Answers and problem documents."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import soundfile

from f5serve.errors import OverloadedError, ValueRefusedError
from f5serve.response import Segment, Speech, problem_answer, speech_answer

HEADERS = {
    "X-Seed": "7",
    "X-Language": "fr",
    "X-Language-Confidence": "0.9",
    "X-Queue-Ms": "1.5",
    "X-Inference-Ms": "20",
}
SPEECH = Speech(
    samples=np.linspace(-0.5, 0.5, 24_000, dtype=np.float32),
    headers=HEADERS,
    segments=(
        Segment(text="Oui.", language="fr", model="f5_fr", voice="fleur", start_s=0.0, end_s=1.0),
    ),
)


@pytest.mark.parametrize(
    ("name", "content_type", "count"),
    [
        ("wav", "audio/wav", 48_044),
        ("pcm", "audio/pcm", 48_000),
        ("f32", "application/octet-stream", 96_000),
    ],
)
def test_each_format_has_its_type_and_size(name: str, content_type: str, count: int) -> None:
    answer = speech_answer(SPEECH, name)

    assert (answer.status, answer.content_type, len(answer.body)) == (200, content_type, count)
    assert answer.headers == HEADERS


def test_json_holds_the_audio_and_tells_what_the_headers_tell() -> None:
    document = json.loads(speech_answer(SPEECH, "json").body)

    samples, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(document["audio"])))
    assert (len(samples), rate_hz, document["audio_seconds"]) == (24_000, 24_000, 1.0)
    assert (document["seed"], document["language"], document["language_confidence"]) == (
        7,
        "fr",
        0.9,
    )
    assert document["segments"] == [
        {
            "text": "Oui.",
            "language": "fr",
            "model": "f5_fr",
            "voice": "fleur",
            "start_s": 0.0,
            "end_s": 1.0,
        }
    ]


def test_a_problem_document_names_the_field() -> None:
    answer = problem_answer(
        ValueRefusedError("too fast", field="speed"), "id-1", {"X-Correlation-Id": "id-1"}
    )

    assert (answer.status, answer.content_type) == (422, "application/problem+json")
    assert json.loads(answer.body) == {
        "type": "about:blank", "title": "Invalid value", "status": 422, "detail": "too fast",
        "code": "invalid_value", "request_id": "id-1", "field": "speed",
    }  # fmt: skip


def test_overload_says_when_to_come_back() -> None:
    answer = problem_answer(OverloadedError("full", retry_after_s=3), "id-1", {})

    assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
