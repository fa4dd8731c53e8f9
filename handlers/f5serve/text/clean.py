"""Text as the other modules expect it, and the question whether anything is left to say."""

from __future__ import annotations

import re
import unicodedata

from f5serve.errors import ValueRefusedError

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
# Control characters but for the white space among them, soft hyphen, zero-width and direction marks,
# variation selectors, tags, non-characters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff]"
)
# Runs are taken whole and never given back (``++``): a run costs its length once.
_WHITE = re.compile(r"\s++")
_BREAKS = frozenset("\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
# A danda typed as a bar, as many keyboards and texts have it; what follows the word may stand between.
_BAR = re.compile("(?<=[\u0900-\u0963\u0966-\u097f])([\"'”’)]?\\s?)(\\|++)")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


def clean(text: str) -> str:
    r"""Text in one spelling: what sounds alike is written alike, what is silent is gone.

    Lone surrogates, control and zero-width characters are dropped; composed letters are one character
    (NFC); a bar that ends a Hindi sentence is a danda; every run of spaces is one space, every run of
    white space with a line or paragraph break in it one ``\n``; none stands at the ends. Cleaning twice
    changes nothing more.

    Args:
        text: Any text.

    Returns:
        The cleaned text, possibly empty.
    """
    visible = _INVISIBLE.sub("", _LONE_SURROGATES.sub("", text))
    composed = unicodedata.normalize("NFC", visible)
    return _BAR.sub(_danda, _WHITE.sub(_one_space, composed).strip())


def _one_space(run: re.Match[str]) -> str:
    return " " if _BREAKS.isdisjoint(run[0]) else "\n"


def _danda(bar: re.Match[str]) -> str:
    return bar[1] + ("।" if len(bar[2]) == 1 else "॥")


def is_speakable(text: str) -> bool:
    """Whether a text holds a letter or a digit of any script."""
    return _LETTER_OR_DIGIT.search(text) is not None


def require_speakable(text: str) -> None:
    """Refuse a text with nothing to say: punctuation, emoji, white space or marks alone.

    Raises:
        ValueRefusedError: 422 ``no_speakable_text`` on field ``text``.
    """
    if not is_speakable(text):
        raise ValueRefusedError(
            "text holds no letter and no digit; give at least one word to speak",
            field="text",
            code="no_speakable_text",
        )
