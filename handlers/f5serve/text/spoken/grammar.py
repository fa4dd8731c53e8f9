"""How a language of numbers, dates, sums and signs is read: the steps that languages share.

A language is a ``Grammar`` with its words and rules; each step replaces what it understands by words.
"""

from __future__ import annotations

import abc
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import ClassVar, Final

from f5serve.text.spoken import everyday, numbers, patterns, powers, ranges, romans, versions
from f5serve.text.spoken.everyday import Everyday
from f5serve.text.spoken.letters import Letters
from f5serve.text.spoken.nouns import Currency, Noun
from f5serve.text.spoken.numbers import NUMBER, Date, Numeral

_ROUNDS: Final = 4  # what one makes may be for another to read; hostile texts come to rest
_ENDS_PHRASE: Final = frozenset(",.;:!?")
_MOST_DIGITS: Final = 15  # of a number read as one; longer ones are read by their digits


class Grammar(abc.ABC):
    """Reads a text in one language; subclasses bring words and rules.

    The class attributes are a language's words; ``units`` are by their signs, ``currencies`` by sign and by
    code, ``scales`` by what stands between a sum and its sign (``$5 M``), ``one_scales`` by their plural;
    ``around_romans`` are the words beside which several Roman numerals stand, in lower case.
    """

    decimal: ClassVar[str] = ","
    group: ClassVar[str] = "."
    month_first: ClassVar[bool] = False
    months: ClassVar[tuple[str, ...]]
    point: ClassVar[str]
    minus: ClassVar[str]
    plus: ClassVar[str]
    percent: ClassVar[str]
    permille: ClassVar[str]
    number_sign: ClassVar[str]
    version: ClassVar[str]
    dot: ClassVar[str] = ""
    over: ClassVar[str]
    per: ClassVar[str]
    out_of: ClassVar[str] = ""
    power: ClassVar[str] = ""
    around_romans: ClassVar[frozenset[str]] = frozenset()
    one_scales: ClassVar[Mapping[str, str]] = {}
    units: ClassVar[Mapping[str, Noun]]
    currencies: ClassVar[Mapping[str, Currency]]
    scales: ClassVar[Mapping[str, str]]
    signs: ClassVar[Mapping[str, str]]
    abbreviations: ClassVar[Mapping[str, str]]
    letters: ClassVar[Letters]
    everyday: ClassVar[Everyday]

    def __init__(self) -> None:
        signs = patterns.any_of(sign for sign in self.currencies if not sign.isalpha())
        codes = patterns.any_of(code for code in self.currencies if code.isalpha())
        iso = patterns.any_of(code for code in self.currencies if code.isupper() and len(code) == 3)
        scale, unit = patterns.any_of(self.scales), patterns.any_of(self.units)
        amount = rf"(?P<amount>{NUMBER})(?:[ ]?(?P<scale>{scale})(?![^\W\d_]))?"
        per = rf"(?: ?/ ?(?P<per>{unit})(?![\w/]))?"
        self._money_after = re.compile(
            rf"{amount}[ ]?(?:de |di |d'|d’)?(?P<sign>{signs}|(?:{codes})(?!\w)){per}"
        )
        self._money_before = re.compile(
            rf"(?:(?<!\w)[A-Z]{{1,2}})?(?P<sign>{signs}|(?<!\w)(?:{iso}))[ ]?{amount}(?:[ ]?(?P<code>{iso})\b)?{per}"
        )
        self._measure = re.compile(
            rf"(?<![^\W\d])(?P<amount>{NUMBER})[ -]?(?P<unit>{unit})(?:/(?P<per>{unit}|h|s))?(?![\w²³])(?!/[^\W\d_])"
        )
        self._share = re.compile(rf"(?P<amount>{NUMBER})\s?(?P<sign>[%‰])")
        words = sorted(self.abbreviations, key=len, reverse=True)
        self._abbreviation = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, words))})(?!\w)")
        self._sign = re.compile(f"[{re.escape(''.join(self.signs))}]")
        self._steps: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
            *ranges.lists(self),
            *everyday.steps(self),
            (patterns.CLOCKS, lambda found: self.between(found[1], "", rising=True)),
            *self.own_steps(),
            (patterns.ISO, self._iso),
            (patterns.DATE, self._date),
            (patterns.CALLED, self._called),
            (patterns.PHONE, self._phone),
            *versions.steps(self),
            (patterns.CLOCK, self._clock),
            *ranges.ratios(self),
            (patterns.AND_A_HALF, lambda found: self.and_a_half(found[1], found[2])),
            (patterns.VULGAR, self._vulgar),
            (patterns.FRACTION, self._fraction),
            (patterns.MINUS, lambda _: f"{self.minus} "),
            *powers.steps(self),
            *ranges.signed(self),
            (patterns.RANGE, self._range),
            (self._money_before, self._money),
            (self._money_after, self._money),
            everyday.scale_step(self),
            (self._share, self._percent),
            (self._measure, self._measured),
            *romans.steps(self),
            (patterns.CAPITALS_BEFORE_DIGIT, lambda found: f"{self.letters.spell(found[1])} "),
            (patterns.DIGIT_BEFORE_CAPITAL, lambda found: f" {self.letters.spell(found[1])}"),
            (patterns.TIMES, lambda _: f" {self.signs['×']} "),
            (patterns.DIGIT_MEETS_LETTER, lambda _: " "),
            (patterns.PLAIN, self._plain),
        )

    # What a language says; the abstract ones have no answer that would hold for all.
    @abc.abstractmethod
    def cardinal(self, number: int, *, feminine: bool = False, noun: str = "") -> str:
        """A whole number in words.

        Args:
            number: Not negative, of at most 15 digits.
            feminine: In its feminine form, where there is one.
            noun: The word that is counted; empty where the number stands alone.
        """

    @abc.abstractmethod
    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        """A place in an order, in words."""

    @abc.abstractmethod
    def said_date(self, date: Date) -> str:
        """A date in words."""

    @abc.abstractmethod
    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        """A time of day in words."""

    @abc.abstractmethod
    def said_fraction(self, above: int, below: int) -> str:
        """A fraction in words."""

    @abc.abstractmethod
    def said_roman(self, number: int, before: str, after: str) -> str | None:
        """A Roman numeral between two words (empty where there is none); None leaves it to the letters."""

    @abc.abstractmethod
    def mixed(self, whole: int, fraction: str) -> str:
        """A whole number and a fraction."""

    def and_a_half(self, number: str, noun: str) -> str:
        """A number of things and half of one; the number is in digits."""
        many = self.units[noun].many if noun in self.units else noun
        return f"{self.mixed(int(number), self.said_fraction(1, 2))} {many}"

    @abc.abstractmethod
    def between(self, first: str, last: str, *, rising: bool) -> str:
        """Two numbers with a dash between them: a range, or a score."""

    def between_days(self, first: str, last: str, until: str) -> str:
        """From one day of the week to another; ``until`` is the word between them, if there is one."""
        return f"{first} {until} {last}" if until else self.between(first, last, rising=True)

    def part_of(self, fraction: str, noun: Noun, *, half: bool) -> str:
        """A part of a unit."""
        return f"{fraction} {'' if half else self.everyday.of}{noun.one}"

    def ratio(self, first: str, last: str) -> str:
        """Two numbers with a colon between them."""
        return self.between(first, last, rising=True)

    def to_the_power(self, exponent: str, *, below_zero: bool) -> str:
        """What follows the base of a power; the exponent is in digits, or ``n``."""
        minus = f"{self.minus} " if below_zero else ""
        return f"{self.power} {minus}{exponent}"

    def is_feminine(self, noun: str) -> bool:
        """Whether a noun makes the number before it feminine."""
        del noun
        return False

    def year(self, number: int) -> str:
        """A year in words."""
        return self.cardinal(number)

    def bare(self, number: int, after: str) -> str:
        """A whole number without a sign, before a word."""
        return self.cardinal(number, feminine=self.is_feminine(after), noun=after)

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        """Steps of the language itself, before all others."""
        return ()

    def decimals(self, digits: str) -> str:
        """The digits after the decimal mark: as a number if they are few, else one by one."""
        if len(digits) <= 2 and digits[0] != "0":
            return self.cardinal(int(digits))
        return self.by_digits(digits)

    # The steps.

    def read_out(self, text: str) -> str:
        """Write as words all that is none, until nothing changes."""
        for _ in range(_ROUNDS):
            read = self._read_once(text)
            if read == text:
                break
            text = read
        return text

    def _read_once(self, text: str) -> str:
        text = numbers.plain_digits(numbers.plain_numerals(text))
        text = self._abbreviation.sub(self._abbreviated, text)
        if patterns.holds_more_than_words(text):
            for pattern, step in self._steps:
                text = pattern.sub(step, text)
        text = self.letters.read(text)
        text = self._sign.sub(self._signed, text)
        text = "".join(map(self._rest, patterns.LEFT.sub(patterns.left, text)))
        return patterns.LOOSE_MARK.sub("", patterns.SPACES.sub(" ", text)).strip(" ")

    def number(self, numeral: Numeral, *, feminine: bool = False, noun: str = "") -> str:
        """A numeral in words, whatever it holds."""
        if numeral.is_code or len(numeral.whole) > _MOST_DIGITS:
            whole = self.by_digits(numeral.whole)
        elif numeral.decimals:
            whole = self.cardinal(numeral.value)
        else:
            whole = self.cardinal(numeral.value, feminine=feminine, noun=noun)
        return (
            f"{whole} {self.point} {self.decimals(numeral.decimals)}" if numeral.decimals else whole
        )

    def by_digits(self, digits: str) -> str:
        """Digits one by one."""
        return " ".join(self._digits[int(digit)] for digit in digits)

    @cached_property
    def _digits(self) -> tuple[str, ...]:
        return tuple(self.cardinal(digit) for digit in range(10))

    def groups_of_digits(self, text: str) -> str:
        """Groups of digits, as a telephone number is told; a comma between groups."""
        return ", ".join(self.by_digits(part) for part in re.findall("[0-9]+", text))

    def counted(self, numeral: Numeral, noun: Noun) -> str:
        """A number of something."""
        said = self.number(numeral, feminine=noun.feminine, noun=noun.many)
        return f"{said} {noun.one if self.is_one(numeral) else noun.many}"

    def is_one(self, numeral: Numeral) -> bool:
        """Whether a number takes the singular."""
        return numeral.whole == "1" and not numeral.decimals

    def parse(self, text: str) -> Numeral:
        """Understand a numeral by the language's marks."""
        return numbers.parse(text, decimal=self.decimal, group=self.group)

    def _signed(self, found: re.Match[str]) -> str:
        ends = found.string[found.end() : found.end() + 1] in _ENDS_PHRASE
        return f" {self.signs[found[0]]}" if ends else f" {self.signs[found[0]]} "

    def _abbreviated(self, found: re.Match[str]) -> str:
        said = self.abbreviations[found[0]]
        goes_on = patterns.GOES_ON.match(found.string, found.end()) is not None
        return said.removesuffix(".") if goes_on else said

    def _iso(self, found: re.Match[str]) -> str:
        date = numbers.date(int(found[3]), int(found[2]), int(found[1]), month_first=False)
        if date is None or int(found[2]) > 12:
            return found[0]
        return self.said_date(date) + (f", {found[4]}" if found[4] else "")

    def _date(self, found: re.Match[str]) -> str:
        if found[2] == "." and len(found[4]) == 2 and self.decimal == ".":
            return found[0]
        date = numbers.date(
            int(found[1]), int(found[3]), int(found[4]), month_first=self.month_first
        )
        return found[0] if date is None else self.said_date(date)

    def _clock(self, found: re.Match[str]) -> str:
        return self.said_time(int(found[1]), int(found[2]), int(found[3]) if found[3] else None)

    def _called(self, found: re.Match[str]) -> str:
        return found[1] + self.groups_of_digits(found[2])

    def _phone(self, found: re.Match[str]) -> str:
        plus = f"{self.plus} " if found[0].startswith("+") else ""
        return plus + self.groups_of_digits(found[0])

    @property
    def point_in_names(self) -> str:
        """How the dot of a version is called."""
        return self.point

    def short(self, digits: str) -> str:
        """A part of a version: a number, or digits where a zero leads."""
        if len(digits) > 1 and digits[0] == "0":
            return self.by_digits(digits)
        return self.cardinal(int(digits))

    def _vulgar(self, found: re.Match[str]) -> str:
        fraction = self.said_fraction(*numbers.VULGAR[found[2]])
        said = self.mixed(int(found[1]), fraction) if found[1] else fraction
        return patterns.apart(found, said)

    def _fraction(self, found: re.Match[str]) -> str:
        above, below = int(found[2]), int(found[3])
        fits = 0 < above < below <= 10
        said = self.said_fraction(above, below) if fits else self._over(found[2], found[3])
        if found[1] is None:
            return said
        return self.mixed(int(found[1]), said) if fits else f"{found[1]} {said}"

    def _over(self, above: str, below: str) -> str:
        if above == below:  # 50/50
            return f"{self.short(above)} {self.short(below)}"
        return f"{self.short(above)} {self.over} {below}"  # in digits: 120/80 mmHg

    def _range(self, found: re.Match[str]) -> str:
        first, last = self.parse(found[1]), self.parse(found[3])
        spaced = found[2] != found[2].strip()
        if spaced and "-" in found[2]:
            return f"{found[1]} {self.minus} {found[3]}" if len(found[2]) == 3 else found[0]
        # The numbers stay in digits: a unit that follows is the business of a later step.
        return self.between(found[1], found[3], rising=_order(first) < _order(last))

    def _money(self, found: re.Match[str]) -> str:
        said = self._sum(found)
        return f"{said} {self.per} {self.units[found['per']].one}" if found["per"] else said

    def _sum(self, found: re.Match[str]) -> str:
        sign = found.groupdict().get("code") or found["sign"]  # $20 USD
        currency, numeral = self.currencies[sign], self.parse(found["amount"])
        if found["scale"]:
            scale = self.scale_of(numeral, found["scale"])
            return self.scaled(self.number(numeral, noun=scale), scale, currency.unit.many)
        cents = numeral.decimals
        if len(cents) != 2 or currency.cent is None:
            return self.counted(numeral, currency.unit)
        whole = Numeral(numeral.whole)
        if cents == "00":
            return self.counted(whole, currency.unit)
        part = Numeral(str(int(cents)))
        if whole.value == 0:
            return self.counted(part, currency.cent)
        return self.said_sum(self.counted(whole, currency.unit), part, currency.cent)

    def scale_of(self, numeral: Numeral, sign: str) -> str:
        """The name of a scale, in the singular after one."""
        name = self.scales[sign]
        return self.one_scales.get(name, name) if self.is_one(numeral) else name

    def scaled(self, said: str, scale: str, unit: str) -> str:
        """Millions and the like of a currency."""
        return f"{said} {scale} {unit}"

    def said_sum(self, whole: str, cents: Numeral, cent: Noun) -> str:
        """A sum with its hundredth parts."""
        return f"{whole} {self.counted(cents, cent)}"

    def _percent(self, found: re.Match[str]) -> str:
        numeral = self.parse(found["amount"])
        sign = self.percent if found["sign"] == "%" else self.permille
        return f"{self.number(numeral, noun=sign)} {sign}"

    def _measured(self, found: re.Match[str]) -> str:
        said = self.counted(self.parse(found["amount"]), self.units[found["unit"]])
        if not found["per"]:
            return said
        return f"{said} {self.per} {self.units[found['per']].one}"

    def _plain(self, found: re.Match[str]) -> str:
        numeral = self.parse(found[0])
        after = patterns.NEXT_WORD.match(found.string, found.end())
        before = patterns.LAST_WORD.search(found.string, max(0, found.start() - 32), found.start())
        named = before is not None and before[1].lower() in self.everyday.numbered
        noun = after[1] if after and not named else ""
        if numeral.decimals or numeral.is_code or len(numeral.whole) > _MOST_DIGITS:
            return self.number(numeral)
        if numeral.grouped or len(numeral.whole) != 4:
            return self.bare(numeral.value, noun)
        return self.four_digits(numeral.value, noun)

    def four_digits(self, number: int, after: str) -> str:
        """A number of four digits, which is often a year."""
        return self.bare(number, after)

    def _rest(self, character: str) -> str:
        """What is left of numbers in other forms (a digit of no script known, a sign for one)."""
        if character.isascii() or not unicodedata.category(character).startswith("N"):
            return character
        value = unicodedata.numeric(character, -1.0)
        return f" {self.cardinal(int(value))} " if value >= 0 and value == int(value) else " "


def _order(numeral: Numeral) -> float:
    return float(f"{numeral.whole}.{numeral.decimals or 0}")
