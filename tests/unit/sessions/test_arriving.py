"""Text that arrives piece by piece is given out sentence by sentence, as soon as these are whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import TooLargeError
from scripts.sessions.arriving import LONGEST_CHARS, MOST_CHARS, ArrivingText, WholeText
from tests.unit.growth import assert_time_grows_with_length

TEXTS = {
    "en": ["Dr. Smith came at 5 p.m. on Monday. ", "He paid $3.50! ", "Why? ", "Nobody knows…"],
    "fr": ["Il est tard. ", "« Oui ! » dit-il. ", "M. Dupont part demain."],
    "es": ["¿Qué hora es? ", "Son las tres. ", "¡Vamos!"],
    "fi": ["Tulen 3. toukokuuta. ", "Hyvää päivää!"],
    "ru": ["Это т. е. всё. ", "А. С. Пушкин родился в Москве. ", "Да?"],
    "hi": ["नमस्ते। ", "आप कैसे हैं? ", "मैं ठीक हूँ।"],
    "zh": ["你好。", "今天天气很好！", "我们去公园吧？"],
    "ja": ["こんにちは。", "「はい。」と言いました。", "元気ですか？"],
}


def arrived(parts: list[str]) -> list[str]:
    """Answer what is given out of a text that comes in parts, the rest last."""
    text = ArrivingText()
    sentences = [sentence for part in parts for sentence in text.add(part)]
    return [*sentences, *text.rest()]


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_however_it_comes_the_sentences_are_the_same(language: str, size: int) -> None:
    whole = "".join(TEXTS[language])

    found = arrived([whole[start : start + size] for start in range(0, len(whole), size)])

    assert found == TEXTS[language]


def test_a_sentence_is_given_out_once_the_word_after_it_is_whole() -> None:
    text = ArrivingText()

    assert text.add("It rains. ") == []
    assert text.add("We") == []
    assert text.add(" stay.") == ["It rains. "]
    assert text.rest() == ["We stay."]


def test_a_mark_within_a_title_or_a_number_ends_nothing() -> None:
    text = ArrivingText()

    assert [text.add(part) for part in ("Ask Dr.", " Smith", " about 3.", "5 million. ")] == [
        []
    ] * 4
    assert text.rest() == ["Ask Dr. Smith about 3.5 million. "]


def test_where_words_are_not_spaced_the_next_character_is_enough() -> None:
    text = ArrivingText()

    assert text.add("你好。") == []
    assert text.add("今") == ["你好。"]


def test_marks_alone_are_spoken_with_the_sentence_after_them() -> None:
    assert arrived(["… ", "? ", "Well, that is it. ", "And now something else."]) == [
        "… ? Well, that is it. ",
        "And now something else.",
    ]


@pytest.mark.parametrize("nothing", ["", "  \n", "…", "?!", "🎈"])
def test_what_has_nothing_to_say_is_not_given_out(nothing: str) -> None:
    assert arrived([nothing, nothing]) == []


def test_a_text_without_sentences_is_cut_before_it_becomes_too_long() -> None:
    words = "word " * 1000
    text = ArrivingText()

    parts = [part for start in range(0, 5000, 50) for part in text.add(words[start : start + 50])]

    assert "".join([*parts, *text.rest()]) == words
    assert max(map(len, parts)) <= LONGEST_CHARS
    assert all(part.endswith(" ") for part in parts)


@pytest.mark.parametrize(
    ("held", "ended"),
    [("It rains.", True), ("It rains. ", True), ("He said “no.” ", True), ("你好。", True),
     ("It rains", False), ("It rains,", False), ("", False), ("a.b", False)],
)  # fmt: skip
def test_what_is_held_seems_ended_if_a_mark_is_its_last(held: str, *, ended: bool) -> None:
    text = ArrivingText()
    text.add(held)

    assert text.seems_ended is ended


@given(st.lists(st.text(alphabet="aB .!?。\n\"'”»1Д你", max_size=12), max_size=12))
def test_nothing_is_lost_but_what_has_nothing_to_say(parts: list[str]) -> None:
    whole = "".join(parts)

    joined = "".join(arrived(parts))

    assert whole.startswith(joined)
    assert not any(map(str.isalnum, whole[len(joined) :]))


@pytest.mark.parametrize("unit", ["word. ", "word", "... ", '"', "你好。", "Dr. "])
def test_a_text_of_many_pieces_takes_linear_time(unit: str) -> None:
    def take(text: str) -> None:
        arrived([text[start : start + 5] for start in range(0, len(text), 5)])

    assert_time_grows_with_length(take, unit, 1_000, 8_000)


@pytest.mark.parametrize("unit", ["! ", '." » ', "word. ", "word", "Dr. ", "你好。", "…\n"])
def test_a_text_that_comes_at_once_takes_linear_time(unit: str) -> None:
    assert_time_grows_with_length(lambda text: arrived([text]), unit, 2_000, 20_000)


def test_a_long_sentence_is_cut_whether_it_comes_at_once_or_not() -> None:
    sentence = "and so on, " * 600 + "to the end. "

    at_once = arrived([sentence])

    assert "".join(at_once) == sentence
    assert max(map(len, at_once)) <= LONGEST_CHARS
    assert at_once == arrived([sentence[start : start + 50] for start in range(0, 7000, 50)])


def test_a_whole_text_is_given_out_at_its_end_alone() -> None:
    text = WholeText()

    assert text.add("It rains. We stay. ") == []
    assert text.add("All of us.") == []
    assert not text.seems_ended
    assert text.rest() == ["It rains. We stay. All of us."]
    assert text.rest() == []


def test_a_whole_text_that_is_too_long_is_refused_and_forgotten() -> None:
    text = WholeText()
    text.add("a" * MOST_CHARS)

    for _ in range(2):
        with pytest.raises(TooLargeError, match=r"input\.done"):
            text.add("b")

    assert text.rest() == []
    text.add("The next one.")
    assert text.rest() == ["The next one."]
