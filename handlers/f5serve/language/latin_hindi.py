"""Hindi in Latin letters, as it is typed in messages: told by its words, for no pieces of words have been counted."""

from __future__ import annotations

import logging
import math
from typing import Final, Protocol

from f5serve.errors import ConfigurationError
from f5serve.language.latin import MAX_WORDS, Weighed, words_of
from f5serve.romanised import Lexicon, weigh

logger = logging.getLogger(__name__)

MOST_FOREIGN: Final = 0.85
"""From this score of eldc's on it is what eldc says: Malay and Tagalog are near or above 0.9, Hindi below 0.75."""
MIN_LEAD_A_WORD: Final = 1.8
"""By less, in nats, a language that eldc does not know may have a few words alike."""
_PRIOR: Final = 4.0  # nats against Hindi, where Latin letters are all that is known


class Frequencies(Protocol):
    """Answers how often the Latin languages use a word."""

    def frequencies(self, word: str) -> list[float]:
        """The logs of a word's frequency, English first; the word in small letters."""


class LatinHindi:
    """Tells Hindi in Latin letters from other languages.

    Args:
        words: How often those use a word.
        lexicon: Hindi words; by default those that the package carries, read when they are first needed.
    """

    def __init__(self, words: Frequencies, lexicon: Lexicon | None = None) -> None:
        self._words = words
        self._lexicon = lexicon or Lexicon()

    def require(self) -> None:
        """Do nothing if its words are there.

        Raises:
            ConfigurationError: If they are not.
        """
        if not self._lexicon.there():
            raise ConfigurationError(
                "the list of Hindi words is missing: make language-tables, and package the archive again"
            )

    def probability(self, text: str, weighed: Weighed) -> float:
        """Answer how likely a text in Latin letters is Hindi, 0 where too little speaks for it.

        Args:
            text: A thousand characters at most.
            weighed: The same text, as the Latin languages fit it.
        """
        if max(weighed.pieces.values(), default=0.0) >= MOST_FOREIGN:
            return 0.0
        words = words_of(text)[:MAX_WORDS]
        try:
            evidence = weigh(words, self._lexicon, self._words.frequencies)
        except ConfigurationError as error:
            logger.error("Hindi in Latin letters is not noticed: %s", error)  # noqa: TRY400 - the trace tells no more
            return 0.0
        if not evidence.enough or evidence.lead < MIN_LEAD_A_WORD * len(words):
            return 0.0
        return 1.0 / (1.0 + math.exp(_PRIOR - min(evidence.lead, 60.0)))
