"""Times of day in Hindi: with their part of the day, and the quarters that have words of their own."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from f5serve.text.spoken.hi_numbers import cardinal, quarters

_PARTS: Final = tuple(unicodedata.normalize("NFC", "सुबह दोपहर शाम रात सवेरे तड़के प्रातः").split())
_PART_CONTEXT: Final = 12  # characters before a time in which a part of the day is looked for
_QUARTERS: Final = {15: 1, 30: 2, 45: 3}
_HALF: Final = r"[aApP]\.?\s?[mM]\b\.?"
_HOUR: Final = "(?P<hour>1[0-2]|0?[1-9])"


def _time(found: re.Match[str]) -> str:
    hour, minute, second = int(found["hour"]), int(found["minute"]), found["second"]
    if hour > 24:
        return found[0]
    part = _part_of_day(found, hour)
    if found["oclock"] and not second and minute in _QUARTERS and 1 <= hour <= 12:
        return f"{part}{quarters(hour, _QUARTERS[minute])} बजे"
    read = part + cardinal(found["hour"])
    if not minute and not second:
        return f"{read} बजे"
    read += f" बजकर {cardinal(found['minute'])} मिनट"
    return read + (f" {cardinal(second)} सेकंड" if second else "")


def _hour(found: re.Match[str]) -> str:
    return f"{_part_of_day(found, int(found['hour']))}{cardinal(found['hour'])} बजे"


def _part_of_day(found: re.Match[str], hour: int) -> str:
    """What Hindi says for a.m. and p.m., unless the text says it already."""
    half = found["half"]
    before = found.string[max(0, found.start() - _PART_CONTEXT) : found.start()]
    if half is None or before.rstrip().endswith(_PARTS):
        return ""
    if half[0] in "aA":
        return "रात " if hour == 12 else "सुबह "
    if hour == 12 or hour < 4:
        return "दोपहर "
    return "शाम " if hour < 8 else "रात "


TIMES: Final = (
    (
        r"(?:(?<=[0-9])|(?<=[0-9][aApP][mM])|(?<=[0-9] [aApP][mM])|(?<=बजे)) ?[-‐‑–—−~] ?"
        r"(?=[0-9]{1,2}(?::[0-5][0-9]| ?[aApP]\.?[mM]\b))",
        " से ",
    ),
    (
        r"(?<![A-Za-z0-9.,:/])(?P<hour>[0-9]{1,2}):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?"
        rf"(?:\s?(?P<half>{_HALF}))?(?P<oclock>\s?बजे)?(?![0-9:/]|[.,][0-9])",
        _time,
    ),
    (
        rf"(?<![A-Za-z0-9.,:/]){_HOUR}\.(?P<minute>[0-5][0-9])(?P<second>)(?:\s?(?P<half>{_HALF}))?"
        r"(?P<oclock>\s?बजे)",
        _time,
    ),
    (
        rf"(?<![A-Za-z0-9.,:/]){_HOUR}\.(?P<minute>[0-5][0-9])(?P<second>)\s?(?P<half>{_HALF})(?P<oclock>)",
        _time,
    ),
    (rf"(?<![A-Za-z0-9.,:/-]){_HOUR}\s?(?P<half>{_HALF})(?:\s?बजे)?", _hour),
)
"""Rules for :mod:`hi`, in their order: patterns, and what writes them."""
