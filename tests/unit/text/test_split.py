from __future__ import annotations

import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from f5serve.text import MIN_UNITS, is_speakable, speech_units, split

words = st.text(
    st.sampled_from("abcéäдёक्िंा人口かー12 .,!?;:…—。，！？।॥\"'«»()「」\n\u0301\u200d😀\u00a0"),
    max_size=300,
)
anything = st.text(st.characters(exclude_categories=[]), max_size=300)
texts = st.one_of(words, anything)
limits = st.floats(min_value=0.5, max_value=120.0)


@settings(max_examples=400, deadline=None)
@given(texts, limits, st.none() | limits)
def test_nothing_is_dropped_repeated_or_reordered(
    text: str, max_units: float, first: float | None
) -> None:
    pieces = split(text, max_units=max_units, first_max_units=first)

    assert "".join(pieces) == text


@settings(max_examples=400, deadline=None)
@given(texts, limits)
def test_every_piece_has_something_to_say_if_the_text_has(text: str, max_units: float) -> None:
    pieces = split(text, max_units=max_units)

    assert all(map(is_speakable, pieces)) or (not is_speakable(text) and len(pieces) <= 1)


@settings(max_examples=400, deadline=None)
@given(texts, limits)
def test_no_cut_parts_a_letter_from_its_marks(text: str, max_units: float) -> None:
    pieces = split(text, max_units=max_units)

    for before, after in pairwise(pieces):
        if not before[-1].isspace():
            assert unicodedata.category(after[0]) not in ("Mn", "Mc", "Me")
            assert before[-1] not in "\u094d\u200d"


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("abcdeé人かд ,."), min_size=1, max_size=300))
def test_no_piece_is_longer_than_the_limit(text: str) -> None:
    pieces = split(text, max_units=30.0)

    silence = 4.0 + 2.5  # marks with nothing to say between them join the piece before
    assert all(speech_units(piece) <= 30.0 + silence for piece in pieces)


SENTENCES = {
    "en": [
        "Dr. Smith met J. R. Tolkien at 3.14 p.m. today. ",
        'He said "No!" twice. ',
        "See www.a.org/b?c=d. ",
    ],
    "zh": ["今天天气很好，我们去公园散步吧！", "“好的。”", "他说了很多很多的话，然后就走了。"],
    "fi": [
        "Tapaaminen on 6. joulukuuta esim. torilla. ",
        "Sopiiko se sinulle? ",
        "Hyvä on sitten. ",
    ],
    "fr": [
        "« Bonjour ! » dit M. Dupont à Mme Durand. ",
        "Il est 15 h 30… ",
        "Partons vite d'ici ! ",
    ],
    "hi": ["आज मौसम बहुत अच्छा है। ", "क्या आप मेरे साथ चलेंगे? ", "हाँ, ज़रूर चलूँगा॥ "],
    "it": [
        "Il sig. Rossi arriva domani mattina presto. ",
        "Davvero non lo sapevi? ",
        "Certo che no! ",
    ],
    "ja": ["きょうはとてもいいてんきですね。", "「そうですね。」", "こうえんにいきましょうか？"],
    "ru": ["В 2024 г. он жил на ул. Ленина и т.д. и т.п. ", "Правда ли это? ", "Конечно, правда! "],
    "es": [
        "El Sr. García llegó a las 3.30 p.ej. ayer. ",
        "¿De verdad lo crees así? ",
        "¡Claro que sí! ",
    ],
}


@pytest.mark.parametrize("language", SENTENCES)
def test_sentences_are_cut_where_they_end_and_nowhere_else(language: str) -> None:
    sentences = SENTENCES[language]
    longest = max(map(speech_units, sentences))

    pieces = split("".join(sentences), max_units=longest)

    ends = {sum(map(len, sentences[: i + 1])) for i in range(len(sentences))}
    cuts = {sum(map(len, pieces[: i + 1])) for i in range(len(pieces))}
    assert cuts <= ends
    assert len(pieces) > 1


@pytest.mark.parametrize("title", ["Dr.", "Mme.", "Sra.", "sig.", "ул.", "डॉ.", "J. R."])
def test_a_title_stays_with_its_name(title: str) -> None:
    pieces = split(f"aaa bbb ccc ddd {title} Eeeee fff ggg hhh.", max_units=20)

    assert any(f"{title} Eeeee" in piece for piece in pieces)


def test_short_sentences_share_a_piece() -> None:
    assert split("Yes. No. Well. Maybe.", max_units=60) == ("Yes. No. Well. Maybe.",)


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    text = "When the rain had stopped, everybody went outside, and nobody said a word."

    assert split(text, max_units=35) == (
        "When the rain had stopped, ",
        "everybody went outside, ",
        "and nobody said a word.",
    )


def test_an_endless_word_is_cut_between_letters() -> None:
    pieces = split("क्षत्रिय" * 100, max_units=20)

    assert len(pieces) > 10
    assert "".join(pieces) == "क्षत्रिय" * 100


def test_the_first_piece_can_be_shorter() -> None:
    text = "This is the first one. " + "Then comes another sentence that is longer. " * 6

    pieces = split(text, max_units=150, first_max_units=30)

    assert pieces[0] == "This is the first one. "
    assert speech_units(pieces[1]) > 60


def test_decimals_times_and_addresses_are_never_cut() -> None:
    text = "It costs 1,234.56 at 15:30 on https://example.com/a,b;c?d=e.f today ok"

    pieces = split(text, max_units=45)

    assert all(any(part in piece for piece in pieces) for part in ("1,234.56", "15:30"))


@pytest.mark.parametrize("text", ["", " ", "...", "\u0301"])
def test_text_with_nothing_to_say_stays_whole(text: str) -> None:
    assert split(text, max_units=MIN_UNITS) == ((text,) if text else ())


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_a_limit_that_is_not_positive_is_a_mistake(limit: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        split("a", max_units=limit)


HOSTILE = {
    "one word": "a",
    "white space": " ",
    "stops": ". ",
    "abbreviations": "e.g.",
    "marks on one letter": "\u0301",
    "viramas": "\u094d",
    "quotes": 'a. "',
    "closers": "»",
    "brackets": "a((",
    "emoji": "😀",
    "han": "人",
    "clauses": "a, ",
    "surrogates": "\ud83d",
    "breaks": "\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_length_and_not_with_its_square(name: str) -> None:
    # 64 times the text: a quadratic pass would take thousands of times as long, not a few hundred.
    def seconds(chars: int) -> float:
        text = ("x" + HOSTILE[name] * chars)[:chars]
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            split(text, max_units=200.0)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(128_000) < 500 * max(seconds(2_000), 0.0005)
