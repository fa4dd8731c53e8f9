"""Words of Finnish that numbers, signs and abbreviations are read with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from f5serve.text.spoken.everyday import Everyday
from f5serve.text.spoken.letters import Letters, words
from f5serve.text.spoken.nouns import Currency, Noun

MONTHS: Final = (
    "tammikuuta", "helmikuuta", "maaliskuuta", "huhtikuuta", "toukokuuta", "kesäkuuta", "heinäkuuta", "elokuuta",
    "syyskuuta", "lokakuuta", "marraskuuta", "joulukuuta",
)  # fmt: skip

ENDINGS: Final[Mapping[str, str]] = {
    "n": "genitive", "en": "genitive", "ssa": "inessive", "ssä": "inessive", "sta": "elative", "stä": "elative",
    "lla": "adessive", "llä": "adessive", "lta": "ablative", "ltä": "ablative", "lle": "allative", "na": "essive",
    "nä": "essive", "ksi": "translative", "a": "partitive", "ä": "partitive", "ta": "partitive", "tä": "partitive",
    "ea": "partitive", "iä": "partitive", "ia": "partitive", "iin": "illative", "een": "illative", "aan": "illative",
    "ään": "illative", "oon": "illative", "hin": "illative", "seen": "illative", "uun": "illative", "yyn": "illative",
}  # fmt: skip

ORDINAL_ENDINGS: Final[Mapping[str, str]] = {
    "s": "nominative", "nen": "nominative", "nnen": "genitive", "sen": "genitive", "tta": "partitive",
    "ttä": "partitive",
    "nnessa": "inessive", "nnessä": "inessive", "nnesta": "elative", "nnestä": "elative", "nnella": "adessive",
    "nnellä": "adessive", "nnelle": "allative", "nneksi": "translative", "ntena": "essive", "ntenä": "essive",
    "nteen": "illative",
}  # fmt: skip

WORD_ENDINGS: Final = (
    ("ssa", "inessive"), ("ssä", "inessive"), ("sta", "elative"), ("stä", "elative"), ("lla", "adessive"),
    ("llä", "adessive"), ("lta", "ablative"), ("ltä", "ablative"), ("lle", "allative"), ("ksi", "translative"),
    ("nä", "essive"), ("na", "essive"), ("een", "illative"), ("aan", "illative"), ("ään", "illative"),
    ("iin", "illative"),
    ("uun", "illative"), ("oon", "illative"), ("n", "genitive"),
)  # fmt: skip

PARTITIVES: Final = (
    "laista", "läistä", "naista", "ihmistä", "miestä", "lasta", "hevosta", "veljestä", "asiakasta", "asukasta",
    "oppilasta", "potilasta", "vierasta", "sairasta", "vuotiasta", "kertaista", "pistettä", "kuukautta", "kautta",
    "musta", "mystä", "austa", "itusta", "itystä", "nusta", "nystä", "tystä", "kousta", "töstä",
)  # fmt: skip
"""Endings of what is counted that look like those of a case: 20 ihmistä, as against 20 maasta."""

NOT_INFLECTED: Final = words(
    """
    ennen kuin niin vain kun sekä jälkeen nainen ihminen mukaan kanssa ja tai noin sitten eikä väliin alle yli
    päin kohden kerran kotona muualla täällä tuolla siellä
    """
)

FRACTIONS: Final = {
    2: ("puoli", "puolta"),
    3: ("kolmasosa", "kolmasosaa"),
    4: ("neljäsosa", "neljäsosaa"),
}


def _i(stem: str) -> Noun:
    """A noun like metri: metriä, metrin."""
    return Noun(f"{stem}i", f"{stem}i{a_or_umlaut(stem)}")


def a_or_umlaut(stem: str) -> str:
    """The vowel of an ending, by those of the word (vowel harmony)."""
    return "ä" if frozenset("aou").isdisjoint(stem) else "a"


HOUR: Final = Noun("tunti", "tuntia")

UNITS: Final = {
    "km": _i("kilometr"), "m": _i("metr"), "cm": _i("senttimetr"), "mm": _i("millimetr"), "µm": _i("mikrometr"),
    "μm": _i("mikrometr"), "nm": _i("nanometr"), "kg": Noun("kilo", "kiloa"), "g": Noun("gramma", "grammaa"),
    "mg": Noun("milligramma", "milligrammaa"), "tn": Noun("tonni", "tonnia"), "l": Noun("litra", "litraa"),
    "L": Noun("litra", "litraa"), "dl": Noun("desilitra", "desilitraa"), "cl": Noun("senttilitra", "senttilitraa"),
    "ml": Noun("millilitra", "millilitraa"), "rkl": Noun("ruokalusikallinen", "ruokalusikallista"),
    "tl": Noun("teelusikallinen", "teelusikallista"), "h": HOUR, "t": HOUR, "min": Noun("minuutti", "minuuttia"),
    "s": Noun("sekunti", "sekuntia"), "sek": Noun("sekunti", "sekuntia"), "ms": Noun("millisekunti", "millisekuntia"),
    "km/h": Noun("kilometri tunnissa", "kilometriä tunnissa"), "m/s": Noun("metri sekunnissa", "metriä sekunnissa"),
    "°C": Noun("aste Celsiusta", "astetta Celsiusta"), "°F": Noun("aste Fahrenheitia", "astetta Fahrenheitia"),
    "°": Noun("aste", "astetta"), "m²": Noun("neliömetri", "neliömetriä"), "m2": Noun("neliömetri", "neliömetriä"),
    "km²": Noun("neliökilometri", "neliökilometriä"), "km2": Noun("neliökilometri", "neliökilometriä"),
    "cm²": Noun("neliösenttimetri", "neliösenttimetriä"), "m³": Noun("kuutiometri", "kuutiometriä"),
    "m3": Noun("kuutiometri", "kuutiometriä"), "ha": Noun("hehtaari", "hehtaaria"), "Hz": Noun("hertsi", "hertsiä"),
    "kHz": Noun("kilohertsi", "kilohertsiä"), "MHz": Noun("megahertsi", "megahertsiä"),
    "GHz": Noun("gigahertsi", "gigahertsiä"),
    "W": Noun("watti", "wattia"), "kW": Noun("kilowatti", "kilowattia"), "MW": Noun("megawatti", "megawattia"),
    "kWh": Noun("kilowattitunti", "kilowattituntia"), "V": Noun("voltti", "volttia"),
    "mA": Noun("milliampeeri", "milliampeeria"),
    "kt": Noun("kilotavu", "kilotavua"), "Mt": Noun("megatavu", "megatavua"), "Gt": Noun("gigatavu", "gigatavua"),
    "MB": Noun("megatavu", "megatavua"), "GB": Noun("gigatavu", "gigatavua"), "TB": Noun("teratavu", "teratavua"),
    "Mbps": Noun("megabitti sekunnissa", "megabittiä sekunnissa"), "dB": Noun("desibeli", "desibeliä"),
    "px": Noun("pikseli", "pikseliä"), "kcal": Noun("kilokalori", "kilokaloria"),
    "kpl": Noun("kappale", "kappaletta"), "kk": Noun("kuukausi", "kuukautta"), "v": Noun("vuosi", "vuotta"),
    "vk": Noun("viikko", "viikkoa"), "vko": Noun("viikko", "viikkoa"), "pv": Noun("päivä", "päivää"),
    "mAh": Noun("milliampeeritunti", "milliampeerituntia"), "hlö": Noun("henkilö", "henkilöä"),
    "kJ": Noun("kilojoule", "kilojoulea"),
    "hPa": Noun("hehtopascal", "hehtopascalia"),
}  # fmt: skip

PERCENT: Final = Noun("prosentti", "prosenttia")

STEMS: Final[Mapping[str, str]] = {
    "prosentti": "prosenti", "tunti": "tunni", "minuutti": "minuuti", "sekunti": "sekunni", "aste": "astee",
    "watti": "wati",
    "kilowatti": "kilowati", "megawatti": "megawati", "voltti": "volti", "kappale": "kappalee", "dollari": "dollari",
    "kilowattitunti": "kilowattitunni", "promille": "promille", "millisekunti": "millisekunni", "punta": "punna",
    "sentti": "senti",
}  # fmt: skip
"""What case endings stand on, where it is not the nominative."""

CURRENCIES: Final = {
    sign: currency
    for signs, currency in (
        (
            ("€", "EUR", "e", "euroa", "euro"),
            Currency(Noun("euro", "euroa"), Noun("sentti", "senttiä")),
        ),
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

SCALES: Final = {
    "t": "tuhatta", "M": "miljoonaa", "milj.": "miljoonaa", "milj": "miljoonaa", "mrd.": "miljardia",
    "mrd": "miljardia",
    "tuhatta": "tuhatta", "miljoona": "miljoona", "miljoonaa": "miljoonaa", "miljardi": "miljardi",
    "miljardia": "miljardia",
}  # fmt: skip

SIGNS: Final = {
    "&": "ja", "+": "plus", "=": "on yhtä kuin", "@": "ät", "#": "numero", "§": "pykälä", "%": "prosenttia",
    "‰": "promillea", "×": "kertaa", "*": "kertaa", "÷": "jaettuna", "±": "plus miinus", "≈": "noin",
    "≠": "eri suuri kuin", "<": "pienempi kuin", ">": "suurempi kuin", "≤": "enintään", "≥": "vähintään",
    "√": "neliöjuuri", "∞": "ääretön", "°": "astetta", "€": "euroa", "$": "dollaria", "£": "puntaa", "¥": "jeniä",
    "₹": "rupiaa", "₽": "ruplaa", "−": "miinus", "²": "toiseen", "³": "kolmanteen", "π": "pii", "α": "alfa",
    "β": "beeta",
    "γ": "gamma", "δ": "delta", "λ": "lambda", "µ": "mikro", "μ": "myy", "σ": "sigma", "ω": "oomega", "Ω": "ohmi",
    "Δ": "delta", "Σ": "summa",
}  # fmt: skip

EVERYDAY: Final = Everyday(
    about="noin",
    weekdays={
        "ma": "maanantai", "ti": "tiistai", "ke": "keskiviikko", "to": "torstai", "pe": "perjantai",
        "la": "lauantai", "su": "sunnuntai",
    },
)  # fmt: skip

ABBREVIATIONS: Final = {
    "esim.": "esimerkiksi", "Esim.": "Esimerkiksi", "ym.": "ynnä muuta", "yms.": "ynnä muuta sellaista",
    "jne.": "ja niin edelleen.",
    "mm.": "muun muassa", "Mm.": "Muun muassa", "ks.": "katso", "puh.": "puhelin", "Puh.": "Puhelin",
    "ts.": "toisin sanoen",
    "eaa.": "ennen ajanlaskun alkua.", "jaa.": "jälkeen ajanlaskun alun.", "eKr.": "ennen Kristusta.",
    "jKr.": "jälkeen Kristuksen.",
    "n.": "noin", "N.": "Noin", "os.": "omaa sukua", "vrt.": "vertaa", "tms.": "tai muuta sellaista",
    "toim.": "toimittanut", "mom.": "momentti.",
    "prof.": "professori", "Prof.": "Professori", "tri": "tohtori", "Tri": "Tohtori", "hra": "herra", "Hra": "Herra",
    "rva": "rouva", "Rva": "Rouva", "nti": "neiti", "synt.": "syntynyt", "pj.": "puheenjohtaja", "Oy": "oo yy",
    "Oyj": "oo yy jii", "ry": "är yy", "OK": "okei", "vs.": "vastaan", "vs": "vastaan",
    "eli.": "eli", "ed.": "edellinen", "tj.": "toimitusjohtaja", "klo": "kello", "Klo": "Kello",
}  # fmt: skip

LETTERS: Final = Letters(
    names={
        "a": "aa", "b": "bee", "c": "see", "d": "dee", "e": "ee", "f": "äf", "g": "gee", "h": "hoo", "i": "ii",
        "j": "jii", "k": "koo", "l": "äl", "m": "äm", "n": "än", "o": "oo", "p": "pee", "q": "kuu", "r": "är",
        "s": "äs", "t": "tee", "u": "uu", "v": "vee", "w": "kaksoisvee", "x": "äks", "y": "yy", "z": "tset",
        "å": "ruotsalainen oo", "ä": "ää", "ö": "öö",
    },
    words=words(
        """
        ALA EI EN ET HE HEI HÄN IHO ISO ITSE JA JO JOS JÄÄ KUN KUU LUE ME MUN MUT NE NO NYT OLE OLI ON OVI PÄÄ
        SE SEN SUN SUU SYY SÄ TAI TE TEE TIE TUO TYÖ VAI VOI YLI YÖ ÄLÄ SEIS AUKI KIELLETTY STOP HYVÄ APUA
        """
    ),
    spelled=words(
        """
        HSL SDP KOK VR SAK STTK
        """
    ),
    spoken=words(
        """
        YLE NATO HUS KELA VALTRA SITRA TEKES ALKO ITELLA FINAVIA
        """
    ),
    joins_endings=True,
    ampersand="ja",
)  # fmt: skip
