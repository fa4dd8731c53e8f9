"""English, read out: "nineteen eighty-four", "twelve dollars and fifty cents", "the sixth of December"."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from f5serve.text.spoken import en_decades
from f5serve.text.spoken.en_words import (
    ABBREVIATIONS,
    AROUND_ROMANS,
    CURRENCIES,
    EVERYDAY,
    FRACTIONS,
    IN_SHORT,
    LETTERS,
    MONARCHS,
    MONTHS,
    NO_NOUN,
    NUMBERED,
    SCALES,
    SHORT_MONTHS,
    SIGNS,
    TENS,
    UNITS,
)
from f5serve.text.spoken.grammar import Grammar
from f5serve.text.spoken.nouns import Noun
from f5serve.text.spoken.numbers import NUMBER, Date, Numeral
from f5serve.text.spoken.patterns import any_of

_MONTH: Final = "|".join([*MONTHS, *(f"{short}(?:\\.|(?![a-z]))" for short in SHORT_MONTHS)])
_ORDINAL_END: Final = "(?:st|nd|rd|th)?"
_DAY_MONTH: Final = re.compile(
    rf"(?<![\w.,/-])(?P<the>[Tt]he )?(?P<day>[0-3]?[0-9]){_ORDINAL_END}(?P<of> of)? (?P<month>{_MONTH})"
    r"(?P<year>,? [12][0-9]{3}(?![\w]|[.,][0-9]))?"
)
_MONTH_DAY: Final = re.compile(
    rf"(?<!\w)(?P<month>{_MONTH}) (?P<day>[0-3]?[0-9]){_ORDINAL_END}(?![\w:]|[.,][0-9])"
    r"(?P<year>,? [12][0-9]{3}(?![\w]|[.,][0-9]))?"
)
_ORDINAL: Final = re.compile(rf"({NUMBER})(?:st|nd|rd|th)(?!\w)")
_DECADE: Final = re.compile(
    r"(?<![\w.,'’])(?:['’]([0-9])0|([1-9][0-9]{0,2})([0-9]0))['’]?s(?!\w)|['’]([0-9]0)s(?!\w)"
)
_DECADES: Final = re.compile(r"(?<=[0-9]0s)\s?[-–—]\s?(?=['’]?(?:[12][0-9])?[0-9]0s(?!\w))")
_ROUNDLY: Final = re.compile(r"(?<![\w.])(1(?:,?0){1,3})s(?= of (?!(?:all)?\d))")
_ROUND: Final = {"10": "tens", "100": "hundreds", "1000": "thousands"}
_HALF_DAY: Final = re.compile(
    r"(?<![\w:.,])(1[0-2]|0?[1-9])(?:[:.]([0-5][0-9]))?\s?([AaPp])"
    r"(?:\.\s?[Mm]\.(?!\s?\Z|\s[A-Z](?![A-Z]{1,3}\b))|\.?[Mm](?!\w))"
)
_HEIGHT: Final = re.compile(r"(?<![\w.])([1-9])['’′] ?(1[01]|[0-9])(?:\"|”|″|'')")
_WEEKDAY: Final = re.compile(r"(?<![\w.])(Mon|Tues?|Wed|Thu(?:rs?)?|Fri)\.(?=,| [\w])")
_INCHES: Final = re.compile(
    r"(?<=[0-9]) ?in(?=\.? (?:tall|wide|long|high|deep|thick|by|x)\b)|(?<=ft [0-9])(?: ?in)\b|(?<=ft 1[01])(?: ?in)\b"
)
_LENGTH: Final = re.compile(r"(?<=[0-9])([′″])(?! ?[0-9])")
_STREET: Final = re.compile(r"(?! ?[A-Z])")  # Baker St., while a saint's name follows
_ARTICLE: Final = re.compile(r"(?i)\b(?:an?|the) \Z")
_NOUN_FOLLOWS: Final = re.compile(
    r" (?!(?:of|in|to|and|or|is|was|from|at|on|for|per|by|with|that|which)\b)[a-z]{2}"
)
_FROM_HALF_DAY: Final = re.compile(
    r"(?<![\w:.,/-])((?:1[0-2]|0?[1-9])(?:[:.][0-5][0-9])?(?: ?[AaPp]\.?[Mm]\.?)?)\s?[-–—]\s?"
    r"(?=[0-9]{1,2}(?:[:.][0-9]{2})?\s?[AaPp]\.?[Mm](?!\w)|(?<=[Mm][-–—])(?:noon|midnight))"
)
_MINUTES: Final = re.compile(r"(?<=[0-9])\.(?=[0-9])")
_HOURS_OF_DAYS: Final = re.compile(
    r"(?<!\w)((?:(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\.?|[A-Z][a-z]{2,6}days?|[Dd]aily|[Ww]eekdays|[Ww]eekends)"
    r"[,:]? "
    r"(?:1[0-2]|[1-9])(?::[0-5][0-9])?)[-–](?=(?:1[0-2]|[1-9])(?::[0-5][0-9])?(?![\w:-]|[.,][0-9]))"
)
_NINE_TO_FIVE: Final = re.compile(r"(?<![\w.,-])9[-–](?=5 (?:job|grind|work|life|schedule)\b)")
_TAKEN_AWAY: Final = re.compile(r"(?<=[0-9])[-−–](?=[0-9]{1,9}+\s?=)")
_NO_WHOLE: Final = re.compile(r"(?<![\w.,)])([$£€]?)\.([0-9]{1,9}+)(?![\w.]*[0-9])")
_UNIT_FOLLOWS: Final = re.compile(r"\s?([A-Za-z°²³/]{1,4})(?![\w/])|[%°]")
_SHARP: Final = re.compile(r"(?<![\w])([A-G])#(?![\w#])")
_ATTACKS: Final = re.compile(r"(?<![\w/])9/11(?![\w/])")
_PENCE: Final = re.compile(r"(?<![\w.,$€])([1-9][0-9]?)p(?!\w)")
_DAYS_OF_MONTH: Final = re.compile(
    rf"(?<!\w)(?P<month>{_MONTH}) (?P<first>[0-3]?[0-9]){_ORDINAL_END}\s?[-–]\s?"
    rf"(?P<last>[0-3]?[0-9]){_ORDINAL_END}(?![\w:-]|[.,][0-9])"
)
_DAYS_BEFORE_MONTH: Final = re.compile(
    rf"(?<![\w.,/-])([0-3]?[0-9]){_ORDINAL_END}\s?[-–]\s?(?=[0-3]?[0-9]{_ORDINAL_END} (?:{_MONTH}))"
)
_MONTH_IN_SHORT: Final = re.compile(
    r"(?<![\w.])(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?(?=,? [12][0-9]{3}(?!\w)|[-–][A-Z])"
)
_IN_SHORT: Final = re.compile(rf"(?i)(?<![\w.])(?:{any_of(IN_SHORT)}) ?(?=[0-9])")
_TO_ANOTHER: Final = re.compile(r"[0-9]{1,5}\s?[-–]\s?[0-9]")
_DIALLED: Final = re.compile(r"(?i)(\b(?:call|dial|text|room) )([0-9]{3})(?![\w]|[ .,:/-][0-9])")
_NUMBERED: Final = re.compile(
    r"(?<!\w)(?:Nos?\.|[Nn]r\.|№|#|no\.(?= [0-9]{1,5}[.,;:)])) ?(?=[0-9])"
)
_EVERY_HOUR: Final = re.compile(r"(?<![\w/])24/7(?![\w/])")


class English(Grammar):
    """English: American order of dates in digits, British "and" in numbers."""

    decimal = "."
    group = ","
    month_first = True
    months = MONTHS
    point = "point"
    minus, plus = "minus", "plus"
    percent, permille = "percent", "per mille"
    number_sign, version, over, per = "number", "version", "over", "per"
    power, out_of = "to the power of", "out of"
    around_romans = AROUND_ROMANS
    dot = "dot"  # of an address of the internet
    units = UNITS
    currencies = CURRENCIES
    scales = SCALES
    signs = SIGNS
    abbreviations = ABBREVIATIONS
    letters = LETTERS
    everyday = EVERYDAY

    def cardinal(self, number: int, *, feminine: bool = False, noun: str = "") -> str:
        from num2words import num2words

        del feminine, noun
        return str(num2words(number, lang="en")).replace(",", "")

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        from num2words import num2words

        del feminine
        return str(num2words(number, lang="en", to="ordinal")).replace(",", "")

    def decimals(self, digits: str) -> str:
        return self.by_digits(digits)

    def year(self, number: int) -> str:
        century, rest = divmod(number, 100)
        if not 1100 <= number <= 2999 or 2000 <= number < 2010:
            return self.cardinal(number)
        if rest == 0:
            return f"{self.cardinal(century)} hundred" if century % 10 else self.cardinal(number)
        spoken = self.cardinal(rest) if rest >= 10 else f"oh {self.cardinal(rest)}"
        return f"{self.cardinal(century)} {spoken}"

    def four_digits(self, number: int, after: str) -> str:
        """A year, unless things are counted: 1250 people is no date, but said alike."""
        counts = after.islower() and after.endswith("s") and after not in NO_NOUN
        return self.cardinal(number) if counts else self.year(number)

    def said_date(self, date: Date) -> str:
        said = f"{MONTHS[date.month - 1]} {self.ordinal(date.day)}"
        return said if date.year is None else f"{said}, {self.year(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        if second is not None:
            return f"{self._clock_part(hour, minute)} and {self.counted(Numeral(str(second)), UNITS['s'])}"
        return self._clock_part(hour, minute)

    def _clock_part(self, hour: int, minute: int) -> str:
        said = self.cardinal(hour)
        if minute == 0:
            return f"{said} o'clock" if hour <= 12 else f"{said} hundred hours"
        return f"{said} {self._minutes(minute)}"

    def _minutes(self, minute: int) -> str:
        return self.cardinal(minute) if minute >= 10 else f"oh {self.cardinal(minute)}"

    def said_fraction(self, above: int, below: int) -> str:
        one, many = FRACTIONS.get(below, (self.ordinal(below), f"{self.ordinal(below)}s"))
        return f"{self.cardinal(above)} {one if above == 1 else many}"

    def mixed(self, whole: int, fraction: str) -> str:
        return f"{self.cardinal(whole)} and {fraction.replace('one half', 'a half')}"

    def between(self, first: str, last: str, *, rising: bool) -> str:
        if rising:
            return f"{first} to {last}"
        return f"{self.number(self.parse(first))} {last}"  # in words: 112 108 would be one number

    def said_sum(self, whole: str, cents: Numeral, cent: Noun) -> str:
        return f"{whole} and {self.counted(cents, cent)}"

    def _abbreviated(self, found: re.Match[str]) -> str:
        if found[0] == "St." and _STREET.match(found.string, found.end()):
            return "Street"
        return super()._abbreviated(found)

    def _measured(self, found: re.Match[str]) -> str:
        """A unit in the singular where a noun follows that it describes: a 10 km run, a five-litre can."""
        describes = _ARTICLE.search(found.string, max(0, found.start() - 4), found.start())
        if describes and _NOUN_FOLLOWS.match(found.string, found.end()) and not found["per"]:
            return f"{self.number(self.parse(found['amount']))} {self.units[found['unit']].one}"
        return super()._measured(found)

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        if before in NUMBERED or (number > 1 and before.capitalize() in NUMBERED):
            return self.cardinal(number)
        if after.lower() in {"century", "centuries"}:
            return self.ordinal(number)
        if number > 39 or (number in (1, 5, 10) and not _is_monarch(before)):
            return None
        if before.istitle() and (
            _is_monarch(before) or after.lower() in {"of", "was", "and", "died"}
        ):
            return f"the {self.ordinal(number)}"
        return self.cardinal(number)

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_NUMBERED, lambda _: "number "),
            (_IN_SHORT, _in_short),
            (_MONTH_IN_SHORT, lambda found: SHORT_MONTHS[found[1]]),
            (_DAYS_OF_MONTH, self._days_of_month),
            (_DAYS_BEFORE_MONTH, lambda found: f"the {self.ordinal(int(found[1]))} to the "),
            (_DAY_MONTH, self._day_month),
            (_MONTH_DAY, self._month_day),
            (_FROM_HALF_DAY, lambda found: f"{_MINUTES.sub(':', found[1])} to "),
            (_HOURS_OF_DAYS, lambda found: f"{found[1]} to "),
            (_NINE_TO_FIVE, lambda _: "9 to "),
            (_TAKEN_AWAY, lambda _: " minus "),
            (_NO_WHOLE, self._no_whole),
            (_LENGTH, lambda found: " feet" if found[1] == "′" else " inches"),
            (_HALF_DAY, self._half_day),
            (_WEEKDAY, lambda found: EVERYDAY.weekdays[found[1].lower()]),
            (_INCHES, lambda _: " inches"),
            (_HEIGHT, lambda found: f"{found[1]} foot {found[2]}"),
            (_DIALLED, lambda found: found[1] + self.by_digits(found[2])),
            (_EVERY_HOUR, lambda _: "twenty-four seven"),
            (_SHARP, lambda found: f"{found[1]} sharp"),
            (_ATTACKS, lambda _: "nine eleven"),
            (
                _PENCE,
                lambda found: self.counted(Numeral(found[1]), CURRENCIES["£"].cent or UNITS["s"]),
            ),
            (_ROUNDLY, lambda found: _ROUND.get(found[1].replace(",", ""), found[0])),
            (_DECADES, lambda _: " to "),
            (_DECADE, self._decade),
            (en_decades.SHORT, en_decades.short),
            (
                _ORDINAL,
                lambda found: (
                    self.ordinal(self.parse(found[1]).value) if len(found[1]) < 15 else found[0]
                ),
            ),
        )

    def _day_month(self, found: re.Match[str]) -> str:
        day = int(found["day"])
        if not 1 <= day <= 31:
            return found[0]
        the = found["the"] or "the "
        return (
            f"{the}{self.ordinal(day)} of {_month(found['month'])}{self._after_date(found['year'])}"
        )

    def _month_day(self, found: re.Match[str]) -> str:
        day = int(found["day"])
        if not 1 <= day <= 31:
            return found[0]
        return f"{_month(found['month'])} {self.ordinal(day)}{self._after_date(found['year'])}"

    def _days_of_month(self, found: re.Match[str]) -> str:
        first, last = (self.ordinal(int(found[name])) for name in ("first", "last"))
        return f"{_month(found['month'])} {first} to {last}"

    def _no_whole(self, found: re.Match[str]) -> str:
        """.5 is "point five", but a half of what is counted: .5 km, $.50."""
        text, (start, end) = found.string, found.span()
        unit = _UNIT_FOLLOWS.match(text, end)
        counts = unit is not None and (unit[1] is None or unit[1] in UNITS)
        if found[1] or counts or text[max(0, start - 1) : start] in {"-", "−", "–"}:
            return f"{found[1]}0.{found[2]}"
        return f"point {self.by_digits(found[2])}"

    def _after_date(self, year: str | None) -> str:
        return f", {self.year(int(year.lstrip(', ')))}" if year else ""

    def _half_day(self, found: re.Match[str]) -> str:
        half = "ay em" if found[3] in "Aa" else "pee em"
        minutes = f" {self._minutes(int(found[2]))}" if found[2] and int(found[2]) else ""
        return f"{self.cardinal(int(found[1]))}{minutes} {half}"

    def _decade(self, found: re.Match[str]) -> str:
        tens = found[1] or (found[3] or found[4])[0]
        name = TENS[int(tens)]
        if found[2] is None:
            return name or found[0]
        century = int(found[2])
        if not name:
            return (
                f"{self.cardinal(century)} hundreds"
                if century % 10
                else f"{self.cardinal(century * 100)}s"
            )
        return f"{self.cardinal(century)} {name}"


def _in_short(found: re.Match[str]) -> str:
    short = found[0].rstrip()
    many = short.lower() == "p." and _TO_ANOTHER.match(found.string, found.end())
    said = "pages" if many else IN_SHORT[short.lower()]
    return f"{said.capitalize() if short[0].isupper() else said} "


def _is_monarch(name: str) -> bool:
    return name in MONARCHS


def _month(name: str) -> str:
    return SHORT_MONTHS.get(name.rstrip("."), name)


@cache
def _grammar() -> English:
    return English()


def read_out(text: str) -> str:
    """Write a text as it is read aloud (see :mod:`f5serve.text.spoken`)."""
    return _grammar().read_out(text)


def load() -> None:
    """Make ready what reading needs."""
    _grammar().cardinal(0)
