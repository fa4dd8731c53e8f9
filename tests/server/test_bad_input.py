"""Whatever is sent, the answer is a 4xx problem document that names what was wrong; never a 5xx."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import requests
import soundfile

from tests.server.harness import Server
from tests.server.listening import TIMEOUT_S, heard, post, refused

pytestmark = pytest.mark.server

JSON = "application/json"
RAW: tuple[tuple[str, bytes | str, str | None, int, str], ...] = (
    ("broken JSON", b'{"text": "a"', JSON, 400, "invalid_json"),
    ("no object", b'["a"]', JSON, 400, "invalid_json"),
    ("NaN", b'{"text": "a", "speed": NaN}', JSON, 400, "invalid_json"),
    ("overflow", b'{"text": "a", "speed": 1e309}', JSON, 400, "invalid_json"),
    ("deep nesting", b"[" * 10_000, JSON, 400, "invalid_json"),
    ("invalid UTF-8", b'{"text": "\xff\xfe"}', JSON, 400, "invalid_json"),
    ("empty body", b"", JSON, 400, "invalid_request"),
    ("plain text", b"hello", "text/plain", 415, "unsupported_media_type"),
    ("no type", b"hello", None, 415, "unsupported_media_type"),
    ("XML", b"<a/>", "application/xml", 415, "unsupported_media_type"),
    ("url-encoded", b"text=a", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
)
FIELDS: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({}, 422, "missing_field"),
    ({"text": None}, 422, "invalid_value"),
    ({"text": ["a"]}, 422, "invalid_value"),
    ({"text": ""}, 422, "no_speakable_text"),
    ({"text": " \n\t "}, 422, "no_speakable_text"),
    ({"text": "?!… —"}, 422, "no_speakable_text"),
    ({"text": "😀🎉"}, 422, "no_speakable_text"),
    ({"text": "\u200b\u0301\u202e"}, 422, "no_speakable_text"),
    ({"text": "\ud83d"}, 400, "invalid_json"),
    ({"text": "a" * 5001}, 422, "text_too_long"),
    ({"text": "a", "colour": "red"}, 422, "unknown_field"),
    ({"text": "a", "language": "klingon"}, 422, "language_not_supported"),
    ({"text": "a", "voice": "nobody"}, 404, "voice_not_found"),
    ({"text": "a", "voice": "../../etc/passwd"}, 422, "voice_not_found"),
    ({"text": "a", "speed": 9}, 422, "invalid_value"),
    ({"text": "a", "steps": 1000}, 422, "invalid_value"),
    ({"text": "a", "seed": -1}, 422, "invalid_value"),
    ({"text": "a", "response_format": "aiff"}, 422, "invalid_value"),
    ({"text": "a", "ref_audio": "AAAA"}, 422, "invalid_value"),
    ({"text": "a", "ref_audio": "AAAA", "ref_text": "b"}, 422, "bad_reference_audio"),
)


@pytest.mark.parametrize("model", ["tts", "f5_fr"])
@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [row[1:] for row in RAW],
    ids=[row[0] for row in RAW],
)
def test_a_body_that_cannot_be_read_is_refused(
    server: Server, model: str, body: bytes, content_type: str | None, status: int, code: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    answer = requests.post(
        f"{server.inference_url}/predictions/{model}", data=body, headers=headers, timeout=TIMEOUT_S
    )

    assert refused(answer, status)["code"] == code


@pytest.mark.parametrize("model", ["tts", "f5_fr"])
@pytest.mark.parametrize(
    ("fields", "status", "code"), FIELDS, ids=[str(row[0])[:40] for row in FIELDS]
)
def test_a_field_that_is_not_allowed_is_refused(
    server: Server, model: str, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = post(f"{server.inference_url}/predictions/{model}", **fields)

    assert refused(answer, status)["code"] == code


def test_a_reference_of_silence_is_refused(server: Server) -> None:
    clip = io.BytesIO()
    soundfile.write(clip, np.zeros(48_000, dtype=np.float32), 24_000, format="WAV")

    answer = requests.post(
        f"{server.inference_url}/predictions/tts",
        data={"text": "Bonjour tout le monde.", "ref_text": "Oui."},
        files={"ref_audio": ("clip.wav", clip.getvalue(), "audio/wav")},
        timeout=TIMEOUT_S,
    )

    document = refused(answer, 422)
    assert (document["code"], document["field"]) == ("bad_reference_audio", "ref_audio")


def test_odd_characters_in_a_good_text_are_no_error(server: Server) -> None:
    text = "Bonjour\u0000 tout\u200b le\u202e monde\u0301 😀, ça va\ufeff ?"

    heard(
        post(f"{server.inference_url}/predictions/tts", text=text, language="fr", quality="draft")
    )


def test_a_model_that_does_not_exist_is_not_found(server: Server) -> None:
    answer = post(f"{server.inference_url}/predictions/f5_xx", text="a")

    assert answer.status_code == 404


def test_the_server_serves_on_after_all_of_this(server: Server) -> None:
    heard(
        post(
            f"{server.inference_url}/predictions/tts",
            text="Bonjour tout le monde.",
            quality="draft",
        )
    )
