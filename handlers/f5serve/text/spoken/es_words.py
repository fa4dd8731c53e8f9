"""Words of Spanish that numbers, signs and abbreviations are read with."""

from __future__ import annotations

from typing import Final

from f5serve.text.spoken.everyday import Everyday
from f5serve.text.spoken.letters import Letters, words
from f5serve.text.spoken.nouns import Currency, Noun

MONTHS: Final = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip

UNIT_ORDINALS: Final = (
    "",
    "primer",
    "segund",
    "tercer",
    "cuart",
    "quint",
    "sext",
    "séptim",
    "octav",
    "noven",
)

TEN_ORDINALS: Final = (
    "", "décim", "vigésim", "trigésim", "cuadragésim", "quincuagésim", "sexagésim", "septuagésim", "octogésim",
    "nonagésim",
)  # fmt: skip

TEENS: Final = {
    11: "undécim", 12: "duodécim", 13: "decimotercer", 14: "decimocuart", 15: "decimoquint", 16: "decimosext",
    17: "decimoséptim", 18: "decimoctav", 19: "decimonoven",
}  # fmt: skip

FRACTIONS: Final = {2: "medio", 3: "tercio", 10: "décimo"}

NUMBERED_BY_ROMANS: Final = words(
    """
    capítulo tomo volumen libro acto escena parte título anexo fase tipo clase sección artículo mundial capítulos
    tomos volúmenes libros actos escenas partes títulos anexos fases tipos artículos
    """
)

AROUND_ROMANS: Final = NUMBERED_BY_ROMANS | {"siglo", "siglos"}
"""Words beside which several Roman numerals may stand."""

ORDERED_BY_ROMANS: Final = words(
    """
    guerra república edición jornada cumbre feria dinastía legislatura carrera semana conferencia asamblea copa
    internacional olimpiada bienal gala marcha maratón congreso simposio encuentro concurso festival premio torneo
    foro certamen milenio trimestre semestre plan imperio
    """
)
"""What a Roman numeral orders, where it stands after an article: la II Guerra, el III Congreso."""

PLACES: Final = words(
    """
    piso lugar puesto grado curso año capítulo día edición planta trimestre semestre premio aniversario congreso
    intento clasificado puesta vuelta set tiempo cumpleaños bachillerato batallón regimiento mandamiento movimiento
    """
)
"""What ``2°`` orders; anything else has that many degrees."""

SHORT_MONTHS: Final = {month[:3]: month for month in MONTHS} | {
    "sept": "septiembre",
    "set": "septiembre",
}

QUEENS: Final = words(
    """
    Isabel María Juana Catalina Ana Victoria Cristina Margarita Leonor Beatriz Sofía Blanca
    """
)

FEMININE: Final = words(
    """
    mujer mujeres vez veces noche noches tarde tardes calle calles clase clases parte partes gente leche sal luz
    luces flor flores mano manos foto fotos moto motos radio red redes ley leyes piel nave naves llave llaves
    serie series imagen imágenes base bases frase frases torre torres nube nubes sede sedes fase fases clave
    claves muerte muertes fuente fuentes suerte nave habitación orden órdenes señal señales voz voces paz cruz
    cruces raíz raíces pared paredes
    """
)

MASCULINE: Final = words(
    """
    día días problema problemas mapa mapas planeta planetas programa programas sistema sistemas tema temas clima
    climas idioma idiomas poeta poetas drama dramas cometa diploma diplomas fantasma fantasmas esquema esquemas
    telegrama kilograma sofá sofás panda pandas guardia policía futbolista futbolistas turista turistas artista
    artistas para cada a la las una era hasta contra ya ahora nada desde entonces papa papás euroa toma mira
    gana cuesta pesa mida
    """
)

FEMININE_ENDINGS: Final = (
    "a",
    "as",
    "ción",
    "ciones",
    "sión",
    "siones",
    "dad",
    "dades",
    "tad",
    "tades",
    "tud",
    "tudes",
    "umbre",
    "umbres",
)


def _noun(one: str, many: str = "", *, feminine: bool = False) -> Noun:
    return Noun(one, many or f"{one}s", feminine)


