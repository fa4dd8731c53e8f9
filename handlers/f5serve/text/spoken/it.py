"""Italian, read out: «le quindici e trenta», «dodici euro e cinquanta», «Luigi quattordicesimo»."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import ClassVar, Final

from f5serve.text.spoken.grammar import Grammar
from f5serve.text.spoken.it_words import (
    ABBREVIATIONS,
    AFTER_NUMBERS,
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
    NUMBERED_BY_ROMANS,
    QUEENS,
    SAINTS,
    SAINTS_IN_FULL,
    SCALES,
    SHORT_MONTHS,
    SIGNS,
    UNITS,
)
from f5serve.text.spoken.letters import words
from f5serve.text.spoken.nouns import Noun
from f5serve.text.spoken.numbers import Date, Numeral

_FIRST_OF_MONTH: Final = re.compile(
    rf"(?<![\w.,])1[º°]? (?=(?:{'|'.join(MONTHS)})\b)", re.IGNORECASE
)
_BEFORE_HOURS: Final = r"(?:(?<=\b[Aa]lle )|(?<=\b[Ll]e )|(?<=\b[Dd]alle )|(?<=\b[Oo]re ))"
_HOURS: Final = re.compile(
    rf"{_BEFORE_HOURS}([01]?[0-9]|2[0-4])[.:]([0-5][0-9])(?![\w:]|[.,][0-9])"
    r"|(?<![\w:.,])([01]?[0-9]|2[0-4])[.:]([0-5][0-9]) ?h(?!\w)"
)
_FROM_HOUR: Final = re.compile(
    rf"(?:{_BEFORE_HOURS}|(?<![\w.,:/-]))([01]?[0-9]|2[0-4])[.:]([0-5][0-9])\s?[-–—]\s?([01]?[0-9]|2[0-4])[.:]([0-5][0-9])"
    r"(?!\w|[.,:][0-9]|\s?(?:[€$£%°]|euro|km|kg|cm|mm|min|sec|mln|mld|[mglhs]\b))"
)
_ORDINAL: Final = re.compile(
    r"(?<![\w.,])([0-9]{1,4})(?:[º°](?!\s?[CF]\b)|(ª)|(?:-?(esim[oaie])))(?!\w)"
)
_NUMBERED: Final = re.compile(r"(?<!\w)(?:[nN][°º]|[nN]\.|[nN]r\.|№|#) ?(?=[0-9])")
_HEIGHT: Final = re.compile(r"(?<![\w.,])([12])[.,]([0-9]{2}) ?m(?![\w²³/])")
_PAGES: Final = re.compile(r"(?<!\w)(pagg?|pp?)\. ?(?=([0-9]{1,5}\s?[-–]\s?[0-9])|[0-9])")
_CENTURY: Final = re.compile(r"(?<!\w)(secc?)\. ?(?=[IVXL]{1,6}(?!\w))")
_MONTH: Final = re.compile(
    rf"(?i)(?<=[0-9] )({'|'.join(sorted(SHORT_MONTHS, key=len, reverse=True))})(?:\.|(?= [12][0-9]{{3}}))(?!\w)"
)
_SAINT: Final = re.compile(
    rf"(?<![\w.])S\. ?(?=({SAINTS}|{'|'.join(SAINTS_IN_FULL)})\b)"
    r"|(?i:(?<=piazza )|(?<=via )|(?<=viale )|(?<=corso )|(?<=largo )|(?<=chiesa di )|(?<=basilica di )|(?<=ospedale )"
    r"|(?<=stazione di )|(?<=festa di )|(?<=porta )|(?<=ponte ))S\. ?(?=([A-ZÀ-Ý][a-zà-ÿ]{2,20}))"
)
_FEMININE_AFTER_ROMANS: Final = words(
    "guerra edizione dinastia legislatura divisione repubblica internazionale olimpiade crociata giornata rassegna"
    " mostra conferenza assemblea"
)
_ORDERED_BY_ROMANS: Final = words(
    "trimestre semestre quadrimestre millennio congresso municipio girone governo"
)
_ACCENTED: Final = re.compile(r"(?<=\w)tre\b")  # ventitré, but tre
_POST_CODE: Final = re.compile(r"(?<=, )[0-9]{5}(?= [A-ZÀ-Ý][a-zà-ÿ])")
_ARTICLE: Final = re.compile(
    r"(?i)\b(?:il|lo|la|al|del|dal|nel|sul|un|ogni|alla|della|nella|dalla)\s\Z"
)
_PLACED: Final = re.compile(
    r"\s(?!(?:per|e|o|a|in|di|da|con|al|allo|alla|all|dal|dalla|del|se|ma|è|sono|ha|circa|per|sotto|sopra)\b)[a-zà-ÿ]{3}"
)
_BEFORE_DEGREES: Final = re.compile(r"(?i)\b(?:di|a|sono|circa|tra|ci sono|meno|da) \Z")
_DECADE: Final = re.compile(r"(?<=anni )['’]([2-9]0)(?![0-9])")


class Italian(Grammar):
    """Italian: a point groups digits, a comma parts decimals."""

    months = MONTHS
    point = "virgola"
    minus, plus = "meno", "più"
    percent, permille = "per cento", "per mille"
    number_sign, version, over, per = "numero", "versione", "su", "al"
    around_romans = AROUND_ROMANS
    one_scales: ClassVar = {"milioni": "milione", "miliardi": "miliardo"}
    units = UNITS
    currencies = CURRENCIES
    scales = SCALES
    signs = SIGNS
    abbreviations = ABBREVIATIONS
    letters = LETTERS
    everyday = EVERYDAY

    def cardinal(self, number: int, *, feminine: bool = False, noun: str = "") -> str:
        from num2words import num2words

        said = str(num2words(number, lang="it")).replace(" e ", " ").replace(",", "")
        said = _ACCENTED.sub("tré", said)
        if number == 1 and noun:
            return _one(noun, feminine=feminine)
        return said

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        from num2words import num2words

        said = str(num2words(number, lang="it", to="ordinal"))
        return f"{said[:-1]}a" if feminine else said

    def is_feminine(self, noun: str) -> bool:
        noun = noun.lower()
        return noun in FEMININE or (noun not in MASCULINE and noun.endswith(FEMININE_ENDINGS))

    def bare(self, number: int, after: str) -> str:
        """Before a noun "uno" takes its form; what follows in lower case is taken for one."""
        is_noun = (
            after.islower() and (len(after) > 3 or after == "ora") and after not in AFTER_NUMBERS
        )
        noun = after if number == 1 and is_noun else ""
        return self.cardinal(number, feminine=self.is_feminine(noun), noun=noun)

    def part_of(self, fraction: str, noun: Noun, *, half: bool) -> str:
        said = super().part_of(fraction, noun, half=half)
        return f"mezza{said.removeprefix('mezzo')}" if half and noun.feminine else said

    def said_date(self, date: Date) -> str:
        day = "primo" if date.day == 1 else self.cardinal(date.day)
        said = f"{day} {MONTHS[date.month - 1]}"
        return said if date.year is None else f"{said} {self.cardinal(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        said = "una" if hour == 1 else self.cardinal(hour)
        if second is not None:
            parts = zip((hour, minute, second), ("h", "min", "s"), strict=True)
            return " ".join(self.counted(Numeral(str(value)), UNITS[unit]) for value, unit in parts)
        return f"{said} e {self.cardinal(minute)}" if minute else said

    def said_fraction(self, above: int, below: int) -> str:
        ordinal = self.ordinal(below)
        one, many = FRACTIONS.get(below, (ordinal, f"{ordinal[:-1]}i"))
        said = f"{self.cardinal(above, noun=one)} {one if above == 1 else many}"
        return "mezzo" if said == "un mezzo" else said

    def mixed(self, whole: int, fraction: str) -> str:
        return f"{self.cardinal(whole)} e {fraction}"

    def and_a_half(self, number: str, noun: str) -> str:
        return f"{number} {noun} e mezz{'a' if noun.endswith(('a', 'e')) else 'o'}"

    def between(self, first: str, last: str, *, rising: bool) -> str:
        del rising
        return f"{first} a {last}"

    @property
    def point_in_names(self) -> str:
        return "punto"

    def said_sum(self, whole: str, cents: Numeral, cent: Noun) -> str:
        del cent
        return f"{whole} e {self.cardinal(cents.value)}"

    def scaled(self, said: str, scale: str, unit: str) -> str:
        if scale == "mila":
            return f"mille {unit}" if said in {"un", "uno"} else f"{said}mila {unit}"
        return f"{said} {scale} di {unit}"

    def to_the_power(self, exponent: str, *, below_zero: bool) -> str:
        if below_zero:
            return f"alla {self.minus} {exponent}"
        named = exponent.isdecimal() and 0 < int(exponent) < 1000
        return f"alla {self.ordinal(int(exponent), feminine=True) if named else exponent}"

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        if number == 1 and after.lower() == "secoli":  # the article
            return None
        feminine = after.lower() in _FEMININE_AFTER_ROMANS
        if (
            feminine
            or after.lower() in _ORDERED_BY_ROMANS
            or {before.lower(), after.lower()} & {"secolo", "secoli"}
        ):
            return self.ordinal(number, feminine=feminine)
        if before.lower() in NUMBERED_BY_ROMANS:
            return self.cardinal(number)
        if number > 39 or (number in (1, 5, 10) and before not in MONARCHS):
            return None
        if before.istitle():
            return self.ordinal(number, feminine=before in QUEENS)
        return self.cardinal(number)

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_NUMBERED, lambda _: "numero "),
            (
                _PAGES,
                lambda found: "pagine " if found[1] in {"pagg", "pp"} or found[2] else "pagina ",
            ),
            (_CENTURY, lambda found: "secoli " if found[1] == "secc" else "secolo "),
            (_MONTH, lambda found: SHORT_MONTHS[found[1].lower()]),
            (_SAINT, _saint),
            (_FIRST_OF_MONTH, lambda _: "primo "),
            (_FROM_HOUR, self._from_hour),
            (_HOURS, self._hours),
            (_HEIGHT, self._height),
            (_DECADE, lambda found: found[1]),
            (_POST_CODE, lambda found: self.by_digits(found[0])),
            (_ORDINAL, self._ordinal),
        )

    def _from_hour(self, found: re.Match[str]) -> str:
        first, last = (self.said_time(int(found[at]), int(found[at + 1]), None) for at in (1, 3))
        return f"{first} a {last}"

    def _hours(self, found: re.Match[str]) -> str:
        return self.said_time(int(found[1] or found[3]), int(found[2] or found[4]), None)

    def _height(self, found: re.Match[str]) -> str:
        """1,80 m: un metro e ottanta."""
        return f"{self.counted(Numeral(found[1]), UNITS['m'])} e {self.short(found[2])}"

    def _ordinal(self, found: re.Match[str]) -> str:
        value = int(found[1])
        degrees = "°" in found[0] and (value >= 10 or _turned(found)) and not _is_place(found)
        if value == 0 or degrees:
            return found[0]
        said = self.ordinal(value, feminine=found[2] is not None)
        return said if found[3] is None else said[:-1] + found[3][-1]


def _turned(found: re.Match[str]) -> bool:
    """Whether a small number may be one of degrees: ruotare di 5°, scende a 3°."""
    return (
        _BEFORE_DEGREES.search(found.string, max(0, found.start() - 9), found.start()) is not None
    )


def _saint(found: re.Match[str]) -> str:
    """San Pietro, Santa Maria, Sant'Antonio, Santo Stefano; one who is not known by the first letters."""
    name = found[1] or found[2]
    if name in SAINTS_IN_FULL:
        return SAINTS_IN_FULL[name]
    if name[0] in "AEIOU":
        return "Sant'"
    return "Santo " if name[0] == "S" and name[1] not in "aeiou" else "San "


def _is_place(found: re.Match[str]) -> bool:
    """Whether ``°`` is an ordinal's (il 25° posto), not that of degrees (a 180° per 40 minuti)."""
    before = _ARTICLE.search(found.string, max(0, found.start() - 8), found.start())
    return before is not None or _PLACED.match(found.string, found.end()) is not None


_UNO: Final = re.compile(r"(?:s[^aeiouàèéìòù]|z|gn|ps|pn|x|y)", re.IGNORECASE)


def _one(noun: str, *, feminine: bool) -> str:
    """The article that "one" is before a noun: un euro, uno studente, una pagina, un'ora."""
    if feminine:
        return "una"
    return "uno" if _UNO.match(noun) else "un"


@cache
def _grammar() -> Italian:
    return Italian()


def read_out(text: str) -> str:
    """Write a text as it is read aloud (see :mod:`f5serve.text.spoken`)."""
    return _grammar().read_out(text)


def load() -> None:
    """Make ready what reading needs."""
    _grammar().cardinal(0)
