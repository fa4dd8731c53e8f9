"""Where numbers, dates, sums and signs stand, as far as that is alike in languages.

Each pattern begins where a number begins (see ``numbers.START``) and is bounded, so that the time that a search
takes is proportional to the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from f5serve.text.spoken import numbers
from f5serve.text.spoken.numbers import NUMBER

DASH: Final = "[‐‑‒–—−-]"
ISO: Final = re.compile(
    r"(?<![\w.-])([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}:[0-9]{2})(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?(?![\w-])"
)
DATE: Final = re.compile(
    r"(?<![\w./-])([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?![\w/-])(?!\.[0-9])"
)
CLOCK: Final = re.compile(
    r"(?<![\w:.,])([01]?[0-9]|2[0-4]):([0-5][0-9])(?::([0-5][0-9]))?(?![\w:])(?:(?<=[0-9])(?![.,][0-9]))"
)
CLOCKS: Final = re.compile(  # from one time of day to another
    rf"(?<![\w:.,])((?:[01]?[0-9]|2[0-4])(?:[:hH][0-5][0-9]|[hH]))\s?{DASH}\s?(?=(?:[01]?[0-9]|2[0-4])[:hH](?!\w{{3}}))"
)
VERSION: Final = re.compile(r"(?<![\w.])([vV]?)([0-9]{1,5}(?:\.[0-9]{1,5}){2,8})(?![0-9]|\.[0-9])")
NAMED_VERSION: Final = re.compile(r"(?<![\w.])[vV]([0-9]{1,5}(?:\.[0-9]{1,5})?)(?![\w]|\.[0-9])")
AFTER_NAME: Final = re.compile(
    r"(?i)\b((?:version|versión|versione|versio|python|windows|ios|android|macos|ubuntu|debian|linux|java|php|firefox"
    r"|chrome|torch|cuda)\s)([0-9]{1,4})\.([0-9]{1,4})(?![\w]|[.,][0-9])"
)
PHONE: Final = re.compile(
    r"(?<![\w+])(?<![0-9][.,])(?:\+(?=(?:[ .()/-]{0,3}[0-9]){7})[0-9]{1,3}(?:[ .()/-]{1,3}[0-9]{1,5}){1,8}"
    r"|\([0-9]{2,5}\)[ ]?[0-9]{3,4}[ .-][0-9]{3,5}"
    r"|0[0-9]{1,4}(?:[ .-][0-9]{2,5}){2,5}|0[0-9]{1,4}[ /-][0-9]{5,8}|[0-9]{3}-[0-9]{4}|[0-9]{3}[ ][0-9]{6,7}"
    r"|[0-9]{1,5}(?:-[0-9]{1,7}){2,6}|\+[0-9]{6,15})"
    r"(?![\w-]|[.,][0-9])"
)
CALLED: Final = re.compile(
    r"(?i)(\b(?:tel|tél|tfno|tlf|puh|phone|mobile|call|fax|teléfono|téléphone|telefono|puhelin|puhelinnumero|móvil"
    r"|cellulare|numéro|número|numero|numerosta|numeroon|whatsapp|ll[aá]m(?:a|e|en|ar|ad)(?:me|nos|le|lo)?"
    r"|r?appele[zr]-?(?:moi|nous|le|la)?|contacte[zr]|chiam(?:a|i|are|ate|ar)(?:mi|ci|lo)?"
    r"|soita|soittakaa)\b[.:]{0,2}[ ](?:(?:us|at|is|es|è|on|al|le|au|il|el|lo)[ ]){0,2})"
    r"([0-9]{2,5}(?:[ .-][0-9]{2,8}){1,6})(?![\w-]|[.,][0-9])"
)
MINUS: Final = re.compile(rf"(?<![\w.,)\]%€$£¥₹°+^{DASH[1:-1]}])[-−–](?=[0-9])")
RANGE: Final = re.compile(
    rf"(?<![\w/])(?<![.,{DASH[1:-1]}])({NUMBER})(\s?{DASH}\s?)({NUMBER})(?![\w/{DASH[1:-1]}]{{0,9}}[0-9])"
)
FRACTION: Final = re.compile(
    r"(?<![\w/.,])(?:([0-9]{1,4})\s)?([0-9]{1,4})\s?[/⁄]\s?([0-9]{1,4})(?![\w/])"
)
VULGAR: Final = re.compile(f"(?:(?<![0-9])([0-9]{{1,6}}) ?)?([{''.join(numbers.VULGAR)}])")
AND_A_HALF: Final = re.compile(r"(?<![\w.,/])([0-9]{1,4}) ?(?:½|(?<= )1[/⁄]2) ([^\W\d_]{2,30})")
PLAIN: Final = re.compile(NUMBER)
TIMES: Final = re.compile(r"(?<=[0-9])\s?x(?=\s?[0-9]|[\s.,;:!?)]|\Z)")  # 2x, 1920x1080
DIGIT_MEETS_LETTER: Final = re.compile(r"(?<=[0-9])(?=[^\W\d_])|(?<=[^\W\d_])(?=[0-9])")
CAPITALS_BEFORE_DIGIT: Final = re.compile(r"(?<![\w])([A-Z]{1,4})-?(?=[0-9])")
DIGIT_BEFORE_CAPITAL: Final = re.compile(r"(?<=[0-9])-?([A-Z]{1,3})(?![\w])")
LEFT: Final = re.compile(r"[^\w\s.,;:!?'\"’‘“”„«»‹›()\[\]…—–¿¡-]|_")
SPACES: Final = re.compile(r"[ \t\u00a0\u2009\u202f]{2,}")
LOOSE_MARK: Final = re.compile(r" +(?=[.,](?:\s|\Z))")
NEXT_WORD: Final = re.compile(r"\s([^\W\d_]{1,30})")
GOES_ON: Final = re.compile(
    r"[,;:.)]|\s(?![A-ZÀ-ÖØ-Þ«¡¿])[^\W\d_]"
)  # what ends no sentence: "etc. are"
LAST_WORD: Final = re.compile(r"([^\W\d_]{1,30})[ ]\Z")


def any_of(signs: Iterable[str]) -> str:
    """A pattern for any of some signs, the longest first."""
    return "|".join(map(re.escape, sorted(signs, key=len, reverse=True)))


def apart(found: re.Match[str], said: str) -> str:
    """Words in place of signs, with a space to a word that they touch."""
    before = found.string[max(0, found.start() - 1) : found.start()]
    after = found.string[found.end() : found.end() + 1]
    return " " * before.isalnum() + said + " " * after.isalnum()


def left(character: re.Match[str]) -> str:
    """A sign that nothing reads goes, but no mark of a letter."""
    return character[0] if unicodedata.category(character[0]).startswith("M") else " "


def holds_more_than_words(text: str) -> bool:
    """Whether a step could find anything: digits, capitals, joined words, letters beyond ASCII."""
    return (
        "-" in text
        or not text.isascii()
        or any(map(str.isdigit, text))
        or any(map(str.isupper, text))
    )
