"""A text cut where another language could begin: sentences, clauses, quotations, changes of script.

Nothing is decided here: a unit is the least that may be spoken in a language of its own, and the border
before it says how much a change of language there would surprise a reader.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import pairwise

from msgspec import Struct

from f5serve.language.scripts import ADDRESS, Script, script_of
from f5serve.text.borders import CLAUSE, SENTENCE, borders


class Border(IntEnum):
    """What stands between two units, the least surprising last."""

    SCRIPT = 1
    CLAUSE = 2
    QUOTE = 3
    SENTENCE = 4


class Unit(Struct, frozen=True, kw_only=True):
    """A stretch of text in one script.

    Attributes:
        start: Its first character.
        end: The character after its last; the white space after its words is its own.
        border: What stands before it.
        script: The script of most of its letters; ``han`` is Han with or without kana, ``None`` no letters.
        words: How much it says: words, or half the characters where words are not spaced. Names and
            abbreviations count little, for they are written alike in many languages.
    """

    start: int
    end: int
    border: Border
    script: Script | None
    words: float


_CLOSERS = ".,;:!?…。、，；：！？।"
_MARKS = "\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0962\u0963"  # of letters, which Python counts as no letters
# A letter or digit of words that stand apart: no quotation opens after one, as it may after kana and Han.
_SPACED = "[^\\W\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_OUTSIDE = f"(?<!{_SPACED})(?<![{_MARKS}])"
# Quotations and brackets that lie within nothing of their own kind; those of different kinds may lie in one
# another, so each kind is looked for by itself. An apostrophe is no quotation mark, nor is a sign of inches. What is
# no apostrophe ends the search for the closing mark, so that each character is looked at once.
_QUOTED = tuple(
    re.compile(rf"{pattern}[{_CLOSERS}]*\s*")
    for pattern in (
        r"«[^«»]*»",
        r"‹[^‹›]*›",
        r"“[^“”]*”",
        r"„[^„“”]*[“”]",
        r"”[^„“”\n]*”",
        r"‘(?:[^‘’\n]|(?<=\w)’(?=\w))*+’(?!\w)",
        rf"{_OUTSIDE}'(?=\w)(?:[^'\n]|(?<={_SPACED})'(?=\w))*+'(?!\w)",
        rf"{_OUTSIDE}\"(?=\S)[^\"\n]*\"",
        r"「[^「」]*」",
        r"『[^『』]*』",
        r"《[^《》]*》",
        r"\([^()]*\)",
        r"（[^（）]*）",
        r"\[[^\[\]]*\]",
    )
)
# Signs that part what is said as a comma does: a dash, a slash or a bar between spaces, arrows, emoji.
_PICTURES = "\u2190-\u21ff\u2300-\u2bff\U0001f000-\U0001faff"
_SIGN = re.compile(rf"(?:(?<=\s)[-/~=|]++|(?<![{_PICTURES}])[{_PICTURES}]++)\s++")
_OPENERS = "«‹“„‘\"'「『《（([¿¡"
# What a number is written with besides digits, and what may stand before one.
_IN_NUMBERS = frozenset(" .,:/-–%‰°+±~№#$€£¥₹₽￥")
_BEFORE_DIGITS = frozenset("-+±~№#$€£¥₹₽￥")
_LETTERS = rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}])*"
_WORD = re.compile(rf"{_LETTERS}(?:['’-]{_LETTERS})*")
_CHARS_PER_WORD = 2.0  # of Han and kana
_NAME_WEIGHT = 0.3


def units(text: str, turn_ends: Sequence[int] = ()) -> list[Unit]:
    """Cut a cleaned text into units; joined, they are the text.

    The time is proportional to the length of the text, whatever it holds.

    Args:
        text: The text.
        turn_ends: Where another speaker begins: no unit goes on there.
    """
    cuts: dict[int, Border] = {}
    strengths = borders(text)
    for position, strength in enumerate(strengths):
        if strength >= CLAUSE:
            cuts[position] = Border.SENTENCE if strength >= SENTENCE else Border.CLAUSE
    for sign in _SIGN.finditer(text):
        cuts.setdefault(sign.end(), Border.CLAUSE)
    for position in _quotations(text):
        cuts[position] = max(Border.QUOTE, cuts.get(position, Border.QUOTE))
    cuts.update(dict.fromkeys(turn_ends, Border.SENTENCE))
    for position in _script_changes(text, cuts):
        cuts.setdefault(position, Border.SCRIPT)
    cuts.pop(0, None)
    cuts.pop(len(text), None)
    ordered = sorted(cuts)
    starts = [
        position
        for start, end in pairwise([0, *turn_ends, len(text)])
        for position in (start, *_with_letters(text, start, end, ordered))
    ]
    positions = [*starts, len(text)]
    return [
        _unit(text, start, end, cuts.get(start, Border.SENTENCE))
        for start, end in pairwise(positions)
    ]


def _quotations(text: str) -> Iterator[int]:
    """Where quotations and brackets begin and end."""
    for kind in _QUOTED:
        for quoted in kind.finditer(text):
            yield from quoted.span()


def _with_letters(text: str, begin: int, end: int, cuts: Sequence[int]) -> Iterator[int]:
    """The cuts of a turn between which there are letters: what is in no script goes with what stands before it."""
    own = cuts[bisect_right(cuts, begin) : bisect_left(cuts, end)]
    before = False
    for start, stop in pairwise([begin, *own, end]):
        if any(map(str.isalpha, text[start:stop])):
            if before:
                yield start
            before = True


def _script_changes(text: str, cuts: dict[int, Border]) -> Iterator[int]:
    """Where letters of another script begin and no other border lies in between."""
    last: tuple[int, Script] | None = None
    for index, character in enumerate(text):
        script = _class_of(character)
        if script is None:
            continue
        if last is not None and script != last[1]:
            start = _opening(text, last[0] + 1, index)
            if not any(position in cuts for position in range(last[0] + 1, index + 1)):
                yield start
        last = index, script


def _opening(text: str, after: int, index: int) -> int:
    """Where what belongs to the letter at ``index`` begins: a number and opening marks go with it."""
    start = _number(text, after, index)
    while start > after and text[start - 1] in _OPENERS:
        start -= 1
    return start


def _number(text: str, after: int, index: int) -> int:
    """Where the number that a letter counts begins (``500円``, ``5000 рублей``); ``index`` without one.

    A number that is a part of the word before it (``COVID-19 は``) stays there.
    """
    start = index
    while start > after and (text[start - 1].isdigit() or text[start - 1] in _IN_NUMBERS):
        start -= 1
    is_part = start == after and _is_spaced(text, after - 1) and text[index - 1].isspace()
    while start < index and is_part and not text[start].isspace():
        start += 1
    while start < index and not _begins_number(text, start):
        start += 1
    return start


def _is_spaced(text: str, index: int) -> bool:
    """Whether the letter or mark at ``index`` is of a script that is written with spaces."""
    return _class_of(text[index]) != "han"


def _begins_number(text: str, index: int) -> bool:
    return text[index].isdigit() or (
        text[index] in _BEFORE_DIGITS and text[index + 1 : index + 2].isdigit()
    )


def _class_of(character: str) -> Script | None:
    """The script of a letter; a mark goes with its letter and is none by itself."""
    script = script_of(character) if character.isalpha() else None
    return "han" if script == "kana" else script


def _unit(text: str, start: int, end: int, border: Border) -> Unit:
    part = text[start:end]
    letters: Counter[Script] = Counter(filter(None, map(_class_of, part)))
    if not letters:
        return Unit(start=start, end=end, border=border, script=None, words=0.0)
    main, count = letters.most_common(1)[0]
    words = count / _CHARS_PER_WORD if main == "han" else _words(part, border)
    kana_alone = main == "han" and "han" not in map(script_of, part)
    script: Script = "kana" if kana_alone else main
    return Unit(start=start, end=end, border=border, script=script, words=words)


def _words(part: str, border: Border) -> float:
    """How many different words a stretch says, its names and abbreviations counted as less.

    What is said twice tells no more than once (la la la), and an address is a name.
    """
    addresses = len(ADDRESS.findall(part))
    known: dict[str, str] = {}
    for word in _WORD.findall(ADDRESS.sub(" ", part) if addresses else part):
        known.setdefault(word.lower(), word)
    words = [word for small, word in known.items() if len(word) > 1 or word == small]
    if not words:
        return _NAME_WEIGHT * addresses
    if all(word.isupper() for word in words):  # a headline, or a single abbreviation
        return float(len(words)) if len(words) > 1 else _NAME_WEIGHT
    plain = [word == word.lower() for word in words]
    only_names = len(words) > 1 and all(word.istitle() for word in words)
    if border in (Border.SENTENCE, Border.QUOTE) and words[0].istitle() and not only_names:
        plain[0] = True  # a capital there tells nothing, but for one of several (Los Angeles)
    return sum(1.0 if is_plain else _NAME_WEIGHT for is_plain in plain) + _NAME_WEIGHT * addresses
