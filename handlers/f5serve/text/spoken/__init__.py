"""What a reader says for digits, signs and capitals: a module a language, found by its code.

Each module ``spoken/<code>.py`` has ``read_out(text) -> str`` and, where it needs dictionaries, ``load()``;
a new language is one more module. What all languages share is done before it (see ``marks``).
"""

from __future__ import annotations

import logging
import re
import unicodedata
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Final

from f5serve.text.spoken.marks import unmark

logger = logging.getLogger(__name__)

_CODE: Final = re.compile(r"[a-z]{2,3}")
_ROUNDS: Final = 4
_HAN_ZERO: Final = "〇"  # a number to Unicode, a character like 一 to its readers
_HAN_ZERO_AS_LETTER: Final = "零"


def read_out(text: str, language: str) -> str:
    """Write a text as a native speaker reads it aloud: no digit, sign or markup is left.

    Reading what was read out changes nothing more. The time is proportional to the length of the text. A
    language without a module of its own gets what all share: markup, addresses and pictures are read or gone,
    its digits stay.

    Args:
        text: Cleaned text (see ``text.clean``).
        language: Code of its language.
    """
    module = _module(language)
    for _ in range(_ROUNDS):  # what is read may be markup only then; ordinary text rests after one
        spoken = unmark(text, language)
        if module is not None:
            spoken = "".join(map(_no_digit, str(module.read_out(spoken))))
        if spoken == text:
            break
        text = spoken
    return text


def _no_digit(character: str) -> str:
    """What a module left of numbers in other forms (²): digits for the next round, or nothing."""
    if character.isascii() or not unicodedata.category(character).startswith("N"):
        return character
    if character == _HAN_ZERO:
        return _HAN_ZERO_AS_LETTER
    plain = unicodedata.normalize("NFKC", character)
    return plain if plain.isdecimal() else " "


def load(language: str) -> None:
    """Load what a language is read with, so that no request waits for it; say so if nothing reads it."""
    module = _module(language)
    if module is None:
        logger.warning(
            "nothing reads out numbers in %r: add f5serve/text/spoken/%s.py with read_out(text)",
            language,
            language,
        )
        return
    ready = getattr(module, "load", None)
    if ready is not None:
        ready()


def _module(language: str) -> ModuleType | None:
    """The module of a language; the shared ones have longer names than a code."""
    name = f"{__name__}.{language}"
    if _CODE.fullmatch(language) is None or find_spec(name) is None:
        return None
    return import_module(name)
