"""Russian as it is read out, in Cyrillic alone.

ru-normalizr inflects numbers by their context, opens abbreviations and names the letters of acronyms. What
it would say otherwise than a reader does is written out before: names in Latin letters, the time of day,
scores. Latin letters never stay, though the large checkpoint knows them: the small one has hardly seen any,
and a foreign name inside a Russian sentence is spoken in Russian sounds anyway.
"""

from __future__ import annotations

import functools
import itertools
import logging
import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from f5serve.text.spoken import ru_libraries
from f5serve.text.spoken.patterns import any_of
from f5serve.text.spoken.ru_forms import FORMS, form
from f5serve.text.spoken.ru_words import (
    ABBREVIATIONS,
    DECADES,
    HEADLINES,
    LETTERS,
    NAMES,
    OPENED,
    SCORES,
    SIGNS,
    SPOONS,
    TITLES,
)

if TYPE_CHECKING:
    from ru_normalizr import Normalizer

_DIGITS: Final = (
    "ноль",
    "один",
    "два",
    "три",
    "четыре",
    "пять",
    "шесть",
    "семь",
    "восемь",
    "девять",
)
_CURRENCIES: Final[Mapping[str, str]] = {
    "$": "долларов",
    "€": "евро",
    "£": "фунтов",
    "₽": "рублей",
    "¥": "иен",
}
_TENS: Final = ("", "", "двадцать ", "тридцать ", "сорок ", "пятьдесят ")
_CASES: Final[Mapping[str, str]] = {
    "с": "genitive",
    "до": "genitive",
    "от": "genitive",
    "после": "genitive",
    "около": "genitive",
    "к": "dative",
}
_HOURS: Final[Mapping[str, tuple[str, str, str]]] = {
    "": ("час", "часа", "часов"),
    "genitive": ("часа", "часов", "часов"),
    "dative": ("часу", "часам", "часам"),
}
_AFTER_ORDINAL: Final = (  # what may be counted in an order: 90-е место, 20-е января
    "год|мест|числ|издан|заседан|столети|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек|сутк|полугоди|отделени"
)
_MOST_READINGS = 4
_LONGEST = 100  # letters of one word; beyond, the library's time grows with their square
_SCORE_CONTEXT = 30  # characters before a colon in which a word for a score is looked for
_QUOTES = re.compile('[«»„“”"]')


def read_out(text: str) -> str:
    """Write a text in Cyrillic, with everything that is not a word read as words.

    Args:
        text: Plain text.

    Returns:
        The text with its marks; ё stays, no stress marks are added. Reading it again changes nothing.
    """
    text = text.encode("utf-8", "ignore").decode("utf-8")  # lone surrogates, which libraries refuse
    parts = _FOREIGN.split(text)  # each second one is what it was split at
    pieces = [_PIECE.findall(part) for part in parts[::2]]
    read = {piece: _read(piece) for piece in set(itertools.chain.from_iterable(pieces))}
    parts[::2] = ["".join(map(read.__getitem__, part)) for part in pieces]
    return "".join(parts)


def load() -> None:
    """Load the dictionaries of forms and of English sounds, so that no request waits for them."""
    _normalizer().normalize("5 кг, Smith")


@functools.cache
def _normalizer() -> Normalizer:
    # A dictionary of 16 MB: only the worker that speaks Russian loads it.
    from ru_normalizr import NormalizeOptions, Normalizer

    # It warns of numbers that it cannot read by writing them down; what callers say stays out of the log.
    logging.getLogger("ru_normalizr").setLevel(logging.CRITICAL)
    ru_libraries.quicken()
    return Normalizer(NormalizeOptions.tts(letter_vowel_mode="single"))


def _read(piece: str) -> str:
    words = piece.strip()
    read = words
    for _ in range(_MOST_READINGS):  # what one reading uncovers, the next one reads
        if _SOMETHING_TO_READ.search(read) is None:
            break
        before, read = read, _read_once(read)
        if read == before:
            break
    start = len(piece) - len(piece.lstrip())
    return piece[:start] + read + piece[start + len(words) :]


def _read_once(words: str) -> str:
    for pattern, written in _BEFORE:
        words = pattern.sub(written, words)
    read = _with_quotes_of(words, _normalizer().normalize(words))
    for pattern, written in _AFTER:
        read = pattern.sub(written, read)
    return read.strip()


def _with_quotes_of(written: str, read: str) -> str:
    """The library makes all quotes alike; they come back as they were, if none was lost."""
    quotes = iter(_QUOTES.findall(written))
    if len(_QUOTES.findall(read)) != len(_QUOTES.findall(written)):
        return read
    return _QUOTES.sub(lambda _: next(quotes), read)


