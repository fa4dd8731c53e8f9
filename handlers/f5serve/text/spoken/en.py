"""English, read out: "nineteen eighty-four", "twelve dollars and fifty cents", "the sixth of December"."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import ClassVar, Final

from f5serve.text.spoken.grammar import Currency, Grammar, Noun
from f5serve.text.spoken.letters import Letters
from f5serve.text.spoken.numbers import NUMBER, Date, Numeral

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_SHORT_MONTHS: Final = {month[:3]: month for month in _MONTHS} | {"Sept": "September"}
_MONTH: Final = "|".join([*_MONTHS, *(f"{short}(?:\\.|(?![a-z]))" for short in _SHORT_MONTHS)])
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
_DECADE: Final = re.compile(r"(?<![\w.,'’])(?:['’]([0-9])0|([1-9][0-9]{0,2})([0-9]0))['’]?s(?!\w)|['’]([0-9]0)s(?!\w)")
_HALF_DAY: Final = re.compile(r"(?<![\w:.,])(1[0-2]|0?[1-9])(?::([0-5][0-9]))?\s?([AaPp])\.?[Mm](?:\.(?!\s?\Z|\s[A-Z])|(?!\w))")
_HEIGHT: Final = re.compile(r"(?<![\w.])([1-9])['’′] ?(1[01]|[0-9])(?:\"|”|″|'')")
_ARTICLE: Final = re.compile(r"(?i)\b(?:an?|the) \Z")
_NOUN_FOLLOWS: Final = re.compile(r" (?!(?:of|in|to|and|or|is|was|from|at|on|for|per|by|with|that|which)\b)[a-z]{2}")
_EVERY_HOUR: Final = re.compile(r"(?<![\w/])24/7(?![\w/])")
_NUMBERED: Final = frozenset(
    "Chapter Part Volume Book Act Scene Section Article War Title Phase Type Class Level Stage Unit Figure Table"
    " Appendix Module Mark Group Division Apollo Rocky Rambo Episode Season Bowl".split()
)
_NO_NOUN: Final = frozenset("is was has as this its does us his yes thus plus across perhaps always".split())
_TENS: Final = (
    "", "tens", "twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties",
)  # fmt: skip
_FRACTIONS: Final = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def _noun(one: str, many: str = "") -> Noun:
    return Noun(one, many or f"{one}s")


_UNITS: Final = {
    "km": _noun("kilometre"), "m": _noun("metre"), "cm": _noun("centimetre"), "mm": _noun("millimetre"),
    "µm": _noun("micrometre"), "μm": _noun("micrometre"), "nm": _noun("nanometre"), "mi": _noun("mile"),
    "yd": _noun("yard"), "ft": _noun("foot", "feet"), "kg": _noun("kilogram"), "g": _noun("gram"),
    "mg": _noun("milligram"), "t": _noun("tonne"), "lb": _noun("pound"), "lbs": _noun("pound"), "oz": _noun("ounce"),
    "l": _noun("litre"), "L": _noun("litre"), "dl": _noun("decilitre"), "cl": _noun("centilitre"),
    "ml": _noun("millilitre"), "mL": _noun("millilitre"), "h": _noun("hour"), "hr": _noun("hour"),
    "hrs": _noun("hour"), "min": _noun("minute"), "mins": _noun("minute"), "s": _noun("second"),
    "sec": _noun("second"), "secs": _noun("second"), "ms": _noun("millisecond"),
    "km/h": _noun("kilometre per hour", "kilometres per hour"), "kph": _noun("kilometre per hour", "kilometres per hour"),
    "m/s": _noun("metre per second", "metres per second"), "mph": _noun("mile per hour", "miles per hour"),
    "°C": _noun("degree Celsius", "degrees Celsius"), "°F": _noun("degree Fahrenheit", "degrees Fahrenheit"),
    "°": _noun("degree"), "m²": _noun("square metre"), "m2": _noun("square metre"), "km²": _noun("square kilometre"),
    "km2": _noun("square kilometre"), "cm²": _noun("square centimetre"), "m³": _noun("cubic metre"),
    "m3": _noun("cubic metre"), "cm³": _noun("cubic centimetre"), "ha": _noun("hectare"),
    "Hz": _noun("hertz", "hertz"), "kHz": _noun("kilohertz", "kilohertz"), "MHz": _noun("megahertz", "megahertz"),
    "GHz": _noun("gigahertz", "gigahertz"), "W": _noun("watt"), "kW": _noun("kilowatt"), "MW": _noun("megawatt"),
    "kWh": _noun("kilowatt hour"), "V": _noun("volt"), "mA": _noun("milliamp"), "kB": _noun("kilobyte"),
    "KB": _noun("kilobyte"), "MB": _noun("megabyte"), "GB": _noun("gigabyte"), "TB": _noun("terabyte"),
    "Mbps": _noun("megabit per second", "megabits per second"), "Gbps": _noun("gigabit per second", "gigabits per second"),
    "dB": _noun("decibel"), "px": _noun("pixel"), "kcal": _noun("kilocalorie"), "cal": _noun("calorie"),
    "hPa": _noun("hectopascal"), "bpm": _noun("beat per minute", "beats per minute"),
}  # fmt: skip


class English(Grammar):
    """English: American order of dates in digits, British "and" in numbers."""

    decimal = "."
    group = ","
    month_first = True
    months = _MONTHS
    point = "point"
    minus, plus = "minus", "plus"
    percent, permille = "percent", "per mille"
    number_sign, version, over, per = "number", "version", "over", "per"
    dot = "dot"  # of an address of the internet
    units = _UNITS
    currencies: ClassVar = {
        sign: currency
        for signs, currency in (
            (("$", "USD"), Currency(_noun("dollar"), _noun("cent"))),
            (("€", "EUR"), Currency(_noun("euro"), _noun("cent"))),
            (("£", "GBP"), Currency(_noun("pound"), Noun("penny", "pence"))),
            (("¥", "JPY"), Currency(_noun("yen", "yen"))),
            (("CNY", "RMB"), Currency(_noun("yuan", "yuan"))),
            (("₹", "INR"), Currency(_noun("rupee"), Noun("paisa", "paise"))),
            (("₽", "RUB"), Currency(_noun("rouble"), _noun("kopeck"))),
            (("CHF",), Currency(_noun("Swiss franc"), _noun("centime"))),
            (("₩", "KRW"), Currency(_noun("won", "won"))),
            (("¢",), Currency(_noun("cent"))),
        )
        for sign in signs
    }
    scales: ClassVar = {
        "k": "thousand", "K": "thousand", "M": "million", "m": "million", "mn": "million", "bn": "billion",
        "B": "billion", "b": "billion", "tn": "trillion", "T": "trillion", "thousand": "thousand",
        "million": "million", "billion": "billion", "trillion": "trillion",
    }  # fmt: skip
    signs: ClassVar = {
        "&": "and", "+": "plus", "=": "equals", "@": "at", "#": "number", "§": "section", "%": "percent",
        "‰": "per mille", "×": "times", "*": "times", "÷": "divided by", "±": "plus or minus", "≈": "about", "≠": "is not",
        "<": "less than", ">": "greater than", "≤": "at most", "≥": "at least", "√": "square root of", "∞": "infinity",
        "°": "degrees", "€": "euros", "$": "dollars", "£": "pounds", "¥": "yen", "₹": "rupees", "₽": "roubles",
        "−": "minus", "²": "squared", "³": "cubed", "π": "pi", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta",
        "λ": "lambda", "µ": "micro", "μ": "mu", "σ": "sigma", "ω": "omega", "Ω": "ohm", "Δ": "delta", "Σ": "sum",
    }  # fmt: skip
    abbreviations: ClassVar = {
        "Mr.": "Mister", "Mr": "Mister", "Mrs.": "Missus", "Mrs": "Missus", "Ms.": "Miz", "Ms": "Miz",
        "Dr.": "Doctor", "Dr": "Doctor", "Prof.": "Professor", "St.": "Saint", "Jr.": "Junior", "Sr.": "Senior",
        "Capt.": "Captain", "Gen.": "General", "Col.": "Colonel", "Lt.": "Lieutenant", "Sgt.": "Sergeant",
        "Rev.": "Reverend", "Gov.": "Governor", "Sen.": "Senator", "Mt.": "Mount", "Inc.": "Incorporated",
        "Ltd.": "Limited", "Ltd": "Limited", "Corp.": "Corporation", "Co.": "Company", "vs.": "versus", "vs": "versus",
        "etc.": "et cetera.", "e.g.": "for example", "i.e.": "that is", "approx.": "approximately", "dept.": "department",
        "Ave.": "Avenue", "Blvd.": "Boulevard", "a.k.a.": "also known as", "w/o": "without", "w/": "with", "OK": "okay",
    }  # fmt: skip
    letters = Letters(
        names={
            "a": "ay", "b": "bee", "c": "see", "d": "dee", "e": "ee", "f": "eff", "g": "jee", "h": "aitch", "i": "eye",
            "j": "jay", "k": "kay", "l": "ell", "m": "em", "n": "en", "o": "oh", "p": "pee", "q": "cue", "r": "ar",
            "s": "ess", "t": "tee", "u": "you", "v": "vee", "w": "double you", "x": "ex", "y": "why", "z": "zed",
        },
        words=frozenset(
            "A AM AN AND ANY ARE AS AT BE BIG BUT BY CAN DAY DID DO FOR GET GO GOT HAD HAS HE HER HIM HIS HOT HOW IF"
            " IN IS ITS LET MAY ME MY NEW NO NOR NOT NOW OF OFF OH OLD ON ONE OR OUR OUT OWN SAY SEE SHE SO STOP SO"
            " THE TO TOO TOP TRY TWO UP USE WAS WAY WE WHY WIN YES YET YOU BAD BUY RED SALE FREE ASK ALL END EAT FUN"
            " LOW MAN MEN NEED PAY PUT RUN SIT SIX TEN WAR WET WON YEAH HEY WOW MR MS DR DAD MOM MUM DON ISN CAN".split()
        ),
        alone="ai",
        ampersand="and",
    )  # fmt: skip

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
        counts = after.islower() and after.endswith("s") and after not in _NO_NOUN
        return self.cardinal(number) if counts else self.year(number)

    def said_date(self, date: Date) -> str:
        said = f"{_MONTHS[date.month - 1]} {self.ordinal(date.day)}"
        return said if date.year is None else f"{said}, {self.year(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        if second is not None:
            return f"{self._clock_part(hour, minute)} and {self.counted(Numeral(str(second)), _noun('second'))}"
        return self._clock_part(hour, minute)

    def _clock_part(self, hour: int, minute: int) -> str:
        said = self.cardinal(hour)
        if minute == 0:
            return f"{said} o'clock" if hour <= 12 else f"{said} hundred hours"
        return f"{said} {self._minutes(minute)}"

    def _minutes(self, minute: int) -> str:
        return self.cardinal(minute) if minute >= 10 else f"oh {self.cardinal(minute)}"

    def said_fraction(self, above: int, below: int) -> str:
        one, many = _FRACTIONS.get(below, (self.ordinal(below), f"{self.ordinal(below)}s"))
        return f"{self.cardinal(above)} {one if above == 1 else many}"

    def mixed(self, whole: int, fraction: str) -> str:
        return f"{self.cardinal(whole)} and {fraction.replace('one half', 'a half')}"

    def between(self, first: str, last: str, *, rising: bool) -> str:
        return f"{first} to {last}" if rising else f"{first} {last}"

    def said_sum(self, whole: str, cents: Numeral, cent: Noun) -> str:
        return f"{whole} and {self.counted(cents, cent)}"

    def _measured(self, found: re.Match[str]) -> str:
        """A unit in the singular where a noun follows that it describes: a 10 km run, a five-litre can."""
        describes = _ARTICLE.search(found.string, max(0, found.start() - 4), found.start())
        if describes and _NOUN_FOLLOWS.match(found.string, found.end()) and not found["per"]:
            return f"{self.number(self.parse(found['amount']))} {self.units[found['unit']].one}"
        return super()._measured(found)

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        if before in _NUMBERED:
            return self.cardinal(number)
        if number > 39 or (number in (1, 5, 10) and not _is_monarch(before)):
            return None
        if before.istitle() and (_is_monarch(before) or after.lower() in {"of", "was", "and", "died"}):
            return f"the {self.ordinal(number)}"
        return self.cardinal(number)

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (re.compile(r"(?<!\w)(?:[Nn]o\.|[Nn]r\.|№|#) ?(?=[0-9])"), lambda _: "number "),
            (re.compile(r"(?<!\w)(?:pp?\.) ?(?=[0-9])"), lambda found: "pages " if "pp" in found[0] else "page "),
            (re.compile(r"(?<!\w)(?:[Ff]ig\.) ?(?=[0-9])"), lambda _: "figure "),
            (_DAY_MONTH, self._day_month),
            (_MONTH_DAY, self._month_day),
            (_HALF_DAY, self._half_day),
            (_HEIGHT, lambda found: f"{found[1]} foot {found[2]}"),
            (_EVERY_HOUR, lambda _: "twenty-four seven"),
            (_DECADE, self._decade),
            (_ORDINAL, lambda found: self.ordinal(self.parse(found[1]).value) if len(found[1]) < 15 else found[0]),
        )

    def _day_month(self, found: re.Match[str]) -> str:
        day = int(found["day"])
        if not 1 <= day <= 31:
            return found[0]
        the = found["the"] or "the "
        return f"{the}{self.ordinal(day)} of {_month(found['month'])}{self._after_date(found['year'])}"

    def _month_day(self, found: re.Match[str]) -> str:
        day = int(found["day"])
        if not 1 <= day <= 31:
            return found[0]
        return f"{_month(found['month'])} {self.ordinal(day)}{self._after_date(found['year'])}"

    def _after_date(self, year: str | None) -> str:
        return f", {self.year(int(year.lstrip(', ')))}" if year else ""

    def _half_day(self, found: re.Match[str]) -> str:
        half = "ay em" if found[3] in "Aa" else "pee em"
        stop = "." if found[0].endswith(".") and found.end() == len(found.string) else ""
        minutes = f" {self._minutes(int(found[2]))}" if found[2] and int(found[2]) else ""
        return f"{self.cardinal(int(found[1]))}{minutes} {half}{stop}"

    def _decade(self, found: re.Match[str]) -> str:
        tens = found[1] or (found[3] or found[4])[0]
        name = _TENS[int(tens)]
        if found[2] is None:
            return name or found[0]
        century = int(found[2])
        if not name:
            return f"{self.cardinal(century)} hundreds" if century % 10 else f"{self.cardinal(century * 100)}s"
        return f"{self.cardinal(century)} {name}"


_MONARCHS: Final = frozenset(
    "Henry Elizabeth Charles Edward George William James Mary Richard John Louis Philip Napoleon Francis Paul Pius"
    " Benedict Leo Gregory Clement Urban Innocent Alexander Nicholas Catherine Frederick Wilhelm Otto Ramses Ramesses"
    " Ptolemy Cleopatra Darius Xerxes Albert Leopold Felipe Juan Alfonso Carlos Gustav Harald Christian Haakon Olav".split()
)


def _is_monarch(name: str) -> bool:
    return name in _MONARCHS


def _month(name: str) -> str:
    return _SHORT_MONTHS.get(name.rstrip("."), name)


@cache
def _grammar() -> English:
    return English()


def read_out(text: str) -> str:
    """Write a text as it is read aloud (see :mod:`f5serve.text.spoken`)."""
    return _grammar().read_out(text)


def load() -> None:
    """Make ready what reading needs."""
    _grammar().cardinal(0)
