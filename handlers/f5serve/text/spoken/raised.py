"""Digits that stand higher or in a ring: powers, marks of notes, small fractions, the numbers of a list.

For languages that read all of these in words; what is said is their modules' part.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SMALL: Final = "[⁰¹²³⁴-⁹]"
_BASE: Final = (
    "(?:(?<=[0-9)])|(?<=(?<![^\\W\\d_])[A-Za-zα-ω])|(?<=(?<![^\\W\\d_])[A-Za-z]{2})"
    "|(?<=(?![A-Za-z])[^\\W\\d_][A-Za-z]))"
)
POWER: Final = rf"{_BASE}(?:([⁺⁻])?({_SMALL}{{1,9}})|\^\(?([-−+])?([0-9]{{1,9}})\)?)"
"""An exponent: after a number, a bracket, or a letter or two, which no word is."""

NOTE: Final = rf"[⁺⁻]?{_SMALL}+"
"""What else is raised is the mark of a note, which nobody reads."""

SMALL_FRACTION: Final = rf"({_SMALL}{{1,4}})[⁄/]([₀-₉0-9]{{1,4}})"
RINGED: Final = r"[①-⒛]\s?"


def exponent(found: re.Match[str]) -> tuple[bool, str]:
    """Whether an exponent is negative, and its digits."""
    sign, digits = (found[1], found[2]) if found[2] else (found[3], found[4])
    return sign in ("⁻", "-", "−"), _plain(digits)


def small_fraction(found: re.Match[str]) -> str:
    """Write a fraction in ordinary digits, apart from the whole number before it."""
    apart = found.string[found.start() - 1 : found.start()].isdecimal()
    return " " * apart + f"{_plain(found[1])}/{_plain(found[2])}"


def ringed(found: re.Match[str]) -> str:
    """The number of ①, ⑴ or ⒈ in digits."""
    return str(int(unicodedata.numeric(found[0][0])))


def _plain(digits: str) -> str:
    return unicodedata.normalize("NFKC", digits)