UNITS: Final = {
    "km": _noun("kilómetro"), "m": _noun("metro"), "cm": _noun("centímetro"), "mm": _noun("milímetro"),
    "µm": _noun("micrómetro"), "μm": _noun("micrómetro"), "nm": _noun("nanómetro"), "kg": _noun("kilo"),
    "g": _noun("gramo"), "gr": _noun("gramo"), "mg": _noun("miligramo"), "t": _noun("tonelada", feminine=True),
    "l": _noun("litro"), "L": _noun("litro"), "dl": _noun("decilitro"), "cl": _noun("centilitro"),
    "ml": _noun("mililitro"), "mL": _noun("mililitro"), "h": _noun("hora", feminine=True),
    "hs": _noun("hora", feminine=True),
    "min": _noun("minuto"), "s": _noun("segundo"), "seg": _noun("segundo"), "ms": _noun("milisegundo"),
    "km/h": _noun("kilómetro por hora", "kilómetros por hora"),
    "m/s": _noun("metro por segundo", "metros por segundo"),
    "°C": _noun("grado Celsius", "grados Celsius"), "ºC": _noun("grado Celsius", "grados Celsius"),
    "°F": _noun("grado Fahrenheit", "grados Fahrenheit"), "°": _noun("grado"),
    "m²": _noun("metro cuadrado", "metros cuadrados"), "m2": _noun("metro cuadrado", "metros cuadrados"),
    "km²": _noun("kilómetro cuadrado", "kilómetros cuadrados"),
    "km2": _noun("kilómetro cuadrado", "kilómetros cuadrados"),
    "cm²": _noun("centímetro cuadrado", "centímetros cuadrados"), "m³": _noun("metro cúbico", "metros cúbicos"),
    "m3": _noun("metro cúbico", "metros cúbicos"), "cm³": _noun("centímetro cúbico", "centímetros cúbicos"),
    "ha": _noun("hectárea", feminine=True), "Hz": _noun("hercio"), "kHz": _noun("kilohercio"),
    "MHz": _noun("megahercio"),
    "GHz": _noun("gigahercio"), "W": _noun("vatio"), "kW": _noun("kilovatio"), "MW": _noun("megavatio"),
    "kWh": _noun("kilovatio hora", "kilovatios hora"), "V": _noun("voltio"), "mA": _noun("miliamperio"),
    "kB": _noun("kilobyte"), "KB": _noun("kilobyte"), "MB": _noun("megabyte"), "GB": _noun("gigabyte"),
    "TB": _noun("terabyte"), "Mbps": _noun("megabit por segundo", "megabits por segundo"), "dB": _noun("decibelio"),
    "px": _noun("píxel", "píxeles"), "kcal": _noun("kilocaloría", feminine=True),
    "cal": _noun("caloría", feminine=True),
    "hPa": _noun("hectopascal", "hectopascales"), "mAh": _noun("miliamperio hora", "miliamperios hora"),
    "µg": _noun("microgramo"), "mcg": _noun("microgramo"), "kJ": _noun("kilojulio"),
    "rpm": _noun("revolución por minuto", "revoluciones por minuto", feminine=True),
    "mmHg": _noun("milímetro de mercurio", "milímetros de mercurio"), "cda": _noun("cucharada", feminine=True),
    "cdta": _noun("cucharadita", feminine=True),
}  # fmt: skip

AFTER_NUMBERS: Final = words(
    """
    con del por que los las una uno sin más hay son fue era han sus muy tras ante bajo dos para pero como este
    esta esto entre sobre cada desde hasta hacia donde cuando porque también
    """
)