def _plain(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _digit(found: re.Match[str]) -> str:
    return str(unicodedata.digit(found[0]))


def _bare_latin(found: re.Match[str]) -> str:
    decomposed = unicodedata.normalize("NFKD", found[0])
    return "".join(filter(str.isascii, decomposed))


def _name(found: re.Match[str]) -> str:
    return NAMES[found[0].lower()]


def _headline(found: re.Match[str]) -> str:
    return found[0].capitalize() if found[0].lower() in HEADLINES else found[0]


def _date(found: re.Match[str]) -> str:
    day, month = int(found[1]), int(found[2])
    return f"{day}.{found[2]:0>2}.{found[3]}" if 1 <= month <= 12 and 1 <= day <= 31 else found[0]


def _time(found: re.Match[str]) -> str:
    """The time of day with its units, which the library puts into their case; or a score."""
    word, hour, minute = found[1] or "", int(found[2]), int(found[3])
    before = found.string[max(0, found.start() - _SCORE_CONTEXT) : found.start()].lower()
    if any(score in before for score in SCORES):
        return f"{word}{found[2]} — {found[3]}"
    if hour > 24:
        return found[0]
    case = _CASES.get(word.strip().lower(), "")
    if case and minute:  # both numbers change: the library's own reading has their cases right
        return found[0]
    hours = f"{word}{hour} {form(hour, *_HOURS[case])}"
    if not minute:
        return hours
    if word and minute % 10 == 1 and minute != 11:  # the accusative, which the library does not see
        return f"{hours} {_TENS[minute // 10]}одну минуту"
    return f"{hours} {minute} {form(minute, 'минута', 'минуты', 'минут')}"


def _score(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - _SCORE_CONTEXT) : found.start()].lower()
    is_score = any(score in before for score in SCORES)
    if not is_score:
        return found[0]
    # In words where it is short, for the library would decline the second by what follows.
    return " — ".join(_DIGITS[int(side)] if len(side) == 1 else side for side in found.groups())


def _title(found: re.Match[str]) -> str:
    return TITLES[found[0][:-1]]


def _spoons(found: re.Match[str]) -> str:
    kind = SPOONS[found[2]]
    if not found[1].isdecimal():
        return f"{found[1]} {kind}ой ложки"
    number = int(found[1])
    if number == 1:
        return f"1 {kind}ую ложку"  # what a recipe tells to add
    return f"{number} {form(number, f'{kind}ая ложка', f'{kind}ые ложки', f'{kind}ых ложек')}"


def _decade(found: re.Match[str]) -> str:
    """The years that a decade is called by, where no noun follows: в 90-е."""
    return DECADES[int(found[1]) - 2]


def _per_kilogram(found: re.Match[str]) -> str:
    return " за килограмм" if "/" in found[0] else "килограмм"


def _anniversary(found: re.Match[str]) -> str:
    """The compound of a number and years, which the library knows of the adjective alone."""
    adjective = _normalizer().normalize(f"было {found[1]}-летний")
    return adjective.removeprefix("было ").removesuffix("летний") + "лети"


def _over(found: re.Match[str]) -> str:
    """Two numbers with a slash that are no fraction: a blood pressure, 24/7."""
    return f"{found[1]} на {found[2]}" if int(found[1]) >= int(found[2]) else found[0]


def _money(found: re.Match[str]) -> str:
    return f"{found[2]} {found[3]} {_CURRENCIES[found[1]]}"


def _small(found: re.Match[str]) -> str:
    return found[0].capitalize()


def _left_digit(found: re.Match[str]) -> str:
    return f" {_DIGITS[unicodedata.digit(found[1])]} "


def _sign(found: re.Match[str]) -> str:
    return f" {SIGNS[found[0]]} "


def _masculine(found: re.Match[str]) -> str:
    return found[1] + ("ин" if found[1].lower() == "од" else "а")


def _left_letter(found: re.Match[str]) -> str:
    return LETTERS.get(found[0].lower(), "")


_LATIN: Final = "A-Za-zÀ-ÖØ-öø-ɏ"
_SIGNS: Final = "№%‰°§$€₽£¥₴&@#+=×÷±<>½⅓⅔¼¾⅛¹²³⁰-₉①-⒛ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ"
# Without any of these a text is words and marks already, and the library (milliseconds) is not asked.
_SOMETHING_TO_READ = re.compile(
    rf"[\d{_LATIN}{_SIGNS}Α-Ωα-ω]|[А-ЯЁ]{{2}}|\b[А-ЯЁ]\."
    rf"|\b(?i:{'|'.join(ABBREVIATIONS)})\.|\b(?i:г-н|г-на|г-жа|р-н|пр-т|б-р|ун-т|ин-т)\b"
    rf"|\b(?i:{any_of(OPENED)})"
    r"|\b(?i:пн|вт|ср|чт|пт|сб)\.?\s?[–—-]"
)
# Letters of scripts that Russian texts quote at most. They stay; the library's dictionary fails at some.
_FOREIGN = re.compile(
    "((?:(?!\\d)[\u0530-\u1dff\u1f00-\u1fff\u2c00-\u2dff\u3040-\ud7ff\ue000-\ufaff\U00010000-\U0001efff"
    "\U00020000-\U0010ffff])+)"
)
# A line, or a part of a word that is too long to be one.
_PIECE = re.compile(
    rf"\n|[^\s]{{{_LONGEST}}}|(?:(?![^\s]{{{_LONGEST}}})(?:[^\S\n]|[^\s]{{1,{_LONGEST - 1}}}+))+"
)
_NUMBER: Final = r"(?<![\d.,])\d++(?:[.,]\d++)?"

