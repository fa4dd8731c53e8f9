"""Russian: what ru-normalizr would read otherwise than a reader does, written as it reads it rightly.

Powers, notes, lists, telephone numbers without +7, Roman numerals before an adjective, measures, years in
brackets, codes of currencies and abbreviations that it leaves.
"""

from __future__ import annotations

import re
from typing import Final

from f5serve.text.spoken import numbers, raised
from f5serve.text.spoken.patterns import any_of
from f5serve.text.spoken.ru_words import FORMULAS, MONEY, MONTHS, OPENED, WEEKDAYS

_YEAR: Final = "(?:1[0-9]|20)[0-9]{2}"
_NUMBER: Final = r"(?<![\d.,])(?:\d{1,3}(?: \d{3}){1,5}+|\d++)(?:,\d++)?"
# What an ordinal in digits ends with before an adjective that ends so.
_ENDINGS: Final = {
    "ая": "я",
    "ую": "ю",
    "ой": "й",
    "ое": "е",
    "ые": "е",
    "ие": "е",
    "ый": "й",
    "ий": "й",
    "ого": "го",
    "его": "го",
    "ому": "му",
    "ему": "му",
    "ом": "м",
    "ем": "м",
    "ым": "м",
    "им": "м",
    "ых": "х",
    "их": "х",
    "ыми": "ми",
    "ими": "ми",
}
_PERCENT_ENDINGS: Final = {
    "й": "ный",
    "я": "ная",
    "е": "ное",
    "го": "ного",
    "му": "ному",
    "м": "ном",
}


_COUNTED: Final = {"г": "граммов", "кг": "килограммов", "мл": "миллилитров"}
_CYRILLIC: Final = str.maketrans("kcdm", "ксдм")


def cardinal(digits: str) -> str:
    """A number in words, in the nominative: the library declines digits by what is beside them."""
    from num2words import num2words

    return str(num2words(int(digits), lang="ru")).removeprefix("одна ")


def form(number: int, one: str, few: str, many: str) -> str:
    """The form of a noun after a number."""
    if 11 <= number % 100 <= 14:
        return many
    return one if number % 10 == 1 else few if 2 <= number % 10 <= 4 else many


def _power(found: re.Match[str]) -> str:
    from num2words import num2words

    minus, digits = raised.exponent(found)
    if not minus and digits in "23":
        return " в квадрате" if digits == "2" else " в кубе"
    ordinal = num2words(int(digits), lang="ru", to="ordinal", case="p", gender="f")
    return f" в {'минус ' * minus}{ordinal} степени"


def _listed(found: re.Match[str]) -> str:
    last = found.end() == len(found.string)
    return raised.ringed(found) + ("" if last else ", ")


def _telephone(found: re.Match[str]) -> str:
    """Groups with pauses between; a zero at the head of one is told."""
    groups = re.findall("[0-9]+", found[0])
    if len(groups) == 1:
        whole = groups[0]
        groups = [whole[0], whole[1:4], whole[4:7], whole[7:9], whole[9:]]
    return ", ".join(map(_group, groups))


def _group(digits: str) -> str:
    rest = digits.lstrip("0")
    zeros = ["ноль"] * (len(digits) - len(rest))
    return " ".join([*zeros, rest] if rest else zeros)


def _zeros(found: re.Match[str]) -> str:
    return " ".join(map(cardinal, found[0]))


def _roman(found: re.Match[str]) -> str:
    """A Roman numeral before an adjective: an ordinal in digits with the adjective's ending."""
    value, ending = numbers.roman(found[1]), found[2]
    return found[0] if value is None else f"{value}-{_ENDINGS[ending]}"


def _measures(found: re.Match[str]) -> str:
    first, second, unit = found[1], found[2], found[3] or ""
    if unit in _COUNTED:
        return f"{cardinal(first)} на {cardinal(second)} {_COUNTED[unit]}"
    if unit:  # which takes its form from the digits
        return f"{cardinal(first)} на {second} {unit}"
    return f"{cardinal(first)} на {cardinal(second).replace('тысяча', 'тысячу')}"


