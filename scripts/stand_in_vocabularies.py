"""Vocabularies for stand-in checkpoints, of the sizes and with the letters of the published ones.

Six of the eight checkpoints use upstream's pinyin vocabulary, which the f5-tts package carries. Those of the
Hindi and the Japanese checkpoint are not at hand; theirs are made from the letters of the language, in the
numbers that are reported for them (docs/packaging.md).
"""

from __future__ import annotations

import importlib.util
import string
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError

HINDI_TOKENS: Final = 73
JAPANESE_TOKENS: Final = 2976
_UPSTREAM: Final = ("infer", "examples", "vocab.txt")
_FIRST_KANJI: Final = 0x4E00
_KANA: Final = (range(0x3041, 0x3097), range(0x30A1, 0x30FB), range(0x30FC, 0x30FD))
_DEVANAGARI: Final = (
    range(0x0901, 0x0904),  # nasal signs and visarga
    range(0x0905, 0x090C),  # independent vowels
    range(0x090F, 0x0912),
    range(0x0913, 0x0929),  # vowels and consonants
    range(0x092A, 0x0931),
    range(0x0932, 0x0933),
    range(0x0935, 0x093A),
    range(0x093C, 0x093D),  # nukta
    range(0x093E, 0x0944),  # vowel signs
    range(0x0945, 0x0946),
    range(0x0947, 0x094A),
    range(0x094B, 0x094E),
    range(0x0964, 0x0965),  # danda
)


def vocabulary_of(model: str) -> tuple[str, ...]:
    """Answer the tokens of a model's stand-in; the first is the space.

    Raises:
        ConfigurationError: If the f5-tts package is not installed.
    """
    if model == "f5_hi":
        return _sized((" ", *_letters(*_DEVANAGARI), *",.?!-'\""), HINDI_TOKENS)
    upstream = upstream_vocabulary()
    if model == "f5_ja":
        missing = tuple(kana for kana in _letters(*_KANA) if kana not in set(upstream))
        kanji = _letters(range(_FIRST_KANJI, _FIRST_KANJI + JAPANESE_TOKENS))
        return _sized((*upstream, *missing, *kanji), JAPANESE_TOKENS)
    return upstream


def upstream_vocabulary() -> tuple[str, ...]:
    """Answer the tokens of upstream's own vocabulary.

    Raises:
        ConfigurationError: If the f5-tts package is not installed.
    """
    found = importlib.util.find_spec("f5_tts")
    if found is None or not found.submodule_search_locations:
        raise ConfigurationError(
            "stand-ins use the vocabulary of the f5-tts package, which is not installed: make setup-dev"
        )
    path = Path(next(iter(found.submodule_search_locations))).joinpath(*_UPSTREAM)
    with path.open(encoding="utf-8") as lines:
        return tuple(line[:-1] for line in lines)


def _letters(*ranges: range) -> tuple[str, ...]:
    return tuple(chr(point) for points in ranges for point in points)


def _sized(tokens: tuple[str, ...], size: int) -> tuple[str, ...]:
    """Bring distinct tokens to a size, filling up with small Latin letters."""
    distinct = tuple(dict.fromkeys((*tokens, *string.ascii_lowercase)))
    return distinct[:size]
