"""What is wrong with a field is told in plain words, whatever its type and whatever was sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import ServeError
from f5serve.fields import wanted
from f5serve.request import PieceRequest, SpeechRequest, parse

WANTED = {
    "text": "a text",
    "speakers": 'an object of 1 to 16 names and voices such as {"Anna": "plain_fr"}, or null',
    "voice": "a name of 1 to 64 small letters, digits, '_' and '-', or null",
    "ref_audio": "an audio file in base64, or null",
    "ref_text": "a text, or null",
    "quality": "one of draft, high, standard, or null",
    "steps": "a whole number from 1 to 64, or null",
    "speed": "a number from 0.5 to 2",
    "seed": "a whole number from 0 to 9,007,199,254,740,991, or null",
    "cfg_strength": "a number from 0 to 10",
    "language": "a text",
    "strict": "true or false",
    "normalize": "true or false",
    "response_format": "one of flac, json, mp3, opus, pcm, wav",
    "stream": "true or false",
    "trim_silence": "true or false",
    "loudness": "a number from -40 to -10, or null",
    "model": "a text, or null",
}
ODD: tuple[tuple[Any, str], ...] = (
    ([1, 2], "a list"),
    ({"a": 1}, "an object"),
    (-1e300, "a number too large"),
    (10**5000, "a number too large"),
)


def detail(*, from_form: bool = False, **fields: Any) -> str:
    with pytest.raises(ServeError) as caught:
        parse({"text": "a", **fields}, SpeechRequest, from_form=from_form)
    assert 400 <= caught.value.status < 500
    return caught.value.detail


def test_every_field_is_described_without_a_programmers_word() -> None:
    told = {field.name: wanted(field.type) for field in msgspec.structs.fields(SpeechRequest)}

    assert told == WANTED
    for field in msgspec.structs.fields(PieceRequest):
        assert not set(wanted(field.type)) & set("`|<>")


@pytest.mark.parametrize("field", WANTED)
@pytest.mark.parametrize(("value", "got"), ODD, ids=["list", "object", "number", "huge"])
def test_a_value_of_another_type_is_named_beside_what_is_wanted(
    field: str, value: Any, got: str
) -> None:
    if field == "speakers" and isinstance(value, dict):
        got = "'a' with what is no text"
    assert detail(**{field: value}) == f"field {field!r} must be {WANTED[field]}; got {got}"


@pytest.mark.parametrize(
    ("field", "value", "got"),
    [
        ("speakers", {}, "an object of 0"),
        ("speakers", {str(number): "anna" for number in range(17)}, "an object of 17"),
        ("speakers", {"Anna": "anna", "Bob": "No voice"}, "'Bob' with 'No voice'"),
        ("speakers", {"": "anna"}, "'' with 'anna'"),
        ("speakers", {"a" * 65: "anna"}, f"'{'a' * 60}' with 'anna'"),
        ("speakers", {"Anna": "\ud800"}, "'Anna' with '?'"),
        ("seed", "7", "a string"),
        ("seed", 1.5, "1.5"),
        ("seed", -1, "-1"),
        ("speed", None, "null"),
        ("speed", True, "true"),
        ("loudness", -9, "-9"),
        ("trim_silence", "yes", "a string"),
        ("stream", 1, "1"),
        ("response_format", "aac", "'aac'"),
        ("voice", "Anna B.", "'Anna B.'"),
        ("ref_audio", "no base64!", "what is no base64"),
        ("text", None, "null"),
    ],
)
def test_what_was_sent_is_shown_where_that_helps(field: str, value: Any, got: str) -> None:
    assert detail(**{field: value}) == f"field {field!r} must be {WANTED[field]}; got {got}"


@pytest.mark.parametrize(
    ("field", "value", "got"),
    [("seed", b"abc", "'abc'"), ("speed", b"9", "'9'"), ("stream", b"maybe", "'maybe'")],
)
def test_of_a_form_the_text_is_shown_for_all_is_text(field: str, value: bytes, got: str) -> None:
    told = detail(from_form=True, **{field: value, "text": b"a"})

    assert told == f"field {field!r} must be {WANTED[field]}; got {got}"


def test_a_value_of_a_megabyte_is_not_sent_back() -> None:
    assert len(detail(response_format="x" * 1_000_000)) < 200


@given(st.text(st.characters(exclude_categories=[])), st.sampled_from(sorted(WANTED)))
def test_whatever_text_is_sent_the_message_can_be_sent_back(value: str, field: str) -> None:
    try:
        parse({"text": "a", field: value}, SpeechRequest)
    except ServeError as error:
        message = error.detail
        assert message.encode("utf-8")
