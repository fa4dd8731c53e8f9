"""Texts: random ones from word lists to learn from, hand-written ones to be judged by."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from wordfreq import get_frequency_dict

from scripts.training.languages import Language

_FOLDER = Path(__file__).parent
_MAX_WORDS = 20_000
_FLATTENING = (
    0.7  # power of a word's frequency: rare words must be met too, frequent ones learned well
)
_WORD_COUNTS = np.array([0.10, 0.13, 0.15, 0.16, 0.14, 0.10, 0.08, 0.06, 0.05, 0.03])
_COMMA_SHARE = 0.12
_FINAL_MARKS = (".", "?", "!", "")
_FINAL_SHARES = (0.70, 0.12, 0.08, 0.10)
_UNSPACED = frozenset({"zh", "ja"})
_MIN_WORDS_FOR_COMMA = 4


@dataclass(frozen=True, slots=True)
class WordList:
    """Words of one language and how often each is drawn."""

    language: str
    words: tuple[str, ...]
    shares: tuple[float, ...]


def word_list(language: Language) -> WordList:
    """The readable words of a language, by their flattened frequency."""
    frequencies = get_frequency_dict(language.code, wordlist="best")
    ranked = sorted(frequencies.items(), key=lambda item: -item[1])
    words = [(word, rate) for word, rate in ranked if _readable(word, language)][:_MAX_WORDS]
    weights = np.array([rate for _, rate in words]) ** _FLATTENING
    shares = weights / weights.sum()
    return WordList(language.code, tuple(word for word, _ in words), tuple(shares.tolist()))


def _readable(word: str, language: Language) -> bool:
    letters = set(word)
    if not letters <= language.alphabet or word[0] in "'-ー" or word[-1] in "'-":
        return False
    if language.vowels and not letters & language.vowels:
        return word in language.short_words
    if language.vowels and len(word) == 1:
        return word in language.short_words
    return True


def random_sentences(words: WordList, count: int, seed: int) -> list[str]:
    """Draw texts of one to ten words with commas and final marks; no sense is intended."""
    generator = np.random.default_rng(seed)
    drawn = generator.choice(
        np.array(words.words, dtype=object), size=(count, _WORD_COUNTS.size), p=words.shares
    )
    lengths = generator.choice(_WORD_COUNTS.size, size=count, p=_WORD_COUNTS) + 1
    return [
        _sentence([str(word) for word in row[:length]], words.language, generator)
        for row, length in zip(drawn, lengths, strict=True)
    ]


def _sentence(words: list[str], language: str, generator: np.random.Generator) -> str:
    if len(words) >= _MIN_WORDS_FOR_COMMA:
        for index in range(1, len(words) - 2):
            if generator.random() < _COMMA_SHARE:
                words[index] += "," if language not in _UNSPACED else "、"
    # Kana without a space would run words together that nobody could tell apart again; natural
    # Japanese has a mark or a particle there, so half of the texts keep the spaces.
    spaced = language not in _UNSPACED or (language == "ja" and generator.random() < 0.5)
    text = (" " if spaced else "").join(words)
    return text + str(generator.choice(np.array(_FINAL_MARKS), p=_FINAL_SHARES))


def natural_sentences(language: str) -> list[str]:
    """Hand-written sentences of a language, none of them trained on; the first is the reference's.

    Raises:
        FileNotFoundError: If the language has no list.
    """
    lines = (_FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip()]
