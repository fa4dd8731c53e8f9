"""Pieces hold the whole text, and pauses follow its marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.routing.plan import pause_after, plan_pieces


def words(text: str) -> str:
    return "".join(text.split())


def test_a_short_text_is_one_piece() -> None:
    (piece,) = plan_pieces("Bonjour tout le monde.", max_piece_s=18.0, speed=1.0)

    assert (piece.index, piece.text) == (0, "Bonjour tout le monde.")


def test_a_long_text_becomes_numbered_pieces_that_hold_all_of_it() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 40

    pieces = plan_pieces(text, max_piece_s=18.0, speed=1.0)

    assert len(pieces) > 3
    assert [piece.index for piece in pieces] == list(range(len(pieces)))
    assert words("".join(piece.text for piece in pieces)) == words(text)


def test_faster_speech_allows_longer_pieces() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 40

    assert len(plan_pieces(text, max_piece_s=18.0, speed=2.0)) < len(
        plan_pieces(text, max_piece_s=18.0, speed=1.0)
    )


@pytest.mark.parametrize(
    "ends", [(".", ","), ("。", "、"), ("।", ","), ("!\u201d", ";"), ("?)", ":")], ids=str
)
def test_a_sentence_is_followed_by_a_longer_pause_than_a_clause(ends: tuple[str, str]) -> None:
    assert pause_after(f"so{ends[0]} ") > pause_after(f"so{ends[1]} ") > pause_after("so ")


@given(st.text(alphabet="ab .,!?。、क्षि\n", max_size=400))
def test_no_text_is_dropped_or_repeated(text: str) -> None:
    pieces = plan_pieces(text + "a", max_piece_s=2.0, speed=1.0)

    assert words("".join(piece.text for piece in pieces)) == words(text + "a")
