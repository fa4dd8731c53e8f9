"""Mandarin: which of the numbers from 1900 to 2099 is a year where 年 does not tell."""

from __future__ import annotations

import re
from typing import Final

from f5serve.text.spoken.patterns import any_of
from f5serve.text.spoken.zh_words import YEAR_AFTER, YEAR_BEFORE

YEAR: Final = "(?:19|20)[0-9]{2}"
_CONTEXT: Final = 6  # characters before a number in which what tells a year is looked for

_AFTER: Final = re.compile(
    rf"\s?(?:{any_of(YEAR_AFTER)}|[QH][1-4](?![0-9])|到{YEAR}(?![0-9]|\s?[元万亿块]))"
)
_BEFORE: Final = re.compile(
    rf"(?:{any_of(YEAR_BEFORE)}|(?<![涨升降跌增减加超达提])到|{YEAR}到|[A-Za-z] ?|[(（《“「·©]|^\s*)\Z"
)
_SUM: Final = re.compile("[价薪费欠租赚付花资]|收入|预算")
_COUNTED: Final = re.compile(
    r"\s?(?:多|余|左右|上下|以上|以下|以内|几|来|到[0-9]|[涨增升提减降跌乘加除比倍+×÷=/])"
)


def is_year(text: str, start: int, end: int) -> bool:
    """Whether four digits stand beside what only years do: alone they are more often a sum.

    Args:
        text: The text that they are in.
        start: Where they begin.
        end: Where they end.
    """
    if re.fullmatch(YEAR, text[start:end]) is None:
        return False
    before = text[max(0, start - _CONTEXT) : start]
    if _SUM.search(before) is not None:
        return False
    if _AFTER.match(text, end) is not None:
        return True
    return _BEFORE.search(before) is not None and _COUNTED.match(text, end) is None
