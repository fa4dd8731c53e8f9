"""Words of French that numbers, signs and abbreviations are read with."""

from __future__ import annotations

from typing import Final

from f5serve.text.spoken.everyday import Everyday
from f5serve.text.spoken.letters import Letters, words
from f5serve.text.spoken.nouns import Currency, Noun

MONTHS: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip

MONARCHS: Final = words(
    """
    Charles Louis Philippe Henri François Napoléon Élisabeth Elizabeth Georges George Guillaume Jacques Édouard
    Richard Jean Paul Pie Benoît Léon Grégoire Clément Urbain Innocent Alexandre Nicolas Catherine Frédéric Albert
    Léopold Juan Alphonse Baudouin
    """
)
ROMAN_BEFORE: Final = words(
    """
    chapitre tome volume livre acte scène partie titre annexe phase type classe section article étape paragraphe
    paris lyon guerre chapitres tomes volumes livres actes scènes parties titres annexes phases types articles
    """
)
AROUND_ROMANS: Final = ROMAN_BEFORE | {"siècle", "siècles"}
"""Words beside which several Roman numerals may stand."""

SHORT_MONTHS: Final = {
    "janv": "janvier", "févr": "février", "fév": "février", "avr": "avril", "juil": "juillet", "sept": "septembre",
    "oct": "octobre", "nov": "novembre", "déc": "décembre",
}  # fmt: skip

FEMININE: Final = words(
    """
    page heure minute seconde personne fois année semaine femme fille voiture maison ville place chambre tonne
    étoile question étape partie journée nuit main tasse bouteille carte pomme lettre langue école église équipe
    rue table porte fenêtre fleur feuille image histoire idée chose vie voix mer île montagne rivière route
    ligne pièce photo vidéo chanson note couronne roupie dette demande réponse classe salle usine entreprise
    banque boîte cuillère cuillerée goutte dent jambe oreille victime voie sœur mère tante cousine amie élève
    vache poule brebis bière salade orange fraise cerise branche marche couche manche tranche douzaine dizaine
    centaine vingtaine trentaine unité
    """
)

FEMININE_ENDINGS: Final = (
    "tion",
    "sion",
    "ette",
    "ence",
    "ance",
    "esse",
    "ité",
    "elle",
    "euse",
    "trice",
    "ure",
    "aison",
)

MASCULINE: Final = words(
    """
    silence squelette libelle modèle murmure
    """
)

FRACTIONS: Final = {2: ("demi", "demis"), 3: ("tiers", "tiers"), 4: ("quart", "quarts")}


def _noun(one: str, many: str = "", *, feminine: bool = False) -> Noun:
    return Noun(one, many or f"{one}s", feminine)


