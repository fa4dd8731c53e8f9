"""Words that are Hindi outweigh those that are not, or do not."""

from __future__ import annotations

import pytest

from f5serve.romanised import FLOOR, Lexicon, weigh


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon()


def judged(lexicon: Lexicon, text: str) -> bool:
    return weigh(text.split(), lexicon, lambda word: [lexicon.english(word), FLOOR]).enough


def test_a_hindi_sentence_is_enough(lexicon: Lexicon) -> None:
    assert judged(lexicon, "kya aap kal ghar par honge")


def test_borrowed_words_are_no_hindrance(lexicon: Lexicon) -> None:
    assert judged(lexicon, "meeting cancel ho gayi hai manager ka phone aaya tha")


def test_words_that_nobody_borrows_are(lexicon: Lexicon) -> None:
    assert not judged(lexicon, "she said kuch kuch hota hai and left")


def test_the_is_hindi_at_the_end_and_english_before_a_noun(lexicon: Lexicon) -> None:
    assert judged(lexicon, "kal hum bahut khush the")
    assert not judged(lexicon, "kuch kuch hota hai the movie")


def test_an_acronym_is_no_word(lexicon: Lexicon) -> None:
    assert not judged(lexicon, "KB log")
    assert judged(lexicon, "KAL MILTE HAIN BHAI")


def test_without_a_frequent_word_nothing_is_looked_up(lexicon: Lexicon) -> None:
    asked: list[str] = []

    def others(word: str) -> list[float]:
        asked.append(word)
        return [FLOOR]

    assert not weigh(["strawberry", "fields"], lexicon, others).enough
    assert not weigh([], lexicon, others).enough
    assert asked == []
