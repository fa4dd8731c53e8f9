"""Roman numerals: one between two words, or several that share them ("siglos XIX y XX", "secoli XIX-XX")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from f5serve.text.spoken import numbers, patterns
from f5serve.text.spoken.everyday import Step
from f5serve.text.spoken.patterns import DASH

if TYPE_CHECKING:
    from f5serve.text.spoken.grammar import Grammar

_ROMAN: Final = "[IVXLCDM]{1,9}"
_ENDS: Final = r"(?![\w-]|['’](?!s(?!\w)))(?!\.[A-Z])"  # the 's of a genitive may follow
_ONE: Final = re.compile(rf"(?<![\w'’.-])({_ROMAN}){_ENDS}")
_SEVERAL: Final = re.compile(
    rf"(?<![\w'’.-]){_ROMAN}(?:(?:,? (?:and|or|to|y|o|a|al|e|ed|et|ou|à|au|ja|tai) |, |\s?{DASH}\s?){_ROMAN}){{1,4}}"
    rf"{_ENDS}"
)
_NUMERAL: Final = re.compile(_ROMAN)
_LETTERS: Final = frozenset("LCDM")
_LOOK_BACK: Final = 32


def steps(grammar: Grammar) -> tuple[Step, ...]:
    """What reads Roman numerals in a language."""
    return (
        (_SEVERAL, lambda found: _several(grammar, found)),
        (_ONE, lambda found: _one(grammar, found)),
    )


def _one(grammar: Grammar, found: re.Match[str]) -> str:
    value = numbers.roman(found[1])
    if value is None or found[1] in _LETTERS:  # letters, much rather
        return found[0]
    said = grammar.said_roman(value, *_neighbours(found))
    return found[0] if said is None else said


def _several(grammar: Grammar, found: re.Match[str]) -> str:
    """All of a list as the word around it asks: without such a word it may be a name and a pronoun."""
    before, after = _neighbours(found)
    if not {before.lower(), after.lower()} & grammar.around_romans:
        return found[0]
    values = [numbers.roman(numeral) for numeral in _NUMERAL.findall(found[0])]
    said = [None if value is None else grammar.said_roman(value, before, after) for value in values]
    words = [name for name in said if name is not None]
    if len(words) < len(said):
        return found[0]
    if len(words) == 2 and re.search(DASH, found[0]):
        return grammar.between(words[0], words[1], rising=True)
    return _NUMERAL.sub(lambda _: words.pop(0), found[0])


def _neighbours(found: re.Match[str]) -> tuple[str, str]:
    text, (start, end) = found.string, found.span()
    before = patterns.LAST_WORD.search(text, max(0, start - _LOOK_BACK), start)
    after = patterns.NEXT_WORD.match(text, end)
    return before[1] if before else "", after[1] if after else ""
