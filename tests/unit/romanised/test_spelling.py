"""One Hindi word has many spellings in Latin letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.romanised.spelling import letters_of, skeleton, strangeness


@pytest.mark.parametrize(
    "spellings",
    [
        ("accha", "acha", "achha", "acchha"),
        ("liye", "lie"),
        ("gaye", "gae"),
        ("chahiye", "chahie", "chaahie"),
        ("hoon", "hun"),
        ("theek", "thik"),
        ("kehna", "kahna", "kahana"),
        ("zindagi", "jindagi", "zindagee"),
        ("paisa", "pesa"),
        ("wahan", "vahan", "vahaan"),
        ("phir", "fir"),
    ],
)
def test_spellings_of_one_word_have_one_skeleton(spellings: tuple[str, ...]) -> None:
    assert len({skeleton(one) for one in spellings}) == 1
    assert skeleton(spellings[0])


@pytest.mark.parametrize(("one", "other"), [("kal", "khal"), ("din", "dhin"), ("sab", "shab")])
def test_other_consonants_are_another_word(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize("word", ["call", "next", "question", "when", "back", "action"])
def test_what_only_english_writes_has_none(word: str) -> None:
    assert skeleton(word) == ""


def test_long_vowels_typed_long_fit_best() -> None:
    assert strangeness("kaam", "kaam") == 0.0
    assert 0.0 < strangeness("kam", "kaam") < strangeness("kaam", "kam")


def test_nobody_doubles_the_last_vowel() -> None:
    assert strangeness("gadi", "gaadee") == strangeness("gadee", "gaadee")


def test_an_aspirated_sound_may_lose_its_sign_and_gets_none_by_chance() -> None:
    assert strangeness("chota", "chhotaa") < strangeness("chhoot", "choot")


@pytest.mark.parametrize(
    ("word", "letters"),
    [
        ("Namaste", "namaste"),
        ("kṛṣṇa", "krishna"),
        ("Zürich", ""),
        ("नमस्ते", ""),
        ("", ""),
        ("a1", ""),
    ],
)
def test_only_letters_that_are_typed_so_count(word: str, letters: str) -> None:
    assert letters_of(word) == letters


@given(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=30),
    st.text(alphabet="aeioukhnry", max_size=30),
)
def test_any_letters_are_compared(one: str, other: str) -> None:
    assert strangeness(one, other) >= 0.0
    assert strangeness(one, one) == 0.0
