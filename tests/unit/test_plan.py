"""Pieces hold the whole text, and pauses follow its marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import ValueRefusedError
from f5serve.routing.plan import (
    FIRST_PIECE_S,
    MAX_PIECES,
    SWITCH_PAUSE_S,
    Piece,
    pause_after,
    plan_pieces,
)
from f5serve.routing.segments import TextSegment
from f5serve.text.duration import UNIT_S, speech_units
from f5serve.text.spoken import read_out

FOX = "The quick brown fox jumps over the lazy dog. " * 40


def words(text: str) -> str:
    return "".join(text.split())


def plan(*texts: str, max_piece_s: float = 18.0, speed: float = 1.0) -> tuple[Piece, ...]:
    """Plan texts, alternately English and French."""
    segments = [
        TextSegment(text=text, language=("en", "fr")[place % 2]) for place, text in enumerate(texts)
    ]
    return plan_pieces(segments, max_piece_s=dict.fromkeys(("en", "fr"), max_piece_s), speed=speed)


def test_a_short_text_is_one_piece() -> None:
    (piece,) = plan("Bonjour tout le monde.")

    assert (piece.index, piece.text) == (0, "Bonjour tout le monde.")


def test_a_long_text_becomes_numbered_pieces_that_hold_all_of_it() -> None:
    pieces = plan(FOX)

    assert len(pieces) > 3
    assert [piece.index for piece in pieces] == list(range(len(pieces)))
    assert words("".join(piece.text for piece in pieces)) == words(FOX)


def test_the_first_piece_of_a_long_text_is_short_so_that_speech_begins_early() -> None:
    first, second, *_ = plan(FOX)

    assert speech_units(first.text) * UNIT_S <= FIRST_PIECE_S < speech_units(second.text) * UNIT_S


def test_faster_speech_allows_longer_pieces() -> None:
    assert len(plan(FOX, speed=2.0)) < len(plan(FOX))


def test_a_piece_never_reaches_from_one_segment_into_the_next() -> None:
    pieces = plan("She said ", "« c'est la vie » ", "and left.")

    assert [(piece.segment, piece.language, piece.text) for piece in pieces] == [
        (0, "en", "She said"),
        (1, "fr", "« c'est la vie »"),
        (2, "en", "and left."),
    ]
    assert [piece.pause_s for piece in pieces[:2]] == [SWITCH_PAUSE_S, SWITCH_PAUSE_S]


def test_each_language_has_its_own_longest_piece() -> None:
    segments = [TextSegment(text=FOX, language="en"), TextSegment(text=FOX, language="fr")]

    pieces = plan_pieces(segments, max_piece_s={"en": 18.0, "fr": 6.0}, speed=1.0)

    longest = {
        code: max(speech_units(piece.text) * UNIT_S for piece in pieces if piece.language == code)
        for code in ("en", "fr")
    }
    assert longest["fr"] <= 6.0 < longest["en"] <= 18.0


def test_a_text_that_would_be_thousands_of_calls_is_refused() -> None:
    with pytest.raises(ValueRefusedError, match=f"more than {MAX_PIECES} pieces") as caught:
        plan(*["a"] * (MAX_PIECES + 1))

    assert (caught.value.status, caught.value.code, caught.value.field) == (
        422,
        "too_many_pieces",
        "text",
    )
    assert len(plan(*["a"] * MAX_PIECES)) == MAX_PIECES


@pytest.mark.parametrize("unit", ["a", "7", "人", "か", "A. ", "1. ", "Ok. ", "5 km ", "a\n"])
def test_no_text_in_one_language_comes_near_the_most_pieces(unit: str) -> None:
    text = (unit * 5000)[:5000]

    pieces = plan_pieces([TextSegment(text=text, language="fi")], max_piece_s={"fi": 18.0}, speed=1)

    assert len(pieces) < MAX_PIECES / 2


PRICES = {"en": "$1,234.56", "zh": "1234.56元", "ja": "1234円", "hi": "₹1,234"}
REFUSED_FROM = 1.5  # times the longest piece: where a language model refuses (see ``synthesis``)


@pytest.mark.parametrize("language", ["en", "es", "fi", "fr", "hi", "it", "ja", "ru", "zh"])
@pytest.mark.parametrize("max_piece_s", [7.0, 18.0])
@pytest.mark.parametrize("kind", ["digits", "prices", "dates"])
def test_no_piece_of_digits_becomes_too_long_when_it_is_read_out(
    language: str, kind: str, max_piece_s: float
) -> None:
    text = {
        "digits": "7986543210" * 30,
        "prices": " ".join([PRICES.get(language, "1234,56 €")] * 40),
        "dates": " ".join(["24.12.1997" if language in ("fi", "ru") else "1997-12-24"] * 40),
    }[kind]
    segments = [TextSegment(text=text, language=language)]

    pieces = plan_pieces(segments, max_piece_s={language: max_piece_s}, speed=1.0)

    assert words("".join(piece.text for piece in pieces)) == words(text)
    for piece in pieces:
        seconds = speech_units(read_out(piece.text, language)) * UNIT_S
        assert seconds < REFUSED_FROM * max_piece_s, piece.text


@pytest.mark.parametrize(
    "ends",
    [
        (".", ","),
        ("。", "、"),
        ("।", ","),
        ("!\u201d", ";"),
        ("?)", ":"),
        ("。》", "；"),
        ("｡", "，"),
    ],
    ids=str,
)
def test_a_sentence_is_followed_by_a_longer_pause_than_a_clause(ends: tuple[str, str]) -> None:
    assert pause_after(f"so{ends[0]} ") > pause_after(f"so{ends[1]} ") > pause_after("so ")


@given(st.text(alphabet="ab .,!?。、क्षि\n", max_size=400))
def test_no_text_is_dropped_or_repeated(text: str) -> None:
    pieces = plan(text + "a", max_piece_s=2.0)

    assert words("".join(piece.text for piece in pieces)) == words(text + "a")
