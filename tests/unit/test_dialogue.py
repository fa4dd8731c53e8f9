"""Several speakers in one text: who says what, and in which voice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import ValueRefusedError
from f5serve.response import Answer
from f5serve.router import Router
from f5serve.routing.dialogue import Turn, cast, ends, joined, require_speakers, turns
from f5serve.routing.segments import segment
from f5serve.text.clean import clean, is_speakable
from f5serve.torchserve import Call
from tests.unit.routing_support import FakeModel, fake_model, problem, problem_of, settings, speech

CAST = {"Anna": "fleur", "Bob": "anna"}
TEXT = "[Anna] Bonjour Bob, tu viens au marché ? [Bob] Oui, dans un instant."


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model(speech_in) as model:
        yield model


def speech_in(request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = speech()
    return status, {**headers, "X-Voice": str(request.get("voice", "uploaded"))}, body


def ask(model: FakeModel, from_form: bool = False, **fields: Any) -> Answer:
    call = Call(correlation_id="id-1", path="", fields=fields, from_form=from_form)
    answer = Router(settings(model.url)).answer(call)
    assert isinstance(answer, Answer)
    return answer


def refused(answer: Answer, status: int) -> dict[str, Any]:
    assert answer.status == status, answer.body
    document: dict[str, Any] = problem_of(answer)
    return document


def said(model: FakeModel) -> list[tuple[str, str]]:
    """What was asked of the models, in the order of the text: voice and words."""
    asked = sorted(model.requests, key=lambda request: int(request["piece"]))
    return [(request.get("voice", "uploaded"), request["text"]) for request in asked]


def test_a_name_in_brackets_begins_what_its_speaker_says(model: FakeModel) -> None:
    answer = ask(model, text=TEXT, speakers=CAST)

    assert answer.status == 200, answer.body
    assert said(model) == [
        ("fleur", "Bonjour Bob, tu viens au marché ?"),
        ("anna", "Oui, dans un instant."),
    ]
    told = answer.headers
    assert (told["X-Voice"], told["X-Segments"], told["X-Languages"]) == ("fleur, anna", "2", "fr")


def test_the_segments_of_a_document_tell_who_spoke_when(model: FakeModel) -> None:
    answer = ask(model, text=TEXT, speakers=CAST, response_format="json")

    first, second = json.loads(answer.body)["segments"]
    assert (first["voice"], second["voice"]) == ("fleur", "anna")
    assert second["start_s"] - first["end_s"] == pytest.approx(0.45)  # as between paragraphs


@pytest.mark.parametrize(
    ("voice", "narrator"), [(None, "fleur"), ("anna", "anna")], ids=["default", "voice"]
)
def test_what_stands_before_the_first_name_is_for_the_requests_own_voice(
    model: FakeModel, voice: str | None, narrator: str
) -> None:
    ask(model, text=f"Il fait beau ce matin. {TEXT}", speakers=CAST, language="fr", voice=voice)

    assert [voice for voice, _ in said(model)] == [narrator, "fleur", "anna"]


def test_a_clip_speaks_what_no_speaker_says(model: FakeModel) -> None:
    clip = {"ref_audio": b"RIFF", "ref_text": b"Oui."}
    text = f"Il fait beau ce matin. {TEXT}".encode()

    ask(model, from_form=True, text=text, speakers=b'{"Anna": "fleur", "Bob": "anna"}', **clip)

    assert [voice for voice, _ in said(model)] == ["uploaded", "fleur", "anna"]
    assert [("ref_audio" in request) for request in model.requests].count(True) == 1


def test_each_speaker_is_spoken_in_the_language_of_what_is_said(model: FakeModel) -> None:
    answer = ask(
        model,
        text="[Anna] Demain matin, nous irons au marché. [Bob] I will come with you tomorrow morning.",
        speakers=CAST,
    )

    asked = sorted(model.requests, key=lambda request: int(request["piece"]))
    assert [(one["voice"], one["language"]) for one in asked] == [("fleur", "fr"), ("anna", "en")]
    assert answer.headers["X-Languages"] == "fr, en"


def test_a_speaker_may_change_the_language_within_what_is_said(model: FakeModel) -> None:
    text = (
        "[Bob] I will come tomorrow morning. Завтра утром мы поедем к морю. [Anna] À demain alors."
    )

    ask(model, text=text, speakers=CAST)

    assert [voice for voice, _ in said(model)] == ["anna", "anna", "fleur"]


def test_brackets_around_anything_else_are_text(model: FakeModel) -> None:
    ask(
        model,
        text="[Anna] Voici [une note] et [Annabelle].",
        speakers=CAST,
        language="fr",
        normalize=False,
    )

    assert said(model) == [("fleur", "Voici [une note] et [Annabelle].")]


def test_without_speakers_all_brackets_are_text(model: FakeModel) -> None:
    ask(model, text="[Anna] Bonjour.", language="fr", normalize=False)

    assert [text for _, text in said(model)] == ["[Anna] Bonjour."]


def test_who_says_nothing_is_passed_over(model: FakeModel) -> None:
    ask(model, text="[Bob] … [Anna] Bonjour à tous. [Bob]", speakers=CAST, language="fr")

    assert said(model) == [("fleur", "Bonjour à tous.")]


def test_a_text_in_which_nobody_says_anything_is_refused(model: FakeModel) -> None:
    document = refused(ask(model, text="[Bob] … [Anna] !", speakers=CAST), 422)

    assert (document["code"], document["field"]) == ("no_speakable_text", "text")


def test_a_text_that_names_no_speaker_is_refused_with_what_to_write(model: FakeModel) -> None:
    document = refused(ask(model, text="[Ana] Bonjour.", speakers=CAST), 422)

    assert (document["code"], document["field"]) == ("invalid_value", "speakers")
    assert "write [Anna]" in str(document["detail"])


def test_a_speakers_voice_that_is_not_registered_is_told_with_those_that_are(
    model: FakeModel,
) -> None:
    document = refused(ask(model, text=TEXT, speakers={"Anna": "nobody"}), 404)

    assert (document["code"], document["field"]) == ("voice_not_found", "speakers")
    assert "registered are anna, fleur" in str(document["detail"])


@pytest.mark.parametrize(
    ("speakers", "told"),
    [
        ({}, "1 to 16"),
        ({"Anna": "nobody else"}, "'Anna' with 'nobody else'"),
        ({"a]": "anna"}, "bracket"),
        ({" a": "anna"}, "space"),
        ({"a\ud800": "anna"}, "half of a character"),
        ({"a\nb": "anna"}, "line break"),
        ({"Anna": "anna", "ANNA": "fleur"}, "told apart"),
        ({"e\u0301": "anna", "é": "fleur"}, "told apart"),
        ({"Anna": "anna", "Anna\u200b": "fleur"}, "told apart"),
        ({"\u200b": "anna"}, "can be seen"),
        ("Anna=anna", "names and voices such as"),
        ({"Anna": 1}, "names and voices such as"),
        ([], "names and voices such as"),
    ],
)
def test_speakers_that_are_none_are_refused(model: FakeModel, speakers: object, told: str) -> None:
    document = refused(ask(model, text=TEXT, speakers=speakers), 422)

    assert document["field"] == "speakers"
    assert told in str(document["detail"])
    assert not model.requests


@pytest.mark.parametrize(
    ("name", "mark"),
    [("Anna", "[ANNA]"), ("Anna", "[ anna ]"), ("é", "[e\u0301]"), ("İ", "[İ]"), ("ß", "[SS]"), ("a|b(", "[A|B(]"),
     ("Anna", "[\u200eAnna\u200b]"), ("Marie Anne", "[Marie\u00a0 Anne]"), ("ΐ", f"[{'ΐ'.upper()}]"),
     ("é" * 64, "[" + "e\u0301" * 64 + "]")],
)  # fmt: skip
def test_a_name_is_found_however_it_is_written(name: str, mark: str) -> None:
    require_speakers({name: "anna"})

    assert turns(f"{mark} Oui.", {name: "anna"})[1] == Turn(text=" Oui.", voice="anna")


@pytest.mark.parametrize("mark", ["[i]", "[ı]", "[İ", "i]", "[[i", "[x]"])
def test_no_other_name_is_taken_for_a_speakers(mark: str) -> None:
    with pytest.raises(ValueRefusedError):
        turns(f"{mark} Oui.", {"İ": "anna"})


def test_nothing_changes_but_the_voice_where_one_speaker_says_all(model: FakeModel) -> None:
    long = "Demain matin, nous irons ensemble au marché. " * 12
    plain = ask(model, text=long, voice="anna", seed=3)
    alone = said(model)
    model.requests.clear()

    spoken = ask(model, text=f"[Bob] {long}", speakers=CAST, seed=3)

    assert said(model) == alone
    assert spoken.body == plain.body


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("> [Anna] Bonjour.\n> [Bob] Salut.", ["Bonjour.", "Salut."]),
        ("### [Anna]\nBonjour.\n\n### [Bob]\nSalut.", ["Bonjour.", "Salut."]),
        ("1. [Anna] Bonjour.\n2. [Bob] Salut.", ["1. Bonjour.", "2. Salut."]),
        ("**[Anna]** Bonjour. **[Bob]** Salut.", ["Bonjour.", "Salut."]),
        ("[Anna](http://x.example) Bonjour. [Bob] Salut.", ["(http://x.example) Bonjour.", "Salut."]),
        ("[Anna] Un **deux. [Bob] Trois** quatre.", ["Un deux.", "Trois quatre."]),
    ],
    ids=["quotation", "heading", "list", "bold", "link", "across"],
)  # fmt: skip
def test_what_marks_a_line_is_of_the_speaker_that_it_stands_before(
    model: FakeModel, text: str, heard: list[str]
) -> None:
    ask(model, text=text, speakers=CAST, language="fr")

    assert said(model) == list(zip(("fleur", "anna"), heard, strict=True))


def test_a_turn_in_another_language_needs_neither_capital_nor_stop(model: FakeModel) -> None:
    ask(
        model,
        text="[Anna] tu viens avec nous demain matin au marché\n"
        "[Bob] yes i will come with you tomorrow morning\n"
        "[Anna] très bien alors nous partirons ensemble",
        speakers=CAST,
    )

    asked = sorted(model.requests, key=lambda request: int(request["piece"]))
    assert [one["language"] for one in asked] == ["fr", "en", "fr"]


def test_signs_and_numbers_at_the_head_of_a_turn_are_its_own(model: FakeModel) -> None:
    ask(
        model,
        text="[Anna] Combien de personnes viendront demain matin ? [Bob] ~ 20 people will come with us.",
        speakers=CAST,
    )
    ask(
        model,
        text="[Bob] How many people will come tomorrow? [Anna] 42! Завтра утром мы поедем к морю.",
        speakers=CAST,
    )

    asked = {request["text"]: request["language"] for request in model.requests}
    assert asked["~ 20 people will come with us."] == "en"
    assert asked["42! Завтра утром мы поедем к морю."] == "ru"


def test_voices_of_one_language_decide_for_a_text_that_does_not_tell_its_own(
    model: FakeModel,
) -> None:
    one = ask(model, text="[Anna] 12! [Bob] 13!", speakers={"Anna": "fleur", "Bob": "fleur"})
    two = ask(model, text="[Anna] 12! [Bob] 13!", speakers=CAST)

    assert (one.headers["X-Language"], one.headers["X-Language-Source"]) == ("fr", "voice")
    assert two.headers["X-Language-Source"] == "default"


def test_a_piece_that_is_cut_again_keeps_its_speaker() -> None:
    def answer(request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if len(request["text"]) > 40:
            return problem(422, "piece_too_long", "text")
        return speech_in(request)

    with fake_model(answer) as model:
        spoken = ask(
            model,
            text="[Bob] Bonjour à tous mes amis, et bonne journée à vous. [Anna] Oui.",
            speakers=CAST,
            language="fr",
        )

    assert spoken.status == 200, spoken.body
    halves = [one["voice"] for one in model.requests if one["text"] != "Oui."]
    assert len(halves) == 3
    assert set(halves) == {"anna"}


def test_a_form_that_gives_a_speaker_twice_is_refused(model: FakeModel) -> None:
    answer = ask(
        model, from_form=True, text=TEXT.encode(), speakers=b'{"Anna": "anna", "Anna": "fleur"}'
    )

    assert "twice" in refused(answer, 400)["detail"]


WORDS = st.text(alphabet="aé日д1 .,\n…~«»", max_size=12)


class Undecided:
    """A detector to which all languages of a script are alike."""

    def fits(self, text: str) -> dict[str, float]:
        return {}


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_what_is_cast_is_what_was_said_in_order(texts: list[str]) -> None:
    spoken = [
        Turn(text=clean(text), voice=f"v{place}")
        for place, text in enumerate(texts)
        if is_speakable(text)
    ] or [Turn(text="a", voice="v0")]
    whole = joined(spoken)
    segments = segment(
        whole, main="fr", served=("fr", "ru", "ja"), detector=Undecided(), turn_ends=ends(spoken)
    )

    parts = cast(segments, spoken)

    assert "".join(part.text for part in parts) == whole
    assert all(is_speakable(part.text) for part in parts)
    by_voice = {
        turn.voice: "".join(part.text for part in parts if part.voice == turn.voice).strip()
        for turn in spoken
    }
    assert by_voice == {turn.voice: turn.text for turn in spoken}
