"""One text becomes pieces of speakable length, each with the pause that follows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from f5serve.text.duration import UNIT_S
from f5serve.text.split import split

SENTENCE_PAUSE_S: Final = 0.20
CLAUSE_PAUSE_S: Final = 0.08
PARAGRAPH_PAUSE_S: Final = 0.45
TARGET_SHARE: Final = 0.7  # of the longest piece allowed: a slow voice still stays within it

_SENTENCE_ENDS: Final = ".!?…。！？।॥"
_CLAUSE_ENDS: Final = ",;:、，；：—–"
_CLOSING: Final = "\"'”’»›)]}）」』】"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Text that one language model speaks at once.

    Attributes:
        index: Place within the whole text.
        text: As it stands in the text, without white space around it.
        pause_s: Silence after it, if another piece follows.
    """

    index: int
    text: str
    pause_s: float


def plan_pieces(text: str, *, max_piece_s: float, speed: float) -> tuple[Piece, ...]:
    """Split cleaned text into pieces.

    Args:
        text: Cleaned text with something to say.
        max_piece_s: Longest speech that a model is asked for at once.
        speed: 1 is an ordinary pace; faster speech allows longer pieces.

    Returns:
        The pieces in order; together they hold the whole text.
    """
    max_units = max_piece_s * TARGET_SHARE * speed / UNIT_S
    parts = split(text, max_units=max_units)
    return tuple(
        Piece(index=index, text=part.strip(), pause_s=pause_after(part))
        for index, part in enumerate(parts)
    )


def pause_after(part: str) -> float:
    """Answer the silence that the end of a piece asks for, in seconds."""
    if "\n" in part[len(part.rstrip()) :]:
        return PARAGRAPH_PAUSE_S
    bare = part.rstrip().rstrip(_CLOSING)
    if bare.endswith(tuple(_SENTENCE_ENDS)):
        return SENTENCE_PAUSE_S
    return CLAUSE_PAUSE_S if bare.endswith(tuple(_CLAUSE_ENDS)) else 0.0
