"""Words of English that numbers, signs and abbreviations are read with."""

from __future__ import annotations

from typing import Final

from f5serve.text.spoken.everyday import Everyday
from f5serve.text.spoken.letters import Letters, words
from f5serve.text.spoken.nouns import Currency, Noun

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

SHORT_MONTHS: Final = {month[:3]: month for month in MONTHS} | {"Sept": "September"}

NUMBERED: Final = words(
    """
    Chapter Part Volume Book Act Scene Section Article War Title Phase Type Class Level Stage Unit Figure Table
    Appendix Module Mark Group Division Apollo Rocky Rambo Episode Season Bowl Chapters Parts Volumes Books Acts
    Scenes Sections Articles Wars Phases Types
    """
)

AROUND_ROMANS: Final = frozenset(map(str.lower, NUMBERED)) | {"century", "centuries"}
"""Words beside which several Roman numerals may stand."""

IN_SHORT: Final = {
    "vol.": "volume", "vols.": "volumes", "ch.": "chapter", "chs.": "chapters", "eq.": "equation", "c.": "circa",
    "ca.": "circa", "nos.": "numbers", "fig.": "figure", "figs.": "figures", "p.": "page", "pp.": "pages",
}  # fmt: skip
"""What these are before a number alone."""

NO_NOUN: Final = words(
    """
    is was has as this its does us his yes thus plus across perhaps always
    """
)

TENS: Final = (
    "", "tens", "twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties",
)  # fmt: skip

FRACTIONS: Final = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def _noun(one: str, many: str = "") -> Noun:
    return Noun(one, many or f"{one}s")


UNITS: Final = {
    "km": _noun("kilometre"), "m": _noun("metre"), "cm": _noun("centimetre"), "mm": _noun("millimetre"),
    "µm": _noun("micrometre"), "μm": _noun("micrometre"), "nm": _noun("nanometre"), "mi": _noun("mile"),
    "yd": _noun("yard"), "ft": _noun("foot", "feet"), "kg": _noun("kilogram"), "g": _noun("gram"),
    "mg": _noun("milligram"), "t": _noun("tonne"), "lb": _noun("pound"), "lbs": _noun("pound"), "oz": _noun("ounce"),
    "l": _noun("litre"), "L": _noun("litre"), "dl": _noun("decilitre"), "cl": _noun("centilitre"),
    "ml": _noun("millilitre"), "mL": _noun("millilitre"), "h": _noun("hour"), "hr": _noun("hour"),
    "hrs": _noun("hour"), "min": _noun("minute"), "mins": _noun("minute"), "s": _noun("second"),
    "sec": _noun("second"), "secs": _noun("second"), "ms": _noun("millisecond"),
    "km/h": _noun("kilometre per hour", "kilometres per hour"),
    "kph": _noun("kilometre per hour", "kilometres per hour"),
    "m/s": _noun("metre per second", "metres per second"), "mph": _noun("mile per hour", "miles per hour"),
    "°C": _noun("degree Celsius", "degrees Celsius"), "°F": _noun("degree Fahrenheit", "degrees Fahrenheit"),
    "°": _noun("degree"), "m²": _noun("square metre"), "m2": _noun("square metre"), "km²": _noun("square kilometre"),
    "km2": _noun("square kilometre"), "cm²": _noun("square centimetre"), "m³": _noun("cubic metre"),
    "m3": _noun("cubic metre"), "cm³": _noun("cubic centimetre"), "ha": _noun("hectare"),
    "Hz": _noun("hertz", "hertz"), "kHz": _noun("kilohertz", "kilohertz"), "MHz": _noun("megahertz", "megahertz"),
    "GHz": _noun("gigahertz", "gigahertz"), "W": _noun("watt"), "kW": _noun("kilowatt"), "MW": _noun("megawatt"),
    "kWh": _noun("kilowatt hour"), "V": _noun("volt"), "mA": _noun("milliamp"), "kB": _noun("kilobyte"),
    "KB": _noun("kilobyte"), "MB": _noun("megabyte"), "GB": _noun("gigabyte"), "TB": _noun("terabyte"),
    "Mbps": _noun("megabit per second", "megabits per second"),
    "Gbps": _noun("gigabit per second", "gigabits per second"),
    "dB": _noun("decibel"), "px": _noun("pixel"), "kcal": _noun("kilocalorie"), "cal": _noun("calorie"),
    "hPa": _noun("hectopascal"), "mmHg": _noun("millimetre of mercury", "millimetres of mercury"),
    "mAh": _noun("milliamp hour"), "µg": _noun("microgram"), "mcg": _noun("microgram"), "kJ": _noun("kilojoule"),
    "rpm": _noun("revolution per minute", "revolutions per minute"), "tbsp": _noun("tablespoon"),
    "tsp": _noun("teaspoon"), "gal": _noun("gallon"), "psi": _noun("pound per square inch",
    "pounds per square inch"), "bpm": _noun("beat per minute", "beats per minute"),
    "fps": _noun("frame per second", "frames per second"),
}  # fmt: skip

