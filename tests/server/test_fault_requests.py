"""Rows 3 to 9 of ``docs/reliability.md``: fields, JSON, texts, languages and names; what ``test_bad_input.py`` lacks.

Whatever is sent, nobody gets a 5xx.
"""

from __future__ import annotations

import pytest
import requests

from tests.server.harness import RoutedServer, Server
from tests.server.listening import TIMEOUT_S, heard, post, refused

pytestmark = pytest.mark.server

JSON = {"Content-Type": "application/json"}
FRENCH = "Bonjour tout le monde."


def tts(server: Server) -> str:
    return f"{server.inference_url}/predictions/tts"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", 5),
        ("text", {}),
        ("steps", True),
        ("steps", 2.5),
        ("steps", "8"),
        ("speed", "1"),
        ("speed", False),
        ("seed", 1.5),
        ("seed", 2**53),
        ("stream", 1),
        ("strict", "yes"),
        ("language", 7),
        ("voice", ["a"]),
        ("cfg_strength", None),
        ("response_format", None),
    ],
)
def test_row_3_a_value_of_another_type_is_refused_by_the_field_s_name(
    server: Server, name: str, value: object
) -> None:
    document = refused(post(tts(server), **{"text": FRENCH, name: value}), 422)

    assert document["field"] == name


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "a", "text": "b"}',
        b'{"text": "a", "seed": ' + b"9" * 100_000 + b"}",
        b'{"a":' * 10_000,
        b'{"text":' + b"[" * 4_000_000 + b"]" * 4_000_000 + b"}",
        b'{"text": "a", "speed": -1e309}',
    ],
    ids=["duplicate-keys", "100k-digits", "deep-objects", "8-mb-of-lists", "1e309"],
)
def test_row_4_json_that_means_nothing_is_refused_at_once(server: Server, body: bytes) -> None:
    answer = requests.post(tts(server), data=body, headers=JSON, timeout=TIMEOUT_S)

    assert refused(answer, 400)["code"] == "invalid_json"
    assert answer.elapsed.total_seconds() < 10.0


@pytest.mark.parametrize(
    "text",
    ["\u0301\u0302\u0303", "\u202e\u200f\u200e", "\u200b\u2060\ufeff", "\x00\x01\x07", "🇫🇷👩‍👩‍👧"],
)
def test_row_5_a_text_without_anything_to_say_is_refused(server: Server, text: str) -> None:
    document = refused(post(tts(server), text=text), 422)

    assert (document["code"], document["field"]) == ("no_speakable_text", "text")


def test_row_6_text_of_a_form_that_is_no_utf_8_is_refused_by_the_field_s_name(
    server: Server,
) -> None:
    answer = requests.post(
        tts(server), files={"text": (None, b"Bonjour \xff\xfe")}, timeout=TIMEOUT_S
    )

    assert refused(answer, 400)["field"] == "text"


def test_row_6_letters_beyond_the_first_plane_in_a_text_are_no_error(server: Server) -> None:
    heard(post(tts(server), text=f"{FRENCH} 𝒜 𠮷 🎉", language="fr", quality="draft"))


@pytest.mark.parametrize("text", ["a" * 10_000, "a " * 500_000], ids=["one-word", "1-mb"])
def test_row_7_a_text_that_is_too_long_is_refused_before_anything_is_done(
    server: Server, text: str
) -> None:
    answer = post(tts(server), text=text)

    document = refused(answer, 422)
    assert (document["code"], document["field"]) == ("text_too_long", "text")
    assert answer.elapsed.total_seconds() < 10.0


@pytest.mark.parametrize("letter", ["a", "あ", "ф"])
def test_row_7_one_word_as_long_as_a_text_may_be_is_cut_into_pieces_of_bounded_length(
    routed: RoutedServer, letter: str
) -> None:
    heard(post(routed.url, text=letter * 5_000))

    pieces = [request["text"] for request in routed.model.requests]
    assert sum(map(len, pieces)) == 5_000
    assert max(map(len, pieces)) < 400


@pytest.mark.parametrize("tag", ["no", "klingon", "?", "a" * 10_000, "fr\x00", "../fr", "zh-yue"])
def test_row_8_a_language_that_is_not_served_is_refused_with_those_that_are(
    server: Server, tag: str
) -> None:
    document = refused(post(tts(server), text=FRENCH, language=tag), 422)

    assert (document["code"], document["field"]) == ("language_not_supported", "language")
    assert "en, es, fi, fr, hi, it, ja, ru, zh" in str(document["detail"])


@pytest.mark.parametrize(
    ("tag", "text", "code"),
    [("zh-TW", "你好", "zh"), ("EN_us", "Hello.", "en"), ("FRA", FRENCH, "fr")],
)
def test_row_8_a_tag_in_another_spelling_is_understood(
    server: Server, tag: str, text: str, code: str
) -> None:
    answer = post(tts(server), text=text, language=tag, quality="draft")

    heard(answer)
    assert (answer.headers["X-Language"], answer.headers["X-Language-Source"]) == (code, "explicit")


def test_row_8_a_text_that_does_not_tell_its_language_is_spoken_or_refused_as_asked(
    routed: RoutedServer,
) -> None:
    fallen_back = post(routed.url, text="12345")
    strict = post(routed.url, text="12345", strict=True)

    heard(fallen_back)
    assert fallen_back.headers["X-Language-Source"] == "default"
    assert refused(strict, 422)["code"] == "language_unsure"


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..%2f..%2fetc", "/etc/passwd", "anna\x00", "a" * 10_000, "Anna", "", "en.wav"],
    ids=["dots", "encoded-dots", "absolute", "nul", "10-kb", "capital", "empty", "file"],
)  # fmt: skip
@pytest.mark.parametrize("model", ["tts", "f5_fr"])
def test_row_9_a_name_that_no_voice_can_have_is_refused_and_opens_no_file(
    server: Server, model: str, name: str
) -> None:
    answer = post(f"{server.inference_url}/predictions/{model}", text=FRENCH, voice=name)

    assert refused(answer, 422)["code"] == "voice_not_found"
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "path", ["..%2f..%2fetc%2fpasswd", "tts/1.0/..%2fstatus", "tts/1.0/v1/..%2f"]
)
def test_row_9_dots_in_a_path_lead_nowhere(server: Server, path: str) -> None:
    answer = requests.get(f"{server.inference_url}/predictions/{path}", timeout=TIMEOUT_S)

    assert answer.status_code == 404
