from __future__ import annotations

import pytest

from scripts.hearing.recogniser import Recogniser, WordErrors, word_errors
from scripts.training.espeak import read_aloud
from scripts.training.languages import LANGUAGES, SPEAKERS


@pytest.mark.parametrize(
    ("heard", "errors"),
    [
        ("the train, leaves at 7", 0),
        ("THE TRAIN LEAVES AT SEVEN!", 0),
        ("The rain leaves at seven.", 1),
        ("The train leaves seven.", 1),
        ("The slow train leaves at seven.", 1),
        ("", 5),
    ],
)
def test_words_are_compared_without_case_marks_and_spelled_numbers(heard: str, errors: int) -> None:
    assert word_errors("The train leaves at seven.", heard) == WordErrors(errors=errors, words=5)


def test_rates_of_several_sentences_are_weighed_by_their_words() -> None:
    together = word_errors("red green blue", "red green") + word_errors("cat", "cat")

    assert together.rate == 0.25


@pytest.mark.tool("espeak-ng")
def test_the_recogniser_hears_the_same_words_again_and_most_of_them_rightly() -> None:
    text = "The weather will be warm and dry tomorrow."
    samples = read_aloud(text, LANGUAGES["en"], SPEAKERS["plain"], seed=1).samples
    recogniser = Recogniser()

    first, again = recogniser.transcribe(samples), recogniser.transcribe(samples)

    assert first == again
    assert word_errors(text, first).rate < 0.5
