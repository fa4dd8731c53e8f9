"""Makes the word lists by which Hindi in Latin letters is read: how its words are typed, and how often they are used.

Frequencies come from wordfreq, which is needed here only. The same version gives the same bytes.
"""

from __future__ import annotations

import argparse
import lzma
import math
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from f5serve.errors import ConfigurationError
from f5serve.romanised.lexicon import ENGLISH, FOLDER, HINDI
from f5serve.romanised.spelling import skeleton
from f5serve.romanised.usual import pairs
from scripts.language_tables import settle

LEAST_ENGLISH: Final = 1e-6
MOST_ALIKE: Final = 5
"""Words that are kept of those that share a skeleton, the most frequent."""

# A dictionary no larger than the lists: whoever reads them sets aside as much.
_FILTERS: Final = [
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 2 << 20}
]
_DEVANAGARI: Final = re.compile("[\u0901-\u0939\u093c-\u094d\u0958-\u095f]{2,}|[आनव]")
_ASCII: Final = re.compile("[a-z]+")
_NUKTA, _VIRAMA, _NASALS = "़", "्", "ंँ"


_CONSONANTS: Final = pairs(
    "क=k ख=kh ग=g घ=gh ङ=n च=ch छ=chh ज=j झ=jh ञ=n ट=t ठ=th ड=d ढ=dh ण=n त=t थ=th द=d ध=dh न=n प=p फ=ph ब=b भ=bh म=m"
    " य=y र=r ल=l व=v श=sh ष=sh स=s ह=h"
)
_WITH_NUKTA: Final = pairs("क=k ख=kh ग=g ज=z ड=d ढ=dh फ=f य=y")
_FLAPS: Final = "डढ"  # with a nukta, typed as d or r
_VOWELS: Final = pairs("अ=a आ=aa इ=i ई=ee उ=u ऊ=oo ऋ=ri ए=e ऐ=ai ऑ=o ओ=o औ=au ऍ=e")
_SIGNS: Final = pairs("ा=aa ि=i ी=ee ु=u ू=oo ृ=ri े=e ै=ai ॉ=o ो=o ौ=au ॅ=e")
_KNOWN: Final = frozenset(
    {*_CONSONANTS, *_VOWELS, *_SIGNS, *_NASALS, _NUKTA, _VIRAMA, "ः"}  # visarga is not typed
)
# By how much less likely a way of typing is, in nats.
_FLAP_AS_R: Final = 0.7
_SILENT_TYPED: Final = 1.5
_NASAL_LEFT_OUT: Final = 1.6
_END_TYPED: Final = 0.2  # पत्र as patra
_END_LEFT_OUT: Final = 0.7
_END_PARTED: Final = 0.7  # खत्म as khatam
_END_OF_SCHOLARS: Final = 4.0  # विद्यालय as vidyalaya


class _Unit(NamedTuple):
    """A consonant and the vowel after it, or one of both.

    Attributes:
        typed: Ways to type the consonant, with what speaks against each; ``~`` is a nasal sign.
        vowel: As it is typed; empty for none.
        inherent: Whether the vowel is the one that is not written.
    """

    typed: tuple[tuple[str, float], ...]
    vowel: str
    inherent: bool = False

    @property
    def nasal(self) -> bool:
        return self.typed[0][0] == "~"


def spellings(word: str) -> Iterator[tuple[str, float]]:
    """Give the ways in which a Hindi word is typed, and what speaks against each, in nats.

    Args:
        word: In Devanagari. With other signs than those of Hindi it has none.
    """
    signs = unicodedata.normalize("NFD", word)
    units = list(_units(signs)) if _KNOWN.issuperset(signs) else []
    if not units:
        return
    silent = _silent(units)
    last = {len(units) - 1}
    if not silent & last:
        ways = [(units, silent, 0.0)]
    elif len(units) > 1 and not units[-2].vowel and not units[-2].nasal:
        parted = [*units[:-2], units[-2]._replace(vowel="a"), units[-1]]
        ways = [
            (units, silent - last, _END_TYPED),
            (units, silent, _END_LEFT_OUT),
            (parted, silent, _END_PARTED),
        ]
    else:
        ways = [(units, silent, 0.0), (units, silent - last, _END_OF_SCHOLARS)]
    for way, unsaid, against in ways:
        yield from _typed(way, unsaid, against)
    if silent - last:
        yield from _typed(units, silent & last, _SILENT_TYPED)


