"""How much of a text is written in which script."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from typing import Literal

Script = Literal["latin", "cyrillic", "devanagari", "kana", "han", "other"]

WINDOW_CHARS = 1000
"""Characters that are looked at, from the first letter on."""

# First and last code point of the letters that belong to a script; every other letter is "other".
_RANGES: tuple[tuple[int, int, Script], ...] = (
    (0x0041, 0x024F, "latin"),
    (0x0250, 0x02AF, "latin"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0900, 0x097F, "devanagari"),
    (0x1C80, 0x1C8F, "cyrillic"),
    (0x1E00, 0x1EFF, "latin"),
    (0x3005, 0x3007, "han"),
    (0x3041, 0x3096, "kana"),
    (0x309D, 0x309F, "kana"),
    (0x30A1, 0x30FA, "kana"),
    (0x30FC, 0x30FF, "kana"),
    (0x31F0, 0x31FF, "kana"),
    (0x3400, 0x4DBF, "han"),
    (0x4E00, 0x9FFF, "han"),
    (0xA8E0, 0xA8FF, "devanagari"),
    (0xF900, 0xFAFF, "han"),
    (0xFF21, 0xFF5A, "latin"),
    (0xFF66, 0xFF9F, "kana"),
    (0x1B000, 0x1B16F, "kana"),
    (0x20000, 0x323AF, "han"),
)
_STARTS = [first for first, _, _ in _RANGES]

_FIRST_LETTER = re.compile(r"[^\W\d_]")
# What is read aloud in no language, or in any: addresses of the web and of mail, and Latin "words" with
# digits (H2O, X5, v2.0). Repetitions are bounded, so that hostile text costs no more than its length.
_ADDRESS = (
    r"(?:(?:https?|ftp)://|www\.)[!-~]{1,2000}"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
)
ADDRESS = re.compile(_ADDRESS)
"""An address of the web or of mail."""
_NO_LANGUAGE = re.compile(
    rf"{_ADDRESS}"
    r"|(?<![A-Za-z0-9])[A-Za-z]{0,16}[0-9][A-Za-z0-9]{0,32}"
)


def window(text: str) -> str:
    """The part of a text that tells its language.

    Args:
        text: Any text; lone surrogates, NUL and unassigned code points are allowed.

    Returns:
        At most :data:`WINDOW_CHARS` characters from the first letter on, NFKC, without lone
        surrogates and without what belongs to no language (web addresses, ``H2O``).
    """
    first = _FIRST_LETTER.search(text)
    if first is None:
        return ""
    # The address that a text may begin with must be seen whole to be recognised.
    part = text[max(0, first.start() - 1) : first.start() + WINDOW_CHARS]
    part = part.encode("utf-8", "ignore").decode("utf-8")
    return _NO_LANGUAGE.sub(" ", unicodedata.normalize("NFKC", part)[:WINDOW_CHARS])


def script_of(character: str) -> Script | None:
    """The script of one character, ``None`` where it is no letter."""
    code = ord(character)
    if code < 0x80:
        return "latin" if character.isalpha() else None
    index = bisect_right(_STARTS, code) - 1
    if index >= 0 and code <= _RANGES[index][1]:
        script = _RANGES[index][2]
        # Vowel signs are no letters to Unicode, yet are half of what is written in Devanagari.
        return script if character.isalpha() or script == "devanagari" else None
    return "other" if character.isalpha() else None


def count(text: str) -> Counter[Script]:
    """Letters of each script in a text."""
    counts: Counter[Script] = Counter()
    for character, times in Counter(text).items():
        script = script_of(character)
        if script is not None:
            counts[script] += times
    return counts
