from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from f5serve.text import Frontend, tokens
from f5serve.text.frontend import as_spoken, load


def test_char_gives_one_token_a_character() -> None:
    assert tokens("Ça\u00a0va ?", Frontend(converter="char")) == list("Ça va ?")


def test_pinyin_gives_a_space_and_a_syllable_for_each_han_character() -> None:
    assert tokens("你好 ok", Frontend(converter="pinyin")) == [
        " ",
        "ni2",
        " ",
        "hao3",
        " ",
        "o",
        "k",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("«Да» — “ok”…", "Да - ok ."),
        ("¿Qué?（是）", "Qué?,是,"),
        ("ठीक है।", "ठीक है."),
        ("はい、そう。「え！」", "はい,そう. え!"),
    ],
)
def test_ascii_leaves_only_marks_that_every_vocabulary_has(text: str, expected: str) -> None:
    assert "".join(tokens(text, Frontend(converter="char", punctuation="ascii"))) == expected


def test_lowercase_comes_before_the_converter() -> None:
    assert tokens("ÄITI", Frontend(converter="char", lowercase=True)) == list("äiti")


def test_each_text_is_read_out_in_its_own_language() -> None:
    frontend = Frontend(converter="pinyin", spoken=True)

    assert as_spoken("16 km", frontend, "en") == "sixteen kilometres"
    assert as_spoken("16 km", frontend, "fr") == "seize kilomètres"
    assert as_spoken("16 km", Frontend(converter="pinyin"), "en") == "16 km"


def test_a_language_that_nothing_reads_out_is_told_when_a_worker_starts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    load(Frontend(converter="char", spoken=True), ["fi", "xx"])

    assert "spoken/xx.py" in caplog.text
    assert "fi.py" not in caplog.text


@pytest.mark.parametrize("text", ["Hola", "Hola.", " hola. "])
def test_framed_texts_stand_between_spaces_and_end_with_a_mark(text: str) -> None:
    frontend = Frontend(converter="pinyin", lowercase=True, framed=True)

    assert "".join(tokens(text, frontend)) == " hola. "


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"converter": "char", "case": "lower"}, Frontend)


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(exclude_categories=[]), max_size=60),
    st.sampled_from(["pinyin", "char"]),
    st.booleans(),
)
def test_any_text_has_tokens_that_can_be_encoded(
    text: str, converter: str, ascii_only: bool
) -> None:
    frontend = msgspec.convert(
        {"converter": converter, "punctuation": "ascii" if ascii_only else "keep"}, Frontend
    )

    "".join(tokens(text, frontend)).encode("utf-8")
