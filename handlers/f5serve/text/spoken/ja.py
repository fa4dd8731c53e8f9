"""Japanese as it is read out, in kana.

pyopenjtalk reads kanji, plain numbers and counters; what it cannot know is written out before: dates,
times, money, telephone numbers, ranges, scores, fractions, units and names in Latin letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from f5serve.text import japanese
from f5serve.text.spoken import numbers, raised
from f5serve.text.spoken.ja_words import (
    CODES,
    CURRENCIES,
    DIGITS,
    ERAS,
    GREEK,
    MONEY,
    NAMES,
    ORDINALS,
    SIGNS,
    SPEEDS,
    THOUSANDS,
    TITLES,
    UNITS,
)
from f5serve.text.spoken.patterns import any_of

_MOST_READINGS: Final = 3  # a kanji without a reading stays, and is met again among kana
_LONG_VOWELS: Final[Mapping[str, str]] = {"ā": "aa", "ē": "ee", "ī": "ii", "ō": "ou", "ū": "uu"}


def read_out(text: str) -> str:
    """Write a text in kana, with everything that is not a word read as words.

    Args:
        text: Plain text.

    Returns:
        Kana, with the marks as they were; signs that nobody reads stay. Reading it again changes nothing.
    """
    text = text.encode("utf-8", "ignore").decode("utf-8")  # lone surrogates, which libraries refuse
    for pattern, written in _RULES:
        text = pattern.sub(written, text)
    for _ in range(_MOST_READINGS):
        before, text = text, japanese.to_kana(text)
        if text == before:
            break
    return text


def load() -> None:
    """Load the dictionary, so that no request waits for it."""
    japanese.load()


def _plain(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _fraction_sign(found: re.Match[str]) -> str:
    """One sign for a fraction, joined to the whole number before it."""
    joined = found.string[found.start() - 1 : found.start()].isdigit()
    return "と" * joined + _plain(found).replace("⁄", "/")


def _circled(found: re.Match[str]) -> str:
    return raised.ringed(found) + "、"


def _power(found: re.Match[str]) -> str:
    minus, digits = raised.exponent(found)
    return f"の{'マイナス' * minus}{digits}乗"


def _roman(found: re.Match[str]) -> str:
    plain = _plain(found).upper()
    value = numbers.roman(plain)
    return plain if value is None else str(value)


def _digit(found: re.Match[str]) -> str:
    return str(unicodedata.digit(found[0]))


def _bare_latin(found: re.Match[str]) -> str:
    """Letters without accents; the long vowels of romaji as kana spells them."""
    word = "".join(_LONG_VOWELS.get(letter.lower(), letter) for letter in found[0])
    return "".join(filter(str.isascii, unicodedata.normalize("NFD", word)))


def _name(found: re.Match[str]) -> str:
    return NAMES.get(found[0].lower(), found[0])


def _date(found: re.Match[str]) -> str:
    month, day = int(found["month"]), int(found["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return found[0]
    return f"{found['year']}年{month}月{day}日"


def _era(found: re.Match[str]) -> str:
    day = f"{found[3]}月{found[4]}日" if found[4] else ""
    return f"{ERAS[found[1]]}{found[2]}年{day}"


def _half_day(found: re.Match[str]) -> str:
    """Morning or afternoon, which Japanese says before the hour."""
    half = "午前" if (found[1] or found[4])[0] in "aA" else "午後"
    hour = found[2] or found[3]
    return half + (hour if ":" in hour else f"{hour}時")


def _floor(found: re.Match[str]) -> str:
    return "地下" * bool(found[1]) + f"{found[2]}階"


def _time(found: re.Match[str]) -> str:
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 30 or minute > 59 or second > 59:  # broadcasters count on to 25:00 and later
        return found[0]
    return (
        f"{hour}時"
        + (f"{minute}分" if minute or second else "")
        + (f"{second}秒" if second else "")
    )


def _money(found: re.Match[str]) -> str:
    amount, scale, thousands = found[2], found[3] or "", found[4]
    if thousands:
        value = Decimal(amount.replace(",", "")) * THOUSANDS[thousands]
        amount = f"{value:f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))
    return f"{amount}{scale}{MONEY[found[1]]}"


def _price(found: re.Match[str]) -> str:
    return found[1] + MONEY[found[2]]


def _title(found: re.Match[str]) -> str:
    return TITLES[found[1]]


def _numbered(found: re.Match[str]) -> str:
    return ORDINALS.get(found[1], f"{found[1]}番目")


def _one_by_one(digits: str) -> str:
    return "".join(DIGITS[int(digit)] for digit in digits)


def _telephone(found: re.Match[str]) -> str:
    groups = "、".join(_one_by_one(group) for group in re.findall("[0-9]+", found[0]))
    return "プラス" * found[0].startswith("+") + groups


def _post_code(found: re.Match[str]) -> str:
    return f"ゆうびんばんごう、{_one_by_one(found[1])}の{_one_by_one(found[2])}、"


def _with_no(found: re.Match[str]) -> str:
    return re.sub(_DASH, "の", found[0])


def _version(found: re.Match[str]) -> str:
    return found[0].replace(".", "てん")


def _unit(found: re.Match[str]) -> str:
    return found[1] + UNITS[found[2]]


def _speed(found: re.Match[str]) -> str:
    return SPEEDS[found[2]].format(found[1])


def _greek(found: re.Match[str]) -> str:
    return GREEK.get(found[0].lower(), found[0])


def _sign(found: re.Match[str]) -> str:
    return SIGNS[found[0]]


def _slash(found: re.Match[str]) -> str:
    """A day or a fraction: a fraction is smaller than one and has few parts."""
    first, second = int(found[1]), int(found[2])
    if first > second > 12:  # a blood pressure
        return f"{first}の{second}"
    day = 1 <= first <= 12 and 1 <= second <= 31 and (found[3] or second <= first or second > 12)
    return f"{first}月{second}日" if day else f"{found[2]}分の{found[1]}"


_KANJI_DIGITS: Final = "〇一二三四五六七八九十百千"
_DASH: Final = "[-‐‑‒–—―−]"
_ALONE: Final = r"(?<![A-Za-z0-9.,:/-])"
_ENDS: Final = r"(?![0-9:/]|[.,-][0-9])"
_TIME_ALONE: Final = r"(?<![A-Za-z0-9.,:/])"
_TIME_ENDS: Final = r"(?![0-9:/]|[.,][0-9])"
_NUMBER: Final = r"(?<![0-9.,])(?:[0-9]{1,3}(?:,[0-9]{3})++|[0-9]++)(?:\.[0-9]++)?"
_PLACE: Final = "(?<=[区町村市郡台丘里通条目])"  # what the numbers of an address follow
_LETTERS: Final = "A-Za-zÀ-ÖØ-öø-ſ"
_ROMANS: Final = "(?:I{1,3}|IV|VI{0,3}|IX|XI{0,3}|XIV|XVI{0,3}|XIX)"
_AFTER_NAME: Final = "(?:I{2,3}|IV|VI{1,3}|IX|XI{1,3}|XIV|XVI{0,3})"  # one letter may be a letter
_HALF_DAY: Final = r"[AaPp]\.?[Mm]\.?(?![A-Za-z])"
_HOUR: Final = r"(?:1[0-2]|0?[0-9])(?::[0-5][0-9])?"
_OTHER_FORMS: Final = "０-９Ａ-Ｚａ-ｚｦ-ﾟ％＋＆＝＠＃＄￥－℃℉№℡㈠-㋾㌀-㏿㍿₀-₉"

# What is written in several forms first, then the numbers, the longest form first.
_RULES: Final = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        (raised.RINGED, _circled),
        ("(?<![0-9.])([0-9]{1,3})½\\s?(時間|年|日|か月|ヶ月)", r"\1\2半"),
        ("[½⅓⅔¼¾⅕-⅞]", _fraction_sign),
        (raised.SMALL_FRACTION, raised.small_fraction),
        (r"(?<![A-Za-z])(?:[kcdm]?m|k?g/m|m/s)[²³](?![A-Za-z])", _plain),
        (raised.POWER, _power),
        (raised.NOTE, ""),
        ("[Ⅰ-ⅿ]+", _roman),
        (f"[{_OTHER_FORMS}]+", _plain),
        (r"(?![0-9])\d", _digit),
        ("(?<=[0-9])．(?=[0-9])", "."),
        ("(?<=[0-9])，(?=[0-9]{3}(?![0-9]))", ","),
        ("(?<=[0-9])：(?=[0-9])", ":"),
        ("(?<=[0-9])／(?=[0-9])", "/"),
        (f"[{_LETTERS}]+", _bare_latin),
        (f"(?i)(?<![A-Za-z])(?:{any_of(NAMES)})(?![A-Za-z])", _name),
        (rf"(?<=第){_ROMANS}(?![A-Za-z])|(?<![A-Za-z]){_ROMANS}(?=世(?!代))", _roman),
        (rf"(?<![A-Za-z]){_AFTER_NAME}(?=[章部編巻期型類])", _roman),
        (rf"(?<=[ァ-ヴー]){_AFTER_NAME}(?![A-Za-z0-9])", _roman),
        (r"(?<![A-Za-z])(?:N[oO][.．]?\s?|#)(?=[0-9])", "ナンバー"),
        (r"(?<![A-Za-z])[Vv]ol\.\s?(?=[0-9])", "ボリューム"),
        (r"(?<![A-Za-z])[Vv]er\.?\s?(?=[0-9])", "バージョン"),
        (r"(?<![A-Za-z])pp?\.\s?([0-9]++(?:[-–][0-9]++)?)(?![0-9.])", r"\1ページ"),
        (rf"(?<![A-Za-z])({any_of(TITLES)})(?:\.\s?|\s)(?=[A-Z])", _title),
        (r"(?<![A-Za-z0-9.])([0-9]++)(?:st|nd|rd|th)(?![A-Za-z])", _numbered),
        (
            rf"(?<![A-Za-z])({any_of(ERAS)})([0-9]{{1,2}})"
            r"(?:年|\.(1[0-2]|0?[1-9])\.([12][0-9]|3[01]|0?[1-9])(?![0-9.]))",
            _era,
        ),
        (
            rf"(?<![A-Za-z])({_HALF_DAY})\s?({_HOUR})(?![0-9:/.])"
            rf"|(?<![A-Za-z0-9.:/])({_HOUR})\s?({_HALF_DAY})",
            _half_day,
        ),
        ("(?<![A-Za-z0-9.,])(B)?([0-9]{1,2})F(?![A-Za-z0-9])", _floor),
        (r"(?<![0-9.])([0-9])['′]([0-9]|1[01])[\"″]", r"\1フィート\2インチ"),
        ("(?<![0-9,.])([0-9]),([0-9])(?=[日人月回年個時歳つ])", r"\1、\2"),
        (r"(?<![^\s])\.(?=[0-9])", "0."),
        ("(?<=[0-9])対(?=[0-9])", "たい"),
        (rf"{_ALONE}24/7{_ENDS}", "24、7"),
        (r"(?<=[0-9])\s?x\s?(?=[0-9])", "かける"),
        ("(?<=[0-9])x(?![A-Za-z0-9])", "倍"),
        (r"(?<=[A-Za-z0-9])\s?>\s?(?=[A-Za-z0-9])", "だいなり"),
        (r"(?<=[A-Za-z0-9])\s?<\s?(?=[A-Za-z0-9])", "しょうなり"),
        (r"(?<=[0-9])\s?[-−]\s?(?=[0-9]++\s?=)", "ひく"),
        (r"(?<![A-Za-z])(?:TEL|Tel|tel)\.?[:：]?\s?(?=[0-9+(])", "電話、"),
        (r"(?<![A-Za-z])(?:FAX|Fax|fax)[:：]?\s?(?=[0-9+(])", "ファックス、"),
        (r"時速\s?(?=[0-9.]{1,9}\s?(?:km/h|mph))", ""),
        (r"\s?[(（]([月火水木金土日])[・･]?祝[)）]", r"、\1曜日、祝日、"),
        (r"〒\s?([0-9]{3})-([0-9]{4})(?![0-9])", _post_code),
        (
            rf"{_ALONE}(?:\+[0-9]{{1,3}}[- ][0-9]{{1,4}}|0[0-9]{{1,4}})"
            r"(?:[- ][0-9]{1,4}[- ][0-9]{3,4}|\([0-9]{1,4}\)[0-9]{3,4})(?![0-9-])",
            _telephone,
        ),
        (rf"{_ALONE}0[5-9]0[0-9]{{8}}(?![0-9-])", _telephone),
        (
            rf"{_ALONE}(?P<year>[12][0-9]{{3}})([/.-])(?P<month>[01]?[0-9])\2"
            rf"(?P<day>[0-3]?[0-9]){_ENDS}",
            _date,
        ),
        (
            rf"{_ALONE}([0-9]{{1,4}})/([0-9]{{1,4}})(?:(\s?[(（](?=[月火水木金土日][)）]))|{_ENDS})",
            _slash,
        ),
        ("(?<=[日年])\\s?[(（]?([月火水木金土日])[)）]", r"、\1曜日、"),
        ("(?<=[0-9])m走", "メートルそう"),
        (r"([0-9]{2,3})\s?([あ-ん])\s?([0-9]{1,2})-([0-9]{2})(?![0-9])", r"\1、\2、\3の\4"),
        ("(?<=[0-9])(?:XX|xx)年", "エックスエックスねん"),
        (rf"{_TIME_ALONE}([0-9]{{1,2}}):([0-5][0-9])(?::([0-5][0-9]))?{_TIME_ENDS}", _time),
        (rf"{_ALONE}([0-9]++):([0-9]++){_ENDS}", r"\1たい\2"),
        (r"(?<![0-9.])0時(?!間)", "れいじ"),
        (r"(?<![\w%℃°])[~〜～](?=[0-9])", "約"),
        (
            rf"([{''.join(CURRENCIES)}])\s?({_NUMBER})\s?[-–—~〜～]\s?(?={_NUMBER})",
            r"\2から\1",
        ),
        (
            rf"(?:US)?([{''.join(CURRENCIES)}]|(?<![A-Za-z])(?:{any_of(CODES)}))\s?({_NUMBER})"
            rf"(?:([万億兆])|\s?({any_of(THOUSANDS)})(?![A-Za-z]))?",
            _money,
        ),
        (
            rf"({_NUMBER}[万億]?)\s?([{''.join(CURRENCIES)}]|(?:{any_of(CODES)})(?![A-Za-z]))",
            _price,
        ),
        (rf"({_NUMBER})\s?({any_of(SPEEDS)})(?![A-Za-z])", _speed),
        (rf"({_NUMBER})\s?({any_of(UNITS)})(?![A-Za-z])", _unit),
        (r"°[CF]", "度"),
        (r"(?<![0-9.])[0-9]++(?:\.[0-9]++){2,}", _version),
        (
            rf"{_PLACE}[0-9]++(?:{_DASH}[0-9]++)+"
            rf"|(?<![0-9-])[0-9]{{1,5}}(?:{_DASH}[0-9]{{1,5}}){{2,}}",
            _with_no,
        ),
        (rf"(?<![0-9])([0-9]{{1,2}}){_DASH}([0-9]{{1,2}})(?=で(?:勝|負|敗|引))", r"\1たい\2"),
        (r"(?<=\w)[~〜～](?=[0-9])", "から"),
        (rf"(?<=[0-9%度円年月日時分秒個人歳回キルロム]){_DASH}(?=[0-9])", "から"),
        ("(?<=[A-Za-z])-(?=[0-9])", " "),
        (r"(?<![A-Za-z0-9])[-−](?=[0-9])", "マイナス"),
        ("[Α-Ωα-ω]", _greek),
        (f"(?<![{_KANJI_DIGITS}])〇(?![{_KANJI_DIGITS}])", "まる"),
        ("(?<![々\u3400-\u9fff])々", ""),
        (f"[{re.escape(''.join(SIGNS))}]", _sign),
    )
)
