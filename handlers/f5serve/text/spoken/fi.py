"""Finnish, read out: "kuudes joulukuuta", "viiden prosentin", "kello viisitoista kolmekymmentä"."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import ClassVar, Final

from f5serve.text.spoken import numbers
from f5serve.text.spoken.fi_words import (
    ABBREVIATIONS,
    CURRENCIES,
    ENDINGS,
    EVERYDAY,
    FRACTIONS,
    LETTERS,
    MONTHS,
    NOT_INFLECTED,
    ORDINAL_ENDINGS,
    PARTITIVES,
    PERCENT,
    SCALES,
    SIGNS,
    STEMS,
    UNITS,
    WORD_ENDINGS,
    a_or_umlaut,
)
from f5serve.text.spoken.grammar import Grammar
from f5serve.text.spoken.nouns import Noun
from f5serve.text.spoken.numbers import NUMBER, Date, Numeral
from f5serve.text.spoken.patterns import DASH

_DAY_AND_MONTH: Final = re.compile(
    r"(?<![\w./-])(?<!klo )(?<!ello )([0-3]?[0-9])\.(1[0-2]|0?[1-9])\.(?![0-9])"
)
_ORDINALS: Final = re.compile(
    rf"(?<![\w.,:/-])([0-9]{{1,3}})\.\s?{DASH}\s?(?=[0-9]{{1,3}}\. ([a-zåäö]{{1,40}}))"
    rf"(?!.{{3,6}}(?:{'|'.join(MONTHS)}))"
)
_DAYS_OF_MONTH: Final = re.compile(
    rf"(?<![\w.,/-])([0-3]?[0-9])\.\s?{DASH}\s?([0-3]?[0-9])\.(1[0-2]|0?[1-9])\.([12][0-9]{{3}}(?![0-9]))?(?![0-9])"
)
_TO_DAY: Final = re.compile(
    rf"(?<=[0-9]\.)\s?{DASH}\s?(?=[0-3]?[0-9]\.(?:1[0-2]|0?[1-9])\.(?:[12][0-9]{{3}})?(?![0-9]))"
)
_OPEN: Final = re.compile(
    rf"(?<![\w.,/-])([01]?[0-9]|2[0-4])\.([0-5][0-9])\s?{DASH}\s?([01]?[0-9]|2[0-4])\.([0-5][0-9])"
    r"(?![\w:%]|[.,-][0-9]|\s?(?:[€%$£°]|eur|milj|mrd|km|kg|cm|mm|[mgl](?!\w)))"
)
_PARAGRAPH: Final = re.compile(r"(?<![\w.,])([0-9]{1,4}) ?§(?![:\w])")
_EVERY_HOUR: Final = re.compile(r"(?<![\w/])24/7(?![\w/])")
_DAYS: Final = re.compile(
    rf"(?<![\w.,/-])([0-3]?[0-9])\.\s?{DASH}\s?([0-3]?[0-9])\.(?=\s(?:{'|'.join(MONTHS)}))"
)
_CLOCK: Final = re.compile(
    r"(?<!\w)(?:(?P<named>[Kk](?:lo|ello)(?:sta)?) (?P<hour>[01]?[0-9]|2[0-4])(?:[.:](?P<minute>[0-5][0-9]))?"
    r"(?![\w:]|[.,][0-9])"
    r"|(?<![.,-])(?P<hours>[01][0-9]|2[0-3])\.(?P<minutes>[0-5][0-9])"
    r"(?![\w:%-]|[.,][0-9]| ?(?:[€%$£]|euro|km|kg|m|g|l|cm|mm)(?!\w)| euroa))"
)
_HOURS: Final = re.compile(
    rf"(?<!\w)([Kk](?:lo|ello)) ([01]?[0-9]|2[0-4])(?:[.:]([0-5][0-9]))?\s?{DASH}\s?"
    r"([01]?[0-9]|2[0-4])(?:[.:]([0-5][0-9]))?(?![\w:]|[.,][0-9])"
)
_ORDINAL: Final = re.compile(r"(?<![\w.,:/-])([0-9]{1,4})\.(?= ([^\W\d_A-ZÅÄÖ]{1,40}))")
_INFLECTED: Final = re.compile(rf"({NUMBER}):([a-zäö]{{1,8}})(?!\w)")
_INFLECTED_UNIT: Final = re.compile(
    rf"(?P<minus>(?<![\w.,)-])[-−–])?(?P<amount>{NUMBER}) ?"
    r"(?P<sign>°[CF]?|[%€$£]|[a-zA-Z]{1,4}):(?P<ending>[a-zäö]{1,5})(?!\w)"
)
_ROMAN_INFLECTED: Final = re.compile(r"(?<![\w.-])([IVX]{1,6}):([a-zäö]{1,8})(?!\w)")
_COMPOUND: Final = re.compile(r"(?<![\w.,-])([0-9]{1,9})-(?=[^\W\d_]{2})")
_AFTER_RANGE: Final = re.compile(
    r"\s?(?:[.,;:!?)]|\Z)|\s(?:ja|tai|eli|sekä)\s"
)  # no noun that is counted
_NUMBERED: Final = re.compile(r"(?<!\w)(?:[nN]ro\.?|[nN]:o|[nN]r\.?|[nN]o\.|№|#) ?(?=[0-9])")
_PAGES: Final = re.compile(r"(?<!\w)ss?\. ?(?=([0-9]{1,5}\s?[-–]\s?[0-9])|[0-9])")
_IN_YEAR: Final = re.compile(r"(?<!\w)v\. ?(?=[12][0-9]{3}(?![0-9]))")
_JOINED_ENDING: Final = re.compile(
    rf"(?<=[a-zäö]{{2}}):(?=(?:{'|'.join(ENDINGS)})(?!\w))"
)  # Oy:n, of an abbreviation that is read
_YEARS: Final = re.compile(r"(?<=[0-9]) ?v\.(?!\w)")


class Finnish(Grammar):
    """Finnish; cases are read from what is written after a colon, or from the word that follows."""

    months = MONTHS
    point = "pilkku"
    minus, plus = "miinus", "plus"
    percent, permille = "prosenttia", "promillea"
    number_sign, version, over, per = "numero", "versio", "kautta", "per"
    power = "potenssiin"
    around_romans = frozenset(
        {"luku", "osa", "luvut", "osat", "luvussa", "osassa", "luvuissa", "osissa"}
    )
    one_scales: ClassVar = {"miljoonaa": "miljoona", "miljardia": "miljardi", "tuhatta": "tuhat"}
    units = UNITS
    currencies = CURRENCIES
    scales = SCALES
    signs = SIGNS
    abbreviations = ABBREVIATIONS
    letters = LETTERS
    everyday = EVERYDAY

    def cardinal(self, number: int, *, feminine: bool = False, noun: str = "") -> str:
        del feminine, noun
        return self.in_case(number, "nominative")

    def in_case(self, number: int, case: str) -> str:
        """A whole number in a case, named as grammars name it."""
        from num2words import num2words

        return str(num2words(number, lang="fi", case=case))

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        del feminine
        return self.ordinal_in_case(number, "nominative")

    def ordinal_in_case(self, number: int, case: str) -> str:
        """A place in an order, in a case."""
        from num2words import num2words

        return str(num2words(number, lang="fi", to="ordinal", case=case))

    def bare(self, number: int, after: str) -> str:
        """Before a noun in a case that numbers share with it: viidessä talossa, kahdelle hengelle."""
        case = _case_of(after) if number < 1000 and after.islower() else "nominative"
        return self.in_case(number, case)

    def four_digits(self, number: int, after: str) -> str:
        del after  # mostly a year, which stays as it is
        return self.cardinal(number)

    def said_date(self, date: Date) -> str:
        said = f"{self.ordinal(date.day)} {MONTHS[date.month - 1]}"
        return said if date.year is None else f"{said} {self.cardinal(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        said = self.cardinal(hour)
        if second is not None:
            parts = zip((hour, minute, second), ("h", "min", "s"), strict=True)
            return " ".join(self.counted(Numeral(str(value)), UNITS[unit]) for value, unit in parts)
        if minute == 0:
            return said
        return (
            f"{said} {self.cardinal(minute)}"
            if minute >= 10
            else f"{said} nolla {self.cardinal(minute)}"
        )

    def said_fraction(self, above: int, below: int) -> str:
        ordinal = self.ordinal(below)
        one, many = FRACTIONS.get(below, (f"{ordinal}osa", f"{ordinal}osaa"))
        return (
            one
            if below == 2 and above == 1
            else f"{self.cardinal(above)} {one if above == 1 else many}"
        )

    def mixed(self, whole: int, fraction: str) -> str:
        if fraction == "puoli":
            return f"{self.cardinal(whole)} ja puoli"
        return f"{self.cardinal(whole)} ja {fraction}"

    def between(self, first: str, last: str, *, rising: bool) -> str:
        if rising:
            return f"{first} viiva {last}"
        return f"{self.number(self.parse(first))} {last}"  # in words: 112 108 would be one number

    def ratio(self, first: str, last: str) -> str:
        return self.between(first, last, rising=False)

    def between_days(self, first: str, last: str, until: str) -> str:
        del until
        return (
            f"{first.replace('viikko', 'viiko')}sta {last}{'hin' if last.endswith('i') else 'on'}"
        )

    def part_of(self, fraction: str, noun: Noun, *, half: bool) -> str:
        del half
        return f"{fraction} {noun.many}"

    @property
    def point_in_names(self) -> str:
        return "piste"

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        if before.lower() in self.around_romans:
            return self.cardinal(number)
        if number > 39 or (
            number in (1, 5, 10) and not before.istitle() and not after.startswith("maailmanso")
        ):
            return None
        return self.ordinal_in_case(
            number, _case_of(after) if not before.istitle() else "nominative"
        )

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_NUMBERED, lambda _: "numero "),
            (
                _PAGES,
                lambda found: "sivut " if found[0].startswith("ss") or found[1] else "sivu ",
            ),
            (_PARAGRAPH, lambda found: f"{self.ordinal(int(found[1]))} pykälä"),
            (_EVERY_HOUR, lambda _: "kaksikymmentäneljä seitsemän"),
            (_OPEN, self._open),
            (_DAYS_OF_MONTH, self._days_of_month),
            (_TO_DAY, lambda _: " viiva "),
            (_IN_YEAR, lambda _: "vuonna "),
            (_YEARS, lambda _: " vuotta"),
            (_DAYS, lambda found: f"{self._in_elative(found[1])} {self._in_illative(found[2])}"),
            (_DAY_AND_MONTH, self._day_and_month),
            (_HOURS, self._from_hour_to_hour),
            (_CLOCK, self._named_clock),
            (_INFLECTED_UNIT, self._inflected_unit),
            (_INFLECTED, self._inflected),
            (_ROMAN_INFLECTED, self._roman_inflected),
            (_ORDINALS, self._first_ordinal),
            (_ORDINAL, self._ordinal),
            (_COMPOUND, lambda found: self.cardinal(int(found[1])).replace(" ", "")),
            (_JOINED_ENDING, lambda _: ""),
        )

    def _days_of_month(self, found: re.Match[str]) -> str:
        month, year = MONTHS[int(found[3]) - 1], f" {found[4]}" if found[4] else ""
        return f"{self._in_elative(found[1])} {self._in_illative(found[2])} {month}{year}"

    def _open(self, found: re.Match[str]) -> str:
        """Times from and to without a word that says so: 9.00–17.30."""
        hours, minutes = (int(found[1]), int(found[3])), (int(found[2]), int(found[4]))
        if not any(minutes):
            return f"{self.in_case(hours[0], 'elative')} {self.in_case(hours[1], 'illative')}"
        times = (
            self.said_time(hour, minute, None) for hour, minute in zip(hours, minutes, strict=True)
        )
        return " viiva ".join(times)

    def _from_hour_to_hour(self, found: re.Match[str]) -> str:
        """Opening hours: yhdeksästä viiteentoista; with minutes the plain numbers, a dash between."""
        name = "Kello" if found[1][0] == "K" else "kello"
        if found[3] or found[5]:
            first = self.said_time(int(found[2]), int(found[3] or 0), None)
            return f"{name} {first} viiva {self.said_time(int(found[4]), int(found[5] or 0), None)}"
        return f"{name} {self.in_case(int(found[2]), 'elative')} {self.in_case(int(found[4]), 'illative')}"

    def _named_clock(self, found: re.Match[str]) -> str:
        hour, minute = found["hour"] or found["hours"], found["minute"] or found["minutes"] or "0"
        said = self.said_time(int(hour), int(minute), None)
        if not found["named"]:
            return said
        return f"{found['named'].replace('klo', 'kello').replace('Klo', 'Kello')} {said}"

    def _in_elative(self, day: str) -> str:
        return self.ordinal_in_case(int(day), "elative")

    def _in_illative(self, day: str) -> str:
        return self.ordinal_in_case(int(day), "illative")

    def _day_and_month(self, found: re.Match[str]) -> str:
        date = numbers.date(int(found[1]), int(found[2]), None, month_first=False)
        if date is None:
            return found[0]
        ends = found.end() == len(found.string)
        return self.said_date(date) + ("." if ends else "")

    def _ordinal(self, found: re.Match[str]) -> str:
        value = int(found[1])
        return self.ordinal_in_case(value, _case_of(found[2])) if value else found[0]

    def _first_ordinal(self, found: re.Match[str]) -> str:
        """The first of two places, in the case of the second: 1.–3. luokassa."""
        return f"{self._ordinal(found)}–" if int(found[1]) else found[0]

    def _inflected(self, found: re.Match[str]) -> str:
        numeral, ending = self.parse(found[1]), found[2]
        if numeral.decimals or len(numeral.whole) > 12:
            return found[0].replace(":", " ")
        if ending in ORDINAL_ENDINGS and numeral.value:
            return self.ordinal_in_case(numeral.value, ORDINAL_ENDINGS[ending])
        if ending in ENDINGS:
            return self.in_case(numeral.value, ENDINGS[ending])
        return f"{self.cardinal(numeral.value)}{ending}"

    def _roman_inflected(self, found: re.Match[str]) -> str:
        value = numbers.roman(found[1])
        case = ORDINAL_ENDINGS.get(found[2]) or ENDINGS.get(found[2])
        return found[0] if value is None or case is None else self.ordinal_in_case(value, case)

    def _inflected_unit(self, found: re.Match[str]) -> str:
        """5 %:n and 3 km:n: number and noun in the case of the ending."""
        sign, case = found["sign"], ENDINGS.get(found["ending"])
        known = {
            **{name: currency.unit for name, currency in self.currencies.items()},
            **UNITS,
            "%": PERCENT,
        }
        numeral = self.parse(found["amount"])
        if case is None or sign not in known or len(numeral.whole) > 12:
            return found[0]
        noun, _, rest = known[sign].one.partition(" ")  # aste Celsiusta, kilometri tunnissa
        noun = f"{_in_case(noun, case)} {rest}".rstrip()
        said = self.number(numeral) if numeral.decimals else self.in_case(numeral.value, case)
        return f"{self.minus} {said} {noun}" if found["minus"] else f"{said} {noun}"

    def _percent(self, found: re.Match[str]) -> str:
        noun = PERCENT if found["sign"] == "%" else Noun("promille", "promillea")
        return self.counted(self.parse(found["amount"]), noun)

    def _range(self, found: re.Match[str]) -> str:
        first, last = self.parse(found[1]), self.parse(found[3])
        small = not (first.decimals or last.decimals) and first.value < last.value < 1000
        alone = _AFTER_RANGE.match(found.string, found.end()) is not None
        if small and alone and found[2].strip() == found[2] and not first.is_code:
            return f"{self.in_case(first.value, 'elative')} {self.in_case(last.value, 'illative')}"
        return super()._range(found)


def _case_of(word: str) -> str:
    """The case that an ordinal takes before a word, as far as its ending tells."""
    alike = (*PARTITIVES, "nen", "taan", "tään")
    if word in NOT_INFLECTED or word in MONTHS or word.endswith(alike):
        return "nominative"
    return next((case for ending, case in WORD_ENDINGS if word.endswith(ending)), "nominative")


def _in_case(noun: str, case: str) -> str:
    """A noun that is counted, in the singular of a case."""
    stem = STEMS.get(noun, noun)
    a = a_or_umlaut(stem)
    if case == "partitive":
        return f"{noun}{'tt' + a if noun.endswith('e') else a}"
    if case == "illative":
        return f"{stem}seen" if stem.endswith("ee") else f"{stem}{stem[-1]}n"
    endings = {
        "genitive": "n", "inessive": f"ss{a}", "elative": f"st{a}", "adessive": f"ll{a}", "ablative": f"lt{a}",
        "allative": "lle", "essive": f"n{a}", "translative": "ksi",
    }  # fmt: skip
    base = noun if case == "essive" else stem
    return base + endings[case]


@cache
def _grammar() -> Finnish:
    return Finnish()


def read_out(text: str) -> str:
    """Write a text as it is read aloud (see :mod:`f5serve.text.spoken`)."""
    return _grammar().read_out(text)


def load() -> None:
    """Make ready what reading needs."""
    _grammar().cardinal(0)
