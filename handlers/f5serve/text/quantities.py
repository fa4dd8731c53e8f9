"""Which spaces stand within a quantity or right before one: ``$5 million``, ``15 January 2024``, ``Henry VIII``.

Cut there, a number is read without what it counts. What tells is where digits stand, in every language
alike; words are asked for only where both neighbours of a space are words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Letters of scripts written without spaces: what follows a number among them is no part of its token.
_UNSPACED = "\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LETTER = r"[^\W\d_]"
_SCALES = (
    "hundred thousand million billion trillion millions billions mn bn"
    " mille million millions milliard milliards billion"  # French
    " mil millón millones mila milione milioni miliardo miliardi mln mld"  # Spanish, Italian
    " tuhat tuhatta miljoona miljoonaa miljardi miljardia milj mrd"  # Finnish
    " тысяча тысячи тысяч миллион миллиона миллионов миллиард миллиарда миллиардов тыс млн млрд"  # Russian
    " सौ हज़ार हजार लाख करोड़ अरब"  # Hindi
)
_SCALE = f"(?:{'|'.join(sorted(set(_SCALES.split()), key=len, reverse=True))})"
_ROMAN = r"(?:(?=[IVXLCDM]{2})M{0,3}(?:C[MD]|D?C{0,3})(?:X[CL]|L?X{0,3})(?:I[XV]|V?I{0,3})|[VX])"
_DAY = r"(?<![\w.,])\d{1,2}[^\s\d]{0,3}"
_MONTH = rf"{_LETTER}[^\s\d,;:!?।]{{1,15}}"

# Possessive repetition and bounds: each match costs no more than its length.
_AFTER_NUMBER = re.compile(rf"\d[^\s\d{_UNSPACED}]*+\s++")
_AFTER_SCALE = re.compile(rf"(?<=\s){_SCALE}\.?\s++", re.IGNORECASE)
_BEFORE_SCALE = re.compile(rf"(?<!\s)\s++(?={_SCALE}(?!\w))", re.IGNORECASE)
_BEFORE_ROMAN = re.compile(rf"(?<=\w)\s++(?={_ROMAN}(?!\w))")
_AFTER_SIGN = re.compile(r"(?:(?<!\S)[$€£¥₹₽+±~≈<>≤≥=]|[№§#°º])\s++(?=\d)")
_AFTER_UNIT = re.compile(rf"(?<=\d\s){_LETTER}\s++(?=\d)")  # 15 h 30
_BEFORE_NUMBER = re.compile(r"(?<!\s)\s++(?=(?:[A-Z]{1,3}(?=\$))?[^\w\s]{0,3}\d)")
# Where a comma or a dash would be a border, were it not within a quantity.
_DATE = re.compile(rf"{_DAY} (?:(?:de|of) )?{_MONTH} (?:del? )?\d{{4}}(?!\d)")
_MONTH_AND_YEAR = re.compile(rf"(?<![^\W\d]){_MONTH} (?:del? )\d{{4}}(?!\d)")
_AMERICAN_DATE = re.compile(rf"(?<=\w) {_DAY}, \d{{4}}(?!\d)")
_RANGE = re.compile(r"\d[^\s\d]{0,3}\s[-–]\s(?=[^\w\s]{0,3}\d)")
_SPACE = re.compile(r"\s+")


def within_quantities(text: str) -> Iterator[int]:
    """Where spaces end that part a number from its unit, scale or month, in any order.

    Only ordinary spaces: a mark that ends something before one of them ends it still.
    """
    for pattern in (
        _AFTER_NUMBER,
        _AFTER_SCALE,
        _BEFORE_SCALE,
        _BEFORE_ROMAN,
        _AFTER_SIGN,
        _AFTER_UNIT,
    ):
        yield from (match.end() for match in pattern.finditer(text))


def within_dates_and_ranges(text: str) -> Iterator[int]:
    """The same for ``January 15, 2024`` and ``5 – 10``, whose marks end nothing."""
    for pattern in (_DATE, _MONTH_AND_YEAR, _AMERICAN_DATE, _RANGE):
        for match in pattern.finditer(text):
            yield from (space.end() for space in _SPACE.finditer(text, *match.span()))


def before_numbers(text: str) -> Iterator[int]:
    """Where spaces before numbers end: what stands there is often the number's (``page 5``, ``klo 15.30``)."""
    return (match.end() for match in _BEFORE_NUMBER.finditer(text))