CURRENCIES: Final = {
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

SCALES: Final = {
    "k": "mil", "K": "mil", "M": "millones", "mil": "mil", "millón": "millón", "millones": "millones",
    "mil millones": "mil millones", "billones": "billones", "mdd": "mil millones",
}  # fmt: skip

SIGNS: Final = {
    "&": "y", "+": "más", "=": "igual a", "@": "arroba", "#": "almohadilla", "§": "sección", "%": "por ciento",
    "‰": "por mil", "×": "por", "*": "por", "÷": "entre", "±": "más menos", "≈": "aproximadamente",
    "≠": "distinto de", "<": "menor que", ">": "mayor que", "≤": "menor o igual que", "≥": "mayor o igual que",
    "√": "raíz cuadrada de", "∞": "infinito", "°": "grados", "€": "euros", "$": "dólares", "£": "libras",
    "¥": "yenes",
    "₹": "rupias", "₽": "rublos", "−": "menos", "²": "al cuadrado", "³": "al cubo", "π": "pi", "α": "alfa",
    "β": "beta", "γ": "gamma", "δ": "delta", "λ": "lambda", "µ": "micro", "μ": "mu", "σ": "sigma", "ω": "omega",
    "Ω": "ohmio", "Δ": "delta", "Σ": "suma",
}  # fmt: skip

EVERYDAY: Final = Everyday(
    about="unos",
    weekdays={
        "lun": "lunes", "mar": "martes", "mié": "miércoles", "mie": "miércoles", "jue": "jueves", "vie": "viernes",
        "sáb": "sábado", "sab": "sábado", "dom": "domingo",
    },
    until="a|al",
    before_day="el|al|del",
    numbered=words(
        """
        línea página capítulo número planta puerta sala grupo tipo nivel andén vía canal versión piso habitación
        fase parte opción artículo mesa clase paso apartado autobús bus ruta zona etapa jornada unidad lección
        """
    ),
    of="de ",
)  # fmt: skip

ABBREVIATIONS: Final = {
    "Sr.": "Señor", "Sra.": "Señora", "Srta.": "Señorita", "Sres.": "Señores", "Sr": "Señor", "Sra": "Señora",
    "Dr.": "Doctor", "Dra.": "Doctora", "Dr": "Doctor", "Dra": "Doctora", "D.": "Don", "Dña.": "Doña",
    "Ud.": "usted", "Uds.": "ustedes", "Vd.": "usted", "Vds.": "ustedes", "Prof.": "Profesor", "Lic.": "Licenciado",
    "Ing.": "Ingeniero", "Arq.": "Arquitecto", "Sto.": "Santo", "Sta.": "Santa", "Fco.": "Francisco",
    "etc.": "etcétera.", "p. ej.": "por ejemplo", "P. ej.": "Por ejemplo", "p.ej.": "por ejemplo",
    "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "EE UU": "Estados Unidos", "EEUU": "Estados Unidos",
    "a. C.": "antes de Cristo.", "a.C.": "antes de Cristo.",
    "d. C.": "después de Cristo.", "d.C.": "después de Cristo.",
    "Avda.": "Avenida", "Av.": "Avenida", "avda.": "avenida", "c/": "calle ", "C/": "Calle ",
    "aprox.": "aproximadamente", "izda.": "izquierda.",
    "art.": "artículo", "vol.": "volumen", "mill.": "millones", "hab.": "habitantes.",
    "tel.": "teléfono", "Tel.": "Teléfono", "tfno.": "teléfono", "S. A.": "sociedad anónima",
    "S.A.": "sociedad anónima",
    "S.L.": "sociedad limitada", "Cía.": "Compañía", "dpto.": "departamento", "izq.": "izquierda", "dcha.": "derecha",
    "cap.": "capítulo", "fig.": "figura", "vs.": "contra", "vs": "contra", "OK": "okey",
    "nº": "número", "n.º": "número", "D.ª": "Doña", "Dª": "Doña", "M.ª": "María", "Mª": "María",
    "JJ. OO.": "Juegos Olímpicos",
    "JJOO": "Juegos Olímpicos", "RR. HH.": "recursos humanos", "RRHH": "recursos humanos",
}  # fmt: skip

LETTERS: Final = Letters(
    names={
        "a": "a", "b": "be", "c": "ce", "d": "de", "e": "e", "f": "efe", "g": "ge", "h": "hache", "i": "i",
        "j": "jota", "k": "ka", "l": "ele", "m": "eme", "n": "ene", "ñ": "eñe", "o": "o", "p": "pe", "q": "cu",
        "r": "erre", "s": "ese", "t": "te", "u": "u", "v": "uve", "w": "uve doble", "x": "equis", "y": "i griega",
        "z": "zeta",
    },
    words=words(
        """
        AL ASÍ CON DE DEL DÍA DOS EL EN ES ESA ESE ESO FIN FUE GOL HA HAN HAY HOY IR LA LAS LE LES LO LOS LUZ
        MAL MÁS ME MI MÍ MIL MIS MUY NI NO NOS OJO OS PAN PAZ POR QUE QUÉ REY SE SER SÍ SI SIN SOL SON SOY SU
        SUS TAL TAN TE TU TÚ UN UNA UNO VA VAN VE VER VEZ VOY YA YO ALTO PARA TÍO SAL MAR RÍO FEO
        """
    ),
    spelled=words(
        """
        DNI PP RTVE TVE ITV
        """
    ),
    spoken=words(
        """
        IVA PSOE ONCE OTAN SIDA UNED RENFE AVE IBEX PYME MIR OMS IMSERSO CESID UCI
        """
    ),
    alone="aeouy",
    ampersand="y",
)  # fmt: skip
