"""The router's answers, with a real HTTP stand-in as the only language model."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from f5serve.response import Answer, StreamedAnswer
from f5serve.router import Router, RoutingHandler
from f5serve.torchserve import Call
from tests.fakes import FakeContext
from tests.unit.routing_support import (
    FakeModel,
    Scripted,
    fake_model,
    problem,
    problem_of,
    settings,
    speech,
)


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model(lambda _: speech()) as model:
        yield model


def ask(model: FakeModel, **fields: Any) -> Answer:
    answer = asked(model, **fields)
    assert isinstance(answer, Answer)
    return answer


def asked(model: FakeModel, **fields: Any) -> Answer | StreamedAnswer:
    call = Call(correlation_id="id-1", path="", fields=fields, from_form=False)
    return Router(settings(model.url)).answer(call)


def test_the_language_is_detected_and_its_model_speaks(model: FakeModel) -> None:
    answer = ask(model, text="Demain matin, nous irons ensemble au marché.", seed=7)

    assert (answer.status, answer.content_type) == (200, "audio/wav")
    told = answer.headers
    assert (told["X-Language"], told["X-Language-Source"], told["X-Model"]) == (
        "fr",
        "detected",
        "f5_fr",
    )
    assert float(told["X-Language-Confidence"]) > 0.5
    assert (told["X-Seed"], told["X-Pieces"], told["X-Correlation-Id"]) == ("7", "1", "id-1")
    assert float(told["X-Audio-Seconds"]) == pytest.approx(0.1)
    assert model.requests[0]["voice"] == "fleur"
    assert model.requests[0]["language"] == "fr"


def test_markup_is_gone_before_a_text_is_cut_and_the_rest_is_the_models_to_read(
    model: FakeModel,
) -> None:
    ask(model, text="**Bonjour** à [tous](https://a.example/b), il est 15h30.", language="fr")

    (request,) = model.requests
    assert request["text"] == "Bonjour à tous, il est 15h30."
    assert request["normalize"] is True


def test_without_normalisation_the_text_goes_to_the_model_as_it_is(model: FakeModel) -> None:
    ask(model, text="**Bonjour** <b>à tous</b>.", language="fr", normalize=False)

    (request,) = model.requests
    assert request["text"] == "**Bonjour** <b>à tous</b>."
    assert request["normalize"] is False


def test_an_explicit_language_wins_over_the_text(model: FakeModel) -> None:
    told = ask(model, text="Demain matin, nous irons ensemble au marché.", language="en-US").headers

    assert (told["X-Language"], told["X-Language-Source"]) == ("en", "explicit")


def test_an_undecidable_text_takes_the_language_of_the_voice(model: FakeModel) -> None:
    told = ask(model, text="12345", voice="fleur").headers

    assert (told["X-Language"], told["X-Language-Source"]) == ("fr", "voice")


def test_an_undecidable_text_without_a_voice_takes_the_default(model: FakeModel) -> None:
    told = ask(model, text="12345").headers

    assert (told["X-Language"], told["X-Language-Source"]) == ("en", "default")


def test_a_long_text_is_spoken_in_pieces_and_joined_in_order() -> None:
    def answer(request: dict[str, Any]) -> Scripted:
        return speech(1000 * (request["piece"] + 1))

    sentence = "The train to the coast leaves early in the morning. "
    with fake_model(answer) as model:
        told = ask(model, text=sentence * 6, response_format="json")

    document = json.loads(told.body)
    asked = sorted(model.requests, key=lambda request: int(request["piece"]))
    assert len(asked) > 1
    assert [request["piece"] for request in asked] == list(range(len(asked)))
    assert len({request["seed"] for request in asked}) == 1
    assert "".join("".join(request["text"].split()) for request in asked) == "".join(
        (sentence * 6).split()
    )
    (segment,) = document["segments"]
    assert segment["end_s"] == document["audio_seconds"]
    assert (
        document["audio_seconds"] > sum(1000 * (index + 1) for index in range(len(asked))) / 24_000
    )


MIXED = "She said « c'est la vie » and left. Потом все ушли домой."


def test_a_text_in_several_languages_is_spoken_by_several_models(model: FakeModel) -> None:
    answer = ask(model, text=MIXED, response_format="json", seed=3)

    document = json.loads(answer.body)
    told = answer.headers
    asked = sorted(model.requests, key=lambda request: int(request["piece"]))
    assert [(request["language"], request["text"]) for request in asked] == [
        ("en", "She said"),
        ("fr", "« c'est la vie »"),
        ("en", "and left."),
        ("ru", "Потом все ушли домой."),
    ]
    assert [request["voice"] for request in asked] == ["anna", "fleur", "anna", "anna"]
    assert [(s["language"], s["model"]) for s in document["segments"]] == [
        ("en", "f5_en_zh"),
        ("fr", "f5_fr"),
        ("en", "f5_en_zh"),
        ("ru", "f5_ru"),
    ]
    assert (told["X-Segments"], told["X-Languages"]) == ("4", "en, fr, ru")
    assert told["X-Model"] == "f5_en_zh, f5_fr, f5_ru"


def test_of_several_languages_the_one_most_spoken_is_told_with_its_share(model: FakeModel) -> None:
    text = "Merci beaucoup. Потом все ушли домой, и стало совсем тихо."

    told = ask(model, text=text, voice="anna").headers

    assert (told["X-Languages"], told["X-Language"]) == ("fr, ru", "ru")
    assert told["X-Language-Source"] == "detected"
    assert 0.6 < float(told["X-Language-Confidence"]) < 1.0


def test_what_is_told_is_the_language_that_was_spoken(model: FakeModel) -> None:
    told = ask(model, text="Слушаю Queen, Pink Floyd, Led Zeppelin и The Beatles.").headers

    assert (told["X-Languages"], told["X-Language"], told["X-Model"]) == ("ru", "ru", "f5_ru")


def test_segments_follow_one_another_and_end_with_the_audio(model: FakeModel) -> None:
    document = json.loads(ask(model, text=MIXED, response_format="json").body)

    segments = document["segments"]
    assert segments[0]["start_s"] == 0.0
    assert segments[-1]["end_s"] == document["audio_seconds"]
    assert all(
        before["start_s"] < before["end_s"] <= after["start_s"]
        for before, after in pairwise(segments)
    )


def test_the_voice_asked_for_speaks_every_segment(model: FakeModel) -> None:
    ask(model, text=MIXED, voice="fleur")

    assert {request["voice"] for request in model.requests} == {"fleur"}


def test_an_explicit_language_keeps_a_text_in_one_language(model: FakeModel) -> None:
    told = ask(model, text=MIXED, language="en").headers

    assert (told["X-Segments"], told["X-Languages"]) == ("1", "en")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Wir gehen morgen zusammen auf den Markt.", "language_not_supported"),
        ("12345", "language_unsure"),
    ],
    ids=["foreign", "unsure"],
)
def test_strict_refuses_a_text_whose_language_cannot_be_spoken(
    model: FakeModel, text: str, code: str
) -> None:
    document = problem_of(ask(model, text=text, strict=True))

    assert (document["status"], document["code"]) == (422, code)
    assert "en, fr, ru, zh" in document["detail"]
    assert model.requests == []
    assert ask(model, text=text).headers["X-Language-Source"] == "default"


def test_one_failing_piece_fails_the_request_with_its_reason() -> None:
    def answer(request: dict[str, Any]) -> Scripted:
        return problem(422, "unknown_characters", "text") if request["piece"] == 1 else speech()

    with fake_model(answer) as model:
        document = problem_of(ask(model, text="The train leaves early in the morning. " * 8))

    assert (document["status"], document["code"], document["field"]) == (
        422,
        "unknown_characters",
        "text",
    )


def test_the_first_error_is_told_at_once_and_the_other_pieces_are_let_go() -> None:
    def answer(request: dict[str, Any]) -> Scripted:
        if request["piece"] == 1:
            return problem(422, "unknown_characters", "text")
        time.sleep(6.0)
        return speech()

    started = time.monotonic()
    with fake_model(answer) as model:
        answered = ask(model, text="The train leaves early in the morning. " * 20)
        elapsed_s = time.monotonic() - started

    assert answered.status == 422
    assert elapsed_s < 5.0  # what piece 0 would take is 6 s
    assert len(model.requests) < 20


def test_what_the_checkpoint_could_not_read_is_told() -> None:
    status, headers, body = speech()

    with fake_model(lambda _: (status, {**headers, "X-Unknown-Characters": "2"}, body)) as model:
        told = ask(model, text="Bonjour tout le monde.").headers

    assert told["X-Unknown-Characters"] == "2"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 422, "missing_field"),
        ({"text": "a", "ref_audio": "AAAA", "ref_text": "b" * 401}, 422, "text_too_long"),
        ({"text": "a", "ref_audio": b"A" * 6_000_001, "ref_text": "b"}, 413, "too_large"),
        ({"text": ""}, 422, "no_speakable_text"),
        ({"text": "…!?"}, 422, "no_speakable_text"),
        ({"text": "\ud83d"}, 422, "no_speakable_text"),
        ({"text": "a" * 2001}, 422, "text_too_long"),
        ({"text": "a", "language": "de"}, 422, "language_not_supported"),
        ({"text": "a", "language": "../x"}, 422, "language_not_supported"),
        ({"text": "a", "voice": "nobody"}, 404, "voice_not_found"),
        ({"text": "a", "voice": "../../etc/passwd"}, 422, "voice_not_found"),
        ({"text": "a", "colour": "red"}, 422, "unknown_field"),
    ],
    ids=[
        "missing",
        "long-transcript",
        "large-clip",
        "empty",
        "marks",
        "surrogate",
        "long",
        "language",
        "path",
        "voice",
        "voice-path",
        "unknown",
    ],
)
def test_a_bad_request_is_refused_before_any_model_is_asked(
    model: FakeModel, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = ask(model, **fields)

    assert (answer.status, problem_of(answer)["code"]) == (status, code)
    assert model.requests == []


def test_a_fault_of_ours_is_told_as_500_and_logged(
    model: FakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = msgspec.structs.replace(settings(model.url), limits=None)  # packaging never writes this
    call = Call(correlation_id="id-1", path="", fields={"text": "Bonjour"}, from_form=False)

    answer = Router(wrong).answer(call)

    assert isinstance(answer, Answer)
    assert (answer.status, problem_of(answer)["code"]) == (500, "internal_error")
    assert "AttributeError" in caplog.text


@pytest.mark.parametrize(("path", "fields"), [("status", None), ("", None)], ids=["path", "bare"])
def test_status_tells_what_is_served(model: FakeModel, path: str, fields: None) -> None:
    call = Call(correlation_id="id-1", path=path, fields=fields, from_form=False)

    answer = Router(settings(model.url)).answer(call)

    assert isinstance(answer, Answer)
    document = json.loads(answer.body)
    assert document["formats"] == ["wav", "flac", "mp3", "opus", "pcm", "json"]
    assert document["streamed_formats"] == ["wav", "mp3", "opus", "pcm"]
    assert document["languages"] == ["en", "fr", "ru", "zh"]
    assert [voice["name"] for voice in document["voices"]] == ["anna", "fleur"]
    assert document["models"][0]["licence"] == "MIT"


def test_an_unknown_path_is_not_found(model: FakeModel) -> None:
    call = Call(correlation_id="id-1", path="v2/nothing", fields={"text": "a"}, from_form=False)

    assert Router(settings(model.url)).answer(call).status == 404


# TorchServe's package leaves its version file to the garbage collector when it is imported.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_the_handler_answers_through_torchserves_context(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("F5SERVE_INFERENCE_ADDRESS", raising=False)
    monkeypatch.delenv("F5SERVE_BACKENDS", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    context = FakeContext(config={"handler": msgspec.to_builtins(settings(model.url))})
    handler = RoutingHandler()
    handler.initialize(context)

    (body,) = handler.handle([{"body": bytearray(b'{"text": "Bonjour tout le monde."}')}], context)

    assert body[:4] == b"RIFF"
    assert context.metrics.named("LanguageResolutions") == [
        ({"Language": "fr", "Source": "detected"}, 1)
    ]
    assert (context.statuses[0], context.content_types[0]) == (200, "audio/wav")


def test_the_status_does_not_tell_where_the_servers_are(model: FakeModel) -> None:
    call = Call(correlation_id="id-1", path="status", fields=None, from_form=False)

    answer = Router(settings(model.url)).answer(call)

    assert isinstance(answer, Answer)
    assert b"127.0.0.1" not in answer.body
    assert {told["ready"] for told in json.loads(answer.body)["models"]} == {True}


def test_the_status_tells_which_model_cannot_be_asked(model: FakeModel) -> None:
    gone = msgspec.structs.replace(
        settings(model.url).backends[1], url="http://nowhere.invalid:1/x"
    )
    router = Router(msgspec.structs.replace(settings(model.url), backends=(gone,)))

    answer = router.answer(Call(correlation_id="id-1", path="status", fields=None, from_form=False))

    assert isinstance(answer, Answer)
    (told,) = json.loads(answer.body)["models"]
    assert (told["model"], told["ready"]) == ("f5_fr", False)


def test_the_deadline_runs_from_when_the_edge_had_the_request(model: FakeModel) -> None:
    def after(waited_s: float) -> Answer | StreamedAnswer:
        fields = {"text": "Bonjour.", "language": "fr"}
        call = Call(
            correlation_id="id-1", path="", fields=fields, from_form=False, waited_s=waited_s
        )
        return Router(settings(model.url)).answer(call)

    assert after(9.0).status == 200
    asked = len(model.requests)
    late = after(10.5)

    assert isinstance(late, Answer)
    assert (late.status, problem_of(late)["code"]) == (504, "deadline_exceeded")
    assert "within 10 s" in problem_of(late)["detail"]
    assert len(model.requests) == asked, "nothing is spoken for whoever has been told so"
