"""OpenAI's own Python client, with another base URL and nothing else changed."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
import soundfile

from tests.server.harness import RoutedServer, Server
from tests.server.listening import TIMEOUT_S
from tests.unit.routing_support import Scripted, noise, problem

pytestmark = pytest.mark.server

LONG = "The train to the coast leaves early in the morning. " * 8
WAIT_S = 30.0


def client_of(server: Server) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{server.inference_url}/predictions/tts/1.0/v1",
        api_key="none is needed",
        timeout=TIMEOUT_S,
        max_retries=0,
    )


@pytest.fixture
def client(routed: RoutedServer) -> Iterator[openai.OpenAI]:
    with client_of(routed.server) as client:
        yield client


def speak(client: openai.OpenAI, text: str = "The train leaves.", **fields: Any) -> bytes:
    given = {"model": "tts-1", "voice": "alloy", **fields}
    return client.audio.speech.create(input=text, **given).content


def test_the_demo_models_speak_for_it(server: Server) -> None:
    with client_of(server) as client:
        audio = speak(client, "Demain matin, nous irons ensemble au marché.", speed=1.2)

    samples, rate_hz = soundfile.read(io.BytesIO(audio))
    assert rate_hz == 24_000
    assert 0.5 < len(samples) / rate_hz < 15.0


@pytest.mark.parametrize(
    ("name", "begins"),
    [("mp3", b"\xff"), ("wav", b"RIFF"), ("flac", b"fLaC"), ("opus", b"OggS"), ("pcm", b"")],
)
def test_it_gets_each_format(client: openai.OpenAI, name: str, begins: bytes) -> None:
    for text in ("The train leaves.", LONG):
        audio = speak(client, text, response_format=name)

        assert audio.startswith(begins)
        assert len(audio) > 1000


def test_it_hears_the_first_piece_before_the_others_are_spoken(
    routed: RoutedServer, client: openai.OpenAI
) -> None:
    heard = threading.Event()
    spoken: list[int] = []

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] > 0:
            heard.wait(WAIT_S)
        spoken.append(request["piece"])
        return noise(request)

    routed.model.answer = answer
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=LONG, response_format="pcm"
    ) as response:
        chunks = response.iter_bytes()
        first = next(chunks)
        before = list(spoken)
        heard.set()
        rest = b"".join(chunks)

    assert before == [0]
    assert len(first) + len(rest) > 8 * 24_000


def test_it_gets_events(client: openai.OpenAI) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tts-1",
        voice="alloy",
        input=LONG,
        response_format="pcm",
        stream_format="sse",
        extra_body={"seed": 1},
    ) as response:
        assert response.headers["content-type"] == "text/event-stream"
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line]

    *deltas, done = map(json.loads, lines)
    audio = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert audio == speak(client, LONG, response_format="pcm", extra_body={"seed": 1})
    assert done["type"] == "speech.audio.done"


@pytest.mark.parametrize(
    ("fields", "error", "param"),
    [
        ({"voice": "nobody"}, openai.NotFoundError, "voice"),
        ({"speed": 4.0}, openai.UnprocessableEntityError, "speed"),
        ({"response_format": "aac"}, openai.UnprocessableEntityError, "response_format"),
        ({"text": "…"}, openai.UnprocessableEntityError, "input"),
    ],
    ids=str,
)
def test_what_is_refused_is_raised_as_its_own_errors(
    client: openai.OpenAI, fields: dict[str, Any], error: type[openai.APIStatusError], param: str
) -> None:
    with pytest.raises(error) as caught:
        speak(client, **fields)

    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


def test_a_body_that_is_no_object_is_a_bad_request(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/audio/speech", cast_to=object, body=["a"])

    assert caught.value.code == "invalid_json"


def test_a_failing_model_is_an_internal_server_error(
    routed: RoutedServer, client: openai.OpenAI
) -> None:
    routed.model.answer = lambda _: problem(500, "synthesis_failed")

    with pytest.raises(openai.InternalServerError) as caught:
        speak(client)

    assert (caught.value.status_code, caught.value.code) == (502, "backend_failed")


def test_audio_that_breaks_off_is_no_answer(routed: RoutedServer, client: openai.OpenAI) -> None:
    heard = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] > 0:
            heard.wait(WAIT_S)
            return problem(500, "synthesis_failed")
        return noise(request)

    routed.model.answer = answer
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=LONG
    ) as response:
        chunks = response.iter_bytes()
        assert next(chunks)
        heard.set()
        with pytest.raises((openai.APIError, httpx2.TransportError)):
            list(chunks)


def test_models_and_voices_are_listed(client: openai.OpenAI) -> None:
    listed = client.get("/audio/voices", cast_to=dict[str, Any])

    assert [model.id for model in client.models.list()] == ["tts"]
    assert {"id", "name", "language", "licence"} <= set(listed["voices"][0])
