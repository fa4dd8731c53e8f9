"""Every answer is opened: what is not what was asked for is found, and so is a nameless error."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from f5serve import encoding
from loadtests.checks import Received, judge
from loadtests.workload import Wish

TEXT = "Demain matin, nous irons ensemble au marché pour acheter du pain."
SECONDS = 4.0


def wish(**changes: Any) -> Wish:
    fields = {
        "number": 1, "kind": "whole", "path": "/predictions/tts", "body": b"{}", "language": "fr",
        "explicit": True, "text": TEXT,
    }  # fmt: skip
    return Wish(**{**fields, **changes})


def audio(response_format: str = "wav", seconds: float = SECONDS) -> bytes:
    random = np.random.default_rng(1)
    samples = random.normal(0.0, 0.1, int(24_000 * seconds)).astype(np.float32)
    return encoding.encode(samples, response_format)


def answer(body: bytes | None = None, status: int = 200, **headers: str) -> Received:
    told = {
        "Content-Type": "audio/wav",
        "X-Language": "fr",
        "X-Model": "f5_fr",
        "X-Audio-Seconds": f"{SECONDS:.3f}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return Received(status=status, headers=told, body=audio() if body is None else body)


def problem(status: int, code: str, **headers: str) -> Received:
    document = {"type": "about:blank", "code": code, "status": status, "request_id": "x"}
    return Received(status=status, headers=headers, body=json.dumps(document).encode())


@pytest.mark.parametrize("response_format", ["wav", "pcm", "flac", "mp3", "opus"])
def test_speech_as_it_was_asked_for_is_accepted(response_format: str) -> None:
    found = judge(
        wish(response_format=response_format),
        answer(audio(response_format), Content_Type=encoding.CONTENT_TYPES[response_format]),
    )

    assert (found.outcome, found.reason) == ("spoken", "")
    assert found.audio_s == pytest.approx(SECONDS, abs=0.15)


def test_a_stream_whose_length_is_left_open_is_accepted() -> None:
    encoder = encoding.encoder("wav")
    body = encoder.encode(np.full(96_000, 0.1, dtype=np.float32)) + encoder.finish()
    headers = {
        "Content-Type": "audio/wav", "X-Language": "fr", "X-Model": "f5_fr"
    }  # fmt: skip

    found = judge(wish(stream=True), Received(status=200, headers=headers, body=body))

    assert (found.outcome, found.audio_s) == ("spoken", 4.0)


@pytest.mark.parametrize(
    ("received", "told"),
    [
        (answer(b""), "no wav"),
        (answer(b"<html>" * 20), "no RIFF"),
        (answer(audio()[:-1]), "in the header"),
        (answer(audio("mp3")), "no RIFF"),
        (answer(audio()[:44]), "no wav"),
        (answer(audio().replace(b"\xc0\x5d\x00\x00", b"\x44\xac\x00\x00", 1)), "44100 Hz"),
        (answer(audio(seconds=0.2), X_Audio_Seconds="0.2"), "for a text of about"),
        (answer(audio(seconds=1.0), X_Audio_Seconds="1.0"), "for a text of about"),
        (answer(encoding.encode(np.zeros(96_000, dtype=np.float32), "wav")), "it is silent"),
        (answer(audio(seconds=40.0), X_Audio_Seconds="40"), "for a text of about"),
        (answer(X_Audio_Seconds="9.0"), "X-Audio-Seconds is 9.0"),
        (answer(X_Language="es"), "language is 'es'"),
        (answer(Content_Type="text/html"), "type is 'text/html'"),
    ],
)
def test_a_body_that_is_not_what_was_asked_for_is_wrong(received: Received, told: str) -> None:
    found = judge(wish(), received)

    assert found.outcome == "wrong"
    assert told in found.reason


def test_a_language_that_had_to_be_detected_is_no_failure_of_load() -> None:
    assert judge(wish(explicit=False), answer(X_Language="es")).outcome == "spoken"


def test_bad_requests_must_be_refused_with_their_status() -> None:
    bad = wish(refusal=422)

    assert judge(bad, problem(422, "no_speakable_text")).outcome == "refused"
    assert judge(bad, answer()).outcome == "wrong"
    assert judge(bad, problem(400, "invalid_json")).outcome == "wrong"
    assert judge(bad, problem(500, "internal_error")).outcome == "failed"


def test_a_good_request_that_is_refused_is_wrong() -> None:
    assert judge(wish(), problem(422, "invalid_value")).outcome == "wrong"


def test_sheds_need_to_say_when_to_come_back_but_for_torchserves_own() -> None:
    full = {"code": 503, "type": "ServiceUnavailableException", "message": "no worker"}
    bare = Received(status=503, headers={}, body=json.dumps(full).encode())

    assert judge(wish(), problem(503, "overloaded", **{"Retry-After": "2"})).outcome == "shed"
    assert judge(wish(), problem(429, "too_many", **{"Retry-After": "2"})).outcome == "shed"
    assert judge(wish(), bare).outcome == "shed"
    assert judge(wish(), problem(503, "overloaded")).outcome == "wrong"


def test_errors_with_a_name_are_told_apart_from_nameless_ones() -> None:
    died = {"code": 500, "type": "InternalServerException", "message": "Worker died."}

    assert judge(wish(), problem(504, "deadline_exceeded")).outcome == "failed"
    assert judge(wish(), Received(status=500, headers={}, body=b"oops")).outcome == "wrong"
    assert judge(wish(), Received(status=502, headers={}, body=b"[]")).outcome == "wrong"
    unnamed = {"error": {"message": "no code"}}, {"type": "about:blank", "request_id": "x"}
    for document in (died, *unnamed):
        nameless = Received(status=500, headers={}, body=json.dumps(document).encode())
        assert judge(wish(), nameless).outcome == "wrong"
