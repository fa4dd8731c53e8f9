"""Several speakers in one text.

In ``[Anna] Good morning. [Bob] Good morning, Anna.`` there are two. Which names in brackets are speakers is told with
the request, by its field ``speakers``; all other brackets are text. F5-TTS's own command line marks voices so, too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from f5serve.errors import ValueRefusedError
from f5serve.routing.segments import TextSegment
from f5serve.text.clean import is_speakable

BREAK: Final = "\n"
"""Stands between two turns: the border of a sentence, and the pause of a paragraph."""

_FIELD: Final = "speakers"
_NAME: Final = re.compile(
    r"[^\[\]\s\ud800-\udfff](?:[^\[\]\n\r\ud800-\udfff]*[^\[\]\s\ud800-\udfff])?"
)
_BRACKETS: Final = re.compile(r"\[([^\[\]\n\r]{1,80})\]")


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
        if not _NAME.fullmatch(name):
            raise _refused(
                f"has the name {name!r}; a name has no bracket, no line break, no half of a character and "
                "no space at its ends"
            )
        same = known.setdefault(_key(name), name)
        if same != name:
            raise _refused(f"has {same!r} and {name!r}, which cannot be told apart in a text")


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
    found, start = [Turn(text=text, voice=None)], 0
    for mark in _BRACKETS.finditer(text):
        voice = voices.get(_key(mark[1]))
        if voice is not None:
            found[-1] = Turn(text=text[start : mark.start()], voice=found[-1].voice)
            start = mark.end()
            found.append(Turn(text=text[start:], voice=voice))
    if len(found) == 1:
        first = next(iter(speakers))
        raise _refused(
            f"has nobody who speaks in 'text'; write [{first}] there before what is said, or leave 'speakers' out"
        )
    return tuple(found)


def cleaned(spoken: Sequence[Turn], clean: Callable[[str], str]) -> tuple[Turn, ...]:
    """Clean each turn by itself, for markup does not reach beyond one; leave out what is then empty."""
    done = (Turn(text=clean(turn.text), voice=turn.voice) for turn in spoken)
    return tuple(turn for turn in done if is_speakable(turn.text))


def joined(spoken: Sequence[Turn]) -> str:
    """Answer what is said, as one text: what is around a turn helps to tell its language."""
    return BREAK.join(turn.text for turn in spoken)


def cast(segments: Sequence[TextSegment], spoken: Sequence[Turn]) -> tuple[TextSegment, ...]:
    """Cut segments where the speaker changes, and give each its voice.

    Args:
        segments: Those of the text that ``joined`` answers.
        spoken: The turns.
    """
    ends = _ends(spoken)
    parts: list[TextSegment] = []
    start, turn = 0, 0
    for segment in segments:
        left = segment.text
        while left:
            part = left[: ends[turn] - start]
            if is_speakable(part):
                voice = spoken[turn].voice
                parts.append(TextSegment(text=part, language=segment.language, voice=voice))
            start, left = start + len(part), left[len(part) :]
            if start == ends[turn]:
                turn += 1
    return tuple(parts)


def _ends(spoken: Sequence[Turn]) -> list[int]:
    """Answer where each turn ends within the whole, the break after it included."""
    ends, end = [], 0
    for turn in spoken:
        end += len(turn.text) + len(BREAK)
        ends.append(end)
    return [*ends[:-1], end - len(BREAK)]


def _key(name: str) -> str:
    """Answer what names that are the same to a reader have in common."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def _refused(why: str) -> ValueRefusedError:
    return ValueRefusedError(f"'{_FIELD}' {why}", field=_FIELD)
