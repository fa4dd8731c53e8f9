from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from f5serve.text import MIN_UNITS, clean, is_speakable, speech_units, split
from f5serve.text.borders import SENTENCE, borders
from tests.unit.growth import assert_time_grows_with_length
from tests.unit.text.split_cases import CASES, QUANTITIES

words = st.text(
    st.sampled_from(
        "abcIMéäдёक्िंा人口一かーを12 .,!?;:…—–-|№°§。．，：、！？।॥\"'«»“”()「」\n\u0301\u200d\ud83d😀\u00a0"
    ),
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
@given(texts, limits, st.none() | limits)
def test_every_piece_has_something_to_say_if_the_text_has(
    text: str, max_units: float, first: float | None
) -> None:
    pieces = split(text, max_units=max_units, first_max_units=first)

    assert all(map(is_speakable, pieces)) or (not is_speakable(text) and len(pieces) <= 1)


@settings(max_examples=400, deadline=None)
@given(texts, limits, st.none() | limits)
def test_no_cut_parts_a_letter_from_its_marks(
    text: str, max_units: float, first: float | None
) -> None:
    pieces = split(text, max_units=max_units, first_max_units=first)

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


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.sampled_from("abcdeé人かд ,."), min_size=1, max_size=300),
    st.floats(min_value=10.0, max_value=60.0),
)
def test_the_first_piece_is_no_longer_than_its_own_limit(text: str, first: float) -> None:
    pieces = split("abc" + text, max_units=60.0, first_max_units=first)

    silence = 4.0 + 2.5
    assert speech_units(pieces[0]) <= first + silence
    assert all(speech_units(piece) <= 60.0 + silence for piece in pieces)


kept_whole = st.sampled_from(
    [
        "3.14",
        "1.234,56",
        "1,234,567",
        "15:30",
        "15h30",
        "a@b.org",
        "www.a.org/b?c=d,e;f",
        "e.g.",
        "３．１４",
    ]
)
said = st.sampled_from(
    ["word", "слово", "mot,", "fin.", "«да»", "—", "शब्द", "loppu!", "はい。", "词，"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(kept_whole | said, min_size=1, max_size=40), limits.filter(lambda x: x > 40))
def test_numbers_times_and_addresses_are_never_cut(tokens: list[str], max_units: float) -> None:
    pieces = split(" ".join(tokens), max_units=max_units)

    assert [token for piece in pieces for token in piece.split()] == tokens


@settings(max_examples=200, deadline=None)
@given(st.lists(kept_whole | said, min_size=1, max_size=40), limits, st.none() | limits)
def test_cleaned_text_too_is_spoken_whole(
    tokens: list[str], max_units: float, first: float | None
) -> None:
    text = clean("\u00a0".join(tokens) + " |\r\n")

    assert "".join(split(text, max_units=max_units, first_max_units=first)) == text


@pytest.mark.parametrize(
    ("max_units", "marked"),
    [pytest.param(*case, id=f"{name}{i}") for name in CASES for i, case in enumerate(CASES[name])],
)
def test_texts_are_cut_where_a_reader_would_breathe(max_units: float, marked: str) -> None:
    pieces = split(marked.replace("¦", ""), max_units=max_units)

    assert "¦".join(pieces) == marked


def test_every_language_has_a_dozen_texts_at_least() -> None:
    assert len(CASES) == 9
    assert min(map(len, CASES.values())) >= 12


@pytest.mark.parametrize(
    ("first", "marked"),
    [
        (16, "Yes, I know. ¦When the rain had stopped, everybody went outside."),
        (24, "When the rain had stopped ¦everybody went outside and nobody said a word."),
        (15, "他走了。¦她来了，我们都很高兴，大家一起去公园散步。"),
        (26, "M. Dupont est arrivé hier ¦avec toute sa famille, et il pleuvait beaucoup."),
    ],
)
def test_a_short_first_piece_too_ends_where_a_reader_would_breathe(
    first: float, marked: str
) -> None:
    pieces = split(marked.replace("¦", ""), max_units=200, first_max_units=first)

    assert "¦".join(pieces) == marked


@pytest.mark.parametrize(("text", "quantity"), QUANTITIES)
def test_a_number_stays_with_what_it_counts_wherever_the_first_piece_would_end(
    text: str, quantity: str
) -> None:
    least = int(2.2 * speech_units(quantity, "en"))
    for first in range(max(least, 30), 90):
        pieces = split(text, max_units=200, first_max_units=first, language="en")

        assert any(quantity in piece for piece in pieces), (first, pieces)


@pytest.mark.parametrize("text", ["12 345 678 " * 20, "5 km " * 40, "1984 - " * 30, "3元" * 60])
def test_a_text_of_nothing_but_numbers_is_cut_all_the_same(text: str) -> None:
    pieces = split(text, max_units=60, language="en")

    assert len(pieces) > 5
    assert max(speech_units(piece, "en") for piece in pieces) <= 60 + 7


def test_a_number_in_front_of_its_noun_is_a_better_cut_than_one_behind_it() -> None:
    pieces = split("5 km 6 km 7 km 8 km 9 km 10 km 11 km", max_units=30, language="en")

    assert all(piece.strip().endswith("km") for piece in pieces)


def test_a_sentence_slightly_too_long_does_not_leave_its_last_word_alone() -> None:
    text = "nobody in the whole wide town had ever said a single word about it."

    pieces = split(text, max_units=speech_units(text) - 1)

    assert len(pieces) == 2
    assert min(map(speech_units, pieces)) > 0.3 * speech_units(text)


def test_a_bar_ends_a_hindi_sentence_once_cleaned() -> None:
    text = clean("राम घर गया | वह बहुत खुश था |")

    assert split(text, max_units=18) == ("राम घर गया । ", "वह बहुत खुश था ।")


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


def test_small_letters_begin_sentences_in_a_text_that_has_no_capitals() -> None:
    chat = "how was it? all came late, e.g. anna. ok, good night."

    assert [at for at, strength in enumerate(borders(chat)) if strength == SENTENCE] == [12, 38]
    assert SENTENCE not in borders("Was it? she asked. well.")


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
    "straight quotes": '。"',
    "spaced closers": " »",
    "initials": "А. ",
    "lists": "1. ",
    "numbers": "100 ",
    "dashes": " —",
    "wide commas": "1，",
    "kana": "か",
    "joiners": "\u200d",
    "sums": "$5 million ",
    "dates": "1 May 2024 ",
    "ranges": "5 - ",
    "signs": "№ ",
    "Roman numerals": "Iv IV ",
    "Han numbers": "3万元",
}


def test_a_megabyte_of_everything_is_cut_and_nothing_is_lost() -> None:
    each = 1_000_000 // len(HOSTILE)
    text = "".join((unit * each)[:each] for unit in HOSTILE.values())

    assert "".join(split(text, max_units=200.0, first_max_units=20.0)) == text


@pytest.mark.parametrize("start", ["x", ""], ids=["said", "unsaid"])
@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_length_and_not_with_its_square(name: str, start: str) -> None:
    assert_time_grows_with_length(
        lambda text: split(start + text, max_units=200.0), HOSTILE[name], 2_000, 64_000
    )
