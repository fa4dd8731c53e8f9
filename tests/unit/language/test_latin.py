from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from f5serve.language.latin import LANGUAGES, MAX_WORDS, LatinClassifier, key_of, words_of
from f5serve.language.table import Table
from scripts.language_tables import pack, word_rows


class _Answer(msgspec.Struct, frozen=True):
    scores: Mapping[str, float]


class _Pieces:
    """Answers the same scores to every text, and remembers the texts."""

    def __init__(self, **scores: float) -> None:
        self._scores = scores
        self.asked: list[str] = []

    def detect_details(self, text: str) -> _Answer:
        self.asked.append(text)
        return _Answer(self._scores)


def words_table(folder: Path, **lists: Mapping[str, float]) -> Table:
    path = folder / "words.table"
    rows = word_rows({code: lists.get(code, {}) for code in LANGUAGES})
    path.write_bytes(pack(rows, len(LANGUAGES)))
    return Table(path, columns=len(LANGUAGES))


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return words_table(
        tmp_path, es={"una": 1e-2, "curva": 1e-5}, it={"una": 1e-2}, fr={"beauté": 1e-4, "la": 1e-2}
    )


def likeliest(classifier: LatinClassifier, text: str) -> str:
    probabilities = classifier.weigh(text).probabilities
    return max(probabilities, key=lambda code: probabilities[code])


def test_words_decide_where_pieces_are_even(table: Table) -> None:
    classifier = LatinClassifier(_Pieces(es=0.8, it=0.8), table)

    assert likeliest(classifier, "una curva") == "es"


def test_pieces_decide_where_no_word_is_known(table: Table) -> None:
    classifier = LatinClassifier(_Pieces(es=0.4, fi=0.8), table)

    assert likeliest(classifier, "talossamme kukkii") == "fi"


def test_a_word_counts_without_its_accents_too(table: Table) -> None:
    classifier = LatinClassifier(_Pieces(es=0.8, fr=0.8), table)

    assert likeliest(classifier, "beauté") == "fr"
    assert likeliest(classifier, "BEAUTE") == "fr"


def test_probabilities_add_up_to_one(table: Table) -> None:
    weighed = LatinClassifier(_Pieces(es=0.8, it=1.0), table).weigh("una curva strana " * 100)

    assert sum(weighed.probabilities.values()) == pytest.approx(1.0)


def test_known_is_the_share_of_letters_in_words_of_the_language(table: Table) -> None:
    known = LatinClassifier(_Pieces(), table).weigh("una curva xyzzy").known

    assert known["es"] == pytest.approx(8 / 13)
    assert known["it"] == pytest.approx(3 / 13)
    assert known["en"] == 0.0


def test_a_nul_does_not_end_the_text(table: Table) -> None:
    pieces = _Pieces(es=0.5)

    LatinClassifier(pieces, table).weigh("una\0curva")

    assert pieces.asked == ["una curva"]


@pytest.mark.parametrize("text", ["", "\u0301", "a\u0301\u0301\u0301", "\ud83d una", "ǆ" * 1000])
def test_any_text_is_weighed(table: Table, text: str) -> None:
    weighed = LatinClassifier(_Pieces(), table).weigh(text.encode("utf-8", "ignore").decode())

    assert set(weighed.probabilities) == set(LANGUAGES)


def test_only_the_first_words_are_looked_up(table: Table) -> None:
    many = "una " * MAX_WORDS

    classifier = LatinClassifier(_Pieces(), table)

    assert classifier.weigh(many + "curva") == classifier.weigh(many)


def test_an_apostrophe_parts_words() -> None:
    assert words_of("L'UOMO dell’anno 2x") == ["L", "UOMO", "dell", "anno", "x"]


def test_a_capitalised_word_tells_less_for_it_may_be_a_name(table: Table) -> None:
    classifier = LatinClassifier(_Pieces(es=0.8, it=0.8), table)

    small = classifier.weigh("una curva").probabilities["es"]
    name = classifier.weigh("una Curva").probabilities["es"]
    capitals = classifier.weigh("UNA CURVA").probabilities["es"]

    assert 0.5 < name < small == capitals


def test_a_key_fits_32_bits_whatever_the_word() -> None:
    assert all(0 <= key_of(word) < 2**32 for word in ("", "é", "\ud83d", "x" * 1000))
