"""Mandarin as it is read out: simplified characters, and every number in words.

Traditional text becomes simplified since the phrases by which pypinyin tells the readings of a character
apart are simplified. Latin words stay: the checkpoint speaks English too.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

from f5serve.text.spoken.patterns import any_of
from f5serve.text.spoken.zh_forms import FORMS, digit_by_digit
from f5serve.text.spoken.zh_numbers import cardinal, number, one_by_one, scaled, sixtieths
from f5serve.text.spoken.zh_words import (
    CURRENCIES,
    LABELS,
    MEASURES,
    PLATES,
    SCORES,
    SIGNS,
    THOUSANDS,
    UNITS,
)
from f5serve.text.spoken.zh_years import YEAR, is_year

if TYPE_CHECKING:
    from opencc import OpenCC

_HAN = re.compile("[\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SCORE_CONTEXT = 8  # characters before a colon in which a word for a score is looked for


def read_out(text: str) -> str:
    """Write a text in simplified characters, with everything that is not a word read as words.

    Args:
        text: Plain text.

    Returns:
        The text, its marks and Latin words as they were. Reading it again changes nothing.
    """
    text = text.encode("utf-8", "ignore").decode("utf-8")  # lone surrogates, which libraries refuse
    if _HAN.search(text):
        # Twice, since the table leads 薴 to 苧 and that to 苎.
        text = _simplifier().convert(_simplifier().convert(text))
    if _SOMETHING_TO_READ.search(text) is None:
        return text
    for pattern, written in _RULES:
        text = pattern.sub(written, text)
    return text


def load() -> None:
    """Load the dictionary of traditional characters, so that no request waits for it."""
    _simplifier()


@functools.cache
def _simplifier() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")


def _pressure(found: re.Match[str]) -> str:
    return f"{cardinal(found[1])}比"


def _season(found: re.Match[str]) -> str:
    return one_by_one(found[1]) + one_by_one(found[2])


def _date(found: re.Match[str]) -> str:
    month, day = int(found[3]), int(found[4])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return found[0]
    return f"{one_by_one(found[1])}年{cardinal(found[3])}月{cardinal(found[4])}日"


def _year_and_month(found: re.Match[str]) -> str:
    return f"{one_by_one(found[1])}年{cardinal(found[2])}月"


def _time(found: re.Match[str]) -> str:
    hour, minute, second = found[1], found[2], found[3]
    before = found.string[max(0, found.start() - _SCORE_CONTEXT) : found.start()]
    if int(hour) > 24 or any(word in before for word in SCORES):
        return found[0]
    half = (found[4] or "")[:1].lower()
    part = {"a": "上午", "p": "下午"}.get(half, "")
    read = f"{part}{cardinal(hour, counted=True)}点"
    if minute != "00" or second:
        read += sixtieths(minute) + "分"
    return read + (sixtieths(second) + "秒" if second else "")


def _score(found: re.Match[str]) -> str:
    return f"{cardinal(found[1])}比{cardinal(found[2])}"


def _slash(found: re.Match[str]) -> str:
    """A fraction, unless it is greater than one and a day of the year."""
    first, second = found[1], found[2]
    if int(second) <= int(first) <= 12 and int(second) >= 1:
        return f"{cardinal(first)}月{cardinal(second)}日"
    if 10 <= int(first) <= 12 < int(second) <= 31:  # 12/25, which as a fraction hardly is written
        return f"{cardinal(first)}月{cardinal(second)}日"
    if int(first) > int(second) > 12:  # a blood pressure
        return f"{cardinal(first)}比{cardinal(second)}"
    return f"{cardinal(second)}分之{cardinal(first)}"


def _money(found: re.Match[str]) -> str:
    amount, unit, thousands = found[2], CURRENCIES[found[1]], found[4]
    if thousands:
        return scaled(amount, thousands) + unit
    if "." in amount:
        amount = amount.rstrip("0").rstrip(".")
    return number(amount, counted=True) + (found[3] or "") + unit


def _part(found: re.Match[str]) -> str:
    """Per cent and per mille, alone or from one to another."""
    whole = "百" if found[0].endswith("%") else "千"
    first, second = found["first"], found["second"]
    read = ("负" if found["minus"] else "") + f"{whole}分之{_of_hundred(first)}"
    if second is None:
        return read
    again = "负" * bool(found["below"]) + (f"{whole}分之" if found["again"] else "")
    return f"{read}到{again}{_of_hundred(second)}"


def _of_hundred(digits: str) -> str:
    """All of it is 百分之百."""
    return "百" if digits == "100" else number(digits)


def _temperatures(found: re.Match[str]) -> str:
    """From one temperature to another, of which the first is below zero at least."""
    unit = UNITS[found[5]]
    below = "零下" if found[2] else "负"
    first = below + number(found[1]) + (unit if found[2] else "")
    return f"{first}到{below * bool(found[3])}{number(found[4])}{unit}"


def _unit(found: re.Match[str]) -> str:
    unit = UNITS[found[3]]
    below = "零下" if unit.endswith("氏度") else "负"
    return (below if found[1] else "") + number(found[2], counted=True) + unit


def _to(found: re.Match[str]) -> str:
    """The dash between two numbers: a score where the words before speak of one, else a range."""
    if _after_latin(found):  # the name of a model: i7-13700
        return found[0]
    unit = UNITS.get(found[2] or "", "")
    before = found.string[max(0, found.start() - _SCORE_CONTEXT) : found.start()]
    if not unit and any(word in before for word in SCORES):
        return f"{number(found[1])}比"
    return (f"{number(found[1], counted=True)}{unit}" if unit else found[1]) + "到"


def _after_latin(found: re.Match[str]) -> bool:
    before = found.string[max(0, found.start() - 1) : found.start()]
    return before.isascii() and before.isalpha()


def _telephone(found: re.Match[str]) -> str:
    plus = "加" * found[0].startswith("+")
    groups = re.findall("[0-9]+", found[0])
    return plus + "，".join(one_by_one(group, telephone=True) for group in groups)


def _digits(found: re.Match[str]) -> str:
    return re.sub("[0-9]", lambda digit: one_by_one(digit[0], telephone=True), found[0])


def _version(found: re.Match[str]) -> str:
    return "点".join(cardinal(part) for part in found[0].split("."))


def _parts(found: re.Match[str]) -> str:
    return "杠".join(one_by_one(part, telephone=True) for part in found[0].split("-"))


def _number_sign(found: re.Match[str]) -> str:
    return cardinal(found[1]) + "号"


def _ordinal(found: re.Match[str]) -> str:
    return "第" + cardinal(found[1])


def _quantity(found: re.Match[str]) -> str:
    """A number in a text: digits where it is a year or a code, a quantity everywhere else."""
    text = found["number"]
    counted = found["measure"] is not None and not _after_latin(found)
    code = len(text) > 7 or (text.isdecimal() and len(text) > 1 and text[0] == "0")
    if text.isdecimal() and not counted and (code or is_year(found.string, *found.span("number"))):
        return one_by_one(text)
    return number(text, counted=counted)


def _price(found: re.Match[str]) -> str:
    return number(found[1], counted=True) + (found[2] or "") + CURRENCIES[found[3]]


def _ten_thousands(found: re.Match[str]) -> str:
    return scaled(found[1], "w")


def _sign(found: re.Match[str]) -> str:
    return SIGNS[found[0]]


_SOMETHING_TO_READ = re.compile(
    rf"[\d〇½-¾⁰¹²³⁴-⁹①-⓿Ⅰ-ⅿ⅐-⅞{re.escape(''.join(SIGNS))}＆＋＝＄￥]|[IVX][世期型级代卷]|第[IVX]"
)
_DASH: Final = "[-‐‑‒–—―−~〜～－]"
_MINUS: Final = "(?<![A-Za-z0-9)])[-−–－]"
_ALONE: Final = r"(?<![A-Za-z0-9.,:/-])"
_ENDS: Final = r"(?![0-9:/]|[.,-][0-9])"
_NUMBER: Final = r"(?<![0-9.,])(?:[0-9]{1,3}(?:,[0-9]{3})++|[0-9]++)(?:\.[0-9]++)?"
_AGO: Final = "前|后|以前|以来|历史|来的"

# What is written in several forms first, then the numbers, the longest form first.
_RULES: Final = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        *FORMS,
        (rf"{_ALONE}({YEAR})/([0-9]{{2}})(?=\s?(?:赛季|学年|财年|年度))", _season),
        ("(?<=[0-9])[-–—~～](?=[12][0-9]{3}[/.][01]?[0-9][/.][0-9])", "到"),
        (rf"{_ALONE}([12][0-9]{{3}})([/.-])([01]?[0-9])\2([0-3]?[0-9]){_ENDS}", _date),
        (rf"{_ALONE}({YEAR})[/-](0[1-9]|1[0-2]|[1-9])(?:月|{_ENDS}(?!年))", _year_and_month),
        (
            rf"(?<![0-9.,])(?![12]000年(?:{_AGO}))[12][0-9]{{3}}(?={_DASH}[12]?[0-9]{{1,3}}年|年(?!(?:{_AGO})))",
            digit_by_digit,
        ),
        (r"(?<![0-9])0[0-9](?=年)", digit_by_digit),
        (
            rf"{_ALONE}(?:\(?\+86\)?[- ]?)?(?:1[3-9][0-9](?:[0-9]{{8}}|(?P<gap>[- ])[0-9]{{4}}(?P=gap)[0-9]{{4}})"
            r"|\(?0[0-9]{2,3}(?:[- ]|\)\s?)[0-9]{3,4}[- ]?[0-9]{4}"
            r"|[48]00(?P<dash>[- ])[0-9]{3,4}(?P=dash)[0-9]{3,4})(?![0-9-])"
            rf"|{_ALONE}\+[1-9][0-9]{{0,2}}(?:[- ][0-9]{{1,5}}){{2,5}}(?![0-9-])",
            _telephone,
        ),
        (rf"(?<=[{PLATES}])[A-Z][·•]?[A-Z0-9]{{5,6}}(?![A-Za-z0-9])", _digits),
        (
            rf"(?:{any_of(LABELS)})(?:是|为|：|:)?\s?[0-9]{{3,}}+(?![.,][0-9]|\s?(?:{any_of(MEASURES)}|[万亿]))",
            _digits,
        ),
        (
            r"(?<![0-9.])(?:1[12][0-9]|12[0-9]{3}|10[0-9]{3}|9[56][0-9]{3})(?=热线|客服|电话|报警|急救|火警)"
            r"|(?<![0-9.,])(?:12306|10086|10010)(?![0-9.,])",
            _digits,
        ),
        (r"(?<![0-9])[0-9]{3,4}(?=房|室|教室|航班|次列车)", _digits),
        (
            rf"(?<![A-Za-z0-9])(?!(?:{any_of(CURRENCIES)})[0-9])[A-Z]{{1,3}}-?[0-9]{{3,5}}(?![0-9.,]|\s?(?:{any_of(MEASURES)}|[万亿]))",
            _digits,
        ),
        (
            r"(?<![A-Za-z0-9.,:/])([0-9]{1,2}):([0-5][0-9])(?::([0-5][0-9]))?(?![0-9:/]|[.,][0-9])"
            r"(?:\s?([AaPp][Mm])(?![A-Za-z]))?",
            _time,
        ),
        (rf"{_ALONE}([0-9]++):([0-9]++){_ENDS}", _score),
        (rf"({any_of(CURRENCIES)})\s?({_NUMBER})\s?{_DASH}\s?(?={_NUMBER})", r"\2到\1"),
        (
            rf"(?<![A-Za-z])({any_of(CURRENCIES)})\s?({_NUMBER})\s?"
            rf"(?:([万亿千百])|({any_of(THOUSANDS)})(?![A-Za-z]))?(?:元|美元)?",
            _money,
        ),
        (rf"({_NUMBER})\s?([万亿])?\s?({any_of(CURRENCIES)})(?![A-Za-z])", _price),
        (rf"({_NUMBER})[wW](?![A-Za-z0-9])", _ten_thousands),
        (
            rf"{_MINUS}({_NUMBER})\s?(℃|°C|°F|度)?\s?{_DASH}\s?([-−–－])?({_NUMBER})\s?(℃|°C|°F|度)",
            _temperatures,
        ),
        (
            rf"(?P<minus>{_MINUS})?(?P<first>{_NUMBER})\s?"
            rf"(?:(?P<again>%)?\s?{_DASH}\s?(?P<below>[-−])?(?P<second>{_NUMBER}))?\s?[%‰]",
            _part,
        ),
        (r"(?<=[0-9])\s?[-−]\s?(?=[0-9]++\s?=)", "减"),
        (r"(?<![0-9.-])[0-9]++(?:-[0-9]++){2,}", _parts),
        (
            rf"({_NUMBER})\s?({any_of(UNITS)})?\s?{_DASH}+\s?(?=[-−]?{_NUMBER})",
            _to,
        ),
        (
            f"(?<=[点分秒年月日号零一二三四五六七八九]){_DASH}+(?=[0-9零一二两三四五六七八九十])",
            "到",
        ),
        (rf"(?<=时速)({_NUMBER})\s?km/h", r"\1公里"),
        (rf"{_ALONE}([0-9]{{2,3}})/(?=[0-9]{{2,3}}\s?mmHg)", _pressure),
        (rf"({_MINUS})?({_NUMBER})\s?({any_of(UNITS)})(?![A-Za-z])", _unit),
        (r"(?<![0-9.])([0-9]{1,2}) (?=[1-9]/[2-9](?![0-9/]))", r"\1又"),
        (rf"{_ALONE}([0-9]{{1,4}})/([0-9]{{1,4}}){_ENDS}", _slash),
        (r"(?<![0-9.])[0-9]++(?:\.[0-9]++){2,}", _version),
        (r"第\s?([0-9]++)(?!\.[0-9])", _ordinal),
        (r"(?:№|(?<![A-Za-z])N[oO]\.?\s?|#)([0-9]++)", _number_sign),
        (r"(?<=[0-9])\s?[*xX]\s?(?=[0-9])", "乘"),
        ("(?<=[0-9])x(?![A-Za-z0-9])", "倍"),
        (r"(?<=[0-9])\s?>\s?(?=[0-9])", "大于"),
        (r"(?<=[0-9])\s?<\s?(?=[0-9])", "小于"),
        ("(?<![A-Za-z0-9\u3400-\u9fff)])[-−－](?=[0-9])", "负"),
        (
            rf"(?P<number>{_NUMBER})"
            rf"(?:(?=(?:到[0-9]+)?\s?(?P<measure>{any_of((*MEASURES, '百', '千', '万', '亿'))})))?",
            _quantity,
        ),
        (r"(?<![0-9])\.(?=[0-9])", "点"),
        ("[0-9]+", digit_by_digit),
        (f"[{re.escape(''.join(SIGNS))}]", _sign),
    )
)
