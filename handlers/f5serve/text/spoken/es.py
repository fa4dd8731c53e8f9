"""Spanish, read out: «veintiuna páginas», «doce euros con cincuenta», «Felipe sexto», «siglo veintiuno»."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import ClassVar, Final

from f5serve.text.spoken.grammar import Currency, Grammar, Noun
from f5serve.text.spoken.letters import Letters
from f5serve.text.spoken.numbers import NUMBER, Date, Numeral

_MONTHS: Final = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip
_FIRST_OF_MONTH: Final = re.compile(rf"(?<![\w.,])1(?:\.?[º°])? (?=de (?:{'|'.join(_MONTHS)})\b)", re.IGNORECASE)
_HOURS: Final = re.compile(
    r"(?<![\w:.,])([01]?[0-9]|2[0-4])(?:[:.]([0-5][0-9]))\s?(?:h|hs|hrs|horas)\b"
    r"|(?:(?<=\blas )|(?<=\bla ))([01]?[0-9]|2[0-4])(?:[:.]([0-5][0-9]))?(?![\w:%€$ºª°]|[.,][0-9ºª])(?! ?(?:[%€$]|de cada))"
)
_HALF_DAY: Final = re.compile(r"(?<=\w) ?([ap])\. ?m\.(?=(\s*\Z|\s+[A-ZÁÉÍÓÚÑ¿¡])?)|(?<=\w) ([ap])m(?!\w)")
_ORDINAL: Final = re.compile(r"(?<![\w.,])([0-9]{1,4})(?:\.?([ºª°])(?![CF])|\.?(er|ro|do|to|mo|vo|no|ra|da|ta|ma|va|na)(?!\w))")
_NUMBERED: Final = re.compile(r"(?<!\w)(?:[nN]\.?[º°]|[nN]úm\.|[nN]ro\.|№|#) ?(?=[0-9])")
_HEIGHT: Final = re.compile(r"(?<![\w.,])([12])[.,]([0-9]{2}) ?m(?![\w²³/])")
_PAGES: Final = re.compile(r"(?<!\w)(págs?|pp?)\. ?(?=[0-9])")
_UNIT_ORDINALS: Final = ("", "primer", "segund", "tercer", "cuart", "quint", "sext", "séptim", "octav", "noven")
_TEN_ORDINALS: Final = (
    "", "décim", "vigésim", "trigésim", "cuadragésim", "quincuagésim", "sexagésim", "septuagésim", "octogésim", "nonagésim",
)  # fmt: skip
_TEENS: Final = {
    11: "undécim", 12: "duodécim", 13: "decimotercer", 14: "decimocuart", 15: "decimoquint", 16: "decimosext",
    17: "decimoséptim", 18: "decimoctav", 19: "decimonoven",
}  # fmt: skip
_FRACTIONS: Final = {2: "medio", 3: "tercio", 10: "décimo"}
_NUMBERED_BY_ROMANS: Final = frozenset(
    "capítulo tomo volumen libro acto escena parte título anexo fase tipo clase sección artículo mundial".split()
)
_QUEENS: Final = frozenset("Isabel María Juana Catalina Ana Victoria Cristina Margarita Leonor Beatriz Sofía Blanca".split())
_FEMININE: Final = frozenset(
    "mujer mujeres vez veces noche noches tarde tardes calle calles clase clases parte partes gente leche sal luz luces flor"
    " flores mano manos foto fotos moto motos radio red redes ley leyes piel nave naves llave llaves serie series imagen"
    " imágenes base bases frase frases torre torres nube nubes sede sedes fase fases clave claves muerte muertes fuente"
    " fuentes suerte nave habitación orden órdenes señal señales voz voces paz cruz cruces raíz raíces pared paredes".split()
)
_MASCULINE: Final = frozenset(
    "día días problema problemas mapa mapas planeta planetas programa programas sistema sistemas tema temas clima climas"
    " idioma idiomas poeta poetas drama dramas cometa diploma diplomas fantasma fantasmas esquema esquemas telegrama"
    " kilograma sofá sofás panda pandas guardia policía futbolista futbolistas turista turistas artista artistas para cada a"
    " la las una era hasta contra ya ahora nada desde entonces papa papás euroa toma mira gana cuesta pesa mida".split()
)
_FEMININE_ENDINGS: Final = ("a", "as", "ción", "ciones", "sión", "siones", "dad", "dades", "tad", "tades", "tud", "tudes", "umbre", "umbres")


def _noun(one: str, many: str = "", *, feminine: bool = False) -> Noun:
    return Noun(one, many or f"{one}s", feminine)


_UNITS: Final = {
    "km": _noun("kilómetro"), "m": _noun("metro"), "cm": _noun("centímetro"), "mm": _noun("milímetro"),
    "µm": _noun("micrómetro"), "μm": _noun("micrómetro"), "nm": _noun("nanómetro"), "kg": _noun("kilo"),
    "g": _noun("gramo"), "gr": _noun("gramo"), "mg": _noun("miligramo"), "t": _noun("tonelada", feminine=True),
    "l": _noun("litro"), "L": _noun("litro"), "dl": _noun("decilitro"), "cl": _noun("centilitro"),
    "ml": _noun("mililitro"), "mL": _noun("mililitro"), "h": _noun("hora", feminine=True), "hs": _noun("hora", feminine=True),
    "min": _noun("minuto"), "s": _noun("segundo"), "seg": _noun("segundo"), "ms": _noun("milisegundo"),
    "km/h": _noun("kilómetro por hora", "kilómetros por hora"), "m/s": _noun("metro por segundo", "metros por segundo"),
    "°C": _noun("grado Celsius", "grados Celsius"), "ºC": _noun("grado Celsius", "grados Celsius"),
    "°F": _noun("grado Fahrenheit", "grados Fahrenheit"), "°": _noun("grado"),
    "m²": _noun("metro cuadrado", "metros cuadrados"), "m2": _noun("metro cuadrado", "metros cuadrados"),
    "km²": _noun("kilómetro cuadrado", "kilómetros cuadrados"), "km2": _noun("kilómetro cuadrado", "kilómetros cuadrados"),
    "cm²": _noun("centímetro cuadrado", "centímetros cuadrados"), "m³": _noun("metro cúbico", "metros cúbicos"),
    "m3": _noun("metro cúbico", "metros cúbicos"), "cm³": _noun("centímetro cúbico", "centímetros cúbicos"),
    "ha": _noun("hectárea", feminine=True), "Hz": _noun("hercio"), "kHz": _noun("kilohercio"), "MHz": _noun("megahercio"),
    "GHz": _noun("gigahercio"), "W": _noun("vatio"), "kW": _noun("kilovatio"), "MW": _noun("megavatio"),
    "kWh": _noun("kilovatio hora", "kilovatios hora"), "V": _noun("voltio"), "mA": _noun("miliamperio"),
    "kB": _noun("kilobyte"), "KB": _noun("kilobyte"), "MB": _noun("megabyte"), "GB": _noun("gigabyte"),
    "TB": _noun("terabyte"), "Mbps": _noun("megabit por segundo", "megabits por segundo"), "dB": _noun("decibelio"),
    "px": _noun("píxel", "píxeles"), "kcal": _noun("kilocaloría", feminine=True), "cal": _noun("caloría", feminine=True),
    "hPa": _noun("hectopascal", "hectopascales"),
}  # fmt: skip


class Spanish(Grammar):
    """Spanish of Spain: a point groups digits, a comma parts decimals."""

    months = _MONTHS
    point = "coma"
    minus, plus = "menos", "más"
    percent, permille = "por ciento", "por mil"
    number_sign, version, over, per = "número", "versión", "sobre", "por"
    units = _UNITS
    currencies: ClassVar = {
        sign: currency
        for signs, currency in (
            (("€", "EUR", "euros", "euro"), Currency(_noun("euro"), _noun("céntimo"))),
            (("$", "USD"), Currency(_noun("dólar", "dólares"), _noun("centavo"))),
            (("MXN",), Currency(_noun("peso"), _noun("centavo"))),
            (("£", "GBP"), Currency(_noun("libra", feminine=True), Noun("penique", "peniques"))),
            (("¥", "JPY"), Currency(_noun("yen", "yenes"))),
            (("CNY",), Currency(_noun("yuan", "yuanes"))),
            (("₹", "INR"), Currency(_noun("rupia", feminine=True))),
            (("₽", "RUB"), Currency(_noun("rublo"), Noun("kopek", "kopeks"))),
            (("CHF",), Currency(_noun("franco suizo", "francos suizos"), _noun("céntimo"))),
            (("¢",), Currency(_noun("centavo"))),
        )
        for sign in signs
    }
    scales: ClassVar = {
        "k": "mil", "K": "mil", "M": "millones", "mil": "mil", "millón": "millón", "millones": "millones",
        "mil millones": "mil millones", "billones": "billones", "mdd": "mil millones",
    }  # fmt: skip
    signs: ClassVar = {
        "&": "y", "+": "más", "=": "igual a", "@": "arroba", "#": "almohadilla", "§": "sección", "%": "por ciento",
        "‰": "por mil", "×": "por", "*": "por", "÷": "entre", "±": "más menos", "≈": "aproximadamente",
        "≠": "distinto de", "<": "menor que", ">": "mayor que", "≤": "menor o igual que", "≥": "mayor o igual que",
        "√": "raíz cuadrada de", "∞": "infinito", "°": "grados", "€": "euros", "$": "dólares", "£": "libras", "¥": "yenes",
        "₹": "rupias", "₽": "rublos", "−": "menos", "²": "al cuadrado", "³": "al cubo", "π": "pi", "α": "alfa",
        "β": "beta", "γ": "gamma", "δ": "delta", "λ": "lambda", "µ": "micro", "μ": "mu", "σ": "sigma", "ω": "omega",
        "Ω": "ohmio", "Δ": "delta", "Σ": "suma",
    }  # fmt: skip
    abbreviations: ClassVar = {
        "Sr.": "Señor", "Sra.": "Señora", "Srta.": "Señorita", "Sres.": "Señores", "Sr": "Señor", "Sra": "Señora",
        "Dr.": "Doctor", "Dra.": "Doctora", "Dr": "Doctor", "Dra": "Doctora", "D.": "Don", "Dña.": "Doña",
        "Ud.": "usted", "Uds.": "ustedes", "Vd.": "usted", "Vds.": "ustedes", "Prof.": "Profesor", "Lic.": "Licenciado",
        "Ing.": "Ingeniero", "Arq.": "Arquitecto", "Sto.": "Santo", "Sta.": "Santa", "Fco.": "Francisco",
        "etc.": "etcétera.", "p. ej.": "por ejemplo", "P. ej.": "Por ejemplo", "p.ej.": "por ejemplo",
        "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "EE UU": "Estados Unidos", "EEUU": "Estados Unidos",
        "a. C.": "antes de Cristo", "a.C.": "antes de Cristo", "d. C.": "después de Cristo", "d.C.": "después de Cristo",
        "Avda.": "Avenida", "Av.": "Avenida", "avda.": "avenida", "c/": "calle ", "C/": "Calle ", "aprox.": "aproximadamente",
        "tel.": "teléfono", "Tel.": "Teléfono", "tfno.": "teléfono", "S. A.": "sociedad anónima", "S.A.": "sociedad anónima",
        "S.L.": "sociedad limitada", "Cía.": "Compañía", "dpto.": "departamento", "izq.": "izquierda", "dcha.": "derecha",
        "cap.": "capítulo", "fig.": "figura", "vs.": "contra", "vs": "contra", "OK": "okey", "JJ. OO.": "Juegos Olímpicos",
        "JJOO": "Juegos Olímpicos", "RR. HH.": "recursos humanos", "RRHH": "recursos humanos",
    }  # fmt: skip
    letters = Letters(
        names={
            "a": "a", "b": "be", "c": "ce", "d": "de", "e": "e", "f": "efe", "g": "ge", "h": "hache", "i": "i",
            "j": "jota", "k": "ka", "l": "ele", "m": "eme", "n": "ene", "ñ": "eñe", "o": "o", "p": "pe", "q": "cu",
            "r": "erre", "s": "ese", "t": "te", "u": "u", "v": "uve", "w": "uve doble", "x": "equis", "y": "i griega",
            "z": "zeta",
        },
        words=frozenset(
            "AL ASÍ CON DE DEL DÍA DOS EL EN ES ESA ESE ESO FIN FUE GOL HA HAN HAY HOY IR LA LAS LE LES LO LOS LUZ MAL MÁS"
            " ME MI MÍ MIL MIS MUY NI NO NOS OJO OS PAN PAZ POR QUE QUÉ REY SE SER SÍ SI SIN SOL SON SOY SU SUS TAL TAN TE TU"
            " TÚ UN UNA UNO VA VAN VE VER VEZ VOY YA YO ALTO PARA TÍO SAL MAR RÍO FEO".split()
        ),
        spelled=frozenset("DNI ESO IVA PP RTVE TVE ITV IBEX".split()) - {"ESO", "IVA", "IBEX"},
        spoken=frozenset("IVA PSOE ONCE OTAN SIDA UNED RENFE AVE IBEX PYME MIR OMS ITV IMSERSO CESID UCI UGT".split())
        - {"UGT", "ITV"},
        alone="aeouy",
        ampersand="y",
    )  # fmt: skip

    def cardinal(self, number: int, *, feminine: bool = False, noun: str = "") -> str:
        from num2words import num2words

        # What the library leaves in its full form before "mil" is shortened in speech.
        said = str(num2words(number, lang="es"))
        said = said.replace("veintiuno mil", "veintiún mil").replace(" y uno mil", " y un mil")
        if feminine:
            said = re.sub(r"uno\b", "una", re.sub(r"(?<=cient)os\b(?!.*mill)|(?<=quinient)os\b(?!.*mill)", "as", said))
            return said.replace("veintiún mil", "veintiuna mil")
        if noun:
            said = re.sub(r"veintiuno$", "veintiún", said)
            return re.sub(r"\buno$", "un", said)
        return said

    def ordinal(self, number: int, *, feminine: bool = False) -> str:
        end = "a" if feminine else "o"
        tens, units = divmod(number, 10)
        if number in _TEENS:
            return _TEENS[number] + end
        if not 1 <= number <= 99:
            return self.cardinal(number, feminine=feminine)
        parts = [part + end for part in (_TEN_ORDINALS[tens], _UNIT_ORDINALS[units]) if part]
        return " ".join(parts)

    def is_feminine(self, noun: str) -> bool:
        noun = noun.lower()
        if noun in _MASCULINE:
            return False
        return noun in _FEMININE or (len(noun) > 3 and noun.endswith(_FEMININE_ENDINGS))

    def bare(self, number: int, after: str) -> str:
        """Before a noun "uno" is short; what follows in lower case and is no little word is taken for one."""
        is_noun = after.islower() and len(after) > 2 and after not in _AFTER_NUMBERS
        noun = after if is_noun and (number == 1 or after.endswith("s")) else ""
        return self.cardinal(number, feminine=self.is_feminine(noun), noun=noun)

    def said_date(self, date: Date) -> str:
        said = f"{self.cardinal(date.day)} de {_MONTHS[date.month - 1]}"
        return said if date.year is None else f"{said} de {self.cardinal(date.year)}"

    def said_time(self, hour: int, minute: int, second: int | None) -> str:
        if second is not None:
            parts = zip((hour, minute, second), ("h", "min", "s"), strict=True)
            return " ".join(self.counted(Numeral(str(value)), _UNITS[unit]) for value, unit in parts)
        said = self.cardinal(hour, feminine=True)
        if minute == 0:
            return said if hour in range(1, 13) else self.counted(Numeral(str(hour)), _UNITS["h"])
        return f"{said} y {self.cardinal(minute)}"

    def said_fraction(self, above: int, below: int) -> str:
        one = _FRACTIONS.get(below, self.ordinal(below))
        return f"{self.cardinal(above, noun=one)} {one}{'' if above == 1 else 's'}".replace("un medio", "medio")

    def mixed(self, whole: int, fraction: str) -> str:
        return f"{self.cardinal(whole)} y {fraction}"

    def and_a_half(self, number: str, noun: str) -> str:
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
        return f"{said} {scale} {unit}" if scale == "mil" else f"{said} {scale} de {unit}"

    def said_roman(self, number: int, before: str, after: str) -> str | None:
        del after
        if before.lower() in {"siglo", "siglos"}:
            return self.ordinal(number) if number < 10 else self.cardinal(number)
        if before.lower() in _NUMBERED_BY_ROMANS:
            return self.cardinal(number)
        if number > 39 or (number in (1, 5, 10) and not before.istitle()):
            return None
        if number > 10:
            return self.cardinal(number)
        return self.ordinal(number, feminine=before in _QUEENS)

    def own_steps(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_NUMBERED, lambda _: "número "),
            (_PAGES, lambda found: "páginas " if found[1] in {"págs", "pp"} else "página "),
            (_FIRST_OF_MONTH, lambda _: "uno "),
            (_HOURS, self._hours),
            (_HEIGHT, self._height),
            (_HALF_DAY, lambda found: f" {self.letters.spell(found[1] or found[3])} eme" + ("." if found[2] is not None else "")),
            (_ORDINAL, self._ordinal),
        )

    def _hours(self, found: re.Match[str]) -> str:
        hour, minute = int(found[1] or found[3]), int(found[2] or found[4] or 0)
        return self.said_time(hour, minute, None) if minute or found[1] else self.cardinal(hour, feminine=True)

    def _height(self, found: re.Match[str]) -> str:
        """1,80 m: un metro ochenta."""
        return f"{self.counted(Numeral(found[1]), _UNITS['m'])} {self.short(found[2])}"

    def _ordinal(self, found: re.Match[str]) -> str:
        value = int(found[1])
        if value == 0:
            return found[0]
        said = self.ordinal(value, feminine=found[2] == "ª" or (found[3] or "").endswith("a"))
        return said[:-1] if found[3] == "er" else said


_AFTER_NUMBERS: Final = frozenset("con del por que los las una uno sin más hay son fue era han sus muy tras ante bajo dos para pero como este esta esto entre sobre cada desde hasta hacia donde cuando porque también".split())


@cache
def _grammar() -> Spanish:
    return Spanish()


def read_out(text: str) -> str:
    """Write a text as it is read aloud (see :mod:`f5serve.text.spoken`)."""
    return _grammar().read_out(text)


def load() -> None:
    """Make ready what reading needs."""
    _grammar().cardinal(0)
