"""How Hindi is typed in Latin letters: nobody was taught to, so one word has many spellings.

Spellings are compared by what they have in common (``skeleton``). Of the words that share it, the nearest to what was
typed is found by how strange the spelling would be for each (``strangeness``): who types a long vowel doubled means it,
who does not may mean either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_NO_LETTER: Final = re.compile("[^a-z]")
_SCHOLARS: Final = str.maketrans(
    {**dict(zip("āīūḷṅñṭḍṇṃṁḥ", "aiulnntdnnnh", strict=True)), "ṛ": "ri", "ś": "sh", "ṣ": "sh"}
)
_ENGLISH: Final = re.compile("c(?![ch])|x|q[ui]|wh|ck|tion")
"""What English writes, and nobody does who types Hindi."""
_SOUNDS: Final = re.compile("chh|ch|sh|kh|gh|th|dh|bh|jh|ph|[a-z]")
_SIGNS: Final[Mapping[str, str]] = {
    "chh": "C", "ch": "c", "sh": "S", "kh": "K", "gh": "G", "th": "T", "dh": "D", "bh": "B", "jh": "J", "ph": "f",
    "q": "k", "w": "v",
}  # fmt: skip
_FOLDS: Final = (
    (re.compile("^hum"), "ham"),
    (re.compile("e(?=h[^h])"), "a"),  # kehna
)
"""What is typed either way, and says nothing of the word."""
_ALIKE: Final = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        ("([aeou])y(?![aeiou])", r"\1i"),  # chay
        ("(?<=[^aeiouy])y(?![aeiou])", "i"),
        ("(?<=[iaeu])y(?=[ei])|(?<=[ie])y(?=[aeiou])", ""),  # liye, gaye, kiya
        ("aa+", "a"),
        ("ee+|ii+|iy(?![aeiou])", "i"),
        ("oo+|uu+", "u"),
        ("C", "c"),
        ("z", "j"),
        ("ah[ae](?=[^aeiou])", "ah"),  # kahana, shaher
        ("[ae]i|ae", "e"),
        ("[ao]u", "o"),
        (r"([^aeiou])\1+", r"\1"),
    )
)

_GLIDE: Final = re.compile("(?<=[iaeou])y(?=[eia])")
_RUNS: Final = re.compile("[aeiou]+|[^aeiou]+")
_VOWELS: Final = re.compile("aa+|ee+|ii+|oo+|uu+|[aeiou]")
_LONG: Final[Mapping[str, str]] = {"a": "A", "e": "I", "i": "I", "o": "U", "u": "U"}
# By how much a spelling speaks against a word that is usually typed otherwise, in nats.
_TYPED_LONG: Final = 3.0
_TYPED_SHORT: Final = 0.8
_DOUBLED: Final = 2.0
_NOT_DOUBLED: Final = 1.5
_OTHER_VOWEL: Final = 3.0
_OTHER_VOWELS: Final[Mapping[tuple[str, str], float]] = {
    ("e", "ai"): 1.5, ("ei", "e"): 0.3, ("ei", "ai"): 1.5, ("o", "au"): 1.5, ("ou", "o"): 1.5,
}  # fmt: skip
_OTHER_LENGTH: Final = 4.0
_OTHER_CONSONANT: Final = 1.5
_OTHER_CONSONANTS: Final[Mapping[tuple[str, str], float]] = {
    ("c", "C"): 1.0, ("C", "c"): 4.0, ("cc", "cC"): 0.3, ("CC", "cC"): 0.3, ("c", "cC"): 1.5, ("C", "cC"): 0.8,
    ("j", "z"): 0.3,
}  # fmt: skip


def letters_of(word: str) -> str:
    """Answer the letters of a typed word, small; nothing if some are not typed so, nor by scholars (``ā``)."""
    plain = unicodedata.normalize("NFC", word).lower().translate(_SCHOLARS)
    return plain if plain.isascii() and _NO_LETTER.search(plain) is None else ""


def skeleton(letters: str) -> str:
    """Answer what the spellings of one word have in common; nothing for what is not spelled as Hindi is.

    Args:
        letters: Small letters.
    """
    if _ENGLISH.search(letters) is not None:
        return ""
    signs = _signs(letters)
    for pattern, plain in _ALIKE:
        signs = pattern.sub(plain, signs)
    return signs


def _signs(letters: str) -> str:
    """A sign a consonant, and either way to type some vowels made one."""
    signs = "".join(_SIGNS.get(sound, sound) for sound in _SOUNDS.findall(letters))
    for pattern, plain in _FOLDS:
        signs = pattern.sub(plain, signs)
    return signs


def strangeness(typed: str, usual: str) -> float:
    """Answer how much a spelling speaks against a word, in nats.

    Args:
        typed: Small letters.
        usual: The word as a careful writer types it, long vowels doubled; of the same skeleton.
    """
    here, there = _runs(typed), _runs(usual)
    if len(here) != len(there):
        return _OTHER_CONSONANT
    return sum(
        _of_vowels(one, other, last=index + 1 == len(here))
        if one[0] in "aeiou" and other[0] in "aeiou"
        else _of_consonants(one, other)
        for index, (one, other) in enumerate(zip(here, there, strict=True))
    )


def _runs(letters: str) -> list[str]:
    """Vowels and consonants in turn, without glides between vowels."""
    return _RUNS.findall(_GLIDE.sub("", _signs(letters)))


def _of_consonants(typed: str, usual: str) -> float:
    if typed == usual:
        return 0.0
    if typed == usual[:1] + usual:
        return _DOUBLED
    if usual == typed[:1] + typed:
        return _NOT_DOUBLED
    return _OTHER_CONSONANTS.get((typed, usual), _OTHER_CONSONANT)


def _of_vowels(typed: str, usual: str, *, last: bool) -> float:
    if typed == usual:
        return 0.0
    here, there = _vowels(typed), _vowels(usual)
    if len(here) != len(there):
        plain = "".join(here).lower(), "".join(there).lower()
        return _OTHER_VOWELS.get(plain, _OTHER_LENGTH)
    return sum(
        _of_vowel(one, other, last=last and index + 1 == len(here))
        for index, (one, other) in enumerate(zip(here, there, strict=True))
    )


def _vowels(run: str) -> list[str]:
    """The vowels of a run, long ones as capitals."""
    return [one if len(one) == 1 else _LONG[one[0]] for one in _VOWELS.findall(run)]


def _of_vowel(typed: str, usual: str, *, last: bool) -> float:
    if typed == usual:
        return 0.0
    if typed.lower() != usual.lower():
        return _OTHER_VOWEL
    if typed.isupper():
        return _TYPED_LONG
    return (
        0.0 if last else _TYPED_SHORT
    )  # no word ends in a short vowel, so nobody doubles the last
