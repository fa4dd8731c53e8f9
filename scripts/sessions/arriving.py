"""Text that arrives piece by piece, cut into sentences as soon as these are whole."""

from __future__ import annotations

import re
from typing import Final

from f5serve.errors import TooLargeError
from f5serve.text.borders import SENTENCE, STOPS, WIDE_STOPS, borders, is_unspaced
from f5serve.text.split import split

LONGEST_CHARS: Final = 500
"""What is held back at most: a text without sentences is cut where a reader would breathe."""
_SLICE_CHARS: Final = 100
MOST_CHARS: Final = 20_000
_LONGEST_UNITS: Final = 250.0
_FAR_ENOUGH_CHARS: Final = 16

_MAY_END: Final = re.compile(rf"[{STOPS}{WIDE_STOPS}\n\r\x0b\x0c\x85\u2028\u2029]")
_ENDS: Final = re.compile(rf"[{STOPS}{WIDE_STOPS}][^\w\s]*\s*\Z")
_SPEAKABLE: Final = re.compile(r"[^\W_]")
_WHOLE_WORD: Final = re.compile(r"\S+\s")


class ArrivingText:
    """What has come of a text and is not yet given out.

    Whether a mark ends a sentence depends on the word after it (``Dr. Smith``, ``3. Mai``), so a sentence is whole
    once that word is. Where words are not spaced the mark itself is enough.
    """

    def __init__(self) -> None:
        self._held = ""

    @property
    def seems_ended(self) -> bool:
        """Whether what is held ends as a sentence does: if nothing follows, it is one."""
        return bool(self._held) and _ENDS.search(self._held) is not None

    def add(self, text: str) -> list[str]:
        """Take the next piece.

        Args:
            text: Any part of a text, of any length.

        Returns:
            The sentences that are whole now, in order, each with something to say. Joined with what is given out
            later, they are the text.
        """
        ready: list[str] = []
        # However much comes at once, what is looked at together is short, and no sentence is longer.
        for start in range(0, len(text), _SLICE_CHARS):
            self._held += text[start : start + _SLICE_CHARS]
            if _MAY_END.search(self._held):
                ready += self._sentences(ended=False)
            if len(self._held) > LONGEST_CHARS:
                ready += self._cut()
        return ready

    def rest(self) -> list[str]:
        """Give out the sentences that are left, for nothing follows them; what has nothing to say is forgotten."""
        sentences = self._sentences(ended=True)
        held, self._held = self._held, ""
        return [*sentences, held] if _SPEAKABLE.search(held) else sentences

    def _cut(self) -> list[str]:
        *parts, self._held = split(self._held, max_units=_LONGEST_UNITS)
        if parts:
            return parts
        # Marks and blanks, with few words between them if any.
        return self.rest()

    def _sentences(self, *, ended: bool) -> list[str]:
        text = self._held
        found = borders(text)
        ready, start, end = [], 0, found.find(SENTENCE, 1)
        while 0 < end < len(text) and (ended or _is_known(text, end)):
            # What has nothing to say in it, "… ", goes with the sentence after it.
            if _SPEAKABLE.search(text, start, end):
                ready.append(text[start:end])
                start = end
            end = found.find(SENTENCE, end + 1)
        self._held = text[start:]
        return ready


class WholeText:
    """A text that is spoken when it has come to its end, and not before."""

    seems_ended: Final = False

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._chars = 0

    def add(self, text: str) -> list[str]:
        """Take the next piece.

        Returns:
            Nothing: no part is given out before the end.

        Raises:
            TooLargeError: If there is too much of it; then none of it is spoken, whatever comes before the end.
        """
        self._chars += len(text)
        if self._chars <= MOST_CHARS:
            self._parts.append(text)
        else:
            self._parts.clear()
            raise TooLargeError(
                f"the text has more than {MOST_CHARS} characters before 'input.done'; let it be spoken by sentences "
                "(without 'split_granularity')",
                field="text",
            )
        return []

    def rest(self) -> list[str]:
        """Give out all, in one piece; nothing if there is nothing to say in it."""
        held, self._parts, self._chars = "".join(self._parts), [], 0
        return [held] if _SPEAKABLE.search(held) else []


def _is_known(text: str, end: int) -> bool:
    """Whether enough has come after a border to tell that it is one."""
    return (
        is_unspaced(text[end])
        or len(text) - end >= _FAR_ENOUGH_CHARS
        or _WHOLE_WORD.match(text, end) is not None
    )