def _units(signs: str) -> Iterator[_Unit]:
    place = 0
    while place < len(signs):
        sign = signs[place]
        place += 1
        if sign in _NASALS:
            yield _Unit((("~", 0.0),), "")
        elif sign in _VOWELS:
            yield _Unit((("", 0.0),), _VOWELS[sign])
        elif sign in _CONSONANTS:
            nukta = signs[place : place + 1] == _NUKTA
            place += nukta
            typed = _WITH_NUKTA.get(sign, _CONSONANTS[sign]) if nukta else _CONSONANTS[sign]
            ways = [(typed, 0.0)]
            if nukta and sign in _FLAPS:
                ways.append((typed.replace("d", "r"), _FLAP_AS_R))
            after = signs[place : place + 1]
            place += after in _SIGNS or after == _VIRAMA
            if after == _VIRAMA:
                yield _Unit(tuple(ways), "")
            else:
                yield _Unit(tuple(ways), _SIGNS.get(after, "a"), inherent=after not in _SIGNS)


def _silent(units: Sequence[_Unit]) -> set[int]:
    """Where the inherent vowel is not said: at the end, and between two syllables (लड़का is ladka)."""
    spoken = [place for place, unit in enumerate(units) if not unit.nasal]
    silent = set()
    if len(spoken) > 1 and units[-1].inherent:
        silent.add(len(units) - 1)
    for before, place, after in reversed(list(zip(spoken, spoken[1:], spoken[2:], strict=False))):
        neighbours = after - before == 2 and units[after].typed[0][0]
        between = units[before].vowel and units[after].vowel and after not in silent
        if units[place].inherent and neighbours and between:
            silent.add(place)
    return silent


def _typed(units: Sequence[_Unit], silent: set[int], against: float) -> Iterator[tuple[str, float]]:
    ways = [("", against)]
    for place, unit in enumerate(units):
        vowel = "" if place in silent else unit.vowel
        typed = _nasal(units, place) if unit.nasal else unit.typed
        ways = [
            (before + consonant + vowel, cost + more)
            for before, cost in ways
            for consonant, more in typed
        ]
    for way, cost in ways:
        yield way.replace("jn", "gy"), cost  # ज्ञ


def _nasal(units: Sequence[_Unit], place: int) -> tuple[tuple[str, float], ...]:
    """A nasal sign is n, before lips m, and after a long vowel often nothing."""
    after = units[place + 1].typed[0][0] if place + 1 < len(units) else ""
    if after[:1] in ("p", "b", "m"):
        return ("m", 0.0), ("n", 0.5)
    long = place > 0 and units[place - 1].vowel not in ("a", "i", "u", "")
    return (("n", 0.0), ("", _NASAL_LEFT_OUT)) if long or not after else (("n", 0.0),)


def hindi_lines(frequencies: Mapping[str, float]) -> list[str]:
    """Answer the Hindi list's lines, in order.

    Args:
        frequencies: Of words in any script; those in Devanagari are taken.
    """
    alike: dict[str, list[tuple[float, str, str]]] = {}
    for entry, frequency in frequencies.items():
        word = unicodedata.normalize("NFC", entry)
        if _DEVANAGARI.fullmatch(word) is None:
            continue
        best: dict[str, tuple[float, str]] = {}
        for typed, against in spellings(word):
            key = skeleton(typed)
            if key:
                best[key] = min(best.get(key, (math.inf, "")), (against, typed))
        for key, (against, typed) in best.items():
            alike.setdefault(key, []).append((against - math.log(frequency), word, typed))
    return [
        "\t".join(
            [
                key,
                *(
                    f"{word} {-cost:.1f} {typed}"
                    for cost, word, typed in sorted(alike[key])[:MOST_ALIKE]
                ),
            ]
        )
        for key in sorted(alike)
    ]


def english_lines(frequencies: Mapping[str, float]) -> list[str]:
    """Answer the English list's lines, in order."""
    return sorted(
        f"{word} {math.log(frequency):.1f}"
        for word, frequency in frequencies.items()
        if frequency >= LEAST_ENGLISH and _ASCII.fullmatch(word)
    )


def make_lists() -> dict[str, list[str]]:
    """Answer the lines by file.

    Raises:
        ConfigurationError: If wordfreq is not installed.
    """
    try:
        from wordfreq import get_frequency_dict
    except ImportError as error:
        raise ConfigurationError("wordfreq is missing; make setup-dev") from error
    return {
        HINDI: hindi_lines(get_frequency_dict("hi", wordlist="small")),
        ENGLISH: english_lines(get_frequency_dict("en", wordlist="small")),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write the lists, or compare them with what is there.

    Returns:
        0, or 1 if wordfreq is missing or a list differs.
    """
    parser = argparse.ArgumentParser(prog="scripts.hindi_words", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(argv)
    try:
        lists = make_lists()
    except ConfigurationError as error:
        print(f"hindi-words: {error}", file=sys.stderr)
        return 1
    contents = {
        name: "".join(f"{line}\n" for line in lines).encode() for name, lines in lists.items()
    }
    files = (
        (FOLDER / name, content, lzma.compress(content, filters=_FILTERS))
        for name, content in contents.items()
    )
    return settle(files, lzma.decompress, check=options.check)


if __name__ == "__main__":
    sys.exit(main())
