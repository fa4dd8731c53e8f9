"""French, read out: « quinze heures trente », « vingt et une pages », « Louis quatorze »."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import ClassVar, Final

from f5serve.text.spoken import numbers
from f5serve.text.spoken.fr_words import (
    ABBREVIATIONS,
    AROUND_ROMANS,
    CURRENCIES,
    EVERYDAY,
    FEMININE,
    FEMININE_ENDINGS,
    FRACTIONS,
    LETTERS,
    MASCULINE,
    MONARCHS,
    MONTHS,
    ROMAN_BEFORE,
    SCALES,
    SHORT_MONTHS,
    SIGNS,
    UNITS,
)
from f5serve.text.spoken.grammar import Grammar
from f5serve.text.spoken.nouns import Noun
from f5serve.text.spoken.numbers import NUMBER, Date, Numeral

_FIRST_OF_MONTH: Final = re.compile(
    rf"(?<![\w.,])1(?:er)? (?=(?:{'|'.join(MONTHS)})\b)", re.IGNORECASE
)
_HOURS: Final = re.compile(
    r"(?<![\w.,])([01]?[0-9]|2[0-4])\s?(?:[hH]\s?([0-5][0-9])(?:\s?min)?|[hH](?=[\s.,;:!?)»]|\Z)|:([0-5][0-9])\s?h(?!\w))(?!\w)"
)
_ORDINAL: Final = re.compile(rf"({NUMBER})\s?(ers?|res?|ères?|nde?s?|ièmes?|èmes?|emes?|es?)(?!\w)")
_ROMAN_ORDINAL: Final = re.compile(
    r"(?<![\w'’-])([IVX]{1,7})(ers?|res?|ères?|ièmes?|èmes?|es?|ᵉ)(?!\w)"
)
_ROMAN_ORDINALS: Final = re.compile(
    r"(?<![\w'’-])([IVX]{1,7})(?:ièmes?|èmes?|es?|ᵉ)\s?[-–]\s?([IVX]{1,7})(?:ièmes?|èmes?|es?|ᵉ)(?!\w)"
)
_RAISED_LETTERS: Final = re.compile(r"(?<=[0-9IVX])[ᵃ-ᵡʰ-ʸⁿ]{1,4}(?!\w)")
_EURO_INSIDE: Final = re.compile(r"(?<![\w.,])([0-9]{1,6})\s?€\s?([0-9]{2})(?![\w.,-]*[0-9])")
_OF_ALL: Final = re.compile(
    r"(?<![\w/.,])(?:([0-9]{1,2})\s?([hj])\s?(?:/|sur)\s?([0-9]{1,2})|7/7)(?![\w/])"
)
_MONTH: Final = re.compile(
    rf"(?<=[0-9r] )({'|'.join(sorted(SHORT_MONTHS, key=len, reverse=True))})(?:\.|(?= [12][0-9]{{3}}))(?!\w)"
)
_PLURAL_S: Final = re.compile(r"(?<=[0-9]0)['’]s(?!\w)")
_NUMBERED: Final = re.compile(r"(?<!\w)(?:#|[nN][°ºᵒ]s?|[nN]os?\.|№|[nN]um\.) ?(?=[0-9])")
_HEIGHT: Final = re.compile(
    r"(?<![\w.,])([12])(?:[.,]([0-9]{2}) ?m(?![\w²³/])| ?m ?([0-9]{2})(?![\w/]|[.,][0-9]))"
)
_PAGES: Final = re.compile(r"(?<!\w)(pp?)\. ?(?=([0-9]{1,5}\s?[-–]\s?[0-9])|[0-9])")


class French(Grammar):
    """French of France: soixante-dix, quatre-vingts."""

    months = MONTHS
    point = "virgule"
    minus, plus = "moins", "plus"
    percent, permille = "pour cent", "pour mille"
    number_sign, version, over, per = "numéro", "version", "sur", "par"
    power = "puissance"
    around_romans = AROUND_ROMANS
    one_scales: ClassVar = {"millions": "million", "milliards": "milliard"}
    units = UNITS
    currencies = CURRENCIES
    scales = SCALES
    signs = SIGNS
    abbreviations = ABBREVIATIONS
    letters = LETTERS
    everyday = EVERYDAY

    def cardinal(self, number: int, *, feminine: bool = False, noun: str = "") -> str:
        from num2words import num2words

        said = str(num2words(number, lang="fr"))
        if feminine and said.endswith("un"):
            return f"{said}e"
        if said.endswith("vingts") and noun in ("mille",):
            return said[:-1]
        return said

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        from num2words import num2words

        if number == 1:
            return "première" if feminine else "premier"
        return str(num2words(number, lang="fr", to="ordinal"))

    def is_feminine(self, noun: str) -> bool:
        noun = noun.lower()
        one = noun.removesuffix("s")
        if one in FEMININE:
            return True
        return one.endswith(FEMININE_ENDINGS) and one not in MASCULINE

    def is_one(self, numeral: Numeral) -> bool:
        return numeral.value < 2  # also 1,5 litre and 0 degré

    def part_of(self, fraction: str, noun: Noun, *, half: bool) -> str:
        if half and noun.feminine:
            return f"une demi-{noun.one}"
        said = super().part_of(fraction, noun, half=half)
        return re.sub(r" de (?=[aeiouhé])", " d'", said)

    def said_date(self, date: Date) -> str:
        day = "premier" if date.day == 1 else self.cardinal(date.day)
        said = f"{day} {MONTHS[date.month - 1]}"
        return said if date.year is None else f"{said} {self.cardinal(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        said = self.counted(Numeral(str(hour)), UNITS["h"])
        if second is not None:
            minutes = self.counted(Numeral(str(minute)), UNITS["min"])
            return f"{said} {minutes} {self.counted(Numeral(str(second)), UNITS['s'])}"
        return f"{said} {self.cardinal(minute, feminine=True)}" if minute else said

    def said_fraction(self, above: int, below: int) -> str:
        one, many = FRACTIONS.get(below, (self.ordinal(below), f"{self.ordinal(below)}s"))
        return f"{self.cardinal(above)} {one if above == 1 else many}"

    def mixed(self, whole: int, fraction: str) -> str:
        return f"{self.cardinal(whole)} et {'demi' if fraction == 'un demi' else fraction}"

    def between(self, first: str, last: str, *, rising: bool) -> str:
        del rising
        return f"{first} à {last}"

    def scaled(self, said: str, scale: str, unit: str) -> str:
        if scale == "mille":
            return f"mille {unit}" if said == "un" else f"{said} {scale} {unit}"
        return (
            f"{said} {scale} d'{unit}"
            if unit[0] in "aeiouhéy" and unit[0] != "y"
            else f"{said} {scale} de {unit}"
        )

    def and_a_half(self, number: str, noun: str) -> str:
        return f"{number} {noun} et demi{'e' if self.is_feminine(noun) else ''}"

    @property
    def point_in_names(self) -> str:
        return "point"

    def said_sum(self, whole: str, cents: Numeral, cent: Noun) -> str:
        del cent
        return f"{whole} {self.cardinal(cents.value)}"

    def groups_of_digits(self, text: str) -> str:
        """By twos as the French tell them: zéro un, vingt-trois."""
        groups = re.findall("[0-9]+", text)
        return ", ".join(
            self.short(group) if len(group) == 2 else self.by_digits(group) for group in groups
        )

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        if before.lower() in ROMAN_BEFORE:
            return self.cardinal(number)
        if after.lower() in {"siècle", "siècles"}:
            return self.ordinal(number)
        if number > 39 or (number in (1, 5, 10) and before not in MONARCHS):
            return None
        return self.cardinal(number)

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_NUMBERED, lambda _: "numéro "),
            (_PAGES, lambda found: "pages " if found[1] == "pp" or found[2] else "page "),
            (_RAISED_LETTERS, lambda found: unicodedata.normalize("NFKC", found[0])),
            (_MONTH, lambda found: SHORT_MONTHS[found[1]]),
            (_EURO_INSIDE, lambda found: f"{found[1]},{found[2]} €"),
            (_OF_ALL, self._of_all),
            (_PLURAL_S, lambda _: ""),
            (_FIRST_OF_MONTH, lambda _: "premier "),
            (_HOURS, self._hours),
            (_HEIGHT, self._height),
            (_ROMAN_ORDINALS, self._roman_ordinals),
            (_ROMAN_ORDINAL, self._roman_ordinal),
            (_ORDINAL, self._ordinal),
        )

    def _hours(self, found: re.Match[str]) -> str:
        return self.said_time(int(found[1]), int(found[2] or found[3] or 0), None)

    def _height(self, found: re.Match[str]) -> str:
        """1,80 m: un mètre quatre-vingts."""
        return f"{self.counted(Numeral(found[1]), UNITS['m'])} {self.short(found[2] or found[3])}"

    def _of_all(self, found: re.Match[str]) -> str:
        """7j/7 and 24h/24: every day, every hour."""
        if found[1] is None:
            return "sept sur sept"
        noun = UNITS["h"] if found[2] == "h" else Noun("jour", "jours")
        return f"{self.counted(Numeral(found[1]), noun)} sur {self.short(found[3])}"

    def _roman_ordinals(self, found: re.Match[str]) -> str:
        """XIXe-XXe siècles: two neighbours, or the first and the last of several."""
        first, last = numbers.roman(found[1]), numbers.roman(found[2])
        if first is None or last is None:
            return found[0]
        between = "et" if last - first == 1 else "au"
        return f"{self.ordinal(first)} {between} {self.ordinal(last)}"

    def _roman_ordinal(self, found: re.Match[str]) -> str:
        value = numbers.roman(found[1])
        return found[0] if value is None else self._ended(value, found[2])

    def _ordinal(self, found: re.Match[str]) -> str:
        numeral = self.parse(found[1])
        if numeral.decimals or len(numeral.whole) > 12 or numeral.value == 0:
            return found[0]
        return self._ended(numeral.value, found[2])

    def _ended(self, value: int, ending: str) -> str:
        if ending.startswith("nd"):
            return "seconde" if "e" in ending else "second"
        said = self.ordinal(value, feminine=ending.startswith(("r", "èr")))
        return f"{said}s" if ending.endswith("s") else said


@cache
def _grammar() -> French:
    return French()


def read_out(text: str) -> str:
    """Write a text as it is read aloud (see :mod:`f5serve.text.spoken`)."""
    return _grammar().read_out(text)


def load() -> None:
    """Make ready what reading needs."""
    _grammar().cardinal(0)
