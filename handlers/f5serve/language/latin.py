"""Which Latin language: pieces of words by eldc, whole words by a table, weighed together.

Either alone errs where the other does not. Pieces of words place any word, seen or not, and lose their
hold where the accents are gone (``Ymparoiva``); word frequencies know ``reportes`` and ``agreable`` with
and without accents, and nothing of a compound or a name.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from f5serve.language.table import FOLDER, Table

FILE: Final = "words.table"
LANGUAGES: Final = ("en", "es", "fi", "fr", "it")
"""The table's columns."""
FLOOR: Final = 1e-8
STEP: Final = 16
"""A value is this many times the log of a word's frequency over :data:`FLOOR`, 0 where it is no word."""
KNOWN: Final = 1e-6
"""A word is in the table if one of the languages uses it this often (once in a million words)."""

CERTAIN: Final = 8.0
SPEAKS: Final = 0.5
"""From so many nats on a hint is worth as much as words that make up this share of the letters."""

MAX_WORDS: Final = 60
"""Words that are looked up; more add time and no certainty."""
# In the log of the odds; fitted to windows of two and three words, on whose halves they agree within a tenth.
_PIECES_WEIGHT = 0.6
_WORD_WEIGHT = 0.6
_NAME_WEIGHT = 0.2  # after small letters a capital is likelier a name's, and names travel
_KNOWN_VALUE = round(STEP * math.log(KNOWN / FLOOR))
_WORD = re.compile(r"[^\W\d_]+")


class Scores(Protocol):
    """What eldc answers."""

    @property
    def scores(self) -> Mapping[str, float]:
        """Score by language, 0-1; no probabilities."""


class PieceModel(Protocol):
    """eldc, as far as it is used."""

    def detect_details(self, text: str) -> Scores:
        """Score a text in all languages it knows."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for each Latin language.

    Attributes:
        probabilities: Of the five languages, given that it is one of them.
        known: Share of the letters that stand in words of a language, by language.
        pieces: eldc's scores, of all languages that it knows: a mean over the pieces.
        count: How many pieces there are.
    """

    probabilities: Mapping[str, float]
    known: Mapping[str, float]
    pieces: Mapping[str, float]
    count: int

    def lead(self, other: str, language: str) -> float:
        """By how much the pieces speak for one language rather than another, all of them together."""
        return self.evidence(other) - self.evidence(language)

    def leaning(self, hints: Iterable[tuple[str, float]]) -> Weighed:
        """Answer the same with further evidence.

        Args:
            hints: Languages, and how much speaks for each, in nats.
        """
        nats = dict(hints)
        if not nats:
            return self
        raised = {
            code: share * math.exp(nats.get(code, 0.0))
            for code, share in self.probabilities.items()
        }
        total = sum(raised.values())
        known = {
            code: max(share, SPEAKS) if nats.get(code, 0.0) >= CERTAIN else share
            for code, share in self.known.items()
        }
        probabilities = {code: share / total for code, share in raised.items()}
        return msgspec.structs.replace(self, probabilities=probabilities, known=known)

    def evidence(self, language: str) -> float:
        """How much the pieces speak for a language; two words tell less than a page, unlike a mean."""
        return self.count * -math.log1p(-min(self.pieces.get(language, 0.0), 1.0 - 1e-9))


def words_of(text: str) -> list[str]:
    """The words of a text, in its own letters; an apostrophe parts (``l'uomo`` is two)."""
    return _WORD.findall(text)


def key_of(word: str) -> int:
    """The table's key of a word in lower case."""
    return zlib.crc32(word.encode("utf-8", "ignore"))


class LatinClassifier:
    """Weighs the evidence for five Latin languages.

    Args:
        pieces: eldc with all its languages, giving as many scores as it can.
        words: Frequencies of words; by default the table that the package carries.
    """

    def __init__(self, pieces: PieceModel, words: Table | None = None) -> None:
        self._pieces = pieces
        self._words = words or Table(FOLDER / FILE, columns=len(LANGUAGES))

    def weigh(self, text: str) -> Weighed:
        """Weigh a text of a thousand characters at most, without lone surrogates."""
        words = words_of(text)[:MAX_WORDS]
        pieces = self._pieces.detect_details(text.replace("\0", " ")).scores
        frequencies, known = self._look_up(words)
        weighed = Weighed(
            probabilities={},
            known=dict(zip(LANGUAGES, known, strict=True)),
            pieces=pieces,
            count=sum(map(_pieces_of, set(words))),
        )
        logits = [
            _PIECES_WEIGHT * weighed.evidence(code) + frequency
            for code, frequency in zip(LANGUAGES, frequencies, strict=True)
        ]
        probabilities = dict(zip(LANGUAGES, _softmax(logits), strict=True))
        return msgspec.structs.replace(weighed, probabilities=probabilities)

    def frequencies(self, word: str) -> list[float]:
        """The logs of a word's frequency in each language, in order; the word in small letters."""
        row = self._words.row(key_of(word)) or bytes(len(LANGUAGES))
        return [math.log(FLOOR) + value / STEP for value in row]

    def _look_up(self, words: list[str]) -> tuple[list[float], list[float]]:
        """Weighted logs of the words' frequencies, and shares of the letters in known words."""
        frequencies, known = [0.0] * len(LANGUAGES), [0] * len(LANGUAGES)
        letters = 0
        small_letters = any(map(str.islower, words))
        for index, word in enumerate(words):
            small = word.lower()
            name = index > 0 and small_letters and small != word
            weight = (_NAME_WEIGHT if name else _WORD_WEIGHT) / STEP
            letters += len(word)
            for column, value in enumerate(self._words.row(key_of(small)) or b""):
                frequencies[column] += weight * value
                if value >= _KNOWN_VALUE:
                    known[column] += len(word)
        return frequencies, [share / max(1, letters) for share in known]


def _pieces_of(word: str) -> int:
    """Into how many pieces eldc cuts a word: six bytes each, and the end."""
    size = len(word.encode())
    return 1 if size <= 6 else 2 + (size - 7) // 6


def _softmax(logits: list[float]) -> list[float]:
    top = max(logits)
    powers = [math.exp(logit - top) for logit in logits]
    return [power / sum(powers) for power in powers]
