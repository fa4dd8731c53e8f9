"""English words as phonemes, for checkpoints that are too small to learn English spelling.

The words come from the CMU Pronouncing Dictionary (``data/README.md``), whose 39 phonemes (ARPAbet) are tokens; a
vowel's says whether it is stressed. A word that the dictionary lacks is put together from two that it has, or read by
rules.

Such checkpoints spread their tokens evenly over the frames, but a diphthong lasts thrice as long as an unstressed
vowel. So each phoneme is repeated as often as it lasts (``lengths``), and pauses are those that are heard: there is
none between words.
"""

from __future__ import annotations

import lzma
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError
from f5serve.text.lengths import PAUSES, spread

VOWELS: Final = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")  # fmt: skip
CONSONANTS: Final = (
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V", "W",
    "Y", "Z", "ZH",
)  # fmt: skip
TOKENS: Final = (*CONSONANTS, *(f"{vowel}{stress}" for vowel in VOWELS for stress in "01"))
"""Every token that a word may become."""

# A word, and the marks behind it, which belong to its language.
_WORDS: Final = re.compile(r"([A-Za-zÀ-ÖØ-öø-ɏ]+(?:'[A-Za-zÀ-ÖØ-öø-ɏ]+)*)([ ',.?!-]*)")
_PLAIN: Final = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "ı": "i"}
)
_KEPT_WORDS: Final = 20_000
_DICTIONARY: Final = Path(__file__).with_name("data") / "cmudict.txt.xz"
_SHORTEST_PART: Final = 3
_LONGEST_COMPOUND: Final = 40  # a longer one is no word

# Letters and their usual sound, the first that fits; "^" and "$" are the word's ends.
_SPELLINGS: Final = (
    (r"tion", "SH AH0 N"), (r"sion", "ZH AH0 N"), (r"ture$", "CH ER0"), (r"eigh", "EY1"), (r"igh", "AY1"),
    (r"tch", "CH"), (r"sch", "SH"), (r"^kn", "N"), (r"^wr", "R"), (r"ck", "K"), (r"ch", "CH"), (r"sh", "SH"),
    (r"th", "TH"), (r"ph", "F"), (r"wh", "W"), (r"gh", "G"), (r"gg", "G"), (r"qu", "K W"), (r"ng$", "NG"),
    (r"dge", "JH"), (r"a(?=[bcdfgklmnpstvz]e$)", "EY1"), (r"i(?=[bcdfgklmnpstvz]e$)", "AY1"),
    (r"o(?=[bcdfgklmnpstvz]e$)", "OW1"), (r"u(?=[bcdfgklmnpstvz]e$)", "UW1"), (r"(?<=[a-z][b-df-hj-np-tv-z])e$", ""),
    (r"es$", "IH0 Z"), (r"ed$", "D"), (r"le$", "AH0 L"), (r"e[ea]", "IY1"), (r"oo", "UW1"), (r"ou", "AW1"),
    (r"o[aw]", "OW1"), (r"a[iy]", "EY1"), (r"ey$", "IY0"), (r"e[iy]", "EY1"), (r"ie", "IY1"), (r"o[iy]", "OY1"),
    (r"a[uw]", "AO1"), (r"e[uw]", "UW1"), (r"[eiu]r", "ER0"), (r"ar", "AA1 R"), (r"or", "AO1 R"),
    (r"([b-df-hj-np-tv-z])(?=\1)", ""), (r"c(?=[eiy])", "S"), (r"g(?=[eiy])", "JH"), (r"^y", "Y"), (r"^x", "Z"),
    (r"y$", "IY0"), (r"a$", "AH0"), (r"o$", "OW0"), (r"i$", "IY0"), (r"a", "AE1"), (r"b", "B"), (r"c", "K"),
    (r"d", "D"), (r"e", "EH1"), (r"f", "F"), (r"g", "G"), (r"h", "HH"), (r"i", "IH1"), (r"j", "JH"), (r"k", "K"),
    (r"l", "L"), (r"m", "M"), (r"n", "N"), (r"o", "AA1"), (r"p", "P"), (r"q", "K"), (r"r", "R"), (r"s", "S"),
    (r"t", "T"), (r"u", "AH1"), (r"v", "V"), (r"w", "W"), (r"x", "K S"), (r"y", "IH1"), (r"z", "Z"), (r"'", ""),
)  # fmt: skip


