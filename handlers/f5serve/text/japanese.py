"""Japanese as its checkpoints were trained: kanji, digits and Latin letters become kana.

Kana stays what it is. A word is read as it is spelled (は stays は), not as it is pronounced (わ), since
that is how the training texts were written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from f5serve.text import romaji

# What is read as a whole: kana, kanji, Latin and Greek letters, digits, the signs that the dictionary reads,
# and the marks within a number (1,200円, 3.5). pyopenjtalk refuses what is longer than 8 KB.
_PHRASE = re.compile(
    r"(?:[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3005-\u3007\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"0-9A-Za-z０-９Ａ-Ｚａ-ｚｦ-ﾟΑ-Ωα-ωé%&+=@#×÷℃％＆＋＝＠＃㎏㎞㎝㎜㎡㍿①-⑳]|(?<=[0-9])[.,:](?=[0-9])){1,500}"
)
_KANA_ONLY = re.compile(r"[\u3041-\u309f\u30a1-\u30ff]*")
_READING = re.compile(r"[\u30a1-\u30ffー]+")
_HAS_HIRAGANA_OR_HAN = re.compile(
    r"[\u3041-\u309f\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_HIRAGANA: Final[Mapping[int, int]] = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_UNKNOWN_WORD = "フィラー"  # what pyopenjtalk calls a Latin word that it spells letter by letter
_LATIN = re.compile(r"[A-Za-z]+")
_LONG_E = re.compile(r"(?<=[エケセテネヘメレゲゼデベペェ])ー")


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
    return phrase[0] if _KANA_ONLY.fullmatch(phrase[0]) else _read_words(phrase[0])


def _read_words(phrase: str) -> str:
    # A dictionary of 140 MB: only the worker that speaks Japanese loads it.
    import pyopenjtalk

    return "".join(map(_reading, pyopenjtalk.run_frontend(phrase)))


def _reading(word: Mapping[str, object]) -> str:
    written, read = str(word["string"]), str(word["read"])
    if _KANA_ONLY.fullmatch(written):
        return written
    if word["pos"] == _UNKNOWN_WORD:
        return _latin(unicodedata.normalize("NFKC", written), read)
    if word["pos_group1"] == "数" or word["pos_group2"] == "助数詞":
        read = _counted(read, str(word["pron"]))
    if _READING.fullmatch(read) is None:  # a sign without a reading
        return written
    if written == "．":  # the point of a decimal
        return "てん"
    return read.translate(_HIRAGANA) if _HAS_HIRAGANA_OR_HAN.search(written) else read


def _counted(read: str, pronounced: str) -> str:
    """A numeral or a counter as it sounds beside its neighbours: さんびき, ろっぴゃく, じゅっぷん, よじ.

    Only the pronunciation knows that. Its long marks are spelled out again, as in the readings of all
    other words: ジュー is ジュウ.
    """
    pronounced = pronounced.replace("’", "")
    if pronounced in (read, read + "ー"):  # ニー in a row of digits is ニ
        return read
    if len(read) == len(pronounced) and read != "ゼロ":
        pairs = zip(read, pronounced, strict=True)
        return "".join(spelled if sound == "ー" else sound for spelled, sound in pairs)
    return _LONG_E.sub("イ", pronounced).replace("ー", "ウ")


def _latin(word: str, spelled: str) -> str:
    """A word that the dictionary lacks: its parts if it has some, then as romaji, then by letters."""
    if _LATIN.fullmatch(word) is None:
        return spelled
    parts = romaji.parts(word)
    if len(parts) > 1:
        return "".join(map(_read_words, parts))
    return spelled if word.isupper() else romaji.to_katakana(word) or spelled
