from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import ValueRefusedError
from f5serve.text import clean, is_speakable, require_speakable

any_text = st.one_of(
    st.text(st.characters(exclude_categories=[]), max_size=200),
    st.text(st.sampled_from("कि्।॥| \n\"'”)a\u200d"), max_size=20),
)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        pytest.param("a\ud83db", "ab", id="lone surrogate"),
        pytest.param("pa\u0308iva\u0308", "päivä", id="decomposed letters"),
        pytest.param("a\x00b\x07c\x7f", "abc", id="control characters"),
        pytest.param("zero\u200bwidth\ufeff\u00ad", "zerowidth", id="zero width"),
        pytest.param("15\u00a0h\u202f30\u3000ok", "15 h 30 ok", id="odd spaces"),
        pytest.param("  one \t two  ", "one two", id="runs of spaces"),
        pytest.param("one \r\n\n  two\u2029three", "one\ntwo\nthree", id="breaks"),
        pytest.param("❤\ufe0f", "❤", id="variation selector"),
        pytest.param("वह गया | वह आया| हाँ", "वह गया । वह आया। हाँ", id="bars for dandas"),
        pytest.param('"हाँ" || श्लोक ||', '"हाँ" ॥ श्लोक ॥', id="double bars"),
        pytest.param("a | b || c", "a | b || c", id="other bars"),
        pytest.param("", "", id="empty"),
    ],
)
def test_text_is_brought_to_one_spelling(given_text: str, expected: str) -> None:
    assert clean(given_text) == expected


@given(any_text)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)

    assert clean(once) == once


@given(any_text)
def test_cleaned_text_is_encodable_composed_and_trimmed(text: str) -> None:
    cleaned = clean(text)

    cleaned.encode("utf-8")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned


@pytest.mark.parametrize("text", ["a", "7", "人", "か", "हाँ", "!а!", "٣", "ㄅ", "한"])
def test_a_letter_or_digit_of_any_script_can_be_spoken(text: str) -> None:
    assert is_speakable(text)
    require_speakable(text)


@pytest.mark.parametrize(
    "text", ["", " \n", "?!…", "😀👍", "\u0301\u094d", "___", "—「」。", "\ud83d"]
)
def test_text_with_nothing_to_say_is_refused(text: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        require_speakable(text)

    assert (caught.value.status, caught.value.field) == (422, "text")
    assert caught.value.code == "no_speakable_text"