def _about(found: re.Match[str]) -> str:
    from num2words import num2words

    hour, minute = int(found[1]), int(found[2])
    hours = f"около {num2words(hour, lang='ru', case='g')} {form(hour, 'часа', 'часов', 'часов')}"
    if not minute:
        return hours
    minutes = num2words(minute, lang="ru", case="g", gender="f")
    return f"{hours} {minutes} {form(minute, 'минуты', 'минут', 'минут')}"


def _score(found: re.Match[str]) -> str:
    return f"{found[1]}{cardinal(found[2])} — {cardinal(found[3])}"


def _metres(found: re.Match[str]) -> str:
    """Square and cubic metres in Cyrillic, which the library reads."""
    return found[0].translate(_CYRILLIC)


def _part_of_law(found: re.Match[str]) -> str:
    part = "Часть" if "Ч" in found[0] else "часть"
    return f"{found[1]}{part} {cardinal(found[2])}"


def _money(found: re.Match[str]) -> str:
    """A sum with a code or a sign that the library leaves."""
    amount, name = found["before"] or found["after"], found["code"] or found["sign"]
    one, few, many = MONEY[name].split()
    digits = re.sub(r"\D", "", amount.partition(",")[0])
    noun = few if "," in amount else form(int(digits), one, few, many)
    return f"{amount} {noun}"


def _scaled(found: re.Match[str]) -> str:
    return f"{found[2]} {found[3]} {MONEY[found[1]].split()[2]}"


def _opened(found: re.Match[str]) -> str:
    opened = OPENED[found[0].lower()]
    return opened[0].upper() + opened[1:] if found[0][0].isupper() else opened


def _formula(found: re.Match[str]) -> str:
    return FORMULAS[found[0]]


def _month(found: re.Match[str]) -> str:
    return f"{found[1]} {MONTHS[found[2]]}"


def _weekdays(found: re.Match[str]) -> str:
    return " — ".join(WEEKDAYS[day.lower()] for day in found.groups())


def _percent(found: re.Match[str]) -> str:
    return f"{found[1]}%-{_PERCENT_ENDINGS[found[2]]}"


def _version(found: re.Match[str]) -> str:
    name = "версия " if found[1] in ("v", "V") else found[1]
    return name + " точка ".join(map(cardinal, found[2].split(".")))


def _season(found: re.Match[str]) -> str:
    first, second = int(found[1]), int(found[2])
    return f"{first} — {second}" if (first + 1) % 100 == second else found[0]


_HALF_MASCULINE: Final = (
    "год|час|раз|месяц|дн|век|миллион|миллиард|литр|метр|километр|процент|килограмм"
)
_HALF_FEMININE: Final = "минут|недел|тонн|тысяч|секунд"
_MONEY_CODES: Final = any_of(name for name in MONEY if name.isalpha())
_MONEY_SIGNS: Final = any_of(name for name in MONEY if not name.isalpha())

