"""Numbers in Hindi: quantities in lakh and crore, decimals, years, ordinals, digit by digit."""

from __future__ import annotations

from typing import Final

from f5serve.text.spoken.hi_words import ORDINALS

_POINT: Final = "दशमलव"
_MOST_DIGITS: Final = 15
# From a crore on, scale by scale: the library counts to 99 crore only.
_SCALES: Final = ((11, "खरब"), (9, "अरब"), (7, "करोड़"))
_HALF: Final = 2  # quarters
_SHORT: Final = 2  # digits
_HUNDREDS_FROM, _HUNDREDS_BELOW = 1100, 2000


def cardinal(digits: str) -> str:
    """Read a quantity of ASCII digits; more than fifteen are read one by one."""
    digits = digits.lstrip("0") or "0"
    if len(digits) > _MOST_DIGITS:
        return one_by_one(digits)
    for zeros, scale in _SCALES:
        if len(digits) > zeros:
            rest = digits[-zeros:].lstrip("0")
            return f"{cardinal(digits[:-zeros])} {scale}" + (f" {cardinal(rest)}" if rest else "")
    return _below_a_crore(digits)


def _below_a_crore(digits: str) -> str:
    from indic_numtowords import num2words

    # The spelling of six that today's norm asks for has no visarga.
    return str(num2words(int(digits), lang="hi")).replace("छः", "छह")


def one_by_one(digits: str) -> str:
    """Read digits as they stand, as in telephone numbers."""
    return " ".join(_below_a_crore(digit) for digit in digits)


def number(text: str) -> str:
    """Read a number with commas, in either grouping, and a decimal point."""
    whole, _, decimals = text.replace(",", "").partition(".")
    return f"{cardinal(whole)} {_POINT} {one_by_one(decimals)}" if decimals else cardinal(whole)


def year(digits: str) -> str:
    """Read a year: 1947 is nineteen hundred forty-seven, 2024 two thousand twenty-four."""
    if not _HUNDREDS_FROM <= int(digits) < _HUNDREDS_BELOW:
        return cardinal(digits)
    rest = digits[2:].lstrip("0")
    return f"{cardinal(digits[:2])} सौ" + (f" {cardinal(rest)}" if rest else "")


def ordinal(digits: str, ending: str) -> str:
    """Read an ordinal.

    Args:
        digits: The number.
        ending: What is written after it: वाँ, वीं, वें or their like, or ला, रा, था, ठा.
    """
    vowel = "ी" if "ी" in ending else "े" if "े" in ending else "ा"
    stem = ORDINALS.get(digits.lstrip("0"))
    if stem is not None:
        return stem + vowel
    return f"{cardinal(digits)}व{vowel}" + ("ँ" if vowel == "ा" else "ं")


def quarters(whole: int, count: int) -> str:
    """Read a number with one, two or three quarters more: सवा, साढ़े, पौने, and डेढ़ and ढाई.

    Args:
        whole: The whole number.
        count: How many quarters: 1, 2 or 3.
    """
    if count == _HALF:
        known = {0: "आधा", 1: "डेढ़", 2: "ढाई"}.get(whole)
        return known or f"साढ़े {cardinal(str(whole))}"
    if count == 1:
        return {0: "एक चौथाई", 1: "सवा"}.get(whole) or f"सवा {cardinal(str(whole))}"
    return {0: "तीन चौथाई"}.get(whole) or f"पौने {cardinal(str(whole + 1))}"


def since(first: str, last: str) -> str:
    """Read the years from one to another; the second may be short: 1939-45."""
    return f"{year(first)} से {year(last) if len(last) > _SHORT else cardinal(last)}"
