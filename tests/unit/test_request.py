"""Fields are checked one by one, and the error names the one at fault."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import ServeError, ValueRefusedError
from f5serve.request import MAX_SEED, PieceRequest, SpeechRequest, parse


def refusal(fields: dict[str, Any], *, from_form: bool = False) -> ServeError:
    with pytest.raises(ServeError) as caught:
        parse(fields, SpeechRequest, from_form=from_form)
    return caught.value


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "text"),
        ({"text": 5}, "text"),
        ({"text": None}, "text"),
        ({"text": "a", "colour": "red"}, "colour"),
        ({"text": "a", "input": "b"}, "input"),
        ({"text": "a", "speed": 0.1}, "speed"),
        ({"text": "a", "speed": "fast"}, "speed"),
        ({"text": "a", "speed": True}, "speed"),
        ({"text": "a", "speed": float("nan")}, "speed"),
        ({"text": "a", "steps": 0}, "steps"),
        ({"text": "a", "steps": 8.5}, "steps"),
        ({"text": "a", "steps": True}, "steps"),
        ({"text": "a", "steps": 16, "quality": "high"}, "steps"),
        ({"text": "a", "quality": "best"}, "quality"),
        ({"text": "a", "seed": -1}, "seed"),
        ({"text": "a", "seed": MAX_SEED + 1}, "seed"),
        ({"text": "a", "cfg_strength": 11}, "cfg_strength"),
        ({"text": "a", "normalize": "perhaps"}, "normalize"),
        ({"text": "a", "response_format": "aiff"}, "response_format"),
        ({"text": "a", "stream": "yes"}, "stream"),
        ({"text": "a", "stream": True, "response_format": "json"}, "response_format"),
        ({"text": "a", "stream": True, "response_format": "flac"}, "response_format"),
        ({"text": "a", "voice": "../../etc/passwd"}, "voice"),
        ({"text": "a", "voice": "v", "ref_audio": "AAAA", "ref_text": "b"}, "voice"),
        ({"text": "a", "ref_audio": "AAAA"}, "ref_text"),
        ({"text": "a", "ref_text": "b"}, "ref_audio"),
        ({"text": "a", "ref_audio": "AAAA", "ref_text": " "}, "ref_text"),
        ({"text": "a", "ref_audio": "not base64!", "ref_text": "b"}, "ref_audio"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_that_is_not_allowed_is_refused_with_its_field(
    fields: dict[str, Any], field: str
) -> None:
    error = refusal(fields)

    assert isinstance(error, ValueRefusedError)
    assert error.status == 422
    assert error.field == field


def test_openai_clients_call_the_text_input() -> None:
    request = parse({"input": "a", "model": "tts-1"}, SpeechRequest)

    assert request.text == "a"


def test_a_seed_is_chosen_where_none_is_given() -> None:
    seeds = {parse({"text": "a", "seed": None}, SpeechRequest).seed for _ in range(20)}

    assert len(seeds) > 1
    assert None not in seeds


def test_seed_zero_is_a_seed() -> None:
    assert parse({"text": "a", "seed": 0}, SpeechRequest).seed == 0


@pytest.mark.parametrize(
    ("fields", "steps"),
    [({}, 16), ({"quality": "draft"}, 7), ({"quality": "high"}, 32), ({"steps": 9}, 9)],
    ids=str,
)
def test_quality_is_a_number_of_sampling_steps(fields: dict[str, Any], steps: int) -> None:
    assert parse({"text": "a", **fields}, SpeechRequest).sampling_steps() == steps


def test_a_form_gives_numbers_as_text_and_audio_as_bytes() -> None:
    fields = {
        "text": b"a",
        "speed": b"1.5",
        "seed": b"7",
        "ref_audio": b"\xff\x00",
        "ref_text": b"b",
    }

    request = parse(fields, SpeechRequest, from_form=True)

    assert (request.speed, request.seed, request.ref_audio) == (1.5, 7, b"\xff\x00")


@pytest.mark.parametrize("speed", [b"nan", b"inf", b"abc", b"\xff"])
def test_a_form_value_that_is_no_number_is_refused(speed: bytes) -> None:
    assert refusal({"text": b"a", "speed": speed}, from_form=True).status in {400, 422}


def test_json_gives_audio_as_base64() -> None:
    encoded = base64.b64encode(b"RIFF").decode()

    request = parse({"text": "a", "ref_audio": encoded, "ref_text": "b"}, PieceRequest)

    assert request.ref_audio == b"RIFF"


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "text",
                "input",
                "voice",
                "steps",
                "speed",
                "seed",
                "language",
                "x",
                "ref_audio",
                "ref_text",
            ]
        ),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.lists(st.integers())
        | st.binary(),
    ),
    st.booleans(),
)
def test_whatever_is_sent_gives_a_request_or_an_error_of_the_callers(
    fields: dict[str, Any], from_form: bool
) -> None:
    outcome: SpeechRequest | ServeError
    try:
        outcome = parse(fields, SpeechRequest, from_form=from_form)
    except ServeError as error:
        outcome = error

    assert isinstance(outcome, SpeechRequest) or 400 <= outcome.status < 500
