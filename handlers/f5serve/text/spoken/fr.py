"""French, read out: « quinze heures trente », « vingt et une pages », « Louis quatorze »."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import ClassVar, Final

from f5serve.text.spoken import numbers
from f5serve.text.spoken.grammar import Currency, Grammar, Noun
from f5serve.text.spoken.letters import Letters
from f5serve.text.spoken.numbers import NUMBER, Date, Numeral

_MONTHS: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_FIRST_OF_MONTH: Final = re.compile(rf"(?<![\w.,])1(?:er)? (?=(?:{'|'.join(_MONTHS)})\b)", re.IGNORECASE)
_HOURS: Final = re.compile(
    r"(?<![\w.,])([01]?[0-9]|2[0-4])\s?(?:[hH]\s?([0-5][0-9])(?:\s?min)?|[hH](?=[\s.,;:!?)»]|\Z)|:([0-5][0-9])\s?h(?!\w))(?!\w)"
)
_ORDINAL: Final = re.compile(rf"({NUMBER})\s?(ers?|res?|ères?|nde?s?|ièmes?|èmes?|emes?|es?)(?!\w)")
_ROMAN_ORDINAL: Final = re.compile(r"(?<![\w'’-])([IVX]{1,7})(ers?|res?|ères?|ièmes?|èmes?|es?|ᵉ)(?!\w)")
_NUMBERED: Final = re.compile(r"(?<!\w)(?:[nN][°º]s?|[nN]os?\.|№|[nN]um\.) ?(?=[0-9])")
_HEIGHT: Final = re.compile(r"(?<![\w.,])([12])[.,]([0-9]{2}) ?m(?![\w²³/])")
_PAGES: Final = re.compile(r"(?<!\w)(pp?)\. ?(?=[0-9])")
_ROMAN_BEFORE: Final = frozenset(
    "chapitre tome volume livre acte scène partie titre annexe phase type classe section article étape paragraphe"
    " paris lyon guerre".split()
)
_FEMININE: Final = frozenset(
    "page heure minute seconde personne fois année semaine femme fille voiture maison ville place chambre tonne étoile"
    " question étape partie journée nuit main tasse bouteille carte pomme lettre langue école église équipe rue"
    " table porte fenêtre fleur feuille image histoire idée chose vie voix mer île montagne rivière route ligne pièce"
    " photo vidéo chanson note couronne roupie dette demande réponse classe salle usine entreprise banque boîte cuillère"
    " cuillerée goutte dent jambe oreille victime voie sœur mère tante cousine amie élève vache poule brebis bière salade"
    " orange fraise cerise branche marche couche manche tranche douzaine dizaine centaine vingtaine trentaine unité".split()
)
_FEMININE_ENDINGS: Final = ("tion", "sion", "ette", "ence", "ance", "esse", "ité", "elle", "euse", "trice", "ure", "aison")
_MASCULINE: Final = frozenset("silence squelette libelle modèle murmure".split())
_FRACTIONS: Final = {2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts")}


def _noun(one: str, many: str = "", *, feminine: bool = False) -> Noun:
    return Noun(one, many or f"{one}s", feminine)


_UNITS: Final = {
    "km": _noun("kilomètre"), "m": _noun("mètre"), "cm": _noun("centimètre"), "mm": _noun("millimètre"),
    "µm": _noun("micromètre"), "μm": _noun("micromètre"), "nm": _noun("nanomètre"), "kg": _noun("kilo"),
    "g": _noun("gramme"), "mg": _noun("milligramme"), "t": _noun("tonne", feminine=True), "l": _noun("litre"),
    "L": _noun("litre"), "dl": _noun("décilitre"), "cl": _noun("centilitre"), "ml": _noun("millilitre"),
    "mL": _noun("millilitre"), "h": _noun("heure", feminine=True), "min": _noun("minute", feminine=True),
    "mn": _noun("minute", feminine=True), "s": _noun("seconde", feminine=True), "sec": _noun("seconde", feminine=True),
    "ms": _noun("milliseconde", feminine=True), "km/h": _noun("kilomètre heure", "kilomètres heure"),
    "m/s": _noun("mètre par seconde", "mètres par seconde"), "°C": _noun("degré Celsius", "degrés Celsius"),
    "°F": _noun("degré Fahrenheit", "degrés Fahrenheit"), "°": _noun("degré"), "m²": _noun("mètre carré", "mètres carrés"),
    "m2": _noun("mètre carré", "mètres carrés"), "km²": _noun("kilomètre carré", "kilomètres carrés"),
    "km2": _noun("kilomètre carré", "kilomètres carrés"), "cm²": _noun("centimètre carré", "centimètres carrés"),
    "m³": _noun("mètre cube", "mètres cubes"), "m3": _noun("mètre cube", "mètres cubes"),
    "cm³": _noun("centimètre cube", "centimètres cubes"), "ha": _noun("hectare"), "Hz": _noun("hertz", "hertz"),
    "kHz": _noun("kilohertz", "kilohertz"), "MHz": _noun("mégahertz", "mégahertz"), "GHz": _noun("gigahertz", "gigahertz"),
    "W": _noun("watt"), "kW": _noun("kilowatt"), "MW": _noun("mégawatt"), "kWh": _noun("kilowattheure"),
    "V": _noun("volt"), "mA": _noun("milliampère"), "ko": _noun("kilooctet"), "Ko": _noun("kilooctet"),
    "Mo": _noun("mégaoctet"), "Go": _noun("gigaoctet"), "To": _noun("téraoctet"), "MB": _noun("mégaoctet"),
    "GB": _noun("gigaoctet"), "Mbps": _noun("mégabit par seconde", "mégabits par seconde"), "dB": _noun("décibel"),
    "px": _noun("pixel"), "kcal": _noun("kilocalorie", feminine=True), "cal": _noun("calorie", feminine=True),
    "hPa": _noun("hectopascal"), "ans": Noun("an", "ans"),
}  # fmt: skip
_EURO_CENT: Final = _noun("centime")


class French(Grammar):
    """French of France: soixante-dix, quatre-vingts."""

    months = _MONTHS
    point = "virgule"
    minus, plus = "moins", "plus"
    percent, permille = "pour cent", "pour mille"
    number_sign, version, over, per = "numéro", "version", "sur", "par"
    units = _UNITS
    currencies: ClassVar = {
        sign: currency
        for signs, currency in (
            (("€", "EUR", "euros", "euro"), Currency(_noun("euro"), _EURO_CENT)),
            (("$", "USD"), Currency(_noun("dollar"), _noun("cent"))),
            (("£", "GBP"), Currency(_noun("livre", feminine=True), Noun("penny", "pence"))),
            (("¥", "JPY"), Currency(_noun("yen"))),
            (("CNY",), Currency(_noun("yuan"))),
            (("₹", "INR"), Currency(_noun("roupie", feminine=True))),
            (("₽", "RUB"), Currency(_noun("rouble"), _noun("kopeck"))),
            (("CHF",), Currency(_noun("franc suisse", "francs suisses"), _EURO_CENT)),
            (("FF", "F"), Currency(_noun("franc"), _EURO_CENT)),
        )
        for sign in signs
    }
    scales: ClassVar = {
        "k": "mille", "K": "mille", "M": "millions", "Md": "milliards", "Mds": "milliards", "Mrd": "milliards",
        "million": "million", "millions": "millions", "milliard": "milliard", "milliards": "milliards",
    }  # fmt: skip
    signs: ClassVar = {
        "&": "et", "+": "plus", "=": "égale", "@": "arobase", "#": "dièse", "§": "paragraphe", "%": "pour cent",
        "‰": "pour mille", "×": "fois", "*": "fois", "÷": "divisé par", "±": "plus ou moins", "≈": "environ",
        "≠": "différent de", "<": "inférieur à", ">": "supérieur à", "≤": "au plus", "≥": "au moins",
        "√": "racine carrée de", "∞": "infini", "°": "degrés", "€": "euros", "$": "dollars", "£": "livres", "¥": "yens",
        "₹": "roupies", "₽": "roubles", "−": "moins", "²": "au carré", "³": "au cube", "π": "pi", "α": "alpha", "β": "bêta",
        "γ": "gamma", "δ": "delta", "λ": "lambda", "µ": "micro", "μ": "mu", "σ": "sigma", "ω": "oméga", "Ω": "ohm",
        "Δ": "delta", "Σ": "somme",
    }  # fmt: skip
    abbreviations: ClassVar = {
        "M.": "Monsieur", "Mr": "Monsieur", "Mr.": "Monsieur", "MM.": "Messieurs", "Mme": "Madame", "Mme.": "Madame",
        "Mmes": "Mesdames", "Mlle": "Mademoiselle", "Mlles": "Mesdemoiselles", "Dr": "Docteur", "Dr.": "Docteur",
        "Pr": "Professeur", "Pr.": "Professeur", "Prof.": "Professeur", "Me": "Maître", "Mgr": "Monseigneur",
        "St": "Saint", "Ste": "Sainte", "St-": "Saint-", "etc.": "et cetera.", "p. ex.": "par exemple", "p.ex.": "par exemple",
        "c.-à-d.": "c'est-à-dire", "càd": "c'est-à-dire", "env.": "environ", "av. J.-C.": "avant Jésus-Christ",
        "apr. J.-C.": "après Jésus-Christ", "J.-C.": "Jésus-Christ", "bd": "boulevard", "Bd": "Boulevard",
        "av.": "avenue", "tél.": "téléphone", "Tél.": "Téléphone", "cf.": "confer", "vs": "contre", "OK": "okay",
        "svp": "s'il vous plaît", "SVP": "s'il vous plaît", "n.b.": "nota bene", "Cie": "Compagnie", "éd.": "édition",
        "chap.": "chapitre", "fig.": "figure",
    }  # fmt: skip
    letters = Letters(
        names={
            "a": "a", "b": "bé", "c": "cé", "d": "dé", "e": "e", "f": "effe", "g": "gé", "h": "ache", "i": "i",
            "j": "ji", "k": "ka", "l": "elle", "m": "emme", "n": "enne", "o": "o", "p": "pé", "q": "ku", "r": "erre",
            "s": "esse", "t": "té", "u": "u", "v": "vé", "w": "double vé", "x": "ixe", "y": "i grec", "z": "zède",
        },
        words=frozenset(
            "AU AUX BON CAR CE CES DE DES DU ELLE EN ES EST ET EUX IL ILS JE LA LE LES LEUR LUI MA MAIS ME MES MOI MON"
            " NE NI NON NOS NOUS ON OU OUI OÙ PAR PAS PEU QUE QUI SA SE SES SI SON SUR TA TE TES TOI TON TOUT TU UN UNE"
            " VA VOS VU ÇA À AMI FIN FEU JOUR NUL SOUS TOP TRÈS VITE STOP PLUS LOIN AIR EAU ÉTÉ ROI OR".split()
        ),
        spelled=frozenset("SNCF RATP CNRS EDF TGV RER PSG BNP HLM CDI CDD RTT SMS QI TTC HT VTT BTS BAC".split()) - {"BAC"},
        spoken=frozenset("SNU CAF BAC PACS ENA SMIC INSEE UNESCO CROUS CAPES VIH".split()) - {"VIH"},
        alone="àaoy",
        ampersand="et",
    )  # fmt: skip

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
        if one in _FEMININE:
            return True
        return one.endswith(_FEMININE_ENDINGS) and one not in _MASCULINE

    def is_one(self, numeral: Numeral) -> bool:
        return numeral.value < 2  # also 1,5 litre and 0 degré

    def said_date(self, date: Date) -> str:
        day = "premier" if date.day == 1 else self.cardinal(date.day)
        said = f"{day} {_MONTHS[date.month - 1]}"
        return said if date.year is None else f"{said} {self.cardinal(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        said = self.counted(Numeral(str(hour)), _UNITS["h"])
        if second is not None:
            minutes = self.counted(Numeral(str(minute)), _UNITS["min"])
            return f"{said} {minutes} {self.counted(Numeral(str(second)), _UNITS['s'])}"
        return f"{said} {self.cardinal(minute, feminine=True)}" if minute else said

    def said_fraction(self, above: int, below: int) -> str:
        one, many = _FRACTIONS.get(below, (self.ordinal(below), f"{self.ordinal(below)}s"))
        return f"{self.cardinal(above)} {one if above == 1 else many}"

    def mixed(self, whole: int, fraction: str) -> str:
        return f"{self.cardinal(whole)} et {'demi' if fraction == 'un demi' else fraction}"

    def between(self, first: str, last: str, *, rising: bool) -> str:
        del rising
        return f"{first} à {last}"

    def scaled(self, said: str, scale: str, unit: str) -> str:
        if scale == "mille":
            return f"{said} {scale} {unit}"
        return f"{said} {scale} d'{unit}" if unit[0] in "aeiouhéy" and unit[0] != "y" else f"{said} {scale} de {unit}"

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
        return ", ".join(self.short(group) if len(group) == 2 else self.by_digits(group) for group in groups)

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        if before.lower() in _ROMAN_BEFORE:
            return self.cardinal(number)
        if after.lower() in {"siècle", "siècles"}:
            return self.ordinal(number)
        if number > 39 or number in (1, 5, 10):
            return None
        return self.cardinal(number)

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_NUMBERED, lambda _: "numéro "),
            (_PAGES, lambda found: "pages " if found[1] == "pp" else "page "),
            (_FIRST_OF_MONTH, lambda _: "premier "),
            (_HOURS, self._hours),
            (_HEIGHT, self._height),
            (_ROMAN_ORDINAL, self._roman_ordinal),
            (_ORDINAL, self._ordinal),
        )

    def _hours(self, found: re.Match[str]) -> str:
        return self.said_time(int(found[1]), int(found[2] or found[3] or 0), None)

    def _height(self, found: re.Match[str]) -> str:
        """1,80 m: un mètre quatre-vingts."""
        return f"{self.counted(Numeral(found[1]), _UNITS['m'])} {self.short(found[2])}"

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
