"""What is done to a recording as a whole: silence cut, loudness set, retries told; uploads by policy."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile

from f5serve.loudness import integrated
from f5serve.response import Answer, StreamedAnswer
from f5serve.router import Router
from f5serve.settings import Limits
from f5serve.torchserve import Call
from tests.unit.routing_support import FakeModel, Scripted, fake_model, settings, speech

LONG = "The train to the coast leaves early in the morning. " * 4


def quiet_ends(request: dict[str, Any]) -> Scripted:
    """Half a second of silence, one of speech, half a second of silence."""
    random = np.random.default_rng(request["piece"])
    silence = np.zeros(12_000, dtype="<f4")
    sound = random.normal(0.0, 0.02, 24_000).astype("<f4")
    status, headers, _ = speech()
    told = {"X-Guard": "retried=1; mended=0; reason=pause"} if request["piece"] % 2 else {}
    return status, headers | told, np.concatenate([silence, sound, silence]).tobytes()


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model(quiet_ends) as model:
        yield model


def ask(model: FakeModel, path: str = "", **fields: Any) -> Answer | StreamedAnswer:
    call = Call(correlation_id="id-1", path=path, fields={"seed": 1, **fields}, from_form=False)
    return Router(settings(model.url)).answer(call)


def whole(model: FakeModel, path: str = "", **fields: Any) -> Answer:
    answer = ask(model, path, **fields)
    assert isinstance(answer, Answer), answer
    assert answer.status == 200, answer.body
    return answer


def pcm(body: bytes) -> np.ndarray:
    samples: np.ndarray = np.frombuffer(body, dtype="<i2").astype(np.float32) / 32_767
    return samples


def heard_from(samples: np.ndarray) -> tuple[float, float]:
    """Seconds of silence before and after what is heard."""
    loud = np.flatnonzero(np.abs(samples) > 0.001)
    return loud[0] / 24_000, (len(samples) - 1 - loud[-1]) / 24_000


@pytest.mark.parametrize("text", ["A short text.", LONG], ids=["a piece", "pieces"])
def test_silence_at_both_ends_is_cut_to_fifty_milliseconds(model: FakeModel, text: str) -> None:
    before, after = heard_from(pcm(whole(model, text=text, response_format="pcm").body))
    ends = heard_from(pcm(whole(model, text=text, response_format="pcm", trim_silence=True).body))

    assert min(before, after) > 0.45
    assert ends == pytest.approx((0.05, 0.05), abs=0.012)


@pytest.mark.parametrize("name", ["pcm", "wav"])
def test_a_stream_is_cut_like_the_whole_answer(model: FakeModel, name: str) -> None:
    fields: dict[str, Any] = {"text": LONG, "response_format": name, "trim_silence": True}
    answer = ask(model, stream=True, **fields)
    assert isinstance(answer, StreamedAnswer)
    chunks = list(answer.chunks)

    header = 44 if name == "wav" else 0
    assert len(chunks) > 2
    assert b"".join(chunks)[header:] == whole(model, **fields).body[header:]


def test_the_times_of_segments_are_those_of_what_is_left(model: FakeModel) -> None:
    document = json.loads(whole(model, text=LONG, response_format="json", trim_silence=True).body)

    (segment,) = document["segments"]
    assert (segment["start_s"], segment["end_s"]) == (0.0, document["audio_seconds"])


def test_an_answer_is_brought_to_a_loudness_and_tells_it(model: FakeModel) -> None:
    answer = whole(model, text=LONG, loudness=-30, response_format="wav")

    samples, _ = soundfile.read(io.BytesIO(answer.body), dtype="float32")
    assert answer.headers["X-Loudness"] == "-30.0"
    assert integrated(samples) == pytest.approx(-30.0, abs=0.1)


def test_a_loudness_that_peaks_forbid_is_not_reached_and_the_answer_says_so(
    model: FakeModel,
) -> None:
    document = json.loads(whole(model, text=LONG, loudness=-10, response_format="json").body)

    assert -20 < document["loudness"] < -10.1


def test_without_a_wish_speech_stays_as_it_is_spoken(model: FakeModel) -> None:
    answer = whole(model, text=LONG, trim_silence=False, loudness=None)

    assert "X-Loudness" not in answer.headers
    assert answer.body == whole(model, text=LONG).body


def test_silence_has_no_loudness_to_tell() -> None:
    status, headers, _ = speech()
    body = np.zeros(24_000, dtype="<f4").tobytes()
    with fake_model(lambda _: (status, headers, body)) as model:
        answer = whole(model, text="A short text.", loudness=-20, trim_silence=True)

    assert "X-Loudness" not in answer.headers
    assert answer.headers["X-Audio-Seconds"] == "0.050"


def test_a_stream_cannot_be_brought_to_a_loudness_and_both_fields_are_named(
    model: FakeModel,
) -> None:
    answer = ask(model, text=LONG, stream=True, loudness=-16)

    assert isinstance(answer, Answer)
    document = json.loads(answer.body)
    assert (answer.status, document["field"], document["code"]) == (
        422,
        "loudness",
        "invalid_value",
    )
    assert "'stream'" in document["detail"]
    assert model.requests == []


def test_openais_clients_get_the_whole_at_once_where_a_loudness_is_asked_for(
    model: FakeModel,
) -> None:
    path = "v1/audio/speech"
    fields: dict[str, Any] = {"input": LONG, "response_format": "pcm", "trim_silence": True}

    answer = whole(model, path, **fields, loudness=-30)
    streamed = ask(model, path, **fields)

    assert answer.headers["X-Loudness"] == "-30.0"
    assert isinstance(streamed, StreamedAnswer)
    assert len(b"".join(streamed.chunks)) == len(answer.body)


def test_openais_events_hold_the_whole_in_one_where_a_loudness_is_asked_for(
    model: FakeModel,
) -> None:
    answer = ask(model, "v1/audio/speech", input=LONG, stream_format="sse", loudness=-30)

    assert isinstance(answer, StreamedAnswer)
    kinds = [json.loads(chunk[6:])["type"] for chunk in answer.chunks]
    assert kinds == ["speech.audio.delta", "speech.audio.done"]
    assert answer.headers["X-Loudness"] == "-30.0"


def test_openais_clients_learn_of_a_wrong_value_in_their_form(model: FakeModel) -> None:
    answer = ask(model, "v1/audio/speech", input=LONG, loudness="loud")

    assert isinstance(answer, Answer)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["param"]) == (422, "loudness")
    assert "must be a number from -40 to -10, or null; got a string" in error["message"]


def test_pieces_that_were_spoken_twice_are_told_together(model: FakeModel) -> None:
    answer = whole(model, text=LONG, response_format="json")

    document = json.loads(answer.body)
    retried = int(document["pieces"]) // 2
    assert retried >= 1
    assert document["guard"] == f"retried={retried}; mended=0; reason=pause"


@pytest.mark.parametrize("clip", ["UklGRg==", "no base64 at all"], ids=["a clip", "nonsense"])
def test_where_uploads_are_switched_off_a_clip_is_forbidden(model: FakeModel, clip: str) -> None:
    closed = msgspec.structs.replace(settings(model.url), limits=Limits(uploads=False))
    fields: dict[str, object] = {"text": "Bonjour.", "ref_audio": clip, "ref_text": "oui"}
    router = Router(closed)

    def answered(path: str, sent: dict[str, object] | None) -> Answer:
        answer = router.answer(Call(correlation_id="id-1", path=path, fields=sent, from_form=False))
        assert isinstance(answer, Answer)
        return answer

    refusal = answered("", fields)
    told = json.loads(refusal.body)
    assert (refusal.status, told["code"], told["field"]) == (403, "uploads_disabled", "ref_audio")
    assert refusal.content_type == "application/problem+json"
    assert model.requests == []
    assert json.loads(answered("status", None).body)["limits"]["uploads"] is False
    assert answered("", {"text": "Bonjour."}).status == 200
