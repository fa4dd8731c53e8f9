"""Numerals as they are written: found in a text, and understood, whatever marks group their digits.

Nothing here knows a language but by the marks it groups with; what is said is the language modules' part.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

SPACES: Final = " \u00a0\u2009\u202f"
"""White space that stands within a number: 1 234."""

# Never from the middle of a number, and never given back once read: the time stays proportional.
START: Final = r"(?<![0-9])(?<![0-9][.,])"
_SPACED: Final = rf"[0-9]{{1,3}}(?:[{SPACES}'’][0-9]{{3}}){{1,5}}(?![0-9])(?:[.,][0-9]++)?"
_CLOSE: Final = r"[0-9]++(?:[.,][0-9]++)*+"
NUMBER: Final = rf"{START}(?:{_SPACED}|{_CLOSE})"
"""A whole number or a decimal, with or without groups; no sign."""

LEAST_DIGIT_BY_DIGIT: Final = 10
"""So many digits without groups are no quantity that anyone reads: a card's, an account's, a book's number."""

_ROMAN_DIGITS: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
ROMAN: Final = re.compile(
    r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
)
"""A Roman numeral in its usual form; match it as a whole."""

VULGAR: Final = {
    character: (int(parts[0]), int(parts[1]))
    for character in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
    for parts in [unicodedata.normalize("NFKD", character).split("\u2044")]
}
"""Fractions that are one character: numerator and denominator."""

_MONTH_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CENTURY_SPLIT: Final = 50  # of two digits: 49 is 2049, 50 is 1950


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as read from its digits.

    Attributes:
        whole: Digits before the decimal mark, without groups; leading zeros are kept.
        decimals: Digits after it; empty where there is no mark.
        grouped: Whether marks group the digits, which no year's and no code's are.
    """

    whole: str
    decimals: str = ""
    grouped: bool = False

    @property
    def value(self) -> int:
        """The whole part."""
        return int(self.whole)

    @property
    def is_code(self) -> bool:
        """Whether its digits are read one by one: a leading zero, or very many of them."""
        zero = len(self.whole) > 1 and self.whole[0] == "0"
        return zero or (not self.grouped and len(self.whole) >= LEAST_DIGIT_BY_DIGIT)


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the calendar; no year where none is told."""

    day: int
    month: int
    year: int | None = None


def parse(text: str, *, decimal: str, group: str) -> Numeral:
    """Understand a numeral.

    Of two different marks the last is the decimal one. One mark before exactly three digits groups them if
    it is the language's mark for that (1.234 in Spanish), else it is the decimal mark.

    Args:
        text: A match of :data:`NUMBER`.
        decimal: The language's decimal mark.
        group: The language's mark between groups, besides spaces and apostrophes.
    """
    bare = re.sub(rf"[{SPACES}'’]", "", text)
    spaced = len(bare) != len(text)
    marks = [character for character in bare if character in ".,"]
    if not marks:
        return Numeral(bare, grouped=spaced)
    last = marks[-1]
    before, _, after = bare.rpartition(last)
    if len(set(marks)) == 2 and marks.count(last) == 1:
        return Numeral(re.sub(r"[.,]", "", before), after, grouped=True)
    groups = bare.split(last)
    fits = all(len(part) == 3 for part in groups[1:]) and 1 <= len(groups[0]) <= 3
    fits = fits and groups[0] != "0" and not spaced
    if fits and len(set(marks)) == 1 and (len(marks) > 1 or (last == group and last != decimal)):
        return Numeral("".join(groups), grouped=True)
    if len(marks) == 1:
        return Numeral(before, after, grouped=spaced)
    return Numeral(re.sub(r"[.,]", "", bare), grouped=True)


def date(first: int, second: int, year: int | None, *, month_first: bool) -> Date | None:
    """Understand a date in digits; in the other order if only that is a day of the calendar.

    Args:
        first: Number before the first mark.
        second: Number after it.
        year: Two digits are taken for 1950 to 2049.
        month_first: The order that the language is used to.
    """
    if year is not None and year < 100:
        year += 2000 if year < _CENTURY_SPLIT else 1900
    orders = [(first, second), (second, first)]
    for day, month in reversed(orders) if month_first else orders:
        if 1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1]:
            return Date(day, month, year)
    return None


def roman(text: str) -> int | None:
    """The value of a Roman numeral in capitals, None if it is none in its usual form."""
    if not text or ROMAN.fullmatch(text) is None:
        return None
    digits = [_ROMAN_DIGITS[character] for character in text]
    following = [*digits[1:], 0]
    return sum(
        -digit if digit < after else digit for digit, after in zip(digits, following, strict=True)
    )


RAISED: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹"
"""Digits of powers and of notes."""
_LOWERED: Final = str.maketrans(RAISED, "0123456789")

_CIRCLED: Final = re.compile("[\u2460-\u2473\u24ea\u3251-\u325f\u32b1-\u32bf]")
_NUMERAL_SIGNS: Final = re.compile("[\u2160-\u217f\u2474-\u249b]")


def raised_as_plain(digits: str) -> str:
    """Write the digits of a power as 0-9."""
    return digits.translate(_LOWERED)


def plain_numerals(text: str) -> str:
    """Write circled numbers and Roman numerals of one character as digits and letters: ② and Ⅳ."""
    if text.isascii():
        return text
    return _NUMERAL_SIGNS.sub(
        lambda sign: unicodedata.normalize("NFKC", sign[0]), plain_circles(text)
    )


def plain_circles(text: str) -> str:
    """Write circled numbers as digits that stand apart: ①② are two numbers."""
    return _CIRCLED.sub(_uncircled, text)


def _uncircled(sign: re.Match[str]) -> str:
    """A circled number stands for itself, whatever it touches."""
    before = sign.string[sign.start() - 1 : sign.start()]
    after = sign.string[sign.end() : sign.end() + 1]
    apart = ", " if _CIRCLED.match(before) else " " if before.isalnum() else ""
    touches = after.isalnum() and _CIRCLED.match(after) is None
    return apart + unicodedata.normalize("NFKC", sign[0]) + " " * touches


def plain_digits(text: str) -> str:
    """Write the decimal digits of all scripts as 0-9; other characters stay."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in text
    )