UNITS: Final = {
    "km": _noun("kilomètre"), "m": _noun("mètre"), "cm": _noun("centimètre"), "mm": _noun("millimètre"),
    "µm": _noun("micromètre"), "μm": _noun("micromètre"), "nm": _noun("nanomètre"), "kg": _noun("kilo"),
    "g": _noun("gramme"), "mg": _noun("milligramme"), "t": _noun("tonne", feminine=True), "l": _noun("litre"),
    "L": _noun("litre"), "dl": _noun("décilitre"), "cl": _noun("centilitre"), "ml": _noun("millilitre"),
    "mL": _noun("millilitre"), "h": _noun("heure", feminine=True), "min": _noun("minute", feminine=True),
    "mn": _noun("minute", feminine=True), "s": _noun("seconde", feminine=True),
    "sec": _noun("seconde", feminine=True),
    "ms": _noun("milliseconde", feminine=True), "km/h": _noun("kilomètre heure", "kilomètres heure"),
    "m/s": _noun("mètre par seconde", "mètres par seconde"), "°C": _noun("degré Celsius", "degrés Celsius"),
    "°F": _noun("degré Fahrenheit", "degrés Fahrenheit"), "°": _noun("degré"),
    "m²": _noun("mètre carré", "mètres carrés"),
    "m2": _noun("mètre carré", "mètres carrés"), "km²": _noun("kilomètre carré", "kilomètres carrés"),
    "km2": _noun("kilomètre carré", "kilomètres carrés"), "cm²": _noun("centimètre carré", "centimètres carrés"),
    "m³": _noun("mètre cube", "mètres cubes"), "m3": _noun("mètre cube", "mètres cubes"),
    "cm³": _noun("centimètre cube", "centimètres cubes"), "ha": _noun("hectare"), "Hz": _noun("hertz", "hertz"),
    "kHz": _noun("kilohertz", "kilohertz"), "MHz": _noun("mégahertz", "mégahertz"),
    "GHz": _noun("gigahertz", "gigahertz"),
    "W": _noun("watt"), "kW": _noun("kilowatt"), "MW": _noun("mégawatt"), "kWh": _noun("kilowattheure"),
    "V": _noun("volt"), "mA": _noun("milliampère"), "ko": _noun("kilooctet"), "Ko": _noun("kilooctet"),
    "Mo": _noun("mégaoctet"), "Go": _noun("gigaoctet"), "To": _noun("téraoctet"), "MB": _noun("mégaoctet"),
    "GB": _noun("gigaoctet"), "Mbps": _noun("mégabit par seconde", "mégabits par seconde"), "dB": _noun("décibel"),
    "px": _noun("pixel"), "kcal": _noun("kilocalorie", feminine=True), "cal": _noun("calorie", feminine=True),
    "hPa": _noun("hectopascal"), "mAh": _noun("milliampère-heure", "milliampères-heures"),
    "µg": _noun("microgramme"), "kJ": _noun("kilojoule"), "tr/min": _noun("tour par minute", "tours par minute"),
    "mmHg": _noun("millimètre de mercure", "millimètres de mercure"), "ans": Noun("an", "ans"),
}  # fmt: skip

EURO_CENT: Final = _noun("centime")

CURRENCIES: Final = {
    sign: currency
    for signs, currency in (
        (("€", "EUR", "euros", "euro"), Currency(_noun("euro"), EURO_CENT)),
        (("$", "USD"), Currency(_noun("dollar"), _noun("cent"))),
        (("£", "GBP"), Currency(_noun("livre", feminine=True), Noun("penny", "pence"))),
        (("¥", "JPY"), Currency(_noun("yen"))),
        (("CNY",), Currency(_noun("yuan"))),
        (("₹", "INR"), Currency(_noun("roupie", feminine=True))),
        (("₽", "RUB"), Currency(_noun("rouble"), _noun("kopeck"))),
        (("CHF",), Currency(_noun("franc suisse", "francs suisses"), EURO_CENT)),
        (("FF", "F"), Currency(_noun("franc"), EURO_CENT)),
    )
    for sign in signs
}

SCALES: Final = {
    "k": "mille", "K": "mille", "M": "millions", "Md": "milliards", "Mds": "milliards", "Mrd": "milliards",
    "million": "million", "millions": "millions", "milliard": "milliard", "milliards": "milliards",
}  # fmt: skip

SIGNS: Final = {
    "&": "et", "+": "plus", "=": "égale", "@": "arobase", "#": "dièse", "§": "paragraphe", "%": "pour cent",
    "‰": "pour mille", "×": "fois", "*": "fois", "÷": "divisé par", "±": "plus ou moins", "≈": "environ",
    "≠": "différent de", "<": "inférieur à", ">": "supérieur à", "≤": "au plus", "≥": "au moins",
    "√": "racine carrée de", "∞": "infini", "°": "degrés", "€": "euros", "$": "dollars", "£": "livres", "¥": "yens",
    "₹": "roupies", "₽": "roubles", "−": "moins", "²": "au carré", "³": "au cube", "π": "pi", "α": "alpha",
    "β": "bêta",
    "γ": "gamma", "δ": "delta", "λ": "lambda", "µ": "micro", "μ": "mu", "σ": "sigma", "ω": "oméga", "Ω": "ohm",
    "Δ": "delta", "Σ": "somme",
}  # fmt: skip

