from __future__ import annotations

import pytest

from scripts.hearing.leaks import after_tail, leaked_words, leaking
from tests.unit.hearing.sounds import said

REFERENCE = "qrstuvwx"
TEXTS = ("abcdefgh", "ijklmnop")


def test_the_references_end_before_a_text_is_noticed_and_a_clean_text_is_not() -> None:
    clean = said(TEXTS[0], pace=1.1)
    leaked = after_tail(said(TEXTS[1], pace=1.1), said(REFERENCE, pace=0.95))

    judged = leaking([clean, leaked], [said(text) for text in TEXTS], said(REFERENCE))

    assert judged.tolist() == [False, True]


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ("The cat sleeps on the oven.", []),
        ("Half past seven, the cat sleeps.", ["half", "past"]),
        ("At the cat.", []),
        ("MORNING! The train sleeps", ["morning", "train"]),
    ],
)
def test_words_of_the_reference_that_are_not_in_the_text_have_leaked(
    heard: str, words: list[str]
) -> None:
    transcript = "The morning train leaves at half past seven."

    assert leaked_words(heard, "The cat sleeps on the oven.", transcript) == words


def test_a_word_of_the_reference_that_the_text_holds_too_has_not_leaked() -> None:
    assert leaked_words("our train is full", "Our train is full.", "The train leaves.") == []
