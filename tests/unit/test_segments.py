"""A text is cut where its language changes, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.language import build_detector
from f5serve.routing.segments import segment
from f5serve.routing.units import Border, units
from f5serve.text.clean import clean
from scripts.segment_bench import Case, found, read_cases, score

SERVED = ("en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh")
CASES = read_cases()


def spoken(text: str, main: str = "en") -> list[tuple[str, str]]:
    parts = segment(text, main=main, served=SERVED, detector=build_detector(SERVED))
    return [(part.language, part.text) for part in parts]


def test_the_table_is_large_and_holds_every_language() -> None:
    languages = {part.language for case in CASES for part in case.segments}

    assert len(CASES) >= 60
    assert languages == set(SERVED)
    assert sum(len(case.segments) == 1 for case in CASES) >= 20


def test_borders_of_the_table_are_found() -> None:
    detector = build_detector(SERVED)

    result = score([(case, found(case.text, detector, SERVED, "en")) for case in CASES])

    assert result.precision >= 95.0
    assert result.recall >= 95.0
    assert result.characters >= 97.0


@pytest.mark.parametrize(
    "text", ["मुझे pizza पसंद है।", "Vamos al shopping", "Son look est très cool."], ids=str
)
def test_a_borrowed_word_does_not_change_the_language(text: str) -> None:
    (case,) = [found(text, build_detector(SERVED), SERVED, "en")]

    assert [part.text for part in case] == [text]


def test_each_stretch_of_the_issue_is_spoken_in_its_language() -> None:
    assert spoken("She said « c'est la vie » and left. 今日は晴れ。") == [
        ("en", "She said "),
        ("fr", "« c'est la vie » "),
        ("en", "and left. "),
        ("ja", "今日は晴れ。"),
    ]


def test_letters_that_a_language_cannot_read_always_change_it() -> None:
    assert spoken("The word спасибо means thank you.") == [
        ("en", "The word "),
        ("ru", "спасибо "),
        ("en", "means thank you."),
    ]


def test_a_language_that_is_not_served_stays_with_its_neighbours() -> None:
    served = ("en", "fr")
    detector = build_detector(served)

    parts = segment(
        "How are you today? Мы едем домой.", main="en", served=served, detector=detector
    )

    assert [part.language for part in parts] == ["en"]


class Undecided:
    """A detector to which all languages fit alike."""

    def fits(self, text: str) -> Mapping[str, float]:
        return {}


def test_where_nothing_tells_the_language_of_the_whole_text_is_spoken() -> None:
    parts = segment("One. Two, three. « Four »!", main="fi", served=SERVED, detector=Undecided())

    assert [part.language for part in parts] == ["fi"]


def test_units_end_at_sentences_quotations_clauses_and_changes_of_script() -> None:
    text = "He said, « oui » and left. Слово 愛です."

    parts = units(text)

    assert [(text[part.start : part.end], part.border) for part in parts] == [
        ("He said, ", Border.SENTENCE),
        ("« oui » ", Border.QUOTE),
        ("and left. ", Border.QUOTE),
        ("Слово ", Border.SENTENCE),
        ("愛です.", Border.SCRIPT),
    ]


def test_names_and_abbreviations_say_less_than_words() -> None:
    (names,) = units("then Andrea Bocelli of BBC")
    (words,) = units("then all of us went home")

    assert names.words < words.words / 2 + 1


@given(
    st.text(
        alphabet="abcZé «»“”\"'‘’()「」（）.,!?。、:;\nдаहैन今かA1",
        max_size=300,
    )
)
def test_segments_joined_are_the_text_and_each_can_be_spoken(text: str) -> None:
    cleaned = clean(text + "a")

    parts = spoken(cleaned)

    assert "".join(part for _, part in parts) == cleaned
    assert all(any(map(str.isalnum, part)) for _, part in parts)
    assert all(first[0] != second[0] for first, second in pairwise(parts))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "“" * 2500 + "”" * 2500,
        "«a»" * 1600,
        "aд" * 2500,
        "a\u0301" * 2500,
        "word " * 1000,
        "'" * 5000,
        "a, b; c. " * 555,
        "今a" * 2500,
    ],
    ids=["brackets", "quotes", "pairs", "scripts", "marks", "words", "primes", "clauses", "cjk"],
)
def test_hostile_texts_of_the_longest_length_are_cut_completely(text: str) -> None:
    parts = segment(text, main="en", served=SERVED, detector=build_detector(SERVED))

    assert "".join(part.text for part in parts) == text


def test_a_score_counts_borders_and_letters() -> None:
    case, other = CASES[0], CASES[1]
    whole = Case(segments=(other.segments[0],))

    perfect = score([(case, case.segments)])
    missed = score([(case, [type(case.segments[0])(text=case.text, language="fr")])])

    assert (perfect.precision, perfect.recall, perfect.exact) == (100.0, 100.0, 1)
    assert (missed.recall, missed.exact) == (0.0, 0)
    assert missed.characters < 100.0
    assert whole.text == other.segments[0].text
