"""Spanish, read out: «veintiuna páginas», «doce euros con cincuenta», «Felipe sexto», «siglo veintiuno»."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import ClassVar, Final

from f5serve.text.spoken.es_words import (
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
    MONTHS,
    NUMBERED_BY_ROMANS,
    ORDERED_BY_ROMANS,
    PLACES,
    QUEENS,
    SCALES,
    SHORT_MONTHS,
    SIGNS,
    TEENS,
    TEN_ORDINALS,
    UNIT_ORDINALS,
    UNITS,
)
from f5serve.text.spoken.grammar import Grammar
from f5serve.text.spoken.nouns import Noun
from f5serve.text.spoken.numbers import Date, Numeral
from f5serve.text.spoken.patterns import NEXT_WORD, apart

_FIRST_OF_MONTH: Final = re.compile(
    rf"(?<![\w.,])1(\.?[º°])? (?=de (?:{'|'.join(MONTHS)})\b)", re.IGNORECASE
)
_HOURS: Final = re.compile(
    r"(?<![\w:.,])([01]?[0-9]|2[0-4])(?:[:.]([0-5][0-9]))\s?(?:h|hs|hrs|horas)\b"
    r"|(?:(?<=\blas )|(?<=\bla ))([01]?[0-9]|2[0-4])(?:[:.]([0-5][0-9]))?"
    r"(?![\w:%€$ºª°]|[.,][0-9ºª])(?! ?(?:[%€$]|de cada))"
)
_HALF_DAY: Final = re.compile(
    r"(?<=\w) ?([ap])\. ?m\.(?=(\s*\Z|\s+[A-ZÁÉÍÓÚÑ¿¡])?)|(?<=\w) ([ap])m(?!\w)"
)
_ORDINAL: Final = re.compile(
    r"(?<![\w.,])([0-9]{1,4})(?:\.?([ºª°])(?![CF])|\.?(er|ro|do|to|mo|vo|no|ra|da|ta|ma|va|na)(?!\w))"
)
_NAME: Final = re.compile(r" (?!(?:El|La|Los|Las|Un|Una|En|Es|No|Se|Y|A)\b)[A-ZÁÉÍÓÚÑ][a-záéíóúñ]")
_ARTICLE: Final = re.compile(r"(?i)\b(?:el|la|lo|los|las|del|al|un|una|cada)[ ]\Z")
_PLACED: Final = re.compile(  # el 2° intento, el 5° de la lista, 3° B
    r" (?!(?:a|al|de|del|con|por|para|en|y|o|u|que|si|sobre|bajo|hacia|hoy|ayer|cuando|es|son|está|están)\b)[a-zà-ÿ]{3}"
    r"| de (?:la|los|las)\b"
)
_IN_CLASS: Final = re.compile(r"\.? (?:[ABDE](?!\w)|izda|dcha|izq)")
_NUMBERED: Final = re.compile(r"(?<!\w)(?:[nN]\.?[º°]|[nN]úm\.|[nN]ro\.|No\.|№|#) ?(?=[0-9])")
_CENTURY: Final = re.compile(r"(?<!\w)(s|ss)\. ?(?=[IVXL]{1,6}(?!\w))")
_TENTHS: Final = re.compile(r"(?<![\w.,'’])([0-9]{1,4})['’](?=[0-9]{1,2}(?![\w'’\"”]))")
_MONTH: Final = re.compile(
    rf"(?i)(?<=[0-9] )((?:de )?)({'|'.join(sorted(SHORT_MONTHS, key=len, reverse=True))})"
    r"(?:\.|(?= (?:de )?[12][0-9]{3}))(?!\w)"
    r"(?=( [12][0-9]{3}(?!\w))?)"
)
_EVERY_HOUR: Final = re.compile(r"(?<![\w/])24/7(?![\w/])")
_HEIGHT: Final = re.compile(r"(?<![\w.,])([12])[.,]([0-9]{2}) ?m(?![\w²³/])")
_PAGES: Final = re.compile(r"(?<!\w)(págs?|pp?)\. ?(?=([0-9]{1,5}\s?[-–]\s?[0-9])|[0-9])")

_FEWEST_DEGREES: Final = 20  # that are written with the sign of an ordinal: 90º
_ARTICLES: Final = frozenset({"el", "la", "del", "al", "un", "una"})


class Spanish(Grammar):
    """Spanish of Spain: a point groups digits, a comma parts decimals."""

    months = MONTHS
    point = "coma"
    minus, plus = "menos", "más"
    percent, permille = "por ciento", "por mil"
    number_sign, version, over, per = "número", "versión", "sobre", "por"
    power = "elevado a"
    around_romans = AROUND_ROMANS
    one_scales: ClassVar = {"millones": "millón", "billones": "billón"}
    units = UNITS
    currencies = CURRENCIES
    scales = SCALES
    signs = SIGNS
    abbreviations = ABBREVIATIONS
    letters = LETTERS
    everyday = EVERYDAY

    def cardinal(self, number: int, *, feminine: bool = False, noun: str = "") -> str:
        from num2words import num2words

        # What the library leaves in its full form before "mil" is shortened in speech.
        said = str(num2words(number, lang="es"))
        said = said.replace("veintiuno mil", "veintiún mil").replace(" y uno mil", " y un mil")
        if feminine:
            said = re.sub(
                r"uno\b",
                "una",
                re.sub(r"(?<=cient)os\b(?!.*mill)|(?<=quinient)os\b(?!.*mill)", "as", said),
            )
            return said.replace("veintiún mil", "veintiuna mil")
        if noun:
            said = re.sub(r"veintiuno$", "veintiún", said)
            return re.sub(r"\buno$", "un", said)
        return said

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        end = "a" if feminine else "o"
        tens, units = divmod(number, 10)
        if number in TEENS:
            return TEENS[number] + end
        if not 1 <= number <= 99:
            return self.cardinal(number, feminine=feminine)
        parts = [part + end for part in (TEN_ORDINALS[tens], UNIT_ORDINALS[units]) if part]
        return " ".join(parts)

    def is_feminine(self, noun: str) -> bool:
        noun = noun.lower()
        if noun in MASCULINE:
            return False
        return noun in FEMININE or (len(noun) > 3 and noun.endswith(FEMININE_ENDINGS))

    def bare(self, number: int, after: str) -> str:
        """Before a noun "uno" is short; what follows in lower case and is no little word is taken for one."""
        is_noun = after.islower() and len(after) > 2 and after not in AFTER_NUMBERS
        noun = after if is_noun and (number == 1 or after.endswith("s")) else ""
        return self.cardinal(number, feminine=self.is_feminine(noun), noun=noun)

    def part_of(self, fraction: str, noun: Noun, *, half: bool) -> str:
        said = super().part_of(fraction, noun, half=half)
        return f"media{said.removeprefix('medio')}" if half and noun.feminine else said

    def said_date(self, date: Date) -> str:
        said = f"{self.cardinal(date.day)} de {MONTHS[date.month - 1]}"
        return said if date.year is None else f"{said} de {self.cardinal(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        if second is not None:
            parts = zip((hour, minute, second), ("h", "min", "s"), strict=True)
            return " ".join(self.counted(Numeral(str(value)), UNITS[unit]) for value, unit in parts)
        said = self.cardinal(hour, feminine=True)
        if minute == 0:
            return said if hour in range(1, 13) else self.counted(Numeral(str(hour)), UNITS["h"])
        return f"{said} y {self.cardinal(minute)}"

    def said_fraction(self, above: int, below: int) -> str:
        one = FRACTIONS.get(below, self.ordinal(below))
        return f"{self.cardinal(above, noun=one)} {one}{'' if above == 1 else 's'}".replace(
            "un medio", "medio"
        )

    def mixed(self, whole: int, fraction: str) -> str:
        return f"{self.cardinal(whole)} y {fraction}"

    def and_a_half(self, number: str, noun: str) -> str:
        if number == "1":  # 1 1/2 tazas
            noun = noun.removesuffix("s")
        return f"{number} {noun} y medi{'a' if self.is_feminine(noun) else 'o'}"

    def between(self, first: str, last: str, *, rising: bool) -> str:
        del rising
        return f"{first} a {last}"

    @property
    def point_in_names(self) -> str:
        return "punto"

    def said_sum(self, whole: str, cents: Numeral, cent: Noun) -> str:
        del cent
        return f"{whole} con {self.cardinal(cents.value)}"

    def scaled(self, said: str, scale: str, unit: str) -> str:
        if scale == "mil":
            return f"mil {unit}" if said in {"un", "uno"} else f"{said} mil {unit}"
        return f"{said} {scale} de {unit}"

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        if before.lower() in {"siglo", "siglos"}:
            return self.ordinal(number) if number < 10 else self.cardinal(number)
        if before.lower() in NUMBERED_BY_ROMANS:
            return self.cardinal(number)
        if before.lower() in _ARTICLES and after.lower() in ORDERED_BY_ROMANS:
            return self._ordered(number, before.lower(), after)
        if number > 39 or (number in (1, 5, 10) and not before.istitle()):
            return None
        if number > 10:
            return self.cardinal(number)
        return self.ordinal(number, feminine=before in QUEENS)

    def _ordered(self, number: int, article: str, noun: str) -> str:
        """La segunda Guerra, el tercer Congreso, el veintiún Congreso."""
        feminine = article in {"la", "una"}
        if number > 10:
            return self.cardinal(number, noun=noun)
        said = self.ordinal(number, feminine=feminine)
        return said[:-1] if number in (1, 3) and not feminine else said

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_NUMBERED, lambda _: "número "),
            (
                _PAGES,
                lambda found: "páginas " if found[1] in {"págs", "pp"} or found[2] else "página ",
            ),
            (_CENTURY, lambda found: "siglos " if found[1] == "ss" else "siglo "),
            (
                _MONTH,
                lambda found: f"de {SHORT_MONTHS[found[2].lower()]}{' de' if found[3] else ''}",
            ),
            (_FIRST_OF_MONTH, lambda found: "primero " if found[1] else "uno "),
            (_EVERY_HOUR, lambda _: "veinticuatro siete"),
            (_TENTHS, lambda found: f"{found[1]},"),
            (_HOURS, self._hours),
            (_HEIGHT, self._height),
            (
                _HALF_DAY,
                lambda found: (
                    f" {self.letters.spell(found[1] or found[3])} eme"
                    + ("." if found[2] is not None else "")
                ),
            ),
            (_ORDINAL, self._ordinal),
        )

    def _abbreviated(self, found: re.Match[str]) -> str:
        if found[0] == "D." and not _NAME.match(found.string, found.end()):
            return found[0]  # vitamina D.
        return super()._abbreviated(found)

    def _hours(self, found: re.Match[str]) -> str:
        hour, minute = int(found[1] or found[3]), int(found[2] or found[4] or 0)
        return (
            self.said_time(hour, minute, None)
            if minute or found[1]
            else self.cardinal(hour, feminine=True)
        )

    def _height(self, found: re.Match[str]) -> str:
        """1,80 m: un metro ochenta."""
        return f"{self.counted(Numeral(found[1]), UNITS['m'])} {self.short(found[2])}"

    def _ordinal(self, found: re.Match[str]) -> str:
        value = int(found[1])
        if value == 0:
            return found[0]
        if (
            found[2] in {"°", "º"}
            and (found[2] == "°" or value >= _FEWEST_DEGREES)
            and not _is_place(found)
        ):
            return f"{found[1]}°"
        said = self.ordinal(value, feminine=found[2] == "ª" or (found[3] or "").endswith("a"))
        return apart(found, said[:-1] if found[3] == "er" else said)


def _is_place(found: re.Match[str]) -> bool:
    """Whether ``°`` is an ordinal's (el 2° piso, 3° B), not that of degrees (gira 90° a la derecha)."""
    text, (start, end) = found.string, found.span()
    after = NEXT_WORD.match(text, end)
    if (after and after[1].lower() in PLACES) or _IN_CLASS.match(text, end):
        return True
    before = _ARTICLE.search(text, max(0, start - 8), start)
    return before is not None and (found[2] == "º" or _PLACED.match(text, end) is not None)


@cache
def _grammar() -> Spanish:
    return Spanish()


def read_out(text: str) -> str:
    """Write a text as it is read aloud (see :mod:`f5serve.text.spoken`)."""
    return _grammar().read_out(text)


def load() -> None:
    """Make ready what reading needs."""
    _grammar().cardinal(0)
