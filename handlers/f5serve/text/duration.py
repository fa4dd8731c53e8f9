"""How long a text takes to say, in units that hold across scripts.

One unit is about one Latin letter in running speech. The weights were fitted by hand to espeak-ng 1.51
readings of three parallel sentences in each of the nine languages, silence at the ends trimmed: 60-75 ms
a Latin or Cyrillic letter (spaces included), 80-90 ms a Devanagari character, 110-118 ms a kana, 0.3-0.6 s
a digit, about 0.4 s a comma or full stop. espeak-ng reads Mandarin slowly (0.35-0.39 s a syllable) and
pauses long; Han characters and pauses are weighed by the usual rates of people instead (about 4.5
syllables a second; pauses of 0.15 and 0.25 s).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

UNIT_S = 0.06
"""Seconds that a unit takes at an ordinary pace; a voice's own pace is its seconds by its units."""

MIN_UNITS = 6.0
"""Least for any text: the model needs room for one syllable with its onset and release (0.4 s)."""

_LETTER = 1.0
_HAN = 3.5
_KANA = 1.75
_SMALL_KANA = 0.5  # ゃ only colours the syllable before it
_LENGTH_MARK = 1.25  # ー, and the stop っ
_HANGUL = 2.5
_CONSONANT = 1.4  # with its inherent vowel, which is silent at the end of a word
_INDEPENDENT_VOWEL = 1.5
_LONG_VOWEL_SIGN = 0.7
_SHORT_VOWEL_SIGN = 0.3
_NASAL_SIGN = 0.7
_DIGIT = 4.5
_SYMBOL = 5.0  # read as a word: %, €, +
# A digit within a number or a price, where it is read out as a word or more: means over numbers, dates, prices
# and measures in each language, for texts that are measured before they are read out.
_DIGIT_OF: Mapping[str, float] = {
    "en": 6.0, "es": 6.5, "fi": 8.5, "fr": 6.5, "hi": 5.0, "it": 6.0, "ja": 5.5, "ru": 7.5, "zh": 5.5,
}  # fmt: skip
_SYMBOL_OF: Mapping[str, float] = {"en": 7.0, "es": 8.0, "fi": 9.0, "fr": 7.0, "it": 7.5, "ru": 8.0}
_WITHIN_NUMBER = 2.0  # a mark between digits: "thousand", "point", or nothing
_SPACE = 0.3
_SHORT_PAUSE = 2.5
_LONG_PAUSE = 4.0

_SMALL_KANA_LETTERS = frozenset("ぁぃぅぇぉゃゅょゎァィゥェォャュョヮ")
_LONG_KANA = frozenset("ーっッ")
_SHORT_MARKS = frozenset(",;:、，；：،؛—–()（）")
_LONG_MARKS = frozenset(".!?…。！？．｡।॥؟\n")
_DEVANAGARI_SHORT = frozenset("\u093f\u0941\u0943\u0962")
_DEVANAGARI_SILENT = frozenset("\u093c\u094d")  # nukta, virama: they only change a neighbour
_DEVANAGARI_NASAL = frozenset("\u0900\u0901\u0902\u0903")
_SPOKEN_SYMBOLS = frozenset("%&+=@#€$£¥₹°§©®™×÷<>％＆＋＝＠＃＄￥")
_UNITS = (
    dict.fromkeys(_SPOKEN_SYMBOLS, _SYMBOL)
    | dict.fromkeys(_SHORT_MARKS, _SHORT_PAUSE)
    | dict.fromkeys(_LONG_MARKS, _LONG_PAUSE)
)

_MARK_IN_NUMBER = re.compile(r"(?<=[0-9])[.,:](?=[0-9])")
# A pause is made once, however many marks call for it, and space has no length beyond one.
_REPEATED = re.compile(r"[,;:、，；：،؛—–()（）.!?…。！？．｡।॥؟\s]{2,}")


def speech_units(text: str, language: str | None = None) -> float:
    """Relative spoken length of a text, in units of about one Latin letter (see :data:`UNIT_S`).

    A duration follows as ``reference_seconds * speech_units(text) / speech_units(reference_text)``,
    whatever the two scripts are.

    Args:
        text: Any text.
        language: In which its digits and signs will be read out; None where they already are, or will not be.

    Returns:
        At least :data:`MIN_UNITS`, also for an empty text, so that it can be divided by.
    """
    if language is not None:
        return max(MIN_UNITS, sum(units_by_character(text, language)))
    counts = Counter(_REPEATED.sub(_longest, text))
    return max(MIN_UNITS, sum(times * unit(character) for character, times in counts.items()))


def units_by_character(text: str, language: str | None = None) -> list[float]:
    """What each character adds to the length; their sum is that of :func:`speech_units`, or less.

    Args:
        text: Any text.
        language: As in :func:`speech_units`.

    Returns:
        As many numbers as characters, none negative.
    """
    units = [unit(character, language) for character in text]
    for run in _REPEATED.finditer(text):
        start, end = run.span()
        longest = max(units[start:end])
        units[start:end] = [0.0] * (end - start)
        units[start] = longest
    if language is not None:
        for mark in _MARK_IN_NUMBER.finditer(text):
            units[mark.start()] = _WITHIN_NUMBER
    return units


def _longest(run: re.Match[str]) -> str:
    return max(run[0], key=unit)


@lru_cache(maxsize=4096)
def unit(character: str, language: str | None = None) -> float:
    """What one character adds, its neighbours unknown; 0 where it is silent."""
    if language is not None and (character.isdecimal() or character in _SPOKEN_SYMBOLS):
        return _to_be_read(character, language)
    code = ord(character)
    if character in _UNITS or character.isspace():
        return _UNITS.get(character, _SPACE)
    if 0x0900 <= code <= 0x097F:
        return _devanagari(character)
    if 0x3040 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF or 0xFF66 <= code <= 0xFF9D:
        return _kana(character)
    return _other(character)


def _to_be_read(character: str, language: str) -> float:
    if character.isdecimal():
        return _DIGIT_OF.get(language, _DIGIT)
    return _SYMBOL_OF.get(language, _SYMBOL)


def _devanagari(character: str) -> float:
    category = unicodedata.category(character)
    if category == "Nd":
        return _DIGIT
    if character in _DEVANAGARI_SILENT:
        return 0.0
    if character in _DEVANAGARI_NASAL:
        return _NASAL_SIGN
    if category in ("Mn", "Mc"):
        return _SHORT_VOWEL_SIGN if character in _DEVANAGARI_SHORT else _LONG_VOWEL_SIGN
    if "\u0904" <= character <= "\u0914":
        return _INDEPENDENT_VOWEL
    return _CONSONANT if character.isalpha() else 0.0


def _kana(character: str) -> float:
    if character in _SMALL_KANA_LETTERS:
        return _SMALL_KANA
    if character in _LONG_KANA:
        return _LENGTH_MARK
    return _KANA if character.isalpha() else 0.0


def _other(character: str) -> float:
    category = unicodedata.category(character)
    if category in ("Nd", "No", "Nl"):
        return _DIGIT
    if not character.isalpha():
        return 0.0
    code = ord(character)
    if 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or code >= 0x20000:
        return _HAN
    if 0xAC00 <= code <= 0xD7A3:
        return _HANGUL
    return _LETTER
