"""Whether a text in Latin letters is Hindi: how often its words are used there, and in other languages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from f5serve.romanised.lexicon import FLOOR, Lexicon
from f5serve.romanised.spelling import letters_of
from f5serve.romanised.usual import MARKS

MIN_LEAD: Final = 6.0
MIN_WORDS: Final = 2
MIN_SHARE: Final = 0.35
"""By how much, in nats, words must speak for Hindi, how many be surely Hindi, and with what share of the letters."""
_SPELLING: Final = math.log(0.3)
"""A word has several spellings, each with a part of its frequency."""
_HINDI: Final = math.log(0.7)
_ENGLISH: Final = math.log(0.3)
"""Who types Hindi so takes English words as they come, but hardly the most frequent ones, which are no borrowings."""
_BORROWED: Final = -8.5
_SURELY: Final = -13.5
_ALSO_ENGLISH: Final = 2.0


class Evidence(NamedTuple):
    """What speaks for Hindi.

    Attributes:
        lead: Over the likeliest of the other languages, in nats.
        words: That are surely Hindi.
        share: Of the letters that stand in these.
    """

    lead: float
    words: int
    share: float

    @property
    def enough(self) -> bool:
        """Whether it is Hindi."""
        return self.lead > MIN_LEAD and self.words >= MIN_WORDS and self.share >= MIN_SHARE


NOTHING: Final = Evidence(0.0, 0, 0.0)


def weigh(
    words: Iterable[str], lexicon: Lexicon, others: Callable[[str], Sequence[float]]
) -> Evidence:
    """Weigh the words of a text in Latin letters.

    Args:
        words: As they are written.
        lexicon: The words of Hindi.
        others: The logs of a word's frequency in other languages, English first; the word is in small letters.
    """
    typed = [(word.lower(), letters_of(word)) for word in words]
    if MARKS.isdisjoint(letters for _, letters in typed):
        return NOTHING
    hindi, sure, sure_letters, letters_in_all = 0.0, 0, 0, 0
    totals: list[float] = []
    for word, letters in typed:
        elsewhere = others(word)
        found = lexicon.hindi(letters) if len(letters) > 1 or letters in MARKS else None
        here = FLOOR if found is None else max(FLOOR, found.log_frequency + _SPELLING)
        hindi += _either(_HINDI + here, _ENGLISH + min(elsewhere[0], _BORROWED))
        totals = [
            total + one
            for total, one in zip(totals or [0.0] * len(elsewhere), elsewhere, strict=True)
        ]
        letters_in_all += len(word)
        if here > _SURELY and here > elsewhere[0] - _ALSO_ENGLISH:
            sure += 1
            sure_letters += len(word)
    return Evidence(hindi - max(totals), sure, sure_letters / max(1, letters_in_all))


def _either(one: float, other: float) -> float:
    """The log of the sum of two frequencies."""
    return max(one, other) + math.log1p(math.exp(-abs(one - other)))
