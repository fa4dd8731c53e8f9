"""Words are found by how they are typed."""

from __future__ import annotations

import lzma
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from f5serve.romanised import FLOOR, Lexicon
from f5serve.romanised.lexicon import ENGLISH, HINDI
from f5serve.romanised.usual import MARKS


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon()


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("dhanyavaad", "धन्यवाद"),
        ("dhanyavad", "धन्यवाद"),
        ("kaam", "काम"),
        ("kam", "कम"),
        ("ladka", "लड़का"),
        ("larka", "लड़का"),
        ("patra", "पत्र"),
        ("vidyalaya", "विद्यालय"),
        ("aankhen", "आँखें"),
        ("gayi", "गई"),
        ("gaye", "गए"),
        ("main", "मैं"),
        ("pehle", "पहले"),
        ("behen", "बहन"),
        ("sheher", "शहर"),
        ("humara", "हमारा"),
        ("baccha", "बच्चा"),
        ("hara", "हरा"),
        ("kahan", "कहाँ"),
        ("nhi", "नहीं"),
    ],
)
def test_the_likeliest_word_is_meant(lexicon: Lexicon, typed: str, written: str) -> None:
    found = lexicon.hindi(typed)

    assert found is not None
    assert found.written == written


@pytest.mark.parametrize("mark", sorted(MARKS))
def test_every_word_by_which_hindi_is_noticed_is_known(lexicon: Lexicon, mark: str) -> None:
    found = lexicon.hindi(mark)

    assert found is not None
    assert found.log_frequency > -14.0


@pytest.mark.parametrize(("typed", "written"), [("krte", "करते"), ("pdegi", "पड़ेगी"), ("bje", "बजे")])
def test_a_first_vowel_may_be_left_out(lexicon: Lexicon, typed: str, written: str) -> None:
    found = lexicon.hindi(typed)

    assert found is not None
    assert found.written == written


@pytest.mark.parametrize("typed", ["", "qwrtplk", "computer", "x"])
def test_what_is_no_hindi_word_is_none(lexicon: Lexicon, typed: str) -> None:
    assert lexicon.hindi(typed) is None


def test_a_strange_spelling_makes_a_word_less_likely(lexicon: Lexicon) -> None:
    usual, strange = lexicon.hindi("hamaare"), lexicon.hindi("hamare")

    assert usual is not None
    assert strange is not None
    assert usual.log_frequency > strange.log_frequency


def test_english_words_have_their_frequency(lexicon: Lexicon) -> None:
    assert lexicon.english("the") > lexicon.english("meeting") > FLOOR
    assert lexicon.english("kaise") == FLOOR


def test_no_list_is_read_before_it_is_needed(tmp_path: Path) -> None:
    empty = Lexicon(tmp_path)

    assert empty.hindi("main") is not None, "it goes its own way"
    with pytest.raises(ConfigurationError, match="package the archive again"):
        empty.hindi("kaam")


def test_it_is_told_whether_there_are_lists(lexicon: Lexicon, tmp_path: Path) -> None:
    assert lexicon.there()
    assert not Lexicon(tmp_path).there()


def test_a_list_is_read_once_by_all_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []
    plain = lzma.decompress

    def counted(packed: bytes) -> bytes:
        read.append(len(packed))
        return plain(packed)

    monkeypatch.setattr(lzma, "decompress", counted)
    fresh = Lexicon()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(fresh.hindi, ["kaam"] * 8))

    assert len(set(found)) == 1
    assert len(read) == 1


def test_a_damaged_list_is_an_error(tmp_path: Path) -> None:
    (tmp_path / HINDI).write_bytes(b"damaged")
    (tmp_path / ENGLISH).write_bytes(lzma.compress(b"the -3.0\n"))

    assert Lexicon(tmp_path).english("the") == -3.0
    with pytest.raises(ConfigurationError, match=HINDI):
        Lexicon(tmp_path).hindi("kaam")
