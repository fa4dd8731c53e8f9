"""Hindi in Latin letters: whether a text is, and which words are meant."""

from f5serve.romanised.judge import BORROWED, ENGLISH, HINDI, Evidence, weigh
from f5serve.romanised.lexicon import FLOOR, Lexicon, Word
from f5serve.romanised.spelling import letters_of

__all__ = [
    "BORROWED",
    "ENGLISH",
    "FLOOR",
    "HINDI",
    "Evidence",
    "Lexicon",
    "Word",
    "letters_of",
    "weigh",
]
