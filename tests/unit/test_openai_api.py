"""What clients of OpenAI's send is understood, and what they get has the form that they know."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from f5serve.errors import MediaTypeError, OverloadedError, RequestError, ServeError
from f5serve.openai_api import OPENAI_VOICES, events, read, refusal
from f5serve.response import Answer, StreamedAnswer
from f5serve.router import Router
from f5serve.routing.known_voices import KnownVoices
from f5serve.settings import Voice
from f5serve.torchserve import Call
from f5serve.voices import VoiceRegistry
from tests.unit.routing_support import FakeModel, Scripted, fake_model, problem, settings, speech

LONG = "The train to the coast leaves early in the morning. " * 4
WAIT_S = 20.0


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model(lambda _: speech(24_000)) as model:
        yield model


def ask(
    model: FakeModel,
    fields: dict[str, Any] | ServeError | None,
    path: str = "v1/audio/speech",
    *,
    from_form: bool = False,
) -> Answer | StreamedAnswer:
    call = Call(correlation_id="id-1", path=path, fields=fields, from_form=from_form)
    return Router(settings(model.url)).answer(call)


def error_of(answer: Answer | StreamedAnswer) -> dict[str, Any]:
    assert isinstance(answer, Answer)
    assert answer.content_type == "application/json"
    assert answer.headers["X-Correlation-Id"] == "id-1"
    error: dict[str, Any] = json.loads(answer.body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


def events_of(answer: Answer | StreamedAnswer) -> list[dict[str, Any]]:
    assert isinstance(answer, StreamedAnswer)
    assert answer.content_type == "text/event-stream"
    lines = b"".join(answer.chunks).decode().split("\n\n")
    assert lines.pop() == ""
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def test_what_openais_clients_send_is_spoken_as_mp3(model: FakeModel) -> None:
    fields = {
        "model": "tts-1",
        "input": "Bonjour tout le monde.",
        "voice": "fleur",
        "instructions": "Speak softly.",
    }

    answer = ask(model, fields)

    assert (answer.status, answer.content_type) == (200, "audio/mpeg")
    assert (answer.headers["X-Language"], answer.headers["X-Model-Licence"]) == ("fr", "MIT")
    assert (model.requests[0]["voice"], model.requests[0]["text"]) == (
        "fleur",
        "Bonjour tout le monde.",
    )


def test_a_long_text_is_streamed_without_being_asked_to(model: FakeModel) -> None:
    answer = ask(model, {"input": LONG, "voice": "anna", "response_format": "pcm"})

    assert isinstance(answer, StreamedAnswer)
    assert len(list(answer.chunks)) > 2


def test_flac_comes_whole(model: FakeModel) -> None:
    answer = ask(model, {"input": LONG, "voice": "anna", "response_format": "flac"})

    assert isinstance(answer, Answer)
    assert (answer.content_type, answer.body[:4]) == ("audio/flac", b"fLaC")


@pytest.mark.parametrize("voice", [*sorted(OPENAI_VOICES), {"id": "alloy"}, None], ids=str)
def test_openais_voices_are_the_default_voice_of_the_language(
    model: FakeModel, voice: object
) -> None:
    answer = ask(model, {"input": "Bonjour tout le monde.", "voice": voice})

    assert (answer.status, answer.headers["X-Voice"]) == (200, "fleur")


def test_a_voice_registered_under_a_name_of_openais_speaks_itself() -> None:
    alloy = Voice(name="alloy", language="fr", file="a.wav", transcript="a", licence="MIT")
    registered = KnownVoices(VoiceRegistry([alloy]))

    wish = read({"input": "a", "voice": "alloy"}, from_form=False, voices=registered)

    assert wish.fields["voice"] == "alloy"


def test_our_own_fields_are_understood_too(model: FakeModel) -> None:
    fields = {"input": "Bonjour.", "language": "en", "seed": 5, "quality": "draft", "speed": 1.5}

    answer = ask(model, fields)

    assert (answer.headers["X-Language"], answer.headers["X-Seed"]) == ("en", "5")
    assert (model.requests[0]["steps"], model.requests[0]["speed"]) == (7, 1.5)


@pytest.mark.parametrize(
    ("fields", "status", "param", "code"),
    [
        ({}, 422, "input", "missing_field"),
        ({"input": None}, 422, "input", "missing_field"),
        ({"input": 5}, 422, "input", "invalid_value"),
        ({"input": ""}, 422, "input", "no_speakable_text"),
        ({"input": "a" * 2001}, 422, "input", "text_too_long"),
        ({"input": "a", "text": "a"}, 422, "text", "unknown_field"),
        ({"input": "a", "speed": 0.25}, 422, "speed", "invalid_value"),
        ({"input": "a", "speed": 4.0}, 422, "speed", "invalid_value"),
        ({"input": "a", "speed": "fast"}, 422, "speed", "invalid_value"),
        ({"input": "a", "voice": "nobody"}, 404, "voice", "voice_not_found"),
        ({"input": "a", "voice": "Alloy"}, 404, "voice", "voice_not_found"),
        ({"input": "a", "voice": ""}, 404, "voice", "voice_not_found"),
        ({"input": "a", "voice": "../../etc/passwd"}, 404, "voice", "voice_not_found"),
        ({"input": "a", "voice": ["alloy"]}, 422, "voice", "voice_not_found"),
        ({"input": "a", "voice": {"id": None}}, 422, "voice", "voice_not_found"),
        ({"input": "a", "voice": {}}, 422, "voice", "voice_not_found"),
        ({"input": "a", "response_format": "aac"}, 422, "response_format", "invalid_value"),
        ({"input": "a", "response_format": "json"}, 422, "response_format", "invalid_value"),
        ({"input": "a", "response_format": []}, 422, "response_format", "invalid_value"),
        ({"input": "a", "stream_format": "ws"}, 422, "stream_format", "invalid_value"),
        (
            {"input": "a", "stream_format": "sse", "response_format": "flac"},
            422,
            "response_format",
            "invalid_value",
        ),
        ({"input": "a", "language": "de"}, 422, "language", "language_not_supported"),
        ({"input": "a", "colour": "red"}, 422, "colour", "unknown_field"),
        (None, 400, None, "invalid_request"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_refused_is_told_in_openais_form(
    model: FakeModel, fields: dict[str, Any] | None, status: int, param: str | None, code: str
) -> None:
    answer = ask(model, fields)

    error = error_of(answer)
    assert (answer.status, error["param"], error["code"]) == (status, param, code)
    assert error["type"] == "invalid_request_error"
    assert "'text'" not in error["message"] or param == "text"
    assert model.requests == []


def test_the_speeds_that_are_spoken_are_told(model: FakeModel) -> None:
    assert "0.5 to 2" in error_of(ask(model, {"input": "a", "speed": 3}))["message"]


def test_a_body_that_is_no_json_is_refused_in_openais_form(model: FakeModel) -> None:
    broken = ask(model, RequestError("the body is not valid JSON", code="invalid_json"))
    form = ask(model, {"input": b"a"}, from_form=True)

    assert (broken.status, error_of(broken)["code"]) == (400, "invalid_json")
    assert (form.status, error_of(form)["code"]) == (MediaTypeError.status, MediaTypeError.code)


def test_a_failing_model_is_a_server_error(model: FakeModel) -> None:
    with fake_model(lambda _: problem(500, "synthesis_failed")) as failing:
        answer = ask(failing, {"input": "Bonjour tout le monde."})

    error = error_of(answer)
    assert (answer.status, error["type"], error["code"]) == (502, "server_error", "backend_failed")


def test_overload_says_when_to_come_back() -> None:
    answer = refusal(OverloadedError("full", retry_after_s=3), {"X-Correlation-Id": "id-1"})

    assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
    assert error_of(answer)["code"] == "overloaded"


@pytest.mark.parametrize("text", [LONG, "The train leaves."], ids=["pieces", "one-piece"])
def test_events_carry_the_audio_and_end_with_done(model: FakeModel, text: str) -> None:
    fields = {"input": text, "response_format": "pcm", "seed": 1}

    *deltas, done = events_of(ask(model, {**fields, "stream_format": "sse"}))

    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    audio = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    plain = ask(model, fields)
    assert audio == (plain.body if isinstance(plain, Answer) else b"".join(plain.chunks))
    assert (done["type"], done["usage"]["input_tokens"]) == ("speech.audio.done", len(text))


def test_what_nobody_foresaw_is_an_event_too_and_raised_for_the_log() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"audio"
        raise ValueError("secret")

    told = events(chunks(), characters=5)

    assert b"speech.audio.delta" in next(told)
    last = next(told)
    assert b'"server_error"' in last
    assert b"secret" not in last
    with pytest.raises(ValueError, match="secret"):
        next(told)


def test_an_error_between_events_is_an_event_and_the_last() -> None:
    heard = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] > 0:
            assert heard.wait(WAIT_S)
            return problem(500, "synthesis_failed")
        return speech(24_000)

    with fake_model(answer) as model:
        answered = ask(model, {"input": LONG, "stream_format": "sse"})
        heard.set()
        events = events_of(answered)

    assert events[0]["type"] == "speech.audio.delta"
    assert events[-1]["type"] == "error"
    assert events[-1]["error"]["code"] == "backend_failed"
    assert "speech.audio.done" not in {event["type"] for event in events}


def test_an_error_before_the_first_event_is_an_answer_of_its_own() -> None:
    with fake_model(lambda _: problem(422, "unknown_characters", "text")) as model:
        answer = ask(model, {"input": LONG, "stream_format": "sse"})

    assert (answer.status, error_of(answer)["param"]) == (422, "input")


def test_models_and_voices_are_listed(model: FakeModel) -> None:
    models, voices = (ask(model, None, path) for path in ("v1/models", "v1/audio/voices"))

    assert isinstance(models, Answer)
    assert isinstance(voices, Answer)
    listed = json.loads(models.body)
    assert (listed["object"], [entry["id"] for entry in listed["data"]]) == ("list", ["tts"])
    assert [(voice["id"], voice["name"]) for voice in json.loads(voices.body)["voices"]] == [
        ("anna", "anna"),
        ("fleur", "fleur"),
    ]


def test_an_unknown_path_of_theirs_is_told_in_their_form(model: FakeModel) -> None:
    answer = ask(model, {}, "v1/chat/completions")

    assert (answer.status, error_of(answer)["code"]) == (404, "not_found")
