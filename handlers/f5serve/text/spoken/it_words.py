"""Words of Italian that numbers, signs and abbreviations are read with."""

from __future__ import annotations

from typing import Final

from f5serve.text.spoken.everyday import Everyday
from f5serve.text.spoken.letters import Letters, words
from f5serve.text.spoken.nouns import Currency, Noun

MONTHS: Final = (
    "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
    "novembre",
    "dicembre",
)  # fmt: skip

FRACTIONS: Final = {2: ("mezzo", "mezzi"), 3: ("terzo", "terzi"), 4: ("quarto", "quarti")}

NUMBERED_BY_ROMANS: Final = words(
    """
    capitolo tomo volume libro atto scena parte titolo allegato fase tipo classe sezione articolo guerra
    capitoli tomi volumi libri atti scene titoli allegati fasi tipi classi sezioni articoli
    """
)

AROUND_ROMANS: Final = NUMBERED_BY_ROMANS | {"secolo", "secoli"}
"""Words beside which several Roman numerals may stand."""

SHORT_MONTHS: Final = {month[:3]: month for month in MONTHS} | {"sett": "settembre"}

SAINTS: Final = (
    "Pietro|Paolo|Marco|Giovanni|Lorenzo|Francesco|Giorgio|Martino|Michele|Giuseppe|Carlo|Siro|Babila|Gennaro|Remo"
    "|Benedetto|Domenico|Luca|Matteo|Nicola|Vito|Vitale|Donato|Bernardo|Felice|Giacomo|Marino|Petronio|Zeno|Teodoro"
)
"""Whose ``S.`` is San wherever it stands; others' may be an initial."""
SAINTS_IN_FULL: Final = {
    **dict.fromkeys(words("Maria Chiara Croce Caterina Cecilia Lucia Rita Sofia"), "Santa "),
    **dict.fromkeys(
        words("Agata Agnese Agostino Ambrogio Andrea Angelo Anna Antonio Elena Ignazio Orsola"),
        "Sant'",
    ),
    **dict.fromkeys(words("Spirito Stefano"), "Santo "),
}
"""Who is Santa, Santo or Sant', whatever stands before."""

MONARCHS: Final = words(
    """
    Carlo Enrico Giorgio Luigi Filippo Napoleone Francesco Paolo Pio Benedetto Leone Gregorio Clemente Urbano
    Innocenzo Alessandro Nicola Federico Guglielmo Ottone Umberto Emanuele Amedeo Giacomo Edoardo Ferdinando
    Elisabetta Maria Caterina Margherita Sisto Giulio Martino Bonifacio Alfonso
    """
)
QUEENS: Final = words(
    """
    Elisabetta Maria Giovanna Caterina Anna Vittoria Cristina Margherita Isabella Bianca
    """
)

FEMININE: Final = words(
    """
    notte parte classe gente carne chiave croce fase fede fine fonte fronte frase legge luce madre mente morte
    nave neve pace pelle rete sede serie torre valle voce volpe moglie mano radio foto moto auto crisi ipotesi
    analisi tesi
    """
)

MASCULINE: Final = words(
    """
    problema mappa pianeta programma sistema tema clima poeta dramma schema diploma turista artista da la una
    alla dalla nella sulla della era prima sia ma fa dopodomani cinema panda papa euro
    """
)

FEMININE_ENDINGS: Final = ("a", "zione", "sione", "gione", "tà", "tù", "trice", "udine")


def _noun(one: str, many: str, *, feminine: bool = False) -> Noun:
    return Noun(one, many, feminine)


def _metres(name: str) -> Noun:
    return Noun(f"{name}metro", f"{name}metri")


def _same(name: str) -> Noun:
    return Noun(name, name)


