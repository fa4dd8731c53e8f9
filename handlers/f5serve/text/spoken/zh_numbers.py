"""Numbers in Mandarin: as a quantity, digit by digit, with a decimal point."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from f5serve.text.spoken.zh_words import THOUSANDS

_DIGITS: Final = "零一二三四五六七八九"
_TELEPHONE_ONE: Final = "幺"
_SCALES: Final = ((8, "亿"), (4, "万"), (3, "千"), (2, "百"), (1, "十"))
_TWO_BEFORE: Final = "亿万千百"  # at the head of a number they follow 两
_MOST_DIGITS: Final = 16


def cardinal(digits: str, *, counted: bool = False) -> str:
    """Read a quantity.

    Args:
        digits: ASCII digits; more than sixteen are read one by one.
        counted: Whether a measure word follows, before which two alone is 两.
    """
    digits = digits.lstrip("0") or "0"
    if len(digits) > _MOST_DIGITS:
        return one_by_one(digits)
    if counted and digits == "2":
        return "两"
    read = _scaled(digits)
    if read.startswith("一十"):
        return read[1:]
    return "两" + read[1:] if read[0] == "二" and read[1:2] and read[1] in _TWO_BEFORE else read


def _scaled(digits: str) -> str:
    """Read digits without a zero at the head, scale by scale, a 零 for what is left out between."""
    for zeros, name in _SCALES:
        if len(digits) > zeros:
            head, tail = digits[:-zeros], digits[-zeros:]
            rest = tail.lstrip("0")
            gap = "零" if rest and len(rest) < zeros else ""
            return _scaled(head) + name + gap + (_scaled(rest) if rest else "")
    return _DIGITS[int(digits)]


def one_by_one(digits: str, *, telephone: bool = False) -> str:
    """Read digits as they stand, as in years, numbers of rooms and of telephones (1 is 幺 there)."""
    names = _DIGITS.replace("一", _TELEPHONE_ONE) if telephone else _DIGITS
    return "".join(names[int(digit)] for digit in digits)


def number(text: str, *, counted: bool = False) -> str:
    """Read a number with commas and a decimal point.

    Args:
        text: Digits, with commas between thousands and at most one point.
        counted: As for :func:`cardinal`.
    """
    whole, _, decimals = text.replace(",", "").partition(".")
    if not decimals:
        return cardinal(whole, counted=counted)
    return f"{cardinal(whole)}点{one_by_one(decimals)}"


def sixtieths(digits: str) -> str:
    """Read the minutes after an hour, and the seconds: 05 is 零五."""
    return ("零" if digits[0] == "0" and digits != "00" else "") + cardinal(digits)


def scaled(text: str, thousands: str) -> str:
    """Read a number with an English word for its thousands as Mandarin groups it: 1.5 million is 一百五十万.

    Args:
        text: As for :func:`number`.
        thousands: A key of ``zh_words.THOUSANDS``.
    """
    value = Decimal(text.replace(",", "")) * THOUSANDS[thousands]
    return number(f"{value:f}".rstrip("0").rstrip(".") if value % 1 else str(int(value)))