_BEFORE: Final = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        ("[０-９Ａ-Ｚａ-ｚ％＋＆＝＠＃＄Ⅰ-ⅿ]+", _plain),
        (r"(?![0-9])\d", _digit),
        *FORMS,
        (rf"[{_LATIN}]*[À-ÖØ-öø-ɏ][{_LATIN}]*", _bare_latin),
        (
            rf"(?i)(?<![A-Za-z-])(?:{'|'.join(sorted(NAMES, key=len, reverse=True))})(?![A-Za-z-])",
            _name,
        ),
        (r"\bЦСКА\b", "цэ-эс-ка"),
        (r"\b[А-ЯЁ]{4,12}\b", _headline),
        (rf"\b(?:{'|'.join(TITLES)})\.(?= [А-ЯЁ])", _title),
        (r"(?<![\d.,])(\d{1,4}(?:,\d)?|1/[2-9])\s?(ст|ч|дес)\. ?л(?:\.|\b)", _spoons),
        (rf"\b([2-9])0-е(?!\w|\s(?:{_AFTER_ORDINAL}))", _decade),
        (r"(?<=\bза )кг\b|(?<=[а-я₽])\.?/кг\b", _per_kilogram),
        (r"(?<![~\w])~\s?(?=\d)", "около "),
        (r"(\b\d{4} г)\.(?= [А-ЯЁ]{2,}\b)", r"\1"),
        (r"(?<=[А-ЯЁ]\.)(?=[А-ЯЁ][а-яё])", " "),
        ("№{2,}", "№"),
        (r"(?<=\d)\s?км/с\b", " км в секунду"),
        (r"\.?/мес\b\.?", " в месяц"),
        (r"\.?/чел\b\.?", " на человека"),
        (r"\.?/шт\b\.?", " за штуку"),
        (r"\b([Нн]а) ул\. ?", r"\1 улице "),
        (r"(?<![\d.,])(\d{1,4})-лети(?=[еяюи])", _anniversary),
        (r"(?:^|(?<=[.!?]\s))((?:В|К|С|До|По|После) \d{4} г)\.(?= [«„“\"А-ЯЁ])", r"\1"),
        (r"(?<![\d/.])(\d{1,2})/(\d{1,2})/(\d{4})(?![\d/])", _date),
        (r"(?<!\d)8 ?\((\d{3,5})\) ?(?=\d)", r"8-\1-"),
        (
            rf"(?i)(?<![\d:.,])\b((?:в|{'|'.join(_CASES)}) )?(\d{{1,2}}):([0-5]\d)(?![\d:]|[.,]\d)",
            _time,
        ),
        (r"(?<![\d:.,])(\d{1,3}):(\d{1,3})(?![\d:]|[.,]\d)", _score),
        (r"(?<![\d/.,])(\d{1,4})/(\d{1,4})(?![\d/]|[.,]\d)", _over),
        (rf"([$€£₽¥])\s?({_NUMBER})\s?(тыс|млн|млрд|трлн)\b\.?", _money),
        (r"(?<=\d)\+(?!\s?\d)", " плюс"),
        ("@", " собака "),
        (r"#(?=\d)", "№"),
        (r"(?<=[a-z])\.(?=[a-z]{2,4}\b)", " точка "),
    )
)
# What the library left: no digit and no Latin letter goes to a checkpoint that cannot read it.
_AFTER: Final = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        (r" ?(\d) ?", _left_digit),
        (f"[{_LATIN}]", _left_letter),
        (r"\b[А-ЯЁ]{2,}\b", _small),
        ("(?<=[А-Яа-яё])/(?=[А-Яа-яё])", " "),
        # What is counted has its gender for the library, the millions of it have not.
        (r"(?i)\b(од|дв)(?:на|е)(?= (?:миллион|миллиард|триллион))", _masculine),
        (f"[{re.escape(''.join(SIGNS))}]", _sign),
        (r"[^\S\n]{2,}", " "),
    )
)