UNITS: Final = {
    "km": _metres("chilo"), "m": _metres(""), "cm": _metres("centi"), "mm": _metres("milli"), "µm": _metres("micro"),
    "μm": _metres("micro"), "nm": _metres("nano"), "kg": _noun("chilo", "chili"), "hg": _noun("etto", "etti"),
    "g": _noun("grammo", "grammi"), "gr": _noun("grammo", "grammi"), "mg": _noun("milligrammo", "milligrammi"),
    "t": _noun("tonnellata", "tonnellate", feminine=True), "l": _noun("litro", "litri"), "L": _noun("litro", "litri"),
    "dl": _noun("decilitro", "decilitri"), "cl": _noun("centilitro", "centilitri"),
    "ml": _noun("millilitro", "millilitri"),
    "mL": _noun("millilitro", "millilitri"), "h": _noun("ora", "ore", feminine=True),
    "min": _noun("minuto", "minuti"),
    "s": _noun("secondo", "secondi"), "sec": _noun("secondo", "secondi"), "ms": _noun("millisecondo", "millisecondi"),
    "km/h": _noun("chilometro orario", "chilometri orari"), "m/s": _noun("metro al secondo", "metri al secondo"),
    "°C": _noun("grado Celsius", "gradi Celsius"), "°F": _noun("grado Fahrenheit", "gradi Fahrenheit"),
    "°": _noun("grado", "gradi"), "m²": _noun("metro quadrato", "metri quadrati"),
    "m2": _noun("metro quadrato", "metri quadrati"),
    "mq": _noun("metro quadrato", "metri quadrati"), "km²": _noun("chilometro quadrato", "chilometri quadrati"),
    "km2": _noun("chilometro quadrato", "chilometri quadrati"),
    "cm²": _noun("centimetro quadrato", "centimetri quadrati"),
    "m³": _noun("metro cubo", "metri cubi"), "m3": _noun("metro cubo", "metri cubi"),
    "mc": _noun("metro cubo", "metri cubi"),
    "cm³": _noun("centimetro cubo", "centimetri cubi"), "ha": _noun("ettaro", "ettari"), "Hz": _same("hertz"),
    "kHz": _same("chilohertz"), "MHz": _same("megahertz"), "GHz": _same("gigahertz"), "W": _same("watt"),
    "kW": _same("chilowatt"), "MW": _same("megawatt"), "kWh": _same("chilowattora"), "V": _same("volt"),
    "mA": _same("milliampere"), "kB": _same("kilobyte"), "KB": _same("kilobyte"), "MB": _same("megabyte"),
    "GB": _same("gigabyte"), "TB": _same("terabyte"), "Mbps": _same("megabit al secondo"), "dB": _same("decibel"),
    "px": _same("pixel"), "kcal": _noun("chilocaloria", "chilocalorie", feminine=True),
    "cal": _noun("caloria", "calorie", feminine=True), "hPa": _same("ettopascal"), "mAh": _same("milliampere ora"),
    "µg": _noun("microgrammo", "microgrammi"), "kJ": _same("chilojoule"),
    "mmHg": _noun("millimetro di mercurio", "millimetri di mercurio"),
}  # fmt: skip

AFTER_NUMBERS: Final = words(
    """
    però come questo questa tra sopra ogni dalla alla dopo quando perché anche della nella
    """
)

CURRENCIES: Final = {
    sign: currency
    for signs, currency in (
        (("€", "EUR", "euro"), Currency(_same("euro"), _noun("centesimo", "centesimi"))),
        (("$", "USD"), Currency(_noun("dollaro", "dollari"), _noun("centesimo", "centesimi"))),
        (
            ("£", "GBP"),
            Currency(_noun("sterlina", "sterline", feminine=True), _noun("penny", "pence")),
        ),
        (("¥", "JPY"), Currency(_same("yen"))),
        (("CNY",), Currency(_same("yuan"))),
        (("₹", "INR"), Currency(_noun("rupia", "rupie", feminine=True))),
        (("₽", "RUB"), Currency(_noun("rublo", "rubli"), _noun("copeco", "copechi"))),
        (
            ("CHF",),
            Currency(_noun("franco svizzero", "franchi svizzeri"), _noun("centesimo", "centesimi")),
        ),
    )
    for sign in signs
}

SCALES: Final = {
    "k": "mila", "K": "mila", "mila": "mila", "M": "milioni", "mln": "milioni", "Mln": "milioni", "mld": "miliardi",
    "Mld": "miliardi", "milione": "milione", "milioni": "milioni", "miliardo": "miliardo", "miliardi": "miliardi",
}  # fmt: skip

