"""A stream holds the samples of a whole answer, as early as they exist, and breaks rather than lies."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import soundfile

from f5serve.errors import PassedOnError
from f5serve.response import Answer, StreamedAnswer
from f5serve.router import Router
from f5serve.routing import speaking
from f5serve.torchserve import Call
from tests.unit.log_support import logged
from tests.unit.routing_support import FakeModel, Scripted, fake_model, noise, problem, settings

LONG = "The train to the coast leaves early in the morning. " * 4
MIXED = "She said « c'est la vie » and left. Потом все ушли домой."
WAIT_S = 20.0


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model(noise) as model:
        yield model


def ask(model: FakeModel, **fields: Any) -> Answer | StreamedAnswer:
    call = Call(correlation_id="id-1", path="", fields={"seed": 1, **fields}, from_form=False)
    return Router(settings(model.url)).answer(call)


def streamed(model: FakeModel, **fields: Any) -> StreamedAnswer:
    answer = ask(model, stream=True, **fields)
    assert isinstance(answer, StreamedAnswer), answer
    return answer


def whole(model: FakeModel, **fields: Any) -> Answer:
    answer = ask(model, **fields)
    assert isinstance(answer, Answer), answer
    return answer


@pytest.mark.parametrize("text", [LONG, MIXED], ids=["long", "mixed"])
@pytest.mark.parametrize(("name", "header"), [("pcm", 0), ("wav", 44)])
def test_a_stream_holds_the_samples_of_the_whole_answer(
    model: FakeModel, text: str, name: str, header: int
) -> None:
    chunks = list(streamed(model, text=text, response_format=name).chunks)

    body = whole(model, text=text, response_format=name).body
    assert len(chunks) > 2
    assert b"".join(chunks)[header:] == body[header:]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg; codecs=opus"),
        ("pcm", "audio/pcm"),
    ],
)
def test_a_stream_has_the_type_of_its_format(
    model: FakeModel, name: str, content_type: str
) -> None:
    answer = streamed(model, text=MIXED, response_format=name)

    assert (answer.status, answer.content_type) == (200, content_type)
    assert all(answer.chunks)


@pytest.mark.parametrize("name", ["wav", "flac", "mp3", "opus"])
def test_every_format_lasts_as_long_as_it_is_told(model: FakeModel, name: str) -> None:
    answer = whole(model, text=LONG, response_format=name)

    samples, rate_hz = soundfile.read(io.BytesIO(answer.body))
    told_s = float(answer.headers["X-Audio-Seconds"])
    assert len(samples) / rate_hz == pytest.approx(told_s, abs=0.001)


def test_a_stream_tells_what_is_known_before_its_end_and_nothing_else(model: FakeModel) -> None:
    answer = streamed(model, text=MIXED)

    told = whole(model, text=MIXED).headers
    at_the_end = {"X-Audio-Seconds", "X-Unknown-Characters", "X-Queue-Ms", "X-Inference-Ms"}
    assert set(told) - set(answer.headers) == at_the_end
    later = {"X-First-Audio-Ms"}
    assert {k: v for k, v in told.items() if k not in at_the_end | later} == {
        k: v for k, v in answer.headers.items() if k not in later
    }
    assert (told["X-Model-Licence"], told["X-Pieces"]) == ("MIT", "4")


def test_the_first_chunk_is_there_before_the_last_piece_is_spoken() -> None:
    heard, spoken = threading.Event(), []

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] > 0:
            assert heard.wait(WAIT_S)
        spoken.append(request["piece"])
        return noise(request)

    with fake_model(answer) as model:
        chunks = streamed(model, text=LONG, response_format="pcm").chunks
        first = next(chunks)
        before = list(spoken)
        heard.set()
        rest = list(chunks)

    assert before == [0]
    assert len(first) >= 2 * 24_000
    assert rest


def test_the_first_piece_of_a_stream_is_not_batched_with_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speaking, "HEAD_START_S", WAIT_S)
    beside: list[int] = []

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] == 0:
            time.sleep(0.2)  # time enough for others to come, were they on their way
            beside.extend(other["piece"] for other in asked.requests)
        return noise(request)

    with fake_model(answer) as asked:
        assert list(streamed(asked, text=LONG).chunks)

    assert beside == [0]


def test_where_the_first_piece_of_a_stream_is_refused_the_others_are_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speaking, "HEAD_START_S", WAIT_S)

    with fake_model(lambda _: problem(422, "unknown_characters", "text")) as asked:
        answered = whole(asked, text=LONG, stream=True)

    assert answered.status == 422
    assert [request["piece"] for request in asked.requests] == [0]


def test_the_pieces_of_a_whole_answer_are_on_their_way_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speaking, "HEAD_START_S", 10 * WAIT_S)
    second = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] == 1:
            second.set()
        elif request["piece"] == 0:
            assert second.wait(WAIT_S)
        return noise(request)

    with fake_model(answer) as model:
        assert whole(model, text=LONG).status == 200


def test_a_slow_first_piece_holds_the_others_up_for_a_moment_only() -> None:
    others = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] > 0:
            others.set()
        else:
            assert others.wait(WAIT_S)
        return noise(request)

    with fake_model(answer) as model:
        assert list(streamed(model, text=LONG).chunks)


def test_pieces_that_are_spoken_out_of_order_are_sent_in_order() -> None:
    last = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] == 2:
            last.set()
        elif request["piece"] == 0:
            assert last.wait(WAIT_S)
        return noise(request)

    with fake_model(answer) as model:
        backwards = b"".join(streamed(model, text=LONG, response_format="pcm").chunks)
    with fake_model(noise) as model:
        assert backwards == whole(model, text=LONG, response_format="pcm").body


@pytest.mark.parametrize("failing", [0, 1], ids=["first", "second"])
def test_an_error_before_the_first_chunk_is_a_problem_document(failing: int) -> None:
    refused = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] == failing:
            refused.set()
            return problem(422, "unknown_characters", "text")
        assert refused.wait(WAIT_S)
        time.sleep(0.3)  # so that the refusal has arrived
        return noise(request)

    with fake_model(answer) as model:
        answered = whole(model, text=LONG, stream=True)

    assert (answered.status, answered.content_type) == (422, "application/problem+json")
    assert json.loads(answered.body)["code"] == "unknown_characters"


def test_an_error_after_the_first_chunk_breaks_the_stream_off_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard = threading.Event()

    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] > 0:
            assert heard.wait(WAIT_S)
        if request["piece"] == 1:
            return problem(422, "unknown_characters", "text")
        return noise(request)

    with fake_model(answer) as model:
        chunks = streamed(model, text=LONG).chunks
        assert next(chunks)
        heard.set()
        with pytest.raises(PassedOnError):
            list(chunks)

    (line,) = logged(caplog, "request")
    assert (line["level"], line["request_id"]) == ("WARNING", "id-1")
    assert (line["status"], line["reason"], line["streamed"]) == (200, "unknown_characters", True)
    assert line["pieces"] > 1


def test_a_text_of_one_piece_is_answered_whole(model: FakeModel) -> None:
    answer = whole(model, text="Bonjour tout le monde.", stream=True)

    assert answer.body == whole(model, text="Bonjour tout le monde.").body
    assert "X-Audio-Seconds" in answer.headers


@pytest.mark.parametrize("name", ["flac", "json"])
def test_a_format_that_cannot_be_streamed_is_refused_before_a_model_is_asked(
    model: FakeModel, name: str
) -> None:
    answer = whole(model, text=LONG, stream=True, response_format=name)

    document = json.loads(answer.body)
    assert (answer.status, document["field"]) == (422, "response_format")
    assert "wav, mp3, opus, pcm" in document["detail"]
    assert model.requests == []


def test_a_whole_answer_tells_when_a_stream_would_have_begun(model: FakeModel) -> None:
    headers = whole(model, text=LONG, response_format="json").headers
    document = json.loads(whole(model, text=LONG, response_format="json").body)

    assert float(headers["X-First-Audio-Ms"]) > 0
    assert document["first_audio_ms"] > 0
