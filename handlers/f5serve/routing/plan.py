"""The segments of a text become pieces of speakable length, each with the pause that follows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from f5serve.errors import ValueRefusedError
from f5serve.routing.segments import TextSegment
from f5serve.text.borders import CLOSING, STOPS, WIDE_PAUSES, WIDE_STOPS
from f5serve.text.duration import UNIT_S, speech_units
from f5serve.text.split import split

SENTENCE_PAUSE_S: Final = 0.20
CLAUSE_PAUSE_S: Final = 0.08
PARAGRAPH_PAUSE_S: Final = 0.45
SWITCH_PAUSE_S: Final = 0.05  # where the language changes within a phrase
TARGET_SHARE: Final = 0.7  # of the longest piece allowed: a slow voice still stays within it
FIRST_PIECE_S: Final = 3.5
"""The first piece of a text of several is no longer, so that there is something to hear early."""
MAX_PIECES: Final = 500
"""Every piece is a call of a model, however short. 5,000 letters are 25 pieces, 5,000 digits in the slowest
language 200; only a text that changes its script every few letters is more than this."""

_SENTENCE_ENDS: Final = STOPS + WIDE_STOPS
_CLAUSE_ENDS: Final = ",;:—–" + WIDE_PAUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Text that one language model speaks at once.

    Attributes:
        index: Place within the whole text.
        segment: Place of its segment among the segments.
        language: What it is spoken in.
        text: As it stands in the text, without white space around it.
        pause_s: Silence after it; None after the last piece.
        voice: The voice of its speaker; None where the text has no speakers.
    """

    index: int
    segment: int
    language: str
    text: str
    pause_s: float | None
    voice: str | None = None


def plan_pieces(
    segments: Sequence[TextSegment], *, max_piece_s: Mapping[str, float], speed: float
) -> tuple[Piece, ...]:
    """Split segments into pieces.

    The plan depends on the text alone, so that a stream and a whole answer hold the same speech.

    Args:
        segments: Cleaned text, each segment with something to say.
        max_piece_s: Longest speech that the model of a language is asked for at once.
        speed: 1 is an ordinary pace; faster speech allows longer pieces.

    Returns:
        The pieces in order; together they hold the whole text.

    Raises:
        ValueRefusedError: 422 ``too_many_pieces`` for more than :data:`MAX_PIECES`.
    """
    parts = list(islice(_parts(segments, max_piece_s, speed), MAX_PIECES + 1))
    if len(parts) > MAX_PIECES:
        raise ValueRefusedError(
            f"text would be spoken in more than {MAX_PIECES} pieces, for it changes {len(segments) - 1:,} times "
            "between languages or speakers, or is slow to say; send it in parts",
            field="text",
            code="too_many_pieces",
        )
    return tuple(
        Piece(
            index=index,
            segment=place,
            language=segments[place].language,
            text=part.strip(),
            voice=segments[place].voice,
            pause_s=None
            if index + 1 == len(parts)
            else _pause(part, switches=parts[index + 1][0] != place),
        )
        for index, (place, part) in enumerate(parts)
    )


def _parts(
    segments: Sequence[TextSegment], max_piece_s: Mapping[str, float], speed: float
) -> Iterator[tuple[int, str]]:
    for place, segment in enumerate(segments):
        max_units = max_piece_s[segment.language] * TARGET_SHARE * speed / UNIT_S
        first_units = max_units
        if place == 0 and (
            len(segments) > 1 or speech_units(segment.text, segment.language) > max_units
        ):
            first_units = min(max_units, FIRST_PIECE_S * speed / UNIT_S)
        parts = split(
            segment.text,
            max_units=max_units,
            first_max_units=first_units,
            language=segment.language,
        )
        for part in parts:
            yield place, part


def pause_after(part: str) -> float:
    """Answer the silence that the end of a piece asks for, in seconds."""
    if "\n" in part[len(part.rstrip()) :]:
        return PARAGRAPH_PAUSE_S
    bare = part.rstrip().rstrip(CLOSING)
    if bare.endswith(tuple(_SENTENCE_ENDS)):
        return SENTENCE_PAUSE_S
    return CLAUSE_PAUSE_S if bare.endswith(tuple(_CLAUSE_ENDS)) else 0.0


def _pause(part: str, *, switches: bool) -> float:
    return max(pause_after(part), SWITCH_PAUSE_S if switches else 0.0)