SIGNS: Final = {
    "&": "e", "+": "più", "=": "uguale a", "@": "chiocciola", "#": "cancelletto", "§": "paragrafo", "%": "per cento",
    "‰": "per mille", "×": "per", "*": "per", "÷": "diviso", "±": "più o meno", "≈": "circa", "≠": "diverso da",
    "<": "minore di", ">": "maggiore di", "≤": "minore o uguale a", "≥": "maggiore o uguale a",
    "√": "radice quadrata di", "∞": "infinito", "°": "gradi", "€": "euro", "$": "dollari", "£": "sterline",
    "¥": "yen",
    "₹": "rupie", "₽": "rubli", "−": "meno", "²": "al quadrato", "³": "al cubo", "π": "pi greco", "α": "alfa",
    "β": "beta", "γ": "gamma", "δ": "delta", "λ": "lambda", "µ": "micro", "μ": "mi", "σ": "sigma", "ω": "omega",
    "Ω": "ohm", "Δ": "delta", "Σ": "somma",
}  # fmt: skip

EVERYDAY: Final = Everyday(
    about="circa",
    weekdays={
        "lun": "lunedì", "mar": "martedì", "mer": "mercoledì", "gio": "giovedì", "ven": "venerdì", "sab": "sabato",
        "dom": "domenica",
    },
    until="a|al",
    before_day="il|dal|al|del|entro il|l['’]",
    numbered=words(
        """
        linea pagina capitolo numero porta sala gruppo tipo livello binario canale versione piano stanza camera fase
        parte opzione articolo tavolo classe passo autobus bus zona tappa giornata unità lezione volume
        """
    ),
    of="di ",
)  # fmt: skip

ABBREVIATIONS: Final = {
    "Sig.": "Signor", "Sig.ra": "Signora", "Sig.na": "Signorina", "Sigg.": "Signori", "sig.": "signor",
    "sig.ra": "signora",
    "Dott.": "Dottor", "Dott.ssa": "Dottoressa", "dott.": "dottor", "dott.ssa": "dottoressa", "Dr.": "Dottor",
    "Prof.": "Professor", "Prof.ssa": "Professoressa", "prof.": "professor", "prof.ssa": "professoressa",
    "Ing.": "Ingegner", "Avv.": "Avvocato", "Arch.": "Architetto", "Geom.": "Geometra", "On.": "Onorevole",
    "ecc.": "eccetera.", "es.": "esempio", "p.es.": "per esempio", "ad es.": "ad esempio", "tel.": "telefono",
    "Tel.": "Telefono", "a.C.": "avanti Cristo.", "d.C.": "dopo Cristo.", "a. C.": "avanti Cristo.",
    "d. C.": "dopo Cristo.",
    "S.p.A.": "società per azioni", "SpA": "società per azioni", "S.r.l.": "società a responsabilità limitata",
    "c.so": "corso", "C.so": "Corso", "p.zza": "piazza", "P.zza": "Piazza", "P.za": "Piazza", "V.le": "Viale",
    "v.le": "viale", "cap.": "capitolo", "fig.": "figura", "art.": "articolo", "vs": "contro", "vs.": "contro",
    "ca.": "circa", "vol.": "volume", "tg.": "taglia", "ab.": "abitanti.", "OK": "okay", "c/o": "presso",
    "gg": "giorni",
}  # fmt: skip

LETTERS: Final = Letters(
    names={
        "a": "a", "b": "bi", "c": "ci", "d": "di", "e": "e", "f": "effe", "g": "gi", "h": "acca", "i": "i",
        "j": "i lunga", "k": "cappa", "l": "elle", "m": "emme", "n": "enne", "o": "o", "p": "pi", "q": "cu",
        "r": "erre", "s": "esse", "t": "ti", "u": "u", "v": "vu", "w": "doppia vu", "x": "ics", "y": "ipsilon",
        "z": "zeta",
    },
    words=words(
        """
        AL CHE CHI CON DA DAI DAL DEI DEL DI DIO DUE ED ERA FU GLI HA HAI HO IL IN IO LA LE LEI LI LO LUI MA MAI
        ME MI MIO NE NEI NEL NO NOI NON OGGI PER PIÙ PIU POI PUÒ QUA QUI RE SE SEI SI SÌ SIA STO SU SUA SUL SUO
        TE TI TRA TRE TU TUO TUA UN UNA UNO VA VI VIA VOI GIÀ COSÌ È ALT STOP ORA MIA BAR GAS
        """
    ),
    spelled=words(
        """
        SRL RSU IGP PD
        """
    ),
    spoken=words(
        """
        RAI IVA FIAT ISTAT INPS INAIL ENI CONI CISL UIL CGIL IMU TARI PIL ISEE SPID IBAN CONSOB IRPEF SIAE ANSA
        CNEL ENEA TAR DOP
        """
    ),
    alone="aeioè",
    ampersand="e",
)  # fmt: skip
