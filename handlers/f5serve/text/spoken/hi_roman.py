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

from f5serve.romanised import BORROWED, ENGLISH, FLOOR, HINDI, Lexicon, letters_of, weigh
from f5serve.romanised.spelling import skeleton
from f5serve.romanised.usual import pairs, words
from f5serve.text.spoken.hi_loans import LOANS
from f5serve.text.spoken.hi_words import SCALES, UNITS

_LATIN: Final = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_WORD: Final = re.compile(rf"(?<![{_LATIN}0-9'’@])[{_LATIN}]+(?![{_LATIN}0-9@]|['’][{_LATIN}])")
_AFTER_NUMBER: Final = re.compile(r"[0-9]\s?-?\Z")
_BEFORE_NUMBER: Final = re.compile(r"\s?[0-9]")
_JOINED: Final = re.compile(rf"[{_LATIN}]+-\Z")
_JOINS_ON: Final = re.compile(rf"-[{_LATIN}]+")
# What is no Hindi word beside a number, and is read with it.
_MONTHS: Final = words(
    "jan january feb february march april may june july aug august sept september oct october nov november dec december"
)
_OF_NUMBERS: Final = words("am pm hr hrs mn bn st nd rd th x") | {
    name.lower() for name in (*UNITS, *SCALES) if name.isascii()
}
# Before a stop, which their own rule takes away.
_TITLES: Final = words("dr mr mrs ms prof smt shri er adv")
_DEVANAGARI: Final = re.compile("[\u0900-\u097f]+")
_MOST_WORDS: Final = 100
_LONGEST: Final = 40  # letters; a longer one is no word
_AMONG_DEVANAGARI: Final = math.log(0.02 * 0.3)
"""Instead of ``HINDI``: who has a Hindi keyboard uses it."""
_LOAN: Final = -7.5
_SHOUTED: Final = -9.5
_SHORT: Final = 3
"""A word so short in a text of capitals is an acronym, if it is no frequent word."""

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
        text: Any text in NFC; what is English, an acronym or a unit stays, and all of it where there is no list of
            Hindi words: in the archive of a model that speaks no Hindi, and has Hindi transcripts at most.
    """
    found = _WORD.findall(text)
    if not found or not _lexicon().there():
        return text
    return _WORD.sub(_Writer(text, found), text)


def load() -> None:
    """Open the word lists, so that no request waits for them."""
    _lexicon().hindi("kamal")
    _lexicon().english("time")


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    return Lexicon()


class _Writer:
    """Writes one word after the other, and keeps in mind what the one before became."""

    def __init__(self, text: str, found: list[str]) -> None:
        self._lexicon = _lexicon()
        devanagari = sum(map(len, _DEVANAGARI.findall(text)))
        evidence = weigh(
            found[:_MOST_WORDS], self._lexicon, lambda word: [self._lexicon.english(word)]
        )
        self._romanised = evidence.enough and sum(map(len, found)) > devanagari
        # A short piece of a longer text tells too little by itself.
        self._typed = self._romanised or not (devanagari or evidence.english)
        self._shouted = self._romanised and all(map(str.isupper, found))
        self._before = ""

    def __call__(self, found: re.Match[str]) -> str:
        word = found[0]
        self._before = word if _is_read_otherwise(found) else self._written(word)
        return self._before

    def _written(self, word: str) -> str:
        letters = letters_of(word)
        if not letters or len(letters) > _LONGEST or not self._may_be_hindi(word, letters):
            return word
        hindi, english = self._lexicon.hindi(letters), self._english(letters)
        if (
            self._shouted
            and len(word) <= _SHORT
            and (hindi is None or hindi.log_frequency < _SHOUTED)
        ):
            return word
        if hindi is not None:
            prior = HINDI if self._romanised else _AMONG_DEVANAGARI
            if hindi.log_frequency + prior > english:
                that = hindi.written == "की" and self._before in _BEFORE_THAT
                return "कि" if that else hindi.written
        if self._typed and letters not in LOANS and english <= FLOOR and skeleton(letters):
            return by_sound(letters)
        return word

    def _may_be_hindi(self, word: str, letters: str) -> bool:
        """Whether it is looked up: no acronym, and among Devanagari no name and no English word that is known."""
        if self._romanised:
            return self._shouted or not word.isupper()
        if word.isupper() or letters in LOANS or len(letters) == 1:
            return False
        return self._typed or word.islower()

    def _english(self, letters: str) -> float:
        english = self._lexicon.english(letters)
        if not self._romanised:
            return english
        if letters in LOANS:
            return _LOAN + ENGLISH
        return min(english, BORROWED) + ENGLISH


def _is_read_otherwise(found: re.Match[str]) -> bool:
    """Whether other rules read a word: a unit, a month, a title, or a part of a word with a hyphen that is known."""
    word, text = found[0].lower(), found.string
    before = text[max(0, found.start() - _LONGEST) : found.start()]
    after = text[found.end() : found.end() + _LONGEST]
    counted = _AFTER_NUMBER.search(before) is not None
    if counted and (word in _OF_NUMBERS or word in _MONTHS):
        return True
    if word in _MONTHS and _BEFORE_NUMBER.match(after):
        return True
    if word in _TITLES and after.startswith("."):
        return True
    first, last = _JOINED.search(before), _JOINS_ON.match(after)
    whole = f"{first[0] if first else ''}{word}{last[0] if last else ''}".lower()
    return whole != word and whole in LOANS


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
