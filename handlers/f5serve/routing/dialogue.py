"""Several speakers in one text.

In ``[Anna] Good morning. [Bob] Good morning, Anna.`` there are two. Which names in brackets are speakers is told with
the request, by its field ``speakers``; all other brackets are text. F5-TTS's own command line marks voices so, too.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from f5serve.errors import ValueRefusedError
from f5serve.routing.segments import TextSegment
from f5serve.text.clean import clean, is_speakable

BREAK: Final = "\n"
"""Stands between two turns, for the pause of a paragraph."""

_FIELD: Final = "speakers"
_NAME: Final = re.compile(
    r"[^\[\]\s\ud800-\udfff](?:[^\[\]\n\r\ud800-\udfff]*[^\[\]\s\ud800-\udfff])?"
)
# What marks a line as a quotation, heading or item of a list stands before the name, and is of what is said.
_LINE_MARKS: Final = r"(?:>[ ]?|#{1,6}[ \t]+|[-*+•][ \t]+|[0-9]{1,3}[.)][ \t]+){1,4}"
_MARK: Final = re.compile(rf"(?m)(^[ \t]{{0,8}}{_LINE_MARKS})?\[([^\[\]\n\r]{{1,256}})\]")
_LINE_ENDS: Final = re.compile(r"[ \t]*(?:[\n\r]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one speaker says until the next begins.

    Attributes:
        text: What is said.
        voice: The speaker's voice; None before the first speaker, where the request's own speaks.
    """

    text: str
    voice: str | None


def require_speakers(speakers: Mapping[str, str]) -> None:
    """Refuse speakers that cannot be told apart in a text.

    Raises:
        ValueRefusedError: On field ``speakers``; tells what a name has to be.
    """
    known: dict[str, str] = {}
    for name in speakers:
        if not _NAME.fullmatch(name) or not _key(name):
            raise _refused(
                f"has the name {name!r}; a name has no bracket, no line break, no half of a character, no space at its "
                "ends, and can be seen"
            )
        same = known.setdefault(_key(name), name)
        if same != name:
            raise _refused(f"has {same!r} and {name!r}, which cannot be told apart in a text")


def names_one(text: str, speakers: Iterable[str]) -> bool:
    """Tell whether one of the speakers is named in a text."""
    keys = set(map(_key, speakers))
    return any(_key(mark[2]) in keys for mark in _MARK.finditer(text))


def turns(text: str, speakers: Mapping[str, str]) -> tuple[Turn, ...]:
    """Cut a text where another speaker begins.

    Args:
        text: As it was sent. A speaker's name in brackets, capitals or not, begins a turn; it is not spoken.
        speakers: The voice of each, by name; at least one.

    Returns:
        The turns in order; the first is of whoever speaks before any name.

    Raises:
        ValueRefusedError: If none of them is in the text: their names are written otherwise there.
    """
    voices = {_key(name): voice for name, voice in speakers.items()}
    found, before, start = [Turn(text=text, voice=None)], "", 0
    for mark in _MARK.finditer(text):
        voice = voices.get(_key(mark[2]))
        if voice is not None:
            found[-1] = Turn(text=before + text[start : mark.start()], voice=found[-1].voice)
            start = mark.end()
            before = "" if _LINE_ENDS.match(text, start) else mark[1] or ""
            found.append(Turn(text=before + text[start:], voice=voice))
    if len(found) == 1:
        first = next(iter(speakers))
        raise _refused(
            f"has nobody who speaks in the text; write [{first}] there before what is said, or leave 'speakers' out"
        )
    return tuple(found)


def cleaned(spoken: Sequence[Turn], cleaner: Callable[[str], str]) -> tuple[Turn, ...]:
    """Clean each turn by itself, for markup does not reach beyond one; leave out what is then empty."""
    done = (Turn(text=cleaner(turn.text), voice=turn.voice) for turn in spoken)
    return tuple(turn for turn in done if is_speakable(turn.text))


def joined(spoken: Sequence[Turn]) -> str:
    """Answer what is said, as one text: what is around a turn helps to tell its language."""
    return BREAK.join(turn.text for turn in spoken)


def ends(spoken: Sequence[Turn]) -> list[int]:
    """Answer where each turn but the last ends in the text that ``joined`` answers, with the break after it."""
    return list(accumulate(len(turn.text) + len(BREAK) for turn in spoken[:-1]))


def cast(segments: Sequence[TextSegment], spoken: Sequence[Turn]) -> tuple[TextSegment, ...]:
    """Cut segments where the speaker changes, and give each its voice; joined, they are the text still.

    Args:
        segments: Those of the text that ``joined`` answers.
        spoken: The turns.
    """
    borders = ends(spoken)
    parts: list[TextSegment] = []
    start = 0
    for segment in segments:
        end = start + len(segment.text)
        cuts = [start, *borders[bisect_right(borders, start) : bisect_left(borders, end)], end]
        parts += [
            TextSegment(
                text=segment.text[first - start : last - start],
                language=segment.language,
                voice=spoken[bisect_right(borders, first)].voice,
            )
            for first, last in pairwise(cuts)
        ]
        start = end
    return tuple(parts)


def _key(name: str) -> str:
    """Answer what names that look the same to a reader have in common."""
    folded = unicodedata.normalize("NFD", clean(name)).casefold()
    return unicodedata.normalize("NFC", folded)


def _refused(why: str) -> ValueRefusedError:
    return ValueRefusedError(f"'{_FIELD}' {why}", field=_FIELD)
