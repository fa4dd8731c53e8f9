"""Short forms of everyday writing that languages share: Mon.-Fri., ~80 km, 2h 15m, 2008-09, 31/12, ½ l, 1,5 M.

They are steps of a ``Grammar``; a language brings their words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from f5serve.text.spoken import numbers
from f5serve.text.spoken.numbers import NUMBER, Date
from f5serve.text.spoken.patterns import any_of

if TYPE_CHECKING:
    from f5serve.text.spoken.grammar import Grammar

Step = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_ABOUT: Final = re.compile(r"(?<![\w~])[~∼] ?(?=[0-9])")
_HOURS_AND_MINUTES: Final = re.compile(r"(?<![\w.,])([0-9]{1,3} ?h ?)([0-5]?[0-9]) ?m(?![\w²³/])")
_MINUTES_AND_SECONDS: Final = re.compile(
    r"(?<![\w.,])([0-9]{1,3}) ?m (?=[0-5]?[0-9](?: ?s|sec)(?!\w))"
)
_SPACED_DEGREES: Final = re.compile(r"(?<=[0-9]) ?[°º˚] (?=[CF](?!\w))")
_SHORT_YEAR: Final = re.compile(r"(?<![\w.,'’])['’](?=[0-9]{2}(?![\w'’]|[.,][0-9]))")
_YEARS: Final = re.compile(
    r"(?<![\w.,/-])((?:1[5-9]|20)[0-9]{2})([-–/])([0-9]{2})(?![\w%°€$£/-]|[.,][0-9])"
)
_FRACTION: Final = r"([0-9]{1,2})[/⁄]([0-9]{1,2})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everyday:
    """Words of a language for short forms.

    Attributes:
        about: What ``~`` before a number is.
        weekdays: Names of the days by their short forms, without a stop and in lower case.
        until: Words between two days of the week, as in "lun. au ven.".
        before_day: Words after which ``31/12`` is a day of the year; none, and it is a fraction.
        numbered: Words whose number follows them, so that the next word is not what is counted.
        of: What joins a part and its unit ("un cuarto de litro"), with the space after it.
    """

    about: str
    weekdays: Mapping[str, str]
    until: str = ""
    before_day: str = ""
    numbered: frozenset[str] = field(default_factory=frozenset)
    of: str = ""


def steps(grammar: Grammar) -> tuple[Step, ...]:
    """What is read before the steps of the language itself."""
    words = grammar.everyday
    day = any_of(words.weekdays)
    until = rf"|\.\s(?:{words.until})\s(?=\w{{2,5}}\.)" if words.until else ""
    days = re.compile(rf"(?i)(?<!\w)({day})(\.?\s?[-–—]\s?{until})({day})(?!\w)(\.(?=,|\s[\w]))?")
    unit = any_of(grammar.units)
    part = re.compile(
        rf"(?<![\w/.,])(?:([0-9]{{1,4}}) )?(?:{_FRACTION}|([{''.join(numbers.VULGAR)}])) ?({unit})(?![\w²³/])"
    )
    found: list[Step] = [
        (_ABOUT, lambda _: f"{words.about} "),
        (_SPACED_DEGREES, lambda _: "°"),
        (_HOURS_AND_MINUTES, lambda match: f"{match[1]}{match[2]} min"),
        (_MINUTES_AND_SECONDS, lambda match: f"{match[1]} min "),
        (_SHORT_YEAR, lambda _: ""),
        (days, lambda match: _days(grammar, match)),
        (_YEARS, lambda match: _years(grammar, match)),
        (part, lambda match: _part(grammar, match)),
    ]
    if words.before_day:
        day_of_year = re.compile(
            rf"(?i)(\b(?:{words.before_day})\s?)(?<=[\s'’])([0-3]?[0-9])/([0-3]?[0-9])(?![\w/%-]|[.,][0-9])(?! d[ei'’])"
        )
        found.insert(0, (day_of_year, lambda match: _day(grammar, match)))
    return tuple(found)


def scale_step(grammar: Grammar) -> Step:
    """Millions and the like of things: read after all sums of money."""
    scales = [scale for scale in grammar.scales if len(scale) > 1]
    scale = any_of(scales)
    pattern = re.compile(
        rf"(?<![^\W\d])({NUMBER})(?:[ ]?({scale})(?![\w'’&²³/]|[- ]?[0-9])"
        rf"|(M)(?![\w'’&/-])|[ ](M)(?=\s(?:d['’]|[a-zà-ÿ])))"
    )

    def said(match: re.Match[str]) -> str:
        sign = match[2] or match[3] or match[4]
        number = grammar.parse(match[1])
        name = grammar.scale_of(number, sign)
        if sign == grammar.scales[sign]:  # a word already
            return match[0]
        return f"{grammar.number(number, noun=name)} {name}"

    return pattern, said


def _days(grammar: Grammar, found: re.Match[str]) -> str:
    first, last = (grammar.everyday.weekdays[found[at].lower()] for at in (1, 3))
    if first == last:
        return found[0]
    said = grammar.between_days(first, last, found[2].strip(". -–—"))
    return said[0].upper() + said[1:] if found[1][0].isupper() else said


def _years(grammar: Grammar, found: re.Match[str]) -> str:
    """2008-09 and 2023/24: the second year in full, unless it would not be later."""
    first, last = int(found[1]), int(found[1][:2] + found[3])
    if last <= first or (found[2] == "/" and last != first + 1):
        return found[0]
    if found[2] == "/":
        return f"{grammar.year(first)} {grammar.short(found[3])}"
    return f"{first}{found[2]}{last}"


def _part(grammar: Grammar, found: re.Match[str]) -> str:
    """A part of a unit: half a litre, three quarters of a kilogram, one and a half kilometres."""
    above, below = numbers.VULGAR[found[4]] if found[4] else (int(found[2]), int(found[3]))
    if not 0 < above < below <= 10:
        return found[0]
    noun, fraction = grammar.units[found[5]], grammar.said_fraction(above, below)
    if found[1]:
        return f"{grammar.mixed(int(found[1]), fraction)} {noun.many}"
    return grammar.part_of(fraction, noun, half=below == 2)


def _day(grammar: Grammar, found: re.Match[str]) -> str:
    first, second = int(found[2]), int(found[3])
    date = numbers.date(first, second, None, month_first=grammar.month_first)
    is_part = first < second < 5 and "0" not in found[2] + found[3]  # three quarters, rather
    if date is None or is_part or (first, second) == (24, 7):
        return found[0]
    if grammar.month_first and (first, second) == (9, 11):  # known by its numbers
        return f"{found[1]}{grammar.short(found[2])} {grammar.short(found[3])}"
    return found[1] + grammar.said_date(Date(date.day, date.month))
