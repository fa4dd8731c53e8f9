"""Hindi as it is read out, in Devanagari alone: the checkpoint's vocabulary has hardly a letter beside."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from f5serve.text.spoken import hi_roman, numbers, raised
from f5serve.text.spoken.hi_latin import in_devanagari, letter_names
from f5serve.text.spoken.hi_numbers import (
    cardinal,
    number,
    one_by_one,
    ordinal,
    quarters,
    since,
    year,
)
from f5serve.text.spoken.hi_times import TIMES
from f5serve.text.spoken.hi_words import (
    ABBREVIATIONS,
    CODES,
    CURRENCIES,
    FRACTIONS,
    MONTHS,
    REIGNS,
    SCALES,
    SIGNS,
    UNITS,
)
from f5serve.text.spoken.patterns import any_of


def read_out(text: str) -> str:
    """Write a text in Devanagari, with everything that is not a word read as words.

    Args:
        text: Plain text.

    Returns:
        The text in NFC (where a nukta is a character of its own), its marks as they were. Reading it again
        changes nothing.
    """
    text = text.encode("utf-8", "ignore").decode("utf-8")  # lone surrogates, which libraries refuse
    text = unicodedata.normalize("NFC", text)
    if _SOMETHING_TO_READ.search(text) is None:
        return text
    text = hi_roman.in_devanagari(text)
    for pattern, written in _RULES:
        text = pattern.sub(written, text)
    return unicodedata.normalize("NFC", text)


def load() -> None:
    """Load the names of the numbers and the word lists, so that no request waits for them."""
    cardinal("0")
    hi_roman.load()


def _plain(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _fraction_sign(found: re.Match[str]) -> str:
    """One sign for a fraction, apart from the whole number before it."""
    apart = found.string[found.start() - 1 : found.start()].isdigit()
    return " " * apart + _plain(found).replace("⁄", "/")


def _quarters(found: re.Match[str]) -> str:
    count = 2 if found[2] in ("½", "1/2") else 1 if found[2] in ("¼", "1/4") else 3
    return _apart(quarters(int(found[1]), count), found)


def _listed(found: re.Match[str]) -> str:
    last = found.end() == len(found.string)
    return raised.ringed(found) + ("" if last else ", ")


def _power(found: re.Match[str]) -> str:
    minus, digits = raised.exponent(found)
    if not minus and digits in "23":
        return _apart("का वर्ग" if digits == "2" else "का घन", found)
    return _apart(f"की घात {'माइनस ' * minus}{cardinal(digits)}", found)


def _digit(found: re.Match[str]) -> str:
    return str(unicodedata.digit(found[0]))


def _apart(read: str, found: re.Match[str]) -> str:
    """Words in place of signs, with a space to a word that they touch."""
    before = found.string[found.start() - 1 : found.start()]
    after = found.string[found.end() : found.end() + 1]
    return " " * _is_word(before) + read + " " * _is_word(after)


def _is_word(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "LMN"


def _date(found: re.Match[str]) -> str:
    day, month = int(found["day"]), int(found["month"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return found[0]
    in_full = found["year"] if len(found["year"]) == 4 else f"20{found['year']}"
    return f"{cardinal(found['day'])} {MONTHS[month - 1]} {year(in_full)}"


def _since(found: re.Match[str]) -> str:
    """Two years with a dash; a second that is short must be the later one."""
    first, last = found[1], found[2]
    later = len(last) == len(first) or int(last) > int(first[2:])
    return since(first, last) if later else found[0]


def _year(found: re.Match[str]) -> str:
    return year(found[0])


def _money(found: re.Match[str]) -> str:
    one, many = CURRENCIES[found["sign"]]
    amount = found["amount"]
    scale = SCALES.get(found["scale"] or "", found["scale"])
    rupees, _, paise = amount.partition(".")
    if one == "रुपया" and len(paise) == 2 and not scale:
        said = f"{number(rupees)} {one if rupees == '1' else many}"
        return _apart(said + (f" {cardinal(paise)} पैसे" if paise != "00" else ""), found)
    said = number(amount) + (f" {scale}" if scale else "")
    return _apart(f"{said} {one if amount == '1' and not scale else many}", found)


def _telephone(found: re.Match[str]) -> str:
    groups = re.findall("[0-9]+", found[0])
    plus = "प्लस " if found[0].startswith("+") else ""
    return plus + ", ".join(map(one_by_one, groups))


def _rupees(found: re.Match[str]) -> str:
    return _apart(f"{number(found[1])} {'रुपया' if found[1] == '1' else 'रुपये'}", found)


def _label(found: re.Match[str]) -> str:
    return found[1] + one_by_one(found[2])


def _unit(found: re.Match[str]) -> str:
    minus = "माइनस " if found["minus"] else ""
    return _apart(f"{minus}{number(found['amount'])} {UNITS[found['unit']]}", found)


def _fraction(found: re.Match[str]) -> str:
    first, second = int(found[1]), int(found[2])
    said = FRACTIONS.get((first, second)) or f"{cardinal(found[1])} बटा {cardinal(found[2])}"
    return _apart(said, found)


def _year_of_month(found: re.Match[str]) -> str:
    return found[1] + year(found[2])


def _code(found: re.Match[str]) -> str:
    return _apart(CODES[found[0]], found)


def _reign(found: re.Match[str]) -> str:
    value = numbers.roman(found[0])
    if value is None:
        return found[0]
    return REIGNS.get(found[0]) or ordinal(str(value), "वाँ")


def _chapter(found: re.Match[str]) -> str:
    value = numbers.roman(found[2])
    if value is None:
        return found[0]
    if found[1].isascii() and value < len(_ENGLISH):
        return found[1] + _ENGLISH[value]
    return found[1] + cardinal(str(value))


def _feet(found: re.Match[str]) -> str:
    return _apart(f"{cardinal(found[1])} फ़ुट {cardinal(found[2])} इंच", found)


def _initial(found: re.Match[str]) -> str:
    return letter_names(found[1]) + " "


def _ordinal(found: re.Match[str]) -> str:
    return ordinal(found[1], found[2])


def _version(found: re.Match[str]) -> str:
    return _apart(" पॉइंट ".join(map(cardinal, found[0].split("."))), found)


def _plate(found: re.Match[str]) -> str:
    parts = re.findall("[A-Z]+|[0-9]+", found[0])
    return " ".join(one_by_one(part) if part.isdecimal() else letter_names(part) for part in parts)


def _ratio(found: re.Match[str]) -> str:
    return f"{cardinal(found[1])} अनुपात {cardinal(found[2])}"


def _score(found: re.Match[str]) -> str:
    return f"{cardinal(found[1])} {cardinal(found[2])}"


def _abbreviation(found: re.Match[str]) -> str:
    return _apart(ABBREVIATIONS[found[0]], found)


def _initials(found: re.Match[str]) -> str:
    return _apart(letter_names(found[0]), found)


def _latin(found: re.Match[str]) -> str:
    return _apart(in_devanagari(found[0]), found)


def _number(found: re.Match[str]) -> str:
    text = found[0]
    code = text.isdecimal() and len(text) > 1 and text[0] == "0"
    return _apart(one_by_one(text) if code else number(text), found)


def _left_digits(found: re.Match[str]) -> str:
    return _apart(one_by_one(found[0]), found)


def _sign(found: re.Match[str]) -> str:
    return _apart(SIGNS[found[0]], found)


_ENGLISH: Final = ("", "one", "two", "three", "four", "five")  # World War two
_LATIN_LETTERS: Final = "A-Za-zÀ-ÖØ-öø-ɏ"
_WIDE: Final = "０-９Ａ-Ｚａ-ｚ％＋＆＝＠＃＄￥№₀-₉"
_SOMETHING_TO_READ = re.compile(
    rf"[\d½⅓⅔¼¾⅕-⅞{_LATIN_LETTERS}{_WIDE}⁰¹²³⁴-⁹①-⒛{re.escape(''.join(SIGNS))}℃℉]|{any_of(ABBREVIATIONS)}"
)
_WORD: Final = "\u0900-\u0963\u0966-\u097f"
_ALONE: Final = rf"(?<![A-Za-z0-9.,:/{_WORD}-])"
_ENDS: Final = r"(?![0-9:/]|[.,-][0-9])"
_NUMBER: Final = r"(?<![0-9.,])(?:[0-9]{1,3}(?:,[0-9]{2,3})++|[0-9]++)(?:\.[0-9]++)?"
_AMOUNT: Final = r"(?:[0-9]{1,3}(?:,[0-9]{2,3})++|[0-9]++)(?:\.[0-9]++)?"
_DASH: Final = "[-‐‑‒–—―−~]"
_YEAR: Final = "(?:1[1-9]|20)[0-9]{2}"
_SCALES: Final = "हज़ार|हजार|लाख|करोड़|अरब|खरब|मिलियन|बिलियन"
_ENGLISH_SCALES: Final = f"(?:{any_of(SCALES)})(?![A-Za-z])"
_AFTER_YEAR: Final = rf"(?=\s?(?:[।.,;:!?)]|\Z|(?:में|तक|का|की|के|ई)(?![{_WORD}])))"
_COUNTED: Final = "रुपय|रु|लोग|डॉलर|कि|मीटर"  # what thousands are counted in
_ROMANS: Final = "(?:X{1,2}(?:IX|IV|V?I{1,3}|V)?|IX|IV|VI{0,3}|I{1,3})"
_MONTHS: Final = f"{any_of(MONTHS)}|फरवरी|सितम्बर|नवम्बर|दिसम्बर|अक्तूबर"
_ENGLISH_MONTHS: Final = (
    "(?i:jan(?:uary)?|feb(?:ruary)?|march|april|may|june|july|aug(?:ust)?|sept(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    "|dec(?:ember)?)"
)
_ORDINAL_ENDINGS: Final = "वाँ|वां|वीं|वी|वें|वे|ला|ली|ले|रा|री|रे|था|थी|थे|ठा|ठी|ठे"

# What is written in several forms first, then the numbers, the longest form first; Latin words at the end.
_RULES: Final = tuple(
    (re.compile(unicodedata.normalize("NFC", pattern)), written)
    for pattern, written in (
        (raised.RINGED, _listed),
        (r"(?<![0-9.,/-])([0-9]{1,3})\s?([½¼¾])", _quarters),
        (r"(?<![0-9.,/-])([0-9]{1,2}) ([13]/4|1/2)(?![0-9/])", _quarters),
        ("[½⅓⅔¼¾⅕-⅞]", _fraction_sign),
        (raised.SMALL_FRACTION, raised.small_fraction),
        (r"(?<![A-Za-z/])(?:[kcdm]?m|m/s)[²³](?![A-Za-z])", _plain),
        (raised.POWER, _power),
        (raised.NOTE, ""),
        (r"(?<![\w~%])~\s?(?=[0-9])", "लगभग "),
        (f"[{_WIDE}℃℉]+", _plain),
        (r"(?![0-9])\d", _digit),
        (rf"(?<![A-Za-z0-9])(?:{any_of(CODES)})(?![A-Za-z0-9])", _code),
        (
            rf"{_ALONE}(?P<day>[0-3]?[0-9])([/.-])(?P<month>[01]?[0-9])\2"
            rf"(?P<year>[12][0-9]{{3}}|[0-9]{{2}}){_ENDS}",
            _date,
        ),
        (
            rf"{_ALONE}(?P<year>[12][0-9]{{3}})([/.-])(?P<month>[01]?[0-9])\2"
            rf"(?P<day>[0-3]?[0-9]){_ENDS}",
            _date,
        ),
        (
            rf"{_ALONE}(?:\+91[- ]?|0)?[6-9][0-9]{{4}}[- ]?[0-9]{{5}}(?![0-9-])"
            rf"|{_ALONE}(?:\+[0-9]{{1,3}}[- ])[0-9]{{2,5}}(?:[- ][0-9]{{2,5}}){{1,3}}(?![0-9-])"
            rf"|{_ALONE}0[0-9]{{2,4}}(?:-[0-9]{{6,8}}|[- ][0-9]{{3,4}}[- ][0-9]{{4}})(?![0-9-])"
            rf"|{_ALONE}1[89]00(?:[- ][0-9]{{2,4}}){{2,3}}(?![0-9-])",
            _telephone,
        ),
        (
            r"((?:पिन|पिनकोड|पिन कोड|PIN|ओटीपी|OTP|पासवर्ड|खाता संख्या|फ़ोन|मोबाइल|हेल्पलाइन)"
            r"(?: नंबर)?[ :–-]{1,3})([0-9]{3,16}+)"
            rf"(?![0-9.,]|\s?(?:{any_of(UNITS)}|{_SCALES}|रु|₹|लोग))",
            _label,
        ),
        (
            r"(?<![A-Z0-9])[A-Z]{2}[ -]?[0-9]{1,2}(?:[ -]?[A-Z]{1,2}){1,2}[ -]?[0-9]{4}(?![A-Za-z0-9])",
            _plate,
        ),
        (r"(?<![0-9.,:-])([0-9]{1,3})[-:]([0-9]{1,3})(?= से (?:जीत|हार|हरा|आगे|पीछे|बराबर))", _score),
        *TIMES,
        (rf"{_ALONE}([0-9]++):([0-9]++){_ENDS}", _ratio),
        (
            rf"(?<![A-Za-z{_WORD}])({any_of(CURRENCIES)})\s?({_AMOUNT})\s?{_DASH}\s?(?={_AMOUNT})",
            r"\2 से \1",
        ),
        (
            rf"(?<![A-Za-z{_WORD}])(?P<sign>{any_of(CURRENCIES)})\s?(?P<amount>{_AMOUNT})"
            rf"(?:\s?(?P<scale>(?:हज़ार |हजार |लाख )?(?:{_SCALES})(?![{_WORD}])|{_ENGLISH_SCALES}))?"
            r"(?:/-)?(?:\s?रुपये|\s?डॉलर)?",
            _money,
        ),
        (
            rf"(?P<amount>{_NUMBER})(?:\s?(?P<scale>{_SCALES}))?"
            rf"\s?(?P<sign>{any_of(CURRENCIES)})(?![A-Za-z{_WORD}])(?:/-)?",
            _money,
        ),
        (rf"({_NUMBER})\s?/-", _rupees),
        (rf"(?<![0-9.,/-])({_YEAR})\s?{_DASH}\s?({_YEAR}){_AFTER_YEAR}", _since),
        (rf"(?<![0-9.,/-])(1[1-9][0-9]{{2}})\s?{_DASH}\s?([0-9]{{2}}){_AFTER_YEAR}", _since),
        (r"(?<=[0-9])\s?[-−–]\s?(?=[0-9]++\s?=)", " माइनस "),
        (r"(?<![0-9.,-])[0-9]++(?:-[0-9]++){2,}(?![0-9-])", _telephone),
        (rf"(?<=[0-9])(?:%|°C)?\s?{_DASH}+\s?(?=[0-9])", " से "),
        (
            rf"(?P<minus>(?<![A-Za-z0-9)])[-−–])?(?P<amount>{_NUMBER})\s?(?P<unit>{any_of(UNITS)})"
            rf"(?![A-Za-z{_WORD}])",
            _unit,
        ),
        ("(?<![0-9.])([3-8])['′]([0-9]|1[01])[\"″]", _feet),
        (r"(?<=[0-9])\s?[xX]\s?(?=[0-9])", " बाय "),
        ("(?<=[0-9])x(?![A-Za-z0-9])", " गुना"),
        (r"(?<![0-9.])[0-9]++(?:\.[0-9]++){2,}", _version),
        (rf"{_ALONE}([0-9]{{1,4}})/([0-9]{{1,4}}){_ENDS}", _fraction),
        (rf"(?<![0-9.,])([0-9]++)\s?({_ORDINAL_ENDINGS})(?![{_WORD}])", _ordinal),
        (r"(?<![0-9.,])([0-9]++)(st|nd|rd|th)(?![A-Za-z])", _ordinal),
        (
            rf"(?:(?<=सन )|(?<=सन् )|(?<=वर्ष )|(?<=साल )){_YEAR}(?![0-9.,])"
            rf"|(?<![0-9.,]){_YEAR}(?=\s?(?:में|ई|का|की|के|तक|से {_YEAR}(?!\s?(?:{_COUNTED}|[0-9.,])))"
            rf"(?![{_WORD}]))",
            _year,
        ),
        (
            rf"((?:{_MONTHS}|{_ENGLISH_MONTHS})(?:\s[0-3]?[0-9])?,?\s)({_YEAR})(?![0-9.,])",
            _year_of_month,
        ),
        (r"(?:№|No\.?\s?|#)(?=[0-9])", "नंबर "),
        (rf"(?<![A-Za-z0-9{_WORD})])[-−](?=[0-9])", "माइनस "),
        (_NUMBER, _number),
        (r"(?<![0-9])\.(?=[0-9])", " दशमलव "),
        ("[0-9]+", _left_digits),
        (
            rf"((?:कक्षा|अध्याय|भाग|खंड|चरण|अनुसूची|टाइप|ग्रेड|श्रेणी|क्लास|स्तर|Class|Part|Chapter|Phase|Type|War) )"
            rf"({_ROMANS})(?![A-Za-z.])",
            _chapter,
        ),
        (rf"(?<=[{_WORD}] ){_ROMANS}(?<![{_WORD}] I)(?![A-Za-z.])", _reign),
        (r"(?<=[a-z] )(?:I{2,3}|IV|VI{1,3}|IX|XI{1,3}|XIV|XVI{0,3})(?![A-Za-z.])", _reign),
        (r"(?<![A-Za-z])(Dr|Mr|Mrs|Ms|Prof|Smt|Shri|Er|Adv)\.(?=\s?[A-Z\u0900-\u097f])", r"\1"),
        (rf"(?<![{_WORD}])(?:{any_of(ABBREVIATIONS)})", _abbreviation),
        (r"(?<![A-Za-z])(?:[A-Z]\.){2,}", _initials),
        (r"(?<![A-Za-z.])([A-Z])\.\s(?=[A-Z](?:[a-z]|\.)|[\u0900-\u097f])", _initial),
        (r"(?i)(?<![A-Za-z])wi-fi(?![A-Za-z])", _latin),
        (rf"[{_LATIN_LETTERS}]+(?:['’][{_LATIN_LETTERS}]+)*+", _latin),
        (f"[{re.escape(''.join(SIGNS))}]", _sign),
    )
)
