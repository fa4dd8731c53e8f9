"""Japanese as its checkpoints were trained: kanji, digits and Latin letters become kana.

Kana stays what it is. A word is read as it is spelled (は stays は), not as it is pronounced (わ), since
that is how the training texts were written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# What is read as a whole: up to a space or a mark, but for marks within a number (1,200円, 3.5).
_PHRASE = re.compile(
    r"(?:[^\s、。，．！？｡､…・「」『』（）《》〈〉【】()\[\]{},.!?;:；：\"'“”‘’«»〜~—–-]|(?<=\d)[.,:](?=\d))+"
)
_KANA_ONLY = re.compile(r"[\u3041-\u309f\u30a1-\u30ff]*")
_READING = re.compile(r"[\u30a1-\u30ffー]+")
_HAS_HIRAGANA_OR_HAN = re.compile(
    r"[\u3041-\u309f\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_HIRAGANA: Final[Mapping[int, int]] = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


def to_kana(text: str) -> str:
    """Write a text in kana.

    Words with kanji become hiragana, Latin words and what was katakana are katakana; marks, spaces and
    what has no reading stay. A text in kana alone comes back as it was, and loads nothing.

    Args:
        text: Cleaned text.
    """
    return _PHRASE.sub(_read, text)


def load() -> None:
    """Load the dictionary now, so that no request waits for it: about a second, 180 MB mapped."""
    to_kana("漢字")


def _read(phrase: re.Match[str]) -> str:
    if _KANA_ONLY.fullmatch(phrase[0]):
        return phrase[0]
    # A dictionary of 140 MB: only the worker that speaks Japanese loads it.
    import pyopenjtalk

    return "".join(map(_reading, pyopenjtalk.run_frontend(phrase[0])))


def _reading(word: Mapping[str, object]) -> str:
    written, read = str(word["string"]), str(word["read"])
    if _READING.fullmatch(read) is None:  # a sign without a reading
        return written
    return read.translate(_HIRAGANA) if _HAS_HIRAGANA_OR_HAN.search(written) else read
