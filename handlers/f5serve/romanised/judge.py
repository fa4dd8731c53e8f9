"""Whether a text in Latin letters is Hindi: how often its words are used there, and in other languages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from f5serve.romanised.lexicon import FLOOR, Lexicon
from f5serve.romanised.spelling import letters_of
from f5serve.romanised.usual import MARKS, NOT_BORROWED

MIN_LEAD: Final = 5.0
MIN_WORDS: Final = 2
MIN_SHARE: Final = 0.35
"""By how much, in nats, words must speak for Hindi, how many be surely Hindi, and with what share of the letters."""
WORDS_TO_ONE: Final = 4
"""One English word that is never borrowed takes more Hindi words than this: titles are quoted in English sentences."""
HINDI: Final = math.log(0.7 * 0.3)
"""A word of such a text is Hindi, and spelled in this one of several ways."""
ENGLISH: Final = math.log(0.3)
BORROWED: Final = -9.2
"""The log of the frequency of the most frequent English words that are borrowed."""
_SPELLED: Final = math.log(0.3)
_SURELY: Final = -13.5
_ALSO_ENGLISH: Final = 2.0
_HARDLY_ENGLISH: Final = -12.0
_SHORT: Final = 3  # words of a text that may well be a heading, a command or a name
_ACRONYM: Final = 3


class Evidence(NamedTuple):
    """What speaks for Hindi.

    Attributes:
        lead: Over the likeliest of the other languages, in nats.
        words: That are surely Hindi.
        share: Of the letters that stand in these.
        own: How many words are surely Hindi and hardly English; of a short text, frequent ones.
        english: How many words are English and never borrowed.
    """

    lead: float = 0.0
    words: int = 0
    share: float = 0.0
    own: int = 0
    english: int = 0

    @property
    def enough(self) -> bool:
        """Whether it is Hindi."""
        return (
            self.lead > MIN_LEAD
            and self.words >= MIN_WORDS
            and self.share >= MIN_SHARE
            and self.own > 0
            and self.words > self.english * WORDS_TO_ONE
        )


NOTHING: Final = Evidence()


def weigh(
    words: Iterable[str], lexicon: Lexicon, others: Callable[[str], Sequence[float]]
) -> Evidence:
    """Weigh the words of a text in Latin letters.

    Args:
        words: As they are written.
        lexicon: The words of Hindi.
        others: The logs of a word's frequency in other languages, English first; the word is in small letters.
    """
    every = list(words)
    shouted = all(map(str.isupper, every))
    typed = [
        (word.lower(), letters_of(word))
        for word in every
        if shouted or not word.isupper() or len(word) > _ACRONYM or len(word) == 1
    ]
    if MARKS.isdisjoint(letters for _, letters in typed):
        return NOTHING
    hindi, letters_in_all, own, sure = 0.0, 0, 0, list[int]()
    totals: list[float] = []
    for word, letters in typed:
        elsewhere = others(word)
        found = lexicon.hindi(letters) if len(letters) > 1 or letters in MARKS else None
        here = FLOOR if found is None else max(FLOOR, found.log_frequency + _SPELLED)
        hindi += _either(here + HINDI - _SPELLED, min(elsewhere[0], BORROWED) + ENGLISH)
        totals = [
            total + one
            for total, one in zip(totals or [0.0] * len(elsewhere), elsewhere, strict=True)
        ]
        letters_in_all += len(word)
        if here > _SURELY and here > elsewhere[0] - _ALSO_ENGLISH:
            sure.append(len(word))
            own += elsewhere[0] < _HARDLY_ENGLISH and (len(typed) > _SHORT or letters in MARKS)
    return Evidence(
        lead=hindi - max(totals),
        words=len(sure),
        share=sum(sure) / max(1, letters_in_all),
        own=own,
        english=_count_english([letters for _, letters in typed]),
    )


def _count_english(typed: Sequence[str]) -> int:
    """How many words are English and never borrowed; थे ends a clause, and ``the`` begins one."""
    articles = sum(one == "the" and other not in MARKS for one, other in pairwise(typed))
    return articles + sum(letters in NOT_BORROWED for letters in typed)


def _either(one: float, other: float) -> float:
    """The log of the sum of two frequencies."""
    return max(one, other) + math.log1p(math.exp(-abs(one - other)))