def sounded(text: str, rest: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Give the tokens of a text, its English words as phonemes.

    Args:
        text: Any text, with ASCII marks.
        rest: Gives the tokens of what is no English: other scripts, and marks behind them.
    """
    end = 0
    sentence: list[str] = []
    for match in _WORDS.finditer(text):
        if match.start() > end:
            yield from spread(sentence)
            sentence = []
            yield from rest(text[end : match.start()])
        word, marks = match.groups()
        sentence += phonemes(_unaccented(word.lower()))
        for mark in _pauses(marks):
            sentence.append(mark)
            if mark != ",":
                yield from spread(sentence)
                sentence = []
        if not sentence and marks.endswith(" ") and match.end() < len(text):
            yield " "
        end = match.end()
    yield from spread(sentence)
    yield from rest(text[end:])


def heard(text: str) -> list[str]:
    """Answer the phonemes and pauses of an English text, one each; the last is that of a sentence's end."""
    sounds: list[str] = []
    for word, marks in _WORDS.findall(text):
        sounds += [*phonemes(_unaccented(word.lower())), *_pauses(marks)]
    return sounds if sounds and sounds[-1] in PAUSES else [*sounds, "."]


def _unaccented(word: str) -> str:
    if word.isascii():
        return word
    taken_apart = unicodedata.normalize("NFKD", word.translate(_PLAIN))
    return taken_apart.encode("ascii", "ignore").decode("ascii")


def _pauses(marks: str) -> Iterator[str]:
    """Give the pauses behind a word: one for marks in a row. A hyphen joins, a dash pauses as a comma does."""
    heard = [mark for mark in marks.replace(" - ", ", ") if mark in PAUSES]
    ends = [mark for mark in heard if mark != ","]
    yield from (ends or heard)[-1:]


@lru_cache(maxsize=_KEPT_WORDS)
def phonemes(word: str) -> tuple[str, ...]:
    """Answer how a lower-case word is said.

    Of several ways to say it the first is taken. Secondary stress is stress.
    """
    return _known(word) or _compound(word) or tuple(_spelt(word))


def _known(word: str) -> tuple[str, ...]:
    lines = _dictionary()
    key = f"{word} "
    place = bisect_left(lines, key)
    found = place < len(lines) and lines[place].startswith(key)
    return tuple(lines[place].split()[1:]) if found else ()


def _compound(word: str) -> tuple[str, ...]:
    """Answer an owner, or two known words that were written as one."""
    if word.endswith("'s"):
        return (*phonemes(word.removesuffix("'s")), "Z")
    if len(word) > _LONGEST_COMPOUND:
        return ()
    for cut in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
        first, second = _known(word[:cut]), _known(word[cut:])
        if first and second:
            return (*first, *second)
    return ()


def _spelt(word: str) -> Iterator[str]:
    place = 0
    while place < len(word):
        fits = ((letters.match(word, place), sounds) for letters, sounds in _spellings())
        match, sounds = next((match, sounds) for match, sounds in fits if match)
        yield from sounds.split()
        place = match.end()


@lru_cache(maxsize=1)
def _spellings() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(letters), sounds) for letters, sounds in _SPELLINGS]


@lru_cache(maxsize=1)
def _dictionary() -> list[str]:
    """Open the dictionary: a line a word, in order."""
    try:
        return lzma.decompress(_DICTIONARY.read_bytes()).decode("ascii").splitlines()
    except (OSError, lzma.LZMAError) as error:
        raise ConfigurationError(
            f"the pronouncing dictionary {_DICTIONARY} cannot be read ({error}); package the archive again"
        ) from error


def load() -> None:
    """Open dictionary and lengths, so that the first request does not wait for them."""
    for _ in sounded("hello", iter):
        pass