EVERYDAY: Final = Everyday(
    about="environ",
    weekdays={
        "lun": "lundi", "mar": "mardi", "mer": "mercredi", "jeu": "jeudi", "ven": "vendredi", "sam": "samedi",
        "dim": "dimanche",
    },
    until="à|au",
    before_day="le|au|du",
    numbered=words(
        """
        ligne page chapitre numéro étage porte salle groupe type niveau quai voie canal version chambre phase partie
        option article table classe étape bus tram zone journée unité leçon tome
        """
    ),
    of="de ",
)  # fmt: skip

ABBREVIATIONS: Final = {
    "M.": "Monsieur", "Mr": "Monsieur", "Mr.": "Monsieur", "MM.": "Messieurs", "Mme": "Madame", "Mme.": "Madame",
    "Mmes": "Mesdames", "Mlle": "Mademoiselle", "Mlles": "Mesdemoiselles", "Dr": "Docteur", "Dr.": "Docteur",
    "Pr": "Professeur", "Pr.": "Professeur", "Prof.": "Professeur", "Mgr": "Monseigneur",
    "St": "Saint", "Ste": "Sainte", "St-": "Saint-", "etc.": "et cetera.", "p. ex.": "par exemple",
    "p.ex.": "par exemple",
    "c.-à-d.": "c'est-à-dire", "càd": "c'est-à-dire", "env.": "environ", "av. J.-C.": "avant Jésus-Christ.",
    "apr. J.-C.": "après Jésus-Christ.", "J.-C.": "Jésus-Christ", "bd": "boulevard", "Bd": "Boulevard",
    "av.": "avenue", "tél.": "téléphone", "Tél.": "Téléphone", "cf.": "confer", "vs": "contre", "OK": "okay",
    "svp": "s'il vous plaît", "SVP": "s'il vous plaît", "n.b.": "nota bene", "Cie": "Compagnie", "éd.": "édition",
    "chap.": "chapitre", "art.": "article", "vol.": "volume", "th.": "thermostat", "ét.": "étage.",
    "hab.": "habitants.", "fig.": "figure",
}  # fmt: skip

LETTERS: Final = Letters(
    names={
        "a": "a", "b": "bé", "c": "cé", "d": "dé", "e": "e", "f": "effe", "g": "gé", "h": "ache", "i": "i",
        "j": "ji", "k": "ka", "l": "elle", "m": "emme", "n": "enne", "o": "o", "p": "pé", "q": "ku", "r": "erre",
        "s": "esse", "t": "té", "u": "u", "v": "vé", "w": "double vé", "x": "ixe", "y": "i grec", "z": "zède",
    },
    words=words(
        """
        AU AUX BON CAR CE CES DE DES DU ELLE EN ES EST ET EUX IL ILS JE LA LE LES LEUR LUI MA MAIS ME MES MOI
        MON NE NI NON NOS NOUS ON OU OUI OÙ PAR PAS PEU QUE QUI SA SE SES SI SON SUR TA TE TES TOI TON TOUT TU
        UN UNE VA VOS VU ÇA À AMI FIN FEU JOUR NUL SOUS TOP TRÈS VITE STOP PLUS LOIN AIR EAU ÉTÉ ROI OR
        """
    ),
    spelled=words(
        """
        SNCF RATP CNRS EDF TGV RER PSG BNP HLM CDI CDD RTT SMS QI TTC HT VTT BTS
        """
    ),
    spoken=words(
        """
        CAC SNU CAF BAC PACS ENA SMIC INSEE UNESCO CROUS CAPES
        """
    ),
    alone="àaoy",
    ampersand="et",
)  # fmt: skip
