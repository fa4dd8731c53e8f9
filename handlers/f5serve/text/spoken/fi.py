"""Finnish, read out: "kuudes joulukuuta", "viiden prosentin", "kello viisitoista kolmekymmentä"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import ClassVar, Final

from f5serve.text.spoken import numbers
from f5serve.text.spoken.grammar import DASH, Currency, Grammar, Noun
from f5serve.text.spoken.letters import Letters
from f5serve.text.spoken.numbers import NUMBER, Date, Numeral

_MONTHS: Final = (
    "tammikuuta", "helmikuuta", "maaliskuuta", "huhtikuuta", "toukokuuta", "kesäkuuta", "heinäkuuta", "elokuuta",
    "syyskuuta", "lokakuuta", "marraskuuta", "joulukuuta",
)  # fmt: skip
_DAY_AND_MONTH: Final = re.compile(r"(?<![\w./-])([0-3]?[0-9])\.(1[0-2]|0?[1-9])\.(?![0-9])")
_DAYS: Final = re.compile(rf"(?<![\w.,/-])([0-3]?[0-9])\.\s?{DASH}\s?([0-3]?[0-9])\.(?=\s(?:{'|'.join(_MONTHS)}))")
_CLOCK: Final = re.compile(
    r"(?<!\w)(?:(?P<named>[Kk](?:lo|ello)(?:sta)?) (?P<hour>[01]?[0-9]|2[0-4])(?:[.:](?P<minute>[0-5][0-9]))?(?![\w:]|[.,][0-9])"
    r"|(?<![.,-])(?P<hours>[01][0-9]|2[0-3])\.(?P<minutes>[0-5][0-9])(?![\w:%-]|[.,][0-9]| ?(?:[€%$£]|euro|km|kg|m|g|l|cm|mm)(?!\w)| euroa))"
)
_HOURS: Final = re.compile(
    rf"(?<!\w)([Kk](?:lo|ello)) ([01]?[0-9]|2[0-4])(?:[.:]([0-5][0-9]))?\s?{DASH}\s?([01]?[0-9]|2[0-4])(?:[.:]([0-5][0-9]))?(?![\w:]|[.,][0-9])"
)
_ORDINAL: Final = re.compile(r"(?<![\w.,:/-])([0-9]{1,4})\.(?= ([^\W\d_A-ZÅÄÖ]{1,40}))")
_INFLECTED: Final = re.compile(rf"({NUMBER}):([a-zäö]{{1,8}})(?!\w)")
_ROMAN_INFLECTED: Final = re.compile(r"(?<![\w.-])([IVX]{1,6}):([a-zäö]{1,8})(?!\w)")
_COMPOUND: Final = re.compile(r"(?<![\w.,-])([0-9]{1,9})-(?=[^\W\d_]{2})")
_NUMBERED: Final = re.compile(r"(?<!\w)(?:[nN]:?[ro]o?\.?|№|#) ?(?=[0-9])")
_PAGES: Final = re.compile(r"(?<!\w)ss?\. ?(?=[0-9])")
_IN_YEAR: Final = re.compile(r"(?<!\w)v\. ?(?=[12][0-9]{3}(?![0-9]))")
_YEARS: Final = re.compile(r"(?<=[0-9]) ?v\.(?!\w)")

_HARMONY: Final = re.compile("[aou]")
_ENDINGS: Final[Mapping[str, str]] = {
    "n": "genitive", "en": "genitive", "ssa": "inessive", "ssä": "inessive", "sta": "elative", "stä": "elative",
    "lla": "adessive", "llä": "adessive", "lta": "ablative", "ltä": "ablative", "lle": "allative", "na": "essive",
    "nä": "essive", "ksi": "translative", "a": "partitive", "ä": "partitive", "ta": "partitive", "tä": "partitive",
    "ea": "partitive", "iä": "partitive", "ia": "partitive", "iin": "illative", "een": "illative", "aan": "illative",
    "ään": "illative", "oon": "illative", "hin": "illative", "seen": "illative", "uun": "illative", "yyn": "illative",
}  # fmt: skip
_ORDINAL_ENDINGS: Final[Mapping[str, str]] = {
    "s": "nominative", "nen": "nominative", "nnen": "genitive", "sen": "genitive", "tta": "partitive", "ttä": "partitive",
    "nnessa": "inessive", "nnessä": "inessive", "nnesta": "elative", "nnestä": "elative", "nnella": "adessive",
    "nnellä": "adessive", "nnelle": "allative", "nneksi": "translative", "ntena": "essive", "ntenä": "essive",
    "nteen": "illative",
}  # fmt: skip
_WORD_ENDINGS: Final = (
    ("ssa", "inessive"), ("ssä", "inessive"), ("sta", "elative"), ("stä", "elative"), ("lla", "adessive"),
    ("llä", "adessive"), ("lta", "ablative"), ("ltä", "ablative"), ("lle", "allative"), ("ksi", "translative"),
    ("nä", "essive"), ("na", "essive"), ("een", "illative"), ("aan", "illative"), ("ään", "illative"), ("iin", "illative"),
    ("uun", "illative"), ("oon", "illative"), ("n", "genitive"),
)  # fmt: skip
_NOT_INFLECTED: Final = frozenset("ennen kuin niin vain kun sekä jälkeen nainen ihminen mukaan kanssa ja tai noin sitten eikä väliin alle yli päin kohden kerran kotona muualla täällä tuolla siellä".split())
_FRACTIONS: Final = {2: ("puoli", "puolta"), 3: ("kolmasosa", "kolmasosaa"), 4: ("neljäsosa", "neljäsosaa")}


def _i(stem: str) -> Noun:
    """A noun like metri: metriä, metrin."""
    return Noun(f"{stem}i", f"{stem}i{_a(stem)}")


def _a(stem: str) -> str:
    return "a" if _HARMONY.search(stem) else "ä"


_HOUR: Final = Noun("tunti", "tuntia")
_UNITS: Final = {
    "km": _i("kilometr"), "m": _i("metr"), "cm": _i("senttimetr"), "mm": _i("millimetr"), "µm": _i("mikrometr"),
    "μm": _i("mikrometr"), "nm": _i("nanometr"), "kg": Noun("kilo", "kiloa"), "g": Noun("gramma", "grammaa"),
    "mg": Noun("milligramma", "milligrammaa"), "tn": Noun("tonni", "tonnia"), "l": Noun("litra", "litraa"),
    "L": Noun("litra", "litraa"), "dl": Noun("desilitra", "desilitraa"), "cl": Noun("senttilitra", "senttilitraa"),
    "ml": Noun("millilitra", "millilitraa"), "rkl": Noun("ruokalusikallinen", "ruokalusikallista"),
    "tl": Noun("teelusikallinen", "teelusikallista"), "h": _HOUR, "t": _HOUR, "min": Noun("minuutti", "minuuttia"),
    "s": Noun("sekunti", "sekuntia"), "sek": Noun("sekunti", "sekuntia"), "ms": Noun("millisekunti", "millisekuntia"),
    "km/h": Noun("kilometri tunnissa", "kilometriä tunnissa"), "m/s": Noun("metri sekunnissa", "metriä sekunnissa"),
    "°C": Noun("aste Celsiusta", "astetta Celsiusta"), "°F": Noun("aste Fahrenheitia", "astetta Fahrenheitia"),
    "°": Noun("aste", "astetta"), "m²": Noun("neliömetri", "neliömetriä"), "m2": Noun("neliömetri", "neliömetriä"),
    "km²": Noun("neliökilometri", "neliökilometriä"), "km2": Noun("neliökilometri", "neliökilometriä"),
    "cm²": Noun("neliösenttimetri", "neliösenttimetriä"), "m³": Noun("kuutiometri", "kuutiometriä"),
    "m3": Noun("kuutiometri", "kuutiometriä"), "ha": Noun("hehtaari", "hehtaaria"), "Hz": Noun("hertsi", "hertsiä"),
    "kHz": Noun("kilohertsi", "kilohertsiä"), "MHz": Noun("megahertsi", "megahertsiä"), "GHz": Noun("gigahertsi", "gigahertsiä"),
    "W": Noun("watti", "wattia"), "kW": Noun("kilowatti", "kilowattia"), "MW": Noun("megawatti", "megawattia"),
    "kWh": Noun("kilowattitunti", "kilowattituntia"), "V": Noun("voltti", "volttia"), "mA": Noun("milliampeeri", "milliampeeria"),
    "kt": Noun("kilotavu", "kilotavua"), "Mt": Noun("megatavu", "megatavua"), "Gt": Noun("gigatavu", "gigatavua"),
    "MB": Noun("megatavu", "megatavua"), "GB": Noun("gigatavu", "gigatavua"), "TB": Noun("teratavu", "teratavua"),
    "Mbps": Noun("megabitti sekunnissa", "megabittiä sekunnissa"), "dB": Noun("desibeli", "desibeliä"),
    "px": Noun("pikseli", "pikseliä"), "kcal": Noun("kilokalori", "kilokaloria"), "kpl": Noun("kappale", "kappaletta"),
    "hPa": Noun("hehtopascal", "hehtopascalia"),
}  # fmt: skip
_PERCENT: Final = Noun("prosentti", "prosenttia")
_STEMS: Final[Mapping[str, str]] = {
    "prosentti": "prosenti", "tunti": "tunni", "minuutti": "minuuti", "sekunti": "sekunni", "aste": "astee", "watti": "wati",
    "kilowatti": "kilowati", "megawatti": "megawati", "voltti": "volti", "kappale": "kappalee", "dollari": "dollari",
    "kilowattitunti": "kilowattitunni", "promille": "promille", "millisekunti": "millisekunni", "punta": "punna",
    "sentti": "senti",
}  # fmt: skip
"""What case endings stand on, where it is not the nominative."""


class Finnish(Grammar):
    """Finnish; cases are read from what is written after a colon, or from the word that follows."""

    months = _MONTHS
    point = "pilkku"
    minus, plus = "miinus", "plus"
    percent, permille = "prosenttia", "promillea"
    number_sign, version, over, per = "numero", "versio", "kautta", "per"
    units = _UNITS
    currencies: ClassVar = {
        sign: currency
        for signs, currency in (
            (("€", "EUR", "e", "euroa", "euro"), Currency(Noun("euro", "euroa"), Noun("sentti", "senttiä"))),
            (("$", "USD"), Currency(Noun("dollari", "dollaria"), Noun("sentti", "senttiä"))),
            (("£", "GBP"), Currency(Noun("punta", "puntaa"), Noun("penni", "penniä"))),
            (("¥", "JPY"), Currency(Noun("jeni", "jeniä"))),
            (("CNY",), Currency(Noun("juan", "juania"))),
            (("₹", "INR"), Currency(Noun("rupia", "rupiaa"))),
            (("₽", "RUB"), Currency(Noun("rupla", "ruplaa"), Noun("kopeekka", "kopeekkaa"))),
            (("CHF",), Currency(Noun("Sveitsin frangi", "Sveitsin frangia"))),
            (("SEK", "kr"), Currency(Noun("kruunu", "kruunua"))),
            (("mk",), Currency(Noun("markka", "markkaa"), Noun("penni", "penniä"))),
        )
        for sign in signs
    }
    scales: ClassVar = {
        "t": "tuhatta", "M": "miljoonaa", "milj.": "miljoonaa", "milj": "miljoonaa", "mrd.": "miljardia", "mrd": "miljardia",
        "tuhatta": "tuhatta", "miljoona": "miljoona", "miljoonaa": "miljoonaa", "miljardi": "miljardi",
        "miljardia": "miljardia",
    }  # fmt: skip
    signs: ClassVar = {
        "&": "ja", "+": "plus", "=": "on yhtä kuin", "@": "ät", "#": "numero", "§": "pykälä", "%": "prosenttia",
        "‰": "promillea", "×": "kertaa", "*": "kertaa", "÷": "jaettuna", "±": "plus miinus", "≈": "noin",
        "≠": "eri suuri kuin", "<": "pienempi kuin", ">": "suurempi kuin", "≤": "enintään", "≥": "vähintään",
        "√": "neliöjuuri", "∞": "ääretön", "°": "astetta", "€": "euroa", "$": "dollaria", "£": "puntaa", "¥": "jeniä",
        "₹": "rupiaa", "₽": "ruplaa", "−": "miinus", "²": "toiseen", "³": "kolmanteen", "π": "pii", "α": "alfa", "β": "beeta",
        "γ": "gamma", "δ": "delta", "λ": "lambda", "µ": "mikro", "μ": "myy", "σ": "sigma", "ω": "oomega", "Ω": "ohmi",
        "Δ": "delta", "Σ": "summa",
    }  # fmt: skip
    abbreviations: ClassVar = {
        "esim.": "esimerkiksi", "Esim.": "Esimerkiksi", "ym.": "ynnä muuta", "yms.": "ynnä muuta sellaista", "jne.": "ja niin edelleen.",
        "mm.": "muun muassa", "Mm.": "Muun muassa", "ks.": "katso", "puh.": "puhelin", "Puh.": "Puhelin", "ts.": "toisin sanoen",
        "eaa.": "ennen ajanlaskun alkua", "jaa.": "jälkeen ajanlaskun alun", "eKr.": "ennen Kristusta", "jKr.": "jälkeen Kristuksen",
        "n.": "noin", "N.": "Noin", "os.": "osoite", "vrt.": "vertaa", "tms.": "tai muuta sellaista", "toim.": "toimittanut",
        "prof.": "professori", "Prof.": "Professori", "tri": "tohtori", "Tri": "Tohtori", "hra": "herra", "Hra": "Herra",
        "rva": "rouva", "Rva": "Rouva", "nti": "neiti", "synt.": "syntynyt", "pj.": "puheenjohtaja", "Oy": "osakeyhtiö",
        "Oyj": "julkinen osakeyhtiö", "ry": "rekisteröity yhdistys", "OK": "okei", "vs.": "vastaan", "vs": "vastaan",
        "eli.": "eli", "ed.": "edellinen", "tj.": "toimitusjohtaja", "klo": "kello", "Klo": "Kello",
    }  # fmt: skip
    letters = Letters(
        names={
            "a": "aa", "b": "bee", "c": "see", "d": "dee", "e": "ee", "f": "äf", "g": "gee", "h": "hoo", "i": "ii",
            "j": "jii", "k": "koo", "l": "äl", "m": "äm", "n": "än", "o": "oo", "p": "pee", "q": "kuu", "r": "är",
            "s": "äs", "t": "tee", "u": "uu", "v": "vee", "w": "kaksoisvee", "x": "äks", "y": "yy", "z": "tset",
            "å": "ruotsalainen oo", "ä": "ää", "ö": "öö",
        },
        words=frozenset(
            "ALA EI EN ET HE HEI HÄN IHO ISO ITSE JA JO JOS JÄÄ KUN KUU LUE ME MUN MUT NE NO NYT OLE OLI ON OVI PÄÄ SE SEN SUN SUU"
            " SYY SÄ TAI TE TEE TIE TUO TYÖ VAI VOI YLI YÖ ÄLÄ SEIS AUKI KIELLETTY STOP HYVÄ APUA".split()
        ),
        spelled=frozenset("HSL YLE SDP KOK VR SAK STTK HUS TE-".split()) - {"YLE", "HUS", "TE-"},
        spoken=frozenset("YLE NATO HUS KELA VALTRA SITRA TEKES ALKO ITELLA FINAVIA".split()),
        joins_endings=True,
        ampersand="ja",
    )  # fmt: skip

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
        said = f"{self.ordinal(date.day)} {_MONTHS[date.month - 1]}"
        return said if date.year is None else f"{said} {self.cardinal(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        said = self.cardinal(hour)
        if second is not None:
            parts = zip((hour, minute, second), ("h", "min", "s"), strict=True)
            return " ".join(self.counted(Numeral(str(value)), _UNITS[unit]) for value, unit in parts)
        if minute == 0:
            return said
        return f"{said} {self.cardinal(minute)}" if minute >= 10 else f"{said} nolla {self.cardinal(minute)}"

    def said_fraction(self, above: int, below: int) -> str:
        ordinal = self.ordinal(below)
        one, many = _FRACTIONS.get(below, (f"{ordinal}osa", f"{ordinal}osaa"))
        return one if below == 2 and above == 1 else f"{self.cardinal(above)} {one if above == 1 else many}"

    def mixed(self, whole: int, fraction: str) -> str:
        if fraction == "puoli":
            return f"{self.cardinal(whole)} ja puoli"
        return f"{self.cardinal(whole)} ja {fraction}"

    def between(self, first: str, last: str, *, rising: bool) -> str:
        return f"{first} viiva {last}" if rising else f"{first} {last}"

    @property
    def point_in_names(self) -> str:
        return "piste"

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        if before.lower() in {"luku", "osa", "luvussa", "osassa"}:
            return self.cardinal(number)
        if number > 39 or (number in (1, 5, 10) and not before.istitle() and not after.startswith("maailmanso")):
            return None
        return self.ordinal_in_case(number, _case_of(after) if not before.istitle() else "nominative")

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_NUMBERED, lambda _: "numero "),
            (_PAGES, lambda found: "sivut " if found[0].startswith("ss") else "sivu "),
            (_IN_YEAR, lambda _: "vuonna "),
            (_YEARS, lambda _: " vuotta"),
            (_DAYS, lambda found: f"{self._in_elative(found[1])} {self._in_illative(found[2])}"),
            (_DAY_AND_MONTH, self._day_and_month),
            (_HOURS, self._from_hour_to_hour),
            (_CLOCK, self._named_clock),
            (re.compile(rf"(?P<amount>{NUMBER}) ?(?P<sign>[%€$£]|[a-zA-Z]{{1,4}}):(?P<ending>[a-zäö]{{1,5}})(?!\w)"), self._inflected_unit),
            (_INFLECTED, self._inflected),
            (_ROMAN_INFLECTED, self._roman_inflected),
            (_ORDINAL, self._ordinal),
            (_COMPOUND, lambda found: self.cardinal(int(found[1])).replace(" ", "")),
        )

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

    def _inflected(self, found: re.Match[str]) -> str:
        numeral, ending = self.parse(found[1]), found[2]
        if numeral.decimals or len(numeral.whole) > 12:
            return found[0].replace(":", " ")
        if ending in _ORDINAL_ENDINGS and numeral.value:
            return self.ordinal_in_case(numeral.value, _ORDINAL_ENDINGS[ending])
        if ending in _ENDINGS:
            return self.in_case(numeral.value, _ENDINGS[ending])
        return f"{self.cardinal(numeral.value)}{ending}"

    def _roman_inflected(self, found: re.Match[str]) -> str:
        value = numbers.roman(found[1])
        case = _ORDINAL_ENDINGS.get(found[2]) or _ENDINGS.get(found[2])
        return found[0] if value is None or case is None else self.ordinal_in_case(value, case)

    def _inflected_unit(self, found: re.Match[str]) -> str:
        """5 %:n and 3 km:n: number and noun in the case of the ending."""
        sign, case = found["sign"], _ENDINGS.get(found["ending"])
        known = {**{name: currency.unit for name, currency in self.currencies.items()}, **_UNITS, "%": _PERCENT}
        numeral = self.parse(found["amount"])
        if case is None or sign not in known or len(numeral.whole) > 12:
            return found[0]
        noun = _in_case(known[sign].one, case)
        if numeral.decimals:
            return f"{self.number(numeral)} {noun}"
        return f"{self.in_case(numeral.value, case)} {noun}"

    def _percent(self, found: re.Match[str]) -> str:
        noun = _PERCENT if found["sign"] == "%" else Noun("promille", "promillea")
        return self.counted(self.parse(found["amount"]), noun)

    def _range(self, found: re.Match[str]) -> str:
        first, last = self.parse(found[1]), self.parse(found[3])
        small = not (first.decimals or last.decimals) and first.value < last.value < 1000
        after = found.string[found.end() : found.end() + 2].lstrip()
        if small and found[2].strip() == found[2] and not first.is_code and (not after or after[0] in ".,;:!?)"):
            return f"{self.in_case(first.value, 'elative')} {self.in_case(last.value, 'illative')}"
        return super()._range(found)


def _case_of(word: str) -> str:
    """The case that an ordinal takes before a word, as far as its ending tells."""
    if word in _NOT_INFLECTED or word in _MONTHS or word.endswith(("nen", "taan", "tään")):
        return "nominative"
    return next((case for ending, case in _WORD_ENDINGS if word.endswith(ending)), "nominative")


def _in_case(noun: str, case: str) -> str:
    """A noun that is counted, in the singular of a case."""
    stem = _STEMS.get(noun, noun)
    a = _a(stem)
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