MONARCHS: Final = words(
    """
    Henry Elizabeth Charles Edward George William James Mary Richard John Louis Philip Napoleon Francis Paul
    Pius Benedict Leo Gregory Clement Urban Innocent Alexander Nicholas Catherine Frederick Wilhelm Otto Ramses
    Ramesses Ptolemy Cleopatra Darius Xerxes Albert Leopold Felipe Juan Alfonso Carlos Gustav Harald Christian
    Haakon Olav
    """
)

CURRENCIES: Final = {
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

SCALES: Final = {
    "k": "thousand", "K": "thousand", "M": "million", "m": "million", "mn": "million", "bn": "billion",
    "B": "billion", "b": "billion", "tn": "trillion", "T": "trillion", "thousand": "thousand",
    "million": "million", "billion": "billion", "trillion": "trillion",
}  # fmt: skip

SIGNS: Final = {
    "&": "and", "+": "plus", "=": "equals", "@": "at", "#": "number", "§": "section", "%": "percent",
    "‰": "per mille", "×": "times", "*": "times", "÷": "divided by", "±": "plus or minus", "≈": "about",
    "≠": "is not",
    "<": "less than", ">": "greater than", "≤": "at most", "≥": "at least", "√": "square root of", "∞": "infinity",
    "°": "degrees", "€": "euros", "$": "dollars", "£": "pounds", "¥": "yen", "₹": "rupees", "₽": "roubles",
    "−": "minus", "²": "squared", "³": "cubed", "π": "pi", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta",
    "λ": "lambda", "µ": "micro", "μ": "mu", "σ": "sigma", "ω": "omega", "Ω": "ohm", "Δ": "delta", "Σ": "sum",
}  # fmt: skip

EVERYDAY: Final = Everyday(
    about="about",
    weekdays={
        "mon": "Monday", "tue": "Tuesday", "tues": "Tuesday", "wed": "Wednesday", "thu": "Thursday",
        "thur": "Thursday", "thurs": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday",
    },
    until="to|through|till|until",
    before_day="on|by|until|before|since",
    of="of a ",
)  # fmt: skip

ABBREVIATIONS: Final = {
    "Mr.": "Mister", "Mr": "Mister", "Mrs.": "Missus", "Mrs": "Missus", "Ms.": "Miz", "Ms": "Miz",
    "Dr.": "Doctor", "Dr": "Doctor", "Prof.": "Professor", "St.": "Saint", "Jr.": "Junior", "Sr.": "Senior",
    "Capt.": "Captain", "Gen.": "General", "Col.": "Colonel", "Lt.": "Lieutenant", "Sgt.": "Sergeant",
    "Rev.": "Reverend", "Gov.": "Governor", "Sen.": "Senator", "Mt.": "Mount", "Inc.": "Incorporated",
    "Ltd.": "Limited", "Ltd": "Limited", "Corp.": "Corporation", "Co.": "Company", "vs.": "versus", "vs": "versus",
    "etc.": "et cetera.", "e.g.": "for example", "i.e.": "that is",
    "E.g.": "For example", "I.e.": "That is", "approx.": "approximately", "dept.": "department",
    "WWI": "World War One", "WWII": "World War Two", "WW1": "World War One", "WW2": "World War Two",
    "Ave.": "Avenue", "Blvd.": "Boulevard", "a.k.a.": "also known as", "w/o": "without", "w/": "with", "OK": "okay",
    "Ph.D.": "pee aitch dee.", "PhD": "pee aitch dee",
}  # fmt: skip

LETTERS: Final = Letters(
    names={
        "a": "ay", "b": "bee", "c": "see", "d": "dee", "e": "ee", "f": "eff", "g": "jee", "h": "aitch", "i": "eye",
        "j": "jay", "k": "kay", "l": "ell", "m": "em", "n": "en", "o": "oh", "p": "pee", "q": "cue", "r": "ar",
        "s": "ess", "t": "tee", "u": "you", "v": "vee", "w": "double you", "x": "ex", "y": "why", "z": "zed",
    },
    words=words(
        """
        A AM AN AND ANY ARE AS AT BE BIG BUT BY CAN DAY DID DO FOR GET GO GOT HAD HAS HE HER HIM HIS HOT HOW IF
        IN IS ITS LET MAY ME MY NEW NO NOR NOT NOW OF OFF OH OLD ON ONE OR OUR OUT OWN SAY SEE SHE SO STOP SO
        THE TO TOO TOP TRY TWO UP USE WAS WAY WE WHY WIN YES YET YOU BAD BUY RED SALE FREE ASK ALL END EAT FUN
        LOW MAN MEN NEED PAY PUT RUN SIT SIX TEN WAR WET WON YEAH HEY WOW MR MS DR DAD MOM MUM DON ISN CAN
        """
    ),
    alone="ai",
    spelled=words("ASAP"),
    ampersand="and",
)  # fmt: skip
