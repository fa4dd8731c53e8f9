"""Voices that are added over the API: checked, listed, spoken in, removed; nothing else is as it was not."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from f5serve.errors import ConfigurationError
from f5serve.response import Answer, StreamedAnswer
from f5serve.router import Router
from f5serve.settings import Limits
from f5serve.torchserve import Call, read_call
from f5serve.voice_store import VoiceStore
from scripts.package import ROOT
from tests.fakes import FakeContext
from tests.unit.routing_support import FakeModel, Scripted, fake_model, problem, settings, speech
from tests.unit.test_openai_api import error_of as openai_error_of

VOICES = "v1/audio/voices"
CLIP = (ROOT / "config/demo/voices/fr.wav").read_bytes()
SAID = "Le train du matin part à sept heures et demie."
NEW: dict[str, Any] = {
    "name": "zoe",
    "ref_audio": CLIP,
    "ref_text": SAID,
    "consent": "Zoé, in writing",
}


def as_a_model_does(request: dict[str, Any]) -> Scripted:
    status, headers, body = speech()
    return status, {**headers, "X-Voice": str(request.get("voice", "uploaded"))}, body


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model(as_a_model_does) as model:
        yield model


@pytest.fixture
def store(tmp_path: Path) -> VoiceStore:
    return VoiceStore(tmp_path / "voices")


@pytest.fixture
def router(model: FakeModel, store: VoiceStore) -> Router:
    return Router(settings(model.url), voices=store)


def ask(router: Router, path: str = "", form: bool = True, **fields: Any) -> Answer:
    call = Call(
        correlation_id="id-1",
        path=path,
        fields=fields or None,
        from_form=form and bool(fields),
    )
    answer = router.answer(call)
    assert isinstance(answer, Answer)
    return answer


def add(router: Router, **changes: Any) -> Answer:
    fields = {name: value for name, value in {**NEW, **changes}.items() if value is not None}
    sent: dict[str, Any] = {
        name: value.encode() if isinstance(value, str) else value for name, value in fields.items()
    }
    return ask(router, VOICES, **sent)


def error_of(answer: Answer, status: int) -> dict[str, Any]:
    assert answer.status == status, answer.body
    return openai_error_of(answer)


def remove(router: Router, name: str) -> Answer:
    return ask(router, f"{VOICES}/remove", form=False, name=name)


def say(router: Router, **fields: Any) -> Answer:
    return ask(router, form=False, **{"text": "Bonjour à tous.", **fields})


def test_an_added_voice_is_told_and_listed(router: Router) -> None:
    answer = add(router, licence="CC0-1.0")

    told = {"id": "zoe", "name": "zoe", "language": "fr", "licence": "CC0-1.0", "added": True}
    assert (answer.status, json.loads(answer.body)) == (201, told)
    listed = json.loads(ask(router, VOICES).body)["voices"]
    assert listed[-1] == told
    assert [voice["added"] for voice in listed] == [False, False, True]
    status = json.loads(ask(router, "status").body)
    assert status["adds_voices"] is True
    assert status["voices"] == [
        {name: value for name, value in voice.items() if name != "id"} for voice in listed
    ]


def test_nobody_is_told_of_the_consent_and_it_is_kept(router: Router, tmp_path: Path) -> None:
    add(router)

    for path in (VOICES, "status"):
        assert b"in writing" not in ask(router, path).body
    assert "Zoé, in writing" in (tmp_path / "voices/zoe/voice.yaml").read_text(encoding="utf-8")


def test_it_speaks_with_its_clip_and_its_words_in_its_own_language(
    router: Router, model: FakeModel, store: VoiceStore
) -> None:
    add(router)

    answer = say(router, text="Поезд опаздывает.", voice="zoe")

    assert answer.status == 200, answer.body
    assert (answer.headers["X-Voice"], answer.headers["X-Language"]) == ("zoe", "ru")
    (asked,) = model.requests
    assert "voice" not in asked
    assert (asked["ref_text"], asked["ref_language"]) == (SAID, "fr")
    kept = store.read("zoe")
    assert kept is not None
    assert base64.b64decode(asked["ref_audio"]) == kept.clip
    assert kept.clip[8:12] == b"WAVE"


def test_its_language_decides_for_a_text_that_does_not_tell(router: Router) -> None:
    add(router)

    answer = say(router, text="12", voice="zoe")

    assert (answer.headers["X-Language"], answer.headers["X-Language-Source"]) == ("fr", "voice")


def test_it_can_be_one_of_several_speakers(router: Router, model: FakeModel) -> None:
    add(router)

    answer = say(
        router,
        text="[A] Bonjour Zoé. [B] Bonjour.",
        speakers={"A": "fleur", "B": "zoe"},
        response_format="json",
    )

    document = json.loads(answer.body)
    assert [segment["voice"] for segment in document["segments"]] == ["fleur", "zoe"]
    by_piece = sorted(model.requests, key=lambda request: int(request["piece"]))
    assert ["ref_audio" in request for request in by_piece] == [False, True]


def test_openai_s_api_speaks_in_it_and_its_names_can_be_given_to_own_voices(
    router: Router, model: FakeModel
) -> None:
    add(router, name="alloy")

    call = Call(
        correlation_id="id-1",
        path="v1/audio/speech",
        fields={"input": "Bonjour à tous.", "voice": "alloy", "response_format": "wav"},
        from_form=False,
    )
    answer = router.answer(call)

    assert isinstance(answer, Answer | StreamedAnswer)
    assert answer.headers["X-Voice"] == "alloy"
    assert "ref_audio" in model.requests[0]
    assert "ref_language" not in model.requests[0]  # as it is read out anyway


def test_the_routers_other_workers_have_it_at_once_and_lose_it_at_once(
    router: Router, model: FakeModel, store: VoiceStore
) -> None:
    other = Router(settings(model.url), voices=VoiceStore(store._folder))
    assert say(other, voice="zoe").status == 404

    add(router)
    assert say(other, voice="zoe").status == 200
    removed = remove(other, "zoe")

    assert (removed.status, json.loads(removed.body)) == (200, {"id": "zoe", "deleted": True})
    refusal = say(router, voice="zoe")
    assert (refusal.status, json.loads(refusal.body)["code"]) == (404, "voice_not_found")
    assert error_of(remove(router, "zoe"), 404)["code"] == "voice_not_found"


def test_a_json_body_adds_as_a_form_does(router: Router) -> None:
    fields = {**NEW, "ref_audio": base64.b64encode(CLIP).decode(), "source": None}

    assert ask(router, VOICES, form=False, **fields).status == 201


@pytest.mark.parametrize("name", ["fleur", "uploaded", "zoe"])
def test_a_name_that_is_taken_is_a_conflict(router: Router, name: str) -> None:
    add(router)

    error = error_of(add(router, name=name), 409)

    assert (error["code"], error["param"]) == ("voice_exists", "name")


def test_a_voice_that_came_with_the_server_is_not_removed(router: Router) -> None:
    error = error_of(remove(router, "fleur"), 403)

    assert error["code"] == "voices_fixed"
    assert say(router, voice="fleur").status == 200


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": "Zoé"}, "name", "invalid_value"),
        ({"name": "zoe\n"}, "name", "invalid_value"),
        ({"name": None}, "name", "missing_field"),
        ({"ref_audio": None}, "ref_audio", "missing_field"),
        ({"ref_text": None}, "ref_text", "missing_field"),
        ({"consent": None}, "consent", "missing_field"),
        ({"consent": " \n"}, "consent", "invalid_value"),
        ({"consent": "x" * 501}, "consent", "text_too_long"),
        ({"licence": "x" * 501}, "licence", "text_too_long"),
        ({"ref_text": "x" * 401}, "ref_text", "text_too_long"),
        ({"ref_text": "…"}, "ref_text", "no_speakable_text"),
        ({"ref_text": " ".join([SAID] * 4)}, "ref_text", "transcript_mismatch"),
        ({"ref_audio": b"RIFF"}, "ref_audio", "bad_reference_audio"),
        ({"language": "de"}, "language", "language_not_supported"),
        (
            {"ref_text": "Der Zug nach Berlin hat wieder Verspätung."},
            "language",
            "language_not_supported",
        ),
        ({"ref_text": "12 34 56 78 90 12 34"}, "language", "language_unsure"),
        ({"text": "x"}, "text", "unknown_field"),
    ],
)
def test_what_is_wrong_with_it_is_told_and_nothing_is_kept(
    router: Router, store: VoiceStore, change: dict[str, Any], field: str, code: str
) -> None:
    error = error_of(add(router, **change), 422)

    assert (error["param"], error["code"]) == (field, code)
    assert store.names() == ()


def test_a_server_without_uploads_keeps_no_voices(model: FakeModel, store: VoiceStore) -> None:
    closed = msgspec.structs.replace(settings(model.url), limits=Limits(uploads=False))

    with pytest.raises(ConfigurationError, match=r"F5SERVE_VOICES and 'uploads: false'"):
        Router(closed, voices=store)


def test_a_clip_of_too_many_bytes_is_too_large(model: FakeModel, store: VoiceStore) -> None:
    small = msgspec.structs.replace(settings(model.url), limits=Limits(max_reference_bytes=1000))

    assert error_of(add(Router(small, voices=store)), 413)["param"] == "ref_audio"


def test_without_a_store_voices_are_fixed_and_listed_all_the_same(model: FakeModel) -> None:
    router = Router(settings(model.url))

    assert error_of(add(router), 403)["code"] == "voices_fixed"
    assert error_of(remove(router, "fleur"), 403)["code"] == "voices_fixed"
    assert [voice["id"] for voice in json.loads(ask(router, VOICES).body)["voices"]] == [
        "anna",
        "fleur",
    ]
    assert json.loads(ask(router, "status").body)["adds_voices"] is False


def test_a_client_that_names_a_content_type_and_sends_nothing_gets_the_list(router: Router) -> None:
    headers = {"Content-Type": "application/json", "url_path": VOICES, "X-Request-Id": "id-1"}
    context = FakeContext([headers])

    listed = router.answer(read_call({"body": bytearray()}, context, 0))
    broken = router.answer(read_call({"body": bytearray(b"{")}, context, 0))

    assert isinstance(listed, Answer)
    assert isinstance(broken, Answer)
    assert listed.status == 200
    assert error_of(broken, 400)["code"] == "invalid_json"


def test_where_the_folder_cannot_be_read_registered_voices_speak_and_are_listed(
    model: FakeModel, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    router = Router(settings(model.url), voices=VoiceStore(tmp_path / "file"))

    assert say(router, voice="fleur").status == 200
    assert say(router).status == 200
    refusal = say(router, voice="zoe")
    assert (refusal.status, json.loads(refusal.body)["code"]) == (503, "voice_store_failed")
    for name in ("zoe", "alloy"):  # it may be one of those that cannot be read
        asked = ask(router, "v1/audio/speech", form=False, input="Bonjour.", voice=name)
        assert error_of(asked, 503)["code"] == "voice_store_failed"
    assert len(json.loads(ask(router, VOICES).body)["voices"]) == 2
    assert json.loads(ask(router, "status").body)["adds_voices"] is True
    assert error_of(add(router), 503)["code"] == "voice_store_failed"


def test_a_voice_is_removed_by_nothing_that_a_link_or_a_form_can_send(router: Router) -> None:
    add(router)

    empty = Call(correlation_id="id-1", path=f"{VOICES}/remove", fields=None, from_form=False)
    nothing = router.answer(empty)
    assert isinstance(nothing, Answer)
    answers = [nothing, ask(router, f"{VOICES}/remove", name=b"zoe")]

    assert [
        error_of(answer, status)["code"] for answer, status in zip(answers, (400, 415), strict=True)
    ] == [
        "invalid_request",
        "unsupported_media_type",
    ]
    assert say(router, voice="zoe").status == 200


def test_what_a_model_finds_wrong_with_its_clip_is_told_of_the_voice(store: VoiceStore) -> None:
    with fake_model(lambda _: problem(422, "transcript_mismatch", "ref_text")) as model:
        router = Router(settings(model.url), voices=store)
        add(router)
        answer = say(router, voice="zoe")

    document = json.loads(answer.body)
    assert (answer.status, document["code"], document["field"]) == (
        422,
        "transcript_mismatch",
        "voice",
    )
    assert "'zoe'" in document["detail"]
    assert "add it again" in document["detail"]


def test_the_halves_of_a_piece_that_is_too_long_are_spoken_in_it_too(store: VoiceStore) -> None:
    def spoken(request: dict[str, Any]) -> Scripted:
        if len(request["text"]) > 30:
            return problem(422, "piece_too_long", "text")
        return as_a_model_does(request)

    with fake_model(spoken) as model:
        router = Router(settings(model.url), voices=store)
        add(router)
        answer = say(router, text="Bonjour à tous, nous partons demain matin.", voice="zoe")

    assert (answer.status, answer.headers["X-Voice"]) == (200, "zoe")
    assert len(model.requests) > 2
    assert all("ref_audio" in request for request in model.requests)


def test_a_voice_that_goes_between_two_looks_is_not_found(
    router: Router, store: VoiceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(router)
    monkeypatch.setattr(VoiceStore, "read", lambda *_: None)

    refusal = say(router, voice="zoe")

    assert (refusal.status, json.loads(refusal.body)["code"]) == (404, "voice_not_found")
