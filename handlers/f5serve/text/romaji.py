"""Latin words of a Japanese text that no dictionary knows, read as Japanese would read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_VOWELS: Final = "aiueo"
# A consonant before each of the five vowels; a dot where the pair does not occur.
_ROWS: Final[Mapping[str, str]] = {
    "": "ア イ ウ エ オ",
    "k": "カ キ ク ケ コ",
    "s": "サ シ ス セ ソ",
    "sh": "シャ シ シュ シェ ショ",
    "t": "タ ティ トゥ テ ト",
    "ch": "チャ チ チュ チェ チョ",
    "ts": "ツァ ツィ ツ ツェ ツォ",
    "n": "ナ ニ ヌ ネ ノ",
    "h": "ハ ヒ フ ヘ ホ",
    "f": "ファ フィ フ フェ フォ",
    "m": "マ ミ ム メ モ",
    "y": "ヤ . ユ . ヨ",
    "r": "ラ リ ル レ ロ",
    "w": "ワ ウィ . ウェ ウォ",
    "g": "ガ ギ グ ゲ ゴ",
    "z": "ザ ジ ズ ゼ ゾ",
    "j": "ジャ ジ ジュ ジェ ジョ",
    "d": "ダ ディ ドゥ デ ド",
    "b": "バ ビ ブ ベ ボ",
    "p": "パ ピ プ ペ ポ",
    "ky": "キャ . キュ . キョ",
    "gy": "ギャ . ギュ . ギョ",
    "ny": "ニャ . ニュ . ニョ",
    "hy": "ヒャ . ヒュ . ヒョ",
    "my": "ミャ . ミュ . ミョ",
    "ry": "リャ . リュ . リョ",
    "by": "ビャ . ビュ . ビョ",
    "py": "ピャ . ピュ . ピョ",
}
_SYLLABLES: Final[Mapping[str, str]] = {
    consonant + vowel: kana
    for consonant, row in _ROWS.items()
    for vowel, kana in zip(_VOWELS, row.split(), strict=True)
    if kana != "."
} | {"n": "ン"}
_SYLLABLE = re.compile("|".join(sorted(_SYLLABLES, key=len, reverse=True)))
# Double consonants are one mora more (Nikko); so is the n before p, b and m that Hepburn writes m (Namba).
_DOUBLED = re.compile(r"([kstgdbpj]|c(?=ch))(?=\1|ch)")
_LABIAL_N = re.compile(r"m(?=[bpm])")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MIN_SYLLABLES = 2


def to_katakana(word: str) -> str | None:
    """Read a word in romaji.

    Args:
        word: Latin letters, in any case.

    Returns:
        Katakana, or nothing where the word is not Japanese written in Hepburn's letters.
    """
    rest = _DOUBLED.sub("ッ", _LABIAL_N.sub("n", word.lower()))
    read, end, syllables = [], 0, 0
    while end < len(rest):
        if rest[end] == "ッ":
            read.append("ッ")
            end += 1
            continue
        found = _SYLLABLE.match(rest, end)
        if found is None:
            return None
        read.append(_SYLLABLES[found[0]])
        end, syllables = found.end(), syllables + 1
    return "".join(read) if syllables >= _MIN_SYLLABLES else None


def parts(word: str) -> list[str]:
    """Cut a word where small letters meet capitals: ``OpenAI`` is ``Open`` and ``AI``."""
    return _CAMEL.split(word)
