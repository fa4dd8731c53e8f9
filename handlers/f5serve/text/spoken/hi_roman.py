"""Hindi words in Latin letters, written in Devanagari: those that are known, and others by their sound.

A word may be English as well (``me``, ``late``). Which it is, is told by how often either language uses it, and by
whether the text as a whole is Hindi in Latin letters or Devanagari with English in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from f5serve.romanised import FLOOR, Lexicon, letters_of, weigh
from f5serve.romanised.usual import pairs, words
from f5serve.text.spoken.hi_loans import LOANS

_LATIN: Final = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_WORD: Final = re.compile(rf"(?<![{_LATIN}0-9'’@/])[{_LATIN}]+(?![{_LATIN}0-9@/]|['’][{_LATIN}])")
_DEVANAGARI: Final = re.compile("[\u0900-\u097f]+")
_MOST_WORDS: Final = 100
_LONGEST: Final = 40  # letters; a longer one is no word
_HINDI: Final = math.log(0.7 * 0.3)  # as `f5serve.romanised.judge` has it: Hindi, and spelled so
_ENGLISH: Final = math.log(0.3)
_BORROWED: Final = -8.5
_HINDI_AMONG_DEVANAGARI: Final = math.log(0.02 * 0.3)  # who has a Hindi keyboard uses it
_KNOWN_LOAN: Final = -9.5

# What कि stands behind, where की would be the likelier by far.
_BEFORE_THAT: Final = words(
    "है हैं हूँ था थे थी कहा बोला बोली बोले बताया सोचा पता लगता लगा रहा रही रहे मालूम चाहता चाहती चाहते हो ताकि यह ये"
    " जानता जानते जानती सुना देखा लिखा पूछा मानना कहना उम्मीद बल्कि जबकि हुआ गया"
)

_AS_HEARD: Final = (
    (re.compile("e(?=h[^aeiou])"), "a"),  # pehnegi
    (re.compile("a(?=y?[eio])"), "aa"),  # milao
)
_NASAL_END: Final = re.compile("(?<=[^e])y?(?:ei|ey|e)n$|(?<=[^aeiou])oo?n$")  # milayein, dukanon
_SOUND: Final = re.compile("chh|ch|sh|kh|gh|th|dh|bh|jh|ph|aa+|ee+|ii+|oo+|uu+|ai|ei|au|ou|[a-z]")
_CONSONANTS: Final = pairs(
    "chh=छ ch=च sh=श kh=ख gh=घ th=थ dh=ध bh=भ jh=झ ph=फ b=ब c=क d=द f=फ़ g=ग h=ह j=ज k=क l=ल m=म n=न p=प q=क r=र"
    " s=स t=त v=व w=व x=क्स y=य z=ज़"
)
_VOWELS: Final[Mapping[str, tuple[str, str]]] = {
    "aa": ("आ", "ा"), "ii": ("ई", "ी"), "ee": ("ई", "ी"), "uu": ("ऊ", "ू"), "oo": ("ऊ", "ू"), "ai": ("ऐ", "ै"),
    "ei": ("ए", "े"), "au": ("औ", "ौ"), "ou": ("औ", "ौ"), "a": ("अ", ""), "i": ("इ", "ि"), "u": ("उ", "ु"),
    "e": ("ए", "े"), "o": ("ओ", "ो"),
}  # fmt: skip
_AT_THE_END: Final[Mapping[str, str]] = {"a": "aa", "i": "ii", "u": "uu"}
_JOINS: Final = frozenset("yrvw")  # what stands with the consonant before it
_NASAL_BEFORE: Final[Mapping[str, str]] = {"n": "kgcjtdsz", "m": "pb"}
_VIRAMA: Final = "्"


def in_devanagari(text: str) -> str:
    """Write the Hindi words of a text that stand in Latin letters in Devanagari.

    Args:
        text: Any text in NFC; what is English, an acronym or an address stays.
    """
    words = _WORD.findall(text)
    if not words:
        return text
    return _WORD.sub(_Writer(text, words), text)


def load() -> None:
    """Open the word lists, so that no request waits for them."""
    _lexicon().hindi("kamal")
    _lexicon().english("time")


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    return Lexicon()


class _Writer:
    """Writes one word after the other; each is asked what the one before it became."""

    def __init__(self, text: str, words: list[str]) -> None:
        self._lexicon = _lexicon()
        latin = sum(map(len, words))
        self._romanised = (
            latin > sum(map(len, _DEVANAGARI.findall(text)))
            and weigh(
                words[:_MOST_WORDS], self._lexicon, lambda word: [self._lexicon.english(word)]
            ).enough
        )
        self._shouted = all(map(str.isupper, words))
        self._before = ""

    def __call__(self, found: re.Match[str]) -> str:
        word = found[0]
        self._before = written = self._written(word)
        return written

    def _written(self, word: str) -> str:
        letters = letters_of(word)
        acronym = word.isupper() and not (self._shouted and self._romanised)
        if not letters or acronym or len(letters) > _LONGEST:
            return word
        if not self._romanised and (letters in LOANS or len(letters) == 1):
            return word
        hindi, english = self._lexicon.hindi(letters), self._english(letters)
        if hindi is not None:
            prior = _HINDI if self._romanised else _HINDI_AMONG_DEVANAGARI
            if hindi.log_frequency + prior > english:
                that = hindi.written == "की" and self._before in _BEFORE_THAT
                return "कि" if that else hindi.written
        if self._romanised and letters not in LOANS and english < FLOOR:
            return by_sound(letters)
        return word

    def _english(self, letters: str) -> float:
        english = self._lexicon.english(letters)
        if not self._romanised:
            return english
        if letters in LOANS:
            return _KNOWN_LOAN + _ENGLISH
        return min(english, _BORROWED) + _ENGLISH


def by_sound(letters: str, *, inside: bool = False) -> str:
    """Write a word that is in no list as Hindi would.

    Args:
        letters: Small letters.
        inside: Whether the word goes on behind them.
    """
    nasal = _NASAL_END.search(letters)
    if nasal is not None and nasal.start():
        vowel = "e" if "e" in nasal[0] else "o" if nasal[0] == "on" else "oo"
        stem = by_sound(letters[: nasal.start()], inside=True)
        alone, sign = _VOWELS[vowel]
        return stem + (alone + "ँ" if letters[nasal.start() - 1] in "aeiou" else sign + "ं")
    for pattern, heard in _AS_HEARD:
        letters = pattern.sub(heard, letters)
    sounds = list(_sounds(letters))
    written: list[str] = []
    for place, sound in enumerate(sounds):
        before = sounds[place - 1] if place else ""
        after = sounds[place + 1] if place + 1 < len(sounds) else ""
        if sound not in _CONSONANTS:
            long = sound if after or (inside and sound != "a") else _AT_THE_END.get(sound, sound)
            alone, sign = _VOWELS[long]
            written.append(sign if before in _CONSONANTS else alone)
        elif _is_nasal(before, sound, after):
            written.append("ं")
        else:
            joins = after in _CONSONANTS and (
                after in _JOINS or after == sound or sound in ("s", "sh")
            )
            written.append(_CONSONANTS[sound] + _VIRAMA * joins)
    return "".join(written)


def _is_nasal(before: str, sound: str, after: str) -> bool:
    """Whether a sound is written as a dot over the syllable."""
    return (
        bool(before)
        and before not in _CONSONANTS
        and after[:1] in tuple(_NASAL_BEFORE.get(sound, ""))
    )


def _sounds(letters: str) -> Iterator[str]:
    for sound in _SOUND.findall(letters):
        yield sound[:2] if sound[0] in "aeiou" and len(sound) > 1 else sound
