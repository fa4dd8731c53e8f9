"""Mandarin: what is written in several forms, and numbers that their neighbours tell apart, before all others."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from f5serve.text.spoken import numbers, raised
from f5serve.text.spoken.zh_numbers import cardinal, one_by_one, sixtieths
from f5serve.text.spoken.zh_words import UNITS


def digit_by_digit(found: re.Match[str]) -> str:
    """A match as the digits that it is."""
    return one_by_one(found[0])


def _plain(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _fraction_sign(found: re.Match[str]) -> str:
    """One sign for a fraction, joined to the whole number before it."""
    joined = found.string[found.start() - 1 : found.start()].isdigit()
    return "又" * joined + _plain(found).replace("⁄", "/")


def _listed(found: re.Match[str]) -> str:
    return f"{cardinal(raised.ringed(found))}、"


def _power(found: re.Match[str]) -> str:
    minus, digits = raised.exponent(found)
    if not minus and digits in "23":
        return "的平方" if digits == "2" else "的立方"
    return f"的{'负' * minus}{cardinal(digits)}次方"


def _whole(sign: str) -> str:
    return str(int(unicodedata.numeric(sign)))


def _numeral(found: re.Match[str]) -> str:
    return _whole(found[0])


def _roman(found: re.Match[str]) -> str:
    value = numbers.roman(found[0])
    return found[0] if value is None else cardinal(str(value))


def _joined(found: re.Match[str]) -> str:
    """A day that history is called by: 9·11."""
    return "".join(map(one_by_one, re.findall("[0-9]+", found[0])))


def _arc(found: re.Match[str]) -> str:
    """Minutes and seconds of a degree."""
    return f"{found[1]}分" + (f"{found[2]}秒" if found[2] else "")


def _minutes(found: re.Match[str]) -> str:
    """The minutes of an hour in words already, where two is 二."""
    return sixtieths(found[0]) if len(found[0]) > 1 else cardinal(found[0])


def _per(found: re.Match[str]) -> str:
    return f"每{UNITS.get(found[1], found[1])}"


def _unit_word(found: re.Match[str]) -> str:
    return UNITS[found[0]]


_WIDE: Final = "０-９Ａ-Ｚａ-ｚ％＋＆＝＠＃＄￥℃℉№₀-₉"

FORMS: Final = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        (raised.RINGED, _listed),
        ("〇", "零"),
        (r"(?<![0-9.])([0-9]++)\s?½\s?(?=小时|钟头|个?月|星期|世纪)", r"\1个半"),
        ("[½⅓⅔¼¾⅕-⅞]", _fraction_sign),
        (raised.SMALL_FRACTION, raised.small_fraction),
        (r"(?<![A-Za-z/μ])(?:[kcdm]?m|[kmμ]?g/m|m/s)[²³](?![A-Za-z])", _unit_word),
        (r"(?<=[元人块])/([ck]?m[²2]|㎡|kg|[斤月年天日周次人股吨克升米])(?![A-Za-z])", _per),
        (r"(?<=次)/(?=[分秒天周月年])|(?<=[里米克升吨])/(?=[秒小升克天])", "每"),
        (raised.POWER, _power),
        (raised.NOTE, ""),
        ("[Ⅰ-Ⅻⅰ-ⅻ]", _numeral),
        (rf"[{_WIDE}]+", _plain),
        (r"(?![0-9])\d", _numeral),
        ("(?<![0-9.])[0-9]{1,2}[·•][0-9]{1,2}(?![0-9.])", _joined),
        ("(?<=[0-9])[．](?=[0-9])", "."),
        ("(?<=[0-9])[：∶](?=[0-9])", ":"),
        ("(?<=[0-9])，(?=[0-9]{3}(?![0-9]))", ","),
        ("(?<=[0-9])[／⁄](?=[0-9])", "/"),
        ("(?<![0-9%℃°元年月日号点分秒时A-Za-z])[~～](?=[0-9])", "约"),
        (r"(?<=[0-9]米)[0-9]{1,2}(?![0-9.]|厘|分|毫|的?[长宽高])", digit_by_digit),
        (r"(?<![0-9])[0-9]++(?= 点 [A-Za-z])", digit_by_digit),
        (r"(?<![0-9.,:/-])(?:[0-9]0|[5-9]5|0[05])(?=后(?!期|续))", digit_by_digit),
        (r"(?<![A-Za-z])(?![VX]型)[IVX]{1,5}(?=[世期型级代卷])|(?<=第)[IVX]{1,5}", _roman),
        (r"(?<![0-9])((?:1[89]|20)[0-9]0)['’]?s(?![A-Za-z])", r"\1年代"),
        (r"(?<![A-Za-z0-9.,:/-])24/7(?![0-9:/]|[.,-][0-9])", "二十四七"),
        ("(?<=[0-9]°)([0-9]{1,2})[′'](?:([0-9]{1,2})[″\"])?", _arc),
        ("(?<![0-9.])([3-8])['′]([0-9]|1[01])[\"″]", r"\1英尺\2英寸"),
        (r"(?<![0-9.])(?:985|211)(?=高校|大学|院校|工程|、|/)", digit_by_digit),
        (r"(?<![0-9.])(?:618|818|1111)(?=大促|购物|活动|促销|电商|狂欢)", digit_by_digit),
        ("(?<=[0-9]点)[0-9]{1,2}(?=分(?!之))", _minutes),
        ("(?<![0-9.])2(?=两)", "二"),
    )
)
"""Rules for :mod:`zh`, in their order."""
