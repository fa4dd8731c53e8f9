"""Italian, read out: «le quindici e trenta», «dodici euro e cinquanta», «Luigi quattordicesimo»."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import ClassVar, Final

from f5serve.text.spoken.grammar import Currency, Grammar, Noun
from f5serve.text.spoken.letters import Letters
from f5serve.text.spoken.numbers import Date, Numeral

_MONTHS: Final = (
    "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre",
    "dicembre",
)  # fmt: skip
_FIRST_OF_MONTH: Final = re.compile(rf"(?<![\w.,])1[º°]? (?=(?:{'|'.join(_MONTHS)})\b)", re.IGNORECASE)
_BEFORE_HOURS: Final = r"(?:(?<=\balle )|(?<=\ble )|(?<=\bdalle )|(?<=\bore )|(?<=\bAlle )|(?<=\bLe )|(?<=\bOre )|(?<=\bDalle ))"
_HOURS: Final = re.compile(
    rf"{_BEFORE_HOURS}([01]?[0-9]|2[0-4])[.:]([0-5][0-9])(?![\w:]|[.,][0-9])|(?<![\w:.,])([01]?[0-9]|2[0-4])[.:]([0-5][0-9]) ?h(?!\w)"
)
_ORDINAL: Final = re.compile(r"(?<![\w.,])([0-9]{1,4})(?:[º°](?!\s?[CF]\b)|(ª)|(?:-?(esim[oaie])))(?!\w)")
_NUMBERED: Final = re.compile(r"(?<!\w)(?:[nN][°º]|[nN]\.|[nN]r\.|№|#) ?(?=[0-9])")
_HEIGHT: Final = re.compile(r"(?<![\w.,])([12])[.,]([0-9]{2}) ?m(?![\w²³/])")
_PAGES: Final = re.compile(r"(?<!\w)(pagg?|pp?)\. ?(?=[0-9])")
_DECADE: Final = re.compile(r"(?<=anni )['’]([2-9]0)(?![0-9])")
_FRACTIONS: Final = {2: ("mezzo", "mezzi"), 3: ("terzo", "terzi"), 4: ("quarto", "quarti")}
_NUMBERED_BY_ROMANS: Final = frozenset(
    "capitolo tomo volume libro atto scena parte titolo allegato fase tipo classe sezione articolo guerra".split()
)
_QUEENS: Final = frozenset("Elisabetta Maria Giovanna Caterina Anna Vittoria Cristina Margherita Isabella Bianca".split())
_FEMININE: Final = frozenset(
    "notte parte classe gente carne chiave croce fase fede fine fonte fronte frase legge luce madre mente morte nave neve"
    " pace pelle rete sede serie torre valle voce volpe moglie mano radio foto moto auto crisi ipotesi analisi tesi".split()
)
_MASCULINE: Final = frozenset(
    "problema mappa pianeta programma sistema tema clima poeta dramma schema diploma turista artista da la una alla dalla"
    " nella sulla della era prima sia ma fa dopodomani cinema panda papa euro".split()
)
_FEMININE_ENDINGS: Final = ("a", "zione", "sione", "gione", "tà", "tù", "trice", "udine")


def _noun(one: str, many: str, *, feminine: bool = False) -> Noun:
    return Noun(one, many, feminine)


def _metres(name: str) -> Noun:
    return Noun(f"{name}metro", f"{name}metri")


def _same(name: str) -> Noun:
    return Noun(name, name)


_UNITS: Final = {
    "km": _metres("chilo"), "m": _metres(""), "cm": _metres("centi"), "mm": _metres("milli"), "µm": _metres("micro"),
    "μm": _metres("micro"), "nm": _metres("nano"), "kg": _noun("chilo", "chili"), "hg": _noun("etto", "etti"),
    "g": _noun("grammo", "grammi"), "gr": _noun("grammo", "grammi"), "mg": _noun("milligrammo", "milligrammi"),
    "t": _noun("tonnellata", "tonnellate", feminine=True), "l": _noun("litro", "litri"), "L": _noun("litro", "litri"),
    "dl": _noun("decilitro", "decilitri"), "cl": _noun("centilitro", "centilitri"), "ml": _noun("millilitro", "millilitri"),
    "mL": _noun("millilitro", "millilitri"), "h": _noun("ora", "ore", feminine=True), "min": _noun("minuto", "minuti"),
    "s": _noun("secondo", "secondi"), "sec": _noun("secondo", "secondi"), "ms": _noun("millisecondo", "millisecondi"),
    "km/h": _noun("chilometro orario", "chilometri orari"), "m/s": _noun("metro al secondo", "metri al secondo"),
    "°C": _noun("grado Celsius", "gradi Celsius"), "°F": _noun("grado Fahrenheit", "gradi Fahrenheit"),
    "°": _noun("grado", "gradi"), "m²": _noun("metro quadrato", "metri quadrati"), "m2": _noun("metro quadrato", "metri quadrati"),
    "mq": _noun("metro quadrato", "metri quadrati"), "km²": _noun("chilometro quadrato", "chilometri quadrati"),
    "km2": _noun("chilometro quadrato", "chilometri quadrati"), "cm²": _noun("centimetro quadrato", "centimetri quadrati"),
    "m³": _noun("metro cubo", "metri cubi"), "m3": _noun("metro cubo", "metri cubi"), "mc": _noun("metro cubo", "metri cubi"),
    "cm³": _noun("centimetro cubo", "centimetri cubi"), "ha": _noun("ettaro", "ettari"), "Hz": _same("hertz"),
    "kHz": _same("chilohertz"), "MHz": _same("megahertz"), "GHz": _same("gigahertz"), "W": _same("watt"),
    "kW": _same("chilowatt"), "MW": _same("megawatt"), "kWh": _same("chilowattora"), "V": _same("volt"),
    "mA": _same("milliampere"), "kB": _same("kilobyte"), "KB": _same("kilobyte"), "MB": _same("megabyte"),
    "GB": _same("gigabyte"), "TB": _same("terabyte"), "Mbps": _same("megabit al secondo"), "dB": _same("decibel"),
    "px": _same("pixel"), "kcal": _noun("chilocaloria", "chilocalorie", feminine=True),
    "cal": _noun("caloria", "calorie", feminine=True), "hPa": _same("ettopascal"),
}  # fmt: skip


class Italian(Grammar):
    """Italian: a point groups digits, a comma parts decimals."""

    months = _MONTHS
    point = "virgola"
    minus, plus = "meno", "più"
    percent, permille = "per cento", "per mille"
    number_sign, version, over, per = "numero", "versione", "su", "al"
    units = _UNITS
    currencies: ClassVar = {
        sign: currency
        for signs, currency in (
            (("€", "EUR", "euro"), Currency(_same("euro"), _noun("centesimo", "centesimi"))),
            (("$", "USD"), Currency(_noun("dollaro", "dollari"), _noun("centesimo", "centesimi"))),
            (("£", "GBP"), Currency(_noun("sterlina", "sterline", feminine=True), _noun("penny", "pence"))),
            (("¥", "JPY"), Currency(_same("yen"))),
            (("CNY",), Currency(_same("yuan"))),
            (("₹", "INR"), Currency(_noun("rupia", "rupie", feminine=True))),
            (("₽", "RUB"), Currency(_noun("rublo", "rubli"), _noun("copeco", "copechi"))),
            (("CHF",), Currency(_noun("franco svizzero", "franchi svizzeri"), _noun("centesimo", "centesimi"))),
        )
        for sign in signs
    }
    scales: ClassVar = {
        "k": "mila", "K": "mila", "mila": "mila", "M": "milioni", "mln": "milioni", "Mln": "milioni", "mld": "miliardi",
        "Mld": "miliardi", "milione": "milione", "milioni": "milioni", "miliardo": "miliardo", "miliardi": "miliardi",
    }  # fmt: skip
    signs: ClassVar = {
        "&": "e", "+": "più", "=": "uguale a", "@": "chiocciola", "#": "cancelletto", "§": "paragrafo", "%": "per cento",
        "‰": "per mille", "×": "per", "*": "per", "÷": "diviso", "±": "più o meno", "≈": "circa", "≠": "diverso da",
        "<": "minore di", ">": "maggiore di", "≤": "minore o uguale a", "≥": "maggiore o uguale a",
        "√": "radice quadrata di", "∞": "infinito", "°": "gradi", "€": "euro", "$": "dollari", "£": "sterline", "¥": "yen",
        "₹": "rupie", "₽": "rubli", "−": "meno", "²": "al quadrato", "³": "al cubo", "π": "pi greco", "α": "alfa",
        "β": "beta", "γ": "gamma", "δ": "delta", "λ": "lambda", "µ": "micro", "μ": "mi", "σ": "sigma", "ω": "omega",
        "Ω": "ohm", "Δ": "delta", "Σ": "somma",
    }  # fmt: skip
    abbreviations: ClassVar = {
        "Sig.": "Signor", "Sig.ra": "Signora", "Sig.na": "Signorina", "Sigg.": "Signori", "sig.": "signor", "sig.ra": "signora",
        "Dott.": "Dottor", "Dott.ssa": "Dottoressa", "dott.": "dottor", "dott.ssa": "dottoressa", "Dr.": "Dottor",
        "Prof.": "Professor", "Prof.ssa": "Professoressa", "prof.": "professor", "prof.ssa": "professoressa",
        "Ing.": "Ingegner", "Avv.": "Avvocato", "Arch.": "Architetto", "Geom.": "Geometra", "On.": "Onorevole",
        "ecc.": "eccetera.", "es.": "esempio", "p.es.": "per esempio", "ad es.": "ad esempio", "tel.": "telefono",
        "Tel.": "Telefono", "a.C.": "avanti Cristo", "d.C.": "dopo Cristo", "a. C.": "avanti Cristo", "d. C.": "dopo Cristo",
        "S.p.A.": "società per azioni", "SpA": "società per azioni", "S.r.l.": "società a responsabilità limitata",
        "c.so": "corso", "C.so": "Corso", "p.zza": "piazza", "P.zza": "Piazza", "P.za": "Piazza", "V.le": "Viale",
        "v.le": "viale", "cap.": "capitolo", "fig.": "figura", "art.": "articolo", "vs": "contro", "vs.": "contro",
        "ca.": "circa", "OK": "okay", "c/o": "presso", "gg": "giorni",
    }  # fmt: skip
    letters = Letters(
        names={
            "a": "a", "b": "bi", "c": "ci", "d": "di", "e": "e", "f": "effe", "g": "gi", "h": "acca", "i": "i",
            "j": "i lunga", "k": "cappa", "l": "elle", "m": "emme", "n": "enne", "o": "o", "p": "pi", "q": "cu",
            "r": "erre", "s": "esse", "t": "ti", "u": "u", "v": "vu", "w": "doppia vu", "x": "ics", "y": "ipsilon",
            "z": "zeta",
        },
        words=frozenset(
            "AL CHE CHI CON DA DAI DAL DEI DEL DI DIO DUE ED ERA FU GLI HA HAI HO IL IN IO LA LE LEI LI LO LUI MA MAI ME MI"
            " MIO NE NEI NEL NO NOI NON OGGI PER PIÙ PIU POI PUÒ QUA QUI RE SE SEI SI SÌ SIA STO SU SUA SUL SUO TE TI TRA TRE"
            " TU TUO TUA UN UNA UNO VA VI VIA VOI GIÀ COSÌ È ALT STOP ORA MIA BAR GAS".split()
        ),
        spelled=frozenset("CGIL SRL RSU DOP IGP PD".split()) - {"CGIL", "DOP"},
        spoken=frozenset("RAI IVA FIAT ISTAT INPS INAIL ENI CONI CISL UIL CGIL IMU TARI IRPEF SIAE ANSA CNEL ENEA TAR DOP".split()),
        alone="aeioè",
        ampersand="e",
    )  # fmt: skip

    def cardinal(self, number: int, *, feminine: bool = False, noun: str = "") -> str:
        from num2words import num2words

        said = str(num2words(number, lang="it")).replace(" e ", " ").replace(",", "")
        if number == 1 and noun:
            return _one(noun, feminine=feminine)
        return said

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        from num2words import num2words

        said = str(num2words(number, lang="it", to="ordinal"))
        return f"{said[:-1]}a" if feminine else said

    def is_feminine(self, noun: str) -> bool:
        noun = noun.lower()
        return noun in _FEMININE or (noun not in _MASCULINE and noun.endswith(_FEMININE_ENDINGS))

    def bare(self, number: int, after: str) -> str:
        """Before a noun "uno" takes its form; what follows in lower case is taken for one."""
        is_noun = after.islower() and (len(after) > 3 or after == "ora") and after not in _AFTER_NUMBERS
        noun = after if number == 1 and is_noun else ""
        return self.cardinal(number, feminine=self.is_feminine(noun), noun=noun)

    def said_date(self, date: Date) -> str:
        day = "primo" if date.day == 1 else self.cardinal(date.day)
        said = f"{day} {_MONTHS[date.month - 1]}"
        return said if date.year is None else f"{said} {self.cardinal(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        said = "una" if hour == 1 else self.cardinal(hour)
        if second is not None:
            parts = zip((hour, minute, second), ("h", "min", "s"), strict=True)
            return " ".join(self.counted(Numeral(str(value)), _UNITS[unit]) for value, unit in parts)
        return f"{said} e {self.cardinal(minute)}" if minute else said

    def said_fraction(self, above: int, below: int) -> str:
        ordinal = self.ordinal(below)
        one, many = _FRACTIONS.get(below, (ordinal, f"{ordinal[:-1]}i"))
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
        return f"{said}{scale} {unit}" if scale == "mila" else f"{said} {scale} di {unit}"

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        if before.lower() in {"secolo", "secoli"}:
            return self.ordinal(number)
        if after.lower() in {"secolo", "secoli"} or (after == "a" and number < 30):
            return self.ordinal(number)
        if after.lower() in {"guerra", "edizione", "dinastia", "legislatura", "divisione"}:
            return self.ordinal(number, feminine=True)
        if before.lower() in _NUMBERED_BY_ROMANS:
            return self.cardinal(number)
        if number > 39 or (number in (1, 5, 10) and not before.istitle()):
            return None
        if before.istitle():
            return self.ordinal(number, feminine=before in _QUEENS)
        return self.cardinal(number)

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_NUMBERED, lambda _: "numero "),
            (_PAGES, lambda found: "pagine " if found[1] in {"pagg", "pp"} else "pagina "),
            (_FIRST_OF_MONTH, lambda _: "primo "),
            (_HOURS, self._hours),
            (_HEIGHT, self._height),
            (_DECADE, lambda found: found[1]),
            (_ORDINAL, self._ordinal),
        )

    def _hours(self, found: re.Match[str]) -> str:
        return self.said_time(int(found[1] or found[3]), int(found[2] or found[4]), None)

    def _height(self, found: re.Match[str]) -> str:
        """1,80 m: un metro e ottanta."""
        return f"{self.counted(Numeral(found[1]), _UNITS['m'])} e {self.short(found[2])}"

    def _ordinal(self, found: re.Match[str]) -> str:
        value = int(found[1])
        if value == 0:
            return found[0]
        said = self.ordinal(value, feminine=found[2] is not None)
        return said if found[3] is None else said[:-1] + found[3][-1]


_AFTER_NUMBERS: Final = frozenset("però come questo questa tra sopra ogni dalla alla dopo quando perché anche della nella".split())
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