FORMS: Final = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        (raised.RINGED, _listed),
        (raised.SMALL_FRACTION, raised.small_fraction),
        (r"(?<![A-Za-z/])[kcdm]?m[²³]", _metres),
        (raised.POWER, _power),
        (rf"(?<!\bм)(?<!\b[кдсм]м)(?<!/с){raised.NOTE}", ""),
        (
            r"\b([IVXLC]{1,6})(?=\s[А-ЯЁ]?[а-яё]{1,25}"
            r"(ая|ую|ой|ое|ые|ие|ый|ий|[ое]го|[ое]му|[оеыи]м|[ыи]х|[ыи]ми)\b)",
            _roman,
        ),
        (
            r"(?<![\d.,+-])8(?P<gap>[ -])?\(?\d{3}\)?[ -]?\d{3}[ -]?\d{2}[ -]?\d{2}(?![\d-]|[.,]\d)",
            _telephone,
        ),
        (r"(?<![\d)] )(?<![\d.,)-])\d{3}-\d{2}-\d{2}(?![\d-]|[.,]\d)", _telephone),
        (r"(?<![\d.,:/+-])(?<!\d\s)00\d+(?![\d.,:/-])", _zeros),
        (r"(?<=\d:\d\d)\s?-\s?(?=\d{1,2}:\d\d)", " — "),
        (
            r"\b((?:[ВвКкСс]|[Дд]о) (?:[01]?\d|2[0-3]))\.(?=(?:00|15|30|45)(?![\d.,]|\s?(?:%|[а-яё])))",
            r"\1:",
        ),
        (
            rf"(?i)(?<!\w)({any_of(WEEKDAYS)})\.?\s?[–—-]\s?({any_of(WEEKDAYS)})(?:\.|(?!\w))",
            _weekdays,
        ),
        (r"\b([Тт])ел\.:?(?=\s?[\d+(])", r"\1елефон"),
        (r"(\bст\. ?\d++,? )ч\. ?(\d++)", _part_of_law),
        (r"((?<!\d )(?<!\d)\b)[Чч]\. ?(\d++)(?= ст\.)", _part_of_law),
        (r"(?<![\w.,])(\d{1,5}) ?[хx] ?(\d{1,5})(?![\d.,])(?: ?(мл|кг|г|[сдмк]?м)\b)?", _measures),
        (r"(?i)(?<!\w)около (\d{1,2}):([0-5]\d)(?![\d:]|[.,]\d)", _about),
        (
            r"(^|(?<=[»\"”]) ?|(?!Масштаб|Соотнош|Пропорц|Отнош)\b[А-ЯЁ][а-яё]{2,20} )(\d{1,2}):(\d)"
            r"(?![\d:]|[.,]\d)",
            _score,
        ),
        (
            rf"([$€£₽])\s?({_NUMBER})\s?[–—-]\s?({_NUMBER})(\s?(?:тыс|млн|млрд|трлн)\b\.?)?",
            r"\2–\3\4 \1",
        ),
        (rf"\(({_YEAR})\s?[–—-]\s?({_YEAR})\)", r"(\1–\2 гг.)"),
        (rf"({_YEAR})/(\d\d)(?![\d/])", _season),
        (rf"(?<![\d.,])1,5(?= (?:{_HALF_MASCULINE})я?а?\b)", "полтора"),
        (rf"(?<![\d.,])1,5(?= (?:{_HALF_FEMININE})[ыи]\b)", "полторы"),
        (
            rf"({_MONEY_SIGNS}|\b(?:{_MONEY_CODES}))\s?({_NUMBER})\s?(тыс|млн|млрд|трлн)\b\.?",
            _scaled,
        ),
        (
            rf"(?:\b(?P<code>{_MONEY_CODES})|(?P<sign>{_MONEY_SIGNS}))\s?(?P<before>{_NUMBER})"
            r"(?P<after>(?!))?",
            _money,
        ),
        (
            rf"(?P<after>{_NUMBER})\s?(?:(?P<code>{_MONEY_CODES})\b|(?P<sign>{_MONEY_SIGNS}))"
            r"(?P<before>(?!))?",
            _money,
        ),
        (rf"\b(?:{any_of(FORMULAS)})\b", _formula),
        (rf"(?<![\w.])(\d{{1,2}}) ({any_of(MONTHS)})\.(?=\s|,|\Z)", _month),
        (rf"(?i)(?<![\w.])(?:{any_of(OPENED)})(?!\w)", _opened),
        (r"(\d)\s?%-(й|я|е|го|му|м)\b", _percent),
        (r"(?<=\d)м(?=[\s,;!?)]|\.?\Z)", " м"),
        (r"(?<=л)/(?=100 ?км\b)", " на "),
        (r"/м³", " на кубический метр"),
        (r"(?<=[а-я₽€$.])/м²", " за квадратный метр"),
        (r"(?<![A-Za-z])([vV])\.? ?(\d{1,5}(?:\.\d{1,5}){1,4})(?!\.?\d)", _version),
        (
            r"(?i)\b((?:верси[яиюей]|python|ios|android|windows|ubuntu|usb|php|java|chrome|macos) )"
            r"(\d{1,5}\.\d{1,5})(?!\.?\d)",
            _version,
        ),
    )
)
"""Rules for :mod:`ru`, before its own."""
