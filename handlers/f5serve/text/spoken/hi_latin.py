"""Latin letters in a Hindi text, written in Devanagari: known words, acronyms by their letters, others by rule.

The checkpoint knows Devanagari only. The rules write English as Hindi borrows it (t and d are ट and ड) and
Indian names as they are romanised; a spelling does not tell the two apart, so they are a best guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from f5serve.text.spoken.hi_loans import LETTERS, LOANS

_LONGEST_ACRONYM = 5
_LONGEST_MUTE = 3  # letters of a word that nobody can say
_VOWEL_LETTERS = frozenset("aeiouy")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_LETTER = re.compile("[^A-Za-z-]+")
_VIRAMA = "्"
_INHERENT = "अ"


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


_CONSONANTS: Final[Mapping[str, str]] = _pairs(
    "sch=स्क tch=च dge=ज chh=छ ssh=श ksh=क्ष gny=ज्ञ sh=श ch=च th=थ ph=फ़ kh=ख gh=घ dh=ध bh=भ jh=झ zh=झ wh=व्ह ck=क"
    " qu=क्व b=ब c=क d=ड f=फ़ g=ग h=ह j=ज k=क l=ल m=म n=न p=प q=क r=र s=स t=ट v=व w=व x=क्स y=य z=ज़"
)
# Each with the sign that it is after a consonant; the inherent vowel has none.
_VOWELS: Final[Mapping[str, tuple[str, str]]] = {
    "a": (_INHERENT, ""),
    "aa": ("आ", "ा"),
    "i": ("इ", "ि"),
    "ii": ("ई", "ी"),
    "u": ("उ", "ु"),
    "uu": ("ऊ", "ू"),
    "e": ("ए", "े"),
    "ai": ("ऐ", "ै"),
    "o": ("ओ", "ो"),
    "au": ("औ", "ौ"),
    "aw": ("ऑ", "ॉ"),
    "aai": ("आइ", "ाइ"),
    "aau": ("आउ", "ाउ"),
    "oy": ("ऑय", "ॉय"),
    "yuu": ("यू", "्यू"),
    "ia": ("इया", "िया"),
}
_NASAL_BEFORE: Final[Mapping[str, str]] = {"न": "कखगघचछजझटठडढतथदध", "म": "पफबभ"}

_ONLY_VOWEL: Final = r"(?:(?<=\b)|(?<=\b[^aeiouy])|(?<=\b[^aeiouy]{2})|(?<=\b[^aeiouy]{3}))"

# What a spelling sounds like, the first that fits: consonants by their letter, vowels in angle brackets.
_SPELLINGS: Final = tuple(
    (re.compile(pattern), tuple(re.findall(r"<(\w+)>|([^<>])", sounds)))
    for pattern, sounds in (
        (r"(?<=[a-z])[ts]ions?\b", "श<a>न"),
        (r"(?<=[a-z])ture\b", "च<a>र"),
        (r"(?<=[a-z])igh", "<aai>"),
        (r"\bkn", "न"),
        (r"\bwr", "र"),
        (r"\bps", "स"),
        (r"mb\b", "म"),
        (r"ee|ea(?!u)|ie(?=[a-z])", "<ii>"),
        (r"oo", "<uu>"),
        (r"ew", "<yuu>"),
        (r"ou", "<aau>"),
        (r"ow\b|oa|oe\b", "<o>"),
        (r"ow", "<aau>"),
        (r"oi|oy", "<oy>"),
        (r"au|aw", "<aw>"),
        (r"ay|ai(?=[a-z])|ei|ey\b", "<e>"),
        (r"ai\b", "<ai>"),
        (r"ia\b", "<ia>"),
        (r"aa", "<aa>"),
        (r"a(?=[bcdfgklmnprstvz]e\b)", "<e>"),
        (r"i(?=[bcdfgklmnprstvz]e\b)", "<aai>"),
        (r"o(?=[bcdfgklmnprstvz]e\b)", "<o>"),
        (r"u(?=[bcdfgklmnprstvz]e\b)", "<yuu>"),
        (r"ge\b", "ज"),
        (r"ce\b", "स"),
        (r"(?<=[bcdfgkpstz])le\b", "<a>ल"),
        (r"(?<=[a-z][bcdfgklmnprstvz])e\b", ""),
        (r"(?<=[bcdfgklmnpstvzh])[eo]r\b", "<a>र"),
        (r"all\b", "<aw>ल"),
        (r"ar(?=[b-df-hj-np-tv-z]|\b)", "<aa>र"),
        (_ONLY_VOWEL + r"a(?=[b-df-hj-np-tv-xz]{1,3}\b)", "<ai>"),
        (r"a\b", "<aa>"),
        (r"o(?=[bcdfgklmnpstz]{1,2}\b)", "<aw>"),
        (r"(?<=[b-df-hj-np-tv-z])u(?=[bcdfgklmnpstz]{1,2}\b)", "<a>"),
        (r"i\b|(?<=[b-df-hj-np-tv-z])y\b", "<ii>"),
        (r"u\b", "<uu>"),
        (r"(?<=[b-df-hj-np-tv-z])y(?=[b-df-hj-np-tv-z])", "<i>"),
        (r"c(?=[eiy])", "स"),
        (r"([bcdfgjklmnpqrstvwxz])(?=\1)", ""),
        ("a", "<a>"),
        ("e", "<e>"),
        ("i", "<i>"),
        ("o", "<o>"),
        ("u", "<u>"),
    )
)
_CONSONANT = re.compile("|".join(sorted(_CONSONANTS, key=len, reverse=True)))


def in_devanagari(word: str) -> str:
    """Write one Latin word in Devanagari.

    Args:
        word: Letters, with or without accents, in any case.

    Returns:
        The word as known, else spelled by its letters if it is an acronym, else by rule.
    """
    word = _NO_LETTER.sub("", unicodedata.normalize("NFKD", word))
    known = LOANS.get(word.lower())
    if known is not None and len(word) > 1:
        return known
    if _is_spelled(word):
        return letter_names(word)
    parts = _CAMEL.split(word)
    if len(parts) > 1:
        return " ".join(map(in_devanagari, parts))
    return transliterate(word.lower())


def letter_names(letters: str) -> str:
    """The names of Latin letters, one after another: ``TV`` is टी वी."""
    return " ".join(LETTERS[letter] for letter in letters.lower() if letter in LETTERS)


def _is_spelled(word: str) -> bool:
    without_vowels = _VOWEL_LETTERS.isdisjoint(word.lower())
    if word.isupper():
        return len(word) <= _LONGEST_ACRONYM or without_vowels
    return without_vowels and len(word) <= _LONGEST_MUTE


def transliterate(word: str) -> str:
    """Write a word in small ASCII letters by its spelling alone."""
    written, after_consonant = [], ""
    for vowel, consonant in _sounds(word):
        if vowel:
            alone, sign = _VOWELS[vowel]
            written.append(sign if after_consonant else alone)
            after_consonant = ""
            continue
        if after_consonant:
            if consonant[0] in _NASAL_BEFORE.get(after_consonant, ""):
                written[-1] = "ं" if len(written) > 1 else written[-1] + _VIRAMA
            else:
                written.append(_VIRAMA)
        written.append(consonant)
        after_consonant = consonant
    return "".join(written)


def _sounds(word: str) -> list[tuple[str, str]]:
    """The vowels (by name) and consonants (in Devanagari) of a word: one of each pair is empty."""
    sounds: list[tuple[str, str]] = []
    end = 0
    while end < len(word):
        for pattern, heard in _SPELLINGS:
            found = pattern.match(word, end)
            if found is not None:
                sounds += heard
                break
        else:
            found = _CONSONANT.match(word, end)
            if found is not None:
                sounds.append(("", _CONSONANTS[found[0]]))
        end = found.end() if found is not None else end + 1
    return sounds
